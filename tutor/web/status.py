"""Which model answers, and what is still on its way: the pill in the page's header. Pure functions."""

from __future__ import annotations

import html
from typing import Any

UNDER_WAY = ("downloading", "loading", "starting", "building")
WITHOUT = "No language model: quoting the lectures"


def busy(status: Any) -> bool:
    """Whether this may soon change, so that the page should ask again shortly."""
    return getattr(status, "state", "") in UNDER_WAY


def model_words(model_host: Any) -> tuple[str, str]:
    """(state, sentence) of the chat model."""
    status, current = model_host.status, model_host.current
    state, message = status.state, (status.message or "").rstrip(".")
    if state == "ready":
        return state, f"Model: {current.label}"
    if state == "downloading":
        return state, f"Downloading the model… {round(100 * status.fraction)}%"
    if state == "loading":
        return state, "Loading the model…"
    if state == "failed":
        return state, message or "The model could not be loaded"
    return "none", WITHOUT


def model_html(model_host: Any, before: str = "") -> str:
    """The pill. `before` is the state that the page showed last: a model that has just taken over says so."""
    state, words = model_words(model_host)
    status = model_host.status
    detail = "" if state == "none" else (status.message or "")
    bar = ""
    if state == "downloading":
        percent = round(100 * status.fraction)
        bar = f'<progress max="100" value="{percent}" aria-label="Download of the model"></progress>'
        detail = f"{detail} Until it is here, the tutor quotes the lectures and runs every lab.".strip()
    if state == "ready" and before in UNDER_WAY:
        state, words = "fresh", f"{words} · now answering"
    return _pill("model", state, words, detail, bar)


def library_html(knowledge: Any) -> str:
    """A second pill while the course is being fetched or read, or when that has failed."""
    status = getattr(knowledge, "status", None)
    state = getattr(status, "state", "ready")
    if status is None or state in ("ready", "none"):
        return ""
    if state == "failed":
        return _pill("library", state, status.message.rstrip("."), "", "")
    percent = round(100 * status.fraction)
    bar = f'<progress max="100" value="{percent}" aria-label="Preparing the course"></progress>'
    words = f"{status.message.rstrip('.… ')}…{f' {percent}%' if percent else ''}"
    return _pill("library", state, words, "Questions can be asked as soon as the course is ready.", bar)


def _pill(what: str, state: str, words: str, detail: str, bar: str) -> str:
    title = f' title="{html.escape(detail, quote=True)}"' if detail else ""
    return (
        (
            f'<div class="t-pill t-{state}" data-pill="{what}" role="status"{title}>'
            f'<span class="t-dot"></span><span class="t-pill-words">{html.escape(words)}</span>{bar}</div>'
        )
        .replace("{", "&#123;")
        .replace("$", "&#36;")
    )
