"""Where things go in a figure, in inches: plain arithmetic over a chart, with no drawing in it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from labs.charts import Band, Bars, Contour, Heatmap, Images, Line, Panel, Rule, Scatter, Series

WIDTH = 7.0  # of every figure
SMALL, NORMAL, LARGE = 8.5, 9.5, 12.0  # points


def row_height(panels: Sequence[Panel], columns: int, rows: int, cell_width: float, series: Series) -> float:
    strips = [np.shape(series[la.z]) for p in panels for la in p.layers if isinstance(la, Images)]
    if strips and columns == 1:  # pictures side by side are as high as their width leaves them
        tallest = max(height / (count * (width + 1)) for count, height, width in strips)
        return float(np.clip(0.95 + (cell_width - 0.9) * tallest, 1.2, 2.4))
    if strips:
        return min(2.4, cell_width)
    if any(panel.equal for panel in panels):
        return min(4.6, cell_width)
    horizontal = [layer for p in panels for layer in p.layers if isinstance(layer, Bars) and layer.horizontal]
    if horizontal:
        return max(2.2, 0.9 + 0.27 * max(len(layer.names) for layer in horizontal))
    return 3.7 if rows == 1 and columns == 1 else 3.2 if rows == 1 else 2.55


def margins(panel: Panel, columns: int) -> tuple[float, float, float, float]:
    """Room in inches left, right, above and below the axes of one panel."""
    ends = [layer.label for layer in panel.layers if isinstance(layer, Line) and layer.label]
    ends += [layer.label for layer in panel.layers if isinstance(layer, Rule) and layer.axis == "y"]
    longest = max((len(text) for text in ends), default=0) if panel.labels == "direct" else 0
    right = 0.16 + (0.074 * longest + 0.06 if longest else 0)
    names = [
        n
        for la in panel.layers
        for n in (
            la.names
            if isinstance(la, Bars) and la.horizontal
            else la.y_names
            if isinstance(la, Heatmap)
            else ()
        )
    ]
    left = 0.72 if columns == 1 or panel.percent else 0.64
    if names:
        left = max(left, 0.25 + 0.08 * max(len(name) for name in names))
    above = 0.1 + (0.26 if panel.title else 0) + (0.26 if legend_entries(panel) else 0)
    if any(isinstance(layer, (Contour, Heatmap)) and layer.colour_label for layer in panel.layers):
        right += 0.75
    lines = len(textwrap.wrap(panel.x_label, wrap_width(WIDTH / columns - left - right)))
    return left, min(right, 0.42 * WIDTH / columns), above, 0.34 + 0.18 * lines


def legend_entries(panel: Panel) -> list[str]:
    """Labels that need a legend: of points, bands and grouped bars always, of lines where there is no room at
    their end.
    """
    kinds: tuple[type, ...] = (Scatter, Band)
    if panel.labels == "legend":
        kinds = (*kinds, Line)
    labels = [layer.label for layer in panel.layers if isinstance(layer, kinds) and layer.label]  # type: ignore[union-attr]
    bars = [layer.label for layer in panel.layers if isinstance(layer, Bars) and layer.label]
    return [] if panel.labels == "none" else labels + (bars if len(bars) > 1 else [])


def wrap_width(inches: float) -> int:
    """How many characters of an axis label fit."""
    return max(18, int(inches / 0.078))


def apart(places: Sequence[float], gap: float) -> np.ndarray:
    """Sorted heights between 0 and 1, moved as little as needed so that neighbours are `gap` apart and none
    is above 1.
    """
    heights = np.clip(places, 0.0, 1.0)
    for _ in range(60):  # relax neighbours apart; a handful of labels settles at once
        moved = False
        for i in range(len(heights) - 1):
            overlap = gap - (heights[i + 1] - heights[i])
            if overlap > 1e-4:
                heights[i] -= overlap / 2
                heights[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    return heights - max(heights[-1] - 1.0, 0.0)
