"""Whether new work is taken, and what is under way: so that the tutor can end without breaking off an answer.

Turns of the chat, runs of the labs room and calls of programs all come in here. After `close` nothing new is taken;
what is under way goes on, and `wait` says when it is over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tutor.errors import ClosingError


class Intake:
    """Counts what is under way. Safe to share between threads."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._under_way = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def under_way(self) -> int:
        with self._change:
            return self._under_way

    def enter(self) -> None:
        """Begin something. Raises ClosingError where nothing new is taken; else `leave` must follow."""
        with self._change:
            if self._closed:
                raise ClosingError
            self._under_way += 1

    def leave(self) -> None:
        with self._change:
            self._under_way -= 1
            self._change.notify_all()

    @contextmanager
    def work(self) -> Iterator[None]:
        """`enter` and `leave` around a piece of work."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def close(self) -> None:
        """Take nothing new from now on."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for what is under way; whether all of it is over."""
        with self._change:
            return self._change.wait_for(lambda: self._under_way == 0, seconds)
