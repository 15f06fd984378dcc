"""Draw the diagrams of lecture 5 (neural networks II): `python scripts/diagrams/lecture_05.py`.

The network with numbers is the lecture's own 2-2-1 example; the valley is that of lecture 2's four students.
"""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

X, Y = np.array([1.0, 2.0]), 1.0
W1, B1 = np.array([[0.5, -1.0], [0.5, 0.5]]), np.array([-0.5, 0.5])
W2, B2 = np.array([1.0, -2.0]), 0.2

VALLEY = np.array([[15.0, 5.0], [5.0, 2.0]])  # second derivatives of lecture 2's loss in (w, b)
BOTTOM = np.array([1.6, 1.5])


def sigmoid(z: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(z, dtype=float)))


def sigmoid_slope() -> Figure:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    z = np.linspace(-7, 7, 281)
    a = sigmoid(z)
    top.plot(z, a, color=BLUE)
    top.set(ylabel="sigmoid of z", ylim=(-0.05, 1.1), yticks=[0, 0.5, 1])
    bottom.plot(z, a * (1 - a), color=RED)
    bottom.axhline(0.25, color=GREY, linewidth=0.8, linestyle=":")
    bottom.text(-7, 0.262, "1/4", color=GREY)
    for at in (0.0, 5.0):
        slope = float(sigmoid(at) * (1 - sigmoid(at)))
        bottom.plot(at, slope, "o", color=RED, markersize=6)
        bottom.annotate(f"{slope:.2g}", (at, slope), xytext=(at + 0.3, slope + 0.02), color=RED)
    bottom.set(xlabel="z", ylabel="its slope", ylim=(-0.02, 0.32), yticks=[0, 0.1, 0.2, 0.3])
    return figure


def node(ax: Axes, x: float, y: float, name: str, colour: str) -> None:
    ax.add_patch(Circle((x, y), 0.4, facecolor="white", edgecolor=colour, linewidth=2, zorder=2))
    ax.text(x, y, name, ha="center", va="center", color=colour, zorder=3)


