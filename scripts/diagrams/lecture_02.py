"""Draw the diagrams of lecture 2 (simple linear regression): `python scripts/diagrams/lecture_02.py`.

All four show the lecture's own example: four students, hours of revision against the mark in a quiz.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

HOURS = np.array([1.0, 2.0, 3.0, 4.0])
MARKS = np.array([3.0, 5.0, 6.0, 8.0])
BEST_W, BEST_B = 1.6, 1.5


def loss(w: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    """Mean squared error of the line `w x + b`; `w` and `b` broadcast against each other."""
    errors = np.multiply.outer(w, HOURS) + np.asarray(b)[..., None] - MARKS  # (..., 4)
    return (errors**2).mean(axis=-1)


def descend(eta: float, steps: int) -> np.ndarray:
    """Gradient descent from (0, 0); returns the path, shape (steps + 1, 2), columns w and b."""
    w = b = 0.0
    path = [(w, b)]
    for _ in range(steps):
        errors = w * HOURS + b - MARKS
        w, b = w - eta * 2 * (errors * HOURS).mean(), b - eta * 2 * errors.mean()
        path.append((w, b))
    return np.array(path)


def line_and_errors() -> Figure:
    figure = Figure(figsize=(7.6, 3.7), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    ends = np.array([0.5, 4.5])
    for ax, w, b, name in (
        (panels[0], 0.5, 3.0, "A poor line"),
        (panels[1], BEST_W, BEST_B, "The best line"),
    ):
        ax.plot(ends, w * ends + b, color=BLUE)
        ax.vlines(HOURS, MARKS, w * HOURS + b, color=RED, linewidth=3)
        ax.plot(HOURS, MARKS, "o", color=ORANGE, markersize=6)
        ax.set_title(f"{name}: w = {w}, b = {b}\nloss {loss(w, b):g}")
        ax.set(xlim=(0, 5), ylim=(0, 10), xlabel="hours of revision, x")
    panels[0].set_ylabel("mark, y")
    return figure


def derivative_as_slope() -> Figure:
    figure, ax = axes(x="slope of the line, w  (b held at 1.5)", y="loss, J(w)")
    w = np.linspace(0.6, 2.6, 200)
    ax.plot(w, loss(w, BEST_B), color=BLUE)
    for at, colour, text, place in (
        (1.0, RED, "derivative -9:\ndownhill to the right", (1.05, 3.6)),
        (BEST_W, GREEN, "derivative 0: the bottom", (1.3, -1.1)),
    ):
        height, steepness = loss(at, BEST_B), 15 * (at - BEST_W)
        ends = np.array([at - 0.2, at + 0.2])
        ax.plot(ends, height + steepness * (ends - at), color=colour)
        ax.plot(at, height, "o", color=colour, markersize=8)
        ax.annotate(text, (at, height), xytext=place, color=colour)
    ax.set(ylim=(-1.6, 7.6))
    return figure


def descent_path() -> Figure:
    figure, ax = axes(x="slope, w", y="intercept, b")
    w, b = np.meshgrid(np.linspace(-0.2, 2.6, 160), np.linspace(-0.4, 2.4, 160))
    height = loss(w, b)
    ax.contour(w, b, height, levels=[0.1, 0.3, 1, 3, 8, 16, 30], colors=GREY, linewidths=0.9)
    path = descend(0.05, 300)
    ax.plot(path[:, 0], path[:, 1], "o-", color=BLUE, markersize=3.5, linewidth=1.2)
    ax.annotate("start", path[0], xytext=(-0.12, -0.25), color=BLUE)
    ax.plot(BEST_W, BEST_B, "*", color=RED, markersize=15)
    ax.annotate("minimum\nw = 1.6, b = 1.5", (BEST_W, BEST_B), xytext=(1.75, 1.55), color=RED,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
    return figure


def learning_rates() -> Figure:
    figure, ax = axes(x="step", y="loss, J (logarithmic)")
    for eta, colour, note in ((0.002, ORANGE, "too small"), (0.05, GREEN, "good"), (0.13, RED, "too large")):
        path = descend(eta, 40)
        values = loss(path[:, 0], path[:, 1])
        ax.plot(values, color=colour)
        ax.annotate(f"{eta}: {note}", (40, values[-1]), xytext=(41, values[-1]), color=colour, va="center")
    ax.set(yscale="log", xlim=(0, 56))
    ax.set_xticks(range(0, 41, 10))
    return figure


DRAWINGS = {
    "line_and_errors": line_and_errors,
    "derivative_as_slope": derivative_as_slope,
    "descent_path": descent_path,
    "learning_rates": learning_rates,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_02" / "images"):
        print(written.name)
