"""What the lecture tests share: where the lectures are, and their text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

LECTURES = Path(__file__).resolve().parents[2] / "knowledge" / "lectures"


@pytest.fixture
def lecture_text() -> Callable[[int], str]:
    """Text of a lecture by its number."""
    return lambda number: (LECTURES / f"lecture_{number:02d}" / "lecture.md").read_text(encoding="utf-8")


@pytest.fixture
def says(lecture_text: Callable[[int], str]) -> Callable[..., None]:
    """Check that a lecture prints each of the given pieces, which a test has just worked out.

    Blanks do not count: in a formula they change nothing that a student sees.
    """

    def check(number: int, *pieces: str) -> None:
        text = "".join(lecture_text(number).split())
        missing = [piece for piece in pieces if "".join(piece.split()) not in text]
        assert not missing, f"lecture {number} does not say {missing}"

    return check
