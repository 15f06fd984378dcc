"""Passages that stand side by side in a document and answer together come back as one.

A notebook's task and the cell that solves it, a definition and its formula, a listing cut in two: they are cut apart so
that each fits the embedding model's window, and a student wants them together. Knows nothing of
questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from knowledge.chunking import Chunk

AMONG = 20  # first passages of a search, of which neighbours are joined
PAIRS = 3  # first places that may hold two passages: behind them, other places of the course say more than neighbours
LONGEST = 1400  # characters of a joined passage: what is longer buries its answer

_TASK = re.compile(r"\b(?:exercises?|questions?|assignment|homework|tasks?|quiz)\b", re.I)
_ANSWER = re.compile(r"\b(?:answers?|solutions?)\b", re.I)


def grouped(
    order: Sequence[int], scores: Mapping[int, float], chunks: Sequence[Chunk], count: int
) -> list[tuple[float, tuple[int, ...]]]:
    """The best `count` passages, best first: (score, rows in reading order), each row alone or with a neighbour.

    `order` has the rows that were found, best first, and `scores` the score of each. Scores are logarithms of odds up
    to a constant, so that of a pair is the logarithm of what the two add up to. A row is in one group at most.
    """
    among = set(order[:AMONG])
    found: list[tuple[float, tuple[int, ...]]] = [(scores[row], (row,)) for row in order]
    for row in order[:AMONG]:
        if row + 1 in among and _belong_together(chunks[row], chunks[row + 1]):
            found.append((float(np.logaddexp(scores[row], scores[row + 1])), (row, row + 1)))
    kept: list[tuple[float, tuple[int, ...]]] = []
    taken: set[int] = set()
    # Among equals a pair comes before its better half: a neighbour that answers nothing adds next to nothing.
    for score, rows in sorted(found, key=lambda item: (-item[0], -len(item[1]), item[1])):
        if len(kept) == count:
            break
        if len(rows) > 1 and len(kept) >= PAIRS:
            continue
        if taken.isdisjoint(rows):
            taken.update(rows)
            kept.append((score, rows))
    return kept


def _belong_together(one: Chunk, other: Chunk) -> bool:
    """One document, short enough, and no answer comes along with what it is the answer to by another heading."""
    return (
        one.path == other.path and len(one.text) + len(other.text) <= LONGEST and _part(one) == _part(other)
    )


def _part(chunk: Chunk) -> tuple[bool, bool]:
    """Whether a passage belongs to the tasks of a lecture, and to the answers to them, by its headings."""
    names = " ".join(chunk.heading)
    return bool(_TASK.search(names)), bool(_ANSWER.search(names))


def together(first: Chunk, second: Chunk) -> Chunk:
    """Two neighbours as one; its id, its heading and its place are those of the first."""
    kind = first.kind if first.kind == second.kind else "mixed"
    if {first.kind, second.kind}.isdisjoint({"code", "mixed"}) and kind == "mixed":
        kind = "prose"
    return replace(
        first, kind=kind, text=f"{first.text}\n\n{second.text}", parts=(*first.parts, *second.parts)
    )
