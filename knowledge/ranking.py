"""The second look: the passages that a first search found, measured against the question and put in order.

Every measure is a number of about 0 to 1 that can be explained in a line; the score is their weighted sum. Knows
nothing of files or of how the candidates were found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

import numpy as np

from knowledge.chunking import Chunk
from knowledge.lexical import Lexical, Term

Run = tuple[int, int]  # rows from the first to before the second

RANK_CONSTANT = 10  # of reciprocal rank fusion: 1 / (constant + rank)
RANKERS = (
    1.0,
    1.0,
    2.0,
)  # meaning, word by word, BM25: the first two are of one opinion, so words get two votes

# How much each measure counts: the weights under which the passages that hold the evidence come out on top (softmax
# over the candidates of a question, ridge penalty), so that a difference of scores is a logarithm of odds. Fitted on
# questions over a public course (180), a textbook (160) and the dev half of those over these lectures (239); a measure
# stayed where, fitted on two of the three, it helped on the questions of the third. For the question encoder they were
# moved a little by `python -m evaluation.ranking`, on 1,987 questions that it was not trained on, over five courses,
# and on the dev half.
WEIGHTS: Mapping[str, float] = {
    "fused": 2.32,  # first by meaning, word by word and by BM25
    "words": 18.62,  # each word of the question, with the word most like it in the passage
    "window": 2.29,  # its two sentences that are nearest to the question
    "cosine": 6.21,  # the passage as a whole
    "neighbours": 9.96,  # the passages next to it meet words of the question that it does not
    "section": 1.92,  # others of its section hold telling words that it lacks
    "file": 1.99,  # share of the question's telling words that its file holds
    "file_share": -2.39,  # the file has many other passages near the question: one of many
    "text": 0.83,  # share of the question's telling words that it holds
    "beside": 1.44,  # words that stand side by side in the question do so here
    "number": 1.81,  # the question's number
    "topic": 1.15,  # its own heading is what is asked for
    "emphasis": 1.73,  # it sets the question's words in bold or italics: it defines them, or makes a point of them
    "verbatim": 3.59,  # stretches of the question stand in it to the letter: code, a formula, half a misspelt word
    "length": 0.34,  # a scrap answers little
    "prose": 5.98,  # it tells in words, in a course that mostly does
    "code_unasked": -1.62,  # a listing, where the question is what something is
    "output": -1.96,  # share of it that is a cell's output
    "exercise": -0.92,  # a task, or somebody's answer to it, behind the lecture's own words
    "summary": -1.27,  # says in short what another passage explains
    "picture": -3.68,  # nothing but a caption
}

# P(the passage answers the question) = 1 / (1 + exp(-(OFFSET + PER_SCORE * score + PER_GAP * distance to the best))).
# Logistic regression over the first six passages of questions that the course answers and of questions that it does
# not, over four courses; on questions left out, the shares of passages that answer follow it within 0.07 up to 0.75,
# and above 0.8 it is 0.1 too sure (most questions name one passage as the right one, and others answer as well).
OFFSET, PER_SCORE, PER_GAP = -6.35, 0.313, -0.638

_WHAT_IS = re.compile(
    r"^\s*(?:so |ok |hey )?(?:what(?:'?s| is| are| does)?\b|whats|define|explain|meaning|who)", re.I
)
_SUMMARY = re.compile(r"summary|discussion|conclusion|glossary|further", re.I)
_OUTPUT = re.compile(r"```text\n(.*?)```", re.DOTALL)
_PICTURE = re.compile(r"\[Picture:[^\]]*\]")
# In bold or italics: stars that touch what they enclose (not "a * b * c"), and underscores outside of words.
_EMPHASISED = re.compile(
    r"(?<![\w*])\*{1,3}(?=\S)([^*]{2,120}?)(?<=\S)\*{1,3}(?![\w*])|(?<!\w)_(?=\S)([^_\n]{2,60}?)(?<=\S)_(?!\w)"
)
RUN = 6  # characters of a stretch of the question that is looked for as it is
RUNS = 100  # at most, spread over a long question
SOME_PROSE = 0.3  # share of the passages that notebooks of little but code explain in words all the same
CAPTION = 40  # characters beside its pictures, below which a passage is nothing but their captions
REMEMBERED = 4096  # passages, some megabytes
_EXERCISE = re.compile(r"\b(?:exercises?|questions?|assignment|try it|to do|homework|tasks?)\b", re.I)


@dataclass(frozen=True)
class Candidates:
    """What the first search found. All arrays go along `rows`."""

    rows: Sequence[int]
    cosine: np.ndarray  # of question and passage
    words: np.ndarray  # the question's words, each with the word most like it: weighted mean of the cosines
    around: np.ndarray  # the same of it together with the passages before and after it
    window: np.ndarray  # cosine of the question and the nearest stretch of a few words
    bm25: np.ndarray


@dataclass(frozen=True)
class Layout:
    """What belongs together in a course, whatever the question."""

    files: Sequence[Run]  # of each passage: the rows of its file
    sections: Sequence[Run]  # of each passage: the rows around it under the same heading of the same file
    prose: float  # by how much the share of passages that are prose exceeds SOME_PROSE, 0 to 0.7


def layout(chunks: Sequence[Chunk]) -> Layout:
    told = sum(chunk.kind == "prose" for chunk in chunks) / max(len(chunks), 1)
    return Layout(
        _runs_of([chunk.path for chunk in chunks]),
        _runs_of([(chunk.path, chunk.heading) for chunk in chunks]),
        max(told - SOME_PROSE, 0.0),
    )


def _runs_of(keys: Sequence[Hashable]) -> list[Run]:
    found: list[Run] = []
    for _, same in groupby(range(len(keys)), key=lambda row: keys[row]):
        rows = list(same)
        found += [(rows[0], rows[-1] + 1)] * len(rows)
    return found


class Ranking:
    """One question against one index."""

    def __init__(
        self,
        question: str,
        terms: Sequence[Term],
        chunks: Sequence[Chunk],
        lexical: Lexical,
        layout: Layout,
    ) -> None:
        self._chunks = chunks
        self._lexical = lexical
        self._layout = layout
        self._terms = terms
        self._weights = np.array([term.weight for term in terms], np.float32)
        self._total = float(self._weights.sum()) or 1.0
        self._numbers = [n for n, term in enumerate(terms) if term.stem[:1].isdigit() and term.ids]
        self._stands_for: dict[int, list[tuple[int, float]]] = {}
        for number, term in enumerate(terms):
            for id, strength in term.ids.items():
                self._stands_for.setdefault(id, []).append((number, strength))
        self._asked = np.zeros(lexical.vocabulary, bool)
        self._asked[list(self._stands_for)] = True
        self._what_is = bool(_WHAT_IS.search(question))
        self._held: dict[tuple[int, bool], np.ndarray] = {}
        self._shares: dict[Run, float] = {}
        self._runs = _runs(question)

    def measures(self, found: Candidates) -> dict[str, np.ndarray]:
        """Every measure of every candidate: name -> (candidates,)."""
        rows = found.rows
        made = {
            "fused": fused((found.cosine, found.words, np.where(found.bm25 > 0, found.bm25, -np.inf))),
            "words": found.words,
            "window": found.window,
            "cosine": found.cosine,
            "neighbours": found.around - found.words,
            "file_share": self._file_share(rows),
        }
        single = [self._single(row) for row in rows]
        for name in single[0] if single else ():
            made[name] = np.array([measured[name] for measured in single], np.float32)
        return made

    def _single(self, row: int) -> dict[str, float]:
        chunk, stems = self._chunks[row], self._lexical.stems(row)
        in_text = self.held(row)
        own_heading = chunk.heading[-1] if chunk.heading else ""
        return {
            "text": self._share(in_text),
            "section": self._share_of_all(self._layout.sections[row]) - self.coverage(row),
            "file": self._share_of_all(self._layout.files[row]),
            "beside": self._side_by_side(stems.text),
            "number": float(in_text[self._numbers].mean()) if self._numbers else 0.0,
            "topic": self._topic(chunk),
            "emphasis": self._emphasis(chunk),
            "verbatim": self._verbatim(chunk),
            "length": float(np.log(max(len(stems.text), 1)) / 5),
            "prose": self._layout.prose if chunk.kind == "prose" else 0.0,
            "code_unasked": float(self._what_is and chunk.kind == "code"),
            "output": _share_of_output(chunk.text),
            "exercise": float(_is_exercise(chunk.heading)),
            "summary": float(bool(_SUMMARY.search(own_heading))),
            "picture": float(_is_picture(chunk.text)),
        }

    def held(self, row: int, head: bool = False) -> np.ndarray:
        """How well the text of a passage (or its heading) holds each term, (terms,), 0 to 1."""
        if (row, head) not in self._held:
            stems = self._lexical.stems(row)
            self._held[row, head] = self._hold(stems.head if head else stems.text)
        return self._held[row, head]

    def _hold(self, ids: np.ndarray) -> np.ndarray:
        held = np.zeros(len(self._terms), np.float32)
        for id in set(ids[self._asked[ids]].tolist()):
            for term, strength in self._stands_for[id]:
                held[term] = max(held[term], strength)
        return held

    def _share_of_all(self, run: Run) -> float:
        """Share of what the question's words tell that the passages of a run hold together."""
        if run not in self._shares:
            self._shares[run] = self._share(self._hold(self._lexical.stems_of_all(*run)))
        return self._shares[run]

    def _share(self, held: np.ndarray) -> float:
        return float(held @ self._weights) / self._total

    def coverage(self, row: int) -> float:
        """Share of what the question's words tell that the passage and its heading hold."""
        return self._share(np.maximum(self.held(row), self.held(row, head=True)))

    def _side_by_side(self, ids: np.ndarray) -> float:
        """The share of the question's neighbouring terms that stand side by side."""
        places = np.flatnonzero(self._asked[ids]).tolist()
        hits = [(place, self._stands_for[int(ids[place])]) for place in places]
        pairs: dict[int, float] = {}
        for (place, found), (after, then) in pairwise(hits):
            if after - place <= 2:
                for one, strength in found:
                    for other, second in then:
                        if other - one == 1:
                            pairs[one] = max(pairs.get(one, 0.0), strength * second)
        both = self._weights[:-1] + self._weights[1:]
        return float(
            sum(both[one] * strength for one, strength in pairs.items()) / (float(both.sum()) or 1.0)
        )

    def _topic(self, chunk: Chunk) -> float:
        """Share of the innermost heading that the question names: 1 where it asks for just that."""
        named = self._lexical.numbers(chunk.heading[-1]) if chunk.heading else {}
        total = sum(named.values())
        met = sum(
            weight * max(strength for _, strength in self._stands_for[id])
            for id, weight in named.items()
            if id in self._stands_for
        )
        return met / total if total else 0.0

    def _emphasis(self, chunk: Chunk) -> float:
        """Share of the question's telling words that stand in bold or italics."""
        spans = _emphasised(chunk.text)
        ids = np.fromiter(self._lexical.numbers(spans), np.int64) if spans else np.zeros(0, np.int64)
        return self._share(self._hold(ids)) if len(ids) else 0.0

    def _verbatim(self, chunk: Chunk) -> float:
        """Share of the question's stretches of RUN characters that stand in the text, spaces aside."""
        text = _plain(chunk.text)
        return sum(run in text for run in self._runs) / len(self._runs) if self._runs else 0.0

    def _file_share(self, rows: Sequence[int]) -> np.ndarray:
        """The share of all candidates that are of the same file, (candidates,)."""
        files = [self._layout.files[row] for row in rows]
        count = Counter(files)
        return np.array([count[file] / len(rows) for file in files], np.float32)


