"""An LSTM that forecasts the next close: its step written out, windows, split, scaler, training, and measures.

Sources: Hochreiter & Schmidhuber, Long Short-Term Memory (1997), for the cell that keeps its state; Gers,
Schmidhuber & Cummins, Learning to Forget (2000), for the forget gate; Künsch (1989) for the block bootstrap.
Left out: peephole connections, dropout, early stopping. Shapes: T days, L of them to look back on
(`lookback`), n windows or test days, d numbers a day (here 1), H hidden units. PyTorch is imported inside the
functions, since it takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np


def lstm_step(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, b2: Any) -> tuple[Any, Any]:
    """One day of one layer: x (n, d) comes in, and the memory h and c (n, H) moves on.

        i = σ(Wᵢ x + Uᵢ h + bᵢ)        input gate: how much of what is new gets written
        f = σ(W_f x + U_f h + b_f)     forget gate: how much of the old is kept (Gers et al. 2000)
        g = tanh(W_g x + U_g h + b_g)  what would be written
        o = σ(Wₒ x + Uₒ h + bₒ)        output gate: how much of the cell is shown
        c ← f c + i g                  the old is added to, so its gradient does not fade where f is near 1
        h ← o tanh(c)

    W (4H, d) and U (4H, H) hold the four blocks one below the other, in the order i, f, g, o as in PyTorch,
    which also has two biases (4H,) where one would do.
    """
    i, f, g, o = (x @ W.T + b + h @ U.T + b2).chunk(4, dim=1)  # each (n, H)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def lstm_written_out(windows: Any, layers: list[tuple[Any, Any, Any, Any]]) -> Any:
    """What torch.nn.LSTM does, day by day: windows (n, L, d) in, the last layer's h of every day (n, L, H) out.

    `layers` holds W, U, b and b2 of each layer; a layer reads what the layer below it shows.
    """
    import torch

    days = list(windows.unbind(dim=1))  # L times (n, d)
    for W, U, b, b2 in layers:
        h = c = windows.new_zeros(len(windows), U.shape[1])  # every window starts with an empty memory
        for t, x in enumerate(days):
            h, c = lstm_step(x, h, c, W, U, b, b2)
            days[t] = h
    return torch.stack(days, dim=1)


def build(hidden: int, layers: int) -> Any:
    """An LSTM, and a line from its last state to the forecast.

    With one layer it has 4 (H (H + d) + 2 H) + H + 1 parameters, d = 1.
    """
    from torch import nn

    lstm = nn.LSTM(1, hidden, layers, batch_first=True)  # the step above, all windows and days in one call
    return nn.ModuleDict({"lstm": lstm, "line": nn.Linear(hidden, 1)})


def forecast(model: Any, windows: Any) -> Any:
    """What comes after each window, (n,), in scaled units; windows are (n, L)."""
    _, (h, _) = model["lstm"](windows[:, :, None])  # h: (layers, n, H), after the last day
    return model["line"](h[-1])[:, 0]


def log_returns(closes: np.ndarray) -> np.ndarray:
    """ln(close / close of the day before), (T - 1,): over several days they simply add up."""
    return np.diff(np.log(closes))


def split(days: int, lookback: int, test_fraction: float, predict: str) -> tuple[int, int]:
    """The first day of the validation part and of the test part; what comes before is for training.

    The test part is the last `test_fraction` of the days, the validation part the last 15% of the windows
    before it. Nothing is shuffled: a forecast is tested on days that come after all that it learnt from.
    """
    first_test = days - round(test_fraction * days)
    windows = first_test - lookback - (predict == "return")  # a return needs the day before
    return first_test - round(0.15 * windows), first_test


def scaler(values: np.ndarray, predict: str) -> tuple[float, float]:
    """Shift and size that make (values - shift) / size small: prices 0 to 1, returns of mean 0 and spread 1.

    What it is fitted on is what the forecast may know: the range of prices still to come is not among that.
    """
    if predict == "price":
        shift, size = float(values.min()), float(np.ptp(values))
    else:
        shift, size = float(values.mean()), float(values.std())
    return shift, size or 1.0


def windows_and_targets(values: Any, lookback: int) -> tuple[Any, Any]:
    """Each run of `lookback` values, (n, L), and the value that came next, (n,).

    Made once: unfold is a view, so each number is in memory once and not L times.
    """
    return values.unfold(0, lookback, 1)[:-1], values[lookback:]


def train(
    model: Any,
    windows: Any,
    targets: Any,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    seed: int,
) -> Iterator[tuple[int, float, float]]:
    """Adam on the squared error; yields (epoch, share of it done, mean loss of its batches so far) as it goes.

    Windows are (n, L), targets (n,). The windows of a batch go through the LSTM together.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    rule = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    n = len(windows)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(n, generator=generator).to(windows.device)
        x, y = windows[order].split(batch_size), targets[order].split(batch_size)  # gathered once an epoch
        loss_sum, seen = torch.zeros((), device=windows.device), 0
        for step in range(len(x)):
            loss = torch.nn.functional.mse_loss(forecast(model, x[step]), y[step])
            rule.zero_grad()
            loss.backward()
            rule.step()
            loss_sum += loss.detach() * len(y[step])
            seen += len(y[step])
            if step % 10 == 9 or seen == n:
                yield epoch, seen / n, float(loss_sum) / seen


# ------------------------------------------------------------------------------------------- measures


def rmse(guess: np.ndarray, truth: np.ndarray) -> float:
    """√ of the mean squared error, in the unit of what is forecast."""
    return float(np.sqrt(np.mean((guess - truth) ** 2)))


def skill_interval(
    error: np.ndarray, naive_error: np.ndarray, seed: int = 0, block: int = 10, draws: int = 2000
) -> tuple[float, float]:
    """95% interval of 1 - RMSE / RMSE of the naive forecast, from errors of the same days, (n,) each.

    A block bootstrap (Künsch 1989): the test period is put together anew from blocks of `block` days drawn
    with replacement, since calm and wild days come in spells.
    """
    n = len(error)
    block = min(block, n)
    starts = np.random.default_rng(seed).integers(0, n - block + 1, (draws, math.ceil(n / block)))
    ratio = []
    for e in (error, naive_error):
        sums = np.concatenate([[0.0], np.cumsum(e**2)])
        ratio.append((sums[starts + block] - sums[starts]).sum(axis=1))  # (draws,)
    low, high = np.percentile(1 - np.sqrt(ratio[0] / np.maximum(ratio[1], 1e-300)), (2.5, 97.5))
    return float(low), float(high)


def coin_test(right: int, n: int) -> float:
    """How likely a fair coin is at least as far from n / 2 as `right` of n: the exact binomial test."""
    tail = min(right, n - right)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(tail + 1)) / 2**n)


def errors_by_lag(guess: np.ndarray, closes: np.ndarray, lags: int = 5) -> np.ndarray:
    """Spread of the misses when forecasts (n,) are held against the closes of 0, 1, ... `lags` days before.

    Their mean is taken out, so that a forecast that is too low throughout does not hide that it comes late.
    `closes` ends with the last day that is forecast. Smallest at lag 1: it repeats the day before.
    """
    n, last = len(guess), len(closes)
    return np.array([float(np.std(guess - closes[last - n - lag : last - lag])) for lag in range(lags + 1)])
