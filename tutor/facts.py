"""What may be told of a turn when it is over: how it went, never what was said. For the log and for the metrics.

`Watch` looks at the events of a turn as they pass. The session is known here only by a hash: whoever reads a log must
not be able to open a conversation with what stands there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tutor.events import Event, LabFinished, LabProgress, LabStarted, Text
from tutor.turns.draft import Draft

REFUSED, FAILED, STOPPED, ABSTAINED, ANSWERED = "refused", "failed", "stopped", "abstained", "answered"
OUTCOMES = (ANSWERED, ABSTAINED, STOPPED, FAILED, REFUSED)
STAGES = ("route", "search", "queue", "first_word", "model", "lab", "turn")


@dataclass(frozen=True)
class TurnFacts:
    """`seconds` holds the stages that this turn had (see STAGES); tokens are None where the model does not say."""

    session: str
    intent: str
    outcome: str
    model: str
    lab: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    tokens_read: int | None = None
    tokens_written: int | None = None

    def sentence(self) -> str:
        """The turn in one line for people."""
        what = f"{self.intent} {self.lab}".strip()
        parts = [f"{what} {self.outcome} in {self.seconds.get('turn', 0.0):.2f} s"]
        parts += [f"{s.replace('_', ' ')} {self.seconds[s]:.3f}" for s in STAGES[:-1] if s in self.seconds]
        parts.append(self.model)
        if self.tokens_written is not None:
            parts.append(f"{self.tokens_read or 0} tokens read, {self.tokens_written} written")
        return " · ".join(parts)


Watcher = Callable[[TurnFacts], None]


def short(session_id: str) -> str:
    """A session in ten characters: the same one each time, and no way back to the id."""
    return hashlib.sha256(f"session {session_id}".encode()).hexdigest()[:10]


class Watch:
    """Takes the time of what passes; one for each turn."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._first: float | None = None
        self._lab_began: float | None = None
        self._lab = 0.0

    def see(self, event: Event) -> None:
        now = time.monotonic()
        match event:
            case Text() if self._first is None:
                self._first = now - self._start
            case LabStarted():
                self._lab_began = now
            case LabProgress() | LabFinished() if self._lab_began is not None:
                self._lab += now - self._lab_began
                self._lab_began = None if isinstance(event, LabFinished) else now

    def facts(self, draft: Draft, stopped: bool) -> TurnFacts:
        seconds = dict(draft.seconds)
        if self._first is not None:
            seconds["first_word"] = self._first
        if self._lab:
            seconds["lab"] = self._lab
        seconds["turn"] = time.monotonic() - self._start
        lab = draft.runs[-1].result.lab if draft.runs else str((draft.plan or {}).get("lab") or "")
        return TurnFacts(
            session=short(draft.session_id),
            intent=draft.intent,
            outcome=_outcome(draft, stopped),
            model=draft.model,
            lab=lab if draft.intent == "lab" else "",
            seconds={stage: round(seconds[stage], 4) for stage in STAGES if stage in seconds},
            tokens_read=draft.tokens.get("input_tokens"),
            tokens_written=draft.tokens.get("output_tokens"),
        )


def _outcome(draft: Draft, stopped: bool) -> str:
    if stopped:
        return STOPPED
    if draft.failed:
        return REFUSED if draft.refused else FAILED
    return ABSTAINED if draft.abstained else ANSWERED
