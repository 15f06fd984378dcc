"""An LSTM predicts tomorrow's price, and is held against "tomorrow = today" (lecture 12).

The algorithm and its sources are in labs/cores/lstm_stock.py, the words and figures in
labs/reports/lstm_stock.py. Departs from most tutorials on purpose: errors are in dollars of price, the naive
forecast stands beside every one of them, and the scaler sees only training days unless `leak` asks for more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import numpy as np
from pydantic import field_validator, model_validator

from labs import prices
from labs.base import Context, Finding, Lab, LabParams, LabResult, Metric
from labs.checks.lstm_stock import verify
from labs.cores.lstm_stock import split
from labs.cores.lstm_stock_fit import PAIRS, fit, measure
from labs.errors import BadParameterError
from labs.fields import param
from labs.own_params import csv_param, target_param
from labs.own_prices import between, own_series, reworded

FEWEST_WINDOWS, FEWEST_TESTS = 60, 20


class LstmStockParams(LabParams):
    ticker: str = param(
        "AAPL",
        "The stock, by ticker or company name.",
        synonyms=("ticker", "stock", "company", "share"),
        choice_synonyms=prices.SYNONYMS,
        max_length=40,
    )
    csv: str | None = csv_param()
    target: str | None = target_param("number")
    start: str | None = param(
        "2018-01-02",
        "First day (2018-01-02, or just 2018); none means all there is.",
        unit="date",
        synonyms=("start date", "starting", "beginning"),
    )
    end: str | None = param(
        None,
        "Last day; none means the last one there is.",
        unit="date",
        synonyms=("end date", "ending"),
    )
    lookback: int = param(
        50,
        "Days that the LSTM sees before each forecast.",
        unit="days",
        synonyms=(
            *("look back", "lookback window", "window", "day window", "days of history", "days back"),
            *("window size", "days lookback", "past days", "previous days", "day lookback", "history"),
        ),
        ge=2,
        le=250,
    )
    hidden: int = param(
        16,
        "Size of the hidden state of each layer.",
        unit="units",
        synonyms=(
            *("hidden", "hidden units", "hidden size", "hidden neurons", "neurons", "units", "hidden nodes"),
            *("nodes", "hidden state", "hidden dimension"),
        ),
        scale="log",
        ge=1,
        le=256,
    )
    layers: int = param(
        1,
        "LSTM layers on top of each other.",
        synonyms=("layers", "layer", "depth", "number of layers", "stacked layers"),
        ge=1,
        le=4,
    )
    epochs: int = param(
        60,
        "Passes over the training windows.",
        synonyms=("epochs", "training epochs", "passes", "passes over the data"),
        scale="log",
        ge=1,
        le=500,
    )
    learning_rate: float = param(
        0.01,
        "Size of a step of Adam.",
        synonyms=("learning rate", "lr", "eta", "step length", "learn rate"),
        scale="log",
        gt=0,
        le=1,
    )
    batch_size: int = param(
        64,
        "Windows per step.",
        unit="windows",
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
        ge=1,
        le=1024,
    )
    test_fraction: float = param(
        0.2,
        "Share of the days, the last ones, that is kept for the test.",
        synonyms=(
            *("test fraction", "test split", "test size", "test share", "test set", "testing", "for testing"),
            *("test data", "held out", "hold out", "held back", "hold back", "for the test", "test"),
            *("test on", "tested on", "testing on", "kept for testing"),
        ),
        ge=0.01,
        le=0.9,
    )
    predict: Literal["return", "price"] = param(
        "return",
        "What is learnt: tomorrow's log return from past returns, or tomorrow's price from past prices.",
        synonyms=("predict", "target", "predicting", "prediction target"),
        choice_synonyms={
            "return": (
                *("predict return", "predict the return", "predicting returns", "daily returns"),
                *("log returns", "target return"),
            ),
            "price": (
                *(
                    "predicting price",
                    "predicting the price",
                    "predict price",
                    "predict the price",
                    "raw price",
                    "price itself",
                    "actual price",
                ),
                *("price level", "target price"),
            ),
        },
    )
    leak: bool = param(
        False,
        "Let the scaler see the test days too, as many tutorials do, and measure what that does.",
        synonyms=(
            *("leak", "leakage", "leaking", "data leakage", "leaky", "leak the test set"),
            *("leak the test data", "cheat", "peek"),
        ),
        choice_synonyms={"true": ("look ahead", "peeking at the test set"), "false": ("honestly", "honest")},
    )

    @field_validator("ticker", mode="before")
    @classmethod
    def _as_ticker(cls, value: Any) -> Any:
        return prices.ticker_of(value) if isinstance(value, str) else value

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_day(cls, value: Any, info: Any) -> Any:
        """2015 and "2015-03" become days; what is no date is left for the sentence of the check below."""
        try:
            return prices.iso_day(value, last=info.field_name == "end")
        except ValueError:
            return str(value)

    @model_validator(mode="before")
    @classmethod
    def _own_file_whole(cls, values: Any) -> Any:
        """Of a student's own file all days are taken, unless the message says from when."""
        if isinstance(values, Mapping) and values.get("csv") is not None and "start" not in values:
            return {**values, "start": None}
        return values

    @model_validator(mode="after")
    def _can_be_had(self) -> LstmStockParams:
        for value in (self.start, self.end):
            prices.iso_day(value)
        if self.csv is not None:
            try:
                own_series(self.csv, self.target)
            except BadParameterError as error:
                raise ValueError(str(error)) from None
            if too_few := _too_few(self, _days(self)):
                raise ValueError(too_few.replace("about ", ""))
            return self
        if self.target is not None:
            raise ValueError("target goes with your own file (csv=...); a ticker has one price a day.")
        prices.check((self.ticker,), self.start, self.end)
        if too_few := _too_few(self, _days(self) + 15):  # holidays are not known here: no false alarm
            raise ValueError(too_few)
        return self


