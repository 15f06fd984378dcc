"""Signing in: a password is checked, and whoever guesses is slowed down. The page's form and `/mcp` share this door.

Every try counts before the password is looked at, so that a thousand tries at once are no more than one after the
other; a right one clears the count of its name at its address. What was typed is never written anywhere.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from tutor.passwords import Passwords
from tutor.web.limits import TooManyError, Window, seconds

SPAN = 300.0  # seconds in which tries are counted
OF_ONE = 5  # tries for one name from one address
OF_NAME = 60  # tries for one name from everywhere: guessing from many addresses at once
OF_ADDRESS = 120  # tries from one address: a class behind one router signs in within a few minutes
AT_ONCE = 2  # passwords that are hashed at the same time: each takes 64 MB and a processor

address: ContextVar[str] = ContextVar("address", default="")  # of the request under way; set by the gate


class SignIn:
    """Checks names and passwords. Safe to share between threads."""

    def __init__(self, passwords: Passwords, clock: Callable[[], float] = time.monotonic) -> None:
        self.passwords = passwords
        self._tries = Window(SPAN, clock)
        # Of their own: a flood of tries must not take the threads that answer everybody else.
        self._hashing = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sign-in")

    async def check(self, name: str, password: str) -> bool:
        """Whether they belong together. Raises TooManyError after too many tries."""
        if self.passwords.known(name, password):
            return True
        where = address.get()
        # The address leads, so that no name can be made up that is somebody else's count.
        one = f"one {where} {name[:200]}"
        wait = self._tries.take(
            (one, OF_ONE), (f"name {name[:200]}", OF_NAME), (f"address {where}", OF_ADDRESS)
        )
        if wait > 0:
            raise TooManyError(
                f"Those were too many tries to sign in. Wait {seconds(wait)}, then try again.", wait
            )
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._hashing, self.passwords.check, name, password)
        if right:
            self._tries.forget(one)
        return right


def basic(header: str) -> tuple[str, str] | None:
    """Name and password of an HTTP basic authorization header; None where it holds none."""
    kind, _, coded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:  # UnicodeDecodeError is one
        return None
    return (name, password) if name and colon and password else None
