"""What every room of the page shares: the things it is handed, and the visitor's session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tutor.owners import Owners, browser_owner, named_owner
from tutor.settings import Settings
from tutor.web.access import Access
from tutor.web.limits import Limits, Visitor
from tutor.web.live import Conversations
from tutor.web.toolkit import LocalContext, gr

# The browser makes and keeps the session id (assets/session.js) and puts it into every call by itself: there
# is one before the first message, however fast that comes.
WITH_MESSAGE = "(message, session) => [message, window.tutorSession()]"
WITH_SESSION = "(session) => [window.tutorSession()]"
LEAVE_SESSION = "(session) => { const old = tutorSession(); tutorSession(true); return [old]; }"


@dataclass(frozen=True)
class Session:
    """What every room needs of the visitor: an input that carries the id, with one of the scripts above."""

    id: Any  # gr.Textbox, never shown


class Presented(str):
    """What a browser says of its session, "session~secret": believed only by way of `valid`."""

    owners: Owners


def session_input(owners: Owners) -> Session:
    """The carrier of the session id; made once a page."""
    carrier = gr.Textbox(visible=False)
    # Not a class of its own, for which Gradio would write a stub beside this file.
    carrier.preprocess = lambda payload: presented(payload, owners)
    return Session(carrier)


def presented(payload: Any, owners: Owners) -> Presented:
    """What came from a browser, for `valid`; for a handler that is not handed the carrier."""
    claim = Presented(payload if isinstance(payload, str) else "")
    claim.owners = owners
    return claim


def valid(session_id: Any) -> str | None:
    """The session id, if it is the caller's: the one door to a conversation, for every handler of every room.

    A session belongs to the signed-in name, or to the browser that shows the secret it was claimed with; one that
    nobody owns becomes the caller's. None for anybody else's, and for what is no session id at all.
    """
    if not isinstance(session_id, Presented):
        return _formed(session_id)
    plain, _, secret = session_id.partition("~")
    found = _formed(plain)
    owner = _caller(secret)
    if found is None or owner is None or not session_id.owners.claim(found, owner):
        return None
    return found


def visitor(session_id: str) -> Visitor:
    """Whoever is calling, for `limits`: the signed-in name, else the session; and the address."""
    request = LocalContext.request.get(None)
    username = request.username if hasattr(request, "username") else _signed_in(request)
    client = getattr(request, "client", None)
    return Visitor(username or session_id, str(getattr(client, "host", "") or ""))


def tab() -> str:
    """The browser tab that is calling, by the hash that Gradio gives it; empty outside of a call."""
    return str(getattr(LocalContext.request.get(None), "session_hash", None) or "")


def _caller(secret: str) -> str | None:
    """Who is calling: the name that Gradio has checked, else the browser that knows this secret."""
    request = LocalContext.request.get(None)
    username = request.username if hasattr(request, "username") else _signed_in(request)
    return named_owner(username) if username else browser_owner(secret)


def _signed_in(request: Any) -> str | None:
    """The name behind a request for a component's own function, which Gradio checks but does not pass on."""
    app: Any = request.scope.get("app") if request is not None else None
    tokens = getattr(app, "tokens", None)
    if not tokens:
        return None
    cookies = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return next((tokens[token] for name in cookies if (token := request.cookies.get(name)) in tokens), None)


def _formed(session_id: Any) -> str | None:
    if (
        isinstance(session_id, str)
        and 16 <= len(session_id) <= 64
        and session_id.replace("-", "").replace("_", "").isalnum()
    ):
        return session_id
    return None


@dataclass(frozen=True)
class Header:
    """The parts of the page's header that rooms act on."""

    status: Any  # gr.HTML
    fresh: Any  # gr.Button
    timer: Any  # gr.Timer
    last: Any  # gr.State: the model's state as last shown


@dataclass(frozen=True)
class Site:
    """What rooms are built from; none of them makes anything of this itself."""

    tutor: Any  # Tutor
    settings: Settings
    knowledge: Any  # Library or KnowledgeBase
    model_host: Any  # ModelHost
    conversations: Conversations
    owners: Owners
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
