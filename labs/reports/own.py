"""What is said about a student's own table: what became of each column, and a column that gives the answer away."""

from __future__ import annotations

import numpy as np

from labs.base import Finding, Table
from labs.own_columns import OwnTable

GIVEAWAY = 0.999  # a correlation with the target above this is too good to be a feature


def own_columns_table(table: OwnTable) -> Table:
    return Table(f"What became of the columns of {table.title}", ("column", "kind", "use"), table.columns)


def own_remarks(table: OwnTable) -> list[str]:
    """One note: how large the table is and what had to be decided to use it."""
    left_out = [name for name, _, fate in table.columns if fate.startswith("left out")]
    said = (
        f"{table.title}: {len(table.y)} rows, {_count(len(table.names), 'feature')}, target {table.target}."
    )
    if left_out:
        said += f" Not used: {', '.join(left_out[:6])}{' and more' if len(left_out) > 6 else ''} (the table says why)."
    return [" ".join([said, *table.remarks[:4]])]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def giveaway(table: OwnTable) -> Finding | None:
    """Leakage: a feature that is the target again under another name. Only for a target of numbers."""
    complete = ~np.isnan(table.X).any(axis=1)
    if table.classes or complete.sum() < 10:
        return None
    X, y = table.X[complete], table.y[complete].astype(float)
    spread = X.std(axis=0) * y.std()
    together = ((X - X.mean(axis=0)) * (y - y.mean())[:, None]).mean(axis=0)
    r = np.divide(together, spread, where=spread > 0, out=np.zeros(len(spread)))
    best = int(np.abs(r).argmax())
    if abs(r[best]) < GIVEAWAY:
        return None
    name = table.names[best]
    return Finding(
        "leakage",
        f"The column {name} has a correlation of {r[best]:.4f} with the target {table.target}: it is almost the same "
        "number, and may only be known once the target is.",
        f"Ask whether you would know {name} before {table.target}; if not, leave it out of features.",
    )
