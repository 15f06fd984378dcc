"""What an lstm_stock run says: headline, notes, findings, tables and charts, all from its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.cores.classification import wilson_interval
from labs.cores.lstm_stock import rmse
from labs.prices import day_words
from labs.reports.lstm_stock_charts import (
    NAIVE,
    Metrics,
    better,
    charts,
    days_before,
    dollars,
    headline,
    interval,
    series,
    share,
)

if TYPE_CHECKING:
    from labs.cores.lstm_stock_fit import Tested
    from labs.lstm_stock import LstmStockParams

LEAK = "The scaler saw the test days."
LIKELY = 0.05  # below this, chance alone is not a good explanation


def tell(p: LstmStockParams, t: Tested, metrics: dict[str, float]) -> LabResult:
    """The finished result of one run."""
    shown = series(t)
    return LabResult(
        lab="lstm_stock",
        title=headline(t, metrics),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=charts(t, metrics, shown),
        series=shown,
        tables=tables(t, metrics),
        notes=notes(p, t, metrics),
        findings=findings(p, t, metrics, shown),
    )


def notes(p: LstmStockParams, t: Tested, m: Metrics) -> tuple[str, ...]:
    one = t.learnt
    a, b, last = (day_words(t.dates[i]) for i in (one.first_validation - 1, one.first_test, -1))
    told = [
        f"{t.name}: it learnt from {one.windows[0]:,} windows of {p.lookback} days up to {a}, was watched on "
        f"the next {one.windows[1]:,} (validation), and was tested on the last {len(t.truth):,}, {b} to {last}.",
        f"There it misses tomorrow's price by {dollars(m['rmse'])} (RMSE), and “{NAIVE}” by "
        f"{dollars(m['rmse_naive'])}: this LSTM is {better(m['skill'])} than predicting yesterday's price (95% "
        f"interval: {interval(m['skill_low'], m['skill_high'])}).",
        _direction(t, m),
    ]
    told += [_leak(t, m)] if t.honest else []
    told.append(_learning(p, m))
    return tuple(told)


def _direction(t: Tested, m: Metrics) -> str:
    n = int((t.truth != t.today).sum())
    low, high = wilson_interval(round(m["direction_accuracy"] * n), n) if n else (0.0, 1.0)
    coin, up = m["p_value_coin"], m["p_value_always_up"]
    if coin > LIKELY:
        verdict = f"which a coin does as well (p = {coin:.2g})"
    else:
        verdict = f"{'better' if m['direction_accuracy'] > 0.5 else 'worse'} than a coin (p = {coin:.2g}"
        verdict += f": 1 coin in {1 / coin:.0f} strays as far)" if coin > 1e-3 else ")"
    other = (
        "the difference to that is within chance"
        if up > LIKELY
        else f"it is {'better' if m['direction_accuracy'] > m['always_up'] else 'worse'} than that"
    )
    return (
        f"It calls up or down right on {m['direction_accuracy']:.1%} of {n:,} days (95% interval {low:.0%} to "
        f"{high:.0%}), {verdict}; always saying “up” is right on {m['always_up']:.1%}, and {other} (p = {up:.2g})."
    )


def _leak(t: Tested, m: Metrics) -> str:
    seeds = len(t.honest)
    low, high = min(t.honest), max(t.honest)
    apart = max(t.leaking) < low or min(t.leaking) > high
    told = (
        f"{LEAK} Over {seeds} seeds the RMSE is {dollars(m['rmse_with_leak'])} with this leak "
        f"and {dollars(m['rmse_without_leak'])} without it ({low:,.2f} to {high:,.2f})"
    )
    if not apart:
        return f"{told}: a difference of {share(m['leak_gain'])} that the seed alone can make, so here it hardly helps."
    if m["leak_gain"] > 0:
        return f"{told}: the leak makes the error look {share(m['leak_gain'])} smaller than it is."
    return f"{told}: here the leak even costs {share(m['leak_gain'])}, and is wrong all the same."


def _learning(p: LstmStockParams, m: Metrics) -> str:
    best = int(m["best_epoch"])
    told = f"Its loss on the validation days was lowest after epoch {best} of {p.epochs}"
    if best == p.epochs:
        return f"{told}, the last one: more epochs may still change it."
    told += (
        f"; with the weights of that epoch it would be {better(m['skill_best_epoch'])} than “{NAIVE}” instead of "
        f"{better(m['skill'])}"
    )
    return f"{told}: what it learnt after that did not carry over." if _noise(p, m) else f"{told}."


def _noise(p: LstmStockParams, m: Metrics) -> bool:
    """Whether stopping a good deal earlier would have spared the test days a good part of the error."""
    gain = m["skill_best_epoch"] - m["skill"]
    return m["skill"] < 0 and gain > max(0.005, 0.3 * abs(m["skill"])) and m["best_epoch"] <= 0.8 * p.epochs


def tables(t: Tested, m: Metrics) -> tuple[Table, ...]:
    one, naive = t.learnt, m["rmse_naive"]
    early = one.forecast_best
    moved = t.truth != t.today
    early_right = float((((early > t.today) == (t.truth > t.today))[moved]).mean()) if moved.any() else 0.0
    rows: list[tuple[object, ...]] = [
        ("this LSTM", m["rmse"], m["mae"], m["skill"], m["direction_accuracy"]),
        (
            f"the same, stopped after epoch {one.best_epoch}",
            rmse(early, t.truth),
            float(np.abs(early - t.truth).mean()),
            m["skill_best_epoch"],
            early_right,
        ),
        (NAIVE, naive, m["mae_naive"], 0.0, None),
        ("always up", None, None, None, m["always_up"]),
    ]
    columns = ("forecast", "RMSE (dollars)", "MAE (dollars)", "skill", "direction right")
    built = [
        Table(f"The last {len(t.truth):,} days (computed on the {one.device.upper()})", columns, tuple(rows))
    ]
    if t.honest:
        pairs = zip(t.leaking, t.honest, strict=True)
        built.append(
            Table(
                "The leak, seed by seed: RMSE in dollars",
                ("seed", "scaler saw all days", "scaler saw training days only"),
                tuple((f"+{i}", leaking, honest) for i, (leaking, honest) in enumerate(pairs)),
            )
        )
    return tuple(built)


def remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    """What a comparison of several runs has to say first: how many beat the naive forecast at all."""
    n = len(runs)
    ahead = sum(run.metrics["skill_low"] > 0 for run in runs)
    behind = sum(run.metrics["skill_high"] < 0 for run in runs)
    told = (
        f"Of {n} runs {ahead or 'none'} beat{'s' if ahead == 1 else ''} “{NAIVE}” by more than chance, and "
        f"{behind or 'none'} {'is' if behind == 1 else 'are'} clearly worse"
    )
    if swept not in ("ticker", "seed", "leak"):
        told += f"; to pick the best {swept.replace('_', ' ')} by these test days would be a leak of its own"
    notes = [f"{told}."]
    leaks = [note for run in runs for note in run.notes if note.startswith(LEAK)]
    return notes + leaks[:1], []


def findings(p: LstmStockParams, t: Tested, m: Metrics, s: Mapping[str, np.ndarray]) -> tuple[Finding, ...]:
    one, found = t.learnt, []
    if t.honest:
        test_days = len(t.truth)
        found.append(
            Finding(
                "leakage",
                f"The scaler was fitted on all {len(one.seen):,} days, {test_days:,} of them test days: RMSE "
                f"{dollars(m['rmse_with_leak'])} with the leak, {dollars(m['rmse_without_leak'])} without (mean of "
                f"{len(t.honest)} seeds).",
                "Set leak=false: whatever is fitted is fitted on training days.",
            )
        )
    low, high = max(one.initial_loss, one.constant_loss), one.loss_train[-1]
    worst = max(one.loss_train)
    if not math.isfinite(high) or (worst > 2 * low and high > 0.9 * one.constant_loss):
        found.append(
            Finding(
                "divergence",
                f"The training loss was {one.initial_loss:.3g} before the first step, {worst:.3g} at its worst and "
                f"{high:.3g} at the end; a constant forecast has {one.constant_loss:.3g}.",
                f"Take smaller steps: learning_rate={min(p.learning_rate / 10, 0.01):.2g}.",
            )
        )
        return tuple(found)
    train, watched = high / one.naive_losses[0], m["loss_validation"] / one.naive_losses[1]
    if train > 4:
        found.append(
            Finding(
                "underfitting",
                f"Even on its training windows its loss is {train:,.0f} times that of “{NAIVE}”.",
                f"Train longer (epochs={min(3 * p.epochs, 500)}), or predict=return.",
            )
        )
    if m["skill_high"] < 0:
        found.append(
            Finding(
                "worse_than_naive",
                f"RMSE {m['rmse']:,.2f} against {dollars(m['rmse_naive'])}: "
                f"{interval(m['skill_low'], m['skill_high'])} (95% interval).",
                f"Try epochs={one.best_epoch}: less time to learn what does not carry over."
                if _noise(p, m)
                else "Try predict=return."
                if p.predict == "price"
                else "Try a smaller network (hidden=4), or a longer history (start=none).",
            )
        )
    elif m["skill_low"] <= 0:
        found.append(
            Finding(
                "no_skill",
                f"{interval(m['skill_low'], m['skill_high'])[:1].upper()}"
                f"{interval(m['skill_low'], m['skill_high'])[1:]} than “{NAIVE}” (95% interval): no difference "
                "that chance does not make.",
                "Try another stock or other years, and count how often the interval leaves 0.",
            )
        )
    lag, by_lag = int(m["lag"]), s["error_by_lag"]
    if by_lag[lag] < 0.9 * by_lag[0]:
        found.append(
            Finding(
                "lagging_forecast",
                f"Its forecasts are closest to the close {days_before(lag)} the day they are for: misses "
                f"spread by {by_lag[lag]:,.2f} around their mean there, by {dollars(by_lag[0])} on the day itself.",
                "Look at the last 60 days from close by: does it turn before the price, or after?",
            )
        )
    if p.predict == "price" and m["beyond_range"] > 0.05:
        known = t.closes[: one.first_validation]
        found.append(
            Finding(
                "out_of_range",
                f"{m['beyond_range']:.0%} of the test prices lie outside {known.min():,.2f} to "
                f"{dollars(known.max())}, all that it saw in training.",
                "Returns stay in their range where prices do not: predict=return.",
            )
        )
    if train < 0.9 and watched - train > 0.2:
        found.append(
            Finding(
                "overfitting",
                f"Its loss is {train:.0%} of the loss of “{NAIVE}” on the training windows and {watched:.0%} on the "
                "days after them.",
                f"Stop earlier: epochs={one.best_epoch}."
                if one.best_epoch < p.epochs
                else f"Take a smaller network: hidden={max(p.hidden // 4, 1)}.",
            )
        )
    if m["spread"] < 0.05:
        found.append(
            Finding(
                "flat_forecast",
                f"Its predicted returns are spread {share(m['spread'])} as widely as the real ones: it has "
                "learnt to say “no change”, which is the best guess where nothing can be known.",
                "More epochs (epochs=200) make it bolder: is it any better then?",
            )
        )
    return tuple(found)
