"""One run of the LSTM on a series of closes: split, scale, train, forecast each test day, and measure.

The pieces are in labs/cores/lstm_stock.py; here they are put together, and the errors turned into dollars.
Knows nothing of where the prices come from, and draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labs.base import Context
from labs.cores.lstm_stock import (
    build,
    coin_test,
    errors_by_lag,
    forecast,
    log_returns,
    rmse,
    scaler,
    skill_interval,
    split,
    train,
    windows_and_targets,
)

if TYPE_CHECKING:
    from labs.lstm_stock import LstmStockParams

PAIRS = 3  # with `leak`: seeds that run with and without it, since one pair differs by luck alone


@dataclass
class Learnt:
    """One training on one series of closes, and its forecasts of the test days, in dollars."""

    forecast: np.ndarray  # (n,) after the last epoch
    forecast_best: np.ndarray  # (n,) after the epoch whose validation loss was lowest
    best_epoch: int
    windows: tuple[int, int]  # training, validation
    first_validation: int  # days, counted in closes
    first_test: int
    seen: np.ndarray  # the closes that the scaler was fitted on
    naive_losses: tuple[float, float]  # of "tomorrow = today" in scaled units: training, validation
    constant_loss: float  # of the training targets' mean
    initial_loss: float  # of the training windows, before the first step
    parameters: int
    device: str
    loss_train: list[float] = field(default_factory=list)  # an entry per epoch, as loss_validation
    loss_validation: list[float] = field(default_factory=list)


def learn(closes: np.ndarray, p: LstmStockParams, context: Context) -> Learnt:
    """Split, scale, train, and forecast each test day from the days before it. Closes are (T,), in dollars."""
    import torch

    T, L = len(closes), p.lookback
    before = int(p.predict == "return")  # values lost at the front: the first day has no return
    first_validation, first_test = split(T, L, p.test_fraction, p.predict)
    values = log_returns(closes) if before else closes
    known = values if p.leak else values[: first_validation - before]
    shift, size = scaler(known, p.predict)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    scaled = torch.from_numpy(((values - shift) / size).astype(np.float32)).to(device)
    windows, targets = windows_and_targets(scaled, L)  # the i-th is for the close of day i + L + before
    a, b = first_validation - L - before, first_test - L - before
    same = windows[:b, -1] if not before else torch.full((b,), -shift / size, device=device)
    naive = ((targets[:b] - same) ** 2).double()
    today = closes[first_test - 1 : -1]

    def loss_of(model: Any, rows: slice) -> float:
        with torch.no_grad():
            return float(((forecast(model, windows[rows]) - targets[rows]) ** 2).mean())

    def in_dollars(model: Any) -> np.ndarray:
        with torch.no_grad():
            found = forecast(model, windows[b:]).double().cpu().numpy() * size + shift
        # a forecast beyond all bounds is still a number: e^50 times today's price
        return today * np.exp(np.clip(found, -50, 50)) if before else found

    threads = torch.get_num_threads()
    # one day must wait for the day before: two threads mostly wait for each other, at any size allowed here
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(p.seed)
            model = build(p.hidden, p.layers).to(device)
            t = Learnt(
                forecast=today,
                forecast_best=today,
                best_epoch=0,
                windows=(a, b - a),
                first_validation=first_validation,
                first_test=first_test,
                seen=closes if p.leak else closes[:first_validation],
                naive_losses=(max(float(naive[:a].mean()), 1e-12), max(float(naive[a:].mean()), 1e-12)),
                constant_loss=float(targets[:a].double().var(correction=0)),
                initial_loss=loss_of(model, slice(0, a)),
                parameters=sum(w.numel() for w in model.parameters()),
                device=device,
            )
            best = _copy(model)
            for epoch, share, loss in train(
                model, windows[:a], targets[:a], p.learning_rate, p.epochs, p.batch_size, p.seed
            ):
                context.report(
                    (epoch - 1 + share) / p.epochs, f"epoch {epoch} of {p.epochs}, loss {loss:.4g}"
                )
                if share == 1:
                    t.loss_train.append(loss)
                    t.loss_validation.append(loss_of(model, slice(a, b)))
                    if t.loss_validation[-1] <= min(t.loss_validation):
                        t.best_epoch, best = epoch, _copy(model)
            t.forecast = in_dollars(model)
            model.load_state_dict(best)
            t.forecast_best = in_dollars(model)
    finally:
        torch.set_num_threads(threads)
    return t


def _copy(model: Any) -> dict[str, Any]:
    return {name: weights.clone() for name, weights in model.state_dict().items()}


@dataclass(frozen=True)
class Tested:
    """What the report is made from: the prices, the forecasts of the run, and its twins where `leak` asks."""

    dates: np.ndarray  # (T,)
    closes: np.ndarray  # (T,)
    name: str
    learnt: Learnt
    leaking: tuple[float, ...] = ()  # RMSE per seed with the leak, and without
    honest: tuple[float, ...] = ()

    @property
    def truth(self) -> np.ndarray:
        return self.closes[self.learnt.first_test :]

    @property
    def today(self) -> np.ndarray:
        """The close of the day before: what "tomorrow = today" forecasts."""
        return self.closes[self.learnt.first_test - 1 : -1]


def fit(p: LstmStockParams, dates: np.ndarray, closes: np.ndarray, name: str, context: Context) -> Tested:
    """Train on any series of closes; with `leak` also its twins with and without, on PAIRS seeds."""
    if not p.leak:
        return Tested(dates, closes, name, learn(closes, p, context))
    learnt: list[Learnt] = []
    for k in range(2 * PAIRS):
        leak = k % 2 == 0
        part = context.part(
            k / (2 * PAIRS), (k + 1) / (2 * PAIRS), f"{'with' if leak else 'without'} the leak, "
        )
        learnt.append(learn(closes, p.model_copy(update={"leak": leak, "seed": p.seed + k // 2}), part))
    errors = tuple(rmse(one.forecast, closes[one.first_test :]) for one in learnt)
    return Tested(dates, closes, name, learnt[0], errors[::2], errors[1::2])


def measure(p: LstmStockParams, t: Tested) -> dict[str, float]:
    """The metrics of a run. Errors are in dollars of price, on the test days."""
    truth, today, found = t.truth, t.today, t.learnt.forecast
    real, said = truth / today - 1, found / today - 1
    moved = truth != today
    up, said_up = (truth > today)[moved], (found > today)[moved]
    right = int((up == said_up).sum())
    error, naive = rmse(found, truth), rmse(today, truth)
    low, high = skill_interval(found - truth, today - truth)
    known = t.closes[: t.learnt.first_validation]
    flat = float(said.std()) == 0 or float(real.std()) == 0
    metrics = {
        "rmse": error,
        "rmse_naive": naive,
        "skill": 1 - error / naive,
        "direction_accuracy": right / max(len(up), 1),
        "mae": float(np.abs(found - truth).mean()),
        "mae_naive": float(np.abs(today - truth).mean()),
        "skill_low": low,
        "skill_high": high,
        "skill_best_epoch": 1 - rmse(t.learnt.forecast_best, truth) / naive,
        "best_epoch": float(t.learnt.best_epoch),
        "always_up": float(up.mean()) if len(up) else 0.0,
        "p_value_coin": coin_test(right, len(up)),
        # the two differ only on days for which it says down
        "p_value_always_up": coin_test(int((~up & ~said_up).sum()), int((~said_up).sum())),
        "correlation": float("nan") if flat else float(np.corrcoef(said, real)[0, 1]),
        "r2": 1 - float(((said - real) ** 2).sum() / max(((real - real.mean()) ** 2).sum(), 1e-300)),
        "spread": float(said.std() / real.std()) if real.std() > 0 else float("nan"),
        "lag": float(np.argmin(errors_by_lag(found, t.closes))),
        "beyond_range": float(((truth > known.max()) | (truth < known.min())).mean()),
        "loss_train": t.learnt.loss_train[-1],
        "loss_validation": t.learnt.loss_validation[-1],
        "parameters": float(t.learnt.parameters),
    }
    if t.honest:
        metrics["rmse_with_leak"] = float(np.mean(t.leaking))
        metrics["rmse_without_leak"] = float(np.mean(t.honest))
        metrics["leak_gain"] = 1 - metrics["rmse_with_leak"] / metrics["rmse_without_leak"]
    return metrics
