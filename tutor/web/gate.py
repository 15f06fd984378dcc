"""What every request passes first: which routes there are for whom, how large a request may be, where it comes from.

Gradio brings some sixty routes, and a few of them fetch addresses of the caller's choice, list what others run or
hand out files without asking who calls. So a route is closed unless it is named here: `OPEN` to everybody, or `USED`
by the page and by programs, where somebody must have signed in if the page has passwords. A request that another
site's page makes in a visitor's browser is refused, whatever cookies it carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tutor.web.access import FORWARDED, Access, is_loopback
from tutor.web.limits import Limits, TooManyError, Visitor
from tutor.web.sign_in import SignIn, address, basic

API = "/gradio_api"
# The page and its login form, and its files; /mcp asks for the password by itself. What whoever runs the tutor asks
# (/healthz, /readyz, /metrics: health.py) is answered before the gate.
# Gradio calls startup-events when it opens; it does nothing a second time.
OPEN = re.compile(
    r"/|/login/?|/logout|/assets/.+|/static/.+|/favicon\.ico|/robots\.txt|(?:/gradio_api)?/theme\.css|/mcp/?"
    r"|/gradio_api/startup-events"
)
USED = re.compile(
    r"/config/?"
    r"|/gradio_api/(?:info/?|user/?|app_id/?|login_check/?|heartbeat/[^/]+|reset/?|cancel|upload|upload_progress"
    r"|queue/(?:join|data|status)|(?:run|api|call)/[^/]+/?|call/[^/]+/[^/]+|component_server/?|file=(?!https?:).+)"
)
UPLOAD = f"{API}/upload"
LARGEST = 8_000_000  # bytes of a request: a CSV of 5 MB travels as text
LARGEST_UPLOAD = 25_000_000  # of files that a student sends at once
LARGEST_COURSE = 650_000_000  # of files that a teacher sends at once
ROOM = 3_000_000_000  # bytes that uploads may take together, until they are swept after a day

NOBODY = "Sign in first: open the page and give your name and password."
ELSEWHERE = "This page answers only to itself: the request came from another site."
NOT_HERE = (
    "This page is for the computer that it runs on, and was called by another name. "
    "Open it at http://127.0.0.1 with its port."
)
FULL = "There is no room for more uploads just now. Ask your teacher, or try again tomorrow."


@dataclass
class Rules:
    """How the page is served: known when it is launched."""

    access: Access
    limits: Limits
    folder: Path  # where uploads lie
    sign_in: SignIn | None = None
    local: bool = True  # served on this computer's own address, without a public one
    room: int = ROOM


class Gate:
    """ASGI middleware, outside of everything that answers."""

    def __init__(self, app: Any, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        address.set(_address(scope))
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the page uses no web sockets; the server closes what nobody accepts
        headers = _headers(scope)
        try:
            who = await self._who(scope, headers)
        except TooManyError as error:
            await _answer(send, 429, str(error))
            return
        refusal = self._refusal(scope, headers, who)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        most = self._most(scope, who)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            await _answer(send, 413, _too_large(most))
            return
        await self._app(scope, _bounded(receive, most), send)

    def _refusal(self, scope: Any, headers: dict[str, str], who: str | None) -> tuple[int, str] | None:
        """The status and the sentence for a request that is not let in."""
        path = _path(scope)
        is_open = OPEN.fullmatch(path) is not None
        if (not is_open and USED.fullmatch(path) is None) or _opens_a_state(scope):
            return 404, "There is nothing at this address."
        if self._rules.local and not _is_for_here(headers):
            return 421, NOT_HERE
        if _from_elsewhere(scope, headers):
            return 403, ELSEWHERE
        if self._rules.sign_in is not None and not is_open and who is None:
            return 401, NOBODY
        if path == UPLOAD:
            return self._upload(scope, who)
        return None

    def _upload(self, scope: Any, who: str | None) -> tuple[int, str] | None:
        try:
            self._rules.limits.upload(Visitor(who or "", _address(scope)))
        except TooManyError as error:
            return 429, str(error)
        if _size(self._rules.folder) > self._rules.room:
            return 507, FULL
        return None

    async def _who(self, scope: Any, headers: dict[str, str]) -> str | None:
        """The name that this browser signed in with, if it may still sign in; or that of a program's own password."""
        if self._rules.sign_in is None or OPEN.fullmatch(_path(scope)):
            return None
        pair = basic(headers.get("authorization", ""))
        if pair is not None:
            return pair[0] if await self._rules.sign_in.check(*pair) else None
        app: Any = scope["app"]
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        for name in (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"):
            known = app.tokens.get(cookies[name].value) if name in cookies else None
            if known is not None and known in self._rules.sign_in.passwords.names:
                return str(known)
        return None

    def _most(self, scope: Any, who: str | None) -> int:
        if _path(scope) != UPLOAD:
            return LARGEST
        access = self._rules.access
        teacher = who in access.teachers if self._rules.sign_in is not None else access.programs
        return LARGEST_COURSE if teacher else LARGEST_UPLOAD


def _bounded(receive: Any, most: int) -> Callable[[], Any]:
    """What hands the request on, and ends it where it is longer than it may be, whatever length it claimed."""
    seen = 0

    async def bounded() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > most else message

    return bounded


def _headers(scope: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _path(scope: Any) -> str:
    """The path, without that of a proxy."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"


def _address(scope: Any) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_for_here(headers: dict[str, str]) -> bool:
    """Whether the address is this computer's own, or a proxy passes the request on.

    A page elsewhere can let its own name point here, but its request then carries that name.
    """
    if any(headers.get(name) for name in FORWARDED):
        return True
    return is_loopback(_host(headers.get("host", "")))


def _from_elsewhere(scope: Any, headers: dict[str, str]) -> bool:
    """Whether another site's page makes this request in a visitor's browser; to follow a link is no such thing."""
    origin = headers.get("origin", "")
    site = headers.get("sec-fetch-site", "")
    if site in ("same-origin", "none"):
        return False
    if site:
        read = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        return not read or _path(scope) != "/"
    if not origin:
        return False  # no browser, or an old one that reads
    named = urlsplit(origin).netloc.lower() if origin != "null" else ""
    return (
        named not in (headers.get("host", "").lower(), headers.get("x-forwarded-host", "").lower())
        or not named
    )


def _opens_a_state(scope: Any) -> bool:
    """Whether Gradio is asked to show what somebody else has saved: it would read a file that the caller names."""
    query = scope.get("query_string", b"").decode("latin-1")
    return any(name.strip() == "deep_link" for name, _ in parse_qsl(query, keep_blank_values=True))


def _host(value: str) -> str:
    """The name of a host header, without its port."""
    return value[1:].partition("]")[0] if value.startswith("[") else value.partition(":")[0]


def _size(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.stat().st_size
        except OSError:
            continue  # swept meanwhile
    return size


def _too_large(most: int) -> str:
    return f"That is too large: {most / 1e6:.0f} MB are the most at once. Send a smaller file."


async def _answer(send: Any, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
