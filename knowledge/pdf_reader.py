"""PDF -> sections with their page. The text layer is taken out by a process of its own (`pdf_text`), so that a file
that never ends costs a limited time; what its lines are is told by `pdf_layout`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge import pdf_layout
from knowledge.documents import PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import TITLE_MARK, heading_path
from knowledge.pdf_layout import Line, Page

TIME_LIMIT = 180.0  # seconds for one file; pages that were read by then are kept
SCAN = 10  # letters on a page with a picture, below which there is no text layer to speak of
COMMAND = (sys.executable, "-m", "knowledge.pdf_text")

_NUMBER = re.compile(
    r"^(?:(?:chapter|appendix|section)\s+)?((?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3})[.:]?\s+(?=\S)", re.I
)
_NO_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint)|untitled|powerpoint|slide \d|presentation|document\d*$|layout \d|title$)"
    r"|\.(?:docx?|pptx?|tex|dvi|pdf|indd|key|odt|odp|ipynb|md|html?)$",
    re.I,
)


@dataclass(frozen=True)
class _File:
    pages: list[Page]
    inside: dict[int, list[Line]]  # text of pictures, by page
    count: int
    title: str
    maker: str
    outline: list[tuple[int, str, int]]  # (level from 1, title, page)
    has_images: bool


def read_pdf(reading: Reading) -> list[Section]:
    if b"%PDF-" not in reading.data[:2048]:
        raise UnreadableError("not a PDF, whatever its name says")
    records, finished = _run(reading.data)
    file = _file(records)
    _remark(reading, file, finished)
    return sections_of(file)


def _run(data: bytes) -> tuple[list[dict[str, Any]], bool]:
    """What the process told, and whether it came to its end in time."""
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            COMMAND, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIME_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        told = done.stdout
    except subprocess.TimeoutExpired as error:
        told = error.stdout or b""
    records = []
    for line in told.split(b"\n"):
        try:
            records.append(json.loads(line))
        except ValueError:
            continue  # empty, or cut off in the middle
    return records, bool(records) and "end" in records[-1]


def _file(records: list[dict[str, Any]]) -> _File:
    if why := next((record["why"] for record in records if "why" in record), ""):
        raise UnreadableError(str(why))
    if not records or "pages" not in records[0]:
        raise UnreadableError(
            f"it takes longer than {TIME_LIMIT:.0f} s to open, or stops the reader: perhaps broken"
        )
    about, told = records[0], [record for record in records if "page" in record]
    pages, inside = [], {}
    for record in told:
        lines = [
            (Line(t, x, y, size, bool(s & 1), bool(s & 2)), bool(s & 4))
            for t, x, y, size, s in record["lines"]
        ]
        direct = [line for line, is_inside in lines if not is_inside]
        pages.append(Page(record["page"], record["width"], record["height"], tuple(direct)))
        inside[record["page"]] = [line for line, is_inside in lines if is_inside]
    outline = [(level, " ".join(title.split()), page) for level, title, page in about["outline"]]
    images = any(record["images"] for record in told)
    return _File(pages, inside, about["pages"], about["title"], about["maker"], outline, images)


def _remark(reading: Reading, file: _File, finished: bool) -> None:
    """Refuse a scan and garbled fonts; say what of the others could not be read."""
    texts = ["".join(line.text for line in (*page.lines, *file.inside[page.number])) for page in file.pages]
    letters = [sum(char.isalnum() for char in text) for text in texts]
    if not file.pages:
        raise UnreadableError("it has no pages, or none could be read in time")
    few = sum(letters) < min(SCAN * len(file.pages), 200)
    count = f"{file.count} page{'s' * (file.count != 1)}"
    if sum(letters) == 0 and not file.has_images:
        raise UnreadableError(
            f"no text in it ({count}): blank, or with letters that are drawn as shapes", lasting=finished
        )
    if few and file.has_images:
        raise UnreadableError(
            f"a scan or pictures without a text layer ({count}): recognise the text first (OCR)",
            lasting=finished,
        )
    whole = "".join(texts)
    plain = sum(char.isalnum() or char in " .,;:!?()-+=/'\"•%[]" for char in whole)
    if len(whole) > 200 and plain < 0.5 * len(whole):
        raise UnreadableError(
            "its fonts do not say which letters they draw: no text can be taken out", lasting=finished
        )
    empty = sum(count < 2 for count in letters)
    if empty and empty >= 0.2 * len(letters):
        reading.remarks.append(f"{empty} of {len(letters)} pages have no text layer")
    if len(file.pages) < file.count:
        why = "" if finished else f", the rest takes longer than {TIME_LIMIT:.0f} s"
        reading.remarks.append(f"only {len(file.pages)} of {file.count} pages{why}")


def sections_of(file: _File) -> list[Section]:
    pages = pdf_layout.tidy([_with_pictures(page, file.inside[page.number]) for page in file.pages])
    if pdf_layout.are_slides(pages, file.maker):
        return _slides(pages, file)
    return _text(pages, file)


def _with_pictures(page: Page, inside: Sequence[Line]) -> Page:
    """Text of pictures counts where it is text; labels count only on a page that has nothing else."""
    few = sum(len(line.text) for line in page.lines) < 0.2 * sum(len(line.text) for line in inside)
    kept = [line for line in inside if few or len(re.findall(r"[^\W\d_]{2,}", line.text)) >= 4]
    return replace(page, lines=(*page.lines, *kept))


def _good_title(file: _File, pages: Sequence[Page]) -> str:
    """The title in the file's properties, where somebody wrote one and it stands on the first pages."""
    title = " ".join(file.title.split())
    if not 4 <= len(title) <= 150 or _NO_TITLE.search(title) or " " not in title:
        return ""
    written = {
        word.lower() for page in pages[:2] for line in page.lines for word in re.findall(r"\w+", line.text)
    }
    return title if all(word.lower() in written for word in re.findall(r"\w+", title)) else ""


