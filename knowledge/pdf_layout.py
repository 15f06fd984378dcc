"""Lines on pages -> headings and paragraphs. Pure functions: knows nothing of PDF, only of places and sizes.

A PDF says where each line stands and how large it is, and nothing of what it is. What repeats at the edge of the pages
is a running header; what is larger than the text, or named by a bookmark, is a heading; a gap ends a paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from knowledge.documents import CODE, PROSE, Block
from knowledge.office import table
from knowledge.pdf_text import GAP, width

_BULLET = re.compile(r"^(?:[•◦▪▫‣►▶■□●○∙·➢➤✓✔❖⇒\uf000-\uf0ff]\s*|[–−\-*]\s+)")
_NUMBERED_ITEM = re.compile(r"^\(?(?:\d{1,2}|[a-z])[.)](?:\s|(?=[A-Z]))")
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*[\divxlc]+\s*$")
_PAGE_NUMBER = re.compile(
    r"^(?:page\s+|slide\s+)?[-–]?\s*(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?\s*[-–]?$", re.I
)
_HIDDEN = re.compile(
    r"<latexit\b[^>]*>[^<]{0,20000}(?:</latexit>)?|[A-Za-z0-9+/=]{200,}"
)  # sources of formulas
_WORD = re.compile(r"[^\W\d_]{3,}")
_LECTURE = re.compile(r"(?:lecture|lesson|week|session|chapter|unit|module|part)\s+\w{1,6}$", re.I)
_SPLIT = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LIGATURES = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\u00ad": "",
        "\u00a0": " ",
    }
)
LEAST_ROWS = 3  # of a table
LONGEST_CELL = 40  # characters
_NO_ROW = re.compile(
    r"^(?:\(?\w{1,2}[.)]|\[)|\(\d+(?:\.\d+)?\)$"
)  # an item of a list, an equation with its number
MARGIN = 0.12  # of the page's height, above and below, where running headers stand
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")


@dataclass(frozen=True)
class Line:
    text: str
    x: float  # points from the left
    y: float  # points from the bottom
    size: float  # height of the letters in points
    mono: bool = False
    bold: bool = False
    cells: tuple[str, ...] = ()  # the parts of the text that stand apart


@dataclass(frozen=True)
class Page:
    number: int  # from 1
    width: float
    height: float
    lines: tuple[Line, ...]


def tidy(pages: Sequence[Page]) -> list[Page]:
    """The pages without what is not their text: running headers, page numbers, tables of contents, labels of axes."""
    pages = [replace(page, lines=tuple(_joined_rows(page))) for page in pages]
    pages = _without_running(pages)
    kept = []
    for page in pages:
        entries = [bool(_LEADERS.search(line.text)) for line in page.lines]
        contents = sum(entries) > 0.5 * len(entries)
        lines = (
            ()
            if contents
            else tuple(line for line, entry in zip(page.lines, entries, strict=True) if not entry)
        )
        kept.append(replace(page, lines=tuple(_without_ticks(lines))))
    return kept


def _joined_rows(page: Page) -> Iterator[Line]:
    """Lines on the page, those on one baseline put together (cells of a table, an index that stands a little lower)."""
    last: Line | None = None
    end = 0.0  # about where the last piece ends
    for line in page.lines:
        text = _HIDDEN.sub("", line.text).translate(_LIGATURES)
        parts = (
            () if line.mono else tuple(filter(None, (" ".join(part.split()) for part in text.split("\t"))))
        )
        text = text.rstrip() if line.mono else " ".join(text.split())
        if not text or not (-5 <= line.x <= page.width + 5 and -5 <= line.y <= page.height + 5):
            continue  # pictures are often cut, and the text beyond the cut is still in the file
        line = replace(line, text=text, mono=line.mono and not _BULLET.match(text), cells=parts)
        if last is not None and not line.mono and not last.mono:
            near = abs(line.y - last.y) < 0.3 * max(line.size, last.size)
            script = (
                line.size < 0.85 * last.size and abs(line.y - last.y) < 0.7 * last.size and len(text) <= 12
            )
            if (near and line.x > last.x) or (script and line.x > last.x):
                apart = near and line.x > end + GAP * line.size
                head, first = (
                    (last.cells, parts[:1]) if apart else (last.cells[:-1], (f"{last.cells[-1]} {parts[0]}",))
                )
                last = replace(
                    last,
                    text=f"{last.text} {text}",
                    bold=last.bold and line.bold,
                    cells=(*head, *first, *parts[1:]),
                )
                end = line.x + line.size * width(text)
                continue
        if last is not None:
            yield last
        last, end = line, line.x + line.size * width(text)
    if last is not None:
        yield last


# --- what repeats ----------------------------------------------------------------------------------------------------


def _edges(page: Page) -> list[int]:
    """Indexes of the two highest and the two lowest lines, where they stand in the margin."""
    order = sorted(range(len(page.lines)), key=lambda index: page.lines[index].y)
    edges = dict.fromkeys([*order[:2], *order[-2:]])
    return [index for index in edges if not MARGIN < page.lines[index].y / (page.height or 1) < 1 - MARGIN]


def _key(line: Line) -> tuple[int, str]:
    return round(line.y / 4), re.sub(r"\d+", "#", line.text.lower())


def _without_running(pages: list[Page]) -> list[Page]:
    least = max(3, len(pages) // 4)
    counts = Counter(key for page in pages for key in {_key(page.lines[index]) for index in _edges(page)})
    offset = _numbering(pages)
    body = body_size(pages)
    kept = []
    for page in pages:
        drop = set()
        largest = max((line.size for line in page.lines), default=0)
        for index in _edges(page):
            line = page.lines[index]
            repeated = max(counts[row, text] for row, text in _neighbours(_key(line))) >= least
            # The title of some slides in a row repeats too, and is no header.
            if line.size >= largest and (len(pages) < 5 or counts[_key(line)] < 0.8 * len(pages)):
                repeated = False
            small = line.size <= 1.05 * body and len(line.text) <= 110
            numbered = offset is not None and small and str(page.number + offset) in _ends(line.text)
            if repeated or numbered or _PAGE_NUMBER.match(line.text):
                drop.add(index)
        if len(drop) < len(page.lines) or len(pages) > 2:
            page = replace(
                page, lines=tuple(line for index, line in enumerate(page.lines) if index not in drop)
            )
        kept.append(page)
    return kept


def _neighbours(key: tuple[int, str]) -> list[tuple[int, str]]:
    return [(key[0] + step, key[1]) for step in (-1, 0, 1)]


def _ends(text: str) -> set[str]:
    words = text.split()
    return {words[0], words[-1]} if words else set()


def _numbering(pages: list[Page]) -> int | None:
    """Printed page number minus place in the file, where most pages print one at their edge."""
    found: Counter[int] = Counter()
    for page in pages:
        words = {word for index in _edges(page) for word in _ends(page.lines[index].text)}
        found.update({int(word) - page.number for word in words if word.isdecimal() and len(word) <= 4})
    offset, count = found.most_common(1)[0] if found else (0, 0)
    return offset if count >= max(3, 0.5 * len(pages)) else None


def _without_ticks(lines: Sequence[Line]) -> Iterator[Line]:
    """Without runs of numbers, which are the labels of a plot's axes."""
    run: list[Line] = []
    for line in [*lines, None]:
        if line is not None and not re.search(r"[^\W\d_]", line.text) and len(line.text) <= 12:
            run.append(line)
            continue
        if len(run) < 4:
            yield from run
        run = []
        if line is not None:
            yield line


