"""The turns in which a student chooses how to be taught: explain, Socratic or exam, and guesses before runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tutor.events import Event, Text
from tutor.sessions import SessionStore
from tutor.teaching.modes import EXAM, EXPLAIN, SOCRATIC, Mode, get_mode, set_mode, set_predict
from tutor.turns.draft import Draft

_SAID = {
    EXPLAIN: "I explain straight away again, with hints and worked solutions whenever you ask.",
    SOCRATIC: (
        "Socratic mode is on. When you ask something, I ask a small question back first. Try it, or say *tell me*; "
        "then I explain. No attempt is silly."
    ),
    EXAM: (
        "Exam mode is on. I still explain ideas, but I give no worked solutions and at most one nudge, and a quiz "
        "shows your marks at the end. Say *leave exam mode* when you are done."
    ),
}
_NEXT = {
    EXPLAIN: ("Show me an exercise of lecture 2", "Quiz me"),
    SOCRATIC: ("What is overfitting?", "Why do we decay epsilon?"),
    EXAM: ("Quiz me", "Leave exam mode"),
}


def switch(
    draft: Draft, mode: Mode, sessions: SessionStore, state: Mapping[str, Any] | None = None
) -> Iterator[Event]:
    """Keep the mode and say what it changes. An exam that is left is marked: `state` is the question that lies open."""
    draft.intent = "meta"
    before = get_mode(sessions, draft.session_id)
    set_mode(sessions, draft.session_id, mode.id)
    left_exam = before == EXAM and mode.id != EXAM
    solutions = "Show the solutions"
    draft.answer = _SAID[mode.id]
    if left_exam:
        marks = (state or {}).get("marks", ())
        told = f" You had {sum(bool(m['right']) for m in marks)} of {len(marks)} right." if marks else ""
        if state is not None and marks:
            draft.quiz = {**state, "state": "over"}
        draft.answer = (
            f"The exam is over.{told} {draft.answer} Say *{solutions.lower()}* to go through your last quiz."
        )
        draft.suggest(solutions)
    draft.suggest(*_NEXT[mode.id])
    yield Text(draft.answer)


def switch_predict(draft: Draft, on: bool, sessions: SessionStore) -> Iterator[Event]:
    draft.intent = "meta"
    set_predict(sessions, draft.session_id, on)
    if on:
        draft.answer = (
            "Good idea. Before each run I ask what you expect, and afterwards we compare. Say *skip* to run without a "
            "guess, or *no more predictions* to stop."
        )
        draft.suggest("Run the bandit with epsilon 0, 0.01 and 0.1", "Run the regression with noise 5")
    else:
        draft.answer = (
            "All right: I run experiments straight away again. Say *let me predict first* to go back."
        )
        draft.suggest("Let me predict first")
    yield Text(draft.answer)
