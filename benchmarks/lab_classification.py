"""Classification: a run with the defaults, scikit-learn already imported as in a warm worker."""

from __future__ import annotations

import time
from typing import Any


def measure() -> list[dict[str, Any]]:
    """Seconds of a run with the defaults."""
    from labs.classification import LAB

    LAB.execute({"models": ["knn"]})  # imports
    start = time.perf_counter()
    LAB.execute({})
    seconds = time.perf_counter() - start
    return [
        {
            "name": "classification, defaults",
            "value": seconds,
            "unit": "s",
            "baseline": None,
            "ratio": None,
            "target": "3 s",
        }
    ]
