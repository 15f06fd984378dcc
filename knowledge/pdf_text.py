"""The text layer of a PDF, page by page, each line with its place and size. Run as a process of its own.

A PDF is a program, and some never end: whoever wants one read starts `python -m knowledge.pdf_text`, writes the file to
its standard input, and reads one JSON object a line from its standard output, for as long as it likes to wait.
The first object describes the file (`{"pages", "title", "maker", "outline"}`) or says why it cannot be read
(`{"why"}`); then comes one for each page (`{"page", "width", "height", "images", "lines"}`), and `{"end": true}`.
A line is `[text, x, y, size, style]`: points from the lower left corner; style adds up MONO, BOLD and INSIDE; a tab in
the text stands for a gap that is wide, between the cells of a table say.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from io import BytesIO
from math import sqrt
from typing import Any

MOST_PAGES = 2000
MEMORY = 2_000_000_000  # bytes of address space
SPACES = (
    200.0,
    60.0,
    25.0,
)  # how wide a gap between words is, in thousandths of the letters' height: tried in turn
GAP = 0.6  # of the letters' height: what is wider is no gap between words
MONO, BOLD, INSIDE = 1, 2, 4  # INSIDE: of a picture that was put into the page

Line = tuple[str, float, float, float, int]  # text, x, y, size, style

_MONO_NAMES = (
    "mono",
    "courier",
    "consol",
    "cmtt",
    "menlo",
    "inconsolata",
    "typewriter",
    "sourcecode",
    "firacode",
    "lmtt",
)
_BOLD_NAMES = ("bold", "black", "heavy", "cmbx", "cmssbx", "semib", "demi", "-medi", "-bd", "lmb")
_SIGN_NAMES = ("wingding", "dingbat", "webding", "msam")  # fonts of signs: a letter in them is a bullet


def records(data: bytes, most_pages: int = MOST_PAGES) -> Iterator[dict[str, Any]]:
    """What the process writes. Raises whatever pypdf raises on a broken file."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted:
        opened = False
        with contextlib.suppress(DependencyError, NotImplementedError):
            opened = bool(reader.decrypt(""))  # many files forbid printing and are open to read
        if not opened:
            yield {"why": "protected by a password: save a copy without protection"}
            return
    count = len(reader.pages)
    yield {"pages": count, **_about(reader), "outline": _outline(reader)}
    for number in range(min(count, most_pages)):
        try:
            yield {"page": number + 1, **_page(reader.pages[number])}
        except MemoryError:
            raise
        except Exception:  # one broken page does not cost the others; pypdf raises many kinds
            yield {"page": number + 1, "width": 0, "height": 0, "images": False, "broken": True, "lines": []}
    yield {"end": True}


def _about(reader: Any) -> dict[str, str]:
    about = {"title": "", "maker": ""}
    with contextlib.suppress(Exception):
        found = reader.metadata or {}
        about["title"] = str(found.get("/Title") or "")[:500]
        about["maker"] = f"{found.get('/Creator') or ''} {found.get('/Producer') or ''}"[:500]
    return about


def _outline(reader: Any) -> list[tuple[int, str, int]]:
    """(level from 1, title, page from 1) of the bookmarks, in order."""
    found: list[tuple[int, str, int]] = []

    def walk(items: Any, level: int) -> None:
        for item in items:
            if len(found) > 5000 or level > 6:
                return
            if isinstance(item, list):
                walk(item, level + 1)
            else:
                page = reader.get_destination_page_number(item)
                if page is not None and page >= 0 and item.title:
                    found.append((level, str(item.title)[:300], page + 1))

    with contextlib.suppress(Exception):
        walk(reader.outline, 1)
    return found


def _page(page: Any) -> dict[str, Any]:
    tried = []
    for space_width in SPACES:
        tried.append(list(_lines(_pieces(page, space_width))))
        if not _is_glued(tried[-1]):
            break
    lines = tried[0] if _is_glued(tried[-1]) else tried[-1]
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    if page.rotation % 180:
        width, height = height, width
    return {"width": width, "height": height, "images": _has_images(page), "lines": lines}


def _is_glued(lines: list[Line]) -> bool:
    """Whether gaps between words were taken for none: some programs place every letter by itself."""
    words = [word for line in lines for word in line[0].split()]
    letters = sum(len(word) for word in words)
    return letters > 80 and letters > 7.5 * len(words)


