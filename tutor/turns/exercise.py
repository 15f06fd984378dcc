"""The turns of a lecture's exercise: the task, then hint by hint as far as the student asks, or their number checked.

"help me with exercise 2 of lecture 3" ─► the task ─► "hint": a nudge ─► where to look ─► the first step ─► solved
                                                  └► "0.75": right, partly right, or not
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from knowledge.search import KnowledgeBase, Passage
from tutor.checking.sentences import split_sentences
from tutor.events import Event, Sources, Text
from tutor.library import Library
from tutor.planning.plan import KNOWN, Plan
from tutor.sessions import Turn
from tutor.teaching import exercises as ladder
from tutor.teaching.exercises import Exercise
from tutor.turns.draft import Draft
from tutor.turns.wording import quoted, source_line

KIND = "exercise"
HINT, SOLUTION = "Next hint", "Show the solution"
NO_ANSWER = (
    "The course gives no worked answer to this exercise, and I will not make one up. I have a nudge and the passage to "
    "read; beyond that, ask me about any step, or ask your teacher."
)
RUNGS = ("a nudge", "where to look", "the first step", "the worked solution")
_NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "one first", "two second", "three third", "four fourth", "five fifth", "six sixth", "seven seventh",
            "eight eighth", "nine ninth", "ten tenth",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_N = rf"(\d{{1,2}}|{'|'.join(_NUMBER_WORDS)})"
_SPELT = r"(?:exercises?|excercises?|exercices?|exersises?|exercizes?|excersises?)"
_NAMED = re.compile(
    rf"\b(?:{_SPELT}|ex\.?)\s*(?:number|no\.?|nr\.?|#)?\s*{_N}\b|\b{_N}\s+{_SPELT}\b", re.IGNORECASE
)
_LIST = re.compile(
    rf"\b(?:which|what|list|show|give|see|any|do|help|try|stuck|start|got|have|are)\b.*\b{_SPELT}\b|^\W*{_SPELT}\b",
    re.IGNORECASE,
)
_ONE = re.compile(rf"\b(?:an|another|next|one|some)\s+(?:more\s+)?{_SPELT}\b", re.IGNORECASE)
_LECTURE = re.compile(
    rf"\b(?:lecture|lec|week|chapter|session|unit|lesson)\s*(?:number|no\.?)?\s*{_N}\b", re.IGNORECASE
)
_MANY = re.compile(r"\ball\s+(?:the\s+)?exercises\b", re.IGNORECASE)

_ASKS = (
    r"(?:(?:please|ok|okay|so|can|could|may|i|you|me|have|get|give|show|need|want|a|an|the|another|one|more|with|some"
    r"|just|next|my|see|tell|now|and|your)\s+)*"
)
Wish = Literal["hint", "solution", "next", "stop", "answer"]
_WISHES: tuple[tuple[Wish, re.Pattern[str]], ...] = (
    ("hint", re.compile(
        rf"{_ASKS}(?:hints?|clues?|nudge|help|rung|pointer|first step|where (?:should|do|to) (?:i )?look)(?:\s+please)?"
        r"|(?:i am|i'm|im)(?: still| really| completely)? (?:stuck|lost)(?: again)?|no idea|not sure|still stuck"
        r"|i (?:still )?(?:do not|don't|dont|can't|cannot) (?:know|get it|understand|do it|see it)"
        r"|what (?:now|next)|next",
        re.I)),
    ("solution", re.compile(
        rf"{_ASKS}(?:full |whole |worked |complete )*(?:solutions?|answers?|working)(?:\s+please)?|(?:i )?give up"
        r"|solve it(?: for me)?|tell me(?: the answer)?|what is the (?:answer|solution)"
        r"|how (?:is|do you do) it(?: done)?",
        re.I)),
    ("next", re.compile(rf"{_ASKS}{_SPELT}(?:\s+please)?", re.I)),
    ("stop", re.compile(r"(?:stop|end|quit|finish|leave|enough)(?: the| this)?(?: exercise)?|never ?mind", re.I)),
)  # fmt: skip
_ALONE = re.compile(
    rf"{_ASKS}(?:hints?|nudge)(?:\s+please)?|(?:i am|i'm|im)(?: still| really| completely)? (?:stuck|lost)"
    rf"|{_ASKS}(?:worked )?solutions?(?:\s+please)?|still stuck|[a-h]\)?",
    re.IGNORECASE,
)
_ATTEMPT = re.compile(
    r"^(?:(?:my|the) answer(?: is|:)?|answer:|i (?:think|guess|got|get|say|have)|is it|it(?:'s| is)|maybe|so)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Named:
    """The exercise that a message names: `number` None asks which there are, or (`fresh`) for any not seen yet."""

    lecture: int | None
    number: int | None
    fresh: bool = False


def named(message: str, history: Sequence[Turn]) -> Named | None:
    """The exercise of the course that a message is about; None for a message that names none."""
    said = _LECTURE.search(message)
    lecture = _value(said[1]) if said else None
    rest = _LECTURE.sub(" ", message)
    found = _NAMED.search(rest)
    asks = _ONE.match(rest.strip()) or (_LIST.search(rest) and (said or _ONE.search(rest)))
    if found is None and not (asks and len(rest.split()) <= 14):
        return None
    if lecture is None:
        lecture = _lecture_lately(history)
    if found is not None:
        return Named(lecture, _value(found[1] or found[2]))
    return Named(lecture, None, fresh=bool(_ONE.search(rest)) and not _MANY.search(rest))


def pasted(message: str, library: Library) -> Named | None:
    """The exercise whose text was typed or pasted, so that its answer is not quoted before it is asked for."""
    base = library.ready
    found = ladder.pasted(base, message) if base is not None and len(message) > 50 else None
    return Named(found.lecture, found.number) if found is not None else None


def _value(text: str) -> int:
    return _NUMBER_WORDS.get(text.lower()) or int(text)


def _lecture_lately(history: Sequence[Turn]) -> int | None:
    """The lecture that the conversation was about last."""
    for turn in reversed(history):
        state = turn.quiz or {}
        if state.get("kind") == KIND:
            return int(state["lecture"])
        if turn.sources and turn.sources[0].lecture is not None:
            return turn.sources[0].lecture
    return None


def wish(message: str, plan: Plan) -> Wish | None:
    """What a message asks of the exercise that lies open; None where it is about something else."""
    plain = " ".join(message.replace("’", "'").split()).strip(" .!?")
    for name, pattern in _WISHES:
        if pattern.fullmatch(plain):
            return name
    words = len(plain.split())
    if message.strip().endswith("?") and not plain.lower().startswith("is it"):
        return None
    quiz = (
        plan.intent == "quiz" and plan.confidence >= KNOWN
    )  # an attempt may sound like a wish for a question
    if _ATTEMPT.match(plain) and words <= 20 and plan.intent != "lab" and not quiz:
        return "answer"
    if quiz or (plan.intent == "lab" and words > 3):
        return None
    return "answer" if ladder.numbers_in(plain) and words <= 8 else None


def wants_help(message: str) -> bool:
    """Whether a message asks for a hint or a solution, or answers, where nothing lies open that it could mean."""
    plain = " ".join(message.replace("’", "'").split()).strip(" .!?")
    return _ALONE.fullmatch(plain) is not None


def ask_which(draft: Draft, history: Sequence[Turn]) -> Iterator[Event]:
    """Stuck, but at what? Offer the ways in."""
    draft.intent = "quiz"
    lecture = _lecture_lately(history) or 2
    yield from _say(
        draft,
        "No exercise or question is open just now. Tell me which exercise you mean, for example *exercise 1 of lecture "
        f"{lecture}*, or ask me about the idea that puzzles you.",
        f"Help me with exercise 1 of lecture {lecture}", f"Quiz me on lecture {lecture}",
    )  # fmt: skip


def start(
    draft: Draft, wanted: Named, library: Library, history: Sequence[Turn], exam: bool
) -> Iterator[Event]:
    """Show the exercise that was named, or the list to choose from."""
    draft.intent = "quiz"
    base = library.ready or library.wait()
    have = ladder.lectures_with_exercises(base)
    if not have:
        yield from _say(
            draft, "This course has no exercises that I can find. Ask me to *quiz you* instead.", "Quiz me"
        )
        return
    if wanted.lecture is None or wanted.lecture not in have:
        told = (
            "Which lecture is it in?"
            if wanted.lecture is None
            else f"I find no exercises in lecture {wanted.lecture}."
        )
        which = f"There are exercises in lectures {_listed(have)}."
        begin = f"exercise {wanted.number}" if wanted.number else "the exercises"
        yield from _say(draft, f"{told} {which}", *(f"Help me with {begin} of lecture {n}" for n in have[:3]))
        return
    found = ladder.exercises_of(base, wanted.lecture)
    number = wanted.number
    if wanted.fresh:
        seen = {(t.quiz or {}).get("number") for t in history if (t.quiz or {}).get("kind") == KIND
                and (t.quiz or {}).get("lecture") == wanted.lecture}  # fmt: skip
        number = next((one.number for one in found if one.number not in seen), found[0].number)
    exercise = next((one for one in found if one.number == number), None)
    if exercise is None:
        rows = "\n".join(f"- **{one.number}.** {_short(one.text)}" for one in found)
        draft.quiz = {"kind": KIND, "lecture": wanted.lecture, "number": None, "state": "over"}
        told = "These are" if number is None else f"There is no exercise {number}. These are"
        yield from _say(
            draft, f"{told} the exercises of lecture {wanted.lecture}:\n\n{rows}",
            *(f"Help me with exercise {one.number} of lecture {wanted.lecture}" for one in found[:3]),
        )  # fmt: skip
        return
    draft.quiz = _state(exercise, 0)
    first = f"**Exercise {exercise.number} of lecture {exercise.lecture}**\n\n{exercise.text}"
    how = (
        "Try it, and type your numbers: I check them."
        if exercise.answer and not exam
        else "Try it on paper first."
    )
    more = "I can give one nudge in exam mode" if exam else "say *hint* whenever you want one"
    yield from _say(draft, f"{first}\n\n{how} {_first(more)}.", "Give me a hint", *_ways_out(exercise, exam))


def go_on(
    draft: Draft,
    wanted: Wish,
    state: Mapping[str, Any],
    library: Library,
    history: Sequence[Turn],
    exam: bool,
) -> Iterator[Event]:
    """Do what the student asks of the exercise that lies open."""
    draft.intent = "quiz"
    base = library.ready or library.wait()
    lecture, number, rung = int(state["lecture"]), int(state["number"]), int(state["rung"])
    exercise = next((one for one in ladder.exercises_of(base, lecture) if one.number == number), None)
    if wanted == "next" or exercise is None:
        yield from start(draft, Named(lecture, None, fresh=True), library, history, exam)
    elif wanted == "stop":
        draft.quiz = {**state, "state": "over"}
        yield from _say(
            draft,
            "All right, we leave it there. It will be here when you come back.",
            f"Quiz me on lecture {lecture}",
        )
    elif wanted == "answer":
        yield from _check(draft, exercise, rung, exam)
    elif exam and (wanted == "solution" or rung >= 1):
        draft.quiz = dict(state)
        if wanted == "solution":
            told = "Worked solutions wait until the exam is over."
        else:
            told = "That was the one nudge that I can give in exam mode."
        told += " Say *leave exam mode* when you are done."
        yield from _say(draft, told, "Leave exam mode")
    elif wanted == "solution" and not exercise.answer:
        draft.quiz = dict(state)
        yield from _say(draft, NO_ANSWER, *((HINT,) if rung < 2 else _after(exercise)))
    else:
        yield from _rung(draft, exercise, len(RUNGS) if wanted == "solution" else rung + 1, base, exam)


def _rung(draft: Draft, exercise: Exercise, rung: int, base: KnowledgeBase, exam: bool) -> Iterator[Event]:
    top = len(RUNGS) if exercise.answer else 2
    if rung > top:
        draft.quiz = _state(exercise, top)
        told = (
            "You have seen the whole solution. Shall we try the next exercise?"
            if exercise.answer
            else NO_ANSWER
        )
        yield from _say(draft, told, *_after(exercise))
        return
    draft.quiz = _state(exercise, rung, over=rung == len(RUNGS))
    of = "**A nudge.**" if exam else f"**Hint {rung} of {top}: {RUNGS[rung - 1]}.**"
    if rung == 1:
        more = () if exam else (HINT, *_ways_out(exercise, exam))
        yield from _say(draft, f"{of} {_nudge(exercise, base)}", *more)
    elif rung == 2:
        passage = ladder.passage_for(base, exercise)
        if passage is None:
            yield from _say(draft, f"{of} Look through lecture {exercise.lecture} once more.", HINT, SOLUTION)
            return
        draft.sources = [passage]
        yield Sources((passage,))
        told = (
            f"{of} Read this part of lecture {exercise.lecture} again:\n\n{quoted(passage, base)}\n\n"
            f"{source_line([passage])}"
        )
        yield from _say(draft, told, *((HINT, SOLUTION) if exercise.answer else _after(exercise)))
    elif rung == 3:
        step = ladder.first_step(exercise.answer)
        told = (
            f"It begins like this: {step}{'' if step.endswith(('.', '$', '…')) else ' …'}\n\nCan you go on from there?"
            if step
            else "There is just one step in this one, and you have the passage that it needs. Put it into your own "
            "words before you look at the solution."
        )
        yield from _say(draft, f"{of} {told}", HINT, SOLUTION)
    else:
        source = _section(base, exercise)
        if source is not None:
            draft.sources = [source]
            yield Sources((source,))
        mark = f"\n\n{source_line([source])}" if source is not None else ""
        told = f"**The worked solution of {exercise.name}.**\n\n{exercise.text}\n\n{exercise.answer}{mark}"
        yield from _say(draft, told, *_after(exercise))


def _nudge(exercise: Exercise, base: KnowledgeBase) -> str:
    """What is wanted, and the word of the glossary that matters: the exercise's own words, no step of the answer."""
    pieces = [piece.strip() for piece in split_sentences(exercise.text) if piece.strip()]
    wanted = [piece for piece in pieces if piece.endswith("?")] or pieces[-1:]
    given = [piece for piece in pieces if piece not in wanted]
    entry = ladder.glossary_entry(base, exercise)
    told = f"What is wanted is this: *{' '.join(wanted)}*"
    if given:
        told += " Write down what you are given first, one thing on a line."
    if entry:
        told += f"\n\nA word that matters here, from the glossary: {entry}"
    return f"{told}\n\nWhich rule of the lecture joins the two? Try it; a wrong try costs nothing."


