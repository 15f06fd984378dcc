"""Value iteration on a 50 x 50 grid against pymdptoolbox (or, where it is not installed, the plain
published algorithm).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Row, within

SIDE, GAMMA, TOLERANCE = 50, 0.99, 1e-6


def measure() -> list[Row]:
    """The same windy grid and the same accuracy for both, and a run of the lab with its defaults."""
    from labs.cores.mdp import value_iteration
    from labs.cores.mdp_worlds import grid_world
    from labs.mdp import LAB

    goal = SIDE * SIDE - 1
    world = grid_world("open grid", SIDE, SIDE, 0, terminal=(goal,), step=-1.0, slip=0.2)
    transitions = np.zeros((4, SIDE * SIDE, SIDE * SIDE))
    for k, state, action in np.ndindex(*world.following.shape):
        transitions[action, state, world.following[k, state, action]] += world.chance[k, state, action]
    values, name = _baseline(transitions, world.reward)
    slow, theirs = _timed(values, 1)
    fast, solution = _timed(lambda: value_iteration(world, GAMMA, TOLERANCE), 5)
    ours = solution.values
    if np.abs(theirs - ours).max() > 1e-3:
        raise RuntimeError("The two solvers disagree, so their times cannot be compared.")
    run, _ = _timed(lambda: LAB.execute({}), 3)
    return [
        Row(
            f"value iteration, {SIDE} x {SIDE} grid",
            fast * 1e3,
            "ms",
            f"{name}: {slow * 1e3:.4g} ms",
            slow / fast,
            "at least 10 times faster",
            slow >= 10 * fast,
        ),
        within("mdp, defaults", run, 1),
    ]


def _baseline(transitions: np.ndarray, reward: np.ndarray) -> tuple[Callable[[], np.ndarray], str]:
    """pymdptoolbox as its manual uses it, with transition matrices (A, S, S); or the same algorithm written
    out.
    """
    try:
        from mdptoolbox.mdp import ValueIteration
    except ImportError:

        def plain() -> np.ndarray:
            """Sweep with whole transition matrices, action by action: what pymdptoolbox does."""
            v = np.zeros(len(reward))
            while True:
                new = np.max([reward[:, a] + GAMMA * transitions[a] @ v for a in range(4)], axis=0)
                if np.abs(new - v).max() < TOLERANCE:
                    return new
                v = new

        return plain, "the plain algorithm on whole matrices (pymdptoolbox is not installed)"

    def toolbox() -> np.ndarray:
        solver = ValueIteration(transitions, reward, GAMMA, epsilon=TOLERANCE, max_iter=100_000)
        solver.run()
        return np.array(solver.V)

    return toolbox, "pymdptoolbox"


def _timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The median time of the rounds, and what the last one gave."""
    times, result = [], None
    for _round in range(rounds):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)), result
