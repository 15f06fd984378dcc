"""What a turn has gathered so far; becomes the `Done` event and the saved `Turn`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from knowledge.search import Passage
from tutor.sessions import Run

PROGRAMS = "programs"
"""As whom everything stands in a queue that belongs to no visitor of the page: together they are like one student."""


@dataclass
class Draft:
    """Filled in by the handlers of `tutor/turns/` while their events flow. Lives for one turn."""

    question: str
    session_id: str
    owner: str = PROGRAMS  # as whom this turn stands in a queue
    intent: str = "other"
    model: str = "none"
    answer: str = ""
    abstained: bool = False
    failed: bool = False
    refused: bool = False  # failed because of what was asked for, and no fault of anything here
    sources: list[Passage] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    plan: dict[str, Any] | None = None
    quiz: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    before: str = ""  # what a model without tools is told of the conversation
    mode: str = "explain"  # how the session is taught: see `tutor.teaching.modes`
    earlier: list[str] = field(default_factory=list)  # what the student sent before in this session

    nearest: Passage | None = None  # where the course comes closest to what it does not answer
    seconds: dict[str, float] = field(default_factory=dict)  # by stage: see `tutor.facts.STAGES`
    tokens: dict[str, int] = field(default_factory=dict)  # as the model counts them, where it does

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of a stage; several of one name add up."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start

    def used(self, tokens: Mapping[str, Any] | None) -> None:
        """Add what a model says that it has read and written."""
        for name in ("input_tokens", "output_tokens"):
            if isinstance(count := (tokens or {}).get(name), int):
                self.tokens[name] = self.tokens.get(name, 0) + count

    def suggest(self, *messages: str) -> None:
        """Offer messages that the student may send next: three at most, none twice, not the one just asked."""
        for message in messages:
            seen = {s.casefold() for s in (*self.suggestions, self.question)}
            if len(self.suggestions) < 3 and message.casefold() not in seen:
                self.suggestions.append(message)

    def suggest_new(self, *messages: str) -> None:
        """As `suggest`, without what the student has sent already in this conversation."""
        sent = {" ".join(text.casefold().split()).rstrip(" .!?") for text in self.earlier}
        self.suggest(*(m for m in messages if " ".join(m.casefold().split()).rstrip(" .!?") not in sent))
