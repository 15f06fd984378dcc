"""Fitting a linear model: the closed form and gradient descent, with polynomial and scaled columns. NumPy
only.

Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd ed., sections 3.2 and 3.4;
the lasso by proximal gradient descent after Parikh & Boyd, Proximal Algorithms (2014), section 4.2.
Differs from scikit-learn: the loss is the mean squared error plus alpha Σw² (ridge) or alpha Σ|w| (lasso), so
this alpha is scikit-learn's Ridge alpha divided by the number of rows, and twice its Lasso alpha.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np


@dataclass(frozen=True)
class Descent:
    """A finished gradient descent. Entry 0 of `loss`, `weights` and `bias` is the start, entry t is after
    epoch t.
    """

    weights: np.ndarray  # (epochs + 1, D)
    bias: np.ndarray  # (epochs + 1,)
    loss: np.ndarray  # (epochs + 1,) mean squared error plus penalty
    diverged_at: int | None  # first epoch whose loss was above the start's, if it then grew without bound


def standardise(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each column to mean 0 and standard deviation 1; also returns the means and the deviations. (N, D)"""
    mean, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread == 0, 1.0, spread)  # a constant column stays what it is: 0
    return (X - mean) / spread, mean, spread


def polynomial(X: np.ndarray, degree: int) -> np.ndarray:
    """All products of up to `degree` columns of X, without the constant: x becomes x, x², x³ ... (N, D) ->
    (N, M)
    """
    width = range(X.shape[1])
    terms = [c for d in range(1, degree + 1) for c in combinations_with_replacement(width, d)]
    return np.stack([X[:, term].prod(axis=1) for term in terms], axis=1)


def closed_form(X: np.ndarray, y: np.ndarray, ridge: float = 0.0) -> tuple[np.ndarray, float]:
    """Weights and bias with the least MSE + ridge ||w||² (Hastie et al., equations 3.6 and 3.44). (N, D),
    (N,)

    The bias is not penalised: centring takes it out. The penalty enters as D extra rows sqrt(N ridge) I with
    target 0, which is the same problem as (XᵀX + N ridge I) w = Xᵀy, but better conditioned than forming XᵀX.
    """
    n, d = X.shape
    x_mean, y_mean = X.mean(axis=0), y.mean()
    A, target = X - x_mean, y - y_mean
    if ridge:
        A = np.vstack([A, np.sqrt(n * ridge) * np.eye(d)])  # (N + D, D)
        target = np.concatenate([target, np.zeros(d)])
    w = np.linalg.lstsq(A, target, rcond=None)[0]
    return w, float(y_mean - x_mean @ w)


def gradient_descent(
    X: np.ndarray,
    y: np.ndarray,
    learning_rate: float,
    epochs: int,
    ridge: float = 0.0,
    lasso: float = 0.0,
    on_epoch: Callable[[int], None] | None = None,
) -> Descent:
    """Walk downhill from zero on J(w, b) = mean (Xw + b - y)² + ridge Σw² + lasso Σ|w|. (N, D), (N,)

    The gradient of the squares is 2/N Xᵀ(Xw + b - y) + 2 ridge w. The lasso has a kink at 0, so its part is a
    shrinking step after the gradient's (proximal gradient descent, Parikh & Boyd 2014, section 4.2). Stops
    early once the loss is a million times what it was at the start.
    """
    n, d = X.shape
    w, b = np.zeros(d), 0.0
    weights, bias, loss = np.zeros((epochs + 1, d)), np.zeros(epochs + 1), np.zeros(epochs + 1)
    error = X @ w + b - y  # (N,)
    loss[0] = error @ error / n
    for t in range(1, epochs + 1):
        w = w - learning_rate * (2 / n * (X.T @ error) + 2 * ridge * w)
        b = b - learning_rate * 2 * error.mean()
        if lasso:
            w = np.sign(w) * np.maximum(np.abs(w) - learning_rate * lasso, 0.0)
        error = X @ w + b - y
        weights[t], bias[t] = w, b
        loss[t] = error @ error / n + ridge * (w @ w) + lasso * np.abs(w).sum()
        if loss[t] > 1e6 * max(loss[0], 1e-12):
            start = int(np.argmax(loss[: t + 1] > loss[0]))
            return Descent(weights[: t + 1], bias[: t + 1], loss[: t + 1], start)
        if on_epoch:
            on_epoch(t)
    return Descent(weights, bias, loss, None)
