"""Trading: a run with the defaults."""

from __future__ import annotations

import time
from typing import Any


def measure() -> list[dict[str, Any]]:
    """The prices are read in the first run; the second is what a student waits for in a warm worker."""
    from labs.trading import LAB

    times = []
    for _round in range(2):
        start = time.perf_counter()
        LAB.execute({})
        times.append(time.perf_counter() - start)
    names = ("trading, defaults, first run", "trading, defaults, warm")
    return [
        {"name": name, "value": seconds, "unit": "s", "baseline": None, "ratio": None, "target": "3 s"}
        for name, seconds in zip(names, times, strict=True)
    ]
