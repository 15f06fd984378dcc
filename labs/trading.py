"""A bandit that trades: each day it holds one stock, learns from its return, and chooses again (lecture 9).

The algorithm and its sources are in labs/cores/trading.py, the words and figures in labs/reports/trading.py.
Leaves out: taxes, dividends paid in cash (prices are adjusted for them), and that large orders move prices.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from pydantic import field_validator, model_validator

from labs import prices
from labs.bandit import PolicyName
from labs.base import Check, Context, Lab, LabParams, LabResult, Metric
from labs.cores.trading import drawdown, earned, p_value, random_traders, sharpe_ratio, trade, wealth
from labs.errors import BadParameterError
from labs.fields import param

DAYS = 252  # trading days in a year
FEWEST_DAYS = 20
DEFAULT = ("AAPL", "BAC", "GE", "JNJ", "KO", "MSFT", "WMT", "XOM")


class TradingParams(LabParams):
    tickers: tuple[str, ...] = param(
        DEFAULT,
        "The stocks to choose from, by ticker or company name.",
        synonyms=("ticker", "stocks", "stock", "shares", "companies", "symbols", "assets"),
        choice_synonyms=prices.SYNONYMS,
        min_length=2,
        max_length=20,
    )
    start: str | None = param(
        "2013-01-02",
        "First day (2013-01-02, or just 2013); none means all there is.",
        unit="date",
        synonyms=("start date", "starting", "beginning"),
    )
    end: str | None = param(
        None,
        "Last day; none means the last one there is.",
        unit="date",
        synonyms=("end date", "ending"),
    )
    epsilon: float = param(
        0.1,
        "Chance that epsilon_greedy takes a random stock for the day.",
        synonyms=(
            *("eps", "ε", "exploration rate", "exploration", "explore", "chance of exploring", "exploring"),
            *("exploration probability", "random actions", "explores"),
        ),
        ge=0,
        le=1,
    )
    policy: PolicyName = param(
        "epsilon_greedy",
        "How the bandit picks the stock of the day.",
        synonyms=("strategy", "agent", "algorithm"),
        choice_synonyms={
            "epsilon_greedy": (
                "epsilon greedy",
                "eps greedy",
                "ε-greedy",
                "e greedy",
                "greedy",
                "plain epsilon greedy",
            ),
            "decaying_epsilon": (
                "decaying epsilon",
                "epsilon decay",
                "decaying eps",
                "decayed epsilon",
                "decaying",
            ),
            "optimistic": (
                *("optimistic initial values", "optimistic initialisation", "optimistic start", "optimism"),
                *("optimistic greedy",),
            ),
            "ucb": ("upper confidence bound", "ucb1", "upper confidence bounds"),
            "gradient": (
                "gradient bandit",
                "gradient policy",
                "policy gradient bandit",
                "softmax policy",
                "softmax",
            ),
            "thompson": ("thompson sampling", "posterior sampling", "ts"),
        },
    )
    random_strategies: int = param(
        100,
        "Random traders to compare with: each holds any stock each day.",
        synonyms=("random strategies", "random traders", "monkeys", "random portfolios", "random agents"),
        scale="log",
        ge=1,
        le=10_000,
    )
    cost_bps: float = param(
        0.0,
        (
            "Cost of each switch (selling one stock and buying the next), in hundredths of a per cent of the "
            "wealth."
        ),
        unit="bps",
        synonyms=(
            *("bps per trade", "bps a trade", "basis points per trade", "basis points a trade", "per trade"),
            *(
                "trading costs",
                "trading cost",
                "transaction costs",
                "transaction cost",
                "costs",
                "cost",
                "fees",
            ),
            *("basis points", "commission", "fee", "bps"),
        ),
        ge=0,
        le=500,
    )
    step_size: float | None = param(
        None,
        "Weight of a new return in the estimate; none means the sample average (and 0.1 for gradient).",
        synonyms=("alpha", "α", "learning rate", "step size", "stepsize"),
        scale="log",
        gt=0,
        le=1,
    )
    seed: int = param(
        42,
        "Fixes every random draw: the same seed gives the same run.",
        synonyms=("random seed",),
        ge=0,
        le=2**31 - 1,
    )

    @field_validator("tickers", mode="before")
    @classmethod
    def _as_tickers(cls, value: Any) -> Any:
        """Company names become tickers, "Apple, KO" becomes two of them, and each counts once."""
        items = value if isinstance(value, (list, tuple)) else [value]
        if not all(isinstance(item, str) for item in items):
            return value
        names = [name for item in items for name in item.split(",") if name.strip()]
        return tuple(dict.fromkeys(prices.ticker_of(name) for name in names))

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_day(cls, value: Any, info: Any) -> Any:
        """2015 and "2015-03" become days; what is no date is left for the sentence of the check below."""
        try:
            return prices.iso_day(value, last=info.field_name == "end")
        except ValueError:
            return str(value)

    @model_validator(mode="after")
    def _can_be_had(self) -> TradingParams:
        for value in (self.start, self.end):
            prices.iso_day(value)
        prices.check(self.tickers, self.start, self.end)
        first, last = (date.fromisoformat(d) if d else None for d in (self.start, self.end))
        span = ((last or prices.LAST_DAY) - (first or prices.FIRST_DAY)).days
        if span < 1.6 * FEWEST_DAYS:
            raise ValueError(
                f"From {first or prices.FIRST_DAY} to {last or prices.LAST_DAY} there are too few trading "
                "days to learn "
                f"from; take at least two months."
            )
        return self


def run(p: TradingParams, context: Context) -> LabResult:
    """Let the bandit trade, and hold it against holding, against chance and against its own luck."""
    from labs.reports import trading as report

    context.report(0.0, "reading prices")
    market = prices.get_closes(p.tickers, p.start, p.end)
    if len(market.dates) < FEWEST_DAYS + 1:
        raise BadParameterError(
            f"Only {len(market.dates)} trading days lie between {p.start} and {p.end}; take at least two "
            "months."
        )
    returns = market.closes[1:] / market.closes[:-1] - 1  # (T, K): day t against the day before
    days = len(returns)

    def on_day(t: int, low: float, high: float, what: str) -> None:
        if t % 50 == 0:
            context.report(low + (high - low) * t / days, f"{what}, day {t} of {days}")

    def agents(count: int, stream: int, low: float, high: float, what: str) -> np.ndarray:
        return trade(
            returns,
            p.policy,
            p.epsilon,
            p.step_size,
            count,
            [p.seed, stream],
            lambda t: on_day(t, low, high, what),
        )

    held = agents(1, 0, 0.05, 0.3, "the bandit")
    own = earned(returns, held, p.cost_bps)[:, 0]  # (T,)
    path = wealth(own)
    rivals = agents(100, 1, 0.3, 0.6, "the same bandit with 100 other seeds")
    other_seeds = wealth(earned(returns, rivals, p.cost_bps))[-1] - 1  # (100,)

    rng = np.random.default_rng([p.seed, 2])
    finals, before_costs, sample = [], [], np.empty((days, 0))
    for first in range(0, p.random_strategies, 500):
        context.report(
            0.6 + 0.4 * first / p.random_strategies, f"random trader {first} of {p.random_strategies}"
        )
        count, state = min(500, p.random_strategies - first), rng.bit_generator.state
        some = random_traders(returns, count, p.cost_bps, rng)
        finals.append(some[-1] - 1)
        if p.cost_bps:
            rng.bit_generator.state = state  # the same traders, without costs
            before_costs.append(random_traders(returns, count, 0.0, rng)[-1] - 1)
        sample = some if first == 0 else sample
    chance = np.concatenate(finals)  # (random_strategies,)
    free = np.concatenate(before_costs) if p.cost_bps else chance

    hold = (market.closes[1:] / market.closes[0]).mean(axis=1)  # (T,) equal parts bought once, and kept
    hold_daily = np.diff(np.log(hold), prepend=0.0)
    each = market.closes[-1] / market.closes[0] - 1  # (K,)
    switches = int(np.count_nonzero(held[1:, 0] != held[:-1, 0]))
    metrics = {
        "return_total": float(path[-1] - 1),
        "sharpe": sharpe_ratio(own),
        "max_drawdown": float(drawdown(path).max()),
        "p_value_vs_random": p_value(float(path[-1] - 1), chance),
        "p_value_before_costs": p_value(float(wealth(earned(returns, held))[-1, 0] - 1), free),
        "return_hold": float(hold[-1] - 1),
        "sharpe_hold": sharpe_ratio(np.expm1(hold_daily)),
        "max_drawdown_hold": float(drawdown(hold).max()),
        "return_random_median": float(np.median(chance)),
        "return_best_stock": float(each.max()),
        "beats_holding_share": float((other_seeds > hold[-1] - 1).mean()),
        "switches": float(switches),
        "cost_paid": float(1 - (1 - p.cost_bps / 10_000) ** switches),
    }
    series = {
        "year": report.years(market.dates[1:]),
        "wealth": path,
        "wealth_hold": hold,
        "wealth_best": market.closes[1:, each.argmax()] / market.closes[0, each.argmax()],
        "random_low": np.percentile(sample, 5, axis=1),
        "random_median": np.percentile(sample, 50, axis=1),
        "random_high": np.percentile(sample, 95, axis=1),
        "drawdown": -drawdown(path),
        "drawdown_hold": -drawdown(hold),
        "held": held[:, 0],
        "days_held": np.bincount(held[:, 0], minlength=len(p.tickers)) / days,
        "return_each": each,
        "random_returns": chance,
        "other_seeds": other_seeds,
    }
    return report.tell(p, market, metrics, series)


def cost(p: TradingParams) -> float:
    """Estimated seconds: a price per day for the agents, and one per day and random trader."""
    first, last = p.start or str(prices.FIRST_DAY), p.end or str(prices.LAST_DAY)
    days = max((date.fromisoformat(last) - date.fromisoformat(first)).days, 1) * DAYS / 365
    return 0.3 + days * (3e-4 + 8e-8 * p.random_strategies * (2 if p.cost_bps else 1))


def verify() -> tuple[Check, ...]:
    """Days that made the news, and quantities that can be worked out by hand."""
    apple = prices.get_closes("AAPL", "2000-09-28", "2000-09-29").closes[:, 0]
    bank = prices.get_closes("BAC", "2009-01-16", "2009-01-20").closes[:, 0]
    flat = np.array([[0.0, 0.0]] * 5)
    switching = np.array([[0], [1], [0], [1], [0]])
    path = np.array([1.2, 0.9, 1.5, 0.75])
    alternating = np.array([0.01, -0.005] * 126)
    closed = float(0.0025 / (0.0075 * np.sqrt(252 / 251)) * np.sqrt(252))
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.01, (60, 4))
    chance = random_traders(noise, 400, 0.0, rng)[-1]
    blind = wealth(earned(noise, trade(noise, epsilon=1.0, agents=400, seed=1)))[-1]
    mean_p = float(np.mean([p_value(x, chance) for x in blind]))
    return (
        Check(
            "Apple on 29 September 2000",
            "press of that day: -51.9%",
            -0.519,
            float(apple[1] / apple[0] - 1),
            0.002,
        ),
        Check(
            "Bank of America on 20 January 2009",
            "press of that day: -29%",
            -0.29,
            float(bank[1] / bank[0] - 1),
            0.005,
        ),
        Check(
            "wealth after 4 switches at 100 basis points",
            "0.99 to the power of 4",
            0.99**4,
            float(wealth(earned(flat, switching, 100.0))[-1, 0]),
            1e-12,
        ),
        Check(
            "largest drawdown of 1.2, 0.9, 1.5, 0.75",
            "by hand: 1 - 0.75/1.5",
            0.5,
            float(drawdown(path).max()),
            1e-12,
        ),
        Check(
            "Sharpe ratio of +1% and -0.5% in turn, a year",
            "Sharpe (1994), by hand",
            closed,
            sharpe_ratio(alternating),
            1e-9,
        ),
        Check("mean p-value of a blind trader", "uniform under no skill: one half", 0.5, mean_p, 0.05),
    )


METRICS = {
    "return_total": Metric(
        "total return",
        "what the bandit gained over the whole period, after costs",
        better="higher",
        percent=True,
    ),
    "sharpe": Metric("Sharpe ratio", "mean over spread of its daily returns, for a year", better="higher"),
    "max_drawdown": Metric(
        "largest drawdown", "the deepest fall from a former high", better="lower", percent=True
    ),
    "p_value_vs_random": Metric(
        "p-value against chance", "chance that a random trader does at least as well", better="lower"
    ),
    "p_value_before_costs": Metric(
        "p-value before costs", "the same, with no costs for anyone", better="lower"
    ),
    "return_hold": Metric(
        "return of holding", "equal parts bought on the first day and kept", better="higher", percent=True
    ),
    "sharpe_hold": Metric(
        "Sharpe ratio of holding", "the same ratio for holding equal parts", better="higher"
    ),
    "max_drawdown_hold": Metric(
        "drawdown of holding", "the deepest fall of holding equal parts", better="lower", percent=True
    ),
    "return_random_median": Metric(
        "return of the median random trader", "half of the random traders did better", percent=True
    ),
    "return_best_stock": Metric("return of the best stock", "known only in hindsight", percent=True),
    "beats_holding_share": Metric(
        "seeds that beat holding",
        "share of 100 other seeds of the same bandit",
        better="higher",
        percent=True,
    ),
    "switches": Metric("switches", "days on which the stock changed"),
    "cost_paid": Metric(
        "paid in costs", "share of the wealth that the switches cost", better="lower", percent=True
    ),
}

LAB = Lab(
    id="trading",
    title="A bandit that trades stocks",
    lectures=(9,),
    learn="Whether learning from daily returns beats holding, and how easily luck looks like skill.",
    params=TradingParams,
    run=run,
    synonyms=(
        *("trading", "trading bandit", "stock bandit", "stock trading", "stock trading bandit"),
        *("stock picking", "stock picking bandit", "trade", "trade stocks", "trading stocks"),
        *("bandit trading", "pick stocks", "trader"),
        *("bandit trader", "portfolio bandit", "bandit on stocks", "stock market bandit"),
    ),
    topics=("sharpe ratio", "drawdown", "buy and hold", "portfolio", "stock market", "stocks"),
    examples=(
        "Let a bandit trade Apple, Microsoft and Coca-Cola from 2010 to 2020",
        "Run the trading lab with costs of 10 basis points",
        "Does Thompson sampling beat buy and hold on real stocks?",
    ),
    metrics=METRICS,
    sweep_metrics=("return_total", "p_value_vs_random", "sharpe"),
    core=(
        *(f"labs.cores.bandit.{name}" for name in ("epsilon_greedy", "ucb", "softmax", "thompson")),
        *(f"labs.cores.trading.{name}" for name in ("trade", "earned", "wealth", "sharpe_ratio", "drawdown")),
        *(f"labs.cores.trading.{name}" for name in ("random_traders", "p_value")),
    ),
    cost=cost,
    cost_of="days × random strategies",
    verify=verify,
    demo='''
# A made-up market, so that the notebook needs no data: put in prices of your own as `closes`, (days, stocks).
rng = np.random.default_rng(seed)
stocks = len(tickers)
drift, spread = rng.normal(0.0004, 0.0003, stocks), rng.uniform(0.01, 0.02, stocks)
closes = 100 * np.exp(np.cumsum(drift + spread * rng.standard_normal((1500, stocks)), axis=0))

returns = closes[1:] / closes[:-1] - 1
held = trade(returns, policy, epsilon, step_size, 1, seed)
path = wealth(earned(returns, held, cost_bps))[:, 0]
hold = (closes[1:] / closes[0]).mean(axis=1)
chance = random_traders(returns, random_strategies, cost_bps, rng)
metrics = {"return_total": path[-1] - 1, "p_value_vs_random": p_value(path[-1], chance[-1])}
print(f"bandit {path[-1] - 1:+.0%}, holding {hold[-1] - 1:+.0%}, p-value {metrics['p_value_vs_random']:.2f}")

figure, axes = plt.subplots(figsize=(7, 4))
low, high = np.percentile(chance, (5, 95), axis=1)
axes.fill_between(range(len(path)), low, high, color="lightgrey", label="random, 5-95%")
axes.plot(hold, label="holding equal parts")
axes.plot(path, label="bandit")
axes.set_yscale("log")
axes.set_xlabel("day")
axes.set_ylabel("wealth (start = 1)")
axes.legend()
''',
    exercises=(
        "Set `epsilon` to 1. What is the bandit now, and what should its p-value be on average?",
        "Set `cost_bps` to 10. Which policy suffers most, and why does the random trader suffer too?",
        ("Give the made-up market one stock with twice the drift. How many days does the bandit need to find "
         "it?"),
        ("Move the learning step before the choice, so that the agent sees the day's return first. What does "
         "the cheat earn?"),
    ),
)  # fmt: skip
