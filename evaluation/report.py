"""Tables and sections of docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """`parts` go to the page, in order; `misses` are lines for whoever improves the tutor, and only printed.

    Misses come from the dev split alone: whoever reads those of the test split has spent it.
    """

    title: str
    parts: list[str]
    misses: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        return "\n\n".join([f"## {self.title}", *self.parts]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [list(map(str, head)), ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
