"""Pictures of a result, as files."""

from __future__ import annotations

from pathlib import Path

from labs.base import LabResult


def save_figures(result: LabResult, folder: Path) -> dict[str, str]:
    """Draw every chart of `result` into `folder` as PNG; chart name -> path. No series, no file."""
    from labs.plotting import png_bytes

    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for chart in result.charts:
        path = folder / f"{chart.name}.png"
        path.write_bytes(png_bytes(result, chart))
        paths[chart.name] = str(path)
    return paths
