"""One worker process as its parent sees it: started, listened to, watched, ended. Knows no labs."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO, cast

from labs.worker import read_frame, write_frame

logger = logging.getLogger(__name__)
BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from importlib import import_module; import_module(sys.argv[2]).main()"
)


class WorkerProcess:
    """One process that runs `main` of a module, with a thread that reads what it says.

    `where` is handed on to it; `workers` says how many such processes share the cores.
    """

    def __init__(self, module: str, where: str = "", workers: int = 1) -> None:
        import psutil

        threads = str(max(1, (os.cpu_count() or 1) // workers))
        environment = {
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }
        path = json.dumps([entry or os.getcwd() for entry in sys.path])
        self._errors = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - lives as long as the process
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, path, module, where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**environment, **os.environ},
        )
        self._watch = psutil.Process(self._popen.pid)
        self._inbox: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="lab-reader", daemon=True)
        self._reader.start()
        self.ready = False
        self._children_seen, self._children_mb = time.monotonic(), 0.0

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def silent(self) -> bool:
        """Nothing more will come: the stream has ended and all of it was taken."""
        return not self._reader.is_alive() and self._inbox.empty()

    def send(self, *message: Any) -> None:
        assert self._popen.stdin is not None
        try:
            write_frame(cast(BinaryIO, self._popen.stdin), message)
        except OSError:  # it is dead, which whoever waits for an answer will see
            return

    def receive(self, timeout: float) -> tuple[Any, ...] | None:
        try:
            message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        if message[0] == "ready":
            self.ready = True
        return message

    def memory_mb(self) -> float:
        """Resident memory of the worker and what it started, in MiB."""
        import psutil

        try:
            now = time.monotonic()
            if now - self._children_seen > 1.0:  # finding children looks at every process there is
                self._children_seen = now
                children = self._watch.children(recursive=True)
                self._children_mb = sum(child.memory_info().rss for child in children) / 2**20
            return self._watch.memory_info().rss / 2**20 + self._children_mb
        except psutil.Error:
            return 0.0

    def kill(self) -> None:
        import psutil

        try:
            family = [*self._watch.children(recursive=True), self._watch]
        except psutil.Error:
            family = []
        for process in family:
            try:
                process.kill()
            except psutil.Error:
                continue
        self._popen.wait()

    def close(self) -> None:
        """End the process if it has not ended, and give back its pipes."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        try:
            self._popen.stdin.close()  # the worker leaves when its input ends
        except OSError:
            logger.debug("the pipe of a lab worker was broken already")
        try:
            self._popen.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join(timeout=1)
        self._popen.stdout.close()
        self._errors.close()

    def last_words(self) -> str:
        """The last line on standard error, or how the process ended."""
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else self.exit_words()

    def exit_words(self) -> str:
        code = self._popen.poll()
        if code is not None and code < 0:
            import signal

            try:
                return f"killed by {signal.Signals(-code).name}"
            except ValueError:
                return f"killed by signal {-code}"
        return f"exit status {code}"

    def _read(self) -> None:
        assert self._popen.stdout is not None
        try:
            while (message := read_frame(cast(BinaryIO, self._popen.stdout))) is not None:
                self._inbox.put(message)
        except (OSError, ValueError, EOFError):  # closed under the reader, or cut in the middle of a frame
            return
