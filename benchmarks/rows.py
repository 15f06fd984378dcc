"""One measured line, and the table of them."""

from __future__ import annotations

import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """`value` in `unit`; `baseline` says what it is compared with and `ratio` how the two stand to each other.

    `target` is a sentence such as "at most 5 s"; `met` is None where there is no target.
    """

    name: str
    value: float
    unit: str
    baseline: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


def within(name: str, taken: float, limit: float) -> Row:
    """What took `taken` seconds and may take `limit`."""
    return Row(name, taken, "s", target=f"at most {limit:g} s", met=taken <= limit)


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_seconds(work: Callable[[], Any], times: int) -> float:
    return statistics.median(seconds(work) for _ in range(times))


def table(rows: Iterable[Row]) -> str:
    lines = ["| what | measured | against | ratio | target | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        met = "" if row.met is None else ("yes" if row.met else "**no**")
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        lines.append(
            f"| {row.name} | {row.value:.3g} {row.unit} | {row.baseline} | {ratio} | {row.target} | {met} |"
        )
    return "\n".join(lines)


def peak_megabytes() -> float:
    """Most memory that this process has held at once, in MiB.

    On Linux not what `getrusage` says: that counts in what the parent held when it started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        held = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if held is not None:
            return int(held[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
