"""The figures of a regression run: the fit, the loss by epoch, the path down the valley, the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labs.charts import Bars, Chart, Contour, Layer, Line, Panel, Rule, Scatter, Segments
from labs.cores.regression import polynomial

if TYPE_CHECKING:
    from labs.cores.regression_fit import Fit
    from labs.regression import RegressionParams

Built = tuple[Chart, dict[str, np.ndarray]] | None


def number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.1e}"


def close_epoch(f: Fit) -> int | None:
    """First epoch from which the loss stays within 1% of its final value."""
    if f.descent is None:
        return None
    final = f.descent.loss[-1]
    far = np.flatnonzero(f.descent.loss > 1.01 * final)
    return int(far[-1]) + 1 if len(far) else 0


def fit_chart(p: RegressionParams, f: Fit, metrics: Mapping[str, float], title: str) -> Built:
    predicted = f.predict(f.X)
    train, test = f.train, ~f.train
    y = f.data.y
    layers: list[Layer] = []
    series = {
        "y_train": y[train],
        "y_test": y[test],
        "predicted_train": predicted[train],
        "predicted_test": predicted[test],
    }
    pad = 0.08 * float(np.ptp(y)) or 1.0
    window = (float(y.min()) - pad, float(y.max()) + pad)
    if f.data.X.shape[1] > 1:
        series["diagonal"] = np.array(window)
        layers = [
            Line("diagonal", "diagonal", "perfect", tone="muted", style="dashed"),
            Scatter("y_train", "predicted_train", "training", tone=0, size=16),
            *([Scatter("y_test", "predicted_test", "held out", tone=1, size=22)] if test.any() else []),
        ]
        axes = Panel(
            f"true {f.data.y_label}", "predicted", tuple(layers), x_range=window, y_range=window, equal=True
        )
        return Chart("fit", title, (axes,), overlay="panels"), series
    x = f.data.X[:, 0]
    grid = np.linspace(x.min(), x.max(), 300)
    series |= {"x_train": x[train], "x_test": x[test], "grid": grid}
    series["fitted"] = f.predict(polynomial(grid[:, None], p.degree))
    layers.append(Segments("x_train", "y_train", "predicted_train"))
    if f.data.truth is not None:
        series["truth"] = f.data.truth(grid)
        layers.append(Line("grid", "truth", "truth", tone="ink", style="dashed"))
    layers.append(Scatter("x_train", "y_train", "training", tone=0))
    if test.any():
        layers.append(Scatter("x_test", "y_test", "held out", tone=4, size=26, marker="^"))
    layers.append(Line("grid", "fitted", "fit", tone=1))
    panel = Panel(f.data.names[0], f.data.y_label, tuple(layers), y_range=window)
    return Chart(
        "fit", title, (panel,), alt="Sticks are the residuals of the training points.", overlay="panels"
    ), series


def loss_chart(p: RegressionParams, f: Fit, metrics: Mapping[str, float], title: str) -> Built:
    d = f.descent
    if d is None:
        return None
    shown = np.unique(np.linspace(0, len(d.loss) - 1, 400).round().astype(int))  # enough for a smooth curve
    y = f.data.y
    series = {"epoch": shown}
    layers: list[Layer] = []
    parts = (("training", "mse_train_by_epoch", f.train, 0), ("held out", "mse_test_by_epoch", ~f.train, 1))
    for label, key, rows, tone in parts:
        if rows.any():
            series[key] = np.array(
                [((f.Z[rows] @ d.weights[t] + d.bias[t] - y[rows]) ** 2).mean() for t in shown]
            )
            layers.append(Line("epoch", key, label, tone=tone, style="solid" if tone == 0 else "dashed"))
    if d.diverged_at:
        said = f"The loss passes its starting value at epoch {d.diverged_at} and runs away"
    else:
        epoch = close_epoch(f)
        said = f"The training loss is within 1% of its end by epoch {epoch}"
        if f.w_exact is not None:
            exact = float(((f.Z[f.train] @ f.w_exact + f.b_exact - y[f.train]) ** 2).mean())
            layers.append(Rule(exact, label="closed form"))
    low = min(float(series[key].min()) for _, key, rows, _ in parts if rows.any())
    panel = Panel("epoch", "mean squared error", tuple(layers), y_scale="log" if low > 0 else "linear")
    return Chart("loss", said, (panel,)), series


def descent_chart(p: RegressionParams, f: Fit, metrics: Mapping[str, float], title: str) -> Built:
    """The path over the cost surface, where there is one weight beside the bias."""
    d = f.descent
    if d is None or len(f.w) != 1 or f.w_exact is None:
        return None
    z, y = f.Z[f.train, 0], f.data.y[f.train]
    w_best, b_best = float(f.w_exact[0]), float(f.b_exact)
    # The window holds the start, the minimum and what the path did until it left for good.
    steps = min(len(d.loss), 40 if d.diverged_at is None else d.diverged_at + 3)
    reach_w = 1.35 * max(np.abs(d.weights[:steps, 0] - w_best).max(), 0.2)
    reach_b = 1.35 * max(np.abs(d.bias[:steps] - b_best).max(), 0.2)
    ws, bs = (
        np.linspace(w_best - reach_w, w_best + reach_w, 80),
        np.linspace(b_best - reach_b, b_best + reach_b, 80),
    )
    # mean (w z + b - y)², expanded so that the whole grid needs six means of the data
    W, B = np.meshgrid(ws, bs)
    J = W**2 * (z @ z) + B**2 * len(y) + y @ y + 2 * W * B * z.sum() - 2 * W * (z @ y) - 2 * B * y.sum()
    J = J / len(y) + (p.alpha * W**2 if p.regularisation == "ridge" else 0)
    shown = np.unique(
        np.minimum(
            np.concatenate([np.arange(60), np.linspace(60, len(d.loss) - 1, 60).astype(int)]), len(d.loss) - 1
        )
    )
    series = {
        "surface_w": ws,
        "surface_b": bs,
        "surface": np.maximum(J, 0),
        "path_w": d.weights[shown, 0],
        "path_b": d.bias[shown],
        "start_w": d.weights[:1, 0],
        "start_b": d.bias[:1],
        "minimum_w": np.array([w_best]),
        "minimum_b": np.array([b_best]),
    }
    layers = (
        Contour("surface_w", "surface_b", "surface", log_levels=True),
        Line("path_w", "path_b", tone=1, markers=True),
        Scatter("start_w", "start_b", "start", tone="ink", size=60, marker="s"),
        Scatter("minimum_w", "minimum_b", "closed form", tone="ink", size=150, marker="*"),
    )
    scaled = "scaled " if p.scale_features else ""
    first = int(np.argmax(np.hypot((d.weights[:, 0] - w_best) / reach_w, (d.bias - b_best) / reach_b) < 0.02))
    said = (
        f"Every step overshoots the valley: learning rate {p.learning_rate:g} is too large"
        if d.diverged_at
        else f"The descent is at the bottom of the valley after {first} steps"
        if first
        else f"After {len(d.loss) - 1} steps the descent is still on its way to the bottom of the valley"
    )
    panel = Panel(
        f"weight of {scaled}{f.names[0]}",
        "bias",
        layers,
        x_range=(ws[0], ws[-1]),
        y_range=(bs[0], bs[-1]),
    )
    return Chart("descent", said, (panel,), overlay="panels"), series


def weights_chart(p: RegressionParams, f: Fit, metrics: Mapping[str, float], title: str) -> Built:
    if len(f.w) < 2 or (f.descent and f.descent.diverged_at):
        return None
    order = np.argsort(-np.abs(f.w))[:15]
    most = f.names[order[0]]
    said = (
        f"{most} weighs most: {number(f.w[order[0]])} per standard deviation"
        if p.scale_features
        else f"{most} has the largest weight, {number(f.w[order[0]])}"
    )
    zero = int((f.w == 0).sum())
    if zero:
        said += f"; {zero} of {len(f.w)} weights are exactly zero"
    scaled = " per standard deviation of the column" if p.scale_features else ""
    bars = Bars(tuple(f.names[i] for i in order), "weights", horizontal=True)
    return Chart("weights", said, (Panel(f"weight (units of y{scaled})", "", (bars,)),), overlay="panels"), {
        "weights": f.w[order]
    }