# --- sizes and order --------------------------------------------------------------------------------------------------


def body_size(pages: Sequence[Page]) -> float:
    """The size in which most letters are set."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def are_slides(pages: Sequence[Page], maker: str) -> bool:
    written = [page for page in pages if page.lines]
    if not written:
        return False
    wide = sum(page.width > page.height for page in written) >= 0.7 * len(written)
    letters = median(sum(len(line.text) for line in page.lines) for page in written)
    named = re.search(r"powerpoint|keynote|beamer|impress|google slides", maker, re.I) is not None
    return (wide and letters < 1500) or (named and letters < 800)


def from_top(lines: Sequence[Line]) -> list[Line]:
    """The lines of a slide as one reads them. Boxes stay together; a file has them in the order in which they were
    made."""
    boxes: list[list[Line]] = []
    for line in lines:
        last = boxes[-1][-1] if boxes else None
        if (
            last is None
            or line.y > last.y + 0.5 * line.size
            or last.y - line.y > 3 * max(line.size, last.size)
        ):
            boxes.append([])
        boxes[-1].append(line)
    boxes.sort(key=lambda box: (-box[0].y, box[0].x))
    return [line for box in boxes for line in box]


def deck_title(page: Page) -> str:
    """The largest words of a title slide, the number of the lecture in front."""
    lines = from_top(page.lines)
    largest = max((line.size for line in lines if _WORD.search(line.text)), default=0.0)
    at = [number for number, line in enumerate(lines) if line.size > 0.95 * largest]
    title = " ".join(lines[number].text for number in at)
    if title.endswith((" for", " of", " to", " and", " in", " with", ":", ",")) and at[-1] + 1 < len(lines):
        title = f"{title} {lines[at[-1] + 1].text}"
    number = next((line.text for line in lines if _LECTURE.match(line.text) and line.text not in title), "")
    return ": ".join(part for part in (number, title) if part) if len(title) <= 150 else ""


def slide_title(page: Page, body: float) -> tuple[str, list[Line]]:
    """The title of a slide ("" where none can be told) and its other lines."""
    lines = from_top(page.lines)
    upper = [line for line in lines if line.y > 0.55 * page.height and _WORD.search(line.text)]
    if not upper:
        return "", lines
    largest = max(line.size for line in upper)
    others = [line.size for line in lines if line.size < 0.95 * largest]
    first = next(line for line in upper if line.size >= 0.95 * largest)
    stands_out = largest >= 1.12 * (median(others) if others else body) or first.bold
    if not stands_out and not (first is lines[0] and len(first.text) <= 80 and len(lines) > 1):
        return "", lines
    start = lines.index(first)
    title = [first]
    for line in lines[start + 1 :]:
        close = 0 <= title[-1].y - line.y < 1.8 * first.size
        if not (close and abs(line.size - first.size) < 0.06 * first.size and stands_out and len(title) < 3):
            break
        title.append(line)
    text = " ".join(line.text for line in title)
    if len(text) > 150 or _BULLET.match(text):
        return "", lines
    return text, [line for line in lines if line not in title]


# --- paragraphs -------------------------------------------------------------------------------------------------------


def vocabulary(pages: Iterable[Page]) -> frozenset[str]:
    """The words of a document, compounds with their hyphen: tells whether a hyphen at a line's end belongs there."""
    return frozenset(
        word.lower()
        for page in pages
        for line in page.lines
        for word in _SPLIT.findall(line.text.rstrip("-"))
    )


