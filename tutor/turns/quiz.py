"""The turns of a quiz: a question, hints rung by rung, the grade, and what to do next. No model holds a key.

    asked ─► "hint" (a nudge, where to look, the first step) ─► an answer ─► graded, explained, with its source
                                                              └► "show the solution"

A question stays open while the student asks about something else; an answer finds it again within a few turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from tutor.events import Event, Sources, Text
from tutor.library import Library
from tutor.planning.plan import Plan
from tutor.progress import Due, LectureProgress, ProgressStore
from tutor.quiz.choose import choose, find, lectures
from tutor.quiz.question import Question, grade, letter, shown
from tutor.sessions import Turn
from tutor.turns.draft import Draft

Wish = Literal["hint", "solution", "next", "stop", "answer"]
OPEN_FOR = 4  # turns in which an answer still finds its question
HINT, SOLUTION, NEXT, STOP = "Give me a hint", "Show the solution", "Next question", "Stop the quiz"
_POLITE = (
    r"(?:(?:please|ok|okay|can|could|may|i|you|me|have|get|give|show|need|want|a|an|the|another|one|more|with"
    r"|some|just)\s+)*"
)
_WISHES: tuple[tuple[Wish, re.Pattern[str]], ...] = (
    ("hint", re.compile(rf"{_POLITE}(?:hints?|clue|nudge|help)(?:\s+please)?|(?:i am|i'm|im) stuck|no idea|"
                        r"i (?:do not|don't|dont) know|not sure", re.I)),
    ("solution", re.compile(rf"{_POLITE}(?:solution|working|worked (?:solution|answer)|answer)(?:\s+please)?|"
                            r"i give up|give up|solve it(?: for me)?|tell me", re.I)),
    ("next", re.compile(r"(?:the )?next(?: one| question)?|skip(?: it| this(?: one)?)?|another(?: one| question)?|"
                        r"more|go on|continue|carry on", re.I)),
    ("stop", re.compile(r"(?:stop|end|quit|finish|leave|exit)(?: the| this)?(?: quiz)?|enough|no more(?: questions)?|"
                        r"that is enough|that's enough", re.I)),
)  # fmt: skip
_PROGRESS = re.compile(
    r"\b(?:my progress|my mastery|how (?:am i|have i been) doing|what (?:is|am i) due|what should i (?:revise|review"
    r"|practi[sc]e|do next|study next)|what am i (?:weak|bad|good|strong) (?:at|in))\b",
    re.I,
)


def pending(history: Sequence[Turn]) -> dict[str, Any] | None:
    """The state of the quiz that is under way, from the newest turns; None where none is."""
    for turn in reversed(history[-OPEN_FOR:]):
        if turn.quiz is not None:
            return dict(turn.quiz) if turn.quiz.get("state") != "over" else None
    return None


def wish(message: str, state: Mapping[str, Any], plan: Plan) -> Wish | None:
    """What a message asks of the quiz under way; None where it is about something else."""
    plain = message.strip().rstrip(".!?")
    for name, pattern in _WISHES:
        if pattern.fullmatch(plain):
            if name in ("hint", "solution") and state.get("state") != "asked":
                return None
            return name
    question = find(state["id"], state["seed"])
    if question is None or state.get("state") != "asked" or message.strip().endswith("?"):
        return None
    if plan.intent == "lab" and len(plain.split()) > 2:
        return None
    short = len(plain.split()) <= 5 or question.kind == "choice"
    return "answer" if short and grade(question, plain).understood else None


def start(draft: Draft, plan: Plan, progress: ProgressStore) -> Iterator[Event]:
    """Ask the first question, of the lecture that was named or of all."""
    draft.intent = "quiz"
    if plan.lecture is not None and plan.lecture not in lectures():
        have = ", ".join(map(str, lectures()))
        draft.answer = f"I have no questions on lecture {plan.lecture}. I have some on lectures {have}."
        draft.suggest(*(f"Quiz me on lecture {n}" for n in lectures()[:3]))
        yield Text(draft.answer)
        return
    yield from _ask(draft, {"lecture": plan.lecture, "asked": 0, "right": 0, "seen": []}, progress, "")


def go_on(
    draft: Draft, asked: Wish, state: dict[str, Any], library: Library, progress: ProgressStore
) -> Iterator[Event]:
    """Do what the student asks of the quiz under way."""
    draft.intent = "quiz"
    question = find(state["id"], state["seed"])
    if asked == "stop":
        draft.quiz = {**state, "state": "over"}
        draft.answer = (
            f"{_score(state)} Well done for practising. Ask *how am I doing?* to see your progress."
        )
        draft.suggest("How am I doing?")
        yield Text(draft.answer)
    elif asked == "next" or question is None:
        yield from _ask(draft, state, progress, "")
    elif asked == "hint":
        yield from _hint(draft, question, state, library)
    elif asked == "solution":
        progress.record(draft.session_id, question, right=False, hints=len(question.hints))
        yield from _explain(
            draft, question, {**state, "asked": state["asked"] + 1}, library, "Here is how it goes."
        )
    else:
        outcome = grade(question, draft.question)
        progress.record(draft.session_id, question, outcome.right, hints=state.get("rung", 0))
        told = {**state, "asked": state["asked"] + 1, "right": state["right"] + outcome.right}
        yield from _explain(draft, question, told, library, outcome.said)


def wants_progress(message: str) -> bool:
    return bool(_PROGRESS.search(message))


def tell_progress(draft: Draft, progress: ProgressStore) -> Iterator[Event]:
    """What is strong, what is due, what to do next: from graded answers only."""
    draft.intent = "meta"
    draft.answer = progress_words(progress.lectures(draft.session_id), progress.due(draft.session_id))
    known = progress.lectures(draft.session_id)
    weakest = min(known, key=lambda p: p.mastery).lecture if known else lectures()[0]
    due = progress.due(draft.session_id)
    draft.suggest(f"Quiz me on lecture {due[0].lecture if due else weakest}")
    yield Text(draft.answer)


def progress_words(known: Sequence[LectureProgress], due: Sequence[Due], now: datetime | None = None) -> str:
    """The state of a student's knowledge as markdown."""
    if not known:
        return "You have not answered a question yet, so I cannot say. Say *quiz me on lecture 9* to begin."
    rows = "\n".join(
        f"| {p.lecture} | {p.mastery:.0%} | {p.right} of {p.answered} | {p.skills[0][0]} ({p.skills[0][1]:.0%}) |"
        for p in known
    )
    table = f"| lecture | mastery | right | weakest skill |\n|---|---|---|---|\n{rows}"
    if due:
        now = now or datetime.now(UTC)
        listed = ", ".join(f"{card.skill} (lecture {card.lecture})" for card in due[:5])
        more = f" and {len(due) - 5} more" if len(due) > 5 else ""
        return f"{table}\n\n**Due for review:** {listed}{more}."
    return f"{table}\n\nNothing is due for review. Mastery counts your newest answers to each lecture's questions."


