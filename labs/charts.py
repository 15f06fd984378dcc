"""Charts as plain data: what is drawn from which series, with no drawing in it.

A chart's layers name keys of `LabResult.series`, so a test reads the very numbers that a plot shows, and one
chart can be drawn as a picture (`labs.plotting`), sent to a page as data (`chart_data`) or read aloud
(`alt_text`). Every coordinate in a layer is a series key; words and looks are plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

Series = Mapping[str, np.ndarray]
# A colour: a number counts through the palette, a name is a role, None lets the label decide.
Tone = int | Literal["muted", "ink"] | None


@dataclass(frozen=True)
class Line:
    """y over x, both (n,)."""

    x: str
    y: str
    label: str = ""
    tone: Tone = None
    style: Literal["solid", "dashed", "dotted"] = "solid"
    markers: bool = False


@dataclass(frozen=True)
class Band:
    """The area between low and high over x, each (n,): an uncertainty."""

    x: str
    low: str
    high: str
    label: str = ""
    tone: Tone = None


@dataclass(frozen=True)
class Scatter:
    """Points (n,) at x, y."""

    x: str
    y: str
    label: str = ""
    tone: Tone = None
    size: float = 18.0
    marker: Literal["o", "x", "^", "s", "*", "_"] = "o"


@dataclass(frozen=True)
class Segments:
    """Vertical sticks from low to high at x, each (n,): residuals."""

    x: str
    low: str
    high: str
    tone: Tone = "muted"


@dataclass(frozen=True)
class Bars:
    """One bar per name, of height y (n,), with an optional error (n,)."""

    names: tuple[str, ...]
    y: str
    label: str = ""
    tone: Tone = None
    error: str | None = None
    horizontal: bool = False
    number_format: str | None = "{:.3g}"  # None writes no number at the bar


@dataclass(frozen=True)
class Heatmap:
    """z (rows, columns) as coloured cells, row 0 on top; `number_format` writes the value into each cell."""

    z: str
    x_names: tuple[str, ...] = ()
    y_names: tuple[str, ...] = ()
    number_format: str | None = None
    diverging: bool = False
    colour_label: str = ""


@dataclass(frozen=True)
class Contour:
    """z (len(y), len(x)) as filled level curves; `log_levels` spaces them by ratio, for a cost surface."""

    x: str
    y: str
    z: str
    log_levels: bool = False
    colour_label: str = ""


@dataclass(frozen=True)
class Regions:
    """z (len(y), len(x)) of whole numbers as flat tinted areas: which class a model says where. Class k has tone k."""

    x: str
    y: str
    z: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Images:
    """A row of small grey pictures, z (n, height, width), with a caption each.

    `heat`, of the same shape, glows over them: where a network looks.
    """

    z: str
    captions: tuple[str, ...] = ()
    diverging: bool = False
    heat: str | None = None


@dataclass(frozen=True)
class Arrows:
    """Arrows (dx, dy) at (x, y), each (n,): a policy in a grid, a gradient field."""

    x: str
    y: str
    dx: str
    dy: str
    tone: Tone = "ink"


@dataclass(frozen=True)
class Rule:
    """A straight reference line across the panel at one value."""

    value: float
    axis: Literal["x", "y"] = "y"
    label: str = ""
    tone: Tone = "muted"


@dataclass(frozen=True)
class Words:
    """A short text at one place of the panel, in data coordinates."""

    x: float
    y: float
    text: str
    tone: Tone = "ink"


Layer = Line | Band | Scatter | Segments | Bars | Heatmap | Contour | Regions | Images | Arrows | Rule | Words
_KEY_FIELDS = frozenset({"x", "y", "z", "low", "high", "dx", "dy", "error", "heat"})


@dataclass(frozen=True)
class Panel:
    """One pair of axes. Labels carry the unit: "mean reward (σ of the noise)"."""

    x_label: str
    y_label: str
    layers: tuple[Layer, ...]
    title: str = ""
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    percent: bool = False  # y is a fraction, shown in per cent
    equal: bool = False  # one unit is as long in x as in y
    labels: Literal["direct", "legend", "none"] = "direct"  # direct: at the end of each line


@dataclass(frozen=True)
class Chart:
    """One figure. `title` states the result; `overlay` says how several runs share it.

    overlay="lines" draws the runs into the same axes; "panels" gives each run its own axes side by side.
    `alt` may add a sentence of the lab's own to the text made from the numbers.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]
    alt: str = ""
    columns: int = 1
    overlay: Literal["lines", "panels"] = "lines"


