"""Grid worlds and the gambler: planning with a known model, and learning without one (lecture 10).

Source: Sutton & Barto, Reinforcement Learning: An Introduction, 2nd ed., chapters 3, 4 and 6. The worlds are
in labs/cores/mdp_worlds.py, the algorithms in labs/cores/mdp.py, the words and figures in labs/reports/mdp.py.
Differs from the book: learning in gridworld_5x5, which never ends, goes in episodes of 100 steps from random
cells.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from labs.base import Check, Context, Lab, LabParams, LabResult, Metric
from labs.cores.mdp import (
    action_values,
    best_moves,
    expected_return,
    greedy,
    policy_evaluation,
    policy_iteration,
    random_policy,
    td_control,
    value_iteration,
    walk,
)
from labs.cores.mdp_worlds import World, make_world
from labs.fields import param

WorldName = Literal["gridworld_5x5", "gridworld_4x4", "cliff", "frozen_lake", "frozen_lake_8x8", "gambler"]
Method = Literal["policy_evaluation", "policy_iteration", "value_iteration", "q_learning", "sarsa"]
LEARNERS = ("q_learning", "sarsa")


class MdpParams(LabParams):
    world: WorldName = param(
        "gridworld_5x5",
        (
            "The world: a grid with two special cells, a small maze of -1 moves, a cliff, icy lakes, or a "
            "gambler's coin."
        ),
        synonyms=("environment", "env", "grid", "map", "problem"),
        choice_synonyms={
            "gridworld_5x5": (
                "5x5 gridworld",
                "5x5",
                "5x5 grid",
                "5x5 world",
                "gridworld 5x5",
                "5 by 5",
                "big grid",
            ),
            "gridworld_4x4": (
                "4x4 gridworld",
                "4x4",
                "4x4 grid",
                "4x4 world",
                "gridworld 4x4",
                "4 by 4",
                "small grid",
            ),
            "cliff": ("cliff walking", "cliff walk", "cliff world", "cliffwalking", "the cliff"),
            "frozen_lake": (
                "frozen lake",
                "frozenlake",
                "frozen lake 4x4",
                "4x4 frozen lake",
                "icy lake",
                "lake",
            ),
            "frozen_lake_8x8": (
                *(
                    "frozen lake 8x8",
                    "frozenlake8x8",
                    "8x8 frozen lake",
                    "8x8",
                    "big frozen lake",
                    "8x8 lake",
                ),
                *("large frozen lake",),
            ),
            "gambler": (
                "gambler's problem",
                "gamblers problem",
                "gambler problem",
                "gambling problem",
                "gambling",
            ),
        },
    )
    method: Method = param(
        "value_iteration",
        "How it is solved: planning from the known model, or learning from episodes (q_learning, sarsa).",
        synonyms=("algorithm", "solver", "approach"),
        choice_synonyms={
            "policy_evaluation": (
                *(
                    "policy evaluation",
                    "iterative policy evaluation",
                    "evaluate the random policy",
                    "random policy",
                ),
                *("prediction",),
            ),
            "policy_iteration": ("policy iteration", "policy improvement", "howard"),
            "value_iteration": ("value iteration", "vi"),
            "q_learning": ("q learning", "q-learning", "tabular q learning", "off policy"),
            "sarsa": ("on policy td control", "on policy", "sarsa(0)"),
        },
    )
    gamma: float = param(
        0.9,
        "Discount: what a reward one step later is worth now.",
        synonyms=("discount", "discount factor", "discount rate", "discounting", "γ"),
        ge=0,
        le=1,
    )
    theta: float = param(
        1e-8,
        "Planning stops when no value changes by this much in a sweep.",
        synonyms=("tolerance", "threshold", "stopping threshold", "convergence threshold", "θ", "precision"),
        scale="log",
        ge=1e-12,
        le=10,
    )
    episodes: int = param(
        500,
        "Episodes that q_learning and sarsa learn from.",
        synonyms=("episode", "games", "rounds", "training episodes"),
        scale="log",
        ge=1,
        le=20_000,
    )
    alpha: float = param(
        0.1,
        "Step size of q_learning and sarsa.",
        synonyms=("learning rate", "lr", "eta", "step length", "learn rate", "step size", "α"),
        scale="log",
        gt=0,
        le=1,
    )
    epsilon: float = param(
        0.1,
        "Chance of a random move while learning.",
        synonyms=(
            *("eps", "ε", "exploration rate", "exploration", "explore", "chance of exploring", "exploring"),
            *("exploration probability", "random actions", "explores"),
        ),
        ge=0,
        le=1,
    )
    slip: float | None = param(
        None,
        (
            "Chance that a move turns to one of its two sides; none means 2/3 on the frozen lakes and 0 "
            "elsewhere."
        ),
        synonyms=(
            *(
                "slip probability",
                "slipperiness",
                "slipping",
                "chance of slipping",
                "slippery",
                "slips",
                "slip chance",
            ),
            *("is_slippery", "wind"),
        ),
        choice_synonyms={
            "0": ("not slippery", "isn't slippery", "non slippery", "no slipping", "no slip", "deterministic")
        },
        ge=0,
        le=1,
    )

    @model_validator(mode="after")
    def _can_be_solved(self) -> MdpParams:
        if self.world == "gridworld_5x5" and self.gamma == 1:
            raise ValueError(
                "gamma=1 does not fit gridworld_5x5: it never ends, so undiscounted values grow without "
                "bound; "
                "try gamma=0.99, or world=gridworld_4x4, which ends."
            )
        if self.world == "gambler" and self.slip is not None:
            raise ValueError(
                "slip does not fit the gambler world, where nothing moves on a grid; leave slip out."
            )
        return self


def run(p: MdpParams, context: Context) -> LabResult:
    """Solve the world by the chosen method; then see, exactly, what its greedy policy is worth."""
    from labs.reports.mdp import Story
    from labs.reports.mdp_charts import charts

    world = make_world(p.world, p.slip)
    series: dict[str, np.ndarray]
    metrics: dict[str, float]
    if p.method in LEARNERS:
        metrics, series, extra = learn(p, world, context)
    else:
        metrics, series, extra = plan(p, world, context)
    q, values = series["action_values"], series["values"].ravel()
    actions = extra["actions"]
    best = value_iteration(world, p.gamma, min(p.theta, 1e-8)) if p.method != "value_iteration" else None
    truth = values if best is None else best.values
    series["optimal_values"] = truth.reshape(world.rows, world.columns)
    extra["return_random"] = expected_return(world, random_policy(world))
    extra["return_optimal"] = expected_return(
        world, np.eye(q.shape[1])[best_moves(world, action_values(world, truth, p.gamma), p.gamma)]
    )
    metrics["return_greedy"] = expected_return(world, np.eye(q.shape[1])[actions])
    series["path"] = np.array(walk(world, actions, p.seed))
    story = Story(p, world, metrics, series, extra)
    return LabResult(
        lab="mdp",
        title=story.headline(),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=charts(story),
        series=series,
        tables=story.tables(),
        notes=story.notes(),
        findings=story.findings(),
    )


def plan(
    p: MdpParams, world: World, context: Context
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, Any]]:
    """Dynamic programming with the known model: evaluation of the random policy, or either way to the best
    one.
    """

    def on_sweep(sweep: int, change: float) -> None:
        done = (
            np.log(change / start[0]) / np.log(p.theta / start[0]) if change > p.theta and start[0] else 1.0
        )
        context.report(float(np.clip(done, 0, 1)), f"sweep {sweep}: largest change {change:.2g}")

    start = [max(float(np.abs(world.reward).max()), 2 * p.theta)]
    context.report(0.0, f"{world.states} states")
    if p.method == "policy_evaluation":
        solution = policy_evaluation(world, random_policy(world), p.gamma, p.theta, None, on_sweep)
    elif p.method == "policy_iteration":
        solution = policy_iteration(world, p.gamma, p.theta, on_sweep)
    else:
        solution = value_iteration(world, p.gamma, p.theta, on_sweep)
    v = solution.values
    q = action_values(world, v, p.gamma)
    backup = (random_policy(world) * q).sum(axis=1) if p.method == "policy_evaluation" else q.max(axis=1)
    rounds = len(solution.improvements) if p.method == "policy_iteration" else len(solution.changes)
    metrics = {
        "iterations": float(rounds),
        "start_value": float(v[world.start]),
        "max_residual": float(np.abs(v - backup).max()),
    }
    shape = (world.rows, world.columns)
    series = {"values": v.reshape(shape), "action_values": q, "change": np.array(solution.changes)}
    series["sweep"] = np.arange(1, len(solution.changes) + 1)
    series |= {f"after_{sweep}": found.reshape(shape) for sweep, found in solution.snapshots.items()}
    return metrics, series, {"actions": best_moves(world, q, p.gamma), "solution": solution}


def learn(
    p: MdpParams, world: World, context: Context
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, Any]]:
    """Temporal-difference learning from episodes: Q-learning or Sarsa, which never look at the model."""

    def on_episode(episode: int) -> None:
        context.report(episode / p.episodes, f"episode {episode} of {p.episodes}")

    context.report(0.0, f"{world.states} states")
    learned = td_control(
        world, p.method == "sarsa", p.gamma, p.episodes, p.alpha, p.epsilon, p.seed, on_episode
    )
    q = np.where(world.allowed, learned.q, -np.inf)  # (S, A)
    v = np.where(world.terminal, 0.0, q.max(axis=1))  # (S,)
    backup = np.where(world.allowed, action_values(world, v, p.gamma), -np.inf).max(axis=1)
    tail = slice(-min(100, p.episodes), None)
    metrics = {
        "iterations": float(p.episodes),
        "start_value": float(v[world.start]),
        "max_residual": float(np.abs(v - backup).max()),
        "return_last_100": float(learned.returns[tail].mean()),
    }
    series = {
        "values": v.reshape(world.rows, world.columns),
        "action_values": learned.q,
        "episode": np.arange(1, p.episodes + 1),
        "returns": learned.returns,
        "lengths": learned.lengths,
        "start_values": learned.start_values,
        "visits": learned.visits.reshape(world.rows, world.columns),
        "falls": learned.falls,
    }
    return metrics, series, {"actions": greedy(q, tie=0.0)}


def cost(p: MdpParams) -> float:
    """Estimated seconds: planning is cheap; learning pays for each step of each episode."""
    if p.method not in LEARNERS:
        return 0.5
    typical = {"gridworld_5x5": 100, "gridworld_4x4": 20, "cliff": 60, "gambler": 60}.get(p.world, 60)
    longest = make_world(p.world).limit
    return 0.5 + p.episodes * 6e-6 * (typical + (longest - typical) * p.epsilon)


def verify() -> tuple[Check, ...]:
    """The book's tables, FrozenLake's known values, and the closed form of the gambler's problem."""
    from labs.reports.mdp import PUBLISHED

    checks = []
    for (world, method, gamma), (source, table) in PUBLISHED.items():
        result = run(MdpParams(world=world, method=method, gamma=gamma), Context())  # type: ignore[arg-type]
        wanted = np.array(table, dtype=float)
        if wanted.size == 1:
            checks.append(
                Check(f"{world}, {method}: start", source, float(wanted), result.metrics["start_value"], 1e-5)
            )
            continue
        gap = np.abs(result.series["values"] - wanted)
        row, column = np.unravel_index(gap.argmax(), gap.shape)
        found, wanted_there = float(result.series["values"][row, column]), float(wanted[row, column])
        name = f"{world}, {method}: the worst of {wanted.size} values"
        checks.append(Check(name, source, wanted_there, found, 0.0501))
    values = run(MdpParams(world="gambler", gamma=1.0), Context()).series["values"].ravel()
    worst = max(range(1, 100), key=lambda s: abs(values[s] - bold_play(s / 100)))
    source = "Sutton & Barto, Example 4.3; bold play, Dubins & Savage (1965)"
    checks.append(
        Check(
            f"gambler, capital {worst} (the worst of 99)", source, bold_play(worst / 100), values[worst], 1e-6
        )
    )
    return tuple(checks)