# ---- the steps


def _ask(draft: Draft, state: dict[str, Any], progress: ProgressStore, before: str) -> Iterator[Event]:
    seen = [*state["seen"], *progress.asked(draft.session_id)]
    due = [(card.lecture, card.skill) for card in progress.due(draft.session_id)]
    seed = len(seen) + sum(map(ord, draft.session_id[-6:]))
    question = choose(1, state["lecture"], seed, avoid=seen, due=due)[0]
    draft.quiz = {
        **state, "id": question.id, "seed": question.seed, "rung": 0, "state": "asked",
        "seen": [*state["seen"], question.id][-30:],
    }  # fmt: skip
    number = state["asked"] + 1
    place = f"**Question {number}** (lecture {question.lecture}: {question.skill})"
    draft.answer = f"{before}{place}\n\n{shown(question)}"
    _offer(draft, question)
    yield Text(draft.answer)


def _hint(draft: Draft, question: Question, state: dict[str, Any], library: Library) -> Iterator[Event]:
    rung = state.get("rung", 0)
    if rung >= len(question.hints):
        draft.quiz = state
        draft.answer = f"Those were all my hints. Try an answer, or say *{SOLUTION.lower()}*."
        draft.suggestions = [SOLUTION, NEXT]
        yield Text(draft.answer)
        return
    draft.quiz = {**state, "rung": rung + 1}
    draft.answer = f"**Hint {rung + 1} of {len(question.hints)}.** {question.hints[rung]}"
    if rung == 1:  # the second rung points to the passage
        yield from _source(draft, question, library)
    _offer(draft, question)
    yield Text(draft.answer)


def _explain(
    draft: Draft, question: Question, state: dict[str, Any], library: Library, said: str
) -> Iterator[Event]:
    yield from _source(draft, question, library)
    mark = " [1]" if draft.sources else ""
    draft.quiz = {**state, "state": "answered"}
    draft.answer = (
        f"{said}\n\n**Worked answer.** {question.solution}\n\nLecture {question.lecture}: "
        f"*{question.heading}*{mark}\n\n{_score(state)}"
    )
    draft.suggestions = [NEXT, STOP]
    yield Text(draft.answer)


def _source(draft: Draft, question: Question, library: Library) -> Iterator[Event]:
    """The section that answers the question, as a source to open; none while the course is not open."""
    passage = _passage(question, library)
    if passage is not None:
        draft.sources = [passage]
        yield Sources((passage,))


def _passage(question: Question, library: Library) -> Passage | None:
    base = library.ready
    if base is None:
        return None
    try:
        found = base.search(f"lecture {question.lecture}: {question.heading}", k=25)
    except KnowledgeError:
        return None
    return next((p for p in found if p.lecture == question.lecture and question.heading in p.heading), None)


def _offer(draft: Draft, question: Question) -> None:
    """Buttons: the letters of a choice, and the ways out."""
    letters = [letter(i) for i in range(len(question.options))]
    draft.suggestions = [*letters, HINT, NEXT]


def _score(state: Mapping[str, Any]) -> str:
    asked, right = state["asked"], state["right"]
    return f"{right} of {asked} right so far." if asked else "No question was answered this time."
