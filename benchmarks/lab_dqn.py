"""The deep Q-network: a run with the defaults, and whether it solved the task."""

from __future__ import annotations

import time
from typing import Any


def measure() -> list[dict[str, Any]]:
    from labs.dqn import LAB

    start = time.perf_counter()
    result = LAB.execute({})
    seconds, mean = time.perf_counter() - start, result.metrics["reward_mean_last_50"]
    return [
        {"name": "dqn, defaults", "value": seconds, "unit": "s", "baseline": None, "ratio": None,
         "target": "90 s"},
        {"name": "dqn, mean of the last 50 episodes", "value": mean, "unit": "steps",
         "baseline": None, "ratio": None, "target": "over 400"},
    ]  # fmt: skip
