"""Tables of reStructuredText -> rows of cells: drawn ones (grid, simple) and those of directives (list, CSV)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from knowledge.tables import MOST_COLUMNS, Cell

BORDER = re.compile(r"=+(?: +=+)+")  # above and below a simple table: a run for each column
LONGEST_TABLE = 300  # lines in which the lower border of a simple table is looked for

_CORNER = re.compile(r"\+(?=[-=]{2,}\+)|(?<=[-=])\+")
_RULE = re.compile(r"[-=+]{2,}")
_ROW = re.compile(r"([*\-+] +)[*\-+](?: +(.*))?")
_CELL = re.compile(r"( +)[*\-+](?: +(.*))?")


def grid(lines: Sequence[str]) -> list[list[Cell]]:
    """Rows of a table that is drawn with `+---+` and `|`; merged cells are recognised. None where it is no table."""
    edges = sorted(
        {found.start() for line in lines if line.startswith("+") for found in _CORNER.finditer(line)}
    )
    if not 2 <= len(edges) <= MOST_COLUMNS or not all(line[:1] in ("+", "|") for line in lines):
        return []
    columns = list(pairwise(edges))
    rows: list[list[Cell]] = []
    inside: list[str] = []
    above: dict[int, str] = {}  # column -> text of a cell that goes on in the next row
    for line in lines:
        open_ = {left for left, right in columns if not _RULE.fullmatch(line[left + 1 : right].strip())}
        if len(open_) == len(columns):
            inside.append(line)
            continue
        row = list(_grid_row(inside, edges, above))
        if row:
            rows.append([cell for _, cell in row])
        above = {
            left: f"{cell.text} {line[left + 1 : _next(edges, left)].strip()}".strip()
            for left, cell in row
            if left in open_
        }
        inside = []
    if rows:  # else nothing but a line was drawn
        rows.append([cell for _, cell in _grid_row(inside, edges, above)])
    return rows


def _grid_row(lines: list[str], edges: list[int], above: dict[int, str]) -> Iterator[tuple[int, Cell]]:
    if not lines:
        return
    walls = [edge for edge in edges[1:-1] if all(line[edge : edge + 1] in ("|", "+") for line in lines)]
    bounds = [edges[0], *walls, edges[-1]]
    for left, right in pairwise(bounds):
        end = (
            right if right < edges[-1] else None
        )  # what a careless hand wrote behind the last wall belongs to it
        parts = [above.get(left, ""), *(line[left + 1 : end].strip("| ") for line in lines)]
        across = sum(left < edge <= right for edge in edges)
        yield left, Cell(" ".join(part for part in parts if part), across)


def _next(edges: list[int], left: int) -> int:
    return edges[edges.index(left) + 1]


def simple(lines: Sequence[str]) -> list[list[Cell]]:
    """Rows of a table between borders of `====  ====`; a line that leaves the first column empty goes on."""
    starts = [found.start() for found in re.finditer(r"=+", lines[0])]
    if len(starts) > MOST_COLUMNS:
        return []
    rows: list[list[Cell]] = []
    for line in lines[1:]:
        if not line.strip("=- "):
            continue
        row: list[Cell] = []
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(line)
            before = line[start - 1 : start] if start else " "
            if row and before.strip():  # the text before it runs over into this column
                last = row.pop()
                row.append(Cell(last.text + before + line[start:end].rstrip(), last.across + 1))
            else:
                row.append(Cell(line[start : max(end - 1, start) if end < len(line) else end].strip()))
        if rows and not row[0].text and len(rows[-1]) == len(row):
            joined = zip(rows[-1], row, strict=True)
            rows[-1] = [Cell(f"{old.text} {new.text}".strip(), old.across) for old, new in joined]
        else:
            rows.append(row)
    return rows


def simple_end(lines: Sequence[str], at: int) -> int:
    """Where the simple table that begins at `at` ends, empty lines in it included; `at` where it never does."""
    for place in range(at + 1, min(at + LONGEST_TABLE, len(lines))):
        below = lines[place + 1].strip() if place + 1 < len(lines) else ""
        if not below and BORDER.fullmatch(lines[place].strip()):
            return place + 1
    return at


def listed(lines: Iterable[str]) -> list[list[Cell]]:
    """Rows of a `list-table`: a list of lists."""
    rows: list[list[str]] = []
    indent = 0  # of the marks in front of cells
    for line in lines:
        if found := _ROW.fullmatch(line):
            rows.append([found[2] or ""])
            indent = len(found[1])
        elif rows and (cell := _CELL.fullmatch(line)) and len(cell[1]) == indent:
            rows[-1].append(cell[2] or "")
        elif rows and line.strip():
            rows[-1][-1] = f"{rows[-1][-1]} {line.strip()}"
    return [[Cell(text) for text in row] for row in rows]


def comma_separated(lines: Iterable[str]) -> list[list[Cell]]:
    """Rows of a `csv-table`; none where they are no CSV."""
    try:
        return [[Cell(text) for text in row] for row in csv.reader(lines, skipinitialspace=True)]
    except csv.Error:
        return []