# What is asked of a passage whatever the question: remembered, since a course has few passages and many questions.
@lru_cache(maxsize=REMEMBERED)
def _plain(text: str) -> str:
    return "".join(text.lower().split())


@lru_cache(maxsize=REMEMBERED)
def _emphasised(text: str) -> str:
    return " ".join(one or other for one, other in _EMPHASISED.findall(text))


@lru_cache(maxsize=REMEMBERED)
def _share_of_output(text: str) -> float:
    return sum(len(output) for output in _OUTPUT.findall(text)) / max(len(text), 1)


@lru_cache(maxsize=REMEMBERED)
def _is_picture(text: str) -> bool:
    return len(_PICTURE.sub("", text).strip()) < CAPTION


@lru_cache(maxsize=REMEMBERED)
def _is_exercise(heading: tuple[str, ...]) -> bool:
    return any(_EXERCISE.search(name) for name in heading)


def _runs(question: str) -> list[str]:
    plain = _plain(question)
    starts = range(0, max(len(plain) - RUN, 0) + 1, max(1, len(plain) // RUNS))
    return list(dict.fromkeys(plain[start : start + RUN] for start in starts)) if plain else []


def fused(scores: Sequence[np.ndarray], weights: Sequence[float] = RANKERS) -> np.ndarray:
    """Reciprocal rank fusion (Cormack et al. 2009), scaled so that 1 is first by every ranker; -inf is not ranked."""
    total = np.zeros(len(scores[0]), np.float32)
    for values, weight in zip(scores, weights, strict=True):
        order = np.argsort(-values, kind="stable")
        ranks = np.empty(len(order), np.float32)
        ranks[order] = np.arange(1, len(order) + 1)
        total += np.where(np.isfinite(values), weight / (RANK_CONSTANT + ranks), 0.0)
    return total * (RANK_CONSTANT + 1) / sum(weights)


def score(measures: Mapping[str, np.ndarray]) -> np.ndarray:
    """The weighted sum of the measures, (candidates,)."""
    return np.sum([weight * measures[name] for name, weight in WEIGHTS.items()], axis=0)


def probability(scores: np.ndarray) -> np.ndarray:
    """How likely each candidate answers the question, 0 to 1, (candidates,). Fitted to MiniLM's vectors.

    The distance to the best one counts: of several passages about the same matter, mostly one has the answer.
    """
    gaps = scores.max(initial=-np.inf) - scores
    return 1 / (1 + np.exp(-(OFFSET + PER_SCORE * scores + PER_GAP * gaps)))