def layer_keys(layer: Layer) -> dict[str, str]:
    """The series a layer reads, by role: {"x": "epoch", "y": "loss_train"}."""
    if isinstance(layer, (Rule, Words)):
        return {}
    values = {f.name: getattr(layer, f.name) for f in fields(layer) if f.name in _KEY_FIELDS}
    return {role: key for role, key in values.items() if key is not None}


def chart_keys(chart: Chart) -> set[str]:
    return {key for panel in chart.panels for layer in panel.layers for key in layer_keys(layer).values()}


def chart_data(chart: Chart, series: Series, max_points: int = 1000) -> dict[str, Any]:
    """The chart as JSON-safe data for interactive display: long curves thinned, None for inf and nan."""
    panels = []
    for panel in chart.panels:
        entry = {f.name: getattr(panel, f.name) for f in fields(panel) if f.name != "layers"}
        entry["layers"] = [_layer_data(layer, series, max_points) for layer in panel.layers]
        panels.append(entry)
    return {
        "name": chart.name,
        "title": chart.title,
        "alt": alt_text(chart, series),
        "columns": chart.columns,
        "panels": panels,
    }


def alt_text(chart: Chart, series: Series) -> str:
    """The chart in words, from its numbers: what each line starts and ends at."""
    parts = [f"{chart.title.rstrip('.')}."]
    for panel in chart.panels:
        told = [text for layer in panel.layers if (text := _layer_words(layer, series, panel))]
        name = panel.y_label or panel.title or "Panel"
        axis = f" by {panel.x_label}" if panel.x_label else ""
        if told:
            parts.append(f"{name}{axis}: {'; '.join(told[:8])}{'; and more' if len(told) > 8 else ''}.")
    if chart.alt:
        parts.append(chart.alt)
    return " ".join(parts)


def _layer_data(layer: Layer, series: Series, max_points: int) -> dict[str, Any]:
    keys = layer_keys(layer)
    data: dict[str, Any] = {"type": type(layer).__name__.lower()}
    data |= {f.name: getattr(layer, f.name) for f in fields(layer) if f.name not in keys}
    for role, key in keys.items():
        values = np.asarray(series[key])
        step = 1 if values.ndim != 1 or isinstance(layer, Bars) else -(-len(values) // max_points)
        data[role] = json_safe(values[::step])
    return data


def _layer_words(layer: Layer, series: Series, panel: Panel) -> str:
    shown = (lambda v: f"{v:.1%}") if panel.percent else (lambda v: f"{v:.3g}")
    if isinstance(layer, Line):
        y = np.asarray(series[layer.y], dtype=float)
        y = y[np.isfinite(y)]
        if not len(y):
            return ""
        name = layer.label or "the line"
        ends = f"{name} goes from {shown(y[0])} to {shown(y[-1])}"
        return f"{ends} (lowest {shown(y.min())}, highest {shown(y.max())})"
    if isinstance(layer, Bars):
        pairs = zip(layer.names, np.asarray(series[layer.y], dtype=float), strict=True)
        return ", ".join(f"{name} {shown(value)}" for name, value in pairs)
    if isinstance(layer, Scatter):
        return f"{len(series[layer.x])} points{f' ({layer.label})' if layer.label else ''}"
    if isinstance(layer, (Heatmap, Contour)):
        z = np.asarray(series[layer.z], dtype=float)
        z = z[np.isfinite(z)]
        return f"values from {z.min():.3g} to {z.max():.3g}" if z.size else ""
    if isinstance(layer, Images):
        return f"{len(series[layer.z])} pictures"
    if isinstance(layer, Rule) and layer.label:
        return f"a reference line, {layer.label}, at {shown(layer.value)}"
    return ""


def json_safe(value: Any) -> Any:
    """Plain Python values for JSON; what is not a finite number becomes None."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, np.ndarray):
        return json_safe(value.tolist())
    if isinstance(value, np.generic):
        return json_safe(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