def link(ax: Axes, start: tuple[float, float], end: tuple[float, float], weight: str, at: float) -> None:
    """An arrow with its weight `at` that share of the way."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": GREY, "linewidth": 1.2,
                                            "shrinkA": 23, "shrinkB": 23})  # fmt: skip
    x, y = np.array(start) + at * (np.array(end) - start)
    ax.text(x, y, weight, ha="center", va="center", color=GREY, fontsize=10, zorder=3,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip


def forward_and_back() -> Figure:
    hidden = sigmoid(X @ W1 + B1)
    p = float(sigmoid(hidden @ W2 + B2))
    delta = p - Y
    deltas = delta * W2 * hidden * (1 - hidden)
    figure = Figure(figsize=(8.2, 4.0), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    inputs, units, output = [(0.0, 2.6), (0.0, 0.4)], [(3.2, 2.6), (3.2, 0.4)], (6.2, 1.5)
    for i, start in enumerate(inputs):
        for j, end in enumerate(units):
            link(ax, start, end, f"{W1[i, j]:g}", 0.5 if i == j else 0.3)
    for j, start in enumerate(units):
        link(ax, start, output, f"{W2[j]:g}", 0.5)
    ax.annotate("", (7.9, 1.5), output, arrowprops={"arrowstyle": "->", "color": GREY, "shrinkA": 23})
    for i, (x, y) in enumerate(inputs):
        node(ax, x, y, f"x{i + 1}", GREY)
        ax.text(x, y + 0.52, f"{X[i]:g}", ha="center", va="bottom", color=BLUE)
    for j, (x, y) in enumerate(units):
        node(ax, x, y, f"a{j + 1}", ORANGE)
        ax.text(x, y + 0.52, f"{hidden[j]:.4f}", ha="center", va="bottom", color=BLUE)
        ax.text(x, y - 0.54, f"{deltas[j]:.4f}", ha="center", va="top", color=RED)
    node(ax, *output, "p", GREEN)
    ax.text(output[0], 2.02, f"{p:.4f}", ha="center", va="bottom", color=BLUE)
    ax.text(output[0], 0.96, f"{delta:.4f}", ha="center", va="top", color=RED)
    ax.text(8.0, 1.5, f"loss\n{-np.log(p):.4f}", va="center")
    ax.text(3.2, -0.95, "forward: values   ", ha="right", va="center", color=BLUE)
    ax.text(3.2, -0.95, "   back: error signals", ha="left", va="center", color=RED)
    ax.set(xlim=(-0.6, 8.9), ylim=(-1.2, 3.6))
    return figure


def two_losses() -> Figure:
    figure, ax = axes(x="score z (label 1: the right answer lies to the right)", y="loss")
    z = np.linspace(-6, 6, 241)
    p = sigmoid(z)
    ax.plot(z, -np.log(p), color=BLUE)
    ax.plot(z, (p - 1) ** 2, color=ORANGE)
    ax.text(-3.2, 4.1, "cross-entropy:\nsteep where it is wrong", color=BLUE)
    ax.text(-6, 0.3, "squared error:\nalmost flat here", color=ORANGE, va="center")
    for at, loss, slope, colour in (
        (-5.0, -np.log(sigmoid(-5.0)), sigmoid(-5.0) - 1, BLUE),
        (-5.0, (sigmoid(-5.0) - 1) ** 2, 2 * (sigmoid(-5.0) - 1) * sigmoid(-5.0) * sigmoid(5.0), ORANGE),
    ):
        ax.plot(at, loss, "o", color=colour, markersize=7)
        ax.text(at + 0.25, loss + 0.12, f"slope {slope:.3g}", color=colour, va="bottom", fontsize=10)
    ax.set(ylim=(-0.2, 6.3))
    return figure


def gradient_sizes(bend: str, layers: int = 10, width: int = 32, networks: int = 20) -> np.ndarray:
    """Root mean square of dJ/dW in each layer of untrained networks, shape (layers + 1,); geometric mean
    over networks. Cross-entropy over three classes, 64 random inputs of `width` numbers.
    """
    rng = np.random.default_rng(0)
    found = np.empty((networks, layers + 1))
    for network in range(networks):
        sizes = [width] * (layers + 1) + [3]
        weights = [
            rng.normal(0, np.sqrt(2 / d if bend == "relu" else 2 / (d + h)), (d, h))
            for d, h in itertools.pairwise(sizes)
        ]
        A, kept = rng.normal(size=(64, width)), []
        y = rng.integers(3, size=64)
        for W in weights[:-1]:
            kept.append(A)
            Z = A @ W
            A = {"relu": np.maximum(Z, 0), "tanh": np.tanh(Z), "sigmoid": sigmoid(Z)}[bend]
        kept.append(A)
        scores = A @ weights[-1]
        P = np.exp(scores - scores.max(axis=1, keepdims=True))
        dZ = (P / P.sum(axis=1, keepdims=True) - np.eye(3)[y]) / 64
        for layer in range(layers, -1, -1):
            found[network, layer] = np.sqrt(np.mean((kept[layer].T @ dZ) ** 2))
            A = kept[layer]  # what the layer before gave out
            slope = {"relu": (A > 0) * 1.0, "tanh": 1 - A**2, "sigmoid": A * (1 - A)}[bend]
            dZ = dZ @ weights[layer].T * slope
    return np.exp(np.log(found).mean(axis=0))


def vanishing() -> Figure:
    figure, ax = axes(x="hidden layer (1 is next to the input)", y="size of its gradient")
    layer = np.arange(1, 11)
    for bend, colour, name in (("relu", RED, "ReLU"), ("tanh", GREEN, "tanh"), ("sigmoid", BLUE, "sigmoid")):
        size = gradient_sizes(bend)[:10]
        ax.plot(layer, size, "o-", color=colour, markersize=5)
        at = 6 if bend == "sigmoid" else 3  # the layer beside which the name stands
        below = bend == "sigmoid"
        place = (at + 0.3, size[at - 1] * 0.5) if below else (at, size[at - 1] * 1.5)
        ax.text(*place, name, color=colour, va="top" if below else "bottom", ha="left" if below else "center")
    ax.set(yscale="log", xlim=(0.7, 10.5), ylim=(4e-9, 0.3))
    ax.set_xticks(layer)
    return figure


def walk(rule: str, steps: int, rate: float) -> np.ndarray:
    """Path of an optimiser down the valley from (0, 0), without batch noise; shape (steps + 1, 2)."""
    theta, v, m, s = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)
    path = [theta]
    for t in range(1, steps + 1):
        g = VALLEY @ (theta - BOTTOM)
        if rule == "adam":
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            theta = theta - rate * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        else:
            v = (0.9 if rule == "momentum" else 0.0) * v - rate * g
            theta = theta + v
        path.append(theta)
    return np.array(path)


def optimisers() -> Figure:
    figure = Figure(figsize=(9.0, 3.5), layout="constrained")
    w, b = np.meshgrid(np.linspace(-0.4, 3.4, 160), np.linspace(-0.6, 3.2, 160))
    off = np.stack([w, b], axis=-1) - BOTTOM
    height = 0.05 + 0.5 * np.einsum("...i,ij,...j->...", off, VALLEY, off)
    panels = figure.subplots(1, 3, sharey=True)
    for ax, rule, name, rate, colour in (
        (panels[0], "sgd", "SGD", 0.02, BLUE),
        (panels[1], "momentum", "momentum", 0.02, ORANGE),
        (panels[2], "adam", "Adam", 0.1, GREEN),
    ):
        ax.contour(w, b, height, levels=[0.1, 0.3, 1, 3, 8, 16, 30], colors=GREY, linewidths=0.7)
        path = walk(rule, 40, rate)
        ax.plot(path[:, 0], path[:, 1], "o-", color=colour, markersize=3, linewidth=1.2)
        ax.plot(*BOTTOM, "*", color=RED, markersize=13)
        ax.set(title=f"{name}, rate {rate:g}: 40 steps", xlabel="slope, w")
        ax.title.set_fontsize(11)
    panels[0].set_ylabel("intercept, b")
    return figure


DRAWINGS = {
    "sigmoid_slope": sigmoid_slope,
    "forward_and_back": forward_and_back,
    "two_losses": two_losses,
    "vanishing": vanishing,
    "optimisers": optimisers,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_05" / "images"):
        print(written.name)
