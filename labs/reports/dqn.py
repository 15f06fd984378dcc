"""What a run of the deep Q-network says: headline, notes, findings and charts, all from its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.charts import Chart, Heatmap, Line, Panel, Rule, Scatter
from labs.cores.dqn import Episode, Training, as_input, reward_scale

if TYPE_CHECKING:
    from labs.dqn import DqnParams

TAU, FALL = 0.02, 12.0  # seconds per step; degrees


def tell(
    p: DqnParams,
    training: Training,
    metrics: dict[str, float],
    test: Episode,
    blind: Episode,
    q: Callable[[np.ndarray], np.ndarray],
) -> LabResult:
    """The finished result of one run."""
    from labs.dqn import discounted, means

    lengths = training.lengths
    window = min(50, len(lengths))
    angles, spins = np.linspace(6, -6, 13), np.linspace(-1.2, 1.2, 13)  # degrees (rows), rad/s (columns)
    grid = np.array(
        [[(0.0, 0.0, math.radians(angle), spin) for spin in spins] for angle in angles]
    )  # (13, 13, 4)
    values = q(as_input(grid))  # (13, 13, 2)
    series = {
        "episode": np.arange(1, len(lengths) + 1),
        "length": lengths,
        "episode_mean": np.arange(window, len(lengths) + 1),
        "mean_50": means(lengths),
        "epsilon": training.epsilons,
        "predicted": training.predicted,
        "achieved": discounted(lengths, p.gamma),
        "loss": training.losses,
        "test_time": TAU * np.arange(len(test.states)),
        "test_angle": np.degrees([state[2] for state in test.states]),
        "test_position": np.array([state[0] for state in test.states]),
        "blind_time": TAU * np.arange(len(blind.states)),
        "blind_angle": np.degrees([state[2] for state in blind.states]),
        "blind_position": np.array([state[0] for state in blind.states]),
        "preference": (values[..., 1] - values[..., 0]) / reward_scale(p.gamma),
    }
    return LabResult(
        lab="dqn",
        title=headline(p, metrics),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=charts(p, training, metrics, test, blind, angles, spins),
        series=series,
        tables=(
            Table(
                "Learning, in pieces of 25 episodes",
                ("episodes", "mean steps", "ε at the end"),
                _pieces(training),
            ),
        ),
        notes=notes(p, training, metrics, series),
        findings=findings(p, training, metrics, series),
    )


def _name(p: DqnParams) -> str:
    return "Double DQN" if p.double else "DQN"


def headline(p: DqnParams, m: Mapping[str, float]) -> str:
    last = min(50, p.episodes)
    if m["episodes_to_solve"] == m["episodes_to_solve"]:
        return (
            f"{_name(p)} balances the pole for {m['reward_mean_last_50']:.0f} of 500 steps (last {last} "
            "episodes), solved "
            f"after {m['episodes_to_solve']:.0f}"
        )
    mean = m["reward_mean_last_50"]
    return f"{_name(p)} balances the pole for {mean:.0f} of 500 steps (last {last} episodes): not solved"


def _pieces(training: Training) -> tuple[tuple[str, float, float], ...]:
    rows = []
    for first in range(0, len(training.lengths), 25):
        piece = training.lengths[first : first + 25]
        epsilon = training.epsilons[first : first + 25][-1]
        rows.append(
            (f"{first + 1} to {first + len(piece)}", round(float(piece.mean()), 1), round(float(epsilon), 4))
        )
    return tuple(rows)


def notes(
    p: DqnParams, training: Training, m: Mapping[str, float], series: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    lengths, told = training.lengths, []
    first = lengths[: min(25, len(lengths))].mean()
    told.append(
        f"The first {min(25, len(lengths))} episodes lasted {first:.0f} steps on average ({TAU * first:.1f} "
        "s), the last "
        f"{min(50, len(lengths))} lasted {m['reward_mean_last_50']:.0f} "
        f"({TAU * m['reward_mean_last_50']:.1f} s of a "
        "possible 10)."
    )
    idle = ~training.learnt[min(10, len(lengths)) :]
    if p.pause and idle.any():
        first_pause = int(np.flatnonzero(idle)[0]) + min(10, len(lengths)) + 1
        told.append(
            f"It learnt after {training.learnt.sum()} of the {len(lengths)} episodes, and was left alone "
            "after the other "
            f"{idle.sum()}, first after episode {first_pause}, since the ten before averaged 475 or more. "
            "Learning on can "
            "make it forget: try pause=false."
        )
    told.append(
        f"Without random pushes the final network balances for {m['reward_test']:.0f} steps (20 new games); "
        "in training the "
        f"chance of one was still {training.epsilons[-1]:.0%} at the end."
    )
    gap = m["value_predicted"] - m["value_real"]
    told.append(
        f"In the last episode it expected {m['value_predicted']:.1f} discounted steps and got "
        f"{m['value_real']:.1f}: "
        + (
            "about right."
            if abs(gap) < 0.1 * max(m["value_real"], 1)
            else "too hopeful."
            if gap > 0
            else "too gloomy, since most of its memories are of falls."
        )
    )
    told.append("Deep Q-learning depends on luck: another seed can take twice as long, or never solve it.")
    return tuple(told[:5])


def findings(
    p: DqnParams, training: Training, m: Mapping[str, float], series: Mapping[str, np.ndarray]
) -> tuple[Finding, ...]:
    found, mean = [], series["mean_50"]
    if p.epsilon_decay < 0.7 and m["reward_mean_last_50"] < 400:
        found.append(
            Finding(
                "an agent that hardly explored",
                (
                    f"epsilon fell below 0.05 after {math.ceil(math.log(0.05) / math.log(p.epsilon_decay))} "
                    "episodes."
                ),
                "Try epsilon_decay=0.98.",
            )
        )
    if training.epsilons[-1] > 0.2:
        found.append(
            Finding(
                "still exploring",
                f"{training.epsilons[-1]:.0%} of the pushes were random to the end, so the score says "
                "little about the "
                f"network: without them it balances for {m['reward_test']:.0f} steps.",
                "Try epsilon_decay=0.98 or more episodes.",
            )
        )
    if len(mean) > 1 and mean.max() - mean[-1] > 0.25 * mean.max():
        found.append(
            Finding(
                "forgetting",
                f"The mean of 50 episodes was {mean.max():.0f} and fell back to {mean[-1]:.0f}.",
                "Try learning_rate=0.0005, or pause=true.",
            )
        )
    if m["value_predicted"] > 1.25 * m["value_real"] + 1:
        found.append(
            Finding(
                "overestimation",
                f"It expects {m['value_predicted']:.1f} discounted steps and gets {m['value_real']:.1f}.",
                "Try double=true, or a larger n_step." if not p.double else "Try a smaller learning rate.",
            )
        )
    if p.episodes >= 100 and math.isnan(m["episodes_to_solve"]):
        found.append(
            Finding(
                "not solved",
                f"No 50 episodes in a row averaged over 400; the best 50 averaged {m['reward_best_50']:.0f}.",
                "Try another seed first, then n_step=20 and learning_rate=0.001.",
            )
        )
    return tuple(found)


def charts(
    p: DqnParams,
    training: Training,
    m: Mapping[str, float],
    test: Episode,
    blind: Episode,
    angles: np.ndarray,
    spins: np.ndarray,
) -> tuple[Chart, ...]:
    idle = np.flatnonzero(~training.learnt[10:])
    stop = (Rule(float(idle[0]) + 11, "x", "first pause"),) if p.pause and len(idle) else ()
    learning = Chart(
        "learning",
        headline(p, m),
        (
            Panel(
                "",
                "steps balanced",
                (
                    Scatter("episode", "length", tone="muted", size=8),
                    Line("episode_mean", "mean_50", "mean of 50", tone=0),
                    Rule(400, label="solved"),
                    *stop,
                ),
                y_range=(0, 580),
            ),
            Panel(
                "episode", "chance of a random push", (Line("episode", "epsilon", "ε", tone=1),), percent=True
            ),
        ),
    )
    balance = Chart(
        "balance",
        f"After training it balances for {TAU * len(test):.1f} s, blind pushes for {TAU * len(blind):.1f} s",
        (
            Panel(
                "",
                "angle of the pole (degrees)",
                (
                    Line("blind_time", "blind_angle", "blind", tone=1),
                    Line("test_time", "test_angle", "trained", tone=0),
                    Rule(FALL, label="falls"),
                    Rule(-FALL, label="falls"),
                ),
            ),
            Panel(
                "time (s)",
                "position of the cart (m)",
                (
                    Line("blind_time", "blind_position", "blind", tone=1),
                    Line("test_time", "test_position", "trained", tone=0),
                ),
            ),
        ),
        overlay="panels",
    )
    gap = m["value_predicted"] - m["value_real"]
    close = abs(gap) < 0.1 * max(m["value_real"], 1)
    values = Chart(
        "values",
        f"It expects {m['value_predicted']:.0f} discounted steps and gets {m['value_real']:.0f}"
        + (": about right" if close else ": too hopeful" if gap > 0 else ": too gloomy"),
        (
            Panel(
                "episode",
                "value of the start (discounted steps)",
                (
                    Scatter("episode", "achieved", "what the episode was worth", tone="muted", size=8),
                    Line("episode", "predicted", "expected", tone=0),
                    *stop,
                ),
            ),
        ),
    )
    policy = Chart(
        "policy",
        "Which way it pushes, with the cart at rest in the middle (red: right, blue: left)",
        (
            Panel(
                "angular velocity of the pole (rad/s; + is falling to the right)",
                "angle of the pole (degrees)",
                (
                    Heatmap(
                        "preference",
                        tuple(f"{spin:.1f}" for spin in spins),
                        tuple(f"{angle:+.0f}" for angle in angles),
                        diverging=True,
                        colour_label="right minus left (discounted steps)",
                    ),
                ),
            ),
        ),
        overlay="panels",
    )
    return learning, balance, values, policy
