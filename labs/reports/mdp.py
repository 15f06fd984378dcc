"""What a run in a small world says: headline, notes, findings, tables and charts, all from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labs.base import Finding, Table
from labs.cores.mdp_worlds import World

if TYPE_CHECKING:
    from labs.mdp import MdpParams

BOOK = "Sutton & Barto, 2nd ed., "
LAKE = "FrozenLake-v1 as in Gymnasium, solved exactly"
RANDOM_5X5 = (
    *((3.3, 8.8, 4.4, 5.3, 1.5), (1.5, 3.0, 2.3, 1.9, 0.5), (0.1, 0.7, 0.7, 0.4, -0.4)),
    *((-1.0, -0.4, -0.4, -0.6, -1.2), (-1.9, -1.3, -1.2, -1.4, -2.0)),
)
BEST_5X5 = (
    *((22.0, 24.4, 22.0, 19.4, 17.5), (19.8, 22.0, 19.8, 17.8, 16.0), (17.8, 19.8, 17.8, 16.0, 14.4)),
    *((16.0, 17.8, 16.0, 14.4, 13.0), (14.4, 16.0, 14.4, 13.0, 11.7)),
)
RANDOM_4X4 = ((0, -14, -20, -22), (-14, -18, -20, -20), (-20, -20, -18, -14), (-22, -20, -14, 0))
# (world, method, gamma) -> (source, the values row by row, or the value of the start alone)
PUBLISHED: dict[tuple[str, str, float], tuple[str, Any]] = {
    ("gridworld_5x5", "policy_evaluation", 0.9): (BOOK + "Example 3.5", RANDOM_5X5),
    ("gridworld_5x5", "value_iteration", 0.9): (BOOK + "Example 3.8", BEST_5X5),
    ("gridworld_5x5", "policy_iteration", 0.9): (BOOK + "Example 3.8", BEST_5X5),
    ("gridworld_4x4", "policy_evaluation", 1.0): (BOOK + "Example 4.1", RANDOM_4X4),
    ("cliff", "value_iteration", 1.0): (BOOK + "Example 6.6: 13 moves along the edge", -13.0),
    ("frozen_lake", "value_iteration", 1.0): (LAKE, 0.823529),
    ("frozen_lake", "value_iteration", 0.99): (LAKE, 0.542026),
    ("frozen_lake", "value_iteration", 0.9): (LAKE, 0.068891),
    ("gambler", "value_iteration", 1.0): (BOOK + "Example 4.3: staking all on one toss wins at 0.4", 0.4),
}
NAMES = {
    "gridworld_5x5": "the 5×5 grid",
    "gridworld_4x4": "the 4×4 grid",
    "cliff": "the cliff",
    "frozen_lake": "the frozen lake",
    "frozen_lake_8x8": "the 8×8 frozen lake",
    "gambler": "the gambler's problem",
}
METHODS = {
    "policy_evaluation": "Policy evaluation",
    "policy_iteration": "Policy iteration",
    "value_iteration": "Value iteration",
    "q_learning": "Q-learning",
    "sarsa": "Sarsa",
}


@dataclass
class Story:
    """One run, ready to be told. Adds the arrays of its charts to `series`."""

    p: MdpParams
    world: World
    metrics: Mapping[str, float]
    series: dict[str, np.ndarray]
    extra: dict[str, Any]

    def __post_init__(self) -> None:
        p = self.p
        self.learner = p.method in ("q_learning", "sarsa")
        self.name, self.method = NAMES[p.world], METHODS[p.method]
        self.converged = self.learner or self.extra["solution"].converged
        self.published = self._published()
        q, truth = self.series["action_values"], self.series["optimal_values"].ravel()
        everyone = np.arange(self.world.states)
        # is the greedy action one of the best ones? judged by the true values
        from labs.cores.mdp import action_values

        true_q = action_values(self.world, truth, p.gamma)
        inner = ~self.world.terminal
        right = true_q[everyone, self.extra["actions"]] >= true_q.max(axis=1) - 1e-6
        self.right = float(right[inner].mean())
        best = np.where(self.world.allowed, q, -np.inf)
        self.ties = best >= best.max(axis=1, keepdims=True) - 1e-6  # (S, A)
        if self.learner:
            reachable = inner & np.isin(
                everyone, [*self.world.starts, *self.world.following[:, inner].ravel()]
            )
            self.unvisited = float((self.series["visits"].ravel()[reachable] == 0).mean())

    def _published(self) -> str:
        """The source of the published values that this run reproduces, or ""."""
        found = PUBLISHED.get((self.p.world, self.p.method, self.p.gamma))
        if found is None or self.p.slip is not None or not self.converged:
            return ""
        source, table = found
        wanted = np.array(table, dtype=float)
        if wanted.size == 1:
            return source if abs(self.metrics["start_value"] - float(wanted)) < 1e-5 else ""
        return source if np.abs(self.series["values"] - wanted).max() <= 0.0501 else ""

    # ------------------------------------------------------------------------------------------ words

    def headline(self) -> str:
        value, p = self.metrics["start_value"], self.p
        if self.learner:
            true = float(self.series["optimal_values"].ravel()[self.world.start])
            return (
                f"{self.method} on {self.name}: after {p.episodes} episodes the start looks worth "
                f"{value:.3g}, "
                f"and is worth {true:.3g}"
            )
        if p.method == "policy_evaluation":
            return f"Moving at random, the start of {self.name} is worth {value:.3g} (γ = {p.gamma:g})"
        if p.world == "gambler":
            chance = "wins" if p.gamma == 1 else "is worth"
            return f"With 50 in hand the best gambler {chance} {value:.3g} (γ = {p.gamma:g})"
        return f"Played as well as can be, the start of {self.name} is worth {value:.3g} (γ = {p.gamma:g})"

    def notes(self) -> tuple[str, ...]:
        told = self._learner_notes() if self.learner else self._planner_notes()
        if self.published:
            told.insert(0, f"This matches {self.published}.")
        return tuple(told[:5])

    def _planner_notes(self) -> list[str]:
        p, m = self.p, self.metrics
        changes = self.series["change"]
        sweeps = len(changes)
        if p.method == "policy_iteration":
            told = [
                f"Policy iteration needed {m['iterations']:.0f} policies, and {sweeps} sweeps in all to "
                "evaluate them."
            ]
        else:
            told = [
                f"{self.method} stopped after {sweeps} sweeps, when no value changed by {p.theta:g} or "
                "more; the "
                f"Bellman equation still misses by {m['max_residual']:.1e} at worst."
            ]
        tail = changes[-12:]
        if p.method != "policy_iteration" and len(tail) > 10 and (tail > 0).all():
            rate = float((tail[-1] / tail[-11]) ** 0.1)
            if 0 < rate < 1:
                told.append(
                    f"At the end each sweep shrank the largest change to {rate:.1%} of the one before (γ = "
                    f"{p.gamma:g} is "
                    "the slowest that is possible), so one more digit costs "
                    f"{np.log(0.1) / np.log(rate):.0f} sweeps."
                )
        told.append(self._return_note())
        told += self._uncomfortable()
        return told

    def _return_note(self) -> str:
        m, cut = self.metrics, self.world.limit
        greedy_words = (
            "One greedy step on these values" if self.p.method == "policy_evaluation" else "Its greedy policy"
        )
        if self.p.world.startswith("frozen"):
            return (
                f"{greedy_words} reaches the goal in {m['return_greedy']:.1%} of walks of at most {cut} "
                "steps; moving at "
                f"random does in {self.extra['return_random']:.1%}."
            )
        if self.p.world == "gambler":
            return (
                f"From 50, {greedy_words[:1].lower() + greedy_words[1:]} wins {m['return_greedy']:.1%} of "
                "the games, "
                f"random stakes {self.extra['return_random']:.1%}."
            )
        return (
            f"{greedy_words} earns {m['return_greedy']:.4g} per episode of at most {cut} steps (not "
            "discounted); moving "
            f"at random earns {self.extra['return_random']:.4g}."
        )

    def _uncomfortable(self) -> list[str]:
        p, m = self.p, self.metrics
        if p.gamma == 0:
            return [
                "With γ = 0 a value is only the next reward: nothing spreads, and the policy is blind "
                "beyond one step."
            ]
        if p.method == "policy_evaluation" and self.right < 1:
            return [
                "These are the values of random moves, not of good ones: a greedy step on them is right in "
                "only "
                f"{self.right:.0%} of the states."
            ]
        if p.world == "gambler" and m["return_greedy"] < 0.5:
            return [
                f"Even perfect play loses {1 - m['return_greedy']:.0%} of the games: planning finds the "
                "best policy, not "
                "a winning one."
            ]
        if p.world.startswith("frozen") and m["return_greedy"] < 0.99:
            return [
                f"No policy can do much better: the ice decides, and {1 - self.extra['return_optimal']:.1%} "
                "of even the "
                "best walks end in a hole or out of time."
            ]
        if p.world == "gridworld_5x5":
            return [
                "The world never ends, so these numbers are made by γ as much as by the rewards: change γ "
                "and see."
            ]
        return []

    def _learner_notes(self) -> list[str]:
        p, m = self.p, self.metrics
        true = float(self.series["optimal_values"].ravel()[self.world.start])
        tail = min(100, p.episodes)
        told = [
            f"After {p.episodes} episodes {self.method} puts the start at {m['start_value']:.3g}; planning "
            "with the known "
            f"model gives {true:.3g}. Its greedy policy is right in {self.right:.0%} of the states.",
            f"While learning it earned {m['return_last_100']:.3g} per episode (last {tail}); its greedy "
            "policy, without "
            f"the random moves, earns {m['return_greedy']:.3g}, and the best policy "
            f"{self.extra['return_optimal']:.3g}.",
        ]
        if p.world == "cliff":
            falls = float(self.series["falls"][-tail:].mean())
            edge = any(25 <= state <= 34 for state in self.series["path"])
            path = "along the edge" if edge else "away from the edge"
            told.append(
                f"Its path runs {path}, and it still fell {falls:.2f} times per episode: "
                + (
                    "Q-learning counts on perfect moves later, and pays for the random ones meanwhile."
                    if p.method == "q_learning"
                    else "Sarsa counts its own random moves in, and so prefers room to slip."
                )
            )
        if self.unvisited > 0:
            told.append(
                f"It never set foot in {self.unvisited:.0%} of the states; their values are still the 0 it "
                "began with."
            )
        told.append("This is one agent with one seed: change the seed before trusting a small difference.")
        return told

    def findings(self) -> tuple[Finding, ...]:
        p, m, found = self.p, self.metrics, []
        if not self.converged:
            change = float(self.series["change"][-1])
            found.append(
                Finding(
                    "not converged",
                    f"After {len(self.series['change'])} sweeps values still change by {change:.2g} per "
                    "sweep, more than "
                    f"theta {p.theta:g}.",
                    "Lower gamma a little, or raise theta.",
                )
            )
        if not self.learner:
            return tuple(found)
        episodic = p.world != "gridworld_5x5"
        if p.world.startswith("frozen") and not self.series["returns"].any():
            found.append(
                Finding(
                    "never found the goal",
                    f"None of {p.episodes} episodes reached the goal, so there was nothing to learn from.",
                    "Try epsilon=0.5 or more episodes, or slip=0 first.",
                )
            )
        elif m["return_greedy"] < self.extra["return_optimal"] - 0.05 * max(
            1.0, abs(self.extra["return_optimal"])
        ):
            found.append(
                Finding(
                    "policy not the best",
                    f"The greedy policy earns {m['return_greedy']:.3g} per episode where "
                    f"{self.extra['return_optimal']:.3g} "
                    f"is possible.",
                    f"Try episodes={min(20_000, 10 * p.episodes)}.",
                )
            )
        end = int(self.series["path"][-1])
        if episodic and len(self.world.chance) == 1 and not self.world.terminal[end]:
            found.append(
                Finding(
                    "going in circles",
                    "From the start the greedy policy comes back to a cell after "
                    f"{len(self.series['path']) - 1} steps and "
                    "never ends.",
                    "Let it learn longer or explore more, so that the true costs of circling are felt.",
                )
            )
        if p.epsilon == 0 and self.unvisited > 0.2:
            found.append(
                Finding(
                    "an agent that never explored",
                    f"With epsilon 0 it left {self.unvisited:.0%} of the states unseen.",
                    "Try epsilon=0.1.",
                )
            )
        return tuple(found)

    def tables(self) -> tuple[Table, ...]:
        values = self.series["values"]
        if self.p.world == "gambler":
            rows = tuple(
                (s, round(float(values[0, s]), 4), int(self.extra["actions"][s]) + 1)
                for s in range(5, 100, 5)
            )
            return (Table("Value and stake", ("capital", "value", "stake (smallest best)"), rows),)
        columns = ("row", *(f"column {c + 1}" for c in range(self.world.columns)))
        body = tuple((r + 1, *(round(float(v), 4) for v in values[r])) for r in range(self.world.rows))
        return (Table("Values", columns, body),)
