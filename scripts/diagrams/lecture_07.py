"""Draw the diagrams of lecture 7 (convolutional neural networks): `python scripts/diagrams/lecture_07.py`.

The worked convolution is the lecture's own; the real digit is the first of scikit-learn's. Pixels are drawn
as squares, so that the pictures stay outlines.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from style import BLUE, GREEN, GREY, LECTURES, ORANGE, RED, draw_all

SEVEN = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]])
EDGE = np.array([[-1, 0, 1]] * 3)


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure for a drawing in plain units: no axes, and square pixels."""
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    return figure, ax


def slide(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Every patch of the image times the kernel, summed. (n, n), (k, k) -> (n - k + 1, n - k + 1)"""
    patches = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijuv,uv->ij", patches, kernel)


def pixels(
    ax: Axes, values: np.ndarray, left: float, top: float, size: float = 1.0, text: bool = True
) -> None:
    """Draw an array as squares, white at its smallest value and dark at its largest."""
    low, high = float(values.min()), float(values.max())
    for (row, column), value in np.ndenumerate(values):
        dark = 0.0 if high == low else 0.75 * (value - low) / (high - low)
        place = left + column * size, top - (row + 1) * size
        ax.add_patch(Rectangle(place, size, size, facecolor=str(1 - dark), edgecolor=GREY, linewidth=0.7))
        if text:
            shown = f"{value:g}".replace("-", "−")
            colour = "white" if dark > 0.5 else "black"
            ax.text(place[0] + size / 2, place[1] + size / 2, shown, ha="center", va="center", color=colour)


def frame(ax: Axes, left: float, bottom: float, size: float, colour: str) -> None:
    ax.add_patch(
        Rectangle((left, bottom), size, size, facecolor="none", edgecolor=colour, linewidth=3.5, zorder=3)
    )


def convolution() -> Figure:
    figure, ax = blank(8.2, 3.7)
    pixels(ax, SEVEN, 0, 5)
    frame(ax, 1, 0, 3, ORANGE)  # the patch in the bottom middle
    for row, column in np.ndindex(3, 3):
        ax.add_patch(
            Rectangle((6.6 + column, 3 - row), 1, 1, facecolor="white", edgecolor=BLUE, linewidth=1.2)
        )
        ax.text(
            7.1 + column,
            3.5 - row,
            f"{EDGE[row, column]}".replace("-", "−"),
            ha="center",
            va="center",
            color=BLUE,
        )
    pixels(ax, slide(SEVEN, EDGE), 11.2, 4)
    frame(ax, 12.2, 1, 1, ORANGE)
    ax.text(5.8, 2.5, "∗", ha="center", va="center", fontsize=18)
    ax.text(10.4, 2.5, "=", ha="center", va="center", fontsize=18)
    for x, text in ((2.5, "image, 5×5"), (8.1, "filter, 3×3"), (12.7, "feature map, 3×3")):
        ax.text(x, 5.5, text, ha="center", va="center")
    ax.text(6.9, -0.7, "orange patch: right column 3, left column 0, so the output is 3 − 0 = 3",
            ha="center", va="center", color=RED, fontsize=10)  # fmt: skip
    ax.set(xlim=(-0.2, 14.4), ylim=(-1.1, 5.9))
    return figure


def feature_maps() -> Figure:
    from sklearn.datasets import load_digits

    image = load_digits().images[0]  # (8, 8), from 0 to 16
    framed = np.pad(image, 1)
    figure, ax = blank(8.4, 3.2)
    for k, (values, title) in enumerate(
        (
            (image, "a digit, 8×8"),
            (np.maximum(slide(framed, EDGE), 0), "vertical edges:\nmore ink on the right"),
            (np.maximum(slide(framed, EDGE.T), 0), "horizontal edges:\nmore ink below"),
        )
    ):
        pixels(ax, values, 9.5 * k, 8, text=False)
        ax.text(9.5 * k + 4, 9.1, title, ha="center", va="center")
    ax.set(xlim=(-0.3, 27.3), ylim=(-0.3, 10))
    return figure


def receptive_field() -> Figure:
    figure, ax = blank(7.6, 3.4)
    seen = {
        0: range(1, 6),
        1: range(2, 5),
        2: range(3, 4),
    }  # which units the middle one of layer 2 depends on
    for layer in (1, 2):
        for unit in range(1, 6):
            for below in (unit - 1, unit, unit + 1):
                used = unit in seen[layer]
                ax.plot([below, unit], [1.6 * layer - 1.6, 1.6 * layer], zorder=1,
                        color=ORANGE if used else "#dddddd", linewidth=1.8 if used else 0.8)  # fmt: skip
    for layer, (first, last) in enumerate(((0, 6), (0, 6), (0, 6))):
        for unit in range(first, last + 1):
            inside = unit in seen[layer]
            ax.add_patch(Circle((unit, 1.6 * layer), 0.24, facecolor=ORANGE if inside else "white",
                                edgecolor=RED if inside else GREY, linewidth=1.6, zorder=2))  # fmt: skip
    for layer, text in enumerate(
        ("input: 5 pixels are seen", "first layer: 3 units", "second layer: 1 unit")
    ):
        ax.text(6.7, 1.6 * layer, text, va="center")
    ax.set(xlim=(-0.4, 10.6), ylim=(-0.4, 3.6))
    return figure


def shapes() -> Figure:
    figure, ax = blank(8.6, 3.0)
    stages = (
        (0.0, 1.9, 1, "1×8×8\nthe image", BLUE),
        (4.2, 1.9, 5, "16×8×8", ORANGE),
        (9.0, 1.9, 8, "32×8×8", ORANGE),
        (14.4, 1.0, 8, "32×4×4", GREEN),
        (18.8, 0.0, 0, "10 scores", RED),
    )
    for x, side, sheets, text, colour in stages:
        for sheet in reversed(range(sheets)):
            shift = 0.17 * sheet
            ax.add_patch(Rectangle((x + shift, -side / 2 + shift), side, side, facecolor="white", edgecolor=colour,
                                   linewidth=1.3))  # fmt: skip
        ax.text(x + side / 2, -1.85, text, ha="center", va="center", color=colour)
    for k in range(10):
        ax.add_patch(
            Rectangle((18.6, -1.1 + 0.28 * k), 0.4, 0.28, facecolor="white", edgecolor=RED, linewidth=1.3)
        )
    for start, end, text in (
        (2.2, 3.9, "3×3 filters,\nReLU"),
        (7.1, 8.7, "3×3 filters,\nReLU"),
        (12.4, 14.1, "max\npooling"),
        (16.9, 18.3, "dense"),
    ):
        ax.annotate(
            "", (end, 0), (start, 0), arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.5}
        )
        ax.text((start + end) / 2, -0.62 if text != "dense" else -0.4, text, ha="center", va="center", fontsize=9,
                color=GREY)  # fmt: skip
    ax.set(xlim=(-0.4, 20.0), ylim=(-2.4, 2.9))
    return figure


def residual_block() -> Figure:
    figure, ax = blank(8.2, 2.9)

    def arrow(
        start: tuple[float, float], end: tuple[float, float], colour: str = GREY, curve: float = 0.0
    ) -> None:
        ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8,
                                                "connectionstyle": f"arc3,rad={curve}"})  # fmt: skip

    ax.text(0, 0, "x", ha="center", va="center", fontsize=15)
    for x, text in ((3.2, "convolution,\nbatch norm, ReLU"), (7.2, "convolution,\nbatch norm")):
        ax.add_patch(FancyBboxPatch((x - 1.45, -0.5), 2.9, 1.0, boxstyle="round,pad=0.05", facecolor="white",
                                    edgecolor=BLUE, linewidth=2))  # fmt: skip
        ax.text(x, 0, text, ha="center", va="center", color=BLUE, fontsize=10)
    ax.add_patch(Circle((10.2, 0), 0.36, facecolor="white", edgecolor=GREEN, linewidth=2))
    ax.text(10.2, 0, "+", ha="center", va="center", fontsize=15, color=GREEN)
    ax.text(11.9, 0, "ReLU", ha="center", va="center", color=GREEN)
    ax.text(13.5, 0, "y", ha="center", va="center", fontsize=15)
    for start, end in ((0.25, 1.65), (4.72, 5.65), (8.72, 9.8), (10.6, 11.35), (12.45, 13.25)):
        arrow((start, 0), (end, 0))
    arrow((0.1, 0.3), (10.2, 0.4), ORANGE, -0.3)
    ax.text(5.2, 2.15, "skip connection: x itself", ha="center", va="center", color=ORANGE)
    ax.text(5.2, -1.05, "F(x): what to change", ha="center", va="center", color=BLUE)
    ax.set(xlim=(-0.5, 13.9), ylim=(-1.4, 2.5))
    return figure


DRAWINGS = {
    "convolution": convolution,
    "feature_maps": feature_maps,
    "receptive_field": receptive_field,
    "shapes": shapes,
    "residual_block": residual_block,
}

if __name__ == "__main__":
    for written in draw_all(DRAWINGS, LECTURES / "lecture_07" / "images"):
        print(written.name)