def _days(p: LstmStockParams) -> int:
    """About how many trading days the run has, without reading any prices; of an own file, exactly."""
    if p.csv is not None:
        dates, closes, _name, _remarks = own_series(p.csv, p.target)
        return len(between(dates, closes, p.start, p.end)[0])
    first = p.start or prices.FIRST_DAY.isoformat()
    shipped = p.ticker in prices.COMPANIES and first <= prices.LAST_DAY.isoformat()
    last = p.end or (prices.LAST_DAY if shipped else date.today()).isoformat()
    return round(252 / 261 * max(int(np.busday_count(first, last)) + 1, 0))


def _too_few(p: LstmStockParams, days: int) -> str:
    """A sentence where the days do not fill a training and a test part, else nothing."""
    first_validation, first_test = split(days, p.lookback, p.test_fraction, p.predict)
    windows = first_validation - p.lookback - (p.predict == "return")
    if windows >= FEWEST_WINDOWS and days - first_test >= FEWEST_TESTS:
        return ""
    first = p.start or ("the first day" if p.csv else prices.FIRST_DAY)
    return (
        f"From {first} to {p.end or 'the last day'} there are about {days} trading days, too few for windows of "
        f"{p.lookback} days with {p.test_fraction:.0%} kept for the test (at least {FEWEST_WINDOWS} windows to train "
        f"on and {FEWEST_TESTS} test days are needed); take an earlier start, a shorter lookback, or "
        f"test_fraction=0.2."
    )


def load_prices(
    p: LstmStockParams, on_wait: Callable[[], None] | None = None
) -> tuple[np.ndarray, np.ndarray, str]:
    """Where the prices of a run come from: days (T,) datetime64[D], closes (T,), and what they are, in words.

    Raises BadParameterError, with one sentence, where they cannot be had.
    """
    if p.csv is not None:
        dates, closes, name, _remarks = own_series(p.csv, p.target)
        return *between(dates, closes, p.start, p.end), name
    found = prices.get_closes(p.ticker, p.start, p.end, on_wait)
    company = prices.company_of(p.ticker)
    name = p.ticker if company == p.ticker else f"{company} ({p.ticker})"
    return found.dates, found.closes[:, 0], f"{name}, {found.source}"


def run(p: LstmStockParams, context: Context) -> LabResult:
    """Train on the first days, forecast the last ones, and compare with saying that tomorrow is as today."""
    from labs.reports.lstm_stock import tell

    context.report(0.0, "reading prices")
    dates, closes, name = load_prices(p, lambda: context.report(0.0, "waiting for prices"))
    if too_few := _too_few(p, len(closes)):
        raise BadParameterError(too_few.replace("there are about", "there are"))
    if not (np.isfinite(closes).all() and (closes > 0).all()):
        raise BadParameterError("Prices must be numbers above 0 on every day; mend or leave out the others.")
    if np.ptp(closes[split(len(closes), p.lookback, p.test_fraction, p.predict)[1] - 1 :]) == 0:
        raise BadParameterError(
            "The price never moves on the test days, so there is nothing to forecast; take others."
        )
    tested = fit(p, dates, closes, name, context.part(0.02, 1.0))
    result = tell(p, tested, measure(p, tested))
    if p.csv is None:
        return result
    own: LabResult = reworded(result, "dollars", "units")
    remarks = own_series(p.csv, p.target)[3]
    return replace(own, notes=(*own.notes[:4], remarks)) if remarks else own


