"""What a bandit run says: headline, notes, findings and charts, all from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding
from labs.charts import Band, Chart, Layer, Line, Panel, Rule, Scatter

if TYPE_CHECKING:
    from labs.bandit import BanditParams, Variant
    from labs.cores.bandit import Play

FIGURE_2_2 = "Sutton & Barto, 2nd ed., Figure 2.2"
FIGURE_2_3 = "Sutton & Barto, 2nd ed., Figure 2.3"
# Means over the last 100 of 1000 steps, 2000 runs: (source, reward, share of best-arm pulls).
PUBLISHED = {
    "epsilon_greedy, epsilon=0": (FIGURE_2_2, 1.02, 0.365),
    "epsilon_greedy, epsilon=0.01": (FIGURE_2_2, 1.32, 0.587),
    "epsilon_greedy, epsilon=0.1": (FIGURE_2_2, 1.35, 0.790),
    "optimistic": (FIGURE_2_3, 1.49, 0.853),
}


def _end(variant: Variant, chosen: Sequence[Variant]) -> str:
    return f"[{variant.key}]" if len(chosen) > 1 else ""


def _picks(variant: Variant, chosen: Sequence[Variant], metrics: Mapping[str, float]) -> float:
    return metrics[f"optimal_final{_end(variant, chosen)}"]


def _reward(variant: Variant, chosen: Sequence[Variant], metrics: Mapping[str, float]) -> float:
    return metrics[f"reward_final{_end(variant, chosen)}"]


def headline(p: BanditParams, chosen: Sequence[Variant], metrics: Mapping[str, float]) -> str:
    best = max(chosen, key=lambda v: _picks(v, chosen, metrics))
    name = f"{best.label[:1].upper()}{best.label[1:]}" if best.label[0] != "ε" else best.label
    return f"{name} finds the best of {p.arms} arms in {_picks(best, chosen, metrics):.0%} of runs"


def matches(
    p: BanditParams, chosen: Sequence[Variant], metrics: Mapping[str, float]
) -> list[tuple[str, str]]:
    """(source, variant key) of each published figure that this run reproduces within its tolerance."""
    if (p.arms, p.steps, p.drift) != (10, 1000, 0.0) or p.runs < 1000:
        return []
    found = []
    for variant in chosen:
        published = PUBLISHED.get(variant.key)
        step, start = (0.1, 5.0) if variant.policy == "optimistic" else (None, 0.0)
        if published is None or p.step_size != step or variant.initial_value != start:
            continue
        source, reward, optimal = published
        near = abs(_reward(variant, chosen, metrics) - reward) <= 0.04
        if near and abs(_picks(variant, chosen, metrics) - optimal) <= 0.03:
            found.append((source, variant.key))
    return found


def notes(
    p: BanditParams, chosen: Sequence[Variant], plays: Sequence[Play], metrics: Mapping[str, float]
) -> tuple[str, ...]:
    window = min(100, p.steps)
    ranked = sorted(chosen, key=lambda v: _reward(v, chosen, metrics), reverse=True)
    first, last = ranked[0], ranked[-1]
    error = plays[chosen.index(first)].error[-window:].mean()
    told = [
        f"Over the last {window} steps {first.label} earned {_reward(first, chosen, metrics):.2f} per step "
        f"(± {1.96 * error:.2f} at each step) and pulled the best arm {_picks(first, chosen, metrics):.1%} "
        f"of the time."
    ]
    if len(chosen) > 1:
        gap = _reward(first, chosen, metrics) - _reward(last, chosen, metrics)
        told.append(
            f"{last.label} came last with {_reward(last, chosen, metrics):.2f} per step, {gap:.2f} less, and "
            f"pulled the "
            f"best arm {_picks(last, chosen, metrics):.1%} of the time."
        )
        told += _overtaken(chosen, plays)
    best = plays[0].best
    told.append(
        f"Always pulling the best arm would earn {best:.2f} per step on these testbeds, so {first.label} "
        f"ended "
        f"{best - _reward(first, chosen, metrics):.2f} short; over the whole run it lost "
        f"{metrics[f'regret{_end(first, chosen)}']:.0f} in reward."
    )
    found = matches(p, chosen, metrics)
    if found:
        sources = " and ".join(dict.fromkeys(source for source, _ in found))
        label = {variant.key: variant.label for variant in chosen}
        told.append(f"This matches {sources} ({', '.join(label[key] for _, key in found)}).")
    return tuple(told[:5])


def _overtaken(chosen: Sequence[Variant], plays: Sequence[Play]) -> list[str]:
    """When the final winner in best-arm pulls took the lead for good, if another led before."""
    curves = np.array([play.optimal for play in plays])
    if curves.shape[1] < 50:
        return []
    kernel = np.ones(20) / 20
    smooth = np.array([np.convolve(curve, kernel, mode="valid") for curve in curves])
    winner = int(smooth[:, -1].argmax())
    behind = np.flatnonzero(smooth.argmax(axis=0) != winner)
    if not len(behind) or behind[-1] < 20 or behind[-1] > smooth.shape[1] - 20:
        return []
    leader = chosen[int(smooth[:, behind[-1]].argmax())].label
    return [
        f"{chosen[winner].label} took the lead in best-arm pulls from {leader} for good around step "
        f"{behind[-1] + 11}."
    ]


def findings(
    p: BanditParams, chosen: Sequence[Variant], plays: Sequence[Play], metrics: Mapping[str, float]
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for variant, result in zip(chosen, plays, strict=True):
        picks, tried = _picks(variant, chosen, metrics), float((result.pulls > 0).sum(axis=1).mean())
        greedy = variant.policy == "epsilon_greedy" and variant.epsilon == 0
        if greedy and picks < 0.9 and p.steps >= 20:
            found.append(
                Finding(
                    "never_explored",
                    f"With ε = 0 the agent tried {tried:.1f} of {p.arms} arms on average in {p.steps} steps "
                    f"and ended on "
                    f"a worse arm in {1 - picks:.0%} of the runs.",
                    "Give it a small epsilon such as 0.1, or an optimistic start (policies=[optimistic], "
                    "step_size=0.1).",
                )
            )
        ceiling = 1 - variant.epsilon + variant.epsilon / p.arms
        if variant.policy == "epsilon_greedy" and variant.epsilon >= 0.2:
            lost = variant.epsilon * (result.best - float(result.q_true.mean()))
            found.append(
                Finding(
                    "too_much_exploration",
                    f"ε = {variant.epsilon:g} pulls at random in {variant.epsilon:.0%} of the steps: it can "
                    f"pick the best "
                    f"arm at most {ceiling:.0%} of the time (it did in {picks:.0%}) and pays about "
                    f"{lost:.2f} per step for it.",
                    "Lower epsilon to about 0.1, or let it shrink over time (policies=[decaying_epsilon]).",
                )
            )
        if variant.policy == "optimistic" and p.step_size is None and p.steps >= p.arms:
            found.append(
                Finding(
                    "optimism_forgotten",
                    f"With sample averages the first pull replaces the start value {variant.initial_value:g} "
                    f"at once: the "
                    f"agent tried {tried:.1f} arms, then stayed greedy, and picked the best arm in "
                    f"{picks:.0%} of the runs.",
                    "Set step_size=0.1: then the optimism fades slowly and keeps the agent exploring.",
                )
            )
    found += _too_short(p, chosen, plays)
    found += _lagging(p, chosen, plays)
    if p.runs < 100:
        found.append(
            Finding(
                "too_few_runs",
                f"An average over {p.runs} runs is uncertain by ± "
                f"{1.96 * plays[0].error[-min(100, p.steps) :].mean():.2f} per step.",
                "Average over 2000 runs before you rank policies.",
            )
        )
    return tuple(found)


def _too_short(p: BanditParams, chosen: Sequence[Variant], plays: Sequence[Play]) -> list[Finding]:
    fifth = p.steps // 5
    if fifth < 5:
        return []
    rising = []
    for variant, result in zip(chosen, plays, strict=True):
        now, before = result.optimal[-fifth:].mean(), result.optimal[-2 * fifth : -fifth].mean()
        wobble = np.sqrt(0.25 / p.runs)  # generous: the two fifths are of the same runs
        if now - before > max(0.02, wobble):
            rising.append((variant, before, now))
    if not rising:
        return []
    variant, before, now = max(rising, key=lambda entry: entry[2] - entry[1])
    names = ", ".join(entry[0].label for entry in rising)
    return [
        Finding(
            "run_too_short",
            f"Still learning at the end ({names}): {variant.label} pulled the best arm {now:.1%} of the time "
            f"in the last "
            f"fifth of the run, up from {before:.1%} in the fifth before.",
            f"Give it more steps, for example steps={min(p.steps * 4, 100_000)}, before you judge it.",
        )
    ]


def _lagging(p: BanditParams, chosen: Sequence[Variant], plays: Sequence[Play]) -> list[Finding]:
    """Sample averages on a drifting problem: old rewards count as much as new ones."""
    if not p.drift or p.step_size is not None:
        return []
    for variant, result in zip(chosen, plays, strict=True):
        if variant.policy == "gradient":
            continue
        most = result.pulls.argmax(axis=1)
        run = np.arange(len(most))
        gap = float(np.abs(result.q[run, most] - result.q_true[run, most]).mean())
        if gap > 0.3:
            return [
                Finding(
                    "estimates_lag",
                    f"The arms drift by {p.drift:g} per step, and after {p.steps} steps the estimate of the "
                    f"most-pulled "
                    f"arm is off by {gap:.2f} on average ({variant.label}), since a sample average never "
                    f"forgets.",
                    "Set step_size=0.1, so that recent rewards count more.",
                )
            ]
    return []


def charts(
    p: BanditParams, chosen: Sequence[Variant], plays: Sequence[Play], metrics: Mapping[str, float]
) -> tuple[Chart, ...]:
    title = headline(p, chosen, metrics)
    reward: list[Layer] = []
    optimal: list[Layer] = []
    regret: list[Layer] = []
    beliefs: list[Layer] = []
    for i, variant in enumerate(chosen):
        end = _end(variant, chosen)
        reward.append(Band("step", f"reward_low{end}", f"reward_high{end}", tone=i))
        reward.append(Line("step", f"reward_smooth{end}", variant.label, tone=i))
        optimal.append(Line("step", f"optimal_smooth{end}", variant.label, tone=i))
        regret.append(Line("step", f"regret_curve{end}", variant.label, tone=i))
        if variant.policy != "gradient":
            beliefs.append(Scatter(f"arm_beside{end}", f"estimates{end}", variant.label, tone=i, size=34))
    if not p.drift:
        reward.append(Rule(plays[0].best, label="best possible"))
    top = Panel("", "mean reward per step", tuple(reward))
    low = Panel("step", "best arm pulled", tuple(optimal), percent=True, y_range=(0.0, 1.0))
    totals = [metrics[f"regret{_end(v, chosen)}"] for v in chosen]
    least = chosen[int(np.argmin(totals))]
    lost = f"{least.label} loses least: {min(totals):.0f} in reward after {p.steps} steps"
    if len(chosen) > 1:
        lost += f", the worst {max(totals):.0f}"
    built = [
        Chart(
            "learning", title, (top, low), alt=f"Averages over {p.runs} runs; the bands are 95% intervals."
        ),
        Chart("regret", lost, (Panel("step", "reward lost so far (regret)", tuple(regret)),)),
    ]
    if beliefs:
        right = [
            int(np.argmax(np.where(play.pulls[0] > 0, play.q[0], -np.inf)) == play.q_true[0].argmax())
            for play in plays
        ]
        tried = [int((play.pulls[0] > 0).sum()) for play in plays]
        shown = [i for i, variant in enumerate(chosen) if variant.policy != "gradient"]
        said = ", ".join(f"{chosen[i].label} tried {tried[i]}" for i in shown[:4])
        agree = (
            f"{sum(right[i] for i in shown)} of {len(shown)} agents know the best arm"
            if len(shown) > 1
            else (
                "the agent knows the best arm"
                if right[shown[0]]
                else "the agent takes a worse arm for the best"
            )
        )
        truth = Scatter(
            "arm", "true_values", "true value", tone="ink", size=(240 / max(p.arms, 10)) ** 2, marker="_"
        )
        built.append(
            Chart(
                "beliefs",
                f"On the first bandit {agree}; of its {p.arms} arms {said}",
                (Panel("arm", "value (reward per pull)", (truth, *beliefs), x_range=(0.4, p.arms + 0.6)),),
                overlay="panels",
            )
        )
    return tuple(built)
