"""Citations are minted by code: every `[n]` that a student reads names a passage that supports the sentence.

A model may write citation marks; they are only a hint. Each sentence is compared with the passages that the model was
given: its words (stemmed, weighted by how rare they are among the passages), its numbers (exactly) and, where an
embedding model is at hand, its meaning. The best passage over the threshold is cited. A sentence that no passage
supports loses its mark, and is dropped from the answer where `strict`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.search import Passage
from knowledge.words import tokens
from tutor.checking.contrasts import mixed_up
from tutor.checking.sentences import is_code, split_sentences

# Shares of a sentence's weighted words that a passage must hold, and cosines between the sentence and the nearest
# sentence of that passage. Set on answers of the default model that were read one by one: its false sentences used
# the passage's words ("it steps the other way, which is faster") but were near no single sentence of it (0.38 to
# 0.60); its true ones were (0.60 to 1).
SUPPORTED = 0.45
SUPPORTED_WITH_MEANING = 0.25  # words that are enough where the embedding says that the two mean the same
SAME_MEANING = 0.70
STRICT_MEANING = 0.62  # without this nearness a small model's sentence is dropped whatever words it shares
SUMS_UP = (
    0.75  # nearness to two or three sentences together; a false sentence of the drafts read reached 0.69
)
NEARLY_THE_SAME = 0.85  # nearness of a sentence that is the course's own but for a word or two
MANY_NUMBERS = 4
SAME_PLACE = 0.05  # a model's own mark is kept where its passage is this close to the best one

_MARK = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
_ANY_MARK = re.compile(r"\s*[\[(](?:passages?|sources?|note)?\s*\d+(?:\s*,\s*\d+)*[\])](?!\()", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_NO_CLAIM = re.compile(
    r"^\W*(?:try it|try the|you can (?:try|run|ask)|for example[,:]?|let'?s\b|in short[,:]?|note[,:]?|"
    r"(?:the|this) course (?:does not|doesn't))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer whose marks all resolve.

    `text` has `[n]` marks with n from 1 to the number of passages; `cited` are those n in order of appearance;
    `unsupported` are the sentences that no passage bears out; `claims` counts the sentences that claim something.
    """

    text: str
    cited: tuple[int, ...]
    unsupported: tuple[str, ...]
    claims: int

    @property
    def supported_share(self) -> float:
        """Share of the claiming sentences that a passage supports, 0 to 1; 1 where nothing is claimed."""
        return 1.0 if self.claims == 0 else 1.0 - len(self.unsupported) / self.claims


def check_citations(
    answer: str,
    passages: Sequence[Passage],
    question: str = "",
    embed: Callable[[list[str]], np.ndarray] | None = None,
    strict: bool = False,
) -> CheckedAnswer:
    """Give each claiming sentence of `answer` the mark of the passage that supports it.

    Parameters
    ----------
    passages : passage i is cited as `[i + 1]`.
    question : its words support nothing by themselves, so that an echo of the question is no evidence.
    embed : texts -> (n, d) unit vectors; without it only words and numbers count.
    strict : drop the sentences that nothing supports, instead of leaving them without a mark.
    """
    pieces = split_sentences(_without_headings(_unify_marks(answer), passages))
    if strict:
        pieces = [piece for i, piece in enumerate(pieces) if not _adds_nothing(piece, pieces[:i])]
    judged = [i for i, piece in enumerate(pieces) if _claims_something(_MARK.sub("", piece))]
    claims = [_MARK.sub("", pieces[i]) for i in judged]
    meaning = _cosines(claims, passages, embed)
    scores = _support(claims, passages, question, meaning, strict)
    nearest = meaning.max(axis=1) if meaning is not None else np.ones(len(claims))
    out: list[str] = []
    cited: list[int] = []
    unsupported: list[str] = []
    dropped_before = False
    for i, piece in enumerate(pieces):
        bare = _MARK.sub("", piece)
        if i not in judged:
            if not (strict and _is_foreign(bare, passages)):
                out.append(bare)
            continue
        at = judged.index(i)
        row = scores[at]
        own = [int(n) for group in _MARK.findall(piece) for n in group.split(",")]
        number = _choose(row, own)
        if strict and (_reckoned(bare, question, passages) or _is_risky(bare, question, nearest[at])):
            number = None
        if strict and embed is not None and number is not None and mixed_up(bare, question, passages, embed):
            number = None
        if number is None:
            unsupported.append(bare.strip())
            if not strict:
                out.append(bare)
            dropped_before = strict
            continue
        if dropped_before and _POINTS_BACK.match(bare):
            continue  # what "it" is went with the sentence before
        if dropped_before and out and not out[-1].endswith((" ", "\n")):
            out.append(" ")
        dropped_before = False
        cited.append(number)
        out.append(_with_mark(bare, number))
    return CheckedAnswer("".join(out).strip(), tuple(dict.fromkeys(cited)), tuple(unsupported), len(judged))


