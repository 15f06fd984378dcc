"""Turns under way: each runs in its own thread, whoever is looking.

A page may be reloaded, closed or opened twice while the tutor answers. So a turn does not live in the
request that started it: the request, and every page that opens meanwhile, follow the turn from outside, and
a closed page costs no answer. One turn at a time per conversation.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from knowledge.search import Passage
from tutor import logs
from tutor.events import Done, LabFinished, Notice, Text
from tutor.web.pictures import Pictures
from tutor.web.render import TARGET, Message, TurnView, target

log = logging.getLogger(__name__)
SHOWN = 40  # turns of a long conversation that the page shows
APOLOGY = (
    "Something went wrong on the tutor's side, and the answer was lost. Please ask again; the log says more."
)


OnDone = Callable[[str, int, str, Done], None]
"""Told of a turn's end: the session, the turn's place in it, what was asked, and how it ended."""


class LiveTurn:
    """One turn in its own thread: takes the tutor's events in, wakes whoever follows."""

    def __init__(
        self,
        tutor: Any,
        session_id: str,
        view: TurnView,
        pictures: Pictures,
        on_done: Sequence[OnDone] = (),
    ) -> None:
        self.view = view
        self._on_done = on_done
        self._tutor = tutor
        self._session_id = session_id
        self._pictures = pictures
        self._cancel = threading.Event()
        self._news = threading.Condition()
        self._count = 0
        self._thread = threading.Thread(target=self._run, name="turn", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Ask the turn to end: a lab stops within a second, the model's stream at its next word."""
        self._cancel.set()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        with logs.request(self._session_id):
            self._follow_tutor()

    def _follow_tutor(self) -> None:
        try:
            for event in self._tutor.reply(self.view.question, self._session_id, self._cancel):
                pictures = (
                    self._pictures.draw(event.run_id, event.result) if isinstance(event, LabFinished) else ()
                )
                with self._news:
                    self.view.apply(event, pictures)
                    if not isinstance(event, Text) or event.delta:
                        self._count += 1
                    self._news.notify_all()
                if isinstance(event, Done):
                    for tell in self._on_done:
                        tell(self._session_id, self.view.number, self.view.question, event)
        except Exception:  # the last door: a fault becomes a sentence in the chat, never a silent page
            log.exception("a turn failed")
            with self._news:
                self.view.apply(Notice(APOLOGY, "error"))
                self.view.failed = True
        finally:
            with self._news:
                self.view.done = True
                self._count += 1
                self._news.notify_all()

    def follow(
        self, pause: float = 0.06, longest: float = 0.25, left: threading.Event | None = None
    ) -> Iterator[list[Message]]:
        """The turn's messages, again and again while they change; ends when the turn has, or when `left` is set.

        Updates come quickly at first and more slowly as an answer grows: it reads the same, and costs less.
        """
        seen = -1
        while left is None or not left.is_set():
            with self._news:
                self._news.wait_for(lambda: self._count != seen, timeout=0.25)  # noqa: B023 - same iteration
                changed, seen = self._count != seen, self._count
                messages = self.view.messages() if changed else []
                done = self.view.done
            if changed:
                yield messages
            if done:
                return
            time.sleep(pause)
            pause = min(pause * 1.1, longest)


class Conversation:
    """What one session's page shows: the turns that are over, and the one under way."""

    def __init__(self, turns: Sequence[TurnView] = ()) -> None:
        self.turns = list(turns)
        self.live: LiveTurn | None = None

    def messages(self, suggest: bool = True) -> list[Message]:
        """The turns that are over; suggestions only under the last one, and only on request."""
        shown = [message for view in self.turns[-SHOWN:] for message in view.messages()]
        for message in shown[:-1] if suggest else shown:
            message.pop("options", None)
        return shown

    def turn_of(self, index: int) -> int | None:
        """The number of the turn that the message at this place on the page belongs to; None where there is none."""
        views = self.turns[-SHOWN:] + ([self.live.view] if self.live is not None else [])
        for view in views:
            index -= len(view.messages())
            if index < 0:
                return view.number
        return None


class Conversations:
    """Every conversation that a page has open, by session id. Safe to share between threads."""

    def __init__(self, tutor: Any, pictures: Pictures, kept: int = 500) -> None:
        self._tutor = tutor
        self.pictures = pictures
        self._kept = kept
        self._open: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()
        self.on_done: list[OnDone] = []
        self.on_forget: list[Callable[[str], None]] = []  # of others that hold something of a conversation

    def open(self, session_id: str) -> Conversation:
        """The conversation as it was saved, with the turn that may be under way."""
        with self._lock:
            known = self._open.get(session_id)
            if known is not None and known.live is not None and not known.live.view.done:
                return known
        saved = self._tutor.history(session_id)
        turns = [
            TurnView.of_turn(number, turn, self.pictures.draw if number >= len(saved) - SHOWN else _nothing)
            for number, turn in enumerate(saved)
        ]
        with self._lock:
            known = self._open.get(session_id)
            live = known.live if known is not None else None
            if (
                known is not None
                and live is not None
                and (not live.view.done or live.view.number >= len(turns))
            ):
                return known  # a turn has begun while the database was read
            self._open[session_id] = conversation = Conversation(turns)
            self._open.move_to_end(session_id)
            while len(self._open) > self._kept:
                self._open.popitem(last=False)
        return conversation

    def get(self, session_id: str) -> Conversation:
        """The conversation as the page has it; read from the database only when it is not open."""
        with self._lock:
            known = self._open.get(session_id)
        return known if known is not None else self.open(session_id)

    def ask(self, session_id: str, message: str) -> tuple[Conversation, LiveTurn] | None:
        """Start a turn; None while the one before is still under way."""
        conversation = self.get(session_id)
        if conversation.live is None and self._tutor.sessions.count(session_id) > len(conversation.turns):
            # Something was said elsewhere: another copy of the tutor has answered while this one was away.
            conversation = self.open(session_id)
        with self._lock:
            conversation = self._open.setdefault(
                session_id, conversation
            )  # it may have been opened twice meanwhile
            if conversation.live is not None:
                if not conversation.live.view.done:
                    return None
                self._settle(conversation)
            view = TurnView(len(conversation.turns), message)
            conversation.live = LiveTurn(self._tutor, session_id, view, self.pictures, self.on_done)
            conversation.live.start()
            return conversation, conversation.live

    def settle(self, conversation: Conversation) -> None:
        """Put a turn that has ended among those that are over."""
        with self._lock:
            if conversation.live is not None and conversation.live.view.done:
                self._settle(conversation)

    @staticmethod
    def _settle(conversation: Conversation) -> None:
        assert conversation.live is not None
        conversation.turns.append(conversation.live.view)
        conversation.live = None

    def passage(self, session_id: str, href: str) -> tuple[Passage, int] | None:
        """The passage behind a link on the page, and its number; None where the session has no such one."""
        match = TARGET.match(href)
        if match is None:
            return None
        conversation = self.get(session_id)
        live = conversation.live
        views = conversation.turns + ([live.view] if live is not None else [])
        n = int(match[2])
        # Numbers can differ after a reload in another tab, the check cannot.
        for view in sorted(views, key=lambda view: view.number != int(match[1])):
            if 1 <= n <= len(view.sources) and target(view.number, n, view.sources[n - 1])[-8:] == match[3]:
                return view.sources[n - 1], n
        return None

    def forget(self, session_id: str, wait: float) -> None:
        """Let go of a conversation that is about to be removed; its turn under way gets `wait` seconds to end."""
        with self._lock:
            known = self._open.pop(session_id, None)
            live = known.live if known is not None else None
        if live is not None:
            live.cancel()
            live.join(wait)
        for tell in self.on_forget:
            tell(session_id)

    def stop_all(self) -> None:
        """Ask every turn under way to end; each is saved as far as it came."""
        with self._lock:
            live = [known.live for known in self._open.values() if known.live is not None]
        for turn in live:
            turn.cancel()

    def stop(self, session_id: str) -> bool:
        """Ask the turn under way to end; False when there is none."""
        with self._lock:
            known = self._open.get(session_id)
            live = known.live if known is not None else None
        if live is None or live.view.done:
            return False
        live.cancel()
        return True


def _nothing(_run_id: str, _result: Any) -> tuple[()]:
    return ()
