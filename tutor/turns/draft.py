"""What a turn has gathered so far; becomes the `Done` event and the saved `Turn`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from knowledge.search import Passage
from tutor.sessions import Run


@dataclass
class Draft:
    """Filled in by the handlers of `tutor/turns/` while their events flow. Lives for one turn."""

    question: str
    session_id: str
    intent: str = "other"
    model: str = "none"
    answer: str = ""
    abstained: bool = False
    failed: bool = False
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
