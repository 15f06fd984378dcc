"""What the columns of a student's own table mean, and what a model can take of them.

Each column is told apart by its cells: numbers, categories (up to twelve different words), dates, free text, row
numbers, one value throughout, empty. Numbers go in as they are; a category becomes one 0/1 column for each value but
the first (the one it is compared with); the rest is left out, with the reason. Missing numbers stay missing here: the
lab fills them after its split, from the training rows alone (`fill`).
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from labs.errors import BadParameterError
from labs.own_data import TextTable

Kind = Literal["number", "category", "date", "text", "row number", "constant", "empty"]
Task = Literal["number", "class"]

MISSING = frozenset({"", "-", "--", "?", "na", "n/a", "nan", "null", "none", "missing", "#n/a", "."})
MAX_LEVELS = 12
MAX_CLASSES = 20
MAX_FEATURES = 60
MIN_ROWS = 10
_TARGETS = {
    "number": ("target", "y", "outcome", "price", "mark", "score", "value", "output", "label"),
    "class": ("target", "class", "label", "species", "category", "type", "y", "outcome", "diagnosis"),
}
_ROW_NUMBER = re.compile(r"(.*[ _-])?(id|index|idx|nr|no|number|row|key)|unnamed.*|column 1|#", re.I)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T].*)?")


@dataclass(frozen=True)
class Column:
    """One column, understood."""

    name: str
    kind: Kind
    numbers: np.ndarray  # (N,) float, not a number where missing; for a category the number of its level
    levels: tuple[str, ...]  # of a category, in alphabetical order
    missing: int
    reason: str = ""  # why a model cannot take it, where it cannot


@dataclass(frozen=True)
class OwnTable:
    """A student's table as a model takes it. N rows, D columns."""

    title: str
    X: np.ndarray  # (N, D) float, not a number where a cell was missing
    y: np.ndarray  # (N,) numbers, or whole numbers that count through `classes`
    names: tuple[str, ...]  # of the D columns: "age", "city=Leeds"
    target: str
    classes: tuple[str, ...]
    columns: tuple[tuple[str, str, str], ...]  # name, kind, what became of it: for a table
    remarks: tuple[str, ...]  # one sentence each


def understand(table: TextTable) -> tuple[Column, ...]:
    """Every column of the table, with its kind."""
    return tuple(_column(name, table.column(name)) for name in table.columns)


def prepare(
    table: TextTable,
    task: Task,
    target: str | None = None,
    features: Sequence[str] | None = None,
    max_rows: int = 20_000,
    seed: int = 0,
) -> OwnTable:
    """The target and the features as numbers.

    Parameters
    ----------
    task : "number" predicts a number, "class" a class.
    target, features : names of columns in any case; None lets the names and kinds of the columns decide.
    max_rows : a larger table is thinned to this many rows, drawn with `seed`.

    Raises
    ------
    BadParameterError
        One sentence: no such column, a column that cannot be used, nothing left to learn from.
    """
    columns = {column.name: column for column in understand(table)}
    goal = _target(table, columns, task, target)
    used, fates = _features(table, columns, goal, features)
    remarks = list(table.remarks)
    if target is None:
        others = "another column" if len(columns) > 2 else "the other column"
        remarks.append(f"The target is {goal.name}, chosen by its name and place; target=... takes {others}.")
    rows = np.flatnonzero(np.isfinite(goal.numbers))
    if len(rows) < len(goal.numbers):
        lost = len(goal.numbers) - len(rows)
        remarks.append(f"{_count(lost, 'row')} without a value for {goal.name} had to be left out.")
    if len(rows) > max_rows:
        remarks.append(f"Of {len(rows):,} rows {max_rows:,} were drawn, fixed by the seed.")
        rows = np.sort(np.random.default_rng([seed, 2]).choice(rows, max_rows, replace=False))
    if len(rows) < MIN_ROWS:
        raise _refused(
            table, f"{_count(len(rows), 'row')} with a value for {goal.name} is too few, and it takes at least "
            f"{MIN_ROWS}; add rows or choose another target"
        )  # fmt: skip
    X, names = _encode(used)
    if len(names) > MAX_FEATURES:
        raise _refused(
            table, f"its columns make {len(names)} features, over the limit of {MAX_FEATURES}; name fewer with "
            f"features=[{', '.join(column.name for column in used[:3])}]"
        )  # fmt: skip
    y, classes = _goal(table, goal, task, rows)
    gaps = [column.name for column in used if column.missing and column.kind == "number"]
    if gaps:
        cells = int(np.isnan(X[rows]).sum())
        remarks.append(
            f"{_count(cells, 'missing number')} ({_listed(gaps)}) {'were' if cells > 1 else 'was'} filled with the "
            "column's median over the training rows: the test rows must not be asked."
        )
    fates = {goal.name: "what is predicted"} | fates
    told = tuple((name, columns[name].kind, fates[name]) for name in table.columns if name in fates)
    return OwnTable(table.title, X[rows], y, names, goal.name, classes, told, tuple(remarks))


