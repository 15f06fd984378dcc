"""The three parameters by which a lab takes a student's own CSV file, and the table they lead to.

A lab with `dataset` adds "own" to its choices and declares `csv`, `target` and `features`; a file that is named wins
over a dataset that is not. What is wrong with a file or a column is said when the parameters are checked, so nothing
runs in vain.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from labs.errors import BadParameterError
from labs.fields import param
from labs.own_columns import OwnTable, Task, prepare
from labs.own_data import HOW, read


class OwnParams(Protocol):
    @property
    def csv(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def features(self) -> tuple[str, ...] | None: ...
    @property
    def seed(self) -> int: ...


def csv_param() -> Any:
    return param(
        None,
        "Your own file, by the name it got when it was added, such as marks-3fa92c0b1d.csv.",
        synonyms=("csv file", "file"),
        max_length=60,
    )


def target_param(task: Task) -> Any:
    what = "numbers" if task == "number" else "classes"
    return param(
        None,
        f"The column of your own file to predict, one of {what}; none lets the columns' names decide.",
        synonyms=("target column", "label column"),
        max_length=60,
    )


def own_file_first(values: Any) -> Any:
    """Before checking: a file that is named is what is used, whatever the form still says about `dataset`."""
    if isinstance(values, Mapping) and values.get("csv") is not None:
        return {**values, "dataset": "own"}
    return values


def own_table(p: OwnParams, task: Task, max_rows: int = 20_000) -> OwnTable:
    """The table that the parameters name; raises ValueError with a sentence, for a validator to pass on."""
    if p.csv is None:
        raise ValueError(f"dataset=own needs a file: {HOW}.")
    try:
        return _prepared(p.csv, task, p.target, p.features, max_rows, p.seed)
    except BadParameterError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=8)
def _prepared(
    csv: str, task: Task, target: str | None, features: tuple[str, ...] | None, max_rows: int, seed: int
) -> OwnTable:
    return prepare(read(csv), task, target, features, max_rows, seed)


def own_cells(task: Task, max_rows: int = 20_000) -> Callable[[Mapping[str, Any]], str]:
    """For `Lab.notebook_data`: code that defines `own_rows()`, the rows of the run packed into the notebook."""

    def cell(parameters: Mapping[str, Any]) -> str:
        if not parameters.get("csv"):
            return ""
        features = parameters.get("features")
        table = _prepared(
            parameters["csv"],
            task,
            parameters.get("target"),
            tuple(features) if features else None,
            max_rows,
            parameters["seed"],
        )
        packed = io.BytesIO()
        np.save(packed, np.column_stack([table.X, table.y]))
        text = base64.b64encode(zlib.compress(packed.getvalue(), 9)).decode()
        lines = [text[at : at + 100] for at in range(0, len(text), 100)]
        listing = "\n".join(f'    "{line}"' for line in lines)
        return _CELL.format(
            title=table.title,
            target=table.target,
            names=list(table.names),
            classes=list(table.classes),
            rows=listing,
        )

    return cell


_CELL = '''import base64
import io
import zlib

# The rows of {title} as the lab used them, packed so that this notebook needs no other file.
own_names = {names}
own_target = {target!r}
own_classes = {classes}
OWN_PACKED = (
{rows}
)


def own_rows():
    """The features (N, D), with nan where a cell was missing, and the target (N,)."""
    table = np.load(io.BytesIO(zlib.decompress(base64.b64decode(OWN_PACKED))))
    return table[:, :-1], table[:, -1]'''
