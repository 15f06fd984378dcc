"""The queue for a language model that answers few at once: fair between those who wait, each told their place.

A model on this computer answers one question at a time. Without a queue of our own the others would wait inside its
server, in silence and unable to leave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from labs.line import FairLine, place_words
from tutor.events import PASSING

TOLD_AFTER = 0.3  # seconds: a shorter wait is not worth a word
_LOOK = 0.1  # seconds between two looks at the stop button


class Ticket:
    """A place in the line, then at the model; good for one answer. Leave it whatever happens: it is a context."""

    def __init__(self, line: ModelLine, owner: str) -> None:
        self._line, self.owner = line, owner
        self.admitted = False

    def places(self, cancel: threading.Event) -> Iterator[int]:
        """Wait for the model: yields the place (1: the next one) whenever it changes; ends when the model is free, or
        `cancel` is set."""
        known, since = 0, time.monotonic()
        while not cancel.is_set():
            place = self._line._wait(self)
            if place == 0:
                return
            if place != known and time.monotonic() - since >= TOLD_AFTER:
                known = place
                yield place

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *exc: object) -> None:
        self._line._leave(self)


class ModelLine:
    """Who asks the model next. Safe to share between threads; `slots` answers are written at once."""

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self._line: FairLine[Ticket] = FairLine()
        self._change = threading.Condition()

    @property
    def waiting(self) -> int:
        with self._change:
            return len(self._line)

    @property
    def running(self) -> int:
        with self._change:
            return self._line.at_work

    def join(self, owner: str) -> Ticket:
        """Stand in the line, at once admitted where the model is free. Those with one `owner` take turns."""
        ticket = Ticket(self, owner)
        with self._change:
            self._line.join(ticket, owner)
            self._admit()
        return ticket

    def _admit(self) -> None:
        while len(self._line) and self._line.at_work < self.slots:
            ticket, _ = self._line.take()
            ticket.admitted = True
        self._change.notify_all()

    def _wait(self, ticket: Ticket) -> int:
        """The ticket's place after at most a moment of waiting; 0 once it is admitted."""
        with self._change:
            if not ticket.admitted:
                self._change.wait(_LOOK)
            return 0 if ticket.admitted else self._line.in_order().index(ticket) + 1

    def _leave(self, ticket: Ticket) -> None:
        with self._change:
            if ticket.admitted:
                self._line.done(ticket.owner)
            else:
                self._line.leave(ticket)
            self._admit()


def waiting_words(place: int) -> str:
    """What a student reads while waiting."""
    return f"{PASSING}: {place_words(place, 'the language model')}."
