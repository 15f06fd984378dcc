"""From search results to evidence: whole sections instead of scraps, and excerpts that fit a budget.

Search works on small chunks, because they are found best. But the chunk that ranks first is often the tail of a section
(its example, its last remark), and an answer needs the head too. So chunks of one section of a lecture become one
passage again. Cells of a notebook stay by themselves: a citation names the cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.search import KnowledgeBase, Passage
from tutor.checking.sentences import split_sentences

_TOKEN = re.compile(r"\w+|[^\w\s]")
SECTION_WORDS = 260  # a longer section is not put together: its chunks are passages enough


def gather(base: KnowledgeBase, found: Sequence[Passage], count: int) -> list[Passage]:
    """At most `count` passages, best first: each section once, and whole where it is short enough."""
    kept: list[Passage] = []
    places: set[tuple[str, tuple[str, ...], int | None]] = set()
    for passage in found:
        where = (passage.path, passage.heading, passage.cell)
        if where in places or len(kept) == count:
            continue
        places.add(where)
        kept.append(_whole(base, passage))
    return kept


def _whole(base: KnowledgeBase, passage: Passage) -> Passage:
    if passage.cell is not None or passage.page is not None or not passage.heading:
        return passage
    views = [view for view in base.section(passage.path) if view.heading == passage.heading]
    text = "\n\n".join(view.text.strip() for view in views)
    if len(views) == 0 or len(text.split()) > SECTION_WORDS or passage.best_sentence not in text:
        return passage
    return replace(passage, text=text)


def excerpt(passage: Passage, tokens: int) -> str:
    """The best sentence of a passage and, from its start, what fits beside it; in reading order, gaps marked by "…".

    Formulas, code blocks and table rows are never cut. A passage that fits is given whole.
    """
    text = _without_pictures(passage.text).strip()
    if about_tokens(text) <= tokens:
        return text
    pieces = split_sentences(text)
    wanted = passage.best_sentence.strip()
    best = next(
        (i for i, piece in enumerate(pieces) if wanted and (wanted in piece or piece.strip() in wanted)), 0
    )
    chosen = {best}
    left = tokens - about_tokens(pieces[best])
    for i, piece in enumerate(pieces):
        size = about_tokens(piece)
        if i in chosen:
            continue
        if size > left:
            break
        chosen.add(i)
        left -= size
    out, last = "", -1
    for i in sorted(chosen):
        if i != last + 1:
            out = out.rstrip() + (" … " if last >= 0 else "… ")
        out += pieces[i]
        last = i
    return out.strip() + ("" if last == len(pieces) - 1 else " …")


def _without_pictures(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("!["))


def fitted(passages: Sequence[Passage], tokens: int | None) -> list[tuple[Passage, str]]:
    """Passages with the text of each that a model is given: all of it, or what fits a budget of tokens.

    Under a budget the first passage takes most, and the rest give their best sentences: every hundred tokens cost a
    small model two seconds of reading.
    """
    if tokens is None:
        return [(passage, passage.text) for passage in passages]
    given: list[tuple[Passage, str]] = []
    left = tokens
    for number, passage in enumerate(passages):
        text = excerpt(passage, int(left * 0.65) if number == 0 else min(left, 40))
        text = text.replace(" … ", " ").strip("… ")  # a small model copies the marks of gaps
        size = about_tokens(text)
        if given and size > left:
            break
        given.append((passage, text))
        left -= size
    return given


def about_tokens(text: str) -> int:
    """Roughly how many tokens a text has: words and signs. A formula has few words and many tokens."""
    return len(_TOKEN.findall(text))
