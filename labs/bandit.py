"""The k-armed bandit testbed: exploration against exploitation (lecture 9).

The algorithms and their sources are in `labs.cores.bandit`; what is said and drawn of a run in
`labs.reports.bandit`; here are the parameters and the run that puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from labs.base import Check, Context, Lab, LabParams, LabResult, Metric, Table
from labs.cores.bandit import play
from labs.fields import param

PolicyName = Literal["epsilon_greedy", "decaying_epsilon", "optimistic", "ucb", "gradient", "thompson"]
LAST = 100  # the final metrics are means over this many last steps


_STARTS = ("start estimates", "starting estimates", "estimates start", "first estimates", "starting values")


class BanditParams(LabParams):
    arms: int = param(
        10,
        "Number of arms (slot machines), k.",
        synonyms=("k", "machines", "levers", "actions"),
        ge=2,
        le=100,
    )
    steps: int = param(
        1000,
        "Pulls in each run.",
        synonyms=("pulls", "plays", "time steps", "horizon"),
        scale="log",
        ge=1,
        le=100_000,
    )
    runs: int = param(
        2000,
        "Independent bandit problems that are averaged.",
        synonyms=("repetitions", "repeats", "problems", "trials"),
        scale="log",
        ge=1,
        le=20_000,
    )
    policies: tuple[PolicyName, ...] = param(
        ("epsilon_greedy",),
        "How the agent picks an arm; several are compared in one figure.",
        synonyms=("policy", "strategies", "strategy", "algorithms", "agents"),
        choice_synonyms={
            "epsilon_greedy": (
                "eps greedy",
                "ε-greedy",
                "e-greedy",
                "epsilon greedy",
                "greedy",
                "pure greedy",
            ),
            "decaying_epsilon": (
                "decaying epsilon",
                "epsilon decay",
                "decay epsilon",
                "decayed epsilon",
                "annealed epsilon",
            ),
            "optimistic": (
                *("optimistic initial values", "optimistic greedy", "optimism", "optimistic start"),
                *("optimistic initialisation", "optimistic estimates"),
            ),
            "ucb": ("upper confidence bound", "ucb1", "upper confidence bounds"),
            "gradient": ("gradient bandit", "softmax", "policy gradient", "preferences"),
            "thompson": ("thompson sampling", "posterior sampling", "bayesian bandit"),
        },
        min_length=1,
        max_length=6,
    )
    epsilons: tuple[Annotated[float, Field(ge=0, le=1)], ...] = param(
        (0.0, 0.01, 0.1),
        "Chance of a random pull for epsilon_greedy; each value is one variant.",
        synonyms=(
            *("epsilon", "eps", "ε", "exploration rate", "exploration"),
            *("epsilon greedy", "eps greedy", "e-greedy"),
        ),
        choice_synonyms={
            "0": ("greedy", "pure greedy", "purely greedy", "no exploration", "fully greedy", "just greedy"),
        },
        min_length=1,
        max_length=8,
    )
    c: float = param(
        2.0,
        "How strongly ucb favours arms it knows little about.",
        synonyms=("confidence", "ucb constant", "exploration constant"),
        ge=0,
        le=20,
    )
    step_size: float | None = param(
        None,
        "Weight of a new reward in the estimate; none means the sample average (and 0.1 for gradient).",
        synonyms=("alpha", "α", "learning rate", "step size", "stepsize"),
        scale="log",
        gt=0,
        le=1,
    )
    initial_value: float | None = param(
        None,
        "First estimate of every arm; none means 0, and 5 for optimistic.",
        unit="reward",
        synonyms=(
            "initial values",
            "starting value",
            "q1",
            "q0",
            "initial estimate",
            "estimate starting",
            *_STARTS,
        ),
        ge=-20,
        le=20,
    )
    drift: float = param(
        0.0,
        "How far each arm's true value wanders per step (standard deviation); 0 keeps the problem fixed.",
        unit="reward",
        synonyms=("nonstationary", "non-stationary", "random walk", "drifting"),
        ge=0,
        le=1,
    )

    @field_validator("policies", "epsilons")
    @classmethod
    def _once_each(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(values))


@dataclass(frozen=True)
class Variant:
    """One curve of the figure: a policy, and its epsilon where it has one."""

    key: str  # as it stands in the brackets of a metric: "epsilon_greedy, epsilon=0.1"
    label: str  # as it stands in the figure
    policy: str
    epsilon: float
    initial_value: float


def variants(p: BanditParams) -> list[Variant]:
    found = []
    for policy in p.policies:
        start = p.initial_value if p.initial_value is not None else 5.0 if policy == "optimistic" else 0.0
        if policy == "epsilon_greedy":
            for epsilon in p.epsilons:
                name = f"ε = {epsilon:g}" if len(p.policies) == 1 else f"ε-greedy {epsilon:g}"
                found.append(Variant(f"{policy}, epsilon={epsilon:g}", name, policy, epsilon, start))
            continue
        label = {
            "decaying_epsilon": "decaying ε",
            "optimistic": f"optimistic {start:g}",
            "ucb": f"UCB, c = {p.c:g}",
            "gradient": f"gradient {p.step_size or 0.1:g}",
            "thompson": "Thompson",
        }[policy]
        found.append(Variant(policy, label, policy, 0.0, start))
    return found


def run(p: BanditParams, context: Context) -> LabResult:
    """Play every variant on the same testbed, and say what came out."""
    from labs.reports.bandit import charts, findings, headline, notes

    chosen = variants(p)
    plays = []
    for i, variant in enumerate(chosen):
        part = context.part(i / len(chosen), (i + 1) / len(chosen), f"{variant.label}: ")

        def on_step(t: int, part: Context = part) -> None:
            if t % 10 == 0 or t == p.steps:
                part.report(t / p.steps, f"step {t} of {p.steps}")

        part.report(0.0, f"{p.runs} bandits with {p.arms} arms")
        plays.append(
            play(
                variant.policy,
                p.arms,
                p.steps,
                p.runs,
                variant.epsilon,
                p.c,
                p.step_size,
                variant.initial_value,
                p.drift,
                p.seed,
                on_step,
            )
        )
    tail = slice(-min(LAST, p.steps), None)
    metrics: dict[str, float] = {}
    series: dict[str, np.ndarray] = {"step": np.arange(1, p.steps + 1), "arm": np.arange(1, p.arms + 1)}
    series["true_values"] = plays[0].q_true[0]
    for i, (variant, result) in enumerate(zip(chosen, plays, strict=True)):
        end = f"[{variant.key}]" if len(chosen) > 1 else ""
        metrics[f"reward_final{end}"] = float(result.reward[tail].mean())
        metrics[f"optimal_final{end}"] = float(result.optimal[tail].mean())
        metrics[f"regret{end}"] = float(result.shortfall.sum())
        smooth = _moving_mean(result.reward, p.steps)
        series |= {
            f"reward{end}": result.reward,
            f"reward_smooth{end}": smooth,
            f"reward_low{end}": smooth - 1.96 * result.error,
            f"reward_high{end}": smooth + 1.96 * result.error,
            f"optimal{end}": result.optimal,
            f"optimal_smooth{end}": _moving_mean(result.optimal, p.steps),
            f"regret_curve{end}": result.shortfall.cumsum(),
            f"estimates{end}": np.where(result.pulls[0] > 0, result.q[0], np.nan),
            f"arm_beside{end}": series["arm"] + 0.7 * ((i + 1) / (len(chosen) + 1) - 0.5),
        }
    rows = tuple(
        (v.label, *(metrics[f"{name}{f'[{v.key}]' if len(chosen) > 1 else ''}"] for name in METRICS))
        for v in chosen
    )
    return LabResult(
        lab="bandit",
        title=headline(p, chosen, metrics),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=charts(p, chosen, plays, metrics),
        series=series,
        tables=(Table("How each policy did", ("policy", "final reward", "best arm picked", "regret"), rows),),
        notes=notes(p, chosen, plays, metrics),
        findings=findings(p, chosen, plays, metrics),
    )


def _moving_mean(values: np.ndarray, steps: int) -> np.ndarray:
    """Mean over the last steps/100 steps (at least 1), over what there is at the start; for drawing only."""
    window = max(1, steps // 100)
    total = np.concatenate([[0.0], values.cumsum()])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def cost(p: BanditParams) -> float:
    """Estimated seconds: a fixed price per step, and one per (run, arm) cell that depends on the policy."""
    cell = {"ucb": 3e-8, "gradient": 5e-8, "thompson": 4e-8}
    price = sum(cell.get(v.policy, 1e-8) + (2.5e-8 if p.drift else 0) for v in variants(p))
    return p.steps * (5e-5 * len(variants(p)) + p.runs * (p.arms * price + 5e-8 * len(variants(p))))


def verify() -> tuple[Check, ...]:
    """The testbed's published figures: 2000 runs, 1000 steps, means of the last 100."""
    from labs.reports.bandit import PUBLISHED

    greedy = BanditParams().model_copy(update={"policies": ("epsilon_greedy",)})
    optimistic = BanditParams(policies=("optimistic",), step_size=0.1)
    metrics = run(greedy, Context()).metrics
    for name, value in run(optimistic, Context()).metrics.items():
        metrics[f"{name}[optimistic]"] = value
    checks = []
    for key, (source, reward, optimal) in PUBLISHED.items():
        checks.append(Check(f"final reward, {key}", source, reward, metrics[f"reward_final[{key}]"], 0.04))
        checks.append(
            Check(f"best arm picked, {key}", source, optimal, metrics[f"optimal_final[{key}]"], 0.03)
        )
    return tuple(checks)


