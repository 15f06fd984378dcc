"""`tutor quiz` and `tutor progress`: questions with their keys and sources, and what a student has shown to know."""

from __future__ import annotations

from typing import Any

from tutor.commands.output import WrongCallError, put_json, say
from tutor.progress import ProgressStore
from tutor.quiz.choose import choose, lectures
from tutor.quiz.question import Question, letter, shown
from tutor.turns.quiz import progress_words


def print_quiz(lecture: int | None, count: int, seed: int, as_json: bool) -> int:
    """Questions of a lecture (or of all), with answers and sources."""
    if lecture is not None and lecture not in lectures():
        have = ", ".join(map(str, lectures()))
        raise WrongCallError(f"There are no questions on lecture {lecture}; choose one of {have}.")
    if not 1 <= count <= 100:
        raise WrongCallError(f"--count {count} is out of range: ask for 1 to 100 questions.")
    questions = choose(count, lecture, seed)
    if as_json:
        put_json({"questions": [_as_json(question) for question in questions]})
        return 0
    for number, question in enumerate(questions, start=1):
        say(f"{number}. (lecture {question.lecture}, {question.skill})\n{shown(question)}\n")
    say("Answers")
    for number, question in enumerate(questions, start=1):
        say(
            f"{number}. {_key(question)}  {question.solution}\n   Lecture {question.lecture}: {question.heading}"
        )
    return 0


def print_progress(store: ProgressStore, session_id: str, as_json: bool) -> int:
    """Mastery by lecture, from graded answers, what is due, and how good the guesses before runs were."""
    from labs.registry import LABS

    known, due = store.lectures(session_id), store.due(session_id)
    guesses = store.predictions(session_id)
    if as_json:
        put_json(
            {
                "lectures": [
                    {**vars(p), "skills": [{"skill": skill, "right": share} for skill, share in p.skills]}
                    for p in known
                ],
                "due": [{"lecture": d.lecture, "skill": d.skill, "due": d.due.isoformat()} for d in due],
                "coming": [
                    {"lecture": d.lecture, "skill": d.skill, "due": d.due.isoformat()}
                    for d in store.coming(session_id)
                ],
                "predictions": [vars(guess) for guess in guesses],
            }
        )
        return 0
    say(progress_words(known, due, guesses=guesses, labs=LABS))
    return 0


def _key(question: Question) -> str:
    if question.kind == "choice":
        at = next(i for i, option in enumerate(question.options) if option.right)
        return f"{letter(at)} ({question.options[at].text})."
    unit = f" {question.unit}" if question.unit else ""
    return f"{question.answer:.{question.decimals}f}{unit}."


def _as_json(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "seed": question.seed,
        "lecture": question.lecture,
        "kind": question.kind,
        "skill": question.skill,
        "question": question.prompt,
        "options": [
            {"letter": letter(i), "text": option.text, "right": option.right, "why": option.why}
            for i, option in enumerate(question.options)
        ],
        "answer": question.answer if question.kind == "number" else _key(question)[0],
        "tolerance": question.tolerance,
        "unit": question.unit,
        "hints": list(question.hints),
        "explanation": question.solution,
        "source": {
            "path": f"lecture_{question.lecture:02}/lecture.md",
            "heading": question.heading,
            "made_by": question.source,
        },
    }
