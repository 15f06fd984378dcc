"""Trading: a run with the defaults."""

from __future__ import annotations

import time

from benchmarks.rows import Row, within


def measure() -> list[Row]:
    """The prices are read in the first run; the second is what a student waits for in a warm worker."""
    from labs.trading import LAB

    times = []
    for _round in range(2):
        start = time.perf_counter()
        LAB.execute({})
        times.append(time.perf_counter() - start)
    names = ("trading, defaults, first run", "trading, defaults, warm")
    return [within(name, seconds, 3) for name, seconds in zip(names, times, strict=True)]