def fill(X: np.ndarray, train: np.ndarray) -> np.ndarray:
    """X (N, D) with every missing cell replaced by its column's median over the rows `train` (N,) of bool.

    A column that is empty in all training rows becomes 0.
    """
    if not np.isnan(X).any():
        return X
    filled = X.copy()
    for j in range(X.shape[1]):
        seen = X[train, j]
        seen = seen[np.isfinite(seen)]
        filled[np.isnan(X[:, j]), j] = np.median(seen) if len(seen) else 0.0
    return filled


def _column(name: str, cells: list[str]) -> Column:
    missing = np.array([cell.lower() in MISSING for cell in cells])
    present = [cell for cell, gone in zip(cells, missing, strict=True) if not gone]
    gaps = int(missing.sum())
    nothing = np.full(len(cells), np.nan)
    if not present:
        return Column(name, "empty", nothing, (), gaps, "it is empty")
    if len(set(present)) == 1:
        return Column(name, "constant", nothing, (), gaps, f"every row holds {present[0][:20]!r}")
    numbers = _numbers(cells, missing)
    if numbers is not None:
        if _counts_rows(name, numbers):
            return Column(name, "row number", numbers, (), gaps, "it only numbers the rows")
        return Column(name, "number", numbers, (), gaps)
    if all(_DATE.fullmatch(cell) for cell in present):
        why = "a date is not a quantity: turn it into one, such as days since the first"
        return Column(name, "date", nothing, (), gaps, why)
    levels = tuple(sorted(set(present)))
    if len(levels) > MAX_CLASSES or 2 * len(levels) > len(present):
        return Column(name, "text", nothing, levels, gaps, f"{len(levels)} different texts are no category")
    numbers = np.array(
        [np.nan if gone else levels.index(cell) for cell, gone in zip(cells, missing, strict=True)]
    )
    return Column(name, "category", numbers, levels, gaps)


