"""The turns of a quiz: a question, hints rung by rung, the grade, and what to do next. No model holds a key.

    asked ─► "hint" (a nudge, where to look, the first step) ─► an answer ─► graded, explained, with its source
                                                              └► "show the solution"

A question stays open while the student asks about something else; an answer finds it again within a few turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from labs.base import Lab
from tutor.events import Event, Sources, Text
from tutor.library import Library
from tutor.planning.plan import Plan
from tutor.progress import Due, LectureProgress, PredictionProgress, ProgressStore
from tutor.quiz.choose import choose, find, lectures
from tutor.quiz.question import Question, grade, letter, shown
from tutor.sessions import Turn
from tutor.turns.draft import Draft

Wish = Literal["hint", "solution", "next", "stop", "answer"]
KIND = "quiz"
STRONG = 0.8  # mastery from which a lecture counts as strong
OPEN_FOR = 4  # turns in which an answer still finds its question
EXAM_LENGTH = 5  # questions of a quiz in exam mode
HINT, SOLUTION, NEXT, STOP = "Give me a hint", "Show the solution", "Next question", "Stop the quiz"
_POLITE = (
    r"(?:(?:please|ok|okay|can|could|may|i|you|me|have|get|give|show|need|want|a|an|the|another|one|more|with"
    r"|some|just|next)\s+)*"
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
            mine = turn.quiz.get("kind", KIND) == KIND and turn.quiz.get("state") != "over"
            return dict(turn.quiz) if mine else None
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
    if re.fullmatch(r"\(?[a-h]\)?|-?[\d.,/%\s]+", plain, re.IGNORECASE) and len(plain.split()) <= 2:
        return "answer"  # if it does not fit, the question says what would
    short = len(plain.split()) <= 5 or question.kind == "choice"
    return "answer" if short and grade(question, plain).understood else None


def start(draft: Draft, plan: Plan, progress: ProgressStore, exam: bool = False) -> Iterator[Event]:
    """Ask the first question, of the lecture that was named or of all; in an exam, say how many there will be."""
    draft.intent = "quiz"
    if plan.lecture is not None and plan.lecture not in lectures():
        have = ", ".join(map(str, lectures()))
        draft.answer = f"I have no questions on lecture {plan.lecture}. I have some on lectures {have}."
        draft.suggest(*(f"Quiz me on lecture {n}" for n in lectures()[:3]))
        yield Text(draft.answer)
        return
    before = f"Exam mode: {EXAM_LENGTH} questions, and your marks at the end.\n\n" if exam else ""
    yield from _ask(
        draft, {"lecture": plan.lecture, "asked": 0, "right": 0, "seen": []}, progress, before, exam
    )


def go_on(
    draft: Draft,
    asked: Wish,
    state: dict[str, Any],
    library: Library,
    progress: ProgressStore,
    exam: bool = False,
) -> Iterator[Event]:
    """Do what the student asks of the quiz under way; in an exam without solutions, and marks only at the end."""
    draft.intent = "quiz"
    question = find(state["id"], state["seed"])
    if exam:
        yield from _in_exam(draft, asked, state, question, progress)
        return
    if asked == "stop":
        draft.quiz = {**state, "state": "over"}
        draft.answer = (
            f"{_score(state)} Well done for practising. Ask *how am I doing?* to see your progress."
        )
        draft.suggest("How am I doing?")
        yield Text(draft.answer)
    elif asked == "next" or question is None:
        yield from _ask(draft, state, progress, "", exam)
    elif asked == "hint":
        yield from _hint(draft, question, state, library)
    elif asked == "solution":
        progress.record(draft.session_id, question, right=False, hints=len(question.hints))
        yield from _explain(
            draft, question, {**state, "asked": state["asked"] + 1}, library, "Here is how it goes."
        )
    else:
        outcome = grade(question, draft.question)
        if not outcome.understood:
            yield from _once_more(draft, question, state, outcome.said)
            return
        progress.record(draft.session_id, question, outcome.right, hints=state.get("rung", 0))
        told = {**state, "asked": state["asked"] + 1, "right": state["right"] + outcome.right}
        yield from _explain(draft, question, told, library, outcome.said)


def wants_progress(message: str) -> bool:
    return bool(_PROGRESS.search(message))


def tell_progress(draft: Draft, progress: ProgressStore, labs: Mapping[str, Lab]) -> Iterator[Event]:
    """What is strong, what is due, what to do next: from graded answers only; and how good the guesses were."""
    draft.intent = "meta"
    known, due = progress.lectures(draft.session_id), progress.due(draft.session_id)
    guesses = progress.predictions(draft.session_id)
    draft.answer = progress_words(known, due, guesses=guesses, labs=labs)
    weakest = min(known, key=lambda p: p.mastery).lecture if known else lectures()[0]
    draft.suggest(f"Quiz me on lecture {due[0].lecture if due else weakest}")
    yield Text(draft.answer)


def progress_words(
    known: Sequence[LectureProgress],
    due: Sequence[Due],
    now: datetime | None = None,
    guesses: Sequence[PredictionProgress] = (),
    labs: Mapping[str, Lab] | None = None,
) -> str:
    """The state of a student's knowledge as markdown: what is strong, what is due, what to do next."""
    parts = []
    if known:
        rows = "\n".join(
            f"| {p.lecture} | {p.mastery:.0%} | {p.right} of {p.answered} | {p.skills[0][0]} ({p.skills[0][1]:.0%}) |"
            for p in known
        )
        parts.append(f"| lecture | mastery | right | weakest skill |\n|---|---|---|---|\n{rows}")
        parts += _strong_due_next(known, due)
        parts.append("Mastery counts your newest answers to each lecture's questions.")
    else:
        parts.append(
            "You have not answered a quiz question yet, so I cannot say. Say *quiz me on lecture 9* to begin."
        )
    if guesses:
        told = "; ".join(f"{_title(g.lab, labs)}: {g.mean:.0%} of {g.count}" for g in guesses)
        parts.append(f"**Your predictions before runs** (share of the points): {told}.")
    return "\n\n".join(parts)