def _check(draft: Draft, exercise: Exercise, rung: int, exam: bool) -> Iterator[Event]:
    """A student's numbers against the worked answer, which is never told here."""
    draft.quiz = _state(exercise, rung)
    if exam:
        yield from _say(
            draft, "Noted. In exam mode I do not check exercises; leave it to compare.", "Leave exam mode"
        )
        return
    found = ladder.check_answer(exercise, draft.question)
    if found is None or not found.known:
        why = (
            "The course gives no worked answer to compare with."
            if not exercise.answer
            else "I can only check numbers, and this answer is in words: compare it with the worked solution yourself."
        )
        yield from _say(
            draft,
            f"Thank you, that is how one learns. {why}",
            *((HINT, SOLUTION) if exercise.answer else (HINT,)),
        )
    elif found.right:
        draft.quiz = _state(exercise, rung, over=False)
        yield from _say(
            draft, "**Right.** That is what the worked answer comes to. Look at the solution to compare the way.",
            SOLUTION, *_after(exercise),
        )  # fmt: skip
    elif found.partly:
        yield from _say(
            draft, "**That is right as far as it goes:** it stands in the worked answer. There is more to find; go on.",
            HINT, SOLUTION,
        )  # fmt: skip
    else:
        yield from _say(
            draft,
            "**Not yet:** the worked answer has something else. Try again, or take a hint.",
            HINT,
            SOLUTION,
        )


