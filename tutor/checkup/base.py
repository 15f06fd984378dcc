"""The outcome of one check, and waiting for it no longer than it deserves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 10.0  # seconds for something at an address


@dataclass(frozen=True)
class Check:
    """`ok` is false where something does not work; `fix` says what to do then. With `ok` and a `fix` it works still,
    and soon may not."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, or TimeoutError: drivers have a patience of their own, of minutes."""
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="check", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not found:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return found[0]
