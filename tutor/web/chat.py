"""The chat room: its components and what they do. It shows what the tutor says and decides nothing.

Every handler gets the session id of the browser and nothing of the conversation: that stays on the server,
so a message costs little traffic, and what another browser says cannot be read by making up a history.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from knowledge.decoding import printable
from labs import own_data
from labs.errors import LabError
from tutor.errors import CourseError
from tutor.feedback import BAD, GOOD, REASONS, FeedbackStore
from tutor.planning import own_files
from tutor.web import markup, passage, render, status
from tutor.web.in_course import library_of
from tutor.web.limits import TooManyError, Visitor
from tutor.web.live import Conversation, LiveTurn
from tutor.web.report_room import TOLD
from tutor.web.run_desk import RunDesk
from tutor.web.site import (
    LEAVE_SESSION,
    WITH_MESSAGE,
    WITH_SESSION,
    Header,
    Session,
    Site,
    presented,
    tab,
    valid,
    visitor,
)
from tutor.web.tabs import TabStreams
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
STILL_ANSWERING = "I am still answering. Press Stop to interrupt me, or wait a moment."
GONE = "That source is not part of this conversation any more. Reload the page, or ask again."
GIVE_BACK = 20_000  # characters of a refused message that are put back into the box
WATCH_SOON, WATCH_LATER = 1.0, 20.0  # seconds between two looks at the model's state
PLACEHOLDER = "Ask, or run an experiment"


class ChatRoom:
    """Builds the room inside the current `gr.Blocks` and wires it."""

    def __init__(self, site: Site, examples: Sequence[str]) -> None:
        self._site = site
        self._conversations = site.conversations
        self._knowledge = site.knowledge
        self._model_host = site.model_host
        self._examples = examples
        self._desk = RunDesk(site.conversations)
        self._feedback = FeedbackStore(site.tutor.sessions)
        self._streams = TabStreams()

    # ---- what is on the page

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the components and wire them to the visitor's session and to the header."""
        with gr.Column(elem_id="chat-room", scale=1):
            self.chatbot = gr.Chatbot(
                elem_id="chat",
                label="Conversation with the tutor",
                show_label=False,
                container=False,
                height=None,
                scale=1,
                layout="bubble",
                buttons=["copy"],
                feedback_options=("Like", "Dislike", *REASONS),
                autoscroll=False,  # page.js keeps the last question in view: an answer is read from its top
                line_breaks=False,
                sanitize_html=True,
                allow_tags=False,
                allow_file_downloads=False,
                latex_delimiters=markup.DELIMITERS,
                placeholder=WELCOME,
                examples=[{"text": text, "display_text": text} for text in self._examples],
            )
            self.box = gr.Textbox(
                elem_id="ask",
                label="Your message",
                show_label=False,
                container=False,
                placeholder=PLACEHOLDER,
                lines=1,
                max_lines=8,
                autofocus=True,
                submit_btn="Send",
                stop_btn=False,
            )
            with gr.Row(elem_id="below"):
                self.upload = gr.UploadButton(
                    "Add your data (CSV)",
                    elem_id="add-data",
                    file_types=list(own_data.ENDINGS),
                    file_count="single",
                    size="sm",
                    variant="secondary",
                    scale=0,
                    min_width=0,
                )
                told = getattr(self._site.settings, "report", "off") == "on"
                gr.HTML(HINT + (f'<p class="t-hint">{TOLD}</p>' if told else ""), elem_id="hint")
        with gr.Column(elem_id="passage", elem_classes="t-panel"):
            self.passage_head = gr.HTML("", elem_id="passage-head")
            self.passage_body = gr.Markdown(
                "",
                elem_id="passage-body",
                latex_delimiters=markup.DELIMITERS,
                sanitize_html=True,
                container=False,
            )
        self.opener = gr.HTML("", elem_id="opener", js_on_load=OPENER)
        self.asker = gr.HTML("", elem_id="asker", js_on_load=ASKER)
        self.leaver = gr.HTML("", elem_id="leaver", js_on_load=LEAVER)
        self.redrawer = gr.HTML("", elem_id="redrawer", js_on_load=REDRAWER)

        def chat_desk(call: Any) -> dict[str, Any]:
            # Gradio marks the function that it is handed, which a bound method does not allow.
            return self.act(call)

        gr.HTML("", elem_id="chat-desk", js_on_load=DESK, server_functions=[chat_desk])
        self._wire(page, session, header)

    def _wire(self, page: Any, session: Session, header: Header) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        # Suggestions are only drawn where progress is not hidden; "minimal" on the chat shows nothing else.
        talk: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "minimal",
            "show_progress_on": self.chatbot,
            "concurrency_limit": 64,
            "concurrency_id": "talk",
            "trigger_mode": "multiple",
        }
        outputs = [self.chatbot, self.box]
        self.box.submit(self.ask, [self.box, session.id], outputs, js=WITH_MESSAGE, **talk)
        self.upload.upload(self.add_file, [self.upload, session.id], outputs, js=WITH_MESSAGE, **talk)
        talk["js"] = WITH_SESSION
        self.chatbot.example_select(self.pick, [session.id], outputs, **talk)
        self.chatbot.option_select(self.pick, [session.id], outputs, **talk)
        page.load(self.restore, [session.id], outputs, **{**talk, "trigger_mode": "once"})
        self.asker.click(self.asked, [session.id], outputs, **talk)
        self.redrawer.click(self.redraw, [session.id], outputs, **talk)
        self.chatbot.like(self.rate, [session.id], None, js=WITH_SESSION, **quiet)  # a toast needs the queue
        self.box.stop(self.stop, [session.id], None, js=WITH_SESSION, queue=False, **quiet)
        header.fresh.click(self.fresh, [session.id], outputs, js=LEAVE_SESSION, **quiet)
        left = self.leaver.click(self.leave, None, None, **quiet)
        left.then(None, None, None, js="() => { window.dispatchEvent(new Event('tutor:redraw')); }", **quiet)
        opened = [self.passage_head, self.passage_body]
        self.opener.click(
            self.open_passage,
            [session.id],
            opened,
            js=WITH_SESSION,
            queue=False,
            trigger_mode="multiple",
            **quiet,
        )
        watched = [header.status, header.last, header.timer]
        header.timer.tick(self.watch, [header.last], watched, queue=False, **quiet)
        page.load(self.watch, [header.last], watched, queue=False, **quiet)

    # ---- what happens

    def ask(self, message: str, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """One turn, streamed."""
        found = valid(session_id)
        if found is None:  # the page was opened without storage, or before this session was known
            gr.Warning("This page has lost its conversation. Reload it, and ask again.")
            yield gr.skip(), gr.skip()
            return
        if not self._within(self._site.limits.message, found):
            yield gr.skip(), gr.skip()
            return
        started = self._conversations.ask(found, printable(str(message or "")))
        if started is None:
            gr.Info(STILL_ANSWERING)
            yield gr.skip(), gr.skip()
            return
        yield from self._stream(found, *started, clear=True)

    def add_file(self, path: Any, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """A student's own CSV: kept, and looked at in a turn of its own; a file of no use is refused in words."""
        found = valid(session_id)
        if found is not None and not self._within(self._site.limits.upload, found):
            yield gr.skip(), gr.skip()
            return
        try:
            name = own_data.keep(Path(str(path)))
        except LabError as error:
            gr.Warning(html.escape(str(error)))
            yield gr.skip(), gr.skip()
            return
        except OSError as error:
            log.warning("an uploaded file could not be kept: %s", error)
            gr.Warning("The file could not be kept. Free some disk space and add it again.")
            yield gr.skip(), gr.skip()
            return
        yield from self.ask(own_files.added(name), session_id)

    @staticmethod
    def _within(check: Callable[[Visitor], None], session_id: str) -> bool:
        """Whether this may be done now; if not, the student is told."""
        try:
            check(visitor(session_id))
        except TooManyError as error:
            gr.Warning(html.escape(str(error)))
            return False
        return True

    def pick(self, event: gr.EventData, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """A clicked example or suggestion is a message like any other."""
        value = event._data.get("value", "") if isinstance(event._data, dict) else ""
        text = value.get("text", "") if isinstance(value, dict) else str(value)
        yield from self.ask(text, session_id)

    def asked(self, event: gr.EventData, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """A message that another room sends here: "explain this section", "quiz me on lecture 3"."""
        text = event._data.get("text", "") if isinstance(event._data, dict) else ""
        yield from self.ask(str(text), session_id)

    def act(self, call: Any) -> dict[str, Any]:
        """A click under a run: plain JSON for the page's script."""
        call = call if isinstance(call, dict) else {}
        return self._desk.answer(valid(presented(call.get("session"), self._site.owners)), call)

    def rate(self, event: gr.LikeData, session_id: Any) -> None:
        """A thumb, or a word on what was wrong, on the turn that holds the message."""
        found = valid(session_id)
        at = event.index[0] if isinstance(event.index, (tuple, list)) else event.index
        turn = self._conversations.get(found).turn_of(at) if found is not None else None
        if found is None or turn is None:
            return
        named = {True: GOOD, "Like": GOOD, False: BAD, "Dislike": BAD}
        self._feedback.rate(found, turn, named.get(event.liked, str(event.liked)))
        gr.Info("Thank you, that is noted.", duration=4)

    def _stream(
        self, session_id: str, conversation: Conversation, live: LiveTurn, clear: bool
    ) -> Iterator[tuple[Any, Any]]:
        past = conversation.messages(suggest=False)
        box = gr.update(submit_btn=False, stop_btn="Stop", **({"value": ""} if clear else {}))
        with self._streams.drawing(tab(), session_id) as left:
            for messages in live.follow(left=left):
                yield past + messages, box
                box = gr.skip()
            if left.is_set():
                return  # the tab shows another conversation now
            self._conversations.settle(conversation)
            question = live.view.question
            back = (
                {"value": question}
                if live.view.failed and question.strip() and len(question) <= GIVE_BACK
                else {}
            )
            yield gr.skip(), gr.update(submit_btn="Send", stop_btn=False, **back)

    def restore(self, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """What this browser said before, after a reload or a restart; a turn under way goes on streaming."""
        found = valid(session_id)
        if found is None:
            yield [], gr.skip()
            return
        with self._streams.drawing(tab(), found) as left:
            conversation = self._conversations.open(found)
            live = conversation.live
            if live is not None:
                yield from self._stream(found, conversation, live, clear=False)
            elif not left.is_set():
                yield conversation.messages(), gr.skip()

    def redraw(self, session_id: Any) -> Iterator[tuple[Any, Any]]:
        """Another conversation of this browser, in place of the one that was shown."""
        found = valid(session_id)
        if found is not None:
            self._streams.enter(tab(), found)
        yield [], gr.update(value="", submit_btn="Send", stop_btn=False)
        yield from self.restore(session_id)

    def fresh(self, session_id: Any) -> tuple[list[Any], Any]:
        """A new conversation, under the new id that the browser has made; the old one stays saved."""
        self.stop(session_id)
        self._leave(valid(session_id) or "")
        return [], gr.update(value="", submit_btn="Send", stop_btn=False)

    def leave(self, event: gr.EventData) -> None:
        """Nothing more of the conversation that this tab showed is drawn; its turn under way goes on."""
        self._leave(str(event._data.get("left", "")) if isinstance(event._data, dict) else "")

    def _leave(self, session_id: str) -> None:
        if not self._streams.leave(tab(), session_id):
            log.warning("a stream did not end when its tab was left")

    def stop(self, session_id: Any) -> None:
        found = valid(session_id)
        if found is not None:
            self._conversations.stop(found)

    def open_passage(self, event: gr.EventData, session_id: Any) -> tuple[str, str]:
        """The passage behind a chip or a citation, in its place."""
        found = valid(session_id)
        href = str(event._data.get("href", "")) if isinstance(event._data, dict) else ""
        hit = self._conversations.passage(found, href) if found is not None else None
        if hit is None:
            return render.notice_html(render.Notice(GONE, "warning")), ""
        source, n = hit
        try:
            sections = passage.sections(library_of(self._site, found), source.path)
        except CourseError:  # the course is gone; what was cited is still known
            sections = ()
        return passage.heading_html(source, n), passage.body_markdown(source, sections)

    def watch(self, before: str) -> tuple[Any, str, Any]:
        """The state of the model, asked for every second while it changes and rarely afterwards."""
        state, _ = status.model_words(self._model_host)
        shown = status.model_html(self._model_host, before) + status.library_html(self._knowledge)
        soon = status.busy(self._model_host.status) or status.busy(getattr(self._knowledge, "status", None))
        return shown, state, gr.update(value=WATCH_SOON if soon else WATCH_LATER)


WELCOME = """
<div class="t-welcome">
<h1>What would you like to understand?</h1>
<p>I answer from your machine-learning lectures and show you where it says so. I also run the experiments
of the course and read the results with you. Everything happens on this computer.</p>
</div>
"""

HINT = (
    '<p class="t-hint"><span class="t-keys"><kbd>Enter</kbd> sends, '
    "<kbd>Shift</kbd> + <kbd>Enter</kbd> starts a new line. "
    "</span>Answers can be wrong: open the sources.</p>"
)

# Chips and citations are links inside the chat; a click on one becomes an event with its address.
OPENER = """
window.addEventListener('tutor:open', (event) => trigger('click', { href: event.detail }));
"""

# Another conversation is opened: first nothing of the old one is drawn any more, then the new one is.
LEAVER = """
window.addEventListener('tutor:leave', () => trigger('click', { left: window.tutorSession.left }));
"""
REDRAWER = """
window.addEventListener('tutor:redraw', () => trigger('click', {}));
"""

# Another room's wish to say something in the chat: `tutorAsk(text)` in the browser (assets/rooms.js).
ASKER = """
window.addEventListener('tutor:ask', (event) => trigger('click', { text: event.detail }));
"""

DESK = "window.tutorChat(element, server.chat_desk);"