def blocks(lines: Sequence[Line], words: frozenset[str]) -> list[Block]:
    """Paragraphs, lists, listings and tables, in order."""
    found: list[Block] = []
    for rows, part in _parted(lines):
        block = table([line.cells for line in part]) if rows else None
        found += [block] if block is not None else _paragraphs(part, words)
    return found


def _parted(lines: Sequence[Line]) -> Iterator[tuple[bool, Sequence[Line]]]:
    """(whether it is a table, lines), in order."""
    start = at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and are_rows(lines[end - 1], lines[end]):
            end += 1
        if _is_table(lines[at:end]):
            if start < at:
                yield False, lines[start:at]
            yield True, lines[at:end]
            start = end
        at = end
    if start < len(lines):
        yield False, lines[start:]


def are_rows(line: Line, following: Line) -> bool:
    """Whether two lines may be neighbouring rows of a table."""
    return (
        1 < len(line.cells) == len(following.cells)
        and 0 < line.y - following.y < 3 * line.size
        and max(map(len, (*line.cells, *following.cells))) <= LONGEST_CELL
    )


def _is_table(lines: Sequence[Line]) -> bool:
    """Some rows with numbers in them: columns of words may be the names of authors."""
    if len(lines) < LEAST_ROWS or sum(bool(_NO_ROW.search(line.text)) for line in lines) > 1:
        return False
    cells = [cell for line in lines[1:] for cell in line.cells[1:]]
    return sum(any(char.isdigit() for char in cell) for cell in cells) >= 0.5 * len(cells)


