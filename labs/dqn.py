"""A deep Q-network balances CartPole (lecture 10).

The algorithm, its sources and what differs from them are in labs/cores/dqn.py; the words and figures in
labs/reports/dqn.py.
The cart-pole is implemented here, with the constants of CartPole-v1, so no other package is needed.
Runs on the processor even where there is a GPU: for a network this small, sending the numbers there takes
longer.
"""

from __future__ import annotations

import math

import numpy as np

from labs.base import Check, Context, Lab, LabParams, LabResult, Metric
from labs.cores.dqn import play, push, train, values_of
from labs.fields import param

SOLVED = 400  # mean steps over 50 episodes


class DqnParams(LabParams):
    episodes: int = param(
        250,
        "Games played, learning after each.",
        synonyms=("episode", "games", "training episodes", "rounds", "attempts"),
        scale="log",
        ge=1,
        le=2000,
    )
    learning_rate: float = param(
        0.001,
        "Size of a step of the optimiser (Adam).",
        synonyms=("lr", "eta", "step length", "learn rate", "step size"),
        scale="log",
        gt=0,
        le=1,
    )
    gamma: float = param(
        0.99,
        "Discount: what a reward one step later is worth now.",
        synonyms=("discount", "discount factor", "discount rate", "discounting", "γ"),
        ge=0,
        le=1,
    )
    epsilon_decay: float = param(
        0.98,
        (
            "Factor on the chance of a random push after each episode; it starts at 1 and stays at 0.01 or "
            "above."
        ),
        synonyms=("epsilon decay", "eps decay", "decay", "decay rate", "exploration decay", "decay factor"),
        gt=0,
        le=1,
    )
    batch_size: int = param(
        64,
        "Memories in one step of learning.",
        synonyms=(
            "batch size",
            "batch",
            "batches of",
            "batches",
            "minibatch",
            "mini batch",
            "minibatch size",
        ),
        scale="log",
        ge=8,
        le=1024,
    )
    target_update: int = param(
        10,
        "Episodes between copies of the network into the target network.",
        unit="episodes",
        synonyms=(
            *("target update", "target updates", "target network every", "update the target network every"),
            *("update the target every", "updating the target network every", "target network update"),
            *("target update every", "target network updates every", "target network updated every"),
            *(
                "sync the target network every",
                "sync every",
                "target net every",
                "update the target net every",
            ),
            *("copy the target network every", "target net update", "refresh the target every"),
        ),
        scale="log",
        ge=1,
        le=1000,
    )
    double: bool = param(
        True,
        "Let the learning network choose the next action and the target network judge it (double DQN).",
        synonyms=("double q", "double trick", "double q learning", "double dqn", "doubling"),
        choice_synonyms={
            "true": ("double deep q network", "ddqn", "double q network"),
            "false": (
                "single dqn",
                "vanilla dqn",
                "plain dqn",
                "ordinary dqn",
                "original dqn",
                "standard dqn",
                *("normal dqn", "regular dqn", "usual dqn", "simple dqn", "basic dqn", "no double"),
            ),
        },
    )
    n_step: int = param(
        20,
        "Rewards that are counted before the network's own estimate takes over; 1 is the DQN of 2015.",
        unit="rewards",
        synonyms=("n-step", "n step", "n steps", "multi step", "multi-step", "n-step returns"),
        ge=1,
        le=100,
    )
    pause: bool = param(
        True,
        "Leave the network alone while the last ten episodes average 475 steps or more.",
        synonyms=(
            "early stopping",
            "stop when solved",
            "stop learning early",
            "stop early",
            "pause when solved",
        ),
    )


def run(p: DqnParams, context: Context) -> LabResult:
    """Train; then play 20 games without random pushes, and look at what was learnt."""
    import torch

    from labs.reports import dqn as report

    recent: list[int] = []

    def on_episode(done: int, length: int) -> None:
        recent.append(length)
        mean = sum(recent[-50:]) / len(recent[-50:])
        context.report(
            0.96 * done / p.episodes, f"episode {done}: {length} steps (mean of the last 50: {mean:.0f})"
        )

    context.report(0.0, "setting up the networks")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more threads make so small a network slower
    try:
        training = train(
            p.episodes, p.learning_rate, p.gamma, p.epsilon_decay, p.batch_size, p.target_update, p.double,
            p.n_step,
            p.pause, p.seed, on_episode,
        )  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    q = values_of(training.network)
    context.report(0.97, "playing 20 games without random pushes")
    rng = np.random.default_rng([p.seed, 1])
    tests = [play(q, 0.0, rng) for _ in range(20)]
    blind = play(q, 1.0, np.random.default_rng([p.seed, 2]))
    lengths = training.lengths
    tail = lengths[-50:]
    metrics = {
        "reward_mean_last_50": float(tail.mean()),
        "episodes_to_solve": solved_after(lengths),
        "reward_test": float(np.mean([len(game) for game in tests])),
        "reward_best_50": float(means(lengths).max()),
        "value_predicted": float(training.predicted[-1]),
        "value_real": float(discounted(lengths[-1], p.gamma)),
    }
    return report.tell(p, training, metrics, tests[0], blind, q)


def means(lengths: np.ndarray, window: int = 50) -> np.ndarray:
    """Mean of the last `window` episodes after each, from the first full window on (of all, where there are
    fewer).
    """
    window = min(window, len(lengths))
    return np.convolve(lengths, np.full(window, 1 / window), "valid")


def solved_after(lengths: np.ndarray) -> float:
    """Episodes played when the mean of the last 50 first passed 400; nan where it never did."""
    passed = np.flatnonzero(means(lengths) > SOLVED) if len(lengths) >= 50 else np.array([])
    return float(passed[0] + 50) if len(passed) else math.nan


