"""Backprop: seconds per epoch against scikit-learn's MLPClassifier of the same shape, and a run with the
defaults.
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from benchmarks.rows import Row, within

EPOCHS, ROUNDS = 60, 5


def measure() -> list[Row]:
    """The same spiral, shape, optimiser and batch size for both; the median of alternating rounds."""
    from sklearn.neural_network import MLPClassifier

    from labs.backprop import LAB
    from labs.cores.backprop import Network, make_points, train

    X, y = make_points("spiral", 300, 0.2, np.random.default_rng(0))
    X, y = X[:225], y[:225]
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        rng = np.random.default_rng(0)
        net = Network((2, 16, 16, 3), "relu", rng)
        start = time.perf_counter()
        for _epoch in train(net, X, y, "adam", 0.02, EPOCHS, 32, 0.0, rng):
            pass
        ours.append((time.perf_counter() - start) / EPOCHS)
        model = MLPClassifier(
            (16, 16),
            alpha=0.0,
            batch_size=32,
            learning_rate_init=0.02,
            max_iter=EPOCHS,
            tol=0.0,
            n_iter_no_change=EPOCHS,
        )
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it stops before it has converged is the point here
            model.fit(X, y)
        theirs.append((time.perf_counter() - start) / EPOCHS)
    mine, other = float(np.median(ours)), float(np.median(theirs))
    start = time.perf_counter()
    LAB.execute({})
    return [
        Row(
            "backprop per epoch",
            mine * 1e3,
            "ms",
            f"scikit-learn MLPClassifier: {other * 1e3:.3g} ms",
            other / mine,
            "no slower",
            mine <= other,
        ),
        within("backprop, defaults", time.perf_counter() - start, 3),
    ]
