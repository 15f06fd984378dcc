"""A chat model's answer as pieces of text: interruptible, its errors in plain words, no tool markup."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tutor.turns.pump import pump

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

# What small models print when they would rather call a tool; a student must never see it.
_OPENERS = ("<tool_call>", "<function", "<|", "<think>")
_CLOSERS = {"<tool_call>": "</tool_call>", "<function": ">", "<|": "|>", "<think>": "</think>"}


def stream_text(
    model: BaseChatModel, messages: Sequence[BaseMessage], cancel: threading.Event
) -> Iterator[str]:
    """Yield the answer's text as it comes, until it ends or `cancel` is set.

    Raises
    ------
    ModelError
        When the model fails before or while it answers; the text so far has been yielded.
    """
    hide = MarkupFilter()
    try:
        for chunk in pump(iter(model.stream(list(messages))), cancel):
            shown = hide.feed(text_of(chunk))
            if shown:
                yield shown
    except Exception as error:
        from tutor.models.openai import explain  # the vendor's package: not imported until something failed

        raise explain(error) from error
    rest = hide.finish()
    if rest:
        yield rest


def text_of(chunk: Any) -> str:
    """The text of a message chunk, whether its content is a string or a list of blocks."""
    content = chunk.content
    if isinstance(content, str):
        return content
    return "".join(
        block if isinstance(block, str) else block.get("text", "")
        for block in content
        if isinstance(block, str) or block.get("type") == "text"
    )


class MarkupFilter:
    """Take tool and thinking markup out of a stream, however it is cut into pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._closer: str | None = None

    def feed(self, piece: str) -> str:
        """Add a piece; return what is certain to be text."""
        self._held += piece
        out = ""
        while True:
            if self._closer is not None:
                end = self._held.find(self._closer)
                if end < 0:
                    return out
                self._held = self._held[end + len(self._closer) :]
                self._closer = None
                continue
            found = [(self._held.find(o), o) for o in _OPENERS if o in self._held]
            if found:
                start, opener = min(found)
                out += self._held[:start]
                self._held = self._held[start + len(opener) :]
                self._closer = _CLOSERS[opener]
                continue
            keep = max(
                (n for o in _OPENERS for n in range(1, len(o)) if self._held.endswith(o[:n])), default=0
            )
            out += self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
            return out

    def finish(self) -> str:
        """What was held back at the end; text inside markup that never closed stays hidden."""
        held, self._held = self._held, ""
        return "" if self._closer is not None else held
