"""Read a blocking iterator so that a stop button can interrupt the waiting.

A model reads its prompt for seconds before the first word, and a lab may compute in silence. The reading happens in a
thread of its own; the turn looks at the cancel flag ten times a second whatever the source does.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK = 0.1  # seconds between two looks at the flag
_END = object()


def pump(
    source: Iterator[T], cancel: threading.Event, on_cancel: Callable[[], Any] | None = None
) -> Iterator[T]:
    """Yield what `source` yields until it ends or `cancel` is set.

    With `on_cancel`, a cancel calls it and goes on reading, for the source to end by itself (a lab run). Without it,
    the pump stops at once and the source is closed as soon as it gives its next item (a model's stream).

    Raises
    ------
    Exception
        Whatever `source` raises, in the caller's thread.
    """
    items: queue.Queue[Any] = queue.Queue(maxsize=1000)
    stop = threading.Event()

    def put(item: Any) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                items.put(item, timeout=_LOOK)
                return

    def read() -> None:
        try:
            for item in source:
                put(item)
                if stop.is_set():
                    break
        except Exception as error:
            put(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()
            put(_END)

    context = contextvars.copy_context()  # what is logged there belongs to the same turn
    threading.Thread(target=context.run, args=(read,), name="pump", daemon=True).start()
    told = False
    try:
        while True:
            if cancel.is_set() and not told:
                told = True
                if on_cancel is None:
                    return
                on_cancel()
            try:
                item = items.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if item is _END:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stop.set()
