"""LSTM on prices: training time against the loops of tutorials, what the factor is made of, and the test error.

All train the same network (16 units, look-back of 50 days) with Adam for the same epochs on the same windows,
on one thread. `batch of 16` draws shuffled batches with a DataLoader that builds each window when it is asked
for; `window by window` also sends the windows of a batch through the LSTM one after the other. The fused LSTM
of PyTorch does the arithmetic in every row: a loop over days in Python would be far slower still.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Row, within

ROUNDS, EPOCHS, SEEDS = 5, 3, 3


def measure() -> list[Row]:
    """The median of alternating rounds of a few epochs; the test RMSE after a full training with several seeds."""
    import torch

    from labs.cores.lstm_stock import build, log_returns, scaler, split, train, windows_and_targets
    from labs.lstm_stock import LAB, LstmStockParams, load_prices

    p = LstmStockParams()
    closes = load_prices(p)[1]
    first_validation, first_test = split(len(closes), p.lookback, p.test_fraction, p.predict)
    returns = log_returns(closes)
    shift, size = scaler(returns[: first_validation - 1], p.predict)
    values = ((returns - shift) / size).astype(np.float32)
    windows, targets = windows_and_targets(torch.from_numpy(values), p.lookback)
    n, test = first_validation - 1 - p.lookback, first_test - 1 - p.lookback
    today, truth = closes[first_test - 1 : -1], closes[first_test:]

    def ours(model: Any, epochs: int, seed: int, batch_size: int = p.batch_size) -> None:
        for _step in train(model, windows[:n], targets[:n], p.learning_rate, epochs, batch_size, seed):
            pass

    def tutorial(model: Any, epochs: int, seed: int, batch_size: int = 16) -> None:
        _loop(
            model,
            values[: n + p.lookback],
            p.lookback,
            epochs,
            seed,
            batch_size,
            p.learning_rate,
            together=True,
        )

    def one_by_one(model: Any, epochs: int, seed: int) -> None:
        _loop(model, values[: n + p.lookback], p.lookback, epochs, seed, 16, p.learning_rate, together=False)

    def seconds(way: Callable[..., None], epochs: int) -> float:
        model = build(p.hidden, p.layers)
        start = time.perf_counter()
        way(model, epochs, 0)
        return (time.perf_counter() - start) / epochs

    def errors(way: Callable[..., None]) -> list[float]:
        from labs.cores.lstm_stock import forecast, rmse

        found = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            model = build(p.hidden, p.layers)
            way(model, p.epochs, seed)
            with torch.no_grad():
                said = forecast(model, windows[test:]).double().numpy() * size + shift
            found.append(rmse(today * np.exp(said), truth))
        return found

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ways: dict[str, Callable[..., None]] = {
        "ours": ours,
        "ours, batch 16": lambda model, epochs, seed: ours(model, epochs, seed, 16),
        "ours, batch 256": lambda model, epochs, seed: ours(model, epochs, seed, 256),
        "tutorial": tutorial,
        "tutorial, batch 64": lambda model, epochs, seed: tutorial(model, epochs, seed, 64),
    }
    try:
        with torch.random.fork_rng(devices=[]):
            seconds(ours, 1)  # the first round compiles kernels
            times: dict[str, list[float]] = {name: [] for name in ways}
            slow = []
            for _ in range(ROUNDS):
                for name, way in ways.items():
                    times[name].append(seconds(way, EPOCHS))
                slow.append(seconds(one_by_one, 1))
            error = {name: errors(ways[name]) for name in ("ours", "ours, batch 256", "tutorial")}
    finally:
        torch.set_num_threads(threads)
    epoch = {name: statistics.median(found) for name, found in times.items()}
    told = {
        name: f"{statistics.mean(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        for name, found in error.items()
    }
    # no worse: not beyond what the seeds differ by anyway
    no_worse = statistics.mean(error["ours"]) <= max(error["tutorial"])
    start = time.perf_counter()
    LAB.execute({})
    whole = time.perf_counter() - start
    factor = epoch["tutorial"] / epoch["ours"]
    return [
        Row(
            name="lstm_stock, an epoch, batch 64",
            value=1000 * epoch["ours"],
            unit="ms",
            baseline=f"DataLoader, batch of 16, windows built one by one: {1000 * epoch['tutorial']:.0f} ms",
            ratio=factor,
            target="at least 5 times faster, at no worse test RMSE in dollars "
            f"(mean and range of {SEEDS} seeds: ours {told['ours']}, theirs {told['tutorial']})",
            met=factor >= 5 and no_worse,
        ),
        _against(
            "lstm_stock, the part of that factor that is the batch size",
            epoch["ours"],
            "ours with batch 16",
            epoch["ours, batch 16"],
        ),
        _against(
            "lstm_stock, the part that is left at equal batches of 64",
            epoch["ours"],
            "DataLoader, batch of 64",
            epoch["tutorial, batch 64"],
        ),
        _against(
            f"lstm_stock, an epoch, batch 256 (test RMSE {told['ours, batch 256']} dollars)",
            epoch["ours, batch 256"],
            "DataLoader, batch of 16",
            epoch["tutorial"],
        ),
        _against(
            "lstm_stock, an epoch, against windows that pass the LSTM one by one",
            epoch["ours"],
            "batch of 16, window by window",
            statistics.median(slow),
        ),
        within("lstm_stock, defaults", whole, 15),
    ]


def _against(name: str, mine: float, what: str, theirs: float) -> Row:
    return Row(name, 1000 * mine, "ms", f"{what}: {1000 * theirs:.0f} ms", theirs / mine)


def _loop(
    model: Any,
    values: np.ndarray,
    lookback: int,
    epochs: int,
    seed: int,
    batch_size: int,
    learning_rate: float,
    together: bool,
) -> None:
    """Training as tutorials write it: a Dataset that cuts out a window when asked, and a DataLoader."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    from labs.cores.lstm_stock import forecast

    class Windows(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(values) - lookback

        def __getitem__(self, i: int) -> tuple[Any, Any]:
            return torch.tensor(values[i : i + lookback]), torch.tensor(values[i + lookback])

    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(Windows(), batch_size=batch_size, shuffle=True, generator=order)
    rule = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _epoch in range(epochs):
        for x, y in loader:
            said = forecast(model, x) if together else torch.cat([forecast(model, one[None]) for one in x])
            loss = torch.nn.functional.mse_loss(said, y)
            rule.zero_grad()
            loss.backward()
            rule.step()
            loss.item()


if __name__ == "__main__":
    for row in measure():
        ratio = f" ({row['ratio']:.2f} x: {row['baseline']})" if row["ratio"] else ""
        print(f"{row['name']}: {row['value']:.3g} {row['unit']}{ratio}; target: {row['target']}")
