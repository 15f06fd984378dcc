"""The small pictures on the cards of the labs room, each drawn by a real run.

`python scripts/lab_pictures.py [LAB ...]` writes tutor/web/assets/labs/ID.svg. A picture is one panel of a chart
that the lab itself makes, without axes and words. Colours are the page's variables with a fallback, so the same file
is readable on light and on dark paper.
"""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from labs.base import LabResult
from labs.charts import (
    Arrows,
    Band,
    Bars,
    Heatmap,
    Images,
    Layer,
    Line,
    Panel,
    Regions,
    Rule,
    Scatter,
    Segments,
    layer_keys,
)
from labs.colours import PALETTE
from labs.registry import get_lab

FOLDER = Path(__file__).parents[1] / "tutor" / "web" / "assets" / "labs"
WIDTH, HEIGHT, EDGE = 240, 120, 8
LARGEST = 25_000  # bytes
POINTS = 90  # of a line


@dataclass(frozen=True)
class Shot:
    """Which run, which of its charts, and which panel of that."""

    chart: str
    values: dict[str, Any] = field(default_factory=dict)
    panel: int = 0
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None


SHOTS = {
    "regression": Shot(
        "fit", {"dataset": "curve", "method": "ols", "degree": 12, "samples": 30}, y_range=(-7.5, 8.5)
    ),
    "backprop": Shot("boundary", {}, panel=-1),
    "classification": Shot("boundary", {"dataset": "iris", "models": ["svm"]}, panel=0),
    "cnn": Shot("grad_cam", {"epochs": 10}),
    "language_model": Shot("attention", {"steps": 300}, panel=1),
    "bandit": Shot("learning", {}, panel=0),
    "trading": Shot("wealth", {}, panel=0),
    "mdp": Shot("values", {"world": "cliff", "method": "value_iteration", "gamma": 0.99}, panel=1),
    "dqn": Shot("learning", {"episodes": 250}, panel=0),
    "rnn": Shot("gradient", {"cell": ["rnn", "lstm"], "steps": 150}, panel=0),
    "lstm_stock": Shot("forecast", {"predict": "price"}, panel=1),
}


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or SHOTS:
        shot = SHOTS[name]
        result = get_lab(name).execute(shot.values)
        text = picture(result, shot)
        if len(text.encode()) > LARGEST:
            raise SystemExit(f"{name}: {len(text.encode()):,} bytes, over {LARGEST:,}; draw fewer points")
        (FOLDER / f"{name}.svg").write_text(text + "\n", encoding="utf-8")
        print(
            f"{name}: {len(text.encode()):,} bytes, {result.seconds:.1f} s, {result.permalink()}", flush=True
        )


def picture(result: LabResult, shot: Shot) -> str:
    panel = result.chart(shot.chart).panels[shot.panel]
    draw = _Drawing(result, panel, shot)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" '
        f'stroke-linecap="round" stroke-linejoin="round" preserveAspectRatio="xMidYMid slice">{draw.body()}</svg>'
    )


