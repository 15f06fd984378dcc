"""What a section holds for a question besides its opening: the same question asked there, a list of kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.teaching.blocks import Block, content_words, opening

FOCUS = 60  # words
LISTED = 110  # words of a list, a table or paragraphs side by side
_REJECTED = re.compile(r"\bwhy\b.+?\b(?:(?:and|but) not|instead of|rather than)\b(.+)", re.IGNORECASE)


def rejected(question: str) -> set[str]:
    """The words for what a "why this and not that?" rejects; empty for other questions."""
    found = _REJECTED.search(question)
    return content_words(found[1]) if found is not None else set()


def first_items(block: Block) -> str:
    """The list, or as many of its first items as are read in a moment."""
    kept: list[str] = []
    for item in block.items:
        if kept and sum(len(one.split()) for one in kept) + len(item.split()) > LISTED:
            break
        kept.append(item)
    return "\n".join(kept)


def own_question(blocks: Sequence[Block], taken: set[int], question: str) -> str:
    """A paragraph that asks the student's own question and answers it: "Why square? A square is never ..."."""
    said = set(re.findall(r"\b(what|why|how|when|which|who|is|are|do|does|can)", question.lower()))
    asked = content_words(question)
    for at, block in enumerate(blocks):
        asks = (
            re.match(r"\W*([a-z]+)\b[^.?!]*\?", block.text, re.IGNORECASE) if block.kind == "text" else None
        )
        if asks is None or at in taken or asks[1].lower() not in said:
            continue
        own = content_words(asks[0])
        if own & rejected(question) or (own & asked and 2 * len(own & asked) >= len(own)):
            taken.add(at)
            return opening(block, FOCUS)
    return ""


def kinds(blocks: Sequence[Block], taken: set[int], question: str) -> str:
    """The list whose items name kinds of what was asked: of gates, a forget gate, an input gate, an output gate."""
    asked = content_words(question)
    for at, block in enumerate(blocks):
        names = [content_words(" ".join(re.findall(r"\*\*(.+?)\*\*", item))) for item in block.items]
        shared = [word for word in asked if sum(word in name for name in names) > 1]
        if block.kind == "list" and at not in taken and shared:
            taken.add(at)
            return first_items(block)
    return ""
