"""How the simple layers are drawn: lines, bands, points, sticks, arrows, reference lines and words.

Each function gets matplotlib axes and calls their methods; nothing is imported from matplotlib here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labs.charts import Arrows, Band, Line, Rule, Scatter, Segments, Series, Words
from labs.colours import Tones
from labs.layout import SMALL


def draw_line(axes: Any, layer: Line, series: Series, tones: Tones) -> None:
    styles = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 1.5))}
    colour = tones(layer.tone, layer.label)
    marker: dict[str, Any] = {"marker": "o", "markersize": 4.5} if layer.markers else {}
    y = masked(series[layer.y])
    axes.plot(
        series[layer.x],
        y,
        color=colour,
        linewidth=1.7,
        linestyle=styles[layer.style],
        label=layer.label or None,
        solid_capstyle="round",
        **marker,
    )


def draw_band(axes: Any, layer: Band, series: Series, tones: Tones) -> None:
    low, high = masked(series[layer.low]), masked(series[layer.high])
    colour = tones(layer.tone, layer.label)
    axes.fill_between(
        series[layer.x], low, high, color=colour, alpha=0.18, linewidth=0, label=layer.label or None
    )


def draw_scatter(axes: Any, layer: Scatter, series: Series, tones: Tones) -> None:
    colour = tones(layer.tone, layer.label)
    size = layer.size
    if layer.marker == "_":  # a dash is as long as its share of the axis
        size *= min(1.0, axes.get_position().width / 0.85) ** 2
    edge: dict[str, Any] = {} if layer.marker in "x_" else {"edgecolors": tones.look.paper, "linewidths": 0.5}
    axes.scatter(
        series[layer.x],
        masked(series[layer.y]),
        s=size,
        c=colour,
        marker=layer.marker,
        label=layer.label or None,
        zorder=2.5,
        **edge,
    )


def draw_segments(axes: Any, layer: Segments, series: Series, tones: Tones) -> None:
    axes.vlines(
        series[layer.x],
        series[layer.low],
        series[layer.high],
        color=tones(layer.tone),
        linewidth=0.8,
        alpha=0.75,
    )


def draw_arrows(axes: Any, layer: Arrows, series: Series, tones: Tones) -> None:
    axes.quiver(
        series[layer.x],
        series[layer.y],
        series[layer.dx],
        series[layer.dy],
        color=tones(layer.tone),
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.006,
    )


def draw_rule(axes: Any, layer: Rule, series: Series, tones: Tones) -> None:
    line = axes.axhline if layer.axis == "y" else axes.axvline
    line(layer.value, color=tones(layer.tone), linewidth=1.0, linestyle=(0, (5, 3)), zorder=1.5)


def draw_rule_name(axes: Any, layer: Rule, tones: Tones) -> None:
    """The name of an upright line, beside its top; on the side where there is room, so once the axes are set."""
    low, _ = axes.get_ylim()
    to_axes = axes.transData + axes.transAxes.inverted()
    left = float(to_axes.transform((layer.value, low))[0]) > 0.7
    axes.annotate(
        layer.label,
        (layer.value, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, -3),
        textcoords="offset points",
        fontsize=SMALL,
        color=tones(layer.tone),
        ha="right" if left else "left",
        va="top",
    )


def draw_words(axes: Any, layer: Words, series: Series, tones: Tones) -> None:
    axes.annotate(
        layer.text,
        (layer.x, layer.y),
        xytext=(5, 5),
        textcoords="offset points",
        fontsize=SMALL,
        color=tones(layer.tone),
    )


def masked(values: Any) -> np.ndarray:
    return np.ma.masked_invalid(np.asarray(values, dtype=float))
