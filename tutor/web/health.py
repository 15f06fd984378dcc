"""`/healthz`, `/readyz` and `/metrics`: for whoever runs the tutor, before any password and apart from the page.

`/healthz` says that the process answers, and looks at nothing. `/readyz` says whether a student should be sent here:
the index is open, the database answers, nothing is being ended. The state of the model is told and decides nothing,
since the tutor answers without one. Neither says more than states: no path, no address, no message. `/metrics` is for
this computer, for everybody or for nobody, as TUTOR_METRICS says.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any, Literal

from tutor.web.access import FORWARDED, is_loopback

PATHS = ("/healthz", "/readyz", "/metrics")
FRESH = 2.0  # seconds for which an answer of the database is believed: whoever asks often costs no more
PATIENCE = 5.0  # seconds that the database may take
Answer = tuple[int, dict[str, Any]]


class Health:
    """Looks at the running tutor. Safe to share between threads."""

    def __init__(self, tutor: Any) -> None:
        self._tutor = tutor
        self._lock = threading.Lock()
        self._looked, self._database = 0.0, "unknown"

    def ready(self) -> Answer:
        """Status 200 or 503, and the state of each part; blocking, since the database is asked."""
        tutor = self._tutor
        index = str(tutor.library.status.state) if tutor.library.ready is None else "ready"
        state = {
            "index": index,
            "database": self._ask_database(),
            "model": _model_state(tutor.models),
            "ending": tutor.intake.closed,
        }
        ready = index == "ready" and state["database"] == "ready" and not state["ending"]
        return (200 if ready else 503), {"ready": ready, **state}

    def _ask_database(self) -> str:
        if not self._lock.acquire(timeout=PATIENCE - 1):
            return "silent"  # another look waits for it already: one thread is enough for that
        try:
            if time.monotonic() - self._looked > FRESH or self._database != "ready":
                try:
                    self._tutor.sessions.count("readyz")
                    self._database = "ready"
                except Exception:  # whatever the driver raises: it does not answer
                    self._database = "failed"
                self._looked = time.monotonic()
            return self._database
        finally:
            self._lock.release()


def _model_state(models: Any) -> str:
    status = getattr(models, "status", None)
    if status is not None:
        return str(status.state)
    return "ready" if models.current.chat is not None else "none"


class HealthDoor:
    """ASGI middleware: answers the three addresses itself and hands everything else on."""

    def __init__(
        self, app: Any, health: Health, metrics: Any = None, who: Literal["off", "local", "on"] = "local"
    ) -> None:
        self._app, self._health, self._metrics, self._who = app, health, metrics, who

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].rstrip("/") if scope["type"] == "http" else ""
        if path not in PATHS:
            await self._app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, {"error": "Use GET."})
        elif path == "/healthz":
            await _answer(send, 200, {"alive": True})
        elif path == "/readyz":
            await self._tell_ready(send)
        elif self._metrics is None or not self._may(scope):
            await _answer(send, 404, {"error": "Not here. See TUTOR_METRICS."})
        else:
            await self._metrics(scope, receive, send)

    async def _tell_ready(self, send: Any) -> None:
        try:
            status, state = await asyncio.wait_for(asyncio.to_thread(self._health.ready), PATIENCE)
        except TimeoutError:
            status, state = 503, {"ready": False, "database": "silent"}
        await _answer(send, status, state)

    def _may(self, scope: Any) -> bool:
        if self._who != "local":
            return self._who == "on"
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        client = (scope.get("client") or ("",))[0]
        host = headers.get("host", "").rsplit(":", 1)[0]
        # A proxy on this computer, or a site that points its name here, is somebody else.
        return is_loopback(client) and is_loopback(host) and not any(headers.get(name) for name in FORWARDED)


async def _answer(send: Any, status: int, state: dict[str, Any]) -> None:
    body = json.dumps(state).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
