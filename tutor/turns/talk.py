"""Turns that need neither passages nor a run: greetings, what the tutor can do, and what it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labs.base import Lab
from labs.permalink import format_permalink
from tutor.events import Event, Text
from tutor.library import Library
from tutor.planning.router import Plan
from tutor.prompts import NOT_COVERED
from tutor.turns.draft import Draft
from tutor.turns.wording import no_such_lab, what_i_can_do

# What is said to small talk, by the first of these that the message speaks of.
_REPLIES = (
    (
        r"\b(?:bye|good ?bye|see (?:you|ya)|good ?night|nighty?|cya|ciao|laters?|farewell|adi[oó]s|tara|take care"
        r"|that'?s all|off to bed|(?:got|have|need|must|gotta) (?:to )?(?:go|run|dash|start)|signing off|until next)\b",
        "Goodbye, and well done for today. Our conversation will be here when you come back.",
    ),
    (
        r"\b(?:afraid|scar(?:ed|y|es)|fright\w+|nervous|anxious|anxiety|worried|terrified|daunt\w+|panic\w*|rusty"
        r"|(?:bad|rubbish|hopeless|terrible|not good) (?:at|with) (?:math|number)\w*)\b",
        "Many people begin that way, and it is fine. Each idea here comes as a picture first, with one small number "
        "worked by hand. Ask about anything, as simply as you like.",
    ),
    (
        r"\b(?:useless|rubbish|garbage|awful|terrible|hate|broken|boring|annoying|frustrat\w+|fed up|giv(?:e|ing) up"
        r"|stupid (?:thing|bot|machine|computer)|waste)\b",
        "I am sorry, that did not help. Say which part is unclear and I will try another way; or let us change one "
        "number and see what it does.",
    ),
    (
        r"\b(?:thank\w*|thx|cheers|ta|nice one|great|brilliant|perfect|lovely|appreciate\w*|helpful|legend)\b",
        "You are welcome. Shall we change one number and look again?",
    ),
)
_GREETS = re.compile(
    r"^\W*(?:hi+|hello|hey+|hiya|heya|yo|hola|salut|bonjour|hallo|howdy|g'day|(?:good )?(?:morning|afternoon|evening)"
    r"|greetings|nice to meet|my name|i am|i'?m)\b",
    re.IGNORECASE,
)
_HELLO = (
    "Hello! Ask me anything about the course, and I will answer from the lectures; or ask for an experiment, "
    "and we will look at what happens."
)
_GO_ON = "Shall we go on? Ask about anything that is not clear yet, or change one number and look again."


def small_talk(draft: Draft, labs: Mapping[str, Lab]) -> Iterator[Event]:
    text = draft.question.lower().replace("’", "'")
    fitting = (reply for pattern, reply in _REPLIES if re.search(pattern, text))
    otherwise = _GO_ON if draft.earlier and not _GREETS.match(text) else _HELLO
    draft.answer = next(fitting, otherwise)
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
