"""How a chat model is named: openai:NAME, hf:ORG/NAME, hf:FOLDER, gguf:NAME, gguf:FILE, none or auto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tutor.errors import BadSpecError

Kind = Literal["openai", "hf", "gguf", "none", "auto"]


@dataclass(frozen=True)
class ModelSpec:
    """A model by kind and name; `none` and `auto` have no name."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse_spec(text: str) -> ModelSpec:
    """Read a specification. Names keep their case and may hold colons (`openai:llama3:8b`).

    Raises
    ------
    BadSpecError
        When it has no known kind, lacks a name, or has one where there is none to give.
    """
    head, colon, rest = text.strip().partition(":")
    kind, name = head.strip().lower(), rest.strip()
    if kind in ("none", "auto"):
        if colon:
            raise BadSpecError(text, f"is not a model: {kind} takes no name")
        return ModelSpec(kind)  # type: ignore[arg-type]
    if kind not in get_args(Kind):
        raise BadSpecError(text)
    if not name:
        raise BadSpecError(text, "lacks the model's name")
    return ModelSpec(kind, name)  # type: ignore[arg-type]
