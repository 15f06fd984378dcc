"""Shared look of the lecture diagrams, and the one way in which they are saved.

The same script writes the same bytes each time: text becomes outlines, the SVG's ids come from a fixed salt,
and no date is stored. Colours are the Okabe-Ito set, which people with colour-blindness can tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LECTURES = Path(__file__).resolve().parents[2] / "knowledge" / "lectures"

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

SETTINGS = {
    "svg.hashsalt": "lectures",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "lines.linewidth": 2,
    "legend.frameon": False,
}


def axes(width: float = 6.4, height: float = 3.8, *, x: str, y: str) -> tuple[Figure, Axes]:
    """Return a figure of `width` by `height` inches with one labelled pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    return figure, ax


def save(figure: Figure, path: Path) -> None:
    """Write the figure as an SVG on a white ground, without a date."""
    figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def draw_all(drawings: Mapping[str, Callable[[], Figure]], folder: Path) -> list[Path]:
    """Draw each `name -> function` into `folder` as `name.svg` and return the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context(SETTINGS):
        for name, drawing in drawings.items():
            path = folder / f"{name}.svg"
            save(drawing(), path)
            written.append(path)
    return written


Point = tuple[float, float]


def blank(width: float, height: float, across: Point, up: Point) -> tuple[Figure, Axes]:
    """A figure for a drawing, with equal scales and no axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set(xlim=across, ylim=up)
    return figure, ax


def arrow(ax: Axes, start: Point, end: Point, colour: str = GREY, bend: str = "arc3") -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.5,
                                            "shrinkA": 0, "shrinkB": 0, "connectionstyle": bend})  # fmt: skip
