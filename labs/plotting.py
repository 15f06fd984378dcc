"""Draws a chart: the one place that knows matplotlib, and the one style of every figure.

Figures are made directly (`matplotlib.figure.Figure`), never through pyplot, so that concurrent runs share no
state. Colours are Okabe and Ito's, which colour-blind readers can tell apart; lines carry their name at their
end; the title states the result. Sizes are chosen for a picture 700 pixels wide. A figure for a dark page is the
same one in another `labs.colours.Look`.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import marks
from labs.base import LabResult
from labs.charts import (
    Arrows,
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
    Segments,
    Series,
    Words,
)
from labs.colours import LIGHT, Look, Tones
from labs.layout import LARGE, NORMAL, SMALL, WIDTH, apart, legend_entries, margins, row_height, wrap_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150  # text sizes are for the width of labs.layout
_drawing = threading.Lock()  # fonts are shared inside matplotlib


def draw(chart: Chart, series: Series, look: Look = LIGHT) -> Figure:
    """The chart as a matplotlib figure, seven inches wide."""
    from matplotlib.figure import Figure

    columns = max(1, min(chart.columns, len(chart.panels)))
    rows = -(-len(chart.panels) // columns)
    title = textwrap.wrap(chart.title, 68)
    top = 0.16 + 0.22 * len(title)
    cell_width = WIDTH / columns
    cell_height = row_height(chart.panels, columns, rows, cell_width, series)
    height = top + rows * cell_height + 0.05
    figure = Figure(figsize=(WIDTH, height), facecolor=look.paper)
    figure.text(
        0.12 / WIDTH,
        1 - 0.12 / height,
        "\n".join(title),
        ha="left",
        va="top",
        fontsize=LARGE,
        fontweight="bold",
        color=look.ink,
    )
    tones = Tones(look)
    rooms = [margins(panel, columns) for panel in chart.panels]
    for i, panel in enumerate(chart.panels):
        row, column = divmod(i, columns)
        _, _, above, below = rooms[i]
        left = max(rooms[j][0] for j in range(column, len(rooms), columns))  # one edge per column
        right = max(rooms[j][1] for j in range(column, len(rooms), columns))
        bottom_in = height - top - (row + 1) * cell_height + below
        box = (column * cell_width + left, bottom_in, cell_width - left - right, cell_height - above - below)
        axes = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
        _panel(axes, panel, series, tones, box[3])
    _take_dollars_as_they_are(figure)
    return figure


def _take_dollars_as_they_are(figure: Figure) -> None:
    """No formulas in texts: a student's column may be called "price ($) by cost ($)". Powers of ten on an axis stay."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # type: ignore[attr-defined]
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                for label in axis.get_ticklabels(which="both"):
                    label.set_parse_math(True)


def png_bytes(result: LabResult, chart: Chart, dpi: int = DPI, look: Look = LIGHT) -> bytes:
    """The chart of a run as a PNG. Safe to call from several threads."""
    return png_of(chart, result.series, dpi, look)


def png_of(chart: Chart, series: Series, dpi: int = DPI, look: Look = LIGHT) -> bytes:
    """The chart as a PNG. Safe to call from several threads."""
    with _drawing:
        figure = draw(chart, series, look)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def warm_up() -> None:
    """Import what the first picture needs (a second or two), so that no student waits for it."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401


def save_png(result: LabResult, chart: Chart, path: Path) -> Path:
    """Write the chart as a PNG and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(result, chart))
    return path


