"""Draw the diagrams of lecture 9 (the k-armed bandit): `python scripts/diagrams/lecture_09.py`.

The regret figure is a simulation of its own, small enough to read here; the `bandit` lab is the real one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

# True values of the ten arms in the picture, chosen for it; the lab draws them from a bell curve.
TRUE_VALUES = np.array([0.2, -0.8, 1.5, 0.4, 1.2, -1.4, -0.2, -1.0, 0.8, -0.5])


def testbed() -> Figure:
    figure, ax = axes(7.2, 3.9, x="arm", y="reward")
    heights = np.linspace(-3, 3, 121)
    bell = 0.4 * np.exp(-(heights**2) / 2)  # half-width of the drawn bell, in arm widths
    best = int(TRUE_VALUES.argmax())
    for arm, centre in enumerate(TRUE_VALUES):
        colour = GREEN if arm == best else BLUE
        ax.fill_betweenx(
            centre + heights, arm + 1 - bell, arm + 1 + bell, color=colour, alpha=0.45, linewidth=0
        )
        ax.hlines(centre, arm + 0.55, arm + 1.45, color=colour)
    ax.text(best + 1, TRUE_VALUES[best] + 3.2, "the best arm", ha="center", color=GREEN)
    ax.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_xticks(range(1, 11))
    ax.set_ylim(-4.6, 5.6)
    return figure


def regret_of(
    epsilon: Callable[[int], float], runs: int = 400, steps: int = 2000, arms: int = 10
) -> np.ndarray:
    """Mean regret after each step of epsilon-greedy, shape (steps,); ties go to the first arm."""
    rng = np.random.default_rng(9)
    row = np.arange(runs)
    true = rng.normal(size=(runs, arms))
    estimate, pulls = np.zeros((runs, arms)), np.zeros((runs, arms))
    total = np.zeros(steps)
    for t in range(steps):
        explore = rng.random(runs) < epsilon(t + 1)
        arm = np.where(explore, rng.integers(arms, size=runs), estimate.argmax(axis=1))
        reward = rng.normal(true[row, arm])
        pulls[row, arm] += 1
        estimate[row, arm] += (reward - estimate[row, arm]) / pulls[row, arm]
        total[t] = (true.max(axis=1) - true[row, arm]).mean()
    return total.cumsum()


def regret() -> Figure:
    figure, ax = axes(x="step", y="regret (mean of 400 runs)")
    for schedule, colour, name in (
        (lambda t: 0.0, RED, "epsilon 0"),
        (lambda t: 0.1, ORANGE, "epsilon 0.1"),
        (lambda t: min(1.0, 30 / t), BLUE, "decaying: 30/t, at most 1"),
    ):
        curve = regret_of(schedule)
        ax.plot(np.arange(1, curve.size + 1), curve, color=colour, label=name)
    ax.set(xlim=(0, 2000), ylim=(0, None))
    ax.legend(loc="upper left")
    return figure


DRAWINGS = {"testbed": testbed, "regret": regret}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_09" / "images"):
        print(written.name)
