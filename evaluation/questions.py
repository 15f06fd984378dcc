"""The question set: what beginners ask, and where the course answers it.

Each line of questions.jsonl has `id`, `question`, `split` ("dev" or "test"), and either `file` (the lecture files that
answer it) with `evidence` (short exact strings, one of which the right passage must contain), or `"off": true` for what
the lectures cannot answer. The split follows from the id alone, so no question was put on either side on purpose. A
question that was off-course until a lecture came to answer it has a new id; none went from dev to test that way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "questions.jsonl"
LECTURES = tuple(f"lecture_{number:02d}" for number in range(1, 13))  # what the questions were written over
SPLITS = ("dev", "test")


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    split: str
    files: tuple[str, ...] = ()  # relative to the lectures' folder; none for an off-course question
    evidence: tuple[str, ...] = ()

    @property
    def off(self) -> bool:
        return not self.files

    @property
    def group(self) -> str:
        """The part of the id before the number: "l1" to "l12", "world" or "ml"."""
        return self.id.rsplit("-", 1)[0]


def split_of(question_id: str) -> str:
    """The side of the split that an id falls on."""
    return SPLITS[hashlib.sha256(question_id.encode()).digest()[0] % 2]


def load_questions(path: Path = FILE) -> list[Question]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Question(row["id"], row["question"], row["split"], _all(row.get("file")), _all(row.get("evidence")))
        for row in rows
    ]


def holds(question: Question, path: str, text: str) -> bool:
    """Whether a piece of the file `path` contains evidence for the question; white space counts as one blank."""
    plain = squeeze(text)
    return path in question.files and any(squeeze(evidence) in plain for evidence in question.evidence)


def squeeze(text: str) -> str:
    return " ".join(text.split())


def _all(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
