"""A bandit that holds one stock a day, and the yardsticks that its result is held against.

Sources: the policies are those of Sutton & Barto, Reinforcement Learning, 2nd ed., chapter 2
(labs/cores/bandit.py); the Sharpe ratio after Sharpe, The Sharpe Ratio, Journal of Portfolio Management
(1994), with a riskless rate of 0; the p-value of a comparison with random strategies after Davison & Hinkley,
Bootstrap Methods (1997), equation 4.11.
No look-ahead: the stock of a day is chosen from the returns of the days before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from labs.cores.bandit import epsilon_greedy, softmax, thompson, ucb


def trade(
    returns: np.ndarray,
    policy: str = "epsilon_greedy",
    epsilon: float = 0.1,
    step_size: float | None = None,
    agents: int = 1,
    seed: Any = 0,
    on_day: Callable[[int], None] | None = None,
) -> np.ndarray:
    """The stock each agent holds on each day, (T, R), for daily returns (T, K); R agents learn side by side.

    The reward of a day is the return of the stock held on it, in per cent, which puts it on about the scale
    of the bandit testbed. An agent sees the returns of the stocks it holds, as a bandit does, and of no
    others.
    """
    days, stocks = returns.shape
    rng = np.random.default_rng(seed)
    reward = 100 * returns  # (T, K) in per cent
    q = 1e-9 * rng.standard_normal((agents, stocks))  # (R, K) estimates; specks, so that ties favour no stock
    n = np.zeros((agents, stocks))  # (R, K) days held
    baseline = np.zeros(agents)  # (R,) mean reward so far, for "gradient"
    if policy == "optimistic":
        q += 5.0
    if policy == "thompson":
        n += 1.0  # a prior that weighs as much as one day
    everyone = np.arange(agents)
    held = np.empty((days, agents), dtype=np.int16)
    for t in range(days):
        # the choice for day t: only rewards of the days 0 to t - 1 have gone into q and n
        if policy == "ucb":
            arm = ucb(q, n, t + 1, 2.0)
        elif policy == "thompson":
            arm = thompson(q, n, rng)
        elif policy == "gradient":
            pi = softmax(q)  # (R, K)
            arm = np.minimum((pi.cumsum(axis=1) < rng.random((agents, 1))).sum(axis=1), stocks - 1)
        elif policy == "decaying_epsilon":
            arm = epsilon_greedy(q, min(1.0, stocks / (t + 1)), rng)
        else:
            arm = epsilon_greedy(q, 0.0 if policy == "optimistic" else epsilon, rng)
        held[t] = arm

        # the market closes: the day's return is known, and is learnt from
        r = reward[t, arm]  # (R,)
        n[everyone, arm] += 1
        if policy == "gradient":  # Sutton & Barto, equation 2.12
            advantage = (step_size or 0.1) * (r - baseline)
            q -= advantage[:, None] * pi
            q[everyone, arm] += advantage
            baseline += (r - baseline) / (t + 1)
        else:  # equation 2.3
            step = step_size if step_size and policy != "thompson" else 1 / n[everyone, arm]
            q[everyone, arm] += step * (r - q[everyone, arm])
        if on_day:
            on_day(t)
    return held


def earned(returns: np.ndarray, held: np.ndarray, cost_bps: float = 0.0) -> np.ndarray:
    """Daily returns of holding `held` (T, R), after a cost on each day with a switch; the first purchase is
    free. (T, R)
    """
    gross = np.take_along_axis(returns, held, axis=1)  # (T, R)
    switched = np.zeros(held.shape, dtype=bool)
    switched[1:] = held[1:] != held[:-1]
    return (1 + gross) * (1 - cost_bps / 10_000 * switched) - 1


def wealth(daily: np.ndarray) -> np.ndarray:
    """What 1 grows to, day by day: the running product of 1 + return. (T, ...)"""
    return np.cumprod(1 + daily, axis=0)


def sharpe_ratio(daily: np.ndarray) -> float:
    """Mean over standard deviation of the daily returns (T,), times √252 for a year; the riskless rate
    counts as 0.
    """
    spread = float(daily.std(ddof=1))
    return float(daily.mean() / spread * np.sqrt(252)) if spread > 0 else 0.0


def drawdown(path: np.ndarray) -> np.ndarray:
    """How far wealth (T,) is below its highest value so far, counting from the 1 it began with: 0.25 is a
    quarter lost.
    """
    return 1 - path / np.maximum(np.maximum.accumulate(path), 1.0)


def random_traders(
    returns: np.ndarray, traders: int, cost_bps: float, rng: np.random.Generator
) -> np.ndarray:
    """Wealth of traders who hold any stock on any day, each as likely. (T, traders)"""
    days, stocks = returns.shape
    held = rng.integers(stocks, size=(days, traders))
    return wealth(earned(returns, held, cost_bps))


def p_value(own: float, others: np.ndarray) -> float:
    """The chance to do at least this well without skill: (1 + number as good) / (1 + number)."""
    return float((1 + np.count_nonzero(others >= own)) / (1 + len(others)))
