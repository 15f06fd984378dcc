"""The sentence of a passage that says most of what was asked: it is marked, and says which cell to cite."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from knowledge.ranking import REMEMBERED
from knowledge.words import tokens

_FENCE = re.compile(r"^`{3,}.*$")
_MARKER = re.compile(r"^\s*(?:[-*+>]|\d+[.)]|#+)\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"'(*$])")


def sentences(text: str) -> Iterable[str]:
    """Lines and sentences of a passage as they stand in it, without list markers and fences."""
    for line in text.split("\n"):
        if not _FENCE.match(line):
            yield from (part.strip() for part in _SENTENCE_END.split(_MARKER.sub("", line)) if part.strip())


@lru_cache(maxsize=REMEMBERED)
def _stems_by_sentence(text: str) -> list[tuple[str, frozenset[str]]]:
    return [(sentence, frozenset(tokens(sentence))) for sentence in sentences(text)]


def best_sentence(text: str, weights: dict[str, float]) -> str:
    """The sentence with most of the question's telling words; one of some length where none has any."""
    best, best_score = "", -1.0
    for sentence, stems in _stems_by_sentence(text):
        score = sum(weights.get(stem, 0.0) for stem in stems)
        score += min(len(stems), 12) / 1000  # among equals, a sentence and not a fragment
        if score > best_score:
            best, best_score = sentence, score
    return best
