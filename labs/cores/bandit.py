"""The k-armed bandit testbed and six ways to play it. NumPy only.

Source: Sutton & Barto, Reinforcement Learning: An Introduction, 2nd ed., chapter 2 (sections 2.3-2.8);
Thompson sampling after Russo et al., A Tutorial on Thompson Sampling (2018), section 4; the decaying epsilon
after Auer, Cesa-Bianchi and Fischer (2002), theorem 3, with c/d² = 1.
Differs from the book: ties go to the lowest-numbered arm (the arms are in random order, so that favours
none), and every policy plays the very same testbed with the very same noise, which makes small differences
visible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Play:
    """What one policy did, averaged over the runs; every curve has shape (steps,)."""

    reward: np.ndarray  # mean reward
    error: np.ndarray  # standard error of that mean
    optimal: np.ndarray  # share of runs that pull the best arm
    shortfall: np.ndarray  # mean of q*(best arm) - q*(pulled arm): the regret of each step
    pulls: np.ndarray  # (runs, arms) how often each arm was pulled
    q: np.ndarray  # (runs, arms) estimates (preferences for "gradient") at the end
    q_true: np.ndarray  # (runs, arms) true values at the end
    best: float  # mean true value of the best arm at the end


def epsilon_greedy(q: np.ndarray, epsilon: float, rng: np.random.Generator) -> np.ndarray:
    """With chance epsilon any arm, else the arm with the highest estimate (section 2.2). (R, K) -> (R,)"""
    arm = q.argmax(axis=1)
    if epsilon == 0:
        return arm
    explorers = np.flatnonzero(rng.random(len(q)) < epsilon)
    arm[explorers] = rng.integers(q.shape[1], size=len(explorers))
    return arm


def ucb(q: np.ndarray, n: np.ndarray, t: int, c: float) -> np.ndarray:
    """The arm with the highest plausible value, equation 2.10; an arm never pulled comes first. (R, K) ->
    (R,)
    """
    bound = q + c * np.sqrt(np.log(t) / np.maximum(n, 1))
    return np.where(n == 0, np.inf, bound).argmax(axis=1)


def softmax(h: np.ndarray) -> np.ndarray:
    """Preferences to probabilities, equation 2.11; taking out the maximum keeps exp finite. (R, K)"""
    e = np.exp(h - h.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def thompson(q: np.ndarray, n: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a value for each arm from its posterior N(q, 1/n) and take the highest. (R, K) -> (R,)"""
    return (q + rng.standard_normal(q.shape) / np.sqrt(n)).argmax(axis=1)


def play(
    policy: str,
    arms: int,
    steps: int,
    runs: int,
    epsilon: float = 0.1,
    c: float = 2.0,
    step_size: float | None = None,
    initial_value: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
    on_step: Callable[[int], None] | None = None,
) -> Play:
    """Play `runs` bandits side by side: R = runs, K = arms, one vectorised step at a time (section 2.4).

    True values are drawn from N(0, 1), rewards from N(true value, 1). `on_step(t)` is called at every step.
    """
    # The testbed and the noise of the rewards are the same for every policy; the agent's own dice come last.
    world, luck, rng = np.random.default_rng(seed).spawn(3)
    q_true = world.standard_normal((runs, arms))  # (R, K)
    best_arm = q_true.argmax(axis=1)  # (R,)
    q = np.full(
        (runs, arms), float(initial_value)
    )  # (R, K) estimates; for "gradient", preferences start at 0
    n = np.zeros((runs, arms))  # (R, K) pulls so far
    baseline = np.zeros(runs)  # (R,) mean reward so far, for "gradient"
    if policy == "gradient":
        q[:] = 0.0
    if policy == "thompson":
        n[:] = 1.0  # a prior N(initial_value, 1) weighs as much as one pull
    q_flat, n_flat = q.reshape(-1), n.reshape(-1)  # (R K,) the same numbers, seen flat: fast to index
    first_cell = np.arange(runs) * arms  # where each run's row starts in them
    reward, square, optimal, shortfall = np.empty((4, steps))

    for t in range(1, steps + 1):
        if drift:  # a random walk of the true values (exercise 2.5)
            q_true += drift * world.standard_normal((runs, arms))
            best_arm = q_true.argmax(axis=1)

        if policy == "ucb":
            arm = ucb(q, n, t, c)
        elif policy == "thompson":
            arm = thompson(q, n, rng)
        elif policy == "gradient":
            pi = softmax(q)  # (R, K)
            arm = np.minimum((pi.cumsum(axis=1) < rng.random((runs, 1))).sum(axis=1), arms - 1)
        elif policy == "decaying_epsilon":
            arm = epsilon_greedy(q, min(1.0, arms / t), rng)
        else:  # "epsilon_greedy", and "optimistic", which is greedy from high first estimates (section 2.6)
            arm = epsilon_greedy(q, 0.0 if policy == "optimistic" else epsilon, rng)

        cell = first_cell + arm  # (R,) the pulled cells of the flat arrays
        value = q_true.take(cell)
        r = value + luck.standard_normal(runs)
        n_flat[cell] += 1
        if policy == "gradient":  # equation 2.12: H += alpha (R - mean R)(1[pulled] - pi)
            advantage = (step_size or 0.1) * (r - baseline)
            q -= advantage[:, None] * pi
            q_flat[cell] += advantage
            baseline += (r - baseline) / t
        else:  # equation 2.3: new = old + step (reward - old), with step 1/n for the sample average
            step = step_size if step_size and policy != "thompson" else 1 / n_flat[cell]
            q_flat[cell] += step * (r - q_flat[cell])

        reward[t - 1], square[t - 1] = r.mean(), r @ r / runs
        optimal[t - 1] = np.count_nonzero(arm == best_arm) / runs
        shortfall[t - 1] = (q_true.take(first_cell + best_arm) - value).mean()
        if on_step:
            on_step(t)

    error = np.sqrt(np.maximum(square - reward**2, 0) / runs)
    pulls = n - 1 if policy == "thompson" else n
    return Play(reward, error, optimal, shortfall, pulls, q, q_true, float(q_true.max(axis=1).mean()))
