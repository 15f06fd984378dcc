"""Files that say nearly the same: a notebook and its `_original`, slides and the PDF made of them.

Of such a file only the passages are kept that say something of their own, which may be none (`news`).

Every document is reduced to a sketch: of all runs of SHINGLE words in it, the SKETCH smallest hashes. Two sketches give
the resemblance of the documents, shared runs / all runs (Broder 1997, "On the resemblance and containment of
documents"), without the documents. Results of a notebook's cells do not count: one copy has been run, the other not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from pathlib import PurePosixPath

from knowledge.chunking import Chunk
from knowledge.documents import OUTPUT, Document, lecture_number

SHINGLE = 4  # words
SKETCH = 256  # hashes; the estimate is off by 0.025 (one standard deviation) for long documents
ALIKE = 0.81  # 0.9 / 1.1: each shares nine tenths of itself with the other

LEFT_OVER = 0.12  # share of new words that another format brings along (page numbers, split words)
OTHER = SHINGLE  # new runs of known words: one word that was changed makes as many, a new sentence more

_WORD = re.compile(r"[^\W_]+")
_COPY = re.compile(
    r"(?:^|[\s_\-.(])(?:original|orig|copy|kopie|copie|copia|old|backup|bak|draft|checkpoint)(?:[\s_\-.)\d]|$)|\(\d+\)$",
    re.I,
)
# Where a lecture is there in several formats, the one that says most of it as the teacher wrote it.
_FORMATS = ".ipynb .md .markdown .qmd .rmd .pptx .docx .tex .rst .html .htm .pdf .py .txt"
_RANK = {suffix: rank for rank, suffix in enumerate(_FORMATS.split())}


@dataclass(frozen=True)
class Sketch:
    hashes: tuple[int, ...]  # ascending
    runs: int  # different runs of words in the document


def sketch(document: Document) -> Sketch:
    words: list[str] = []
    heading: tuple[str, ...] = ()
    for section in document.sections:
        if section.heading != heading and section.heading and not section.derived:
            words.extend(_words(section.heading[-1]))
        heading = section.heading
        for block in section.blocks:
            if block.kind != OUTPUT:
                words.extend(_words(block.text))
    runs = _runs(words)
    return Sketch(tuple(nsmallest(SKETCH, {_hash(run) for run in runs})), len(runs))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _runs(words: Sequence[str]) -> set[str]:
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def _hash(run: str) -> int:
    return int.from_bytes(blake2b(run.encode("utf-8", "replace"), digest_size=6).digest(), "big")


def resemblance(one: Sketch, other: Sketch) -> float:
    """Shared runs / all runs of two documents: exact for short ones, else an estimate."""
    both = set(one.hashes) | set(other.hashes)
    if max(len(one.hashes), len(other.hashes)) == SKETCH:
        both = set(nsmallest(SKETCH, both))
    shared = len(both & set(one.hashes) & set(other.hashes))
    return shared / len(both) if both else 0.0


def originals(documents: Sequence[tuple[str, Sketch]]) -> dict[str, str]:
    """For each path that resembles another, the path to keep: `{copy: original}`. `documents` are (path, sketch).

    Kept is the one whose name does not call it a copy, of the better format, named as a lecture, with more in it, and
    then the first.
    """
    order = sorted(range(len(documents)), key=lambda number: (*_preference(*documents[number]), number))
    holders: dict[int, list[int]] = {}  # hash -> documents that are kept and hold it
    found: dict[str, str] = {}
    for number in order:
        path, mine = documents[number]
        near = Counter(other for value in mine.hashes for other in holders.get(value, ()))
        best, score = 0, 0.0
        for other, shared in near.items():
            if shared >= 0.5 * len(mine.hashes) and (like := resemblance(mine, documents[other][1])) > score:
                best, score = other, like
        if score >= ALIKE:
            found[path] = documents[best][0]
            continue
        for value in mine.hashes:
            holders.setdefault(value, []).append(number)
    return found


def _preference(path: str, mine: Sketch) -> tuple[bool, int, bool, int]:
    name = PurePosixPath(path)
    rank = _RANK.get(name.suffix.lower(), len(_RANK))
    return (
        _COPY.search(name.stem) is not None,
        rank,
        lecture_number(name.stem, numbered=False) is None,
        -mine.runs,
    )


def news(copy: Sequence[Chunk], original: Sequence[Chunk]) -> list[Chunk]:
    """The passages of a copy with words that the original does not have in that place, or with a new sentence."""
    words = [frozenset(_words(chunk.text)) for chunk in original]
    around = [
        words[at].union(words[at - 1] if at else (), words[at + 1] if at + 1 < len(words) else ())
        for at in range(len(words))
    ]
    same = {chunk.text for chunk in original}
    runs = _runs([word for chunk in original for word in _words(chunk.text)])
    other_format = _suffix(copy) != _suffix(original)
    kept = []
    for chunk in copy:
        mine = frozenset(_words(chunk.text))
        if chunk.text in same or not mine:
            continue
        nearest = max(range(len(words)), key=lambda at: len(mine & words[at]), default=None)
        left = len(mine - around[nearest]) if nearest is not None else len(mine)
        own = _runs(_words(chunk.text))
        if left > LEFT_OVER * len(mine) or (not other_format and (left or len(own - runs) > OTHER)):
            kept.append(chunk)
    return kept


def _suffix(chunks: Sequence[Chunk]) -> str:
    return PurePosixPath(chunks[0].path).suffix.lower() if chunks else ""
