"""Turns that need neither passages nor a run: greetings, what the tutor can do, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labs.base import Lab
from labs.permalink import format_permalink
from tutor.events import Event, Text
from tutor.library import Library
from tutor.planning.router import Plan
from tutor.prompts import NOT_COVERED
from tutor.turns.draft import Draft
from tutor.turns.wording import no_such_lab, what_i_can_do

_THANKS = ("thank", "cheers", "ta ", "nice one", "great", "brilliant", "perfect", "lovely")
_BYE = ("bye", "goodbye", "see you", "good night", "that's all", "cya")


def small_talk(draft: Draft, labs: Mapping[str, Lab]) -> Iterator[Event]:
    text = draft.question.lower()
    if any(word in f"{text} " for word in _THANKS):
        draft.answer = "You are welcome. Shall we change one number and look again?"
    elif any(word in text for word in _BYE):
        draft.answer = "Goodbye, and well done for today. Our conversation will be here when you come back."
    else:
        draft.answer = (
            "Hello! Ask me anything about the course, and I will answer from the lectures; or ask for an experiment, "
            "and we will look at what happens."
        )
    _offer(draft, labs)
    yield Text(draft.answer)


def about_the_tutor(draft: Draft, labs: Mapping[str, Lab], library: Library, model: str) -> Iterator[Event]:
    base = library.ready
    lectures = [f.title for f in base.files() if f.path.endswith(".md")] if base is not None else []
    draft.answer = what_i_can_do(labs, lectures, model)
    _offer(draft, labs)
    yield Text(draft.answer)


def unknown_experiment(draft: Draft, labs: Mapping[str, Lab]) -> Iterator[Event]:
    draft.answer = no_such_lab(labs)
    _offer(draft, labs)
    yield Text(draft.answer)


def off_course(draft: Draft, labs: Mapping[str, Lab]) -> Iterator[Event]:
    draft.abstained = True
    draft.answer = (
        f"{NOT_COVERED} I am a tutor for machine learning: ask me about a lecture, or for an experiment."
    )
    _offer(draft, labs)
    yield Text(draft.answer)


def _offer(draft: Draft, labs: Mapping[str, Lab]) -> None:
    draft.suggest(*(lab.examples[0] for lab in labs.values() if lab.examples))


def which_one(draft: Draft, plan: Plan, labs: Mapping[str, Lab]) -> Iterator[Event]:
    """Two readings are close: ask one short question, with both as buttons."""
    assert plan.alternative is not None
    choices = [reading(p, draft.question, labs) for p in (plan, plan.alternative)]
    wishes = [wish for wish, _message in choices]
    draft.answer = f"Shall I {wishes[0]}, or {wishes[1]}?"
    draft.intent = "other"
    draft.suggest(*(message for _wish, message in choices))
    yield Text(draft.answer)


def reading(plan: Plan, question: str, labs: Mapping[str, Lab]) -> tuple[str, str]:
    """A plan as a wish ("run the bandit") and as the message that would say it without doubt."""
    if plan.intent == "lab" and plan.lab is not None:
        title = labs[plan.lab].title
        return f"run the experiment *{title}*", format_permalink(plan.lab, dict(plan.parameters))
    if plan.intent == "quiz":
        return "quiz you", "Quiz me"
    if plan.intent == "meta":
        return "say what I can do", "What can you do?"
    topic = plan.topic or question.rstrip("?!. ")
    return "explain it from the lectures", f"Explain: {topic}"
