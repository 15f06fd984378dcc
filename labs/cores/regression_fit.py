"""One fit of the regression lab: the data, the split, the columns, the model and its scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Context
from labs.cores.regression import Descent, closed_form, gradient_descent, polynomial, standardise
from labs.own_columns import OwnTable, fill
from labs.own_params import own_table

if TYPE_CHECKING:
    from labs.regression import RegressionParams

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


@dataclass(frozen=True)
class Data:
    """What is fitted. `truth` is the function the data were drawn from, where there is one."""

    X: np.ndarray  # (N, D) before the polynomial
    y: np.ndarray  # (N,)
    names: tuple[str, ...]
    truth: Callable[[np.ndarray], np.ndarray] | None
    y_label: str = "y"
    own: OwnTable | None = None  # where the rows come from a student's file


@dataclass(frozen=True)
class Fit:
    """One fitted model and the data in the form in which it saw them."""

    data: Data
    train: np.ndarray  # (N,) bool
    X: np.ndarray  # (N, M) polynomial columns
    Z: np.ndarray  # (N, M) the same, scaled if asked for
    names: tuple[str, ...]  # of the M columns
    mean: np.ndarray  # (M,) subtracted
    spread: np.ndarray  # (M,) divided by
    w: np.ndarray  # (M,) weights of Z
    b: float
    w_exact: np.ndarray | None  # closed form, None for the lasso
    b_exact: float
    descent: Descent | None

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predictions for polynomial columns X, (n, M) -> (n,)"""
        return (X - self.mean) / self.spread @ self.w + self.b

    @property
    def plain(self) -> tuple[np.ndarray, float]:
        """Weights and intercept for the columns as they are, without the scaling."""
        w = self.w / self.spread
        return w, float(self.b - self.mean @ w)


def load(p: RegressionParams) -> Data:
    rng = np.random.default_rng([p.seed, 0])
    if p.dataset == "diabetes":
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True)
        columns = [FEATURES.index(name) for name in p.features or FEATURES]
        return Data(
            X[:, columns], y, tuple(FEATURES[i] for i in columns), None, "disease progression after one year"
        )
    if p.dataset == "own":
        table = own_table(p, "number")
        return Data(table.X, table.y, table.names, None, table.target, table)
    truth = line if p.dataset == "line" else curve
    low, high = (0.0, 10.0) if p.dataset == "line" else (-3.0, 3.0)
    x = rng.uniform(low, high, p.samples)
    return Data(x[:, None], truth(x) + p.noise * rng.standard_normal(p.samples), ("x",), truth)


def line(x: np.ndarray) -> np.ndarray:
    return 3.0 + 2.0 * x


def curve(x: np.ndarray) -> np.ndarray:
    return 3.0 * np.sin(1.5 * x) + x


def fit(p: RegressionParams, context: Context) -> Fit:
    data = load(p)
    n = len(data.y)
    shuffled = np.random.default_rng([p.seed, 1]).permutation(n)
    train = np.ones(n, dtype=bool)
    train[shuffled[: round(n * p.test_fraction)]] = False
    if data.own:  # gaps are filled with what the training rows know
        data = replace(data, X=fill(data.X, train))
    X = polynomial(data.X, p.degree)
    if p.scale_features:  # the scale is learnt from the training rows alone: the test rows stay unseen
        _, mean, spread = standardise(X[train])
    else:
        mean, spread = np.zeros(X.shape[1]), np.ones(X.shape[1])
    Z = (X - mean) / spread
    ridge = p.alpha if p.regularisation == "ridge" else 0.0
    lasso = p.alpha if p.regularisation == "lasso" else 0.0
    w_exact, b_exact = (None, 0.0) if lasso else closed_form(Z[train], data.y[train], ridge)
    descent = None
    if p.method == "gd":

        def on_epoch(t: int) -> None:
            if t % 50 == 0 or t == p.epochs:
                context.report(t / p.epochs, f"epoch {t} of {p.epochs}")

        context.report(0.0, f"{int(train.sum())} rows, {X.shape[1]} columns")
        descent = gradient_descent(Z[train], data.y[train], p.learning_rate, p.epochs, ridge, lasso, on_epoch)
        w, b = descent.weights[-1], float(descent.bias[-1])
    else:
        assert w_exact is not None
        w, b = w_exact, b_exact
    names = term_names(data.names, p.degree)
    return Fit(data, train, X, Z, names, mean, spread, w, b, w_exact, b_exact, descent)


def term_names(names: tuple[str, ...], degree: int) -> tuple[str, ...]:
    """x, x², x³ or bmi, bp, bmi², bmi·bp: in the order of `polynomial`."""
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    terms = []
    for d in range(1, degree + 1):
        for combination in combinations_with_replacement(names, d):
            counts = {name: combination.count(name) for name in combination}
            terms.append("·".join(n + (str(k).translate(raised) if k > 1 else "") for n, k in counts.items()))
    return tuple(terms)


def scores(f: Fit) -> dict[str, float]:
    """MSE and R² on the training and the test rows; not a number where there are no test rows."""
    predicted, found = f.predict(f.X), {}
    for part, rows in (("train", f.train), ("test", ~f.train)):
        y, residual = f.data.y[rows], f.data.y[rows] - predicted[rows]
        found[f"mse_{part}"] = float((residual**2).mean()) if len(y) else float("nan")
        spread = float(((y - y.mean()) ** 2).mean()) if len(y) else 0.0
        found[f"r2_{part}"] = 1 - found[f"mse_{part}"] / spread if spread else float("nan")
    return found
