"""How the page looks, and what the browser is allowed to do: theme, files of `assets/`, response headers.

All fonts are the ones that a computer has. The content security policy tells the browser to talk to this
server only: whatever a lecture or a model writes, no request leaves the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutor.web.first_paint import FirstPaint
from tutor.web.toolkit import gr

ASSETS = Path(__file__).parent / "assets"
STYLES = (
    "page.css",
    "labs.css",
    "course.css",
    "progress.css",
    "settings.css",
    "past.css",
    "report.css",
    "chat.css",
)  # in this order, later rules win
# Run in the head, before anything asks.
SCRIPTS = (
    "session.js",
    "rooms.js",
    "figures.js",
    "labs.js",
    "course.js",
    "past.js",
    "settings.js",
    "chat.js",
)

MARK = (
    '<svg class="t-mark" viewBox="0 0 32 32" aria-hidden="true">'
    '<rect width="32" height="32" rx="9" fill="var(--t-accent)"/>'
    '<path d="M7 23c5 0 5-14 9.500-14S20 19 25 19" '
    'fill="none" stroke="#fff" stroke-width="2.600" stroke-linecap="round"/>'
    '<circle cx="25" cy="19" r="2.400" fill="#ffd166"/></svg>'
)

_METAS = (
    '<meta name="description" content="A tutor that cites the lecture and runs the experiment.">'
    '<meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">'
)

# Gradio compiles templates and styles in the browser, hence the "unsafe" words; all stay on this server. Handlers in
# attributes (onerror, onclick) it does not need: what slips through every cleaning of a text still runs nothing.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Through Gradio's tunnel the page takes its scripts from Gradio's own servers.
SHARED_POLICY = "script-src-attr 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
}


def head() -> str:
    """What goes into the page's head: the style sheet too.

    Handed over as `css`, Gradio would give every rule a second, stronger copy and drop the first one inside
    media queries; in the head the rules mean what they say, and the page is dressed before any script has
    run.
    """
    style = "\n".join(_asset(name) for name in STYLES)
    scripts = "\n".join(_asset(name) for name in SCRIPTS)
    return f"{_METAS}<style>{style}</style><script>{scripts}</script>"


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def script() -> str:
    """The page's own JavaScript, run once when the page has loaded."""
    return _asset("page.js")


def theme() -> Any:
    """Calm and readable: one accent, system fonts, soft corners."""
    system = (
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Roboto",
        "Ubuntu",
        "Cantarell",
        "Noto Sans",
        "sans-serif",
    )
    mono = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")
    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        secondary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=[gr.themes.Font(name) for name in system],
        font_mono=[gr.themes.Font(name) for name in mono],
    ).set(
        body_background_fill="#f7f8fb",
        body_background_fill_dark="#0e1220",
        body_text_color="#1d2433",
        body_text_color_dark="#e6e9f2",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#171c2c",
        background_fill_secondary="#f1f3f9",
        background_fill_secondary_dark="#1d2336",
        border_color_primary="#e1e5ef",
        border_color_primary_dark="#2b3350",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        input_background_fill="#ffffff",
        input_background_fill_dark="#171c2c",
        button_primary_background_fill="#4a4fd0",
        button_primary_background_fill_hover="#3d41b8",
        button_primary_background_fill_dark="#5b61e0",
        button_primary_background_fill_hover_dark="#6a70ec",
        button_primary_text_color="#ffffff",
        link_text_color="#4347c4",
        link_text_color_dark="#a9aefc",
    )


def app_kwargs(local: bool = True) -> dict[str, Any]:
    """No public API pages, and the headers on every answer."""
    from starlette.middleware import Middleware

    return {
        "docs_url": None,
        "redoc_url": None,
        "openapi_url": None,
        "middleware": [
            Middleware(_Headers, policy=POLICY if local else SHARED_POLICY),
            Middleware(FirstPaint),
        ],
    }


class _Headers:
    """Adds the security headers; plain ASGI, so that streams stay streams."""

    def __init__(self, app: Any, policy: str) -> None:
        self._app = app
        self._extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        self._extra.append((b"content-security-policy", policy.encode()))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._extra]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
