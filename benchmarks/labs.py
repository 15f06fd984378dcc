"""Times the bandit and the regression lab against plain baselines, in the same process and the same run.

A ratio is how many times faster ours is than the baseline.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.rows import Row, within


def best_of(times: int, job: Callable[[], Any]) -> float:
    """The shortest of several timings, in seconds: what the code costs when nothing else disturbs it."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def bandit_loop(arms: int, steps: int, runs: int, epsilon: float) -> float:
    """The testbed as it is first written: run after run, step after step, a small array per run."""
    total = 0.0
    rng = np.random.default_rng(0)
    for _ in range(runs):
        q_true = rng.normal(size=arms)
        q, n = np.zeros(arms), np.zeros(arms)
        for _ in range(steps):
            arm = random.randrange(arms) if random.random() < epsilon else int(np.argmax(q))
            reward = rng.normal(q_true[arm])
            n[arm] += 1
            q[arm] += (reward - q[arm]) / n[arm]
            total += reward
    return total / (runs * steps)


def bandit_rows(baseline_runs: int = 40) -> list[Row]:
    from labs.registry import get_lab

    lab = get_lab("bandit")
    lab.execute({"runs": 20, "steps": 20})  # imports and first calls do not count
    ours = best_of(3, lambda: lab.execute({}))
    epsilons, runs = lab.params().epsilons, lab.params().runs
    plain = best_of(2, lambda: [bandit_loop(10, 1000, baseline_runs, epsilon) for epsilon in epsilons])
    scaled = plain * runs / baseline_runs
    return [
        Row(
            "bandit, defaults (10 arms, 2000 runs, 1000 steps, 3 epsilons)",
            ours,
            "s",
            f"plain per-step Python loop, {baseline_runs} runs scaled to {runs}: {scaled:.1f} s",
            scaled / ours,
            "at most 1.5 s, and at least 30 times faster",
            ours <= 1.5 and scaled >= 30 * ours,
        )
    ]


def regression_rows() -> list[Row]:
    from sklearn.linear_model import LinearRegression

    from labs.cores.regression import closed_form
    from labs.registry import get_lab

    lab = get_lab("regression")
    lab.execute({"dataset": "diabetes"})
    ours = best_of(3, lambda: lab.execute({}))
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5000, 50)), rng.standard_normal(5000)
    exact = best_of(5, lambda: closed_form(X, y))
    reference = best_of(5, lambda: LinearRegression().fit(X, y))
    return [
        within("regression, defaults", ours, 1),
        Row(
            "regression, closed form on 5000 rows of 50 columns",
            exact,
            "s",
            f"scikit-learn LinearRegression: {reference:.4f} s",
            reference / exact,
        ),
    ]


def drawing_rows() -> list[Row]:
    from labs.plotting import png_bytes
    from labs.registry import get_lab

    rows = []
    for lab_id in ("bandit", "regression"):
        result = get_lab(lab_id).execute({})
        png_bytes(result, result.charts[0])
        slowest = max(best_of(3, partial(png_bytes, result, chart)) for chart in result.charts)
        rows.append(within(f"{lab_id}, slowest figure drawn", slowest, 0.5))
    return rows


def measure() -> list[Row]:
    return [*bandit_rows(), *regression_rows(), *drawing_rows()]
