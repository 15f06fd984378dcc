"""Rows of cells -> a Markdown table in which every row has as many columns as the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_COLUMNS = 60
MOST_ROWS_DOWN = 50  # that one cell reaches down: a page may claim any number
LONGEST_REPEATED = 60  # characters: a longer text is told once, and the rest of its merged cell left empty

_FORMULA = re.compile(r"(\$[^$]{1,500}\$)")


@dataclass(frozen=True)
class Cell:
    text: str
    across: int = 1  # columns that it covers
    down: int = 1  # rows that it covers
    repeated: bool = True  # its text is told in each of them


def markdown_table(rows: Iterable[Sequence[Cell]]) -> str:
    """The table in Markdown, its first row as the heading; "" where no cell holds text.

    A merged cell is repeated in each column and row that it covers, so that each row can be read by itself; one that
    covers a whole row, or is long, is told once. A single row has no line of dashes below it.
    """
    grid = [row for row in _grid(rows) if any(row)]
    width = max((len(row) for row in grid), default=0)
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in grid]
    if len(lines) > 1:
        lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _grid(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    grid: list[list[str]] = []
    waiting: dict[int, tuple[int, str]] = {}  # column -> (rows still covered, the text) of cells from above
    for cells in rows:
        if not cells:
            continue
        row: list[str] = []
        alone = len(cells) == 1 and not waiting
        for cell in cells:
            _from_above(row, waiting)
            text = _plain(cell.text)
            again = text if cell.repeated and len(text) <= LONGEST_REPEATED else ""
            across = max(min(cell.across, MOST_COLUMNS - len(row)), 1)
            for number in range(across):
                if cell.down > 1:
                    waiting[len(row)] = (min(cell.down, MOST_ROWS_DOWN) - 1, again)
                row.append(text if number == 0 else "" if alone else again)
        _from_above(row, waiting)
        grid.append(row)
    return grid


def _from_above(row: list[str], waiting: dict[int, tuple[int, str]]) -> None:
    """Put in what cells of rows above cover at this place."""
    while len(row) in waiting:
        left, text = waiting.pop(len(row))
        if left > 1:
            waiting[len(row)] = (left - 1, text)
        row.append(text)


def _plain(text: str) -> str:
    """In one line, without the sign that divides columns; in a formula it is a bar, and stays one."""
    parts = _FORMULA.split(" ".join(text.split()))
    return "".join(part.replace("|", "\\vert " if n % 2 else "/") for n, part in enumerate(parts))
