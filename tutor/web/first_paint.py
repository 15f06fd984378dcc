"""The colours of the very first paint: a few lines that go into the page's HTML itself.

All else that the page brings is put there by Gradio's own script, which comes too late for a theme that differs from
the system's: the page would flash white, then turn dark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = (
    "theme.js",
    "sign_in.js",
)  # the second for the login form, to which the page's own scripts do not come
_COLOURS = """
html.dark body { background: #0e1220; color: #e6e9f2; }
html.t-light body { background: #f7f8fb; color: #1d2433; }
"""


def snippet() -> bytes:
    """The script that finds out the theme, and what each theme looks like before the style sheet is there."""
    scripts = "\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return f"<style>{_COLOURS}</style><script>{scripts}</script>".encode()


class FirstPaint:
    """Puts the snippet behind `<head>` of the page; plain ASGI, and nothing but that one answer is held back."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._snippet = snippet()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_page(scope):
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        body = b""

        async def hold(message: Any) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if not _is_html(start):
                await self._flush(start, send)
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                whole = body.replace(b"<head>", b"<head>" + self._snippet, 1)
                headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
                start["headers"] = [*headers, (b"content-length", str(len(whole)).encode())]
                await self._flush(start, send)
                await send({"type": "http.response.body", "body": whole})

        await self._app(scope, receive, hold)

    @staticmethod
    async def _flush(start: dict[str, Any], send: Any) -> None:
        """Send what was held back of the beginning, once."""
        if start:
            message = dict(start)
            start.clear()
            await send(message)


def _is_page(scope: Any) -> bool:
    """The page itself, at whatever path a proxy serves it."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.strip("/") == ""


def _is_html(start: dict[str, Any]) -> bool:
    known = {name.lower(): value for name, value in start.get("headers", ())}
    return known.get(b"content-type", b"").startswith(b"text/html") and b"content-encoding" not in known
