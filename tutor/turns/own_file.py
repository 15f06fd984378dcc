"""The turn in which a student's own file arrives: what is in it, and what can be tried with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labs.base import Lab
from labs.errors import LabError
from labs.own_columns import Column, understand
from labs.own_data import read
from tutor.events import Event, Notice, Text
from tutor.turns.draft import Draft

SHOWN = 12  # columns in the table
_SAY = {
    "regression": "Run the regression on my data",
    "classification": "Run the classification on my data",
    "lstm_stock": "Run the stock LSTM on my data",
}


def look_at_file(draft: Draft, name: str, labs: Mapping[str, Lab]) -> Iterator[Event]:
    """Say what the file holds and which labs can take it, and offer these runs."""
    draft.intent = "meta"
    try:
        table = read(name)
    except LabError as error:
        draft.failed, draft.answer = True, str(error)
        yield Notice(draft.answer, "error")
        return
    columns = understand(table)
    rows = "\n".join(_row(column) for column in columns[:SHOWN])
    more = f"\n\n… and {len(columns) - SHOWN} more columns." if len(columns) > SHOWN else ""
    takers = [lab for lab in labs.values() if _takes(lab, name)]
    advice = (
        "Say what to predict in your own words, for example *run the regression on my data with target "
        f"{_quoted_target(columns)}*; else I choose by the names of the columns and tell you which."
        if takers
        else "No experiment can use it: at least one column of numbers or classes to predict is needed, "
        "beside one to learn from, and at least 10 rows."
    )
    draft.answer = (
        f"I have read **{_plain(table.title)}**: {len(table.rows):,} rows, {len(columns)} columns. It stays on this "
        f"computer.\n\n| column | what it is | missing |\n|---|---|---|\n{rows}{more}\n\n{advice}"
    )
    if table.remarks:
        draft.answer += "\n\n" + " ".join(table.remarks)
    draft.suggest(*(_SAY[lab.id] for lab in takers if lab.id in _SAY))
    yield Text(draft.answer)


def _takes(lab: Lab, name: str) -> bool:
    if all(info.name != "csv" for info in lab.parameters):
        return False
    try:
        lab.validate({"csv": name})
    except LabError:
        return False
    return True


def _row(column: Column) -> str:
    kind = column.kind
    if kind == "category":
        names = ", ".join(_plain(level) for level in column.levels[:4])
        kind_words = f"{len(column.levels)} categories: {names}{' …' if len(column.levels) > 4 else ''}"
    elif kind == "number":
        seen = column.numbers[column.numbers == column.numbers]
        kind_words = f"numbers from {seen.min():g} to {seen.max():g}"
    else:
        kind_words = f"{kind}, not used: {column.reason}"
    return f"| {_plain(column.name)} | {kind_words} | {column.missing or ''} |"


def _quoted_target(columns: tuple[Column, ...]) -> str:
    numbers = [column.name for column in columns if column.kind == "number"]
    return f'"{_plain(numbers[-1])}"' if numbers else '"NAME"'


def _plain(text: str) -> str:
    """A name from a file as text: nothing in it becomes markup, a link, maths or another cell of the table."""
    kept = "".join(" " if mark in "|`*_<>[]()$\\#!~\n" else mark for mark in text)
    return " ".join(kept.split())[:40] or "(no name)"
