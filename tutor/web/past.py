"""The list of past conversations: a drawer that opens from the header, over whatever room is open.

The browser asks for things with one event (assets/past.js): list, rename, delete, export. It is told nothing but the
list of its own conversations, and what it asks for is looked up among those: the id of somebody else's conversation
is worth nothing here.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import groupby
from typing import Any

from tutor.errors import SessionError
from tutor.export import conversation_markdown, file_name
from tutor.owners import LONGEST_TITLE, Past
from tutor.web import render
from tutor.web.site import WITH_SESSION, Header, Session, Site, valid
from tutor.web.toolkit import gr

FAR_OFF = 14 * 60  # minutes: no clock on earth differs from UTC by more
ENDING = 2.0  # seconds that a turn under way gets to stop before its conversation is removed
NOBODY = "This page has lost its conversation. Reload it."
EMPTY = "Nothing here yet. Ask something, and the conversation is kept in this list."


class PastDrawer:
    """Builds the drawer and wires it; `tutor/web/chat.py` redraws itself when a conversation is opened."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._owners = site.owners

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the components and wire them to the visitor's session."""
        with gr.Column(elem_id="past"):
            gr.HTML(HEAD, elem_id="past-head")
            self.shown = gr.HTML("", elem_id="past-list")
        self.bridge = gr.HTML("", elem_id="past-bridge", js_on_load=BRIDGE)
        self.file = gr.Textbox(visible=False)
        self.gate = gr.Textbox(visible=False)
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        asked = self.bridge.click(
            self.act,
            [session.id],
            [self.shown, self.file],
            js=WITH_SESSION,
            queue=False,
            trigger_mode="multiple",
            **quiet,
        )
        asked.then(None, [self.file], None, js="(file) => window.tutorPast.save(file)", **quiet)
        entered = page.load(self.enter, [session.id], [self.gate], js=WITH_SESSION, queue=False, **quiet)
        entered.then(None, [self.gate], None, js="(gate) => window.tutorPast.enter(gate)", **quiet)

    # ---- what happens

    def enter(self, session_id: Any) -> str:
        """Whether the browser may go on with the conversation it has: another person may have signed in since."""
        return "" if valid(session_id) is not None else "taken"

    def act(self, event: gr.EventData, session_id: Any) -> tuple[Any, str]:
        """Do what the drawer asks for; comes back with the list as it is then, and with a file to save."""
        found = valid(session_id)
        owner = self._owners.sessions.owner_of(found) if found is not None else None
        if found is None or owner is None:
            return _sentence(NOBODY), ""
        wish = event._data if isinstance(event._data, dict) else {}
        target = str(wish.get("id", ""))
        said, file = "", ""
        try:
            match wish.get("do"):
                case "rename":
                    self._owners.rename(owner, target, str(wish.get("title", "")))
                case "delete":
                    said = self._delete(owner, target)
                case "export":
                    file = self._export(owner, target)
        except SessionError as error:
            said = _sentence(str(error))
        clock = timezone(timedelta(minutes=-_offset(wish.get("offset"))))
        return said + list_html(self._owners.past(owner), found, datetime.now(clock)), file

    def _delete(self, owner: str, session_id: str) -> str:
        title = self._owners.title(owner, session_id)
        self._site.conversations.forget(session_id, ENDING)
        self._owners.delete(owner, session_id)
        return _sentence(f"“{title}” was deleted.")

    def _export(self, owner: str, session_id: str) -> str:
        title = self._owners.title(owner, session_id)
        text = conversation_markdown(title, self._site.tutor.history(session_id))
        return json.dumps({"name": file_name(title), "text": text})


# ---- how it looks


def list_html(past: Sequence[Past], current: str, now: datetime) -> str:
    """The conversations by day, newest first. `now` is the reader's clock, which says what today is."""
    if not past:
        return f'<p class="t-past-empty">{EMPTY}</p>'
    days = groupby(past, key=lambda one: one.last.astimezone(now.tzinfo).date())
    return "".join(
        f'<section class="t-past-day"><h3>{day_name(day, now.date())}</h3>'
        f"<ul>{''.join(_item(one, one.session_id == current, now) for one in listed)}</ul></section>"
        for day, listed in days
    )


def day_name(day: date, today: date) -> str:
    """Today, Yesterday, Monday, 3 November, 3 November 2025."""
    ago = (today - day).days
    if ago <= 0:
        return "Today"
    if ago == 1:
        return "Yesterday"
    if ago < 7:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def _item(one: Past, current: bool, now: datetime) -> str:
    title = _safe(one.title)
    here = ' aria-current="true"' if current else ""
    said = f"{one.turns} {'message' if one.turns == 1 else 'messages'}"
    course = f" · {_safe(one.course)}" if one.course else ""
    moment = one.last.astimezone(now.tzinfo)
    when = f'<time datetime="{one.last.astimezone(UTC).isoformat()}">{moment:%H:%M}</time>'
    tools = "".join(
        f'<button type="button" class="t-past-tool" data-past="{do}" aria-label="{word}: {title}" title="{word}">'
        f"{ICONS[do]}</button>"
        for do, word in (("rename", "Rename"), ("export", "Save as a text file"), ("delete", "Delete"))
    )
    return (
        f'<li class="t-past-item" data-id="{_safe(one.session_id)}" data-title="{title}"{here}>'
        f'<button type="button" class="t-past-open" data-past="open"{here}><b>{title}</b>'
        f"<small>{when} · {said}{course}</small></button>"
        f'<div class="t-past-tools">{tools}</div></li>'
    )


def _sentence(text: str) -> str:
    return f'<div class="t-past-said" role="status">{render.notice_html(render.Notice(text))}</div>'


def _safe(text: str) -> str:
    """For HTML, and for Gradio's templates, which read dollars and braces."""
    return html.escape(text, quote=True).replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;")


def _offset(minutes: Any) -> int:
    """How far the reader's clock is from UTC, as JavaScript counts it; 0 where that is no such number."""
    return minutes if isinstance(minutes, int) and abs(minutes) <= FAR_OFF else 0


def _icon(path: str) -> str:
    return (
        '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" '
        f'stroke-width="1.500" stroke-linecap="round" stroke-linejoin="round"><path d="{path}"/></svg>'
    )


ICONS = {
    "rename": _icon("M3 13l.6-2.600L10.800 3.200l2 2L5.600 12.400z"),
    "export": _icon("M8 2.500v7.500M5 7.200l3 3 3-3M3 13.300h10"),
    "delete": _icon("M3 4.500h10M6.300 4.500V3h3.400v1.500M4.500 4.500l.6 8.500h5.800l.6-8.500"),
    "close": _icon("M3 3l10 10M13 3L3 13"),
    "list": _icon("M2.500 4h11M2.500 8h11M2.500 12h7"),
}

# The button of the header that opens the drawer.
DOOR = (
    '<button type="button" id="past-open" aria-haspopup="dialog" aria-expanded="false" title="Conversations">'
    f"{ICONS['list']}<span>Conversations</span></button>"
)

HEAD = (
    '<div class="t-past-head"><h2 id="past-title">Conversations</h2>'
    '<button type="button" id="past-close" aria-label="Close the conversations">'
    f"{ICONS['close']}</button></div>"
    '<label class="t-past-find"><span class="t-hidden">Find a conversation by its title</span>'
    f'<input type="search" id="past-find" placeholder="Find by title" autocomplete="off" '
    f'maxlength="{LONGEST_TITLE}"></label>'
)

BRIDGE = """
window.addEventListener('tutor:past', (event) => trigger('click', event.detail));
"""
