"""Draws charts in a process of its own.

A picture keeps Python's one lock for a tenth of a second and more; drawn inside a server, every student of a class
waits for every picture of the others. One process draws them one after the other, as `labs.plotting` does anyway.
Without that process (it died, or hangs) a picture is drawn here after all.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from labs.base import LabResult
from labs.charts import Chart
from labs.colours import LIGHT, Look
from labs.plotting import DPI, png_bytes, png_of
from labs.process import WorkerProcess
from labs.worker import open_pipes, read_frame, write_frame

log = logging.getLogger(__name__)
PATIENCE = 60.0  # seconds for one picture, and for the process to come up before its first
_TICK = 0.5  # seconds between two looks at whether the process is still there


class Artist:
    """Draws for the whole program; started when first needed. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._numbers = itertools.count(1)
        self._closed = False

    def warm_up(self) -> None:
        """Start the process, so that the first picture need not wait for its imports. Returns at once."""
        with self._lock:
            self._started()

    def png(self, result: LabResult, chart: Chart, dpi: int = DPI, look: Look = LIGHT) -> bytes:
        """The chart as a PNG. Raises ValueError where it cannot be drawn."""
        with self._lock:
            answer = self._asked(_needed(chart, result.series), chart, dpi, look)
        if answer is None:
            return png_bytes(result, chart, dpi, look)
        kind, told = answer
        if kind == "refused":
            raise ValueError(told)
        png: bytes = told
        return png

    def close(self) -> None:
        """End the process; safe to call twice. A picture that is asked for later is drawn here."""
        with self._lock:
            self._closed = True
            self._end()
        atexit.unregister(self.close)

    def _asked(self, *what: Any) -> tuple[str, Any] | None:
        """What the process answers; None where it cannot."""
        process = self._started()
        if process is None:
            return None
        number = next(self._numbers)
        process.send("draw", number, *what)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = process.receive(_TICK)
            if message is not None and message[0] != "ready" and message[1] == number:
                return message[0], message[2]
            if message is None and not process.alive and process.silent:
                log.error("the process that draws died: %s", process.last_words())
                break
        else:
            log.error("a picture took more than %g seconds; it is drawn here", PATIENCE)
        self._end()
        return None

    def _started(self) -> WorkerProcess | None:
        if self._closed:
            return None
        if self._process is None:
            self._process = WorkerProcess("labs.artist", workers=1)
            atexit.register(self.close)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.close()
            self._process = None


def _needed(chart: Chart, series: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays that the chart names: a run may have many more, and each would be sent along."""
    named = set(_strings(chart))
    return {name: values for name, values in series.items() if name in named}


def _strings(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from _strings(getattr(part, field.name))
    elif isinstance(part, Mapping):
        yield from _strings(tuple(part.items()))
    elif isinstance(part, (tuple, list)):
        for item in part:
            yield from _strings(item)


def main() -> None:
    """The process: draws what it is told until its input ends, which is when its parent goes away."""
    from labs.plotting import warm_up

    inward, outward = open_pipes()
    warm_up()
    try:
        write_frame(outward, ("ready",))
        while (message := read_frame(inward)) is not None:
            _, number, series, chart, dpi, look = message
            try:
                answer: tuple[str, int, Any] = ("drawn", number, png_of(chart, series, dpi, look))
            except Exception as error:  # whatever a chart does to matplotlib, the next one is drawn
                answer = ("refused", number, f"{type(error).__name__}: {error}")
            write_frame(outward, answer)
    except BrokenPipeError:
        return
