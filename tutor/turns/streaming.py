"""A chat model's answer as pieces of text: interruptible, its errors in plain words, no tool markup."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tutor.events import Event, Notice, Text
from tutor.models.base import LoadedModel
from tutor.models.line import waiting_words
from tutor.turns.draft import Draft
from tutor.turns.pump import pump

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

# What models print when they would rather call a tool or think aloud, and what ends it; a student must never see it.
# Where nothing ends it (None), it goes on to the end of the message. A link keeps its words and loses its address.
_MARKUP: tuple[tuple[str, str | None], ...] = (
    ("<tool_call>", r"</tool_call>"),
    ("<tool_response>", r"</tool_response>"),
    ("<tool_use>", r"</tool_use>"),
    ("<function", r"</function[^>]*>"),
    ("<|tool_call", r"(?:end|▁end)\|>|<\|/tool_call\|>"),
    ("<|python_tag|>", None),
    ("<|", r"\|>"),
    ("<think>", r"</think>"),
    ("[TOOL_CALLS]", None),
    ("```tool_code", r"```"),
    ('{"name"', r"\}\s*\}|\}\s*\n"),
    ('{ "name"', r"\}\s*\}|\}\s*\n"),
    ("</tool_call>", r""),
    ("</think>", r""),
    ("](http", r"\)|(?=\s)"),
    ("](//", r"\)|(?=\s)"),
    ("](data:", r"\)|(?=\s)"),
    ("](javascript:", r"\)|(?=\s)"),
)
_KEPT = {opener: "]" for opener, _ in _MARKUP if opener.startswith("](")}
_CLOSERS = {opener: re.compile(closer) for opener, closer in _MARKUP if closer is not None}
_OPENERS = tuple(opener for opener, _ in _MARKUP)
HALF = 4  # letters from which the beginning of markup that is cut off is no accident


def written(
    model: LoadedModel, messages: Sequence[BaseMessage], draft: Draft, cancel: threading.Event
) -> Iterator[Event]:
    """Wait for the model's turn and yield its answer as `Text`, until it ends or `cancel` is set.

    Where others are first, a passing `Notice` says the place whenever it changes. `draft` gets the seconds and tokens.

    Raises
    ------
    ModelError
        As `stream_text`.
    """
    assert model.chat is not None
    if model.line is None:
        yield from _written(model.chat, messages, draft, cancel)
        return
    with model.line.join(draft.owner) as ticket:
        with draft.stage("queue"):
            for place in ticket.places(cancel):
                yield Notice(waiting_words(place))
        if ticket.admitted:
            yield from _written(model.chat, messages, draft, cancel)


def _written(
    chat: BaseChatModel, messages: Sequence[BaseMessage], draft: Draft, cancel: threading.Event
) -> Iterator[Event]:
    with draft.stage("model"):
        for delta in stream_text(chat, messages, cancel, draft.used):
            yield Text(delta)


def stream_text(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    cancel: threading.Event,
    used: Callable[[Mapping[str, Any] | None], None] | None = None,
) -> Iterator[str]:
    """Yield the answer's text as it comes, until it ends or `cancel` is set. `used` hears of tokens read and written.

    Raises
    ------
    ModelError
        When the model fails before or while it answers; the text so far has been yielded.
    """
    hide = MarkupFilter()
    try:
        for chunk in pump(iter(model.stream(list(messages))), cancel):
            if used is not None:
                used(getattr(chunk, "usage_metadata", None))
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
    """Take tool and thinking markup, and the addresses of links, out of a stream, however it is cut into pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._inside: str | None = None  # the opener of the markup that is being skipped

    def feed(self, piece: str) -> str:
        """Add a piece; return what is certain to be text."""
        self._held += piece
        out = ""
        while True:
            if self._inside is not None:
                closer = _CLOSERS.get(self._inside)
                end = closer.search(self._held) if closer is not None else None
                if end is None:
                    return out
                self._held = self._held[end.end() :]
                self._inside = None
                continue
            # The longest opener at the first place: "<|tool_call" before "<|".
            found = [(self._held.find(o), -len(o), o) for o in _OPENERS if o in self._held]
            keep = self._partial()
            if found and (start := min(found))[0] < len(self._held) - keep:
                at, _, opener = start
                if self._held[at:] != opener and self._longer(at, opener):
                    out += self._held[:at]
                    self._held = self._held[at:]
                    return out
                out += self._held[:at] + _KEPT.get(opener, "")
                self._held = self._held[at + len(opener) :]
                self._inside = opener
                continue
            out += self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
            return out

    def _partial(self) -> int:
        """How many letters at the end may be the beginning of markup."""
        return max((n for o in _OPENERS for n in range(1, len(o)) if self._held.endswith(o[:n])), default=0)

    def _longer(self, at: int, opener: str) -> bool:
        """Whether what is held from `at` on may still become a longer opener than the one that was found."""
        rest = self._held[at:]
        return any(o != opener and o.startswith(rest) for o in _OPENERS)

    def finish(self) -> str:
        """What was held back at the end; text inside markup that never closed stays hidden."""
        held, self._held = self._held, ""
        inside, self._inside = self._inside, None
        cut_off = len(held) >= HALF and any(opener.startswith(held) for opener in _OPENERS)
        return "" if inside is not None or cut_off else held


def without_markup(text: str) -> str:
    """A whole text as the filter would let it through."""
    hide = MarkupFilter()
    return hide.feed(text) + hide.finish()
