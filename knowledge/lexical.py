"""The passages as word stems: BM25, what a question's words may stand for, and where they stand in a passage.

A question becomes terms. A term is one of its words with everything that may stand for it in the course: the word
itself, its correction when it is misspelt, "backpropagation" for "back propagation", the words behind an acronym that
the course introduces, and a few everyday words for a technical one, each with a strength.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from knowledge.chunking import Chunk
from knowledge.documents import prettify
from knowledge.errors import DamagedIndexError
from knowledge.synonyms import FRAME, SYNONYMS
from knowledge.words import ROUNDED, Spelling, tokens

JOINED = 0.9  # strengths of what stands for a word
EXPANDED = 0.5
SYNONYM = 0.4
ROUND = 0.5
FRAME_WEIGHT = 0.35  # of words that say what kind of answer is wanted
IDENTIFIER_BONUS = 2.0  # a name quoted from code is worth more than the sum of its parts


@dataclass(frozen=True)
class Term:
    """One thing that a question asks for."""

    weight: float
    ids: dict[int, float]  # number of a stem of the course -> how well it stands for the term, 0 to 1
    stem: str = ""


@dataclass(frozen=True)
class Stems:
    """The stems of a passage by number: its heading's (a set would do) and its text's, in order."""

    head: np.ndarray
    text: np.ndarray


class Lexical:
    """The word index of one generation, open for reading. Safe to use from several threads."""

    def __init__(self, folder: Path, is_word: Callable[[str], bool] = lambda word: False) -> None:
        """`is_word` tells real words that the course happens to lack from misspelt ones."""
        import bm25s

        self._is_word = is_word

        try:
            self._bm25 = bm25s.BM25.load(folder / "bm25", load_vocab=True)
            frequency = np.diff(self._bm25.scores["indptr"])
            with np.load(folder / "stems.npz") as data:
                self._ids, self._ends, self._heads = data["ids"], data["ends"], data["heads"]
            words = json.loads((folder / "words.json").read_text("utf-8"))
            self._acronyms: dict[str, list[str]] = words["acronyms"]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise DamagedIndexError(folder.parent, f"BM25: {error}") from error
        self._passages = int(self._bm25.scores["num_docs"])
        self._number: dict[str, int] = {
            word: id for word, id in self._bm25.vocab_dict.items() if id < len(frequency)
        }
        self._frequency = {word: int(frequency[id]) for word, id in self._number.items()}
        self._spelling = Spelling(words["counts"])
        self._numbers: dict[str, dict[int, float]] = {}  # of headings and emphasised words: they come back
        self._together: dict[
            tuple[int, int], np.ndarray
        ] = {}  # of whole files and sections: they come back too

    def corrected(self, text: str) -> str:
        """The text with misspelt words put right: those that the course lacks and has a neighbour of."""
        return _LETTERS.sub(lambda found: self._correct(found[0]), text)

    def _correct(self, word: str) -> str:
        lower = word.lower()
        if len(lower) < 5 or all(stem in self._number for stem in tokens(lower)) or self._is_word(lower):
            return word
        return self._spelling.correct(lower)

    def query(self, text: str) -> list[str]:
        """The stems to look up, each once, misspelt words corrected to words of the course."""
        plain = (
            stem for stem in tokens(self.corrected(text)) if not stem.startswith(ROUNDED) and "(" not in stem
        )
        return list(dict.fromkeys(plain))

    def weight(self, stem: str) -> float:
        """How much a stem tells: the rarer, the more (inverse document frequency)."""
        count = self._frequency.get(stem, 0)
        return self._idf(count) if count else 0.0

    def _idf(self, count: int) -> float:
        return math.log(1 + (self._passages - count + 0.5) / (count + 0.5))

    def terms(self, text: str) -> list[Term]:
        stems = list(dict.fromkeys(tokens(self.corrected(text))))
        phrase = f" {' '.join(stems)} "
        terms = []
        for position, stem in enumerate(stems):
            standing: dict[str, float] = {}

            def add(other: str, strength: float, standing: dict[str, float] = standing) -> None:
                if other in self._number:
                    standing[other] = max(standing.get(other, 0.0), strength)

            if stem.startswith(ROUNDED):
                continue  # belongs to the number before it
            add(stem, 1.0)
            if position + 1 < len(stems):
                add(stem + stems[position + 1], JOINED)
            if position:
                add(stems[position - 1] + stem, JOINED)
            for part in self._parts(stem):
                add(part, JOINED / 2)
            rounded = stems[position + 1] if position + 1 < len(stems) else ""
            if stem[0].isdigit():
                add(rounded if rounded.startswith(ROUNDED) else f"{ROUNDED}{stem}", ROUND)
            for other in self._acronyms.get(stem, ()):
                add(other, EXPANDED)
            for acronym, words in self._acronyms.items():
                if stem in words and f" {' '.join(words)} " in phrase:
                    add(acronym, EXPANDED)
            for other in SYNONYMS.get(stem, ()):
                add(other, SYNONYM)
            # A word that the course lacks tells as much as its rarest one; what stands for it decides the rest.
            count = self._frequency.get(stem) or min((self._frequency[s] for s in standing), default=1)
            weight = self._idf(count) * (FRAME_WEIGHT if stem in FRAME else 1.0)
            if "_" in stem:
                weight *= IDENTIFIER_BONUS
            terms.append(Term(weight, {self._number[s]: v for s, v in standing.items()}, stem))
        return terms

    def _parts(self, stem: str) -> Sequence[str]:
        """The two known words that an unknown one is made of: "alphahat" is alpha, hat."""
        if stem in self._number or len(stem) < 6 or not stem.isalpha():
            return ()
        cuts = [(stem[:i], stem[i:]) for i in range(3, len(stem) - 2)]
        known = [cut for cut in cuts if cut[0] in self._number and cut[1] in self._number]
        return max(known, key=lambda cut: min(map(len, cut)), default=())

    def scores(self, terms: Sequence[Term]) -> np.ndarray:
        """BM25 of every passage, (passages,) float32; a stand-in counts by its strength and its term's rarity."""
        data, rows, starts = (self._bm25.scores[name] for name in ("data", "indices", "indptr"))
        total = np.zeros(self._passages, np.float32)
        for term in terms:
            found = np.zeros(self._passages, np.float32)
            for id, strength in term.ids.items():
                part = slice(starts[id], starts[id + 1])
                # A rare stand-in must not outweigh the word that was asked for.
                idf = self._idf(int(starts[id + 1] - starts[id]))
                values = data[part] * np.float32(
                    strength * min(1.0, term.weight / idf) if strength < 1 else term.weight / idf
                )
                found[rows[part]] = np.maximum(found[rows[part]], values)
            total += found
        return total

    def stems(self, row: int) -> Stems:
        start, end = (int(self._ends[row - 1]) if row else 0), int(self._ends[row])
        middle = start + int(self._heads[row])
        return Stems(self._ids[start:middle], self._ids[middle:end])

    def stems_of_all(self, first: int, end: int) -> np.ndarray:
        """The stems that the passages from row `first` to before row `end` hold, headings included, each once."""
        if (first, end) not in self._together:
            start = int(self._ends[first - 1]) if first else 0
            self._together[first, end] = np.unique(self._ids[start : int(self._ends[end - 1])])
        return self._together[first, end]

    @property
    def vocabulary(self) -> int:
        return len(self._bm25.vocab_dict)

    def numbers(self, text: str) -> dict[int, float]:
        """The stems of `text` by number, each with how much it tells."""
        if text not in self._numbers:
            stems = [stem for stem in tokens(text) if stem in self._number]
            self._numbers[text] = {self._number[stem]: self.weight(stem) for stem in stems}
        return self._numbers[text]


