"""How commands speak: results to standard output, everything else to standard error, one JSON object with `--json`."""

from __future__ import annotations

import json
import sys
from typing import Any


class WrongCallError(Exception):
    """The command was called in a way that cannot work; exit status 2."""


def say(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)


def tell(text: str) -> None:
    """Anything that is not the result: progress, notices, errors."""
    print(text, file=sys.stderr, flush=True)


def put_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


class Progress:
    """A progress line on standard error: redrawn in place on a terminal, a line every tenth elsewhere."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._drawn = False

    def __call__(self, fraction: float, message: str) -> None:
        if self._quiet:
            return
        if self._terminal:
            line = f"{fraction:4.0%} {message}"[:100]
            if line != self._last:
                sys.stderr.write(f"\r\x1b[K{line}")
                sys.stderr.flush()
                self._last, self._drawn = line, True
        else:
            step = f"{int(fraction * 10) * 10}% {message.split(':')[0]}"
            if step != self._last:
                self._last = step
                tell(step)

    def clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False