METRICS = {
    "reward_final": Metric(
        "final reward", f"mean reward per step over the last {LAST} steps", "reward", better="higher"
    ),
    "optimal_final": Metric(
        "best arm picked",
        f"share of pulls of the best arm over the last {LAST} steps",
        better="higher",
        percent=True,
    ),
    "regret": Metric(
        "regret",
        "reward lost against always pulling the best arm, summed over a run",
        "reward",
        better="lower",
    ),
}

LAB = Lab(
    id="bandit",
    title="The k-armed bandit",
    lectures=(9,),
    learn="Why an agent must sometimes try arms that look worse, and what that costs.",
    params=BanditParams,
    run=run,
    synonyms=(
        "bandit",
        "bandits",
        "k-armed bandit",
        "multi-armed bandit",
        "armed bandit",
        "testbed",
        "slot machines",
    ),
    topics=(
        "exploration",
        "exploitation",
        "epsilon-greedy",
        "ucb",
        "thompson sampling",
        "regret",
        "action values",
        "optimistic initial values",
    ),
    examples=(
        "Run the bandit with epsilon 0, 0.01 and 0.1",
        "Compare UCB, Thompson sampling and epsilon-greedy on the bandit",
        "Show me a bandit with 20 arms that drift",
    ),
    metrics=METRICS,
    sweep_metrics=("reward_final", "optimal_final"),
    core=tuple(
        f"labs.cores.bandit.{name}"
        for name in ("Play", "epsilon_greedy", "ucb", "softmax", "thompson", "play")
    ),
    cost=cost,
    cost_of="steps × runs × arms × policies",
    verify=verify,
    demo="""
curves = {}
for policy in policies:
    for epsilon in epsilons if policy == "epsilon_greedy" else [0.0]:
        first = initial_value if initial_value is not None else 5.0 if policy == "optimistic" else 0.0
        label = f"{policy} {epsilon:g}" if policy == "epsilon_greedy" else policy
        curves[label] = play(policy, arms, steps, runs, epsilon, c, step_size, first, drift, seed)

metrics = {}
for label, result in curves.items():
    reward, optimal = result.reward[-100:].mean(), result.optimal[-100:].mean()
    metrics[label] = {"reward_final": reward, "optimal_final": optimal}
    print(f"{label:24s} reward {reward:.3f}   best arm {optimal:.1%}")

figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 6), sharex=True)
for label, result in curves.items():
    top.plot(result.reward, label=label)
    bottom.plot(100 * result.optimal, label=label)
top.set_ylabel("mean reward")
bottom.set_ylabel("best arm pulled (%)")
bottom.set_xlabel("step")
top.legend()
""",
    exercises=(
        "Set `epsilons` to `[0.3]`. Which share of pulls can go to the best arm at most? Work it out, then "
        "check it.",
        "Set `drift` to 0.01 and compare `step_size = None` with `step_size = 0.1`. Why does the sample "
        "average fall behind?",
        "Write a policy of your own: epsilon-greedy whose epsilon is halved every 200 steps. Does it beat "
        "epsilon 0.1?",
    ),
)
