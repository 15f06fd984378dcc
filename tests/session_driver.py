"""A program that saves turns until it is killed: a JSON request a line, an answer a line.

What is heavy is imported once; each round is a fork of this process that saves from four threads and tells of each turn
that was saved, and is killed by SIGKILL after so many seconds (counted from the first one, if asked). The answer lists
the turns that it told of.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import numpy as np

import tutor.feedback
import tutor.progress  # noqa: F401 - with the tables of all
from labs.base import LabResult
from tutor.sessions import Run, SessionStore, Turn

WRITERS = 4


def save_on(url: str, begin: int, out: int) -> None:
    """Save numbered turns without end; each one is written to `out` when it is saved."""
    store = SessionStore(url)
    noise = np.random.default_rng(begin).normal(size=5000)  # does not compress: a turn takes some 50 kB
    result = LabResult("bandit", "T", {}, 1, {"a": 1.0}, (), {"s": noise}, (), (), (), 0.1)

    def writer(number: int) -> None:
        for count in range(begin, begin + 10**6):
            session = f"writer-{number}"
            store.save(session, Turn(f"q{count}", "a", "lab", "none", runs=(Run("r", {}, result),)))
            store.choose(session, "last", count)
            os.write(out, f"{number} {count}\n".encode())

    for number in range(WRITERS):
        threading.Thread(target=writer, args=(number,)).start()


def run(url: str, seconds: float, begin: int, after_first: bool) -> list[list[int]]:
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(read)
        save_on(url, begin, write)
        signal.pause()
    os.close(write)
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(iter(lambda: os.read(read, 65536), b"")))
    reader.start()
    while after_first and not said and reader.is_alive():
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    reader.join()
    os.close(read)
    return [
        [int(part) for part in line.split()] for line in b"".join(said).splitlines() if line.count(b" ") == 1
    ]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)