def _adds_nothing(piece: str, before: Sequence[str]) -> bool:
    """Whether a sentence is a reason for nothing ("Because it comes late."), shows nothing, or was said already."""
    bare = _MARK.sub("", piece)
    if _REASON_ALONE.match(bare):
        return True
    words = set(tokens(bare))
    return _claims_something(bare) and any(words <= set(tokens(earlier)) for earlier in before)


def _reckoned(sentence: str, question: str, passages: Sequence[Passage]) -> bool:
    """Whether a sentence puts the question's numbers beside another one, which no sentence of the course does.

    That is a result: "a network with 3 inputs, 4 hidden units and 2 outputs has 12 weights", where the course says so
    of 4 inputs and 3 units.
    """
    said, asked = set(_NUMBER.findall(sentence)), set(_NUMBER.findall(question))
    if not said & asked or not said - asked:
        return False
    told = (part for p in passages for part in split_sentences(p.text))
    return not any(all(_says(part, number) for number in said) for part in told)


def _is_risky(sentence: str, question: str, nearness: float) -> bool:
    """Whether a sentence of a kind that small models get wrong is not nearly the course's own.

    These are answers to yes-or-no questions, since a yes shares its words with the course whichever the answer is ("an
    LSTM can beat the market, but not perfectly"), and sentences full of numbers, which were often told of other things.
    """
    many = len(_NUMBER.findall(sentence)) >= MANY_NUMBERS
    return nearness < NEARLY_THE_SAME and (many or _YES_OR_NO.search(question) is not None)


_YES_OR_NO = re.compile(
    r"^\W*(?:so |and |but )?(?:is|are|was|were|can|could|do|does|did|will|would|should|has|have|must)\b"
    r"|,\s*(?:is|are|can|could|do|does|will|would|should) (?:that|this|it|they|i|we|there)\b",
    re.IGNORECASE,
)
_REASON_ALONE = re.compile(
    r"\s*(?:(?:because|since|so that)\b[^,]*|here (?:is|are)\b.*)\.?\s*\Z", re.IGNORECASE
)
_POINTS_BACK = re.compile(r"\s*(?:it|its|they|their|this|these|those|that|both|such)\b", re.IGNORECASE)


def _without_headings(answer: str, passages: Sequence[Passage]) -> str:
    """Without headings of the passages, which a small model copies in front: "What is regret?: Regret is ..."."""
    names = {name for p in passages for name in (*p.heading, p.title) if len(name.split()) >= 2}
    if not names:
        return answer
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"^\s*(?:\[\d+\]\s*)?(?:{either}):\s*", "", answer, flags=re.MULTILINE)


def _unify_marks(answer: str) -> str:
    """Models write `(passage 2)` or `[Source 1]` for a mark; make all of them `[2]`."""

    def normal(match: re.Match[str]) -> str:
        text = match.group()
        plain_parenthesis = "(" in text and not re.search(r"passage|source|note", text, re.IGNORECASE)
        if plain_parenthesis:
            return text  # "(3)" is an equation number or a value
        return " [" + ", ".join(re.findall(r"\d+", text)) + "]"

    return _ANY_MARK.sub(normal, answer)


def _claims_something(sentence: str) -> bool:
    """Whether a sentence needs a source: not code, a heading, a question, a formula alone or an invitation."""
    text = sentence.strip()
    if not text or is_code(text) or text.startswith(("#", "|", "$$", "\\[")) or text.endswith(("?", ":")):
        return False
    return not _NO_CLAIM.match(text) and len(tokens(text)) >= 3


