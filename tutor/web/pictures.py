"""Charts of lab runs as PNG files in the page's private folder, each under a name that nobody can guess.

Drawn once a run and kept by run id; a file that has been cleaned away is drawn again when it is next asked
for.
"""

from __future__ import annotations

import logging
import secrets
import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from labs.base import LabResult
from labs.charts import alt_text
from tutor.web.results import Picture

log = logging.getLogger(__name__)
KEPT = 2000  # runs whose file names are remembered


class Pictures:
    """Draws into `folder`, which is private to this page. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn: OrderedDict[str, tuple[Picture, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, run_id: str, result: LabResult) -> Sequence[Picture]:
        """The charts of a run. One that cannot be drawn is left out and logged; its numbers are shown."""
        with self._lock:
            known = self._drawn.get(run_id)
            if known is not None and all(Path(picture.path).exists() for picture in known):
                self._drawn.move_to_end(run_id)
                return known
        drawn = tuple(self._save(result))
        with self._lock:
            self._drawn[run_id] = drawn
            while len(self._drawn) > KEPT:
                for picture in self._drawn.popitem(last=False)[1]:
                    Path(picture.path).unlink(missing_ok=True)
        return drawn

    def _save(self, result: LabResult) -> list[Picture]:
        from labs.plotting import png_bytes

        out = []
        for chart in result.charts:
            try:
                path = self._folder / f"{secrets.token_urlsafe(24)}.png"
                png = png_bytes(result, chart)
                path.write_bytes(png)
                width, height = struct.unpack(">II", png[16:24])  # the PNG header says how large it is
                out.append(Picture(path.as_posix(), alt_text(chart, result.series), width, height))
            except (ArithmeticError, LookupError, TypeError, ValueError):
                log.exception("chart %s of %s could not be drawn", chart.name, result.lab)
        return out