def _section(base: KnowledgeBase, exercise: Exercise) -> Passage | None:
    """The section with the exercises, as a source to open."""
    found = base.search(f"{exercise.heading[-1] if exercise.heading else ''} {exercise.text}", k=30)
    return next((p for p in found if p.path == exercise.path and p.heading == exercise.heading), None)


def _state(exercise: Exercise, rung: int, over: bool = False) -> dict[str, Any]:
    return {
        "kind": KIND, "lecture": exercise.lecture, "number": exercise.number, "rung": rung,
        "state": "over" if over else "asked",
    }  # fmt: skip


def _ways_out(exercise: Exercise, exam: bool) -> tuple[str, ...]:
    return (SOLUTION,) if exercise.answer and not exam else ()


def _after(exercise: Exercise) -> tuple[str, ...]:
    return ("Next exercise", f"Quiz me on lecture {exercise.lecture}")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    pieces = split_sentences(plain)
    return pieces[0].strip() + (" …" if len(pieces) > 1 else "")


def _listed(numbers: Sequence[int]) -> str:
    told = ", ".join(map(str, numbers[:-1]))
    return f"{told} and {numbers[-1]}" if told else str(numbers[-1])


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say(draft: Draft, text: str, *suggestions: str) -> Iterator[Event]:
    draft.answer = text
    draft.suggestions = list(dict.fromkeys(suggestions))  # "Next hint" may follow upon "next hint"
    yield Text(text)
