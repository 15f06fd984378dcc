"""The lstm_stock lab's reference checks: arithmetic by hand, PyTorch's LSTM, and series with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs import prices
from labs.base import Check, Context
from labs.cores.lstm_stock import build, lstm_written_out


def verify() -> tuple[Check, ...]:
    """Prices whose naive error is worked out by hand, the LSTM against PyTorch, a sine wave and a random walk."""
    closes = prices.shipped()[1][:, list(prices.COMPANIES).index("AAPL")]
    steps = closes[-251:] - closes[-252:-1]  # the last fifth of 2018 to 2022: a forecast of no change
    shipped = outcome(None, epochs=1)
    outputs, gradients = differences()
    days = np.arange(800)
    sine = outcome(100 * np.exp(0.2 * np.sin(2 * np.pi * days / 40)), epochs=20)
    walk = outcome(random_walk(), epochs=5)
    return (
        Check(
            "naive RMSE of Apple in 2022, dollars",
            "root of the mean squared daily change, with NumPy alone",
            float(np.sqrt(np.sum(steps**2) / 251)),
            shipped["rmse_naive"],
            1e-9,
        ),
        Check(
            "parameters of an LSTM of 16 units",
            "4 (h (h + d) + 2 h) + h + 1 with h = 16, d = 1 (two bias vectors, as in PyTorch)",
            4 * (16 * (16 + 1) + 2 * 16) + 16 + 1,
            shipped["parameters"],
            0,
        ),
        Check("largest difference of the written-out LSTM", "torch.nn.LSTM, two layers", 0.0, outputs, 1e-6),
        Check("largest difference of its gradients", "torch.nn.LSTM, two layers", 0.0, gradients, 1e-6),
        Check("skill on a sine wave", "it obeys y(t+1) = 2 cos(ω) y(t) - y(t-1)", 1.0, sine["skill"], 0.05),
        Check("lag on a sine wave", "it is foreseen, not followed", 0, sine["lag"], 0),
        Check(
            "naive RMSE of a random walk",
            "its σ, 1 dollar, within 3 standard errors",
            1.0,
            walk["rmse_naive"],
            0.09,
        ),
        Check("skill above 0 on a random walk", "theory: none", 0.0, max(walk["skill"], 0.0), 0.01),
    )


def random_walk(days: int = 3000, sigma: float = 1.0) -> np.ndarray:
    """Closes whose steps are independent of all that came before: no forecast beats “tomorrow = today”."""
    return 1000 + np.cumsum(np.random.default_rng(0).normal(0.0, sigma, days))


def outcome(closes: np.ndarray | None, **values: Any) -> dict[str, float]:
    """The metrics of a run on these closes, or on the prices that it loads itself."""
    from labs.cores.lstm_stock_fit import fit, measure
    from labs.lstm_stock import LstmStockParams, load_prices

    p = LstmStockParams(**values)
    if closes is None:
        return measure(p, fit(p, *load_prices(p), Context()))
    days = np.datetime64("2000-01-03") + np.arange(len(closes))
    return measure(p, fit(p, days, closes, "a made-up price", Context()))


def differences() -> tuple[float, float]:
    """Largest differences from torch.nn.LSTM: of all its outputs, and of the gradients of all its weights."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        lstm = build(5, 2)["lstm"].double()
        windows = torch.randn(7, 12, 1, dtype=torch.float64)
        pull = torch.randn(7, 12, 5, dtype=torch.float64)  # any loss will do: here a weighted sum
    theirs = lstm(windows)[0]
    layers = [tuple(layer) for layer in lstm.all_weights]  # (W, U, b, b2) of each layer
    ours = lstm_written_out(windows, layers)
    weights = list(lstm.parameters())
    pairs = [torch.autograd.grad((h * pull).sum(), weights) for h in (ours, theirs)]
    gradients = max(float((a - b).abs().max()) for a, b in zip(*pairs, strict=True))
    return float((ours - theirs).detach().abs().max()), gradients