def _numbers(cells: Sequence[str], missing: np.ndarray) -> np.ndarray | None:
    """The cells as numbers: "1,234.5", "£12", "12%" and "3,5" too, as long as the whole column agrees."""
    plain = [re.sub(r"^[£$€]\s*|\s*[%€]$", "", cell) for cell in cells]
    present = [cell for cell, gone in zip(plain, missing, strict=True) if not gone]
    if all(re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?|[-+]?\d+(\.\d+)?", cell) for cell in present):
        plain = [cell.replace(",", "") for cell in plain]  # commas between thousands
    elif all(re.fullmatch(r"[-+]?\d+(,\d+)?", cell) for cell in present):
        plain = [cell.replace(",", ".") for cell in plain]  # a comma before the decimals
    try:
        values = [np.nan if gone else float(cell) for cell, gone in zip(plain, missing, strict=True)]
    except ValueError:
        return None
    numbers = np.array(values)
    return numbers if np.isfinite(numbers[~missing]).all() else None


def _counts_rows(name: str, numbers: np.ndarray) -> bool:
    """1, 2, 3 … with a name that says so: nothing can be learnt from it, and a model would try."""
    if not _ROW_NUMBER.fullmatch(name) or np.isnan(numbers).any():
        return False
    return bool(len(np.unique(numbers)) == len(numbers) and (numbers == np.round(numbers)).all())


def _target(table: TextTable, columns: dict[str, Column], task: Task, asked: str | None) -> Column:
    fits = [column for column in columns.values() if _can_be_target(column, task)]
    what = "numbers" if task == "number" else f"2 to {MAX_CLASSES} classes"
    if asked is not None:
        column = columns[_find(table, asked, "target")]
        if column in fits:
            return column
        kind = f"{len(column.levels)} different texts" if column.levels else f"{column.kind} cells"
        if task == "class" and column.kind == "number":
            kind = f"{len(set(column.numbers[np.isfinite(column.numbers)]))} different numbers"
        advice = f"choose one of {_listed([c.name for c in fits])}" if fits else "choose another file"
        if task == "number" and column.kind == "category":
            advice += ", or run the classification lab"
        elif task == "class" and column.kind == "number":
            advice += ", or run the regression lab"
        raise _refused(table, f"target={column.name} holds {kind}, where {what} are needed; {advice}")
    if not fits:
        raise _refused(table, f"none of its columns holds {what} to predict; choose another file")
    for wanted in _TARGETS[task]:
        for column in fits:
            if column.name.lower() == wanted:
                return column
    if task == "class" and any(column.kind == "category" for column in fits):
        fits = [column for column in fits if column.kind == "category"]
    return fits[-1]


def _can_be_target(column: Column, task: Task) -> bool:
    if task == "number":
        return column.kind == "number"
    if column.kind == "category":
        return len(column.levels) >= 2
    values = column.numbers[np.isfinite(column.numbers)]
    whole = column.kind == "number" and bool((values == np.round(values)).all())
    return whole and 2 <= len(np.unique(values)) <= MAX_CLASSES


def _features(
    table: TextTable, columns: dict[str, Column], goal: Column, asked: Sequence[str] | None
) -> tuple[list[Column], dict[str, str]]:
    """The columns that are used, and what became of each column looked at."""
    if asked:
        names = list(dict.fromkeys(_find(table, name, "features") for name in asked))
        if goal.name in names:
            raise _refused(
                table,
                f"{goal.name} is the target and cannot be a feature as well; leave it out of features",
            )
    else:
        names = [name for name in columns if name != goal.name]
    used, fates = [], {}
    for name in names:
        column = columns[name]
        why = column.reason
        if not why and column.kind == "category" and len(column.levels) > MAX_LEVELS:
            why = f"{len(column.levels)} categories would make as many columns"
        if not why and column.missing > len(column.numbers) / 2:
            why = f"{column.missing} of its {len(column.numbers)} cells are missing"
        if why and asked:
            raise _refused(table, f"the column {name} cannot be a feature: {why}; leave it out of features")
        if why:
            fates[name] = f"left out: {why}"
            continue
        used.append(column)
        fates[name] = _fate(column)
    if not used:
        raise _refused(
            table, f"beside {goal.name} it has no column of numbers or categories to learn from; add one"
        )
    return used, fates


def _fate(column: Column) -> str:
    if column.kind == "category":
        if column.missing:
            return f"one 0/1 column for each of {len(column.levels)} values; missing means all 0"
        return f"a 0/1 column for each value but {column.levels[0]}"
    return f"a number; {column.missing} missing" if column.missing else "a number"


def _encode(used: Sequence[Column]) -> tuple[np.ndarray, tuple[str, ...]]:
    parts, names = [], []
    for column in used:
        if column.kind == "number":
            parts.append(column.numbers)
            names.append(column.name)
            continue
        # Without a gap the first value is the one that the others are compared with; with gaps, the gap is.
        first = 0 if column.missing else 1
        for level in range(first, len(column.levels)):
            parts.append((column.numbers == level).astype(float))
            names.append(f"{column.name}={column.levels[level]}"[:60])
    return np.stack(parts, axis=1), tuple(names)


def _goal(table: TextTable, goal: Column, task: Task, rows: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    values = goal.numbers[rows]
    if task == "number":
        if np.ptp(values) == 0:
            raise _refused(table, f"{goal.name} has the same value in every row; choose another target")
        return values, ()
    found, y = np.unique(values, return_inverse=True)
    names = tuple(goal.levels[int(v)] if goal.levels else f"{v:g}" for v in found)
    few = [names[k] for k, count in Counter(y.tolist()).items() if count < 4]
    if few:
        raise _refused(
            table,
            f"the class {few[0]} of {goal.name} has fewer than 4 rows, too few to train and to test on; "
            "add rows or leave the class out",
        )
    return y, names


def _find(table: TextTable, asked: str, field: str) -> str:
    by_name = {name.lower(): name for name in table.columns}
    plain = " ".join(asked.lower().split())
    if plain in by_name:
        return by_name[plain]
    loose = {name.replace("_", " ").replace("-", " "): full for name, full in by_name.items()}
    if plain.replace("_", " ").replace("-", " ") in loose:
        return loose[plain.replace("_", " ").replace("-", " ")]
    close = difflib.get_close_matches(plain, by_name, n=1, cutoff=0.6)
    hint = f"did you mean {by_name[close[0]]}? It" if close else "it"
    raise BadParameterError(
        f"{field}={asked[:40]!r} is not a column of {table.title}; {hint} has {_listed(table.columns)}.",
        field=field,
        value=asked,
        allowed=", ".join(table.columns),
    )


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _refused(table: TextTable, why: str) -> BadParameterError:
    return BadParameterError(f"{table.title} cannot be used like this: {why}.", field="csv", value=table.name)


__all__ = ["Column", "OwnTable", "fill", "prepare", "understand"]
