"""The log: for people by default, one JSON object a line on request, with the ids of the turn that a line belongs to.

The standard library's `logging`, set up once. What a student or the tutor said is never logged, a session only by the
hash of `tutor.facts.short`, and keys are blotted out of whatever is written, tracebacks of other libraries included.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any

from tutor.facts import TurnFacts, short

OWN = (
    "tutor",
    "labs",
    "knowledge",
)  # these packages' loggers have the chosen level; all others speak of trouble only
SILENT = ("langchain_openai", "bm25s")  # they remark on proxies and on every index that is built
_KEYS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{6,}|(?<=Bearer )[^\s'\"]+|(?<=Basic )[A-Za-z0-9+/=]{8,}|(?<=//)[^/\s@'\"]+(?=@)"
)
BLOT = "…"

_request: contextvars.ContextVar[str] = contextvars.ContextVar("tutor_request", default="")
_session: contextvars.ContextVar[str] = contextvars.ContextVar("tutor_session", default="")


@contextmanager
def request(session_id: str = "") -> Iterator[str]:
    """Give what is logged inside an id of its own, and the session's hash; yields the id."""
    made = secrets.token_hex(4)
    tokens = _request.set(made), _session.set(short(session_id) if session_id else "")
    try:
        yield made
    finally:
        _request.reset(tokens[0])
        _session.reset(tokens[1])


class _Ids(logging.Filter):
    """Marks each record with the ids of the context in which it was logged; keeps chatter of other packages out.

    Their loggers' levels do not hold: some set them anew when they are imported.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        package = record.name.partition(".")[0]
        if package not in OWN and record.levelno < (logging.ERROR if package in SILENT else logging.WARNING):
            return False
        record.request, record.session = _request.get(), _session.get()
        return True


class _Text(logging.Formatter):
    """`2026-01-31 12:00:00 INFO tutor.turn [5f0c9a12 ab12cd34ef] question answered in 1.20 s`"""

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(ids)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self._keys = keys

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(filter(None, (_of(record, "request"), _of(record, "session"))))
        record.ids = f" [{ids}]" if ids else ""
        return blotted(super().format(record), self._keys)


class _Json(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, request, session; the facts of a turn; a traceback."""

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._keys = keys

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": _of(record, "request"),
            "session": _of(record, "session"),
        }
        if isinstance(facts := getattr(record, "turn", None), TurnFacts):
            line |= asdict(facts)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(
            {name: _clean(value, self._keys) for name, value in line.items() if value not in ("", None)},
            ensure_ascii=False,
        )


def _of(record: logging.LogRecord, name: str) -> str:
    return str(getattr(record, name, ""))


def _clean(value: Any, keys: tuple[str, ...]) -> Any:
    return blotted(value, keys) if isinstance(value, str) else value


def blotted(text: str, keys: tuple[str, ...] = ()) -> str:
    """A text without these keys, without what looks like one, and without the login of an address."""
    for key in keys:
        text = text.replace(key, BLOT)
    return _KEYS.sub(BLOT, text)


def set_up(
    as_json: bool = False, level: str = "info", keys: tuple[str, ...] = (), stream: IO[str] | None = None
) -> None:
    """Write the log to `stream` (standard error) from now on, in place of what was set up before.

    `level` is debug, info, warning or error. `keys` are blotted out wherever they occur.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    known = tuple(key for key in keys if len(key) >= 4)  # a shorter one would blot out half of every line
    handler.setFormatter(_Json(known) if as_json else _Text(known))
    handler.addFilter(_Ids())
    root = logging.getLogger()
    for old in [one for one in root.handlers if getattr(one, "of_the_tutor", False)]:
        root.removeHandler(old)
    handler.of_the_tutor = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OWN:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(True)