def _panel(axes: Axes, panel: Panel, series: Series, tones: Tones, height: float) -> None:
    look = tones.look
    axes.set_facecolor(look.paper)
    axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.muted)
    axes.tick_params(labelsize=SMALL, colors=look.ink, length=3, color=look.muted)
    axes.grid(axis="y", color=look.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    bars = [layer for layer in panel.layers if isinstance(layer, Bars)]
    for layer in panel.layers:
        if isinstance(layer, Bars):
            _bars(axes, layer, series, tones, bars.index(layer), len(bars))
        else:
            _DRAW[type(layer)](axes, layer, series, tones)
    if panel.title:
        legend_room = 0.26 if legend_entries(panel) else 0.0
        axes.text(
            0,
            1 + (0.07 + legend_room) / height,
            panel.title,
            transform=axes.transAxes,
            fontsize=NORMAL,
            fontweight="bold",
            color=look.ink,
            va="bottom",
        )
    width = axes.get_position().width * WIDTH
    axes.set_xlabel(textwrap.fill(panel.x_label, wrap_width(width)), fontsize=NORMAL, color=look.ink)
    axes.set_ylabel(panel.y_label, fontsize=NORMAL, color=look.ink)
    if any(isinstance(layer, Line) for layer in panel.layers) and panel.labels == "direct":
        axes.margins(x=0.015)
    if panel.x_range:
        axes.set_xlim(*panel.x_range)
    if panel.y_range:
        axes.set_ylim(*panel.y_range)
    if panel.equal:
        axes.set_aspect("equal", adjustable="box")
    if panel.percent:
        from matplotlib.ticker import PercentFormatter

        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if panel.x_scale == "linear" and _counts(panel, series):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(
            MaxNLocator("auto", steps=(1, 2, 2.5, 5, 10), integer=True, min_n_ticks=1)
        )
    for name, scale in (("x", panel.x_scale), ("y", panel.y_scale)):
        if scale == "log":
            _log_ticks(axes, name, look)
    _legend(axes, panel, look)
    for layer in panel.layers:
        if isinstance(layer, Rule) and layer.axis == "x" and layer.label:
            marks.draw_rule_name(axes, layer, tones)
    if panel.labels == "direct":
        _end_labels(axes, panel, series, tones, height)


def _counts(panel: Panel, series: Series) -> bool:
    """Whether all that stands along x are whole numbers, of epochs or arms: no tick belongs between them."""
    along = [
        np.asarray(series[layer.x], dtype=float)
        for layer in panel.layers
        if isinstance(layer, (Line, Band, Scatter)) and isinstance(layer.x, str)
    ]
    exact = [x for x in along if np.array_equal(x, np.round(x), equal_nan=True)]
    # A cloud of points may stand beside whole numbers, moved apart so that all of them are seen.
    return (
        bool(exact)
        and not any(isinstance(la, Bars | Heatmap) for la in panel.layers)
        and (len(exact) == len(along) or all(isinstance(la, Scatter) for la in panel.layers))
    )


def _log_ticks(axes: Axes, name: str, look: Look) -> None:
    """Plain numbers where they are short, powers of ten where they are not; 2 and 5 too on a short axis."""
    from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullFormatter

    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
    powers = LogFormatterSciNotation()

    def written(value: float, position: int | None = None) -> str:
        return f"{value:,g}" if 1e-3 <= value < 1e6 else str(powers.format_data(value)).join("$$")

    axis.set_major_formatter(FuncFormatter(written))
    axis.set_minor_formatter(NullFormatter())
    if low > 0 and high / low < 30:
        axis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        axis.set_minor_formatter(FuncFormatter(written))
        axis.set_tick_params(which="minor", labelsize=SMALL, labelcolor=look.ink)


def _legend(axes: Axes, panel: Panel, look: Look) -> None:
    """One row above the axes, of the labels that stand nowhere else."""
    from matplotlib.collections import PathCollection

    wanted = legend_entries(panel)
    handles, labels = axes.get_legend_handles_labels()
    chosen = {label: handle for handle, label in zip(handles, labels, strict=True) if label in wanted}
    if chosen:
        legend = axes.legend(
            list(chosen.values()),
            list(chosen),
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=5,
            frameon=False,
            fontsize=SMALL,
            labelcolor=look.ink,
            borderaxespad=0.2,
            handletextpad=0.3,
            handlelength=1.4,
            columnspacing=1.1,
        )
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([min(60.0, *handle.get_sizes())])


def _end_labels(axes: Axes, panel: Panel, series: Series, tones: Tones, height: float) -> None:
    """Names at the right end of the lines, pushed apart where they would touch."""
    wanted: list[tuple[float, str, str]] = []
    for layer in panel.layers:
        if isinstance(layer, Line) and layer.label:
            y = _finite(series[layer.y])
            if len(y):
                wanted.append((float(y[-1]), layer.label, tones(layer.tone, layer.label)))
        elif isinstance(layer, Rule) and layer.axis == "y" and layer.label:
            wanted.append((layer.value, layer.label, tones(layer.tone)))
    if not wanted:
        return
    to_axes = axes.transData + axes.transAxes.inverted()
    x_end = axes.get_xlim()[1]
    places = sorted((float(to_axes.transform((x_end, y))[1]), text, colour) for y, text, colour in wanted)
    gap = 0.155 / height
    heights = apart([place for place, _, _ in places], gap)
    for y, (_, text, colour) in zip(heights, places, strict=True):
        axes.text(
            1.012, y, text, transform=axes.transAxes, color=colour, fontsize=SMALL, va="center", ha="left"
        )


# ------------------------------------------------------------------------------------------- the layers


def _bars(axes: Axes, layer: Bars, series: Series, tones: Tones, index: int, count: int) -> None:
    colour, ink = tones(layer.tone, layer.label), tones.look.ink
    y = np.asarray(series[layer.y], dtype=float)
    width = 0.8 / count
    place = np.arange(len(y)) + (index - (count - 1) / 2) * width
    error = None if layer.error is None else series[layer.error]
    if layer.horizontal:
        drawn = axes.barh(
            place, y, height=width * 0.92, xerr=error, ecolor=ink, color=colour, label=layer.label or None
        )
        axes.set_yticks(np.arange(len(y)), layer.names, fontsize=SMALL)
        axes.invert_yaxis() if index == 0 else None
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", color=tones.look.grid, linewidth=0.8)
        axes.margins(x=0.2 if axes.get_position().width < 0.5 else 0.12)
    else:
        drawn = axes.bar(
            place, y, width=width * 0.92, yerr=error, ecolor=ink, color=colour, label=layer.label or None
        )
        axes.set_xticks(np.arange(len(y)), layer.names, fontsize=SMALL)
        axes.margins(y=0.12)
    if layer.number_format is not None:
        texts = [f"{v:,.0f}" if abs(v) >= 1000 else layer.number_format.format(v) for v in y]
        axes.bar_label(drawn, texts, fontsize=SMALL, color=ink, padding=2)


def _heatmap(axes: Axes, layer: Heatmap, series: Series, tones: Tones) -> None:
    z = np.asarray(series[layer.z], dtype=float)
    limit = np.nanmax(np.abs(z)) if z.size else 1.0
    norm: dict[str, Any] = (
        {"cmap": _ramp(tones.look.diverging), "vmin": -limit, "vmax": limit}
        if layer.diverging
        else {"cmap": _ramp(tones.look.rising)}
    )
    image = axes.imshow(z, aspect="auto", **norm)
    axes.grid(visible=False)
    if layer.x_names:
        axes.set_xticks(np.arange(z.shape[1]), layer.x_names, fontsize=SMALL)
    if layer.y_names:
        axes.set_yticks(np.arange(z.shape[0]), layer.y_names, fontsize=SMALL)
    if layer.number_format:
        for (row, column), value in np.ndenumerate(z):
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.55
            axes.text(
                column,
                row,
                layer.number_format.format(value),
                ha="center",
                va="center",
                fontsize=SMALL,
                color="white" if dark else LIGHT.ink,
            )
    _colour_bar(axes, image, layer.colour_label, tones.look)


def _contour(axes: Axes, layer: Contour, series: Series, tones: Tones) -> None:
    z = np.asarray(series[layer.z], dtype=float)
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    levels = np.linspace(low, high, 14)
    if layer.log_levels and high > low:  # spaced by ratio above the valley's floor
        levels = low + (high - low) * np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 13)])
    if high <= low:
        levels = np.array([low - 0.5, low + 0.5])
    from matplotlib.colors import BoundaryNorm

    colours = _ramp(tones.look.valley)
    image = axes.contourf(
        series[layer.x], series[layer.y], z, levels=levels, cmap=colours, norm=BoundaryNorm(levels, colours.N)
    )
    axes.contour(series[layer.x], series[layer.y], z, levels=levels, colors=tones.look.paper, linewidths=0.6)
    axes.grid(visible=False)
    _colour_bar(axes, image, layer.colour_label, tones.look)


