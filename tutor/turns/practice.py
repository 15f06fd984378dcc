"""What a student practises, ahead of everything else: exercises, quizzes, predictions, and how they want to be taught.

An open question (of a quiz, an exercise, a prediction, or one asked back) is kept with the turn that asked it. This
module finds it again and sees whether a message is about it. Code holds the keys and decides each step, so it is the
same with every model and with none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from labs.base import Lab
from labs.runner import LabRunner
from tutor.events import Event
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.planning.plan import Plan
from tutor.progress import ProgressStore
from tutor.sessions import SessionStore, Turn
from tutor.teaching.modes import EXAM, SOCRATIC, get_mode, get_predict, mode_wanted, predict_wanted
from tutor.turns import exercise, modes, prediction, quiz, socratic
from tutor.turns.draft import Draft
from tutor.turns.experiment import last_result

OPEN_FOR = 4  # turns in which an answer still finds its question


class Practice:
    """Holds what these turns need; keeps no conversation. Safe to share between threads."""

    def __init__(
        self,
        library: Library,
        runner: LabRunner,
        sessions: SessionStore,
        progress: ProgressStore,
        labs: Mapping[str, Lab],
    ) -> None:
        self._library, self._runner, self._sessions = library, runner, sessions
        self._progress, self._labs = progress, labs

    def steps(
        self,
        draft: Draft,
        plan: Plan,
        replan: Callable[[str], Plan],
        history: Sequence[Turn],
        model: LoadedModel,
        cancel: threading.Event,
    ) -> Iterator[Event] | None:
        """The steps of a message that is practice; None for any other. `replan` reads a part of the message."""
        if (mode := mode_wanted(draft.question)) is not None:
            return modes.switch(draft, mode, self._sessions, open_question(history))
        if (on := predict_wanted(draft.question)) is not None:
            return modes.switch_predict(draft, on, self._sessions)
        current = get_mode(self._sessions, draft.session_id)
        draft.mode = current
        state = open_question(history)
        wanted = exercise.named(draft.question, history) or exercise.pasted(draft.question, self._library)
        if wanted is not None:
            return exercise.start(draft, wanted, self._library, history, current == EXAM)
        if (
            state is not None
            and (steps := self._open(draft, plan, state, history, model, cancel)) is not None
        ):
            return steps
        if quiz.wants_progress(draft.question):
            return quiz.tell_progress(draft, self._progress, self._labs)
        if plan.intent == "quiz":
            return quiz.start(draft, plan, self._progress, current == EXAM)
        if (steps := quiz.review(draft, history, current == EXAM, self._library)) is not None:
            return steps
        if state is None and exercise.wants_help(draft.question):
            return exercise.ask_which(draft, history)
        if (steps := self._guess(draft, plan, replan, history)) is not None:
            return steps
        # For every model: whether a question is asked back must not rest on what a prompt asks of a model.
        if current == SOCRATIC and plan.intent == "question" and plan.alternative is None:
            return socratic.ask_back(draft, plan, history, self._library, self._labs, model, cancel)
        return None

    def _open(
        self,
        draft: Draft,
        plan: Plan,
        state: dict[str, Any],
        history: Sequence[Turn],
        model: LoadedModel,
        cancel: threading.Event,
    ) -> Iterator[Event] | None:
        """Go on with the question that lies open, where the message is about it."""
        kind, exam = state.get("kind", quiz.KIND), draft.mode == EXAM
        if kind == quiz.KIND:
            asked = quiz.wish(draft.question, state, plan)
            return (
                None
                if asked is None
                else quiz.go_on(draft, asked, state, self._library, self._progress, exam)
            )
        if kind == exercise.KIND:
            wanted = exercise.wish(draft.question, plan)
            return (
                None if wanted is None else exercise.go_on(draft, wanted, state, self._library, history, exam)
            )
        if kind == prediction.KIND:
            guess = prediction.wish(draft.question, state)
            if guess is None:
                return None
            previous = last_result(history, state["prediction"]["lab"])
            return prediction.go_on(
                draft, guess, state, self._runner, self._library, model, previous, self._progress, cancel
            )
        return socratic.go_on(draft, plan, state, self._library, self._labs, model, cancel)

    def _guess(
        self, draft: Draft, plan: Plan, replan: Callable[[str], Plan], history: Sequence[Turn]
    ) -> Iterator[Event] | None:
        """Ask for a guess before a run, where the student wants that for this run or for all."""
        rest = prediction.once(draft.question)
        if rest is not None and (wanted := replan(rest)).intent == "lab":
            plan = wanted
        elif not get_predict(self._sessions, draft.session_id):
            return None
        if plan.intent != "lab" or plan.lab is None or plan.alternative is not None:
            return None
        return prediction.ask_first(draft, plan, self._labs, last_result(history, plan.lab))


def open_question(history: Sequence[Turn]) -> dict[str, Any] | None:
    """The newest question of these turns that waits for an answer, as it was kept; None where none does."""
    for turn in reversed(history[-OPEN_FOR:]):
        if turn.quiz is not None:
            return dict(turn.quiz) if turn.quiz.get("state") != "over" else None
    return None
