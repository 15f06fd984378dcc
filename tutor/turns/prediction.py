"""Predict, then run, in the chat: ask for a guess, wait for it, run, compare, keep the score.

"let me predict first" ─► (each run) a question ─► a guess ─► the run ─► guess and result side by side
                                                 └► "skip" ─► the run
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from labs.base import Lab, LabResult
from labs.fields import as_text
from labs.runner import LabRunner
from tutor.events import Event, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.planning.plan import Plan
from tutor.progress import ProgressStore
from tutor.quiz.question import letter
from tutor.teaching.prediction import Guess, Prediction, ask, read_guess, score
from tutor.turns.draft import Draft
from tutor.turns.experiment import run_experiment

KIND = "prediction"
SKIP = "Skip, just run it"
_SKIP = re.compile(
    r"(?:please\s+)?(?:skip(?: it| this| the guess)?|just run(?: it)?|run it|go|go on|go ahead"
    r"|i (?:do not|don't|dont) know"
    r"|no idea|not sure|pass|no guess|whatever)(?:,? (?:and |just )*run it)?(?:\s+please)?",
    re.IGNORECASE,
)
_STOP = re.compile(r"(?:stop|cancel|never ?mind|forget it|leave it|no)(?: thanks| thank you)?", re.IGNORECASE)
_FIRST = re.compile(
    r"^\s*(?:please\s+)?(?:(?:let me|let's|i want to|i'd like to|i will|i'll|can i|ask me to)\s+)?(?:predict|guess)"
    r"(?:\s+(?:first|what happens|the result|the winner))*\s*(?:,|:|;|\.)?\s*(?:(?:and|then|before|,)\s+)+"
    r"(?:you\s+)?(?:please\s+)?"
    r"(?=run|train|fit|compare|try|simulate|solve|play|start|show|now)",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\s*[,.;:]?\s*(?:but\s+|and\s+)?(?:let me|i want to|i'd like to|i'll)\s+(?:predict|guess)"
    r"(?:\s+(?:first|before|what happens|the result|it))*\s*(?:please)?\s*[.!]*\s*$",
    re.IGNORECASE,
)


def once(message: str) -> str | None:
    """What is to be run, where a message asks to guess first, this once; None for any other message."""
    plain = message.replace("’", "'")
    for pattern in (_FIRST, _LAST):
        rest = pattern.sub("", plain, count=1).strip()
        if rest != plain.strip() and len(rest.split()) >= 2:
            return rest
    return None


def ask_first(
    draft: Draft, plan: Plan, labs: Mapping[str, Lab], previous: LabResult | None
) -> Iterator[Event] | None:
    """The steps that ask for a guess; None where there is nothing to guess."""
    if plan.lab is None:
        return None
    prediction = ask(labs[plan.lab], plan.parameters, previous)
    return None if prediction is None else _put(draft, plan, prediction, labs[plan.lab])


def _put(draft: Draft, plan: Plan, prediction: Prediction, lab: Lab) -> Iterator[Event]:
    draft.intent = "lab"
    draft.plan = {"lab": lab.id, "parameters": dict(plan.parameters)}
    draft.quiz = {"kind": KIND, "state": "asked", "prediction": prediction.to_dict()}
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_told(value)}" for name, value in plan.parameters.items()
    )
    run = f"*{lab.title}*{f' ({settings})' if settings else ''}"
    draft.answer = f"Before I run {run}: what do you think happens?\n\n{prediction.question}"
    draft.suggestions = [*(letter(i) for i in range(len(prediction.options))), SKIP]
    yield Text(draft.answer)


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        told = [_told(one) for one in value]
        return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told)
    return as_text(value).replace("_", " ")


Wish = Literal["skip", "stop"]


def wish(message: str, state: Mapping[str, Any]) -> Wish | Guess | None:
    """What a message does with the open question: a guess, "skip", "stop"; None where it is about something else."""
    plain = " ".join(message.split()).strip(" .!")
    if _SKIP.fullmatch(plain):
        return "skip"
    if _STOP.fullmatch(plain):
        return "stop"
    if plain.endswith("?") or len(plain.split()) > 8:
        return None
    return read_guess(Prediction.from_dict(state["prediction"]), plain)


def go_on(
    draft: Draft,
    wanted: Wish | Guess,
    state: Mapping[str, Any],
    runner: LabRunner,
    library: Library,
    model: LoadedModel,
    previous: LabResult | None,
    progress: ProgressStore,
    cancel: threading.Event,
) -> Iterator[Event]:
    """Run what was asked for, and compare where there is a guess."""
    prediction = Prediction.from_dict(state["prediction"])
    draft.intent = "lab"
    if wanted == "stop":
        draft.intent = "other"
        draft.quiz = {**state, "state": "over"}
        draft.answer = "All right, I did not run it."
        yield Text(draft.answer)
        return

    def compared(result: LabResult) -> str:
        if isinstance(wanted, str):
            return ""
        outcome = score(prediction, wanted, result)
        if outcome is None:
            return "Your guess cannot be compared: this run gave no such number."
        progress.record_prediction(draft.session_id, prediction, outcome)
        return outcome.said

    yield from run_experiment(
        prediction.lab, prediction.parameters, draft, runner, library, model, previous, cancel, first=compared
    )
    draft.quiz = {**state, "state": "over"}
