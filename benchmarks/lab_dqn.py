"""The deep Q-network: a run with the defaults, and whether it solved the task."""

from __future__ import annotations

import time

from benchmarks.rows import Row, within


def measure() -> list[Row]:
    from labs.dqn import LAB

    start = time.perf_counter()
    result = LAB.execute({})
    seconds, mean = time.perf_counter() - start, result.metrics["reward_mean_last_50"]
    return [
        within("dqn, defaults", seconds, 90),
        Row("dqn, mean of the last 50 episodes", mean, "steps", target="over 400", met=mean > 400),
    ]