def _is_foreign(piece: str, passages: Sequence[Passage]) -> bool:
    """Whether a piece too short to claim anything is made of words that no passage has: "PWNED."."""
    words = set(tokens(piece))
    return 0 < len(words) < 3 and not words & {w for p in passages for w in tokens(p.text)}


def _support(
    sentences: list[str],
    passages: Sequence[Passage],
    question: str,
    meaning: np.ndarray | None,
    strict: bool = False,
) -> np.ndarray:
    """(sentences, passages) scores, from words and from the cosines of `_cosines`.

    At least `SUPPORTED` means that the passage bears the sentence out.
    """
    if not sentences or not passages:
        return np.zeros((len(sentences), len(passages)))
    bags = [set(tokens(" ".join((*p.heading, p.text)))) for p in passages]
    spread = Counter(word for bag in bags for word in bag)
    echoed = set(tokens(question))
    scores = np.zeros((len(sentences), len(passages)))
    for i, sentence in enumerate(sentences):
        words = set(tokens(sentence))
        # A rare word is strong evidence; a word of the question is weak, for the model repeats it anyway.
        weight = {
            w: (0.4 if w in echoed else 1.0)
            * (1.0 + math.log(len(passages) / spread[w]) if spread[w] else 1.5)
            for w in words
        }
        total = sum(weight.values()) or 1.0
        numbers = set(_NUMBER.findall(sentence))
        for j, bag in enumerate(bags):
            if any(not _says(passages[j].text, n) for n in numbers):
                continue
            share = sum(weight[w] for w in words & bag) / total
            if meaning is not None:
                if share >= SUPPORTED_WITH_MEANING and meaning[i, j] >= SAME_MEANING:
                    share = max(share, SUPPORTED)
                if strict and meaning[i, j] < STRICT_MEANING:
                    share = 0.0
            scores[i, j] = share
    return scores


def _cosines(
    sentences: list[str], passages: Sequence[Passage], embed: Callable[[list[str]], np.ndarray] | None
) -> np.ndarray | None:
    """(sentences, passages) cosines with the nearest sentence of each passage; None without an embedding model."""
    if embed is None or not sentences or not passages:
        return None
    parts = [[part for part in split_sentences(p.text) if part.strip()] or [p.text] for p in passages]
    vectors = embed(sentences + [part for group in parts for part in group])
    said, start = vectors[: len(sentences)], len(sentences)
    nearest = np.zeros((len(sentences), len(passages)))
    for j, group in enumerate(parts):
        nearest[:, j] = (said @ vectors[start : start + len(group)].T).max(axis=1)
        start += len(group)
    weak = nearest.max(axis=1) < STRICT_MEANING
    if not weak.any():
        return nearest
    # A sentence may sum up two or three that stand together; they are looked at only where no single one is near.
    for j, group in enumerate(parts):
        windows = [" ".join(group[at : at + size]) for size in (2, 3) for at in range(len(group) - size + 1)]
        if windows:
            together = (said[weak] @ embed(windows).T).max(axis=1)
            nearest[weak, j] = np.where(together >= SUMS_UP, together, nearest[weak, j])
    return nearest


def _says(text: str, number: str) -> bool:
    """Whether `text` holds this very number, not as a part of a longer one."""
    return re.search(rf"(?<![\d.]){re.escape(number)}(?![\d]|\.\d)", text) is not None


def _choose(row: np.ndarray, own: list[int]) -> int | None:
    """The mark for a sentence: the best passage, or the model's own choice where that is about as good."""
    if row.size == 0:
        return None
    best = int(row.argmax())
    if row[best] < SUPPORTED:
        return None
    for number in own:
        if 1 <= number <= row.size and row[number - 1] >= max(SUPPORTED, row[best] - SAME_PLACE):
            return number
    return best + 1


def _with_mark(sentence: str, number: int) -> str:
    """Put the mark at the end of the sentence, before its full stop and the white space that follows."""
    body = sentence.rstrip()
    end = re.search(r"[.!?]+$", body)
    stop = end.group() if end else ""
    return f"{body[: len(body) - len(stop)]} [{number}]{stop}{sentence[len(body) :]}"