def _pieces(page: Any, space_width: float) -> list[Line]:
    pieces: list[Line] = []
    depth = 0
    upright = page.rotation % 180 == 0

    def before(operator: bytes, operands: Any, *_: Any) -> None:
        nonlocal depth
        depth += operator == b"Do"

    def after(operator: bytes, operands: Any, *_: Any) -> None:
        nonlocal depth
        depth -= operator == b"Do"

    def text(part: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        if not part:
            return
        a, b, c, d, x, y = _product(tm, cm)
        if upright and abs(b) > abs(a):
            return  # written up the margin, or along the axis of a plot
        name = str((font or {}).get("/BaseFont", "")).lower()
        style = MONO * any(mark in name for mark in _MONO_NAMES) + BOLD * any(
            mark in name for mark in _BOLD_NAMES
        )
        if len(part.strip()) == 1 and any(mark in name for mark in _SIGN_NAMES):
            part = f"{part[: len(part) - len(part.lstrip())]}• "
        part = part.replace("\x7f", "•")  # what the standard fonts draw for an unused code
        height = abs(float(size or 0)) * sqrt(abs(a * d - b * c))
        pieces.append((part, x, y, height, style + INSIDE * (depth > 0)))

    page.extract_text(
        space_width=space_width,
        visitor_operand_before=before,
        visitor_operand_after=after,
        visitor_text=text,
    )
    return pieces


def _product(m: Any, n: Any) -> tuple[float, ...]:
    return (
        m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3], m[2] * n[0] + m[3] * n[2], m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4], m[4] * n[1] + m[5] * n[3] + n[5],
    )  # fmt: skip


def _lines(
    pieces: list[tuple[str, float, float, float, int]],
) -> Iterator[tuple[str, float, float, float, int]]:
    """Pieces put together to lines; a line has the place of its first piece, and the size of most of its letters."""
    line: list[Line] = []
    for part, x, y, size, style in pieces:
        for number, text in enumerate(part.split("\n")):
            if number:
                yield from _line(line)
                line = []
            if text:
                line.append((text, x, y, size, style))
    yield from _line(line)


def _line(
    pieces: list[tuple[str, float, float, float, int]],
) -> Iterator[tuple[str, float, float, float, int]]:
    text = "".join(piece[0] for piece in pieces)
    written = [piece for piece in pieces if piece[0].strip()]
    if not written:
        return
    letters: dict[float, int] = {}
    for part, _, _, size, _ in written:
        letters[round(size, 1)] = letters.get(round(size, 1), 0) + len(part.strip())
    style = 0
    for mark in (MONO, BOLD, INSIDE):
        share = sum(len(piece[0].strip()) for piece in written if piece[4] & mark)
        style += mark * (share > 0.8 * len(text.strip()))
    _, x, y, _, _ = pieces[0] if style & MONO else written[0]
    if not style & MONO:
        text = _with_gaps(pieces)
    yield text.rstrip(), round(x, 1), round(y, 1), max(letters, key=lambda size: letters[size]), style


def _with_gaps(pieces: list[Line]) -> str:
    text, end = "", 0.0
    for part, x, _, size, _ in pieces:
        if not part.strip():
            text += part
            continue
        parted = text.strip() and (
            text[-1].isspace() or part[0].isspace()
        )  # a tab where there was no space cuts words
        text += f"\t{part}" if parted and x > end + GAP * size else part
        end = x + size * width(part)
    return text


def width(text: str) -> float:
    """About how wide a text is, in heights of its letters."""
    return 0.5 * len(text.strip()) + 0.2 * sum(map(str.isupper, text))


def _has_images(page: Any) -> bool:
    with contextlib.suppress(Exception):
        objects = page["/Resources"]["/XObject"].get_object()
        return any(objects[name].get_object().get("/Subtype") in ("/Image", "/Form") for name in objects)
    return False


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # no such thing on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> int:
    logging.disable(logging.CRITICAL)
    _limit_memory()
    data = sys.stdin.buffer.read()
    try:
        for record in records(data):
            sys.stdout.write(json.dumps(record) + "\n")
            sys.stdout.flush()
    except MemoryError:
        print(json.dumps({"why": "needs too much memory"}))
    except RecursionError:
        print(json.dumps({"why": "nested too deeply to be read"}))
    except Exception:  # pypdf raises many kinds on broken files
        print(json.dumps({"why": "a broken PDF: export it once more, or fetch it again"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
