"""Tables that Markdown files hold in other notations -> rows between pipes: HTML, MyST's lists and CSV.

Knows nothing of what stands in a cell: who calls says how its text is cleaned.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence

from knowledge.tables import Cell, markdown_table

LONG_CELL = 400  # characters: a table with such cells is there for its layout
WIDEST = 20  # columns or rows that one cell may span

_TABLE = re.compile(r"<(/?)table\b[^<>]{0,1000}>", re.I)
_ROW = re.compile(r"<tr\b[^<>]{0,1000}>", re.I)
_CELL = re.compile(r"<t[dh]\b([^<>]{0,1000})>", re.I)
_CELL_END = re.compile(r"</(?:t[dhr]|thead|tbody|tfoot|table)\s*>", re.I)
_CAPTION = re.compile(r"<caption\b[^<>]{0,1000}>", re.I)
_CAPTION_END = re.compile(r"</caption\s*>", re.I)
_SPAN = re.compile(r"\b(row|col)span\s*=\s*[\"']?(\d{1,4})", re.I)
_NEW_ROW = re.compile(r"\s*[*\-+][ \t]+-(?:[ \t]+(.*))?$")
_NEW_CELL = re.compile(r"\s+-(?:[ \t]+(.*))?$")
_FIELD = re.compile(r"([\w\-]{1,40}):(?:[ \t]+(.*)|$)")
_OPTION = re.compile(r":([\w\-]{1,40}):[ \t]*(.*)")


def html_tables(source: str) -> Iterator[tuple[int, int]]:
    """Where the tables of an HTML text start and end; of a table in another one, only the inner."""
    start: int | None = None
    for found in _TABLE.finditer(source):
        if not found[1]:
            start = found.start()
        elif start is not None:
            yield start, found.end()
            start = None


def html_table(source: str, clean: Callable[[str], str]) -> str:
    """A table as rows between pipes, its caption above; "" where it only lays out text or holds none.

    A cell that spans several rows says what it says in each of them.
    """
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> (rows that are left, text) of cells from above
    for row in _parts(_ROW, source):
        cells: list[str] = []
        for found, cell in _cells(row):
            _fill(cells, hanging)
            spans = {name.lower(): min(int(size), WIDEST) for name, size in _SPAN.findall(found)}
            text = " ".join(clean(cell).split())
            if len(text) > LONG_CELL:
                return ""
            if spans.get("row", 1) > 1:
                hanging[len(cells)] = (spans["row"] - 1, text)
            cells += [text, *[""] * (spans.get("col", 1) - 1)]
        _fill(cells, hanging)
        rows.append(cells)
    table = piped(rows)
    caption = _CAPTION.search(source)
    end = _CAPTION_END.search(source, caption.end()) if caption else None
    words = " ".join(clean(source[caption.end() : end.start()]).split()) if caption and end else ""
    return f"{words}\n\n{table}" if words and table else table


def _fill(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while len(cells) in hanging:
        left, text = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (left - 1, text)
        cells.append(text)


def _parts(opening: re.Pattern[str], source: str) -> Iterator[str]:
    opened = list(opening.finditer(source))
    ends = [*(found.start() for found in opened[1:]), len(source)]
    return (source[found.end() : end] for found, end in zip(opened, ends, strict=False))  # none: no part


def _cells(row: str) -> Iterator[tuple[str, str]]:
    opened = list(_CELL.finditer(row))
    for number, found in enumerate(opened):
        end = opened[number + 1].start() if number + 1 < len(opened) else len(row)
        closed = _CELL_END.search(row, found.end(), end)
        yield found[1], row[found.end() : closed.start() if closed else end]


def piped(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first as its heading; rows that say nothing are left out."""
    return markdown_table([Cell(text) for text in row[:WIDEST]] for row in rows)


def without_options(content: str) -> tuple[dict[str, str], str]:
    """The options at the start of a directive (`:name: value`, or YAML between rules), and the rest."""
    lines = content.split("\n")
    options: dict[str, str] = {}
    if lines[0].strip() == "---" and "---" in (stripped := [line.strip() for line in lines[1:60]]):
        end = stripped.index("---")
        return _told(stripped[:end]), "\n".join(lines[end + 2 :])
    while lines and (found := _OPTION.match(lines[0].strip())):
        options[found[1].lower()] = found[2].strip()
        lines.pop(0)
    return options, "\n".join(lines)


def _told(lines: Sequence[str]) -> dict[str, str]:
    """Of YAML options, however deep, those that say something of the content."""
    options: dict[str, str] = {}
    name = ""
    for line in lines:
        if found := _FIELD.match(line):
            name = found[1] if found[1] in ("caption", "header") else ""
            options |= {name: (found[2] or "").strip(" |>-+\"'")} if name else {}
        elif name:
            options[name] = f"{options[name]} {line}".strip()
    return options


def list_table(content: str, clean: Callable[[str], str]) -> str:
    """A table that is written as a list of lists, as rows between pipes; "" where it is none."""
    rows: list[list[str]] = []
    for line in content.split("\n"):
        if found := _NEW_ROW.match(line):
            rows.append([found[1] or ""])
        elif rows and (found := _NEW_CELL.match(line)):
            rows[-1].append(found[1] or "")
        elif rows:
            rows[-1][-1] += f" {line.strip()}"
        elif line.strip():
            return ""
    return piped([[" ".join(clean(cell).split()) for cell in row] for row in rows])


def csv_table(content: str, header: str, clean: Callable[[str], str]) -> str:
    """A table of values between commas, as rows between pipes; "" where it is none."""
    lines = [line for line in (header, *content.split("\n")) if line.strip()]
    try:
        rows = list(csv.reader(lines, skipinitialspace=True))
    except csv.Error:
        return ""
    return piped([[" ".join(clean(cell).split()) for cell in row] for row in rows])
