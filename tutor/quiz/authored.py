"""The questions that are written beside each lecture, in `quiz.yaml`; read once, and checked like code.

A file is a list. Each entry has `id`, `question`, `heading` (a heading of the lecture, word for word), `skill`,
`hints` (three rungs) and `solution`, and either `options` (each with `text` and `why`, one with `right: true`) or
`answer` (a number, with `decimals`, and `unit` where it has one, and `mistakes` as a list of {value, why}).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.paths import COURSE
from tutor.quiz.question import Option, Question

FILE = "quiz.yaml"


class BadQuizError(ValueError):
    """A quiz file that cannot be used; the message names the file, the entry and what is wrong."""


@lru_cache(maxsize=4)
def authored(course: Path = COURSE) -> dict[str, Question]:
    """Every written question of a course folder by id ("lecture_09/why-explore").

    Raises
    ------
    BadQuizError
        For the first entry that is not what the format asks for.
    """
    found: dict[str, Question] = {}
    for file in sorted(course.glob(f"*/{FILE}")):
        for question in read_quiz(file):
            if question.id in found:
                raise BadQuizError(f"{file}: the id {question.id} is used twice.")
            found[question.id] = question
    return found


def read_quiz(file: Path) -> list[Question]:
    """The questions of one file, in its order."""
    import yaml

    number = re.search(r"(\d{1,2})$", file.parent.name)
    if number is None:
        raise BadQuizError(f"{file}: its folder's name does not end in the number of a lecture.")
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadQuizError(f"{file} is not YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(entries, list):
        raise BadQuizError(f"{file} holds no list of questions.")
    return [_question(file, int(number[1]), at, entry) for at, entry in enumerate(entries, start=1)]


def _question(file: Path, lecture: int, at: int, entry: Any) -> Question:
    where = f"{file.parent.name}/{FILE}, entry {at}"
    if not isinstance(entry, Mapping):
        raise BadQuizError(f"{where} is not a mapping.")
    lacking = [
        name for name in ("id", "question", "heading", "skill", "hints", "solution") if not entry.get(name)
    ]
    if lacking:
        raise BadQuizError(f"{where} has no {lacking[0]}.")
    if ("options" in entry) == ("answer" in entry):
        raise BadQuizError(f"{where} needs either options or an answer.")
    if len(entry["hints"]) != 3:
        raise BadQuizError(f"{where} has {len(entry['hints'])} hints, and three rungs are needed.")
    decimals = int(entry.get("decimals", 2))
    try:
        return Question(
            id=f"{file.parent.name}/{entry['id']}",
            lecture=lecture,
            kind="choice" if "options" in entry else "number",
            prompt=str(entry["question"]).strip(),
            solution=str(entry["solution"]).strip(),
            heading=str(entry["heading"]).strip(),
            answer=float(entry["answer"]) if "answer" in entry else None,
            tolerance=float(entry.get("tolerance", 0.6 * 10.0**-decimals if decimals else 0.0)),
            unit=str(entry.get("unit", "")),
            decimals=decimals,
            options=tuple(
                Option(str(o["text"]).strip(), bool(o.get("right")), str(o.get("why", "")).strip())
                for o in entry.get("options", ())
            ),
            hints=tuple(str(hint).strip() for hint in entry["hints"]),
            mistakes=tuple((float(m["value"]), str(m["why"]).strip()) for m in entry.get("mistakes", ())),
            skill=str(entry["skill"]).strip(),
            source=f"{file.parent.name}/{FILE}",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadQuizError(f"{where}: {error}.") from error
