"""What a run of the trading bandit says: headline, notes, findings, tables and charts, all from its
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.charts import Band, Bars, Chart, Line, Panel, Rule
from labs.prices import Prices, company_of

if TYPE_CHECKING:
    from labs.trading import TradingParams

Metrics = Mapping[str, float]
LIKELY = 0.05  # below this, chance alone is not a good explanation


def years(dates: np.ndarray) -> np.ndarray:
    """Days as decimal years, for the axis: 2013-07-02 is about 2013.5. (T,)"""
    year = dates.astype("datetime64[Y]")
    day = (dates - year.astype("datetime64[D]")).astype(float)
    return year.astype(int) + 1970 + day / 365.25


def tell(
    p: TradingParams, market: Prices, metrics: dict[str, float], series: dict[str, np.ndarray]
) -> LabResult:
    """The finished result of one run; adds the histogram of the random traders to the series."""
    counts, edges = np.histogram(
        series["random_returns"], bins=min(24, max(8, len(series["random_returns"]) // 6))
    )
    series["bin_x"] = np.repeat(edges, 2)[1:-1]  # a step line, drawn as a filled band
    series["bin_low"], series["bin_high"] = np.zeros(2 * len(counts)), np.repeat(counts, 2).astype(float)
    return LabResult(
        lab="trading",
        title=headline(metrics),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics=metrics,
        charts=charts(p, market, metrics, series),
        series=series,
        tables=tables(p, metrics, series),
        notes=notes(p, market, metrics, series),
        findings=findings(p, metrics, series),
    )


def headline(m: Metrics) -> str:
    verdict = "behind" if m["return_total"] < m["return_hold"] else "ahead of"
    chance = "no better than chance" if m["p_value_vs_random"] > LIKELY else "better than most random traders"
    return f"The bandit makes {m['return_total']:+.0%}, {verdict} holding ({m['return_hold']:+.0%}): {chance}"


def notes(p: TradingParams, market: Prices, m: Metrics, s: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    low, high = np.percentile(s["other_seeds"], (5, 95))
    as_good = round(m["p_value_vs_random"] * (1 + p.random_strategies)) - 1
    told = [
        f"From {market.period} ({len(s['year'])} days; {market.source}) the bandit made "
        f"{m['return_total']:+.0%} after costs; "
        f"equal parts of the {len(p.tickers)} stocks, bought once and kept, made {m['return_hold']:+.0%}.",
        f"{as_good} of {p.random_strategies} traders who pick blindly did at least as well (p = "
        f"{m['p_value_vs_random']:.2f}), so "
        + (
            "its result needs no skill to explain it."
            if m["p_value_vs_random"] > LIKELY
            else "chance alone hardly explains this one run; other seeds and years are the test."
        ),
        f"The very same bandit with 100 other seeds ended between {low:+.0%} and {high:+.0%} (the middle "
        "90%), and beat "
        f"holding in {m['beats_holding_share']:.0%} of them: one seed says little."
        if high - low > 1e-6
        else f"The policy {p.policy} draws no lots: every seed trades the same, and luck is in the years.",
    ]
    if p.cost_bps:
        cheaper = (
            f" Without costs its p-value is {m['p_value_before_costs']:.2f}: blind traders pay for a switch "
            "on nearly every "
            f"day, so costs flatter whoever switches less."
            if abs(m["p_value_before_costs"] - m["p_value_vs_random"]) > 0.01
            else ""
        )
        told.append(
            f"It switched {m['switches']:.0f} times, and at {p.cost_bps:g} basis points each that ate "
            f"{m['cost_paid']:.0%} of its wealth.{cheaper}"
        )
    else:
        would = 1 - 0.999 ** m["switches"]
        told.append(
            f"Nothing was charged here: at 10 basis points a switch, its {m['switches']:.0f} switches would "
            "have eaten "
            f"{would:.0%} of its wealth."
        )
    if m["return_random_median"] > 0:
        told.append(
            f"Even the median blind trader made {m['return_random_median']:+.0%}: these companies were "
            "picked because they "
            f"are still large, so any way of holding them looks clever."
        )
    else:
        told.append(
            f"The median blind trader lost {-m['return_random_median']:.0%}, so being ahead of chance is no "
            "feat."
        )
    return tuple(told)


def findings(p: TradingParams, m: Metrics, s: Mapping[str, np.ndarray]) -> tuple[Finding, ...]:
    found = []
    if m["p_value_vs_random"] > LIKELY:
        found.append(
            Finding(
                "no better than chance",
                f"p = {m['p_value_vs_random']:.2f} against {p.random_strategies} random traders.",
                "Try another period (start=2000, end=2010): does anything hold in both?",
            )
        )
    if m["return_total"] < m["return_hold"]:
        found.append(
            Finding(
                "worse than holding",
                f"{m['return_total']:+.0%} against {m['return_hold']:+.0%} for buying equal parts and doing "
                "nothing, with a "
                f"largest fall of {m['max_drawdown']:.0%} against {m['max_drawdown_hold']:.0%}.",
                "Compare policies: policy=[epsilon_greedy, ucb, thompson].",
            )
        )
    if m["cost_paid"] > 0.2:
        found.append(
            Finding(
                "eaten by costs",
                (
                    f"{m['switches']:.0f} switches at {p.cost_bps:g} basis points took {m['cost_paid']:.0%} "
                    "of "
                    "the wealth."
                ),
                "Try a smaller epsilon, such as 0.01.",
            )
        )
    share = s["days_held"]
    never = [ticker for ticker, part in zip(p.tickers, share, strict=True) if part == 0]
    if never:
        found.append(
            Finding(
                "an agent that never explored",
                f"It never held {', '.join(never)}, so it cannot know what they earn.",
                "Try epsilon=0.1 or policy=ucb.",
            )
        )
    if share.max() > 0.75:
        top = p.tickers[int(share.argmax())]
        found.append(
            Finding(
                "stuck on one stock",
                f"It held {top} on {share.max():.0%} of the days: an early favourite is hardly ever "
                "questioned, since the "
                "sample average gives each new day less weight.",
                "Try step_size=0.05, which keeps forgetting, or epsilon=0.3.",
            )
        )
    return tuple(found)


def tables(p: TradingParams, m: Metrics, s: Mapping[str, np.ndarray]) -> tuple[Table, ...]:
    rows = (
        ("the bandit", m["return_total"], m["sharpe"], m["max_drawdown"]),
        ("holding equal parts", m["return_hold"], m["sharpe_hold"], m["max_drawdown_hold"]),
    )
    own = zip(p.tickers, s["days_held"], s["return_each"], strict=True)
    each = tuple((t, company_of(t), float(share), float(gain)) for t, share, gain in own)
    return (
        Table(
            "The bandit against holding",
            ("strategy", "total return", "Sharpe ratio", "largest drawdown"),
            rows,
        ),
        Table("Stock by stock", ("ticker", "company", "share of days held", "its own return"), each),
    )


def charts(p: TradingParams, market: Prices, m: Metrics, series: dict[str, np.ndarray]) -> tuple[Chart, ...]:
    best = p.tickers[int(series["return_each"].argmax())]
    order = np.argsort(-series["days_held"], kind="stable")
    series["share_sorted"], series["return_sorted"] = series["days_held"][order], series["return_each"][order]
    names = tuple(p.tickers[i] for i in order)
    growth = Panel(
        "",
        "wealth (start = 1)",
        (
            Band("year", "random_low", "random_high", "random traders, middle 90%", tone="muted"),
            Line("year", "random_median", "random median", tone="muted", style="dashed"),
            Line("year", "wealth_best", f"{best} (hindsight)", tone=4, style="dotted"),
            Line("year", "wealth_hold", "holding", tone=0),
            Line("year", "wealth", "the bandit", tone=1),
        ),
        y_scale="log",
    )
    falls = Panel(
        f"year ({market.period})",
        "below former high",
        (
            Line("year", "drawdown_hold", "holding", tone=0),
            Line("year", "drawdown", "the bandit", tone=1),
        ),
        percent=True,
    )
    count = len(series["random_returns"])
    histogram = Panel(
        "total return (1 = +100%)",
        "number of random traders",
        (
            Band("bin_x", "bin_low", "bin_high", tone="muted"),
            Line("bin_x", "bin_high", tone="muted"),
            Rule(m["return_total"], "x", f"bandit {m['return_total']:+.0%}", tone=1),
            Rule(m["return_hold"], "x", f"holding {m['return_hold']:+.0%}", tone=0),
        ),
        labels="none",
    )
    as_good = round(m["p_value_vs_random"] * (1 + count)) - 1
    choices = (
        Panel(
            "share of days",
            "",
            (Bars(names, "share_sorted", tone=1, horizontal=True, number_format="{:.0%}"),),
            "Days the bandit held it",
        ),
        Panel(
            "total return (1 = +100%)",
            "",
            (Bars(names, "return_sorted", tone=0, horizontal=True, number_format="{:+.0%}"),),
            "What it made over the period",
        ),
    )
    top = names[0]
    rank = int((series["return_each"] > series["return_each"][order[0]]).sum()) + 1
    return (
        Chart("wealth", headline(m), (growth, falls)),
        Chart(
            "chance",
            f"{as_good} of {count} blind traders did at least as well as the bandit",
            (histogram,),
            overlay="panels",
        ),
        Chart(
            "choices",
            (
                f"It held {top} most ({series['share_sorted'][0]:.0%} of days), which was number {rank} of "
                f"{len(names)}"
            ),
            choices,
            columns=2,
            overlay="panels",
        ),
    )
