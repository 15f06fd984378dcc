"""The figures of an lstm_stock run, the arrays behind them, and the words that figures and notes share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labs.charts import Chart, Layer, Line, Panel, Rule, Scatter
from labs.cores.lstm_stock import errors_by_lag
from labs.prices import day_words

if TYPE_CHECKING:
    from labs.cores.lstm_stock_fit import Tested

Metrics = Mapping[str, float]
ZOOM, RECENT = 60, 20  # days in the close-up, and in the rolling error
NAIVE = "tomorrow = today"


def who(t: Tested) -> str:
    return t.name.partition(",")[0]


def dollars(value: float) -> str:
    """An amount in words: a dollar sign would start a formula in a title or on the page."""
    return f"{value:,.2f} dollars"


def share(value: float) -> str:
    """A share without its sign, with as many digits as say something: 15%, 2.3%, 0.04%."""
    size = abs(value)
    return f"{size:.0%}" if size >= 0.0995 else f"{size:.1%}" if size >= 0.00095 else f"{size:.2%}"


def better(skill: float) -> str:
    """The skill in words: "15% worse", "no better and no worse"."""
    if math.isnan(skill) or abs(skill) < 5e-5:
        return "no better and no worse"
    return f"{share(skill)} {'better' if skill > 0 else 'worse'}"


def interval(low: float, high: float) -> str:
    """ "between 25% and 7% worse", "between 3% worse and 1% better"."""
    if low * high > 0:
        return f"between {share(low)} and {better(high)}"
    return f"between {better(low)} and {better(high)}"


def headline(t: Tested, m: Metrics) -> str:
    return (
        f"{who(t)}: the LSTM misses by {dollars(m['rmse'])}, “{NAIVE}” by {m['rmse_naive']:,.2f}: it is "
        f"{better(m['skill'])}{', no more than chance' if m['skill_low'] <= 0 <= m['skill_high'] else ''}"
    )


def period(t: Tested) -> str:
    return f"test days {day_words(t.dates[t.learnt.first_test])} to {day_words(t.dates[-1])}"


def days_before(lag: int) -> str:
    return "of the day before" if lag == 1 else f"{lag} days before"


def series(t: Tested) -> dict[str, np.ndarray]:
    """The arrays behind the charts. Days are counted back from the last one, which is 0."""
    truth, today, found = t.truth, t.today, t.learnt.forecast
    n = len(truth)
    day = np.arange(1 - n, 1)
    window = min(RECENT, n)
    recent = {
        name: np.sqrt(np.convolve((guess - truth) ** 2, np.ones(window) / window, mode="valid"))
        for name, guess in (("recent", found), ("recent_naive", today))
    }
    lead = np.cumsum((today - truth) ** 2 - (found - truth) ** 2)
    scatter = {"said": 100 * (found / today - 1), "real": 100 * (truth / today - 1)}
    reach = float(np.abs(np.concatenate(list(scatter.values()))).max())
    return {
        "day": day,
        "truth": truth,
        "naive": today,
        "forecast": found,
        **{f"{name}_zoom": values[-ZOOM:] for name, values in (("day", day), ("truth", truth))},
        **{f"{name}_zoom": values[-ZOOM:] for name, values in (("naive", today), ("forecast", found))},
        "day_recent": day[window - 1 :],
        **recent,
        "lead": lead,
        **scatter,
        "diagonal": np.array([-reach, reach]),
        "epoch": np.arange(1, len(t.learnt.loss_train) + 1),
        "loss_train": np.array(t.learnt.loss_train),
        "loss_validation": np.array(t.learnt.loss_validation),
        "error_by_lag": errors_by_lag(found, t.closes),
        "lags": np.arange(len(errors_by_lag(found, t.closes))),
    }


def charts(t: Tested, m: Metrics, s: Mapping[str, np.ndarray]) -> tuple[Chart, ...]:
    axis = f"trading day (0 is {day_words(t.dates[-1])})"
    return (
        _forecast(t, m, s, axis),
        _errors(t, m, s, axis),
        _returns(t, m),
        _lag(t, m),
        _learning_chart(t, m),
    )


def _forecast(t: Tested, m: Metrics, s: Mapping[str, np.ndarray], axis: str) -> Chart:
    def layers(end: str, dash: float) -> tuple[Layer, ...]:
        return (
            Line(f"day{end}", f"truth{end}", "true price", tone="ink", markers=bool(end)),
            Scatter(f"day{end}", f"naive{end}", "yesterday's price", tone="muted", size=dash, marker="_"),
            Line(f"day{end}", f"forecast{end}", "forecast", tone=1),
        )

    zoom = len(s["day_zoom"])
    panels = (
        Panel("", "price (dollars)", layers("", 9), title=period(t)),
        Panel(axis, "price (dollars)", layers("_zoom", 60), title=f"the last {zoom} days"),
    )
    return Chart("forecast", headline(t, m), panels)


def _errors(t: Tested, m: Metrics, s: Mapping[str, np.ndarray], axis: str) -> Chart:
    ahead = float((s["recent"] < s["recent_naive"]).mean())
    n = len(s["day"]) - len(s["day_recent"]) + 1
    recent = Panel(
        "",
        "RMSE (dollars)",
        (
            Line("day_recent", "recent_naive", f"{NAIVE} ({m['rmse_naive']:,.2f})", tone="muted"),
            Line("day_recent", "recent", f"LSTM ({m['rmse']:,.2f})", tone=1),
        ),
        title=f"RMSE of the last {n} days, and of all test days in brackets",
    )
    lead = Panel(
        axis,
        "dollars squared",
        (Line("day", "lead", "", tone=1), Rule(0.0, label="even")),
        title="lead of the LSTM in squared error, added up",
    )
    spells = f"{ahead:.0%} of the" if ahead else "no"
    title = (
        f"{who(t)}: the LSTM is the better one in {spells} spells of {n} days, and ends "
        f"{'ahead' if s['lead'][-1] > 0 else 'behind'}"
    )
    return Chart("errors", title, (recent, lead))


def _returns(t: Tested, m: Metrics) -> Chart:
    r, n = m["correlation"], len(t.truth)
    if math.isnan(r):
        title = f"{who(t)}: the predicted returns are all the same, whatever the real ones are"
    else:
        middle, half = math.atanh(max(min(r, 1 - 1e-12), -1 + 1e-12)), 1.96 / math.sqrt(max(n - 3, 1))
        low, high = math.tanh(middle - half), math.tanh(middle + half)  # Fisher's z
        verdict = (
            "no clear link between predicted and real returns"
            if low <= 0 <= high
            else f"predicted and real returns {'go together' if r > 0 else 'go against each other'}"
        )
        title = f"{who(t)}: {verdict}, correlation {r:.2f} (95% interval {low:.2f} to {high:.2f}), R² {m['r2']:.2f}"
    panel = Panel(
        "predicted return of the day (%)",
        "real return of the day (%)",
        (
            Line("diagonal", "diagonal", "perfect", tone="muted", style="dashed"),
            Scatter("said", "real", tone=1, size=14),
        ),
        title=period(t),
    )
    return Chart("returns", title, (panel,), overlay="panels")


def _lag(t: Tested, m: Metrics) -> Chart:
    lag = int(m["lag"])
    title = (
        f"{who(t)}: the forecast is closest to the close of the day it is for, so it does not lag"
        if lag == 0
        else f"{who(t)}: the forecast is closest to the close {days_before(lag)}, so it follows the price"
    )
    panel = Panel(
        "days by which the close is older than the day that is forecast",
        "spread of the misses (dollars)",
        (Line("lags", "error_by_lag", "", tone=1, markers=True), Rule(0.0)),  # the axis starts at 0
        title=period(t),
    )
    return Chart("lag", title, (panel,))


def _learning_chart(t: Tested, m: Metrics) -> Chart:
    one = t.learnt
    train, watched = m["loss_train"] / one.naive_losses[0] - 1, m["loss_validation"] / one.naive_losses[1] - 1
    values = [v for v in (*one.loss_train, *one.loss_validation, *one.naive_losses) if math.isfinite(v)]
    panel = Panel(
        "epoch",
        "mean squared error (scaled units)",
        (
            Line("epoch", "loss_train", "training", tone=0, markers=len(one.loss_train) <= 20),
            Line("epoch", "loss_validation", "validation", tone=1, markers=len(one.loss_train) <= 20),
            Rule(one.naive_losses[0], label="naive, training", tone=0),
            Rule(one.naive_losses[1], label="naive, validation", tone=1),
        ),
        title=f"training days up to {day_words(t.dates[one.first_validation - 1])}, validation days up to "
        f"{day_words(t.dates[one.first_test - 1])}",
        y_scale="log" if min(values) > 0 and max(values) > 20 * min(values) else "linear",
    )
    title = (
        f"{who(t)}: loss {_times(train)} than “{NAIVE}” on the training windows, {_times(watched)} on the days "
        "after them"
    )
    return Chart("learning", title, (panel,))


def _times(excess: float) -> str:
    if not math.isfinite(excess):
        return "no number, let alone lower"
    if excess > 2:
        return f"{excess + 1:,.0f} times higher"
    return f"{share(excess)} {'higher' if excess > 0 else 'lower'}"
