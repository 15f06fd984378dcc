"""The process that runs labs: one job at a time, told through its standard input, answering on its standard
output.

Started by `labs.runner` as a plain new interpreter (never a fork, never a second import of the caller's main
program), so it works the same below pytest, a console script, a notebook or a web server with threads. Frames
are pickled tuples with a length in front. What a lab prints goes to standard error. When the parent goes away
the input ends, and so does this.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")
_EVERY = 0.05  # seconds between two progress messages
_NICE = 5  # a lab leaves the processor to whoever answers students at the same time


def write_frame(stream: BinaryIO, message: tuple[Any, ...]) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[Any, ...] | None:
    """The next message, or None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    data = stream.read(size)
    return pickle.loads(data) if len(data) == size else None


def find_labs(where: str) -> Mapping[str, Any]:
    """The labs at "module:ATTRIBUTE"."""
    module, _, name = where.partition(":")
    labs: Mapping[str, Any] = getattr(importlib.import_module(module), name)
    return labs


class _Worker:
    def __init__(self, inward: BinaryIO, outward: BinaryIO) -> None:
        self._in, self._out = inward, outward
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._cancelled: set[str] = set()

    def send(self, *message: Any) -> None:
        with self._lock:
            write_frame(self._out, message)

    def listen(self) -> None:
        """Runs in a thread of its own: takes jobs and cancellations while a lab is busy."""
        while (message := read_frame(self._in)) is not None:
            if message[0] == "cancel":
                self._cancelled.add(message[1])
            else:
                self._jobs.put(message)
        os._exit(0)  # the parent closed the pipe or is gone: nobody is waiting for what runs here

    def serve(self, where: str) -> None:
        labs = find_labs(where)
        self.send("ready")
        heavy = [module for lab in labs.values() for module in lab.preload]
        while True:
            try:
                job = self._jobs.get_nowait() if heavy else self._jobs.get()
            except queue.Empty:
                _import_quietly(heavy.pop(0))  # nothing to do yet: get ready for what is likely to come
                continue
            self.run(labs, *job[1:])

    def run(self, labs: Mapping[str, Any], run_id: str, plan: Any) -> None:
        from labs.base import Context
        from labs.errors import LabCancelled, LabError

        last = 0.0

        def on_report(fraction: float, message: str) -> None:
            nonlocal last
            now = time.perf_counter()
            if now - last >= _EVERY or fraction >= 1.0:
                last = now
                self.send("progress", run_id, fraction, message)

        try:
            result = labs[plan.lab].execute(plan, Context(on_report, lambda: run_id in self._cancelled))
            self.send("done", run_id, result)
        except LabCancelled:
            self.send("cancelled", run_id)
        except LabError as error:
            self.send("refused", run_id, type(error).__name__, str(error))
        except MemoryError:
            self.send("memory", run_id)
        except Exception as error:
            self.send("failed", run_id, f"{type(error).__name__}: {error}", traceback.format_exc())
        finally:
            self._cancelled.discard(run_id)


def _import_quietly(module: str) -> None:
    """A head start and no more: what cannot be imported is reported by the lab that needs it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    except ImportError:
        return


def open_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Make this a process that serves its parent, after whoever answers students: (what it hears, where it answers)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then stops its workers
    if hasattr(os, "nice"):
        os.nice(_NICE)
    inward = os.fdopen(os.dup(0), "rb")
    outward = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # from here on `print`, in Python or in a library, cannot disturb the frames
    sys.stdin = io.StringIO()
    return inward, outward


def main() -> None:
    """`argv`: the place of the labs, as "module:ATTRIBUTE"."""
    worker = _Worker(*open_pipes())
    threading.Thread(target=worker.listen, name="listener", daemon=True).start()
    try:
        worker.serve(sys.argv[-1])
    except BrokenPipeError:
        os._exit(0)
