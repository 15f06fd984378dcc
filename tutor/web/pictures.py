"""Charts of lab runs as PNG files in the page's private folder, each under a name that nobody can guess.

Drawn once a run and kept by run id; a file that has been cleaned away is drawn again when it is next asked
for. The twin for a dark page is drawn when a browser asks for it, which a browser that shows the light one never does:
`DarkWhenAsked` stands before the page and draws first, and whether the caller may have the file is asked behind it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import struct
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labs.artist import Artist
from labs.base import LabResult
from labs.charts import Chart, alt_text
from labs.colours import DARK
from tutor.web.results import Picture

log = logging.getLogger(__name__)
KEPT = 2000  # runs whose file names are remembered
TWIN = "-dark.png"  # how the name of a dark picture ends
FAULTS = (ArithmeticError, LookupError, TypeError, ValueError)  # of a chart that cannot be drawn


class Pictures:
    """Draws into `folder`, which is private to this page. Safe to share between threads.

    `artist` draws in a process of its own; without one, pictures are drawn here.
    """

    def __init__(self, folder: Path, artist: Artist | None = None) -> None:
        self._folder = folder
        self.png = artist.png if artist is not None else drawn_here
        self._drawn: OrderedDict[str, tuple[Picture, ...]] = OrderedDict()
        # What a dark picture shows, by its file's name. The arrays belong to the open conversation, not to this.
        self._twins: dict[str, tuple[weakref.ref[LabResult], Chart]] = {}
        self._lock = threading.Lock()

    def draw(self, run_id: str, result: LabResult) -> Sequence[Picture]:
        """The charts of a run. One that cannot be drawn is left out and logged; its numbers are shown."""
        with self._lock:
            known = self._drawn.get(run_id)
            if known is not None and all(Path(picture.path).exists() for picture in known):
                self._drawn.move_to_end(run_id)
                for name in map(_twin, known):  # the conversation may have been read anew
                    self._twins[name] = (weakref.ref(result), self._twins[name][1])
                return known
        drawn = tuple(self._save(result))
        with self._lock:
            self._drawn[run_id] = drawn
            while len(self._drawn) > KEPT:
                for picture in self._drawn.popitem(last=False)[1]:
                    self._twins.pop(_twin(picture), None)
                    for path in (picture.path, picture.dark):
                        Path(path).unlink(missing_ok=True)
        return drawn

    def draw_twin(self, name: str) -> bool:
        """Make sure that the dark picture of this file name is there; False where it cannot be had."""
        path = self._folder / name
        with self._lock:
            asked = self._twins.get(name)
        if asked is None or path.exists():
            return asked is not None
        result = asked[0]()
        if result is None:  # its conversation is not open any more
            return False
        try:
            png = self.png(result, asked[1], look=DARK)
        except FAULTS:
            log.exception("chart %s of %s could not be drawn for a dark page", asked[1].name, result.lab)
            return False
        half = path.with_suffix(f".{secrets.token_hex(4)}")  # two tabs may ask at once
        half.write_bytes(png)
        os.replace(half, path)
        return True

    def _save(self, result: LabResult) -> list[Picture]:
        out = []
        for chart in result.charts:
            try:
                token = secrets.token_urlsafe(24)
                path, dark = self._folder / f"{token}.png", self._folder / f"{token}{TWIN}"
                png = self.png(result, chart)
                path.write_bytes(png)
                width, height = struct.unpack(">II", png[16:24])  # the PNG header says how large it is
                self._twins[dark.name] = (weakref.ref(result), chart)
                alt = alt_text(chart, result.series)
                out.append(Picture(path.as_posix(), alt, width, height, dark.as_posix()))
            except FAULTS:
                log.exception("chart %s of %s could not be drawn", chart.name, result.lab)
        return out


def drawn_here(result: LabResult, chart: Chart, **how: Any) -> bytes:
    """A chart as a PNG, drawn in this process. Raises ValueError where it cannot be drawn."""
    from labs.plotting import png_bytes

    return png_bytes(result, chart, **how)


def _twin(picture: Picture) -> str:
    return Path(picture.dark).name


class DarkWhenAsked:
    """Plain ASGI around the page: a dark picture is drawn before the page is asked for its file.

    Where it cannot be drawn, the light one is given instead.
    """

    def __init__(self, app: Any, pictures: Pictures) -> None:
        self._app = app
        self._pictures = pictures

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if (
            scope["type"] == "http"
            and scope["path"].endswith(TWIN)
            and not await asyncio.to_thread(self._pictures.draw_twin, scope["path"].rsplit("/", 1)[-1])
        ):
            scope = {**scope, "path": scope["path"].removesuffix(TWIN) + ".png"}
        await self._app(scope, receive, send)