def discounted(steps: float | np.ndarray, gamma: float) -> np.ndarray:
    """1 + gamma + gamma^2 + ... over that many steps: what an episode was really worth."""
    return np.asarray(steps if gamma == 1 else (1 - gamma ** np.asarray(steps)) / (1 - gamma), dtype=float)


def cost(p: DqnParams) -> float:
    """Estimated seconds: 100 minibatches after each episode that it learns from, some 150 of them with
    pauses.
    """
    learning = min(p.episodes, 150) if p.pause else p.episodes
    return 1.0 + learning * 0.13 * (0.8 + 0.2 * p.batch_size / 64) + p.episodes * 0.01


# Transitions of CartPole-v1 (Gymnasium 1.4): (state, push right) -> the next state and whether it has ended.
GYMNASIUM = (
    ((0.0, 0.0, 0.0, 0.0), True, (0.0, 0.1951219512195122, 0.0, -0.2926829268292683), False),
    ((0.1, -0.2, 0.05, 0.3), False, (0.096, -0.3957976546439626, 0.056, 0.6080233136061515), False),
    ((-1.2, 0.5, -0.15, -0.8), True, (-1.19, 0.6968261196649532, -0.166, -1.1358587727078644), False),
    ((2.39, 1.0, 0.2, 1.0), True, (2.41, 1.1919689517863068, 0.22, 0.776195252810284), True),
)


def verify() -> tuple[Check, ...]:
    """The cart-pole step for step against Gymnasium's, and whether the defaults solve it."""
    checks = []
    for i, (state, right, wanted, ended) in enumerate(GYMNASIUM, start=1):
        found, fallen = push(state, right)
        worst = max(range(4), key=lambda k: abs(found[k] - wanted[k]))
        source = "Gymnasium 1.4, CartPole-v1"
        checks.append(
            Check(f"transition {i}, the worst of 4 numbers", source, wanted[worst], found[worst], 1e-12)
        )
        checks.append(Check(f"transition {i}, has ended", source, float(ended), float(fallen), 0.0))
    mean = run(DqnParams(), Context()).metrics["reward_mean_last_50"]
    checks.append(
        Check(
            "defaults: mean of the last 50 (solved above 400)",
            "CartPole-v1's limit of 500",
            500.0,
            mean,
            99.9,
        )
    )
    return tuple(checks)


METRICS = {
    "reward_mean_last_50": Metric(
        "mean reward of the last 50",
        "steps balanced in each of the last 50 episodes, on average",
        "steps",
        "higher",
    ),
    "episodes_to_solve": Metric(
        "episodes to solve",
        f"episodes played when the mean of the last 50 first passed {SOLVED}",
        "episodes",
        "lower",
    ),
    "reward_test": Metric(
        "reward without random pushes",
        "mean of 20 games after training, always the best push",
        "steps",
        "higher",
    ),
    "reward_best_50": Metric(
        "best mean of 50", "the highest mean of 50 episodes in a row", "steps", "higher"
    ),
    "value_predicted": Metric(
        "value it expected", "discounted steps that the network expected in the last episode", "steps"
    ),
    "value_real": Metric("value it got", "discounted steps that the last episode really had", "steps"),
}

LAB = Lab(
    id="dqn",
    title="A deep Q-network balances CartPole",
    lectures=(10,),
    learn="How a network learns values from its own experience, and what memory and a target are for.",
    params=DqnParams,
    run=run,
    synonyms=(
        *("dqn", "deep q network", "deep q-network", "deep q learning", "cartpole", "cart pole"),
        *("balance the pole", "deep q", "balance the cartpole", "deep q net", "pole balancing", "deep rl"),
        *("deep reinforcement learning", "cart pole balancing", "balancing pole", "deep q learning agent"),
        "dqn agent",
    ),
    topics=("experience replay", "replay buffer", "target network", "double dqn", "function approximation"),
    examples=(
        "Train a DQN on CartPole",
        "Compare double DQN with plain DQN on the cart pole",
        "Run the DQN with epsilon decay 0.9",
    ),
    metrics=METRICS,
    sweep_metrics=("reward_mean_last_50", "episodes_to_solve"),
    core=tuple(
        f"labs.cores.dqn.{name}"
        for name in (
            *("push", "q_network", "as_input", "values_of", "reward_scale", "Episode", "play"),
            *("Memory", "learn", "Training", "train"),
        )
    ),
    cost=cost,
    cost_of="episodes × minibatches",
    cost_limit=240.0,
    verify=verify,
    preload=("torch",),
    notebook_imports=("import torch", "State = tuple[float, float, float, float]"),
    demo='''
torch.set_num_threads(1)
result = train(
    episodes, learning_rate, gamma, epsilon_decay, batch_size, target_update, double, n_step, pause, seed
)
metrics = {"reward_mean_last_50": float(result.lengths[-50:].mean())}
print(f"mean of the last 50 episodes: {metrics['reward_mean_last_50']:.0f} steps")

figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(result.lengths, ".", label="one episode")
smooth = [result.lengths[max(0, i - 49) : i + 1].mean() for i in range(len(result.lengths))]
axes.plot(smooth, label="mean of 50")
axes.set_xlabel("episode")
axes.set_ylabel("steps balanced")
axes.legend()
''',
    exercises=(
        ("Set `n_step` to 1. With a copy to the target every 10 episodes, how far ahead can the network see "
         "after 50 episodes?"),
        ("Set `pause` to False and train for 400 episodes. Does it ever forget? What does the memory hold by "
         "then?"),
        "Make the pole twice as long in `push`. Is it easier or harder to balance? Guess first.",
        "Plot `result.predicted` for `double = True` and `double = False`: which one promises too much?",
    ),
)  # fmt: skip