def cost(p: LstmStockParams) -> float:
    """Estimated seconds on two cores: a price per step, and one per window, day, layer and weight."""
    windows = max(_days(p) * (1 - p.test_fraction) - p.lookback, 1)
    steps = math.ceil(windows / p.batch_size)
    once = steps * (9e-4 + 7e-6 * p.lookback * p.layers)
    once += windows * p.lookback * p.layers * (3e-7 + 2.6e-9 * p.hidden + 5.4e-10 * p.hidden**2)
    return 0.5 + p.epochs * once * (2 * PAIRS if p.leak else 1)


def _remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    from labs.reports.lstm_stock import remarks

    return remarks(swept, runs)


METRICS = {
    "rmse": Metric("RMSE", "typical miss of tomorrow's price on the test days", "dollars", better="lower"),
    "rmse_naive": Metric(
        "RMSE of “tomorrow = today”", "the same miss when nothing is learnt", "dollars", better="lower"
    ),
    "skill": Metric("skill", "1 - RMSE / RMSE of “tomorrow = today”: 0 is no gain", better="higher"),
    "direction_accuracy": Metric(
        "direction right",
        "share of the test days on which up or down is called right",
        better="higher",
        percent=True,
    ),
    "mae": Metric("mean absolute error", "mean miss of tomorrow's price", "dollars", better="lower"),
    "mae_naive": Metric(
        "mean absolute error of “tomorrow = today”", "the same, nothing learnt", "dollars", better="lower"
    ),
    "skill_low": Metric("skill, lower end", "lower end of the 95% interval of the skill (block bootstrap)"),
    "skill_high": Metric("skill, upper end", "upper end of the same interval"),
    "skill_best_epoch": Metric(
        "skill if stopped early",
        "skill with the weights of the epoch with the lowest validation loss",
        better="higher",
    ),
    "best_epoch": Metric("best epoch", "the epoch after which the validation loss was lowest"),
    "always_up": Metric("days that rose", "share of days on which always saying up is right", percent=True),
    "p_value_coin": Metric("p-value against a coin", "exact binomial test of the direction", better="lower"),
    "p_value_always_up": Metric(
        "p-value against always up", "exact test on the days for which it says down (McNemar)", better="lower"
    ),
    "correlation": Metric(
        "correlation", "of predicted and real daily returns on the test days", better="higher"
    ),
    "r2": Metric(
        "R² of the returns", "share of the real returns' variance that is predicted", better="higher"
    ),
    "spread": Metric("spread of the forecast", "spread of the predicted returns over that of the real ones"),
    "lag": Metric(
        "lag", "days back to the close that the forecasts are closest to: 0 is right", "days", better="lower"
    ),
    "beyond_range": Metric(
        "out of range", "share of test prices outside those of the training days", percent=True
    ),
    "loss_train": Metric("training loss", "mean squared error in scaled units, last epoch", better="lower"),
    "loss_validation": Metric(
        "validation loss", "the same on the days after the training days", better="lower"
    ),
    "parameters": Metric("parameters", "numbers that were learned"),
    "rmse_with_leak": Metric(
        "RMSE with the leak", f"mean of {PAIRS} seeds, scaler fitted on all days", "dollars"
    ),
    "rmse_without_leak": Metric(
        "RMSE without it", "the same seeds, scaler fitted on training days", "dollars"
    ),
    "leak_gain": Metric("gain of the leak", "1 - RMSE with the leak / RMSE without it", percent=True),
}