def write_lexical(folder: Path, chunks: Sequence[Chunk]) -> None:
    import bm25s

    index: Any = bm25s.BM25(k1=1.2, b=0.6)
    heads = [tokens(_head(chunk)) for chunk in chunks]
    texts = [tokens(_text(chunk)) for chunk in chunks]
    corpus = [head + text or ["(nothing)"] for head, text in zip(heads, texts, strict=True)]
    index.index(corpus, show_progress=False)
    index.save(folder / "bm25", show_progress=False)
    number = index.vocab_dict
    np.savez(
        folder / "stems.npz",
        ids=np.array([number[stem] for stems in corpus for stem in stems], np.int32),
        ends=np.cumsum([len(stems) for stems in corpus]).astype(np.int64),
        heads=np.array([len(head) for head in heads], np.int32),
    )
    # Written forms, most common first: what a misspelt word is corrected to, and what an embedding model reads.
    counts = Counter(word for chunk in chunks for word in set(_LETTERS.findall(chunk.embedded.lower())))
    words = {"acronyms": acronyms(chunk.text for chunk in chunks), "counts": dict(counts.most_common())}
    (folder / "words.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")


_LETTERS = re.compile(r"(?<![\w\\.])[A-Za-z]{4,}(?![\w(.]*[_(])")


def _head(chunk: Chunk) -> str:
    # The file's name is often the only place where the subject of a notebook is named.
    return f"{prettify(PurePosixPath(chunk.path).stem)}\n{chunk.embedded.split(chr(10), 1)[0]}"


def _text(chunk: Chunk) -> str:
    return chunk.embedded.partition("\n")[2]


_INTRODUCED = re.compile(
    r"((?:[A-Za-z][A-Za-z'’]*[\s-]+){1,6}?[A-Za-z][A-Za-z'’]*)[\s*_]*\(\**([A-Z][A-Za-z]{1,6}?)s?\**\)"
)
_SHORT = re.compile(r"\b([A-Z]{2,6})s?[\s*_]*\(\**((?:[A-Za-z]+[\s-]+){1,5}[A-Za-z]+)\**\)")


def acronyms(texts: Iterable[str]) -> dict[str, list[str]]:
    """What the course itself abbreviates: "convolutional neural network (CNN)" -> {"cnn": [stems]}.

    The letters must be the first ones of the words, in order, or two of one word ("reinforcement learning (RL)").
    """
    found: dict[str, Counter[tuple[str, ...]]] = {}
    for text in texts:
        pairs = [(m[2], m[1]) for m in _INTRODUCED.finditer(text)] + [
            (m[1], m[2]) for m in _SHORT.finditer(text)
        ]
        for short, long in pairs:
            words = [word for word in re.split(r"[\s-]+", long) if word]
            letters = short.lower()
            if len(letters) < 2 or len(words) < 2:
                continue
            tail = words[-len(letters) :]
            if "".join(word[0].lower() for word in tail) == letters:
                stems = tuple(tokens(" ".join(tail)))
                if stems:
                    found.setdefault(tokens(short)[0] if tokens(short) else letters, Counter())[stems] += 1
    return {short: list(long.most_common(1)[0][0]) for short, long in found.items()}
