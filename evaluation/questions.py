"""The question set: what beginners ask, and where the course answers it.

Each line of questions.jsonl has `id`, `question`, `split` ("dev" or "test"), and either `file` (the lecture files that
answer it) with `evidence` (short exact strings, one of which the right passage must contain), or `"off": true` for what
the lectures cannot answer. The split follows from the id alone, so no question was put on either side on purpose. A
question that was off-course until a lecture came to answer it has a new id; none went from dev to test that way.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from knowledge.question_file import Question, holds, squeeze

__all__ = ["Question", "holds", "load_covered", "load_questions", "split_of", "squeeze"]

FILE = Path(__file__).parent / "questions.jsonl"
BLIND = Path(__file__).parent / "coverage_blind.jsonl"
EVERYDAY = Path(__file__).parent / "coverage_everyday.jsonl"
LECTURES = tuple(f"lecture_{number:02d}" for number in range(1, 13))  # what the questions were written over
SPLITS = ("dev", "test")


def split_of(question_id: str) -> str:
    """The side of the split that an id falls on."""
    return SPLITS[hashlib.sha256(question_id.encode()).digest()[0] % 2]


def load_questions(path: Path = FILE) -> list[Question]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Question(row["id"], row["question"], row["split"], _all(row.get("file")), _all(row.get("evidence")))
        for row in rows
    ]


def load_covered(path: Path) -> list[Question]:
    """Questions on which only one thing is asked, whether the course answers them: of BLIND, say.

    Their split is what their ids begin with.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Question(
            row["id"], row["question"], row["id"].partition("-")[0], () if row["off"] else ("the course",)
        )
        for row in rows
    ]


def _all(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