def _colour_bar(axes: Axes, image: Any, label: str, look: Look) -> None:
    if not label:
        return
    inset = axes.inset_axes((1.03, 0.0, 0.035, 1.0))
    bar = axes.figure.colorbar(image, cax=inset)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(labelsize=SMALL, colors=look.ink, length=2)
    bar.set_label(label, fontsize=SMALL, color=look.ink)


def _regions(axes: Axes, layer: Regions, series: Series, tones: Tones) -> None:
    from matplotlib.colors import ListedColormap

    z = np.asarray(series[layer.z])
    count = max(len(layer.names), int(z.max()) + 1)
    tints = ListedColormap([tones(k) for k in range(count)])
    x, y = np.asarray(series[layer.x], dtype=float), np.asarray(series[layer.y], dtype=float)
    half_x, half_y = np.ptp(x) / (len(x) - 1) / 2, np.ptp(y) / (len(y) - 1) / 2
    extent = (x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y)
    axes.imshow(
        z,
        cmap=tints,
        vmin=-0.5,
        vmax=count - 0.5,
        alpha=0.22,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.grid(visible=False)


def _images(axes: Axes, layer: Images, series: Series, tones: Tones) -> None:
    z = np.asarray(series[layer.z], dtype=float)
    n, rows, columns = z.shape
    strip = np.full((rows, n * (columns + 1) - 1), np.nan)
    for i in range(n):
        strip[:, i * (columns + 1) : i * (columns + 1) + columns] = z[i]
    limit = np.nanmax(np.abs(z))
    shades = _ramp((tones.look.paper, tones.look.strongest))
    norm: dict[str, Any] = (
        {"cmap": _ramp(tones.look.diverging), "vmin": -limit, "vmax": limit}
        if layer.diverging
        else {"cmap": shades}
    )
    if layer.heat is not None:  # pale ink, so that the glow is seen on it
        norm = {"cmap": shades, "vmin": 0.0, "vmax": 2.2 * limit}
    axes.imshow(strip, interpolation="nearest", **norm)
    if layer.heat is not None:
        glow = np.zeros_like(strip)  # each picture on its own scale: only where matters, not how much
        for i, heat in enumerate(np.asarray(series[layer.heat], dtype=float)):
            place = slice(i * (columns + 1), i * (columns + 1) + columns)
            glow[:, place] = heat / heat.max() if heat.max() > 0 else 0.0
        axes.imshow(
            np.ones_like(glow), cmap="autumn_r", vmin=0, vmax=1, alpha=0.7 * glow, interpolation="nearest"
        )
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    centres = np.arange(n) * (columns + 1) + (columns - 1) / 2
    axes.set_xticks(centres if layer.captions else [], layer.captions or [], fontsize=SMALL)
    axes.tick_params(length=0)


def _ramp(colours: str | Sequence[str]) -> Any:
    """A colour map by its name in matplotlib, or through colours at equal distances."""
    if isinstance(colours, str):
        return colours
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ramp", list(colours))


def _finite(values: Any) -> np.ndarray:
    y = np.asarray(values, dtype=float)
    return y[np.isfinite(y)]


_DRAW: Mapping[type[Layer], Callable[[Any, Any, Series, Tones], None]] = {
    Line: marks.draw_line,
    Band: marks.draw_band,
    Scatter: marks.draw_scatter,
    Segments: marks.draw_segments,
    Heatmap: _heatmap,
    Contour: _contour,
    Regions: _regions,
    Images: _images,
    Arrows: marks.draw_arrows,
    Rule: marks.draw_rule,
    Words: marks.draw_words,
}
