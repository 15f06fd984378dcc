"""A finished lab run as files that a student can take along: its curves as CSV, its steps as a notebook."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

from labs.base import LabResult
from labs.charts import chart_keys
from labs.notebook import to_notebook

WIDEST = 64  # columns that a table of numbers (a map, a grid) may have in a CSV


def curves_csv(result: LabResult) -> str:
    """Every series behind the charts of a run, a column each; shorter ones end in empty cells.

    A grid of numbers takes a column for each of its columns; larger things (pictures, fine maps) are left out.
    """
    keys = sorted(set().union(*(chart_keys(chart) for chart in result.charts))) if result.charts else []
    columns: list[tuple[str, np.ndarray]] = []
    for key in keys:
        values = np.asarray(result.series[key])
        if values.ndim == 1:
            columns.append((key, values))
        elif values.ndim == 2 and values.shape[1] <= WIDEST:
            columns += [(f"{key} ({i + 1})", values[:, i]) for i in range(values.shape[1])]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    for row in range(max((len(values) for _, values in columns), default=0)):
        writer.writerow([_cell(values[row]) if row < len(values) else "" for _, values in columns])
    return out.getvalue()


def notebook_json(result: LabResult) -> str:
    """The run as the text of a notebook file."""
    return json.dumps(to_notebook(result), indent=1, ensure_ascii=False) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.7g}" if np.isfinite(value) else ""
    return str(value)
