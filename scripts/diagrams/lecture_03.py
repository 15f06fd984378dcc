"""Draw the diagrams of lecture 3 (multiple regression): `python scripts/diagrams/lecture_03.py`.

The valley and the weights show the lecture's own flats; the polynomials fit points along the curve of the
`regression` lab.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.polynomial import Polynomial
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

AREA = np.array([40.0, 60.0, 40.0, 60.0])
DISTANCE = np.array([1.0, 1.0, 3.0, 3.0])
RENT = np.array([9.0, 12.0, 8.0, 9.0])
NOISE = 1.0


def truth(x: np.ndarray) -> np.ndarray:
    """The curve of the lab: 3 sin(1.5 x) + x."""
    return 3 * np.sin(1.5 * x) + x


def sample(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` points along the curve, with noise."""
    x = rng.uniform(-3, 3, n)
    return x, truth(x) + NOISE * rng.standard_normal(n)


def descend(X: np.ndarray, y: np.ndarray, eta: float, steps: int) -> np.ndarray:
    """Path of the two weights of centred columns X (4, 2) from zero, shape (steps + 1, 2)."""
    w = np.zeros(2)
    path = [w]
    for _ in range(steps):
        w = w - eta * 2 / len(y) * X.T @ (X @ w - y)
        path.append(w)
    return np.array(path)


def valleys() -> Figure:
    figure = Figure(figsize=(7.8, 3.9), layout="constrained")
    panels = figure.subplots(1, 2)
    raw = np.stack([AREA - AREA.mean(), DISTANCE - DISTANCE.mean()], axis=1)
    scaled = raw / raw.std(axis=0)
    y = RENT - RENT.mean()
    for ax, X, eta, steps, title in (
        (panels[0], raw, 0.0095, 60, "In m² and km: 60 steps, not there yet"),
        (panels[1], scaled, 0.2, 10, "Standardised: nearly there in 10 steps"),
    ):
        best = np.linalg.lstsq(X, y, rcond=None)[0]
        one, two = np.meshgrid(best[0] + np.linspace(-1.4, 1.4, 161), best[1] + np.linspace(-1.4, 1.4, 161))
        height = ((one[..., None] * X[:, 0] + two[..., None] * X[:, 1] - y) ** 2).mean(axis=-1)
        ax.contour(one, two, height, levels=[0.3, 0.5, 0.9, 1.4, 2.0], colors=GREY, linewidths=0.9)
        path = descend(X, y, eta, steps)
        ax.plot(path[:, 0], path[:, 1], "o-", color=BLUE, markersize=3, linewidth=1.1)
        ax.plot(*best, "*", color=RED, markersize=14)
        ax.set(aspect="equal", title=title, xlabel="weight of the area", ylabel="weight of the distance")
        ax.title.set_fontsize(10.5)
    return figure


def degrees() -> Figure:
    figure = Figure(figsize=(8.4, 3.5), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    rng = np.random.default_rng(5)
    x, y = sample(14, rng)
    x_new, y_new = sample(14, rng)
    grid = np.linspace(-3, 3, 300)
    for ax, degree, name in zip(
        panels, (1, 5, 11), ("Too simple", "About right", "Too flexible"), strict=True
    ):
        fit = Polynomial.fit(x, y, degree, domain=[-3, 3])
        train, new = (np.mean((fit(a) - b) ** 2) for a, b in ((x, y), (x_new, y_new)))
        ax.plot(grid, np.clip(fit(grid), -12, 12), color=BLUE)
        ax.plot(x, y, "o", color=ORANGE, markersize=6, label="training")
        ax.plot(x_new, y_new, "x", color=GREY, markersize=6, label="new")
        told = f"{new:.1f}" if new < 1000 else "over 1,000"
        ax.set_title(f"{name}: degree {degree}\ntraining {train:.1f}, new {told}")
        ax.set(ylim=(-7, 7), xlabel="x")
    panels[0].set_ylabel("y")
    panels[0].legend(loc="upper left", fontsize=9)
    return figure


def medians(degrees: range, draws: int = 200, n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Median error per degree over `draws` training sets of `n` points: in training, on 500 new points."""
    rng = np.random.default_rng(3)
    train, new = np.zeros((draws, len(degrees))), np.zeros((draws, len(degrees)))
    for draw in range(draws):
        x, y = sample(n, rng)
        x_new, y_new = sample(500, rng)
        for column, degree in enumerate(degrees):
            fit = Polynomial.fit(x, y, degree, domain=[-3, 3])
            train[draw, column] = np.mean((fit(x) - y) ** 2)
            new[draw, column] = np.mean((fit(x_new) - y_new) ** 2)
    return np.median(train, axis=0), np.median(new, axis=0)


def errors_by_degree() -> Figure:
    figure, ax = axes(6.8, 3.8, x="degree of the polynomial", y="MSE (logarithmic)")
    which = range(1, 13)
    train, new = medians(which)
    ax.plot(which, train, "o-", color=ORANGE)
    ax.plot(which, new, "o-", color=BLUE)
    ax.hlines(NOISE**2, 0.5, 12, color=GREY, linewidth=1, linestyle=":")
    ax.text(12.2, NOISE**2, "noise alone", color=GREY, va="center")
    ax.text(12.2, train[-1], "training", color=ORANGE, va="center")
    ax.text(12.2, new[-1], "new points", color=BLUE, va="center")
    best = int(np.argmin(new))
    ax.annotate(f"lowest: degree {which[best]}", (which[best], new[best]), xytext=(4.0, 6.5), color=GREEN,
                arrowprops={"arrowstyle": "->", "color": GREEN})  # fmt: skip
    ax.set(yscale="log", xlim=(0.5, 14.5))
    ax.set_xticks(which)
    return figure


def shrinking() -> Figure:
    figure = Figure(figsize=(7.8, 3.5), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    alpha = np.linspace(0, 3, 301)
    weights = (("area", 1.0, BLUE), ("distance", -1.0, GREEN), ("door", -0.5, RED))
    for name, w, colour in weights:
        panels[0].plot(alpha, w / (1 + alpha), color=colour, label=name)
        panels[1].plot(alpha, np.sign(w) * np.maximum(abs(w) - alpha / 2, 0), color=colour, label=name)
    for ax, title in zip(panels, ("Ridge: smaller, never zero", "Lasso: smaller, then zero"), strict=True):
        ax.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(title=title, xlabel="strength of the penalty, alpha")
    panels[0].set_ylabel("weight (standardised features)")
    panels[0].legend(loc="upper right")
    return figure


DRAWINGS = {
    "valleys": valleys,
    "degrees": degrees,
    "errors_by_degree": errors_by_degree,
    "shrinking": shrinking,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_03" / "images"):
        print(written.name)
