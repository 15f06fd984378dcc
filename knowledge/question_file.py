"""A file of questions to measure a course by: JSON lines, read with care, since a teacher writes them by hand.

`tutor eval` takes such a file, and `golden.jsonl` in a course's folder is one (`knowledge.golden`).

A line is `{"question": ..., "file": ..., "evidence": ...}` for a question that the course answers, where `file` is the
name of a file of the course (or a list of them) and `evidence` a short text (or several) that stands in the passage
that answers it, word for word; white space does not count. `{"question": ..., "answerable": false}` is one that the
course does not answer. A wrong line costs itself alone: it is told with its number, and the others are used.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = (
    'Each line is one question: {"question": "...", "file": "lecture_01/lecture.md", "evidence": "words that stand in '
    'the passage that answers it"}, or {"question": "...", "answerable": false} for one that the course does not '
    'answer. "file" and "evidence" may be lists; files are named as in the list of sources. Other fields are ignored.'
)
SHOWN = 60  # characters of a wrong value that an error repeats


class BadLineError(ValueError):
    """A line that cannot be used; the message says why and what to write instead."""


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    split: str = ""
    files: tuple[str, ...] = ()  # as the knowledge base names them; none for an off-course question
    evidence: tuple[str, ...] = ()

    @property
    def off(self) -> bool:
        return not self.files

    @property
    def group(self) -> str:
        """The part of the id before the number: "l1" to "l12", "world" or "ml"."""
        return self.id.rsplit("-", 1)[0]


def squeeze(text: str) -> str:
    """A text without white space: line breaks and the spacing of formulas are no difference."""
    return "".join(text.split())


def holds(question: Question, path: str, text: str) -> bool:
    """Whether a piece of the file `path` contains evidence for the question, whatever the white space."""
    plain = squeeze(text)
    return path in question.files and any(squeeze(evidence) in plain for evidence in question.evidence)


def read_questions(
    file: Path, known: Iterable[str], text_of: Callable[[str], str]
) -> tuple[list[Question], list[str]]:
    """The questions of a file, and one sentence for each line that cannot be used.

    `known` are the files of the course, `text_of` gives the whole text of one. The id of a question is its line number.
    Raises OSError or UnicodeDecodeError where the file cannot be read.
    """
    in_course = Checked(known, text_of)
    found, wrong = read_lines(file)
    questions: list[Question] = []
    for question in found:
        try:
            in_course.check(question)
            questions.append(question)
        except BadLineError as error:
            wrong[int(question.id)] = f"Line {question.id} of {file}: {error}"
    return questions, [wrong[number] for number in sorted(wrong)]


def read_lines(file: Path) -> tuple[list[Question], dict[int, str]]:
    """The questions of a file as they are written, whatever the course, and by line number why others are none.

    The id of a question is its line number. Raises OSError or UnicodeDecodeError where the file cannot be read.
    """
    questions: list[Question] = []
    wrong: dict[int, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            questions.append(_question(number, _object(line)))
        except BadLineError as error:
            wrong[number] = f"Line {number} of {file}: {error}"
    return questions, wrong


class Checked:
    """A course, to hold questions against: its files, and the text of each, read once."""

    def __init__(self, known: Iterable[str], text_of: Callable[[str], str]) -> None:
        self._names = sorted(known)
        self._texts = _Remembered(text_of)

    def check(self, question: Question) -> None:
        """Raises BadLineError where a file is not in the course, or evidence not in the files that are named."""
        for file in question.files:
            if file not in self._names:
                near = difflib.get_close_matches(file, self._names, n=3, cutoff=0.3) or self._names[:3]
                raise BadLineError(f"the course has no file {_brief(file)}; near it are {', '.join(near)}.")
        for piece in question.evidence:
            if not any(squeeze(piece) in self._texts[file] for file in question.files):
                raise BadLineError(
                    f"the evidence {_brief(piece)} does not stand in {' or '.join(question.files)}."
                )


class _Remembered(dict[str, str]):
    """Texts without white space, each read once."""

    def __init__(self, text_of: Callable[[str], str]) -> None:
        super().__init__()
        self._text_of = text_of

    def __missing__(self, path: str) -> str:
        self[path] = squeeze(self._text_of(path))
        return self[path]


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLineError(f"this is not JSON ({error.msg}, column {error.colno}).") from error
    except RecursionError as error:
        raise BadLineError("this is not JSON that can be read (too many brackets in each other).") from error
    if not isinstance(value, dict):
        raise BadLineError(f"this is {type(value).__name__}, where one object in {{}} should be.")
    return value


def _question(number: int, row: Mapping[str, Any]) -> Question:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise BadLineError(f'"question" must be a text that is not empty, and is {_brief(text)}.')
    answerable = row.get("answerable", not row.get("off", False))
    if not isinstance(answerable, bool):
        raise BadLineError(f'"answerable" must be true or false, and is {_brief(answerable)}.')
    if not answerable:
        return Question(str(number), text.strip())
    return Question(str(number), text.strip(), "", _texts(row, "file"), _texts(row, "evidence"))


def _texts(row: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = row.get(field)
    found = (value,) if isinstance(value, str) else value
    if (
        not isinstance(found, list | tuple)
        or not found
        or not all(isinstance(v, str) and v.strip() for v in found)
    ):
        raise BadLineError(
            f'"{field}" must be a text or a list of texts, and is {_brief(value)}; a question that the course does not '
            'answer needs "answerable": false instead.'
        )
    return tuple(found)


def _brief(value: Any) -> str:
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