def _paragraphs(lines: Sequence[Line], words: frozenset[str]) -> list[Block]:
    found: list[Block] = []
    in_list = False
    for group in _groups(lines):
        if group[0].mono:
            found.append(Block(CODE, _listing(group)))
            in_list = False
            continue
        text = join([line.text for line in group], words)
        item = _BULLET.match(text) is not None
        text = _PRIVATE.sub("", _BULLET.sub("- ", text) if item else text).strip()
        if not text.strip("- "):
            continue
        text = re.sub(r"^(\(?(?:\d{1,2}|[a-z])[.)])(?=[A-Z])", r"\1 ", text)
        listed = item or _NUMBERED_ITEM.match(text) is not None
        if listed and in_list:
            found[-1] = Block(PROSE, f"{found[-1].text}\n{text}")
        else:
            found.append(Block(PROSE, text))
        in_list = listed
    return found


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that belong to one paragraph, one item of a list or one listing."""
    steps = [a.y - b.y for a, b in pairwise(lines) if 0 < a.y - b.y < 3 * max(a.size, 1)]
    step = median(steps) if steps else 0.0
    widest = max((len(line.text) for line in lines), default=0)
    groups: list[list[Line]] = []
    for line in lines:
        last = groups[-1][-1] if groups else None
        if last is None or _breaks(last, line, step, widest):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _breaks(last: Line, line: Line, step: float, widest: int) -> bool:
    if last.mono != line.mono:
        return True
    down = last.y - line.y
    if last.mono:
        return not -1 < down < 3.5 * max(line.size, 1)
    if _BULLET.match(line.text) or _NUMBERED_ITEM.match(line.text):
        return True
    if _BULLET.fullmatch(f"{last.text} ") or min(len(last.text), len(line.text)) <= 3:
        return False  # a bullet that stands on a line of its own, a piece of a formula
    if (
        abs(line.size - last.size) > 0.12 * max(line.size, last.size)
        and min(len(line.text), len(last.text)) > 12
    ):
        return True
    ended = last.text.endswith((".", "!", "?", ":"))
    if down < -0.5 * line.size:  # up again: another column, or another box
        return ended or not line.text[:1].islower()
    if step and down > 1.4 * max(step, line.size):
        return True
    indented = line.x > last.x + 0.8 * line.size
    return ended and (len(last.text) < 0.7 * widest or indented)


def join(texts: Sequence[str], words: frozenset[str]) -> str:
    joined = ""
    for text in texts:
        head = _SPLIT.match(text)
        tail = re.search(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$", joined)
        if tail and head and text[0].islower():
            whole, compound = f"{tail[1]}{head[0]}".lower(), f"{tail[1]}-{head[0]}".lower()
            keep = compound in words and whole not in words
            joined = f"{joined if keep else joined[:-1]}{text}"
        else:
            joined = f"{joined} {text}" if joined else text
    return " ".join(joined.split())


def _listing(lines: Sequence[Line]) -> str:
    """Lines of code; their indents are told from where they begin."""
    left = min(line.x for line in lines)
    told = []
    for line in lines:
        columns = round((line.x - left) / (0.6 * line.size)) if line.size else 0
        told.append(" " * min(columns, 60) + line.text)
    return "\n".join(told)
