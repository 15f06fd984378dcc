"""How often a visitor may ask: messages, lab runs and uploads a minute, so that nobody takes the page from the others.

Two counts for each kind: of the visitor (the signed-in name, or the session), and of the address, which many share
behind one router and which may therefore do several times as much. At this computer's own address only the visitor
counts. What is over is refused with one sentence, and may be tried again a little later.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutor.errors import TutorError
from tutor.web.access import is_loopback

MINUTE = 60.0
SHARED = 10  # how many busy visitors one address stands for
MOST_KEYS = 20_000  # visitors that are remembered; the one that came longest ago is forgotten first


class TooManyError(TutorError):
    """More was asked for than the page allows in that time. `wait` is in seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Visitor:
    """Whoever sent a request. `name` is empty where there is nothing to tell visitors of an address apart."""

    name: str = ""
    address: str = ""


class Window:
    """Counts events of the last `seconds` by key. Safe to share between threads."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._events: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, *limits: tuple[str, int]) -> float:
        """Count one event under every (key, most), or under none: 0.0, or the seconds until there is room again."""
        with self._lock:
            now = self._clock()
            wait = max((self._wait(key, most, now) for key, most in limits), default=0.0)
            if wait <= 0:
                for key, _ in limits:
                    self._events.setdefault(key, deque()).append(now)
                    self._events.move_to_end(key)
                while len(self._events) > MOST_KEYS:
                    self._events.popitem(last=False)
            return wait

    def forget(self, key: str) -> None:
        with self._lock:
            self._events.pop(key, None)

    def _wait(self, key: str, most: int, now: float) -> float:
        events = self._events.get(key)
        if events is None:
            return 0.0
        while events and events[0] <= now - self._seconds:
            events.popleft()
        if len(events) < most:
            return 0.0
        return min(events[-most] + self._seconds - now, self._seconds)  # the sum may round up


class Limits:
    """What a visitor may do in a minute; 0 for as much as they like."""

    def __init__(
        self, messages: int = 0, runs: int = 0, uploads: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = {"messages": messages, "lab runs": runs, "uploads": uploads}
        self._windows = {kind: Window(MINUTE, clock) for kind in self._most}

    @classmethod
    def of(cls, settings: Any) -> Limits:
        """The limits that the settings name; none where they name none (stand-ins in tests)."""
        messages, runs, uploads = (
            getattr(settings, f"{kind}_per_minute", 0) for kind in ("messages", "runs", "uploads")
        )
        return cls(messages, runs, uploads)

    def message(self, visitor: Visitor) -> None:
        self._take("messages", visitor)

    def run(self, visitor: Visitor) -> None:
        self._take("lab runs", visitor)

    def upload(self, visitor: Visitor) -> None:
        self._take("uploads", visitor)

    def _take(self, kind: str, visitor: Visitor) -> None:
        """Raises TooManyError, whose sentence is fit for the student."""
        most = self._most[kind]
        limits = []
        if most and visitor.name:
            limits.append((f"visitor {visitor.name}", most))
        if most and visitor.address and not is_loopback(visitor.address):
            limits.append((f"address {visitor.address}", most * SHARED))
        wait = self._windows[kind].take(*limits)
        if wait > 0:
            raise TooManyError(
                f"That was quick: the page takes {most} {kind} a minute from each visitor. "
                f"Wait {seconds(wait)}, then try again.",
                wait,
            )


def seconds(wait: float) -> str:
    """A waiting time in words."""
    whole = max(1, math.ceil(wait))
    if whole < 90:
        return f"{whole} second{'s' if whole != 1 else ''}"
    return f"{math.ceil(whole / 60)} minutes"