def _strong_due_next(known: Sequence[LectureProgress], due: Sequence[Due]) -> list[str]:
    strong = [f"lecture {p.lecture}" for p in known if p.mastery >= STRONG]
    parts = [f"**Strong:** {', '.join(strong)}."] if strong else []
    if due:
        listed = ", ".join(f"{card.skill} (lecture {card.lecture})" for card in due[:5])
        more = f" and {len(due) - 5} more" if len(due) > 5 else ""
        parts.append(f"**Due for review:** {listed}{more}.")
    else:
        parts.append("Nothing is due for review.")
    weakest = min(known, key=lambda p: p.mastery)
    lecture = due[0].lecture if due else weakest.lecture
    if not due and weakest.mastery >= STRONG:
        fresh = [n for n in lectures() if n not in {p.lecture for p in known}]
        lecture = fresh[0] if fresh else weakest.lecture
    return [*parts, f"**Next:** say *quiz me on lecture {lecture}*."]


def _title(lab: str, labs: Mapping[str, Lab] | None) -> str:
    return labs[lab].title if labs is not None and lab in labs else lab


# ---- in exam mode


def _in_exam(
    draft: Draft, asked: Wish, state: dict[str, Any], question: Question | None, progress: ProgressStore
) -> Iterator[Event]:
    """One step of an exam: a nudge at most, no word on right or wrong, and the marks when it ends."""
    open_ = question is not None and state.get("state") == "asked"
    if question is not None and asked == "answer" and not (fit := grade(question, draft.question)).understood:
        yield from _once_more(draft, question, state, fit.said, exam=True)
        return
    if asked == "stop":
        yield from _marks(draft, state)
    elif asked == "solution":
        draft.quiz = state
        yield from _refuse(draft, question, "Worked solutions wait until the exam is over.")
    elif asked == "hint" and question is not None:
        if state.get("rung", 0) >= 1 or not question.hints:
            draft.quiz = state
            yield from _refuse(draft, question, "That was the one nudge that I can give in exam mode.")
            return
        draft.quiz = {**state, "rung": 1}
        draft.answer = f"**A nudge.** {question.hints[0]}"
        _offer(draft, question, exam=True)
        yield Text(draft.answer)
    else:
        told = dict(state)
        if open_ and question is not None:
            answered = asked == "answer"
            right = answered and grade(question, draft.question).right
            if answered:
                progress.record(draft.session_id, question, right, hints=state.get("rung", 0))
            mark = {
                "id": question.id,
                "seed": question.seed,
                "right": right,
                "said": draft.question[:80] if answered else "",
            }
            told["marks"] = [*state.get("marks", ()), mark]
            told |= {"asked": state["asked"] + 1, "right": state["right"] + right, "state": "answered"}
        if told["asked"] >= EXAM_LENGTH:
            yield from _marks(draft, told)
        else:
            yield from _ask(draft, told, progress, "Noted.\n\n" if asked == "answer" else "", exam=True)


