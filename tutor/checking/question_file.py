"""A file of questions to measure a course by: JSON lines, read with care, since a teacher writes them by hand.

A line is `{"question": ..., "file": ..., "evidence": ...}` for a question that the course answers, where `file` is the
name of a file of the course (or a list of them) and `evidence` a short text (or several) that stands in the passage
that answers it, word for word; white space does not count. `{"question": ..., "answerable": false}` is one that the
course does not answer. A wrong line costs itself alone: it is told with its number, and the others are used.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    names, texts = sorted(known), _Remembered(text_of)
    questions: list[Question] = []
    wrong: list[str] = []
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            questions.append(_question(number, _object(line), names, texts))
        except BadLineError as error:
            wrong.append(f"Line {number} of {file}: {error}")
    return questions, wrong


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
    if not isinstance(value, dict):
        raise BadLineError(f"this is {type(value).__name__}, where one object in {{}} should be.")
    return value


def _question(
    number: int, row: Mapping[str, Any], known: Sequence[str], texts: Mapping[str, str]
) -> Question:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise BadLineError(f'"question" must be a text that is not empty, and is {_brief(text)}.')
    answerable = row.get("answerable", not row.get("off", False))
    if not isinstance(answerable, bool):
        raise BadLineError(f'"answerable" must be true or false, and is {_brief(answerable)}.')
    if not answerable:
        return Question(str(number), text.strip())
    files, evidence = _texts(row, "file"), _texts(row, "evidence")
    for file in files:
        if file not in known:
            near = difflib.get_close_matches(file, known, n=3, cutoff=0.3) or list(known)[:3]
            raise BadLineError(f"the course has no file {_brief(file)}; near it are {', '.join(near)}.")
    for piece in evidence:
        if not any(squeeze(piece) in texts[file] for file in files):
            raise BadLineError(f"the evidence {_brief(piece)} does not stand in {' or '.join(files)}.")
    return Question(str(number), text.strip(), "", files, evidence)


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