# --- slides ----------------------------------------------------------------------------------------------------------


def _slides(pages: Sequence[Page], file: _File) -> list[Section]:
    body, words = pdf_layout.body_size(pages), pdf_layout.vocabulary(pages)
    shown = [(page, *pdf_layout.slide_title(page, body)) for page in pages]
    parts = [(page, title) for level, title, page in file.outline if level == 1]
    deck = _good_title(file, pages) or (pdf_layout.deck_title(pages[0]) if pages else "")
    sections = []
    for number, (page, title, lines) in enumerate(shown):
        if number + 1 < len(shown) and _goes_on(title, lines, *shown[number + 1][1:]):
            continue  # the next page shows this slide with more on it
        found = pdf_layout.blocks(lines, words)
        part = next((name for start, name in reversed(parts) if start <= page.number), "")
        if number == 0 and deck:
            heading: tuple[str, ...] = (f"{TITLE_MARK}{deck}",)
            found = [Block(PROSE, title), *found] if title and title not in deck else found
        else:
            heading = tuple(dict.fromkeys(name for name in (part if len(parts) > 1 else "", title) if name))
        if title and not found:
            found = [Block(PROSE, title)]  # a slide that only announces
        if found:
            sections.append(Section(heading, tuple(found), page=page.number))
    return sections


def _goes_on(title: str, lines: Sequence[Line], next_title: str, next_lines: Sequence[Line]) -> bool:
    """Whether a slide is built up step by step: all of it stands on the next page too."""
    texts, later = [line.text for line in lines], [line.text for line in next_lines]
    return bool(title) and title == next_title and len(later) > len(texts) and set(texts) <= set(later)


# --- running text -----------------------------------------------------------------------------------------------------


def _text(pages: Sequence[Page], file: _File) -> list[Section]:
    body, words = pdf_layout.body_size(pages), pdf_layout.vocabulary(pages)
    title, title_lines = _title(pages, body)
    title = _good_title(file, pages) or title
    levels: dict[int, str] = {1: f"{TITLE_MARK}{title}"} if title else {}
    depth = _Depths(pages, file.outline, body)
    sections: list[Section] = []
    for page in pages:
        part: list[Line] = []
        lines = [line for line in page.lines if not (page is pages[0] and line in title_lines)]
        for level, heading in _with_headings(lines, page.number, depth, body):
            if isinstance(heading, Line):
                part.append(heading)
                continue
            _close(sections, part, levels, page.number, words)
            part = []
            levels = {known: name for known, name in levels.items() if known < level}
            levels[level] = heading
        _close(sections, part, levels, page.number, words)
    return sections


def _close(
    sections: list[Section], lines: list[Line], levels: dict[int, str], page: int, words: frozenset[str]
) -> None:
    found = pdf_layout.blocks(lines, words)
    heading = heading_path(levels)
    before = sections[-1] if sections else None
    if found and before is not None and before.heading == heading and before.page == page - 1:
        # A paragraph that runs over the page stays whole, on the page where it begins.
        last, first = before.blocks[-1], found[0]
        if last.kind == first.kind == PROSE and first.text[:1].islower() and last.text[-1:] not in ".!?:;":
            joined = pdf_layout.join([last.text, first.text], words)
            sections[-1] = replace(before, blocks=(*before.blocks[:-1], Block(PROSE, joined)))
            found = found[1:]
    if found:
        sections.append(Section(heading, tuple(found), page=page))