def _once_more(
    draft: Draft, question: Question, state: dict[str, Any], why: str, exam: bool = False
) -> Iterator[Event]:
    """An answer that cannot be one: say what would, and keep the question."""
    draft.quiz = state
    draft.answer = why
    _offer(draft, question, exam)
    yield Text(draft.answer)


def _refuse(draft: Draft, question: Question | None, why: str) -> Iterator[Event]:
    draft.answer = f"{why} Answer as well as you can, or say *next question*."
    if question is not None:
        _offer(draft, question, exam=True)
    yield Text(draft.answer)


def _marks(draft: Draft, state: dict[str, Any]) -> Iterator[Event]:
    """The end of an exam: which questions were right, and not how the others go."""
    marks = state.get("marks", [])
    draft.quiz = {**state, "state": "over", "marks": marks}
    rows = []
    for number, mark in enumerate(marks, start=1):
        question = find(mark["id"], mark["seed"])
        skill = f"{question.skill} (lecture {question.lecture})" if question is not None else "?"
        outcome = "right" if mark["right"] else "wrong" if mark["said"] else "not answered"
        rows.append(f"| {number} | {skill} | {outcome} |")
    if not rows:
        draft.answer = "You ended the exam before the first answer, so there are no marks."
    else:
        table = "| question | about | mark |\n|---|---|---|\n" + "\n".join(rows)
        draft.answer = (
            f"**Your marks: {state['right']} of {len(marks)}.**\n\n{table}\n\nSay *leave exam mode*, then *show the "
            "solutions*, and we go through them together."
        )
    draft.suggest("Leave exam mode", "Quiz me")
    yield Text(draft.answer)


_REVIEW = re.compile(
    rf"{_POLITE}(?:through |over |all )?(?:the |my |worked )*(?:solutions|answers|mistakes|exam)"
    r"(?:\s+(?:again|now|please))*"
    r"|(?:let us |let's )?go (?:through|over) (?:the |my |it|them).*",
    re.I,
)


def review(draft: Draft, history: Sequence[Turn], exam: bool, library: Library) -> Iterator[Event] | None:
    """The worked solutions of the last exam, once it is over and left; None for any other message."""
    if exam or not _REVIEW.fullmatch(draft.question.strip().rstrip(".!?")):
        return None
    marks = next(
        (turn.quiz["marks"] for turn in reversed(history) if turn.quiz and turn.quiz.get("marks")), None
    )
    return _reviewed(draft, marks) if marks else None


def _reviewed(draft: Draft, marks: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    draft.intent = "quiz"
    parts = []
    for number, mark in enumerate(marks, start=1):
        question = find(mark["id"], mark["seed"])
        if question is None:
            continue
        said = (
            f"You said *{mark['said']}*: {'right' if mark['right'] else 'not right'}."
            if mark["said"]
            else "Not answered."
        )
        parts.append(
            f"**Question {number}.** {question.prompt}\n\n{said}\n\n**Worked answer.** {question.solution}\n\n"
            f"Lecture {question.lecture}: *{question.heading}*"
        )
    draft.answer = "\n\n---\n\n".join(parts)
    draft.suggest("Quiz me", "How am I doing?")
    yield Text(draft.answer)


# ---- the steps


def _ask(
    draft: Draft, state: dict[str, Any], progress: ProgressStore, before: str, exam: bool = False
) -> Iterator[Event]:
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
    _offer(draft, question, exam)
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


def _offer(draft: Draft, question: Question, exam: bool = False) -> None:
    """Buttons: the letters of a choice, and the ways out."""
    letters = [letter(i) for i in range(len(question.options))]
    draft.suggestions = [*letters, *(("Give me a nudge",) if exam else (HINT,)), NEXT]


def _score(state: Mapping[str, Any]) -> str:
    asked, right = state["asked"], state["right"]
    return f"{right} of {asked} right so far." if asked else "No question was answered this time."
