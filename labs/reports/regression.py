"""What a regression run says: title, notes, findings, tables and charts, all from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.charts import Chart
from labs.cores.regression import closed_form, standardise
from labs.reports.own import giveaway, own_columns_table, own_remarks
from labs.reports.regression_charts import (
    close_epoch,
    descent_chart,
    fit_chart,
    loss_chart,
    number,
    weights_chart,
)

if TYPE_CHECKING:
    from labs.cores.regression_fit import Fit
    from labs.regression import RegressionParams

PUBLISHED_SOURCE = "scikit-learn, LinearRegression on load_diabetes (ten features, 442 rows)"
# name: (published value, tolerance); the last digit printed is the tolerance's reason.
PUBLISHED = {
    "intercept": (152.133484, 1e-5),
    "weight[bmi]": (519.8459, 1e-3),
    "weight[s5]": (751.2737, 1e-3),
    "r2_train": (0.5177484, 1e-6),
    "mse_train": (2859.6963, 1e-3),
}


@dataclass(frozen=True)
class Report:
    title: str
    charts: tuple[Chart, ...]
    series: dict[str, np.ndarray]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def report(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> Report:
    title = _title(p, f, metrics)
    charts: list[Chart] = []
    series: dict[str, np.ndarray] = {}
    for build in (fit_chart, loss_chart, descent_chart, weights_chart):
        built = build(p, f, metrics, title)
        if built:
            charts.append(built[0])
            series |= built[1]
    notes, tables = _notes(p, f, metrics)[:5], [_table(p, f)]
    if f.data.own:
        notes = [*notes[:4], *own_remarks(f.data.own)]
        tables.append(own_columns_table(f.data.own))
    findings = tuple(_findings(p, f, metrics))
    return Report(title, tuple(charts), series, tuple(tables), tuple(notes), findings)


def _part(f: Fit) -> str:
    """Which rows the headline speaks of: the ones held out, where there are any."""
    return "train" if f.train.all() else "test"


def _model(p: RegressionParams, f: Fit) -> str:
    kind = {1: "line", 2: "parabola"}.get(p.degree, f"degree-{p.degree} polynomial")
    return f"the {kind}" if f.data.X.shape[1] == 1 else f"the model with {len(f.names)} columns"


def _title(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> str:
    if f.descent and f.descent.diverged_at:
        at = f.descent.diverged_at
        return f"A learning rate of {p.learning_rate:g} makes the descent diverge at epoch {at}"
    r2, where = metrics[f"r2_{_part(f)}"], "held-out" if _part(f) == "test" else "training"
    name = _model(p, f)
    if r2 < 0:
        return (
            f"{name[0].upper()}{name[1:]} predicts {where} rows worse than their mean would (R² = {r2:.2f})"
        )
    return f"{name[0].upper()}{name[1:]} explains {r2:.0%} of the variance in {where} rows"


# --------------------------------------------------------------------------------------- the words


def _excess(f: Fit) -> float | None:
    """How far the descent's final loss is above the least possible, as a fraction; None where that is not
    known.
    """
    if f.descent is None or f.w_exact is None or f.descent.diverged_at:
        return None
    y = f.data.y[f.train]
    best = float(((f.Z[f.train] @ f.w_exact + f.b_exact - y) ** 2).mean())
    now = float(((f.Z[f.train] @ f.w + f.b - y) ** 2).mean())
    scale = max(best, 1e-12 * float(y.var()))
    return max(now - best, 0.0) / scale


def _notes(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> list[str]:
    told: list[str] = []
    w, intercept = f.plain
    if f.descent and f.descent.diverged_at:
        d = f.descent
        told.append(
            f"The learning rate {p.learning_rate:g} made the loss diverge at epoch {d.diverged_at}: it "
            f"started at "
            f"{number(d.loss[0])}, and was {d.loss[-1]:.1e} when the run stopped at epoch {len(d.loss) - 1}."
        )
        told.append("The weights of this run are worthless; the metrics only show how far off they are.")
        return told
    if len(w) == 1:
        known = " (the data were drawn from y = 3 + 2 x)" if p.dataset == "line" else ""
        sign = "+" if w[0] >= 0 else "-"
        told.append(f"The fitted line is {number(intercept)} {sign} {number(abs(w[0]))} {f.names[0]}{known}.")
    told.append(_score_sentence(p, f, metrics))
    excess, epoch = _excess(f), close_epoch(f)
    if excess is not None:
        if excess < 1e-3:
            told.append(
                f"Gradient descent agrees with the closed form (training error {excess:.1e} above it, "
                f"relatively); it was within 1% of its end by epoch {epoch}."
            )
        else:
            told.append(
                f"After {p.epochs} epochs gradient descent is still {excess:.1%} above the closed form's "
                f"training error."
            )
    elif f.descent is not None:
        told.append(
            f"The lasso has no closed form to compare with; the loss was within 1% of its end by epoch "
            f"{epoch}."
        )
    if p.regularisation == "lasso":
        gone = [name for name, value in zip(f.names, f.w, strict=True) if value == 0]
        named = f": {', '.join(gone[:6])}{' and more' if len(gone) > 6 else ''}" if gone else ""
        told.append(f"The lasso set {len(gone)} of {len(f.w)} weights to zero{named}.")
    elif p.regularisation == "ridge" and p.alpha:
        free, _ = closed_form(f.Z[f.train], f.data.y[f.train])
        ratio = float(np.linalg.norm(f.w)) / max(float(np.linalg.norm(free)), 1e-300)
        told.append(f"Ridge left the weights {ratio:.1%} as long as those of the fit without a penalty.")
    if _is_published(p) and all(abs(metrics[k] - v) <= t for k, (v, t) in PUBLISHED.items()):
        told.append(f"This matches {PUBLISHED_SOURCE}: intercept 152.1335, R² 0.5177, MSE 2859.70.")
    if p.dataset == "diabetes" and {"samples", "noise"} & p.model_fields_set:
        told.append("samples and noise play no part here: the diabetes data are what they are.")
    return told


def _is_published(p: RegressionParams) -> bool:
    whole = p.dataset == "diabetes" and p.test_fraction == 0 and not p.features
    return whole and p.degree == 1 and (p.regularisation == "none" or p.alpha == 0)


def _score_sentence(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> str:
    train, test = metrics["mse_train"], metrics["mse_test"]
    floor = f"; the noise alone makes {number(p.noise**2)}" if f.data.truth else ""
    if _part(f) == "train":
        return f"The mean squared error is {number(train)} on all {len(f.data.y)} rows, none held out{floor}."
    if f.data.truth is None:
        y = f.data.y
        mean_only = float(((y[~f.train] - y[f.train].mean()) ** 2).mean())
        floor = f"; always predicting the mean would make {number(mean_only)}"
    rows = f"{number(test)} on the {int((~f.train).sum())} rows held out"
    return f"The mean squared error is {number(train)} on the training rows and {rows}{floor}."


def _largest_step(p: RegressionParams, f: Fit) -> tuple[float, float]:
    """The largest stable learning rate, 2 / largest curvature, and the ratio of largest to smallest
    curvature.

    The curvatures are the eigenvalues of the loss's second derivative, 2/N [Z 1]ᵀ[Z 1] + 2 ridge.
    """
    Z = f.Z[f.train]
    A = np.hstack([Z, np.ones((len(Z), 1))])
    H = 2 * A.T @ A / len(Z)
    if p.regularisation == "ridge":
        H[:-1, :-1] += 2 * p.alpha * np.eye(Z.shape[1])
    values = np.linalg.eigvalsh(H)
    return 2 / float(values[-1]), float(values[-1] / max(values[0], 1e-12 * values[-1]))


def _findings(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> list[Finding]:
    found: list[Finding] = [leak] if f.data.own and (leak := giveaway(f.data.own)) else []
    limit, ratio = _largest_step(p, f)
    diverged, excess = f.descent is not None and f.descent.diverged_at is not None, _excess(f)
    if f.descent and diverged:
        found.append(
            Finding(
                "divergence",
                f"With a learning rate of {p.learning_rate:g} the loss rose above its start at epoch "
                f"{f.descent.diverged_at} "
                f"and reached {f.descent.loss[-1]:.1e}; on these data steps above {limit:.2g} overshoot.",
                f"Set learning_rate={float(f'{limit / 2:.1g}'):g}"
                + ("." if p.scale_features else ", or scale_features=true."),
            )
        )
    slow = excess is not None and excess > 0.01
    if slow and excess is not None:
        stable = p.learning_rate < 0.4 * limit
        faster = (
            f"learning_rate={float(f'{0.5 * limit:.1g}'):g}"
            if stable
            else f"epochs={min(p.epochs * 10, 20_000)}"
        )
        found.append(
            Finding(
                "not_converged",
                f"After {p.epochs} epochs the training error is still {excess:.1%} above the closed form's.",
                f"Try {faster}, or method=ols, which needs no steps.",
            )
        )
    if (slow or diverged) and not p.scale_features and ratio > 10:
        Z = standardise(f.X[f.train])[0]
        values = np.linalg.eigvalsh(np.cov(Z.T, bias=True).reshape(Z.shape[1], -1))
        scaled = max(values[-1], 1.0) / max(min(values[0], 1.0), 1e-12)
        found.append(
            Finding(
                "unscaled_features",
                f"The cost surface is {ratio:,.0f} times steeper in one direction than in another (scaled: "
                f"{scaled:,.0f} "
                "times), so that one learning rate is too large for some weights and too small for others.",
                "Set scale_features=true.",
            )
        )
    if diverged:
        return found
    found += _fit_findings(p, f, metrics)
    return found


def _fit_findings(p: RegressionParams, f: Fit, metrics: Mapping[str, float]) -> list[Finding]:
    found: list[Finding] = []
    n_train, n_test = int(f.train.sum()), int((~f.train).sum())
    if n_test and len(f.w) >= 3:
        advice = f"Try degree={max(1, p.degree // 2)}, regularisation=ridge, or more samples."
        if p.dataset in ("diabetes", "own"):
            advice = "Try regularisation=ridge, a lower degree, or fewer features."
        gap = metrics["mse_test"] / max(metrics["mse_train"], 1e-300)
        if gap > 1 + 3 * np.sqrt(2 / n_train + 2 / n_test):  # beyond what chance does to two means of squares
            found.append(
                Finding(
                    "overfitting",
                    f"The error on rows held out is {number(gap)} times that on the training rows, with "
                    f"{len(f.w)} weights "
                    f"for {n_train} rows.",
                    advice,
                )
            )
    if f.data.X.shape[1] == 1 and n_train >= 10 and p.degree < 15:
        order = np.argsort(f.data.X[f.train, 0])
        residual = (f.data.y - f.predict(f.X))[f.train][order]
        residual = residual - residual.mean()
        total = float(residual @ residual)
        along = float(residual[:-1] @ residual[1:]) / total if total > 1e-20 * n_train else 0.0
        if along > max(0.3, 3 / np.sqrt(n_train)):  # 1/sqrt(n) is the spread of pure noise
            weaker = ", or a weaker penalty" if p.regularisation != "none" else ""
            found.append(
                Finding(
                    "underfitting",
                    f"The residuals follow a pattern: neighbouring ones have a correlation of {along:.2f}, "
                    f"and noise "
                    "would have about 0. The model is too stiff for these data.",
                    f"Try degree={min(p.degree + 2, 15)}{weaker}.",
                )
            )
    if p.regularisation == "lasso" and not f.w.any():
        found.append(
            Finding(
                "penalty_too_strong",
                f"alpha={p.alpha:g} set all {len(f.w)} weights to zero, so the model always predicts "
                f"{number(f.b)}.",
                f"Try alpha={p.alpha / 10:g}.",
            )
        )
    return found


def degree_remarks(runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    """Over- and underfitting seen across degrees: where the test error turned up while training error kept
    falling.
    """
    ordered = sorted(runs, key=lambda run: run.parameters["degree"])
    degrees = [run.parameters["degree"] for run in ordered]
    train = np.array([run.metrics["mse_train"] for run in ordered])
    test = np.array([run.metrics["mse_test"] for run in ordered])
    if not np.isfinite(test).all():
        return [], []
    best = int(test.argmin())
    if best == len(degrees) - 1 or test[-1] <= 1.02 * test[best] or train[-1] > train[best]:
        return [f"Of these degrees {degrees[best]} has the lowest test error ({number(test[best])})."], []
    told = (
        f"From degree {degrees[best]} to {degrees[-1]} the training error fell from {number(train[best])} to "
        f"{number(train[-1])} while "
        f"the test error rose from {number(test[best])} to {number(test[-1])}: overfitting."
    )
    suggestion = f"Stay at degree={degrees[best]}, or add regularisation=ridge to the higher one."
    return [told], [Finding("overfitting_by_degree", told, suggestion)]


def _table(p: RegressionParams, f: Fit) -> Table:
    w, intercept = f.plain
    exact: list[float | None] = [None] * (len(w) + 1)
    if f.w_exact is not None:
        plain = f.w_exact / f.spread
        exact = [float(f.b_exact - f.mean @ plain), *map(float, plain)]
    order = np.argsort(-np.abs(f.w))[:20] if len(w) > 20 else range(len(w))
    rows: list[tuple[str, float, float | None, float | None]] = [("intercept", intercept, exact[0], None)]
    rows += [(f.names[i], float(w[i]), exact[i + 1], float(f.w[i])) for i in order]
    title = "Weights" if len(w) <= 20 else f"The 20 largest of {len(w)} weights"
    return Table(title, ("column", "weight", "closed form", "weight on the scaled column"), tuple(rows))
