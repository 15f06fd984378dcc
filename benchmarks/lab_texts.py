"""The labs that learn from text, with their defaults."""

from __future__ import annotations

import time

from benchmarks.rows import Row, within

LIMIT = 30.0  # seconds


def measure() -> list[Row]:
    """One run of each in this process, the imports done before."""
    from labs.registry import get_lab

    rows = []
    for lab_id in ("rnn", "language_model"):
        lab = get_lab(lab_id)
        lab.execute({"steps": 2})
        start = time.perf_counter()
        lab.execute({})
        seconds = time.perf_counter() - start
        rows.append(within(f"{lab_id}, defaults", seconds, LIMIT))
    return rows