class _Drawing:
    def __init__(self, result: LabResult, panel: Panel, shot: Shot) -> None:
        self._series, self._panel = result.series, panel
        self._labels: dict[str, int] = {}
        grid = next((la for la in panel.layers if isinstance(la, (Heatmap, Images))), None)
        if isinstance(grid, Heatmap):
            rows, columns = np.asarray(self._series[grid.z]).shape
            self._x, self._y = (-0.5, columns - 0.5), (rows - 0.5, -0.5)
        elif grid is not None:
            self._x = self._y = (0.0, 1.0)  # pictures find their own place
        else:
            self._x = shot.x_range or panel.x_range or self._span("x")
            self._y = shot.y_range or panel.y_range or self._span("y")

    def body(self) -> str:
        return "".join(self._layer(layer) for layer in self._panel.layers)

    def _span(self, axis: str) -> tuple[float, float]:
        roles = ("x",) if axis == "x" else ("y", "low", "high")
        found = [
            np.asarray(self._series[key], dtype=float).ravel()
            for layer in self._panel.layers
            if not isinstance(layer, (Bars, Images))
            for role, key in layer_keys(layer).items()
            if role in roles
        ]
        found += [
            np.array([la.value]) for la in self._panel.layers if isinstance(la, Rule) and la.axis == axis
        ]
        values = np.concatenate(found)
        log = (self._panel.x_scale if axis == "x" else self._panel.y_scale) == "log"
        values = values[np.isfinite(values) & ((values > 0) | (not log))]
        return float(values.min()), float(values.max())

    def _at(self, values: Any, axis: str) -> np.ndarray:
        low, high = self._x if axis == "x" else self._y
        v = np.asarray(values, dtype=float)
        if (self._panel.x_scale if axis == "x" else self._panel.y_scale) == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                v, low, high = np.log(np.where(v > 0, v, np.nan)), np.log(low), np.log(high)
        share = (v - low) / ((high - low) or 1.0)
        return (
            EDGE + share * (WIDTH - 2 * EDGE) if axis == "x" else HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)
        )

    def _colour(self, tone: Any, label: str = "") -> str:
        if tone == "muted":
            return "var(--t-dim,#8A8A8A)"
        if tone == "ink":
            return "var(--t-ink,#222222)"
        at = tone if isinstance(tone, int) else self._labels.setdefault(label, len(self._labels))
        return f"var(--t-c{at % len(PALETTE)},{PALETTE[at % len(PALETTE)]})"

    def _points(self, x: Any, y: Any) -> list[tuple[float, float]]:
        px, py = self._at(x, "x"), self._at(y, "y")
        step = max(1, len(px) // POINTS)
        keep = sorted({*range(0, len(px), step), len(px) - 1})
        return [
            (round(float(px[i]), 1), round(float(py[i]), 1))
            for i in keep
            if np.isfinite(px[i]) and np.isfinite(py[i]) and abs(py[i]) < 2000
        ]

    def _layer(self, layer: Layer) -> str:
        s = self._series
        if isinstance(layer, Line):
            dash = {"solid": "", "dashed": ' stroke-dasharray="6 4"', "dotted": ' stroke-dasharray="1.5 3.5"'}
            return (
                f'<path d="{_path(self._points(s[layer.x], s[layer.y]))}" stroke-width="2" '
                f'stroke="{self._colour(layer.tone, layer.label)}"{dash[layer.style]}/>'
            )
        if isinstance(layer, Band):
            edge = self._points(s[layer.x], s[layer.high]) + self._points(s[layer.x], s[layer.low])[::-1]
            return f'<path d="{_path(edge)}Z" fill="{self._colour(layer.tone, layer.label)}" opacity=".2"/>'
        if isinstance(layer, Scatter):
            return self._scatter(layer)
        if isinstance(layer, Segments):
            x, low, high = (
                self._at(s[layer.x], "x"),
                self._at(s[layer.low], "y"),
                self._at(s[layer.high], "y"),
            )
            d = "".join(
                f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in zip(x, low, high, strict=True) if abs(c) < 999
            )
            return f'<path d="{d}" stroke="var(--t-dim,#8A8A8A)" stroke-width=".8" opacity=".6"/>'
        if isinstance(layer, Rule):
            at = float(self._at([layer.value], layer.axis)[0])
            d = f"M0 {at:.1f}H{WIDTH}" if layer.axis == "y" else f"M{at:.1f} 0V{HEIGHT}"
            return f'<path d="{d}" stroke="var(--t-dim,#8A8A8A)" stroke-dasharray="5 4" opacity=".8"/>'
        if isinstance(layer, Heatmap):
            return self._heatmap(layer)
        if isinstance(layer, Regions):
            return self._regions(layer)
        if isinstance(layer, Images):
            return self._images(layer)
        if isinstance(layer, Arrows):
            return self._arrows(layer)
        return ""

    def _scatter(self, layer: Scatter) -> str:
        x, y = self._at(self._series[layer.x], "x"), self._at(self._series[layer.y], "y")
        step = max(1, len(x) // 150)
        dots = "".join(
            f"M{a:.1f} {b:.1f}h0"
            for a, b in zip(x[::step], y[::step], strict=True)
            if np.isfinite(a) and np.isfinite(b) and abs(b) < 999
        )
        wide = 4.5 if layer.size >= 12 else 3
        return f'<path d="{dots}" stroke="{self._colour(layer.tone, layer.label)}" stroke-width="{wide}"/>'

    def _arrows(self, layer: Arrows) -> str:
        s = self._series
        x, y = np.asarray(s[layer.x], dtype=float), np.asarray(s[layer.y], dtype=float)
        x0, y0 = self._at(x, "x"), self._at(y, "y")
        x1, y1 = self._at(x + s[layer.dx], "x"), self._at(y + s[layer.dy], "y")
        d = ""
        for a, b, c, e in zip(x0, y0, x1, y1, strict=True):
            ux, uy = c - a, e - b
            size = float(np.hypot(ux, uy)) or 1.0
            ux, uy = 3.4 * ux / size, 3.4 * uy / size
            d += f"M{a:.1f} {b:.1f}L{c:.1f} {e:.1f}M{c - ux - uy:.1f} {e - uy + ux:.1f}L{c:.1f} {e:.1f}"
            d += f"L{c - ux + uy:.1f} {e - uy - ux:.1f}"
        return f'<path d="{d}" stroke="var(--t-ink,#222222)" stroke-width="1.3"/>'

    def _heatmap(self, layer: Heatmap) -> str:
        z = np.asarray(self._series[layer.z], dtype=float)
        x, y = self._at(np.arange(z.shape[1] + 1) - 0.5, "x"), self._at(np.arange(z.shape[0] + 1) - 0.5, "y")
        low, high = float(np.nanmin(z)), float(np.nanmax(z))
        cells = ""
        for (row, column), value in np.ndenumerate(z):
            share = 0.0 if not np.isfinite(value) else (value - low) / ((high - low) or 1.0)
            cells += (
                f'<rect x="{x[column]:.1f}" y="{y[row]:.1f}" width="{x[column + 1] - x[column] + 0.2:.1f}" '
                f'height="{y[row + 1] - y[row] + 0.2:.1f}" opacity="{0.06 + 0.74 * share:.2f}"/>'
            )
        return f'<g fill="var(--t-c0,{PALETTE[0]})">{cells}</g>'

    def _regions(self, layer: Regions) -> str:
        z = np.asarray(self._series[layer.z])
        tints = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE], dtype=np.uint8)
        alpha = np.full((*z.shape, 1), 70, dtype=np.uint8)
        pixels = np.concatenate([tints[z.astype(int) % len(PALETTE)], alpha], axis=2)[::-1]
        x, y = self._at(self._series[layer.x], "x"), self._at(self._series[layer.y], "y")
        return _image(pixels, float(x[0]), float(y[-1]), float(x[-1] - x[0]), float(y[0] - y[-1]))

    def _images(self, layer: Images) -> str:
        """The first eight, in two rows; where the network looks glows orange."""
        z = np.asarray(self._series[layer.z], dtype=float)[:8]
        heat = None if layer.heat is None else np.asarray(self._series[layer.heat], dtype=float)[:8]
        size, out = 50.0, ""
        for i, image in enumerate(z):
            ink = np.clip(image / (np.abs(z).max() or 1.0), 0, 1)
            glow = np.zeros_like(ink) if heat is None else heat[i] / (heat[i].max() or 1.0)
            rgb = np.stack([np.full_like(ink, v) for v in (224.0, 122.0, 20.0)], axis=-1) * glow[..., None]
            rgb += np.array([120.0, 130.0, 190.0]) * (1 - glow[..., None])
            alpha = 255 * np.clip(0.75 * ink + 0.5 * glow, 0, 1)
            pixels = np.concatenate([rgb, alpha[..., None]], axis=2).astype(np.uint8)
            left, top = 14 + (i % 4) * (size + 4), 7 + (i // 4) * (size + 6)
            out += _image(pixels, left, top, size, size)
        return out


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else "M0 0"


def _image(pixels: np.ndarray, x: float, y: float, width: float, height: float) -> str:
    data = base64.b64encode(_png(pixels)).decode("ascii")
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
    )


def _png(pixels: np.ndarray) -> bytes:
    """RGBA pixels (rows, columns, 4) as a PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows, columns, _ = pixels.shape
    raw = b"".join(b"\0" + pixels[row].tobytes() for row in range(rows))
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    main(sys.argv[1:])
