"""Asked back before told: in Socratic mode a question gets a small question first, and its answer after one attempt.

    "what is overfitting?" ─► a question of the same section ─► an attempt, or "tell me" ─► the explanation

The question back is one that the course has already: of a quiz on the same heading, or else a fixed one about the
section's own heading. Code asks it, whatever the model: a prompt that asks a model to hold back is no guarantee.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs.base import Lab
from tutor.errors import LibraryError
from tutor.events import Event, Notice, Sources, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.planning.plan import Plan
from tutor.quiz.authored import authored
from tutor.quiz.choose import find
from tutor.quiz.generators import generators
from tutor.quiz.question import Question, grade, letter, shown
from tutor.sessions import Turn
from tutor.teaching.answer import whole_section
from tutor.teaching.modes import EXPLAIN
from tutor.turns.draft import Draft
from tutor.turns.question import answer_question, as_asked, covered_passages

KIND = "socratic"
TELL = "Tell me"
_TELL = re.compile(
    r"(?:please\s+)?(?:just\s+)?(?:tell me|explain(?: it)?|say it|go on|skip(?: it)?|i give up|give up|no idea|pass"
    r"|show me"
    r"|i (?:do not|don't|dont) know|not sure|i(?:'m| am)(?: not sure| lost| stuck)|what is it|help|hint|the answer)"
    r"(?:\s+(?:please|the answer|then|now|then please))*",
    re.IGNORECASE,
)


def ask_back(
    draft: Draft,
    plan: Plan,
    history: Sequence[Turn],
    library: Library,
    labs: Mapping[str, Lab],
    model: LoadedModel,
    cancel: threading.Event,
) -> Iterator[Event]:
    """Put a question of the section that would answer; explain at once where the course does not cover the matter."""
    draft.intent = "question"
    questions = [turn.question for turn in history[-3:] if turn.intent != "lab"]
    asked = as_asked(draft.question, questions)
    try:
        base = library.ready or library.wait()
        found = covered_passages(asked, base, library)
    except LibraryError as error:
        draft.failed, draft.answer = True, str(error)
        yield Notice(str(error), "error")
        return
    if not found or not found[0].heading:
        yield from answer_question(asked, draft, library, model, labs, cancel)
        return
    passage = found[0]
    heading = passage.heading[-1]
    question = question_on(passage.lecture, heading)
    draft.quiz = {
        "kind": KIND, "state": "asked", "question": asked.text, "query": asked.query, "earlier": asked.earlier,
        "id": question.id if question else None, "seed": question.seed if question else 0,
    }  # fmt: skip
    if question is not None:
        draft.answer = (
            f"Good question. Before I explain, a small one for you; a guess is fine.\n\n{shown(question)}"
        )
        draft.suggestions = [*(letter(i) for i in range(len(question.options))), TELL]
    else:
        wanted = f"*{heading}*" if heading.endswith("?") else f"what comes to your mind about *{heading}*?"
        terms = [
            term
            for term in dict.fromkeys(_terms(whole_section(base, passage)))
            if term.lower() not in heading.lower()
        ]
        words = f" These words may help: {', '.join(terms[:4])}." if terms else ""
        draft.answer = (
            f"Good question. Before I explain, have a go yourself: {wanted} One sentence is enough, and a rough idea "
            f"is fine.{words} Or say *tell me*."
        )
        draft.suggestions = [TELL]
    yield Text(draft.answer)


def _terms(text: str) -> list[str]:
    """The words that a section prints in bold: what its explanation is made of."""
    found = [term.strip(" .:,") for term in re.findall(r"\*\*([^*$\n]{3,30})\*\*", text)]
    return [term for term in found if len(term) > 3 and len(term.split()) <= 3]


def question_on(lecture: int | None, heading: str) -> Question | None:
    """A quiz question whose answer stands under that heading: one in words before one with numbers."""
    written = [q for q in authored().values() if q.lecture == lecture and q.heading == heading]
    if written:
        return min(written, key=lambda q: (q.kind != "choice", q.id))
    for maker in generators().values():
        if maker.lecture == lecture:
            made = find(maker.id, 1)
            if made is not None and made.heading == heading:
                return made
    return None


def go_on(
    draft: Draft,
    plan: Plan,
    state: Mapping[str, Any],
    library: Library,
    labs: Mapping[str, Lab],
    model: LoadedModel,
    cancel: threading.Event,
) -> Iterator[Event] | None:
    """Explain after an attempt, or on "tell me"; None for a message about something else."""
    plain = " ".join(draft.question.replace("’", "'").split()).strip(" .!?")
    question = find(state["id"], state["seed"]) if state.get("id") else None
    graded = grade(question, plain) if question is not None else None
    if _TELL.fullmatch(plain):
        said = ""
    elif graded is not None and graded.understood and not draft.question.strip().endswith("?"):
        said = graded.said
    elif (
        plan.intent in ("lab", "quiz", "meta")
        or draft.question.strip().endswith("?")
        or re.match(r"(?:what|why|how|explain|tell me about|describe)\b", plain, re.IGNORECASE)
    ):
        return None
    else:
        said = (
            "Thank you for trying: putting it into words is half of learning it. Compare it with the course."
        )
    return _tell(draft, state, said, library, labs, model, cancel)


def _tell(
    draft: Draft,
    state: Mapping[str, Any],
    said: str,
    library: Library,
    labs: Mapping[str, Lab],
    model: LoadedModel,
    cancel: threading.Event,
) -> Iterator[Event]:
    from tutor.turns.question import Asked

    draft.intent = "question"
    if said:
        yield Text(f"{said}\n\n")
    draft.mode = EXPLAIN  # the attempt was made: a capable model must not ask back once more
    asked = Asked(state["question"], state["query"], state["earlier"])
    for event in answer_question(asked, draft, library, model, labs, cancel):
        # What was said of the attempt stays in front of the explanation.
        yield Sources(event.passages) if isinstance(event, Sources) else event
    if said:
        draft.answer = f"{said}\n\n{draft.answer}"
    draft.quiz = {**state, "state": "over"}
