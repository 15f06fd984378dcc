"""Draw the diagrams of lecture 4 (neural networks I): `python scripts/diagrams/lecture_04.py`.

The network is the lecture's own: two inputs, three ReLU units, one sigmoid output.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, draw_all

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
OR, XOR = np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0])


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure for a drawing in plain units: no axes, and round circles."""
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    return figure, ax


def node(ax: Axes, x: float, y: float, text: str, colour: str, size: float = 0.42) -> None:
    ax.add_patch(Circle((x, y), size, facecolor="white", edgecolor=colour, linewidth=2, zorder=2))
    ax.text(x, y, text, ha="center", va="center", color=colour, zorder=3)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = GREY) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.2})


def neuron() -> Figure:
    figure, ax = blank(7.6, 3.0)
    for y, name, weight in ((2, "x1", "w1"), (1, "x2", "w2"), (0, "1", "b")):
        node(ax, 0, y, name, BLUE)
        arrow(ax, (0.45, y), (2.95, 1 + 0.12 * (y - 1)))
        ax.text(1.45, 1 + (y - 1) * 0.62 + 0.16, weight, ha="center", color=RED)
    node(ax, 3.5, 1, "z", ORANGE, 0.55)
    node(ax, 6.1, 1, "f", GREEN, 0.55)
    arrow(ax, (4.08, 1), (5.52, 1))
    arrow(ax, (6.68, 1), (7.6, 1))
    ax.text(
        3.5, -0.15, "weighted sum\nz = w1·x1 + w2·x2 + b", ha="center", va="center", color=ORANGE, fontsize=10
    )
    ax.text(6.1, -0.15, "activation\na = f(z)", ha="center", va="center", color=GREEN, fontsize=10)
    ax.text(7.7, 1, "a", va="center")
    ax.set(xlim=(-0.6, 8.2), ylim=(-0.75, 2.6))
    return figure


def corners(ax: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    for value, colour, marker, name in ((0, ORANGE, "o", "answer 0"), (1, BLUE, "s", "answer 1")):
        chosen = points[labels == value]
        ax.plot(chosen[:, 0], chosen[:, 1], marker, color=colour, markersize=11, label=name, linestyle="none")


def xor_folded() -> Figure:
    figure = Figure(figsize=(8.6, 3.5), layout="constrained")
    panels = figure.subplots(1, 3)
    ends = np.array([-0.6, 2.6])
    corners(panels[0], CORNERS, OR)
    panels[0].plot(ends, 0.5 - ends, color=GREEN)
    panels[0].set(title="OR: one line is enough", xlabel="x1", ylabel="x2")
    corners(panels[1], CORNERS, XOR)
    panels[1].set(title="XOR: no line will do", xlabel="x1", ylabel="x2")
    total = CORNERS.sum(axis=1)
    hidden = np.stack([np.maximum(total, 0), np.maximum(total - 1, 0)], axis=1)
    corners(panels[2], hidden, XOR)
    panels[2].plot(ends, (ends - 0.5) / 2, color=GREEN)
    panels[2].set(title="XOR seen by the hidden units", xlabel="hidden unit 1", ylabel="hidden unit 2")
    pointer = {"arrowstyle": "->", "color": BLUE}
    panels[2].annotate("two corners\nin one place", (1, 0.05), xytext=(0.75, 0.75), ha="center",
                       color=BLUE, fontsize=9, arrowprops=pointer)  # fmt: skip
    for ax, right in zip(panels, (1.5, 1.5, 2.5), strict=True):
        ax.set(xlim=(-0.5, right), ylim=(-0.5, 1.5), xticks=range(int(right) + 1), yticks=[0, 1])
        ax.title.set_fontsize(11)
    panels[0].legend(loc="upper center", fontsize=9, ncols=2, columnspacing=0.6, handletextpad=0.1)
    return figure


def activations() -> Figure:
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    z = np.linspace(-4, 4, 401)
    for ax, name, a, colour in zip(
        figure.subplots(1, 4),
        ("step", "sigmoid", "tanh", "ReLU"),
        (np.where(z > 0, 1.0, 0.0), 1 / (1 + np.exp(-z)), np.tanh(z), np.maximum(z, 0)),
        (GREY, BLUE, GREEN, RED),
        strict=True,
    ):
        ax.axhline(0, color=GREY, linewidth=0.7, linestyle=":")
        ax.axvline(0, color=GREY, linewidth=0.7, linestyle=":")
        ax.plot(z, a, color=colour)
        ax.set(title=name, xlabel="z", ylim=(-1.2, 4.2) if name == "ReLU" else (-1.2, 1.4), xticks=[-4, 0, 4])
    return figure


def network() -> Figure:
    figure, ax = blank(7.8, 4.0)
    inputs = [(0.0, 2.1), (0.0, 0.9)]
    hidden = [(3.2, 3.0), (3.2, 1.5), (3.2, 0.0)]
    output = (6.4, 1.5)
    for a in inputs:
        for b in hidden:
            arrow(ax, (a[0] + 0.47, a[1]), (b[0] - 0.47, b[1]))
    for a in hidden:
        arrow(ax, (a[0] + 0.47, a[1]), (output[0] - 0.47, output[1]))
    arrow(ax, (output[0] + 0.47, output[1]), (output[0] + 1.2, output[1]))
    for k, (x, y) in enumerate(inputs, start=1):
        node(ax, x, y, f"x{k}", BLUE)
    for k, (x, y) in enumerate(hidden, start=1):
        node(ax, x, y, f"h{k}", ORANGE)
    node(ax, *output, "out", GREEN)
    for x, text, colour in (
        (0, "input layer\n2 numbers", BLUE),
        (1.6, "W1: 2 × 3\nb1: 3", GREY),
        (3.2, "hidden layer\n3 units, ReLU", ORANGE),
        (4.8, "W2: 3 × 1\nb2: 1", GREY),
        (6.4, "output layer\n1 unit, sigmoid", GREEN),
    ):
        ax.text(x, -1.1, text, ha="center", va="center", color=colour, fontsize=10)
    ax.set(xlim=(-0.8, 7.8), ylim=(-1.6, 3.6))
    return figure


DRAWINGS = {"neuron": neuron, "xor_folded": xor_folded, "activations": activations, "network": network}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_04" / "images"):
        print(written.name)
