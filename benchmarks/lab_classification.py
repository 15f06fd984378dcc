"""Classification: a run with the defaults, scikit-learn already imported as in a warm worker."""

from __future__ import annotations

import time

from benchmarks.rows import Row, within


def measure() -> list[Row]:
    """Seconds of a run with the defaults."""
    from labs.classification import LAB

    LAB.execute({"models": ["knn"]})  # imports
    start = time.perf_counter()
    LAB.execute({})
    seconds = time.perf_counter() - start
    return [within("classification, defaults", seconds, 3)]
