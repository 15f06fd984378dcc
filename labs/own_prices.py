"""A series of daily numbers out of a student's own CSV: which column holds the days, which one the values.

For the labs that forecast. Rows are put in order of their days; a day that comes twice keeps its last value, a row
without a day or a value is left out, and each of these is said.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from labs.errors import BadParameterError
from labs.own_columns import MISSING, Column, understand
from labs.own_data import TextTable, read

_PRICES = ("adj close", "adjusted close", "close", "price", "value", "last", "y", "target")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?")
_LOCAL = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")


@lru_cache(maxsize=4)
def own_series(csv: str, target: str | None = None) -> tuple[np.ndarray, np.ndarray, str, str]:
    """The kept file `csv` as (days (T,) datetime64[D] ascending, values (T,), the file and column, remarks).

    Raises
    ------
    BadParameterError
        One sentence: no column of days, no such column, not numbers, too few rows.
    """
    table = read(csv)
    columns = {column.name: column for column in understand(table)}
    days_name, values = _days_column(table, columns), _values_column(table, columns, target)
    dates, guess = _parse(table, table.column(days_name))
    keep = np.isfinite(values.numbers) & ~np.isnat(dates)
    remarks = list(table.remarks) + ([guess] if guess else [])
    if lost := int((~keep).sum()):
        remarks.append(f"{lost} row{'s' * (lost > 1)} without a day or a value had to be left out.")
    dates, closes = dates[keep], values.numbers[keep]
    order = np.argsort(dates, kind="stable")
    dates, closes = dates[order], closes[order]
    last = np.append(dates[1:] != dates[:-1], True)
    if twice := int((~last).sum()):
        remarks.append(f"{twice} day{'s' * (twice > 1)} came twice; the later row counts.")
    dates, closes = dates[last], closes[last]
    if len(dates) < 2:
        raise _refused(table, f"{len(dates)} days with a value are too few; add rows")
    return dates, closes, f"{table.title} ({values.name}), your own file", " ".join(remarks)


def between(
    dates: np.ndarray, closes: np.ndarray, start: str | None, end: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """The part from `start` to `end` (ISO days, both included; None for no limit)."""
    keep = np.ones(len(dates), dtype=bool)
    if start:
        keep &= dates >= np.datetime64(start)
    if end:
        keep &= dates <= np.datetime64(end)
    return dates[keep], closes[keep]


def reworded(value: Any, old: str, new: str) -> Any:
    """Any result with one word put for another in all its texts: a student's own numbers need not be dollars."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, tuple):
        return tuple(reworded(item, old, new) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        texts = {
            f.name: getattr(value, f.name)
            for f in fields(value)
            if f.name not in ("series", "parameters", "lab")
        }
        return replace(value, **{name: reworded(item, old, new) for name, item in texts.items()})
    return value


def _days_column(table: TextTable, columns: dict[str, Column]) -> str:
    dated = [column.name for column in columns.values() if column.kind == "date"]
    if not dated:
        raise _refused(table, "it has no column of days, written like 2024-01-31 or 31/01/2024; add one")
    named = [name for name in dated if name.lower() in ("date", "day", "time", "timestamp")]
    return (named or dated)[0]


def _values_column(table: TextTable, columns: dict[str, Column], target: str | None) -> Column:
    numeric = {name.lower(): column for name, column in columns.items() if column.kind == "number"}
    if not numeric:
        raise _refused(table, "it has no column of numbers to forecast; add one")
    if target is not None:
        wanted = " ".join(target.lower().split())
        if wanted not in numeric:
            raise BadParameterError(
                f"target={target[:40]!r} is not a column of numbers in {table.title}; choose one of "
                f"{', '.join(column.name for column in numeric.values())}.",
                field="target",
                value=target,
            )
        return numeric[wanted]
    return next((numeric[name] for name in _PRICES if name in numeric), list(numeric.values())[-1])


def _parse(table: TextTable, cells: list[str]) -> tuple[np.ndarray, str]:
    """Days as datetime64, NaT where missing; and what had to be guessed about day and month."""
    present = [cell for cell in cells if cell.lower() not in MISSING]
    local = [match for cell in present if (match := _LOCAL.match(cell)) and not _ISO.match(cell)]
    month_first = bool(local) and max(int(m[2]) for m in local) > 12 >= max(int(m[1]) for m in local)
    sure = not local or month_first or max(int(m[1]) for m in local) > 12
    found: list[Any] = []
    for number, cell in enumerate(cells, start=2):
        if cell.lower() in MISSING:
            found.append(np.datetime64("NaT"))
            continue
        try:
            found.append(np.datetime64(_iso(cell, month_first), "D"))
        except (ValueError, TypeError):
            raise _refused(
                table, f"line {number} holds {cell[:20]!r}, which is no day of the calendar"
            ) from None
    guess = "" if sure else "Its dates could be read in two ways; they were read as day/month/year."
    return np.array(found, dtype="datetime64[D]"), guess


def _iso(cell: str, month_first: bool) -> str:
    if match := _ISO.match(cell):
        return f"{match[1]}-{int(match[2]):02}-{int(match[3] or 1):02}"
    match = _LOCAL.match(cell)
    if match is None:
        raise ValueError(cell)
    day, month = (match[2], match[1]) if month_first else (match[1], match[2])
    year = match[3] if len(match[3]) == 4 else f"{'19' if int(match[3]) > 68 else '20'}{match[3]}"
    return f"{year}-{int(month):02}-{int(day):02}"


def _refused(table: TextTable, why: str) -> BadParameterError:
    return BadParameterError(f"{table.title} cannot be used like this: {why}.", field="csv", value=table.name)
