"""The language_model lab with its defaults."""

from __future__ import annotations

import time
from typing import Any


def measure() -> list[dict[str, Any]]:
    """One run in this process, the imports done before."""
    from labs.language_model import LAB

    LAB.execute({"steps": 2})
    start = time.perf_counter()
    LAB.execute({})
    seconds = time.perf_counter() - start
    return [
        {
            "name": "language_model, defaults",
            "value": seconds,
            "unit": "s",
            "baseline": None,
            "ratio": None,
            "target": "30 s",
        }
    ]
