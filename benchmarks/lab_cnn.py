"""CNN: training images per second against a plain DataLoader loop, and a run with the defaults."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.rows import Row, within

EPOCHS, ROUNDS = 3, 7
TIMES = 1.3  # as many images a second as the plain loop, at least


def measure() -> list[Row]:
    """The same network, images, optimiser and batch size for both, one thread; the median of alternating rounds."""
    import torch
    from sklearn.datasets import load_digits
    from torch.utils.data import DataLoader, TensorDataset

    from labs.cnn import LAB
    from labs.cores.cnn import build, train

    X, y = load_digits(return_X_y=True)
    images = torch.from_numpy((X / 16).astype(np.float32).reshape(-1, 1, 8, 8))[:1347]
    labels = torch.from_numpy(y.astype(np.int64))[:1347]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours: list[float] = []
    plain: list[float] = []
    try:
        for _step in train(build("simple", 8, 0.1), images, labels, "adam", 0.002, 1, 64, False, 0):
            pass  # the first round compiles kernels
        for _ in range(ROUNDS):
            model = build("simple", 8, 0.1).to(memory_format=torch.channels_last)
            start = time.perf_counter()
            for _step in train(model, images, labels, "adam", 0.002, EPOCHS, 64, False, 0):
                pass
            ours.append(EPOCHS * len(labels) / (time.perf_counter() - start))
            model = build("simple", 8, 0.1)
            rule = torch.optim.Adam(model.parameters(), lr=0.002)
            loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
            start = time.perf_counter()
            for _epoch in range(EPOCHS):
                model.train()
                for batch, target in loader:
                    rule.zero_grad()
                    loss = torch.nn.functional.cross_entropy(model(batch), target)
                    loss.backward()
                    rule.step()
                    loss.item()
            plain.append(EPOCHS * len(labels) / (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    mine, other = float(np.median(ours)), float(np.median(plain))
    start = time.perf_counter()
    LAB.execute({})
    return [
        Row(
            "cnn training",
            mine,
            "images/s",
            f"plain DataLoader loop: {other:.3g} images/s",
            mine / other,
            f"at least {TIMES:g} times as many",
            mine >= TIMES * other,
        ),
        within("cnn, defaults", time.perf_counter() - start, 20),
    ]
