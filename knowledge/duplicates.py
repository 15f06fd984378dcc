"""Files that say nearly the same: a notebook and its `_original`, slides and the PDF made of them.

Of such a file only the passages are kept that say something of their own, which may be none (`news`). A number or a
date that was changed is such a thing: a revision must not pass for a copy of what it corrects.

Every document is reduced to a sketch: of all runs of SHINGLE words in it, the SKETCH smallest hashes. Two sketches give
the resemblance of the documents, shared runs / all runs (Broder 1997, "On the resemblance and containment of
documents"), without the documents. Results of a notebook's cells do not count: one copy has been run, the other not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from pathlib import PurePosixPath
from typing import Any

from knowledge.chunking import Chunk
from knowledge.documents import OUTPUT, Document, lecture_number

SHINGLE = 4  # words
SKETCH = 256  # hashes; the estimate is off by 0.025 (one standard deviation) for long documents
ALIKE = 0.81  # 0.9 / 1.1: each shares nine tenths of itself with the other

LEFT_OVER = 0.12  # share of new words that another format brings along (page numbers, split words)
OTHER = SHINGLE  # new runs of known words: one word that was changed makes as many, a new sentence more

_WORD = re.compile(r"[^\W_]+")
# What a revision changes in a sentence that stays: numbers, and what dates are made of.
_FIGURE = re.compile(r"\d+(?:st|nd|rd|th|am|pm)?")
_FIGURES_TEXT = (
    "one two three four five six seven eight nine ten eleven twelve "
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec januar februar märz mai juni juli oktober dezember "
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag"
)
_FIGURES = frozenset(_FIGURES_TEXT.split())
# A word, or the marker of a numbered list with the word after it: some formats are without markers.
_ITEM = re.compile(r"^[ \t]*(\d{1,3})[.)](?=[ \t]+([^\W_]*))|[^\W_]+", re.M)
_OWN_NUMBER = re.compile(r"^\W*\d+(?:\.\d+)*[.):]?\s+")  # of a heading: another section in front moves it
ABOUT = 0.5  # share of the shorter of two passages from which they are about the same
NEAR, FAR = 2, 5  # words on each side that tell which figures stand in the same place
_COPY = re.compile(
    r"(?:^|[\s_\-.(])(?:original|orig|copy|kopie|copie|copia|old|backup|bak|draft|checkpoint)(?:[\s_\-.)\d]|$)|\(\d+\)$",
    re.I,
)
# Where a lecture is there in several formats, the one that says most of it as the teacher wrote it.
_FORMATS = ".ipynb .md .markdown .mdx .qmd .rmd .pptx .docx .tex .rst .html .htm .pdf .py .txt"
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
    corrected = _corrected(copy, original)
    runs = _runs([word for chunk in original for word in _words(chunk.text)])
    other_format = _suffix(copy) != _suffix(original)
    kept = []
    for number, chunk in enumerate(copy):
        mine = frozenset(_words(chunk.text))
        if number in corrected:
            kept.append(chunk)
            continue
        if chunk.text in same or not mine:
            continue
        nearest = max(range(len(words)), key=lambda at: len(mine & words[at]), default=None)
        left = len(mine - around[nearest]) if nearest is not None else len(mine)
        own = _runs(_words(chunk.text))
        if left > LEFT_OVER * len(mine) or (not other_format and (left or len(own - runs) > OTHER)):
            kept.append(chunk)
    return kept


def figures(text: str) -> frozenset[str]:
    """The numbers, months and days of the week in a text."""
    return frozenset(word for word in _words(text) if _is_figure(word))


def about(one: frozenset[Any], other: frozenset[Any]) -> bool:
    """Whether two passages, cut at other places perhaps, have most of the shorter one in common."""
    return len(one & other) > ABOUT * min(len(one), len(other))


def _is_figure(word: str) -> bool:
    return word in _FIGURES or _FIGURE.fullmatch(word) is not None


@dataclass
class _Figure:
    """Figures in a row: 12 May, 10:30."""

    chunk: int
    text: str = ""
    unmarked: str = ""  # the same without the markers of lists

    def add(self, word: str, is_marker: bool) -> None:
        self.text += word
        self.unmarked += "" if is_marker else word


def _corrected(copy: Sequence[Chunk], original: Sequence[Chunk]) -> set[int]:
    """The passages of a copy with figures where the original has others between the same words."""
    there: dict[tuple[str, ...], set[str]] = {}
    for figure, places in _placed(original):
        for place in places:
            there.setdefault(place, set()).update((figure.text, figure.unmarked))
    found = set()
    for figure, places in _placed(copy):
        # The widest surroundings that the original has: "homework 1 is due on …" before "is due on …".
        known = next((there[place] for place in places if place in there), None)
        if known is not None and not known & {figure.text, figure.unmarked}:
            found.add(figure.chunk)
    return found


def _placed(chunks: Sequence[Chunk]) -> Iterator[tuple[_Figure, list[tuple[str, ...]]]]:
    """The figures of passages, each with its surroundings, the widest first.

    Other figures nearby count in the widest only: they may have been changed as well.
    """
    items = _items(chunks)
    exact = [item.text if isinstance(item, _Figure) else item for item in items]
    blank = ["#" if isinstance(item, _Figure) else item for item in items]
    for at, item in enumerate(items):
        if isinstance(item, _Figure) and item.unmarked:
            places = [(*exact[max(0, at - FAR) : at], "#", *exact[at + 1 : at + 1 + FAR])]
            near = (*blank[max(0, at - NEAR) : at], "#", *blank[at + 1 : at + 1 + NEAR])
            # Between the symbols of a formula any number may stand.
            if sum(word.isalpha() and len(word) > 1 for word in near) >= NEAR:
                places.append(near)
            yield item, places


def _items(chunks: Sequence[Chunk]) -> list[str | _Figure]:
    """The words of passages and of the headings above them in order."""
    items: list[str | _Figure] = []
    heading = ""
    for number, chunk in enumerate(chunks):
        own = chunk.heading[-1] if chunk.heading else ""
        text = chunk.text if own == heading else f"{_OWN_NUMBER.sub('', own)}\n{chunk.text}"
        heading = own
        for found in _ITEM.finditer(text):
            is_marker = found[1] is not None and not _is_figure(found[2].lower())  # "12. Mai" is a date
            word = (found[1] or found[0]).lower()
            if not _is_figure(word):
                items.append(word.removesuffix("s") or word)  # one mark, two marks
                continue
            figure = items[-1] if items else None
            if not isinstance(figure, _Figure):
                figure = _Figure(number)
                items.append(figure)
            figure.add(word, is_marker)
    return items


def _suffix(chunks: Sequence[Chunk]) -> str:
    return PurePosixPath(chunks[0].path).suffix.lower() if chunks else ""