LAB = Lab(
    id="lstm_stock",
    title="An LSTM and tomorrow's price",
    lectures=(12,),
    learn="Whether an LSTM foresees tomorrow's price, or only repeats today's, and what a leak does to the answer.",
    params=LstmStockParams,
    run=run,
    synonyms=(
        *("lstm stock", "stock lstm", "stock prediction", "stock price prediction", "predict stock prices"),
        *("stock price", "share price", "price prediction", "stock forecasting", "predict the stock price"),
        *(
            "predict stock",
            "forecast stock",
            "lstm stock prediction",
            "stock predictor",
            "lstm stock predictor",
        ),
        *("stock price forecasting", "predict the stock market", "tomorrow's price", "price forecasting"),
        *(
            "predict share price",
            "forecast share price",
            "stock market prediction",
            "predict tomorrow's price",
        ),
        *("lstm price", "stock price lstm", "forecast prices", "predict prices", "lstm for stocks"),
        *("lstm on stocks",),
    ),
    topics=(
        *("forecast", "lstm", "leakage", "naive baseline", "time series", "persistence", "stock", "shares"),
        *("prices",),
    ),
    examples=(
        "Predict Apple's stock price with an LSTM",
        "Run the LSTM on Exxon's price with the scaler leaking",
        "Does a look-back of 10, 50 or 100 days predict Microsoft better?",
    ),
    metrics=METRICS,
    sweep_metrics=("skill", "direction_accuracy", "rmse"),
    core=tuple(
        f"labs.cores.lstm_stock.{name}"
        for name in (
            *("lstm_step", "lstm_written_out", "build", "forecast", "log_returns", "split", "scaler"),
            *("windows_and_targets", "train", "rmse", "skill_interval", "coin_test", "errors_by_lag"),
        )
    ),
    cost=cost,
    cost_of="epochs × windows × lookback × the size of the network",
    cost_limit=120.0,
    sweep_remarks=_remarks,
    verify=verify,
    notebook_imports=("from collections.abc import Iterator",),
    demo="""
import torch

# A made-up price, so that the notebook needs no data: a random walk, of which nothing can be foreseen.
# For a real one put its closes, oldest first, into `closes`.
closes = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.015, 1250)))

first_validation, first_test = split(len(closes), lookback, test_fraction, predict)
before = int(predict == "return")
values = log_returns(closes) if before else closes
shift, size = scaler(values if leak else values[: first_validation - before], predict)
scaled = torch.tensor((values - shift) / size, dtype=torch.float32)
windows, targets = windows_and_targets(scaled, lookback)
a, b = first_validation - lookback - before, first_test - lookback - before

torch.manual_seed(seed)
model = build(hidden, layers)
losses = []
for epoch, share, loss in train(model, windows[:a], targets[:a], learning_rate, epochs, batch_size, seed):
    if share == 1:
        with torch.no_grad():
            watched = float(((forecast(model, windows[a:b]) - targets[a:b]) ** 2).mean())
        losses.append((loss, watched))

with torch.no_grad():
    said = forecast(model, windows[b:]).double().numpy() * size + shift
truth, today = closes[first_test:], closes[first_test - 1 : -1]
found = today * np.exp(said) if before else said
right = int(((found > today) == (truth > today)).sum())
metrics = {"rmse": rmse(found, truth), "rmse_naive": rmse(today, truth)}
metrics["skill"] = 1 - metrics["rmse"] / metrics["rmse_naive"]
low, high = skill_interval(found - truth, today - truth)
print(f"misses by {metrics['rmse']:.2f}, tomorrow = today by {metrics['rmse_naive']:.2f}")
print(f"skill {metrics['skill']:.1%} ({low:.1%} to {high:.1%})")
print(f"direction right on {right} of {len(truth)} days, p = {coin_test(right, len(truth)):.2f}")
print("misses spread, against the close of 0, 1, ... days before:", errors_by_lag(found, closes).round(2))

figure, axes = plt.subplots(1, 2, figsize=(10, 4))
axes[0].plot(truth[-60:], "k.-", label="true price")
axes[0].plot(today[-60:], ":", label="yesterday's")
axes[0].plot(found[-60:], label="forecast")
axes[0].set_xlabel("day")
axes[0].legend()
axes[1].plot(np.array(losses), label=["training", "validation"])
axes[1].set_xlabel("epoch")
axes[1].set_ylabel("loss")
axes[1].legend()
""",
    exercises=(
        "Write `closes` as a sine wave around 100. How small does the error get, and where is the lag now?",
        "Pass `windows[:4, :, None]` and the weights of `model['lstm']` to `lstm_written_out`, and compare its "
        "last day with what `model['lstm']` gives.",
        "Shuffle the windows before you split them into training and test. What does that leak, and how much does "
        "the error fall on the random walk?",
        "Count the 4 (H (H + d) + 2 H) + H + 1 parameters by hand for H = 16 and d = 1. Which of them could be "
        "left out?",
        "Find the number of epochs with the best test error. Why may you not report that error?",
    ),
    preload=("torch",),
)