def _title(pages: Sequence[Page], body: float) -> tuple[str, list[Line]]:
    """The largest lines in the upper part of the first page, where they are clearly larger than the text."""
    first = pages[0] if pages else None
    upper = [line for line in first.lines if line.y > 0.35 * first.height] if first else []
    largest = max((line.size for line in upper if re.search(r"[^\W\d_]{3,}", line.text)), default=0.0)
    lines = [line for line in upper if line.size >= 0.97 * largest]
    later = [line for page in pages[1:] for line in page.lines if abs(line.size - largest) <= 0.03 * largest]
    if later and lines:  # headings are as large as the title: only what stands close below is part of it
        gaps = [above.y - below.y > 1.45 * largest for above, below in pairwise(lines)]
        lines = lines[: gaps.index(True) + 1 if True in gaps else None]
    text = " ".join(line.text for line in lines)
    if largest < 1.25 * body or len(text) > 200 or _NUMBER.match(text) or len(lines) > 4:
        return "", []
    return text, lines


class _Depths:
    """How deep a line lies as a heading: by the bookmarks, its number, its size."""

    def __init__(self, pages: Sequence[Page], outline: Sequence[tuple[int, str, int]], body: float) -> None:
        self._marks = {(page, _plain(title)): level + 1 for level, title, page in outline}
        self.complete = len(outline) >= max(4, len(pages) / 4)  # then nothing else is a heading
        large = sorted(
            {round(line.size) for page in pages for line in page.lines if _is_large(line, body)}, reverse=True
        )
        self._by_size = {size: 2 + min(rank, 3) for rank, size in enumerate(large)}
        # "References" is a heading like "4 Conclusion", which is as large.
        numbered: dict[int, list[int]] = {}
        for line in (line for page in pages for line in page.lines if _is_large(line, body)):
            if (found := _NUMBER.match(line.text)) and found[1][0].isdigit():
                numbered.setdefault(round(line.size), []).append(2 + found[1].count("."))
        self._by_size |= {size: min(told) for size, told in numbered.items() if len(told) > 1}
        self._small = min(2 + len(large), 6)

    def marked(self, line: Line, page: int) -> int:
        """The level that a bookmark gives a line, else 0."""
        name = _plain(line.text)
        return self._marks.get((page, name)) or self._marks.get((page - 1, name), 0)

    def of(self, text: str, size: float) -> int:
        if found := _NUMBER.match(text):
            return 2 + found[1].count(".")
        return self._by_size.get(round(size), self._small)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", _NUMBER.sub("", text).lower()))


def _is_large(line: Line, body: float) -> bool:
    return (
        line.size >= 1.13 * body and not line.mono and 2 < len(line.text) <= 150
        and re.search(r"[^\W\d_]{3,}", line.text) is not None and not line.text.endswith(",")
    )  # fmt: skip


def _is_bold(lines: Sequence[Line], at: int, body: float) -> bool:
    """A line in bold that stands alone: not the run of a bold paragraph, not a sentence."""
    line = lines[at]
    if not line.bold or line.mono or not 0.95 * body <= line.size or not 3 < len(line.text) <= 90:
        return False
    if line.text.endswith((".", ",", ";")) or not re.search(r"[^\W\d_]{3,}", line.text):
        return False
    following = lines[at + 1] if at + 1 < len(lines) else None
    if following is not None and pdf_layout.are_rows(line, following):
        return False  # the head of a table
    return following is not None and not following.bold and following.size <= 1.05 * line.size


def _with_headings(
    lines: Sequence[Line], page: int, depth: _Depths, body: float
) -> list[tuple[int, str | Line]]:
    """(level, heading) and (0, line) in order; a heading that takes two lines is one."""
    found: list[tuple[int, str | Line]] = []
    last: Line | None = None  # of a heading that may go on
    # The names of the authors on a title page are large, and nothing comes under them.
    end = len(lines)
    while page == 1 and end and _is_large(lines[end - 1], body):
        end -= 1
    for at, line in enumerate(lines):
        level = depth.marked(line, page)
        large = _is_large(line, body)
        names = at + 1 < len(lines) and "@" in lines[at + 1].text  # of an author, with an address below
        if (
            not level
            and not depth.complete
            and not names
            and at < end
            and (large or _is_bold(lines, at, body))
        ):
            level = depth.of(line.text, line.size)
        heading = found[-1][1] if found else None
        if (
            large and last is not None and isinstance(heading, str) and abs(line.size - last.size) < 0.5
            and 0 < last.y - line.y < 1.8 * line.size and not _NUMBER.match(line.text)
        ):  # fmt: skip
            found[-1] = (found[-1][0], f"{heading} {line.text}")
        elif level:
            found.append((level, line.text))
        else:
            found.append((0, line))
            last = None
            continue
        last = line if large else None
    return found
