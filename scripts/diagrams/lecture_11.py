"""Draw the diagrams of lecture 11 (recurrent networks and LSTMs): `python scripts/diagrams/lecture_11.py`.

The text that is read is the lecture's own, "banana."; the products of factors are those of its section on gradients.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, arrow, axes, blank, draw_all

TEXT = "banana."
NAMES = ("Ada", "Grace", "Alan")
FACTORS = (1.5, 1.1, 1.0, 0.9, 0.5)
STEPS = 20


def box(ax: Axes, x: float, y: float, width: float, height: float, name: str, colour: str) -> None:
    """A rounded box with its middle at (x, y)."""
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height,
            boxstyle="round,pad=0,rounding_size=0.12", facecolor="white", edgecolor=colour, linewidth=2, zorder=2,
        )
    )  # fmt: skip
    ax.text(x, y, name, ha="center", va="center", color=colour, zorder=3)


def cell(ax: Axes, x: float, reads: str, predicts: str, state: str) -> None:
    """One recurrent cell at height 0 with its input below, its state inside and its prediction above."""
    box(ax, x, 0, 1.1, 0.9, state, BLUE)
    arrow(ax, (x, -1.15), (x, -0.47))
    ax.text(x, -1.4, reads, ha="center", va="center", color=ORANGE, fontsize=13)
    arrow(ax, (x, 0.47), (x, 1.15))
    ax.text(x, 1.4, predicts, ha="center", va="center", color=GREEN, fontsize=13)


def unrolled() -> Figure:
    figure, ax = blank(9.0, 3.1, (-1.6, 11.2), (-2.2, 1.8))
    cell(ax, 0, "input", "scores", "state")
    ax.plot([0.55, 1.0, 1.0, -1.0, -1.0], [0, 0, 0.8, 0.8, 0], color=RED, linewidth=1.5, zorder=1)
    arrow(ax, (-1.0, 0), (-0.57, 0), RED)
    ax.text(1.08, 0.42, "$W_h$", color=RED, ha="left", va="center")
    ax.text(2.25, 0, "=", fontsize=20, ha="center", va="center", color=GREY)
    places = 4.2 + 1.9 * np.arange(4)
    for step, x in enumerate(places):
        cell(ax, x, f'"{TEXT[step]}"', f'"{TEXT[step + 1]}"', f"$h_{step + 1}$")
        arrow(ax, (x - 1.33, 0), (x - 0.57, 0), RED)
        ax.text(x - 0.96, 0.27, "$W_h$", color=RED, ha="center", va="center")
    ax.text(2.84, 0, "0", color=RED, ha="right", va="center")
    arrow(ax, (places[-1] + 0.57, 0), (places[-1] + 1.0, 0), RED)
    ax.text(0, -1.95, "folded", ha="center", color=GREY)
    ax.text(places.mean(), -1.95, "unrolled: the same weights four times", ha="center", color=GREY)
    return figure


def products() -> Figure:
    figure, ax = axes(6.6, 4.0, x="steps back in time", y="what is left of the gradient")
    steps = np.arange(STEPS + 1)
    for factor, colour in zip(FACTORS, (RED, ORANGE, GREY, GREEN, BLUE), strict=True):
        left = factor**steps
        ax.plot(steps, left, color=colour)
        shown = f"{left[-1]:.0f}" if left[-1] > 100 else f"{left[-1]:.2g}"
        if left[-1] < 1e-3:
            shown = "one millionth"
        ax.text(STEPS + 0.4, left[-1], f"{factor:g} per step: {shown}", color=colour, va="center")
    ax.set(yscale="log", xlim=(0, 30), ylim=(2e-7, 3e4))
    ax.set_xticks(range(0, STEPS + 1, 5))
    ax.spines["bottom"].set_bounds(0, STEPS)
    return figure


def sign(ax: Axes, x: float, y: float, name: str, colour: str) -> None:
    """A small circle with an operation in it."""
    ax.add_patch(Circle((x, y), 0.27, facecolor="white", edgecolor=colour, linewidth=2, zorder=2))
    ax.text(x, y, name, ha="center", va="center", color=colour, fontsize=14, zorder=3)


def lstm_cell() -> Figure:
    figure, ax = blank(8.6, 4.9, (-1.7, 10.7), (-2.0, 5.1))
    ax.add_patch(Rectangle((0.1, -0.9), 9.0, 5.3, facecolor="#F5F5F5", edgecolor=GREY, linewidth=1, zorder=0))
    belt, gates, feed = 3.7, 0.6, -0.4
    forget, add, show = 1.4, 4.0, 7.9  # where on the belt something happens
    # the belt
    arrow(ax, (-0.9, belt), (forget - 0.27, belt), BLUE)
    arrow(ax, (forget + 0.27, belt), (add - 0.27, belt), BLUE)
    arrow(ax, (add + 0.27, belt), (10.0, belt), BLUE)
    ax.text(-1.0, belt, "$c_{t-1}$", color=BLUE, ha="right", va="center", fontsize=13)
    ax.text(10.1, belt, "$c_t$", color=BLUE, ha="left", va="center", fontsize=13)
    ax.text(4.6, 4.72, "cell state: the conveyor belt", color=BLUE, ha="center", va="center")
    # what feeds the gates
    ax.plot([-0.9, 6.6], [feed, feed], color=GREY, linewidth=1.5, zorder=1)
    ax.plot([0.6, 0.6], [-1.6, feed], color=GREY, linewidth=1.5, zorder=1)
    ax.text(-1.0, feed, "$h_{t-1}$", ha="right", va="center", fontsize=13)
    ax.text(0.6, -1.8, "$x_t$", ha="center", va="center", fontsize=13)
    places = {"forget\n$f$": (forget, RED), "input\n$i$": (3.1, ORANGE), "candidate\n$g$": (4.9, GREEN),
              "output\n$o$": (6.6, RED)}  # fmt: skip
    for name, (x, colour) in places.items():
        arrow(ax, (x, feed), (x, gates - 0.42))
        box(ax, x, gates, 1.5, 0.8, name, colour)
    # forget: times; input times candidate: plus
    sign(ax, forget, belt, "×", BLUE)
    arrow(ax, (forget, gates + 0.42), (forget, belt - 0.29), RED)
    sign(ax, add, 2.2, "×", GREY)
    arrow(ax, (3.1, gates + 0.42), (add - 0.22, 2.03), ORANGE)
    arrow(ax, (4.9, gates + 0.42), (add + 0.22, 2.03), GREEN)
    arrow(ax, (add, 2.49), (add, belt - 0.29))
    sign(ax, add, belt, "+", BLUE)
    # what is shown
    ax.plot([show], [belt], "o", color=BLUE, markersize=5)
    arrow(ax, (show, belt), (show, 2.82), BLUE)
    box(ax, show, 2.5, 0.9, 0.6, "tanh", BLUE)
    arrow(ax, (show, 2.18), (show, 1.49), BLUE)
    sign(ax, show, 1.2, "×", GREY)
    ax.plot([6.6, 6.6], [gates + 0.42, 1.2], color=RED, linewidth=1.5, zorder=1)
    arrow(ax, (6.6, 1.2), (show - 0.29, 1.2), RED)
    arrow(ax, (show + 0.29, 1.2), (10.0, 1.2))
    ax.text(10.1, 1.2, "$h_t$", ha="left", va="center", fontsize=13)
    return figure


def padding() -> Figure:
    figure = Figure(figsize=(7.6, 2.7), layout="constrained")
    panels = figure.subplots(1, 2)
    longest = max(map(len, NAMES))
    for ax, title in zip(panels, ("a batch of three names, padded", "its mask"), strict=True):
        ax.set_aspect("equal")
        ax.axis("off")
        ax.set(xlim=(-0.1, longest + 0.1), ylim=(-0.1, len(NAMES) + 0.1))
        ax.set_title(title)
        for row, name in enumerate(NAMES):
            for column in range(longest):
                real = column < len(name)
                corner = (column, len(NAMES) - 1 - row)
                ax.add_patch(
                    Rectangle(corner, 1, 1, facecolor="white" if real else "#CCCCCC", edgecolor=GREY)
                )
                word = (name[column] if real else "pad") if ax is panels[0] else str(int(real))
                colour = (BLUE if real else GREY) if ax is panels[0] else (GREEN if real else RED)
                ax.text(corner[0] + 0.5, corner[1] + 0.5, word, ha="center", va="center", color=colour)
    return figure


DRAWINGS = {
    "unrolled": unrolled,
    "products": products,
    "lstm_cell": lstm_cell,
    "padding": padding,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_11" / "images"):
        print(written.name)
