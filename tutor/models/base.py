"""What the rest of the tutor sees of a chat model: LangChain's `BaseChatModel` and a few facts beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tutor.models.line import ModelLine
from tutor.models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

CAPABLE_PARAMETERS = 6e9
"""Local models below this size invent too much to be asked without passages."""

Progress = Callable[[int, int, str], None]
"""Bytes done, bytes in all (0: not known), what is happening."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class LoadedModel:
    """A chat model that is ready to answer, or `chat=None` for the tutor without one.

    `tool_calls`: it calls tools reliably, so LangChain's agent loop may drive it. `context_tokens`: how
    much it reads at once, question and answer together. `capable`: it may answer from general knowledge.
    `line`: the queue for a model that answers few at once; None where it takes all that come.
    `note`: why there is no model, where one was wanted.
    """

    spec: ModelSpec
    chat: BaseChatModel | None
    label: str
    tool_calls: bool = False
    context_tokens: int = 4096
    capable: bool = False
    note: str = ""
    line: ModelLine | None = field(default=None, repr=False, compare=False)
    _close: Callable[[], None] = field(default=_nothing, repr=False, compare=False)

    def close(self) -> None:
        """Let go of memory, sockets and processes; a second call does nothing."""
        self._close()


def no_model(spec: ModelSpec | None = None, note: str = "") -> LoadedModel:
    """The tutor without a model: it quotes passages and runs labs."""
    return LoadedModel(spec or ModelSpec("none"), None, "no model", note=note)
