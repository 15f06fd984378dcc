"""Times the bandit and the regression lab against plain baselines, in the same process and the same run.

`measure()` returns one row per number: {name, value, unit, baseline, ratio, target}. `ratio` is how many
times faster than the baseline; `target` says what is asked for. `python -m benchmarks.labs` prints the rows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np


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


def bandit_rows(baseline_runs: int = 40) -> list[dict[str, Any]]:
    from labs.registry import get_lab

    lab = get_lab("bandit")
    lab.execute({"runs": 20, "steps": 20})  # imports and first calls do not count
    ours = best_of(3, lambda: lab.execute({}))
    epsilons, runs = lab.params().epsilons, lab.params().runs
    plain = best_of(2, lambda: [bandit_loop(10, 1000, baseline_runs, epsilon) for epsilon in epsilons])
    scaled = plain * runs / baseline_runs
    return [
        {
            "name": "bandit, defaults (10 arms, 2000 runs, 1000 steps, 3 epsilons)",
            "value": ours,
            "unit": "s",
            "baseline": f"plain per-step Python loop, {baseline_runs} runs scaled to {runs}: {scaled:.1f} s",
            "ratio": scaled / ours,
            "target": "at most 1.5 s, and at least 30 times faster",
        }
    ]


def regression_rows() -> list[dict[str, Any]]:
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
        {
            "name": "regression, defaults",
            "value": ours,
            "unit": "s",
            "baseline": None,
            "ratio": None,
            "target": "at most 1 s",
        },
        {
            "name": "regression, closed form on 5000 rows of 50 columns",
            "value": exact,
            "unit": "s",
            "baseline": f"scikit-learn LinearRegression: {reference:.4f} s",
            "ratio": reference / exact,
            "target": None,
        },
    ]


def drawing_rows() -> list[dict[str, Any]]:
    from labs.plotting import png_bytes
    from labs.registry import get_lab

    rows = []
    for lab_id in ("bandit", "regression"):
        result = get_lab(lab_id).execute({})
        png_bytes(result, result.charts[0])
        slowest = max(best_of(3, partial(png_bytes, result, chart)) for chart in result.charts)
        rows.append(
            {
                "name": f"{lab_id}, slowest figure drawn",
                "value": slowest,
                "unit": "s",
                "baseline": None,
                "ratio": None,
                "target": "under 0.5 s",
            }
        )
    return rows


def measure() -> list[dict[str, Any]]:
    return [*bandit_rows(), *regression_rows(), *drawing_rows()]


if __name__ == "__main__":
    for row in measure():
        ratio = f"  ({row['ratio']:.1f} x: {row['baseline']})" if row["ratio"] else ""
        print(f"{row['name']}: {row['value']:.3f} {row['unit']}{ratio}; target: {row['target']}")
