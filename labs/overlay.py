"""Charts of several runs: leading metrics against what was varied, and each chart of the lab for all runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from labs.base import Lab, LabResult, Plan
from labs.charts import (
    Band,
    Bars,
    Chart,
    Contour,
    Heatmap,
    Images,
    Layer,
    Line,
    Panel,
    Regions,
    Rule,
    Scatter,
    layer_keys,
)


def bracket(key: str, label: str) -> str:
    """rmse + hidden=32 -> rmse[hidden=32]; reward_final[ucb] + arms=5 -> reward_final[ucb, arms=5]."""
    return f"{key[:-1]}, {label}]" if key.endswith("]") else f"{key}[{label}]"


def variant_values(metric: str, run: LabResult) -> dict[str, float]:
    """One metric of a run by variant: {"": 0.3} or {"epsilon=0": 1.0, "epsilon=0.1": 1.3}."""
    found = {}
    for key, value in run.metrics.items():
        name, _, rest = key.partition("[")
        if name == metric:
            found[rest.rstrip("]")] = value
    return found


def summary_chart(
    lab: Lab,
    heads: Sequence[str],
    labels: Sequence[str],
    runs: Sequence[LabResult],
    plan: Plan | None,
    title: str,
) -> tuple[Chart | None, dict[str, np.ndarray]]:
    """The leading metrics against the swept value: lines for numbers, bars for names."""
    values = plan.values if plan else ()
    numeric = bool(values) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    order = np.argsort(np.array(values, dtype=float)) if numeric else np.arange(len(labels))
    series: dict[str, np.ndarray] = {}
    panels: dict[tuple[str, bool], list[Layer]] = {}
    names = tuple(str(label).partition("=")[2] if plan else str(label) for label in labels)
    for head in heads:
        metric, table = lab.metrics[head], [variant_values(head, run) for run in runs]
        for variant in (v for v in table[0] if all(v in row for row in table)):
            key = f"summary: {head}{f'[{variant}]' if variant else ''}"
            series[key] = np.array([table[i][variant] for i in order], dtype=float)
            if not np.isfinite(series[key]).any():
                continue
            layer: Layer
            if numeric:
                layer = Line("summary: value", key, variant.replace("_", " ") or metric.label, markers=True)
            else:
                layer = Bars(
                    names,
                    key,
                    variant.replace("_", " ") or metric.label,
                    number_format="{:.1%}" if metric.percent else "{:.3g}",
                )
            panels.setdefault((metric.unit, metric.percent), []).append(layer)
    if not panels:
        return None, {}
    if numeric:
        series["summary: value"] = np.array(values, dtype=float)[order]
    axis = plan.swept if plan and plan.swept else ""
    built = []
    for (_, percent), layers in panels.items():
        head = next(h for h in heads if any(f"summary: {h}" in key for key in layer_keys(layers[0]).values()))
        metric = lab.metrics[head]
        y_label = metric.label if len({_head(la) for la in layers}) == 1 else metric.unit or "value"
        positive = all((series[layer_keys(la)["y"]] > 0).all() for la in layers)
        spread = max(np.nanmax(series[layer_keys(la)["y"]]) for la in layers) / max(
            min(np.nanmin(series[layer_keys(la)["y"]]) for la in layers), 1e-300
        )
        if len(layers) == 1:  # the axis says what it is
            layers = [replace(layer, label="", tone=0) for layer in layers if isinstance(layer, (Line, Bars))]
        built.append(
            Panel(
                axis.replace("_", " "),
                y_label,
                tuple(layers),
                percent=percent,
                x_scale="log"
                if numeric and min(values) > 0 and max(values) / min(values) >= 50
                else "linear",
                y_scale="log" if numeric and positive and spread > 1000 else "linear",
            )
        )
    return Chart("summary", title, tuple(built)), series


def _head(layer: Layer) -> str:
    return layer_keys(layer)["y"].removeprefix("summary: ").partition("[")[0]


def shown_in(chart: Chart, labels: Sequence[str]) -> str:
    """A title for a chart of several runs that is not the one which states the result: what it shows, and of which."""
    axes = dict.fromkeys(panel.y_label for panel in chart.panels if panel.y_label)
    what = ", ".join(axes) or chart.name.replace("_", " ")
    runs = " against ".join(labels) if len(labels) == 2 else f"{len(labels)} runs"
    return f"{what[:1].upper()}{what[1:]}: {runs.replace('_', ' ')}"


def overlay_charts(
    charts: Sequence[Chart], labels: Sequence[str], runs: Sequence[LabResult], title: str
) -> Chart:
    """One chart of several runs: in the same axes where the lines stay readable, else side by side."""
    first = charts[0]
    same = all(len(chart.panels) == len(first.panels) for chart in charts)
    lines = max(len([la for la in p.layers if isinstance(la, Line)]) for p in first.panels)
    if same and first.overlay == "lines" and lines <= 2 and len(runs) <= 6:
        panels = tuple(
            _joined_panel([c.panels[i] for c in charts], labels, runs) for i in range(len(first.panels))
        )
        return replace(first, title=title, panels=panels, alt="")
    ranges = [
        _shared_range([c.panels[i] for c in charts], runs) if same else None for i in range(len(first.panels))
    ]
    tiles = [
        replace(
            panel,
            y_range=panel.y_range or (ranges[i] if same else None),
            title=f"{label} - {panel.title}" if panel.title else label,
            layers=tuple(_renamed(layer, label) for layer in panel.layers),
        )
        for label, chart in zip(labels, charts, strict=True)
        for i, panel in enumerate(chart.panels)
    ]
    per_run = len(first.panels)
    if same and per_run > 1 and len(runs) <= 3:  # one column per run
        tiles = [tiles[r * per_run + p] for p in range(per_run) for r in range(len(runs))]
        columns = len(runs)
    else:
        columns = min(2, per_run if per_run > 1 else len(runs))
    if per_run == 1:  # one legend, and the x axis named once per column
        tiles = [
            replace(
                tile,
                x_label=tile.x_label if i + columns >= len(tiles) else "",
                layers=tile.layers if i == 0 else tuple(_without_legend(layer) for layer in tile.layers),
            )
            for i, tile in enumerate(tiles)
        ]
    return replace(first, title=title, panels=tuple(tiles), columns=columns, alt="")


def _shared_range(panels: Sequence[Panel], runs: Sequence[LabResult]) -> tuple[float, float] | None:
    """The y range that holds all the runs of curves or points, so that panels side by side compare at a
    glance.
    """
    layers = [(layer, run) for panel, run in zip(panels, runs, strict=True) for layer in panel.layers]
    if panels[0].y_scale == "log" or not all(isinstance(la, (Line, Band, Scatter, Rule)) for la, _ in layers):
        return None
    roles = ("y", "low", "high")
    found = [run.series[key] for la, run in layers for role, key in layer_keys(la).items() if role in roles]
    found += [np.array([layer.value]) for layer, _ in layers if isinstance(layer, Rule) and layer.axis == "y"]
    values = np.concatenate([np.asarray(y, dtype=float).ravel() for y in found]) if found else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values) or values.max() == values.min():
        return None
    pad = 0.05 * float(values.max() - values.min())
    return float(values.min()) - pad, float(values.max()) + pad


def _without_legend(layer: Layer) -> Layer:
    return replace(layer, label="") if isinstance(layer, (Scatter, Band)) else layer


def _joined_panel(panels: Sequence[Panel], labels: Sequence[str], runs: Sequence[LabResult]) -> Panel:
    """The runs' layers in one pair of axes: a colour per run, a line style per kind of line, what they share
    once.
    """
    first = panels[0]
    shared = {layer for layer in first.layers if all(_same(layer, runs[0], run, first) for run in runs[1:])}
    kinds = list(dict.fromkeys(la.label for la in first.layers if isinstance(la, Line) and la not in shared))
    layers: list[Layer] = []
    for j, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        for layer in panel.layers:
            if layer in shared:
                if j == 0:
                    layers.append(_renamed(layer, label))
                continue
            named = _renamed(layer, label)
            if isinstance(named, Line):
                kind = kinds.index(layer.label) if isinstance(layer, Line) and layer.label in kinds else 0
                named = replace(
                    named, tone=j, label=label if kind == 0 else "", style=STYLES[kind % len(STYLES)]
                )
            elif not isinstance(named, (Heatmap, Contour, Regions, Images)):
                named = replace(named, tone=j)
                if isinstance(named, Rule) and j > 0:
                    named = replace(named, label="")
            layers.append(named)
    title = first.title
    if len(kinds) > 1:
        title = ", ".join(f"{STYLES[k % len(STYLES)]}: {kind}" for k, kind in enumerate(kinds))
    return replace(first, layers=tuple(layers), title=title)


STYLES: tuple[Literal["solid", "dashed", "dotted"], ...] = ("solid", "dashed", "dotted")


def _same(layer: Layer, first: LabResult, other: LabResult, panel: Panel) -> bool:
    if layer not in panel.layers:
        return False
    keys = layer_keys(layer).values()
    return all(
        np.array_equal(first.series[key], other.series.get(key, np.nan), equal_nan=_floats(first.series[key]))
        for key in keys
    )


def _floats(values: np.ndarray) -> bool:
    return np.asarray(values).dtype.kind == "f"


def _renamed(layer: Layer, label: str) -> Layer:
    return replace(layer, **{role: bracket(key, label) for role, key in layer_keys(layer).items()})  # type: ignore[arg-type]
