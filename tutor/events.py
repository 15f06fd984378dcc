"""What can happen in one chat turn.

`Tutor.reply` yields these in order and ends with exactly one `Done`. The page, the command line and the tests all
read the same story; nothing here knows how an event is shown. All events are frozen plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from knowledge.search import Passage
from labs.base import LabResult


@dataclass(frozen=True)
class Sources:
    """The passages that the answer will draw on. Passage i is cited in the text as `[i + 1]`."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class LabStarted:
    """A lab run was accepted. `parameters` holds every value as run; `chosen` only those that the student set."""

    run_id: str
    lab: str
    title: str
    parameters: dict[str, Any]
    chosen: dict[str, Any]


@dataclass(frozen=True)
class LabProgress:
    """`fraction` is in [0, 1]; `elapsed` is in seconds."""

    run_id: str
    fraction: float
    message: str
    elapsed: float


@dataclass(frozen=True)
class LabFinished:
    """The run ended well; `result` holds metrics, tables, charts and notes."""

    run_id: str
    result: LabResult


@dataclass(frozen=True)
class Text:
    """A piece of the answer, to be appended (markdown, with LaTeX between dollar signs)."""

    delta: str


PASSING = "One moment"
"""How a notice begins that is soon out of date: only the newest is worth showing, and none is worth keeping."""


@dataclass(frozen=True)
class Notice:
    """Something that the student should know or can act on, in one sentence. `level`: info, warning or error."""

    message: str
    level: str = "info"

    @property
    def passing(self) -> bool:
        return self.message.startswith(PASSING)


@dataclass(frozen=True)
class Done:
    """The end of the turn.

    `answer` is the final text, citations checked: it replaces what was streamed where the two differ.
    `sources` are those passages that the final answer cites, or all offered ones for a quoted answer.
    `run_ids` are the lab runs of this turn. `suggestions` are short messages that the student may send next.
    """

    answer: str
    intent: str
    model: str
    seconds: float
    abstained: bool = False
    sources: tuple[Passage, ...] = ()
    results: tuple[LabResult, ...] = ()
    suggestions: tuple[str, ...] = ()
    failed: bool = False
    details: dict[str, Any] = field(default_factory=dict)


Event = Sources | LabStarted | LabProgress | LabFinished | Text | Notice | Done