def bold_play(share: float, heads: float = 0.4, depth: int = 60) -> float:
    """The chance to win from this share of the goal when one always stakes all that helps (closed form, by
    halves).
    """
    if share <= 0 or share >= 1 or depth == 0:
        return float(share >= 1)
    if share < 0.5:
        return heads * bold_play(2 * share, heads, depth - 1)
    return heads + (1 - heads) * bold_play(2 * share - 1, heads, depth - 1)


METRICS = {
    "iterations": Metric(
        "iterations", "sweeps of planning, policies of policy iteration, or episodes of learning"
    ),
    "start_value": Metric(
        "value of the start", "the discounted reward to expect from there", "reward", "higher"
    ),
    "max_residual": Metric(
        "Bellman residual",
        "how far the values are, at worst, from satisfying the Bellman equation",
        "reward",
        "lower",
    ),
    "return_greedy": Metric(
        "reward of the greedy policy",
        "mean reward of an episode from the start, not discounted",
        "reward",
        "higher",
    ),
    "return_last_100": Metric(
        "reward while learning", "mean reward of the last 100 episodes of learning", "reward", "higher"
    ),
}

LAB = Lab(
    id="mdp",
    title="Grid worlds: planning and learning",
    lectures=(10,),
    learn="How values spread backwards from rewards, and how to find them with or without knowing the world.",
    params=MdpParams,
    run=run,
    synonyms=(
        *("mdp", "gridworld", "grid world", "grid worlds", "value iteration", "policy iteration"),
        *("dynamic programming", "markov decision process", "solve the gridworld", "tabular rl"),
        "reinforcement learning in a gridworld",
    ),
    topics=(
        *("bellman equation", "discount factor", "state values", "policy", "td learning"),
        "temporal difference",
        *("q-learning", "sarsa", "policy evaluation", "policy improvement", "cliff walking", "frozen lake"),
    ),
    examples=(
        "Solve the 5x5 gridworld with value iteration",
        "Compare Sarsa and Q-learning on the cliff",
        "What is the frozen lake worth with gamma 0.99?",
    ),
    metrics=METRICS,
    sweep_metrics=("start_value", "return_greedy"),
    core=(
        *(f"labs.cores.mdp_worlds.{name}" for name in ("World", "grid_world", "gambler_world")),
        *(f"labs.cores.mdp_worlds.{name}" for name in ("frozen_lake", "make_world")),
        *(f"labs.cores.mdp.{name}" for name in ("Solution", "expected_next", "action_values", "greedy")),
        *(f"labs.cores.mdp.{name}" for name in ("random_policy", "sweep_until_still", "policy_evaluation")),
        *(f"labs.cores.mdp.{name}" for name in ("value_iteration", "policy_iteration", "Learned", "choose")),
        *(f"labs.cores.mdp.{name}" for name in ("outcomes", "sample", "td_control", "expected_return")),
        "labs.cores.mdp.walk",
    ),
    cost=cost,
    cost_of="episodes × steps",
    verify=verify,
    notebook_imports=("import random",),
    demo='''
grid = make_world(world, slip)
if method == "policy_evaluation":
    values = policy_evaluation(grid, random_policy(grid), gamma, theta).values
elif method == "policy_iteration":
    values = policy_iteration(grid, gamma, theta).values
elif method == "value_iteration":
    values = value_iteration(grid, gamma, theta).values
else:
    learned = td_control(grid, method == "sarsa", gamma, episodes, alpha, epsilon, seed)
    values = np.where(grid.terminal, 0.0, np.where(grid.allowed, learned.q, -np.inf).max(axis=1))

metrics = {"start_value": float(values[grid.start])}
print(f"the start is worth {values[grid.start]:.4f}")

figure, axes = plt.subplots(figsize=(7, 5))
if grid.rows == 1:
    axes.plot(values)
    axes.set_xlabel("capital")
    axes.set_ylabel("value")
else:
    picture = axes.imshow(values.reshape(grid.rows, grid.columns))
    for cell, value in enumerate(values):
        row, column = divmod(cell, grid.columns)
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", color="white")
    figure.colorbar(picture, label="value")
''',
    exercises=(
        "Set `gamma` to 0.5 and then to 0.99 in gridworld_5x5. Which cells change their best move, and why?",
        "Run the cliff with sarsa, then q_learning. Which earns more while learning? Whose path is shorter?",
        "Give frozen_lake `slip = 0`. What is the start worth now, and what does the slippery ice cost?",
        ("Change one reward in `make_world` (say B pays 9) and predict the new arrows before you run the "
         "cell."),
    ),
)  # fmt: skip
