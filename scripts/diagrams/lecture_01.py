"""Draw the diagrams of lecture 1 (introduction): `python scripts/diagrams/lecture_01.py`.

The fruits are the lecture's own; the other pictures show kinds of diagrams with made-up numbers.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, axes, draw_all

ORANGES = np.array([[7, 7], [8, 8], [9, 8]])
LEMONS = np.array([[5, 8], [5, 9], [4, 7]])
NEW = np.array([6, 8])


def rules_and_examples() -> Figure:
    figure = Figure(figsize=(7.6, 3.4), layout="constrained")
    ax = figure.subplots()
    ax.axis("off")
    rows = (
        (2.2, "Ordinary\nprogramming", ("rules", "data"), "computer", "answers", BLUE),
        (0.0, "Machine\nlearning", ("data", "answers"), "training", "rules\n(a model)", ORANGE),
    )
    for y, name, inputs, middle, result, colour in rows:
        ax.text(-0.2, y + 0.35, name, ha="right", va="center", color=colour, fontsize=12)
        for text, dy in zip(inputs, (0.75, -0.05), strict=True):
            box(ax, 0.1, y + dy, text, GREY, 0.5)
            ax.annotate(
                "", (2.65, y + 0.6), (1.65, y + dy + 0.25), arrowprops={"arrowstyle": "->", "color": GREY}
            )
        box(ax, 2.7, y + 0.15, middle, colour, 0.9)
        ax.annotate("", (5.25, y + 0.6), (4.25, y + 0.6), arrowprops={"arrowstyle": "->", "color": GREY})
        box(ax, 5.3, y + 0.15, result, GREEN, 0.9)
    ax.set(xlim=(-2.1, 7.0), ylim=(-0.3, 3.7))
    return figure


def box(ax, x: float, y: float, text: str, colour: str, height: float) -> None:
    style = "round,pad=0.02,rounding_size=0.1"
    ax.add_patch(
        FancyBboxPatch((x, y), 1.5, height, boxstyle=style, facecolor="white", edgecolor=colour, linewidth=2)
    )
    ax.text(x + 0.75, y + height / 2, text, ha="center", va="center", color=colour)


def fruits() -> Figure:
    figure, ax = axes(5.6, 4.2, x="width in cm", y="height in cm")
    ax.set_aspect("equal")
    ax.plot(*ORANGES.T, "o", color=ORANGE, markersize=11, label="orange")
    ax.plot(*LEMONS.T, "s", color=BLUE, markersize=10, label="lemon")
    ax.plot(*NEW, "*", color=RED, markersize=15, label="new fruit")
    ax.add_patch(Circle(NEW, np.sqrt(2) + 0.12, fill=False, edgecolor=GREY, linestyle="--"))
    ax.text(6.1, 9.65, "its three nearest", ha="center", color=GREY, fontsize=10)
    for name, point in zip("ABCDEF", [*ORANGES, *LEMONS], strict=True):
        ax.annotate(name, point, xytext=(point[0] + 0.17, point[1] + 0.14))
    ax.set(xlim=(3.3, 10.6), ylim=(5.9, 10.1), yticks=range(6, 11))
    ax.legend(loc="lower right")
    return figure


def kinds_of_diagrams() -> Figure:
    figure = Figure(figsize=(8.2, 5.2), layout="constrained")
    (scatter, line), (histogram, heatmap) = figure.subplots(2, 2)
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 10, 40)
    scatter.plot(x, 2 + 0.8 * x + rng.normal(0, 1, 40), "o", color=BLUE, markersize=5)
    scatter.set(title="Scatter: one dot, one example", xlabel="feature", ylabel="label")
    epochs = np.arange(1, 61)
    line.plot(epochs, 0.25 + 1.8 * np.exp(-epochs / 9), color=ORANGE, label="training")
    line.plot(epochs, 0.5 + 1.6 * np.exp(-epochs / 9) + 0.00018 * epochs**2, color=BLUE, label="new examples")
    line.set(title="Line: how something changes", xlabel="epoch", ylabel="loss", ylim=(0, None))
    line.legend()
    histogram.hist(rng.normal(170, 8, 300), bins=np.arange(146, 197, 4), color=GREEN, edgecolor="white")
    histogram.set(title="Histogram: how often each value", xlabel="height in cm", ylabel="people")
    counts = np.array([[45, 5], [8, 42]])
    heatmap.pcolormesh(counts, cmap="Blues", vmin=0, vmax=60)  # drawn as shapes, not as an image
    heatmap.set_aspect("equal")
    heatmap.invert_yaxis()
    for i in range(2):
        for j in range(2):
            heatmap.text(
                j + 0.5,
                i + 0.5,
                counts[i, j],
                ha="center",
                va="center",
                color="white" if counts[i, j] > 30 else "black",
            )
    heatmap.set(title="Heat map: a number per cell", xlabel="the model says", ylabel="the truth")
    heatmap.set_xticks([0.5, 1.5], ["spam", "not"])
    heatmap.set_yticks([0.5, 1.5], ["spam", "not"])
    return figure


def axes_that_mislead() -> Figure:
    figure = Figure(figsize=(8.6, 3.2), layout="constrained")
    cut, whole, log = figure.subplots(1, 3)
    for ax, low, title in ((cut, 90, "Cut axis: looks huge"), (whole, 0, "From zero: 91 and 94")):
        ax.bar(["old", "new"], [91, 94], color=[GREY, BLUE], width=0.6)
        ax.set(ylim=(low, 95 if low else 100), ylabel="accuracy in %", title=title)
    steps = np.arange(0, 7)
    log.plot(steps, 10.0**steps, "o-", color=ORANGE)
    log.set(yscale="log", xlabel="step", ylabel="value", title="Log axis: each line × 10")
    log.set_yticks([10.0**k for k in range(0, 7, 2)])
    log.minorticks_off()
    log.grid(axis="y", color=GREY, alpha=0.3)
    for ax in (cut, whole, log):
        ax.title.set_fontsize(11)
    return figure


DRAWINGS = {
    "rules_and_examples": rules_and_examples,
    "fruits": fruits,
    "kinds_of_diagrams": kinds_of_diagrams,
    "axes_that_mislead": axes_that_mislead,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_01" / "images"):
        print(written.name)
