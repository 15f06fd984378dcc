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
from tutor.checking.orders import without_orders
from tutor.checking.sentences import split_sentences
from tutor.teaching.answer import shape
from tutor.teaching.blocks import blocks_of, leans
from tutor.teaching.nearness import Embed, closeness, name_of

_TOKEN = re.compile(r"\w+|[^\w\s]")
WORTH_TELLING = 0.35  # cosine with the question from which a sentence is given to a small model
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
    text = without_orders(_without_pictures(passage.text)).strip()
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
        return [(passage, without_orders(passage.text)) for passage in passages]
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


def notes(
    question: str, passages: Sequence[Passage], base: KnowledgeBase, embed: Embed | None, tokens: int
) -> str:
    """What a small model is given to answer from: the best section's answer first, then the nearest sentences.

    A small model says what stands before it and makes up the rest, so the sentences that answer must be there: glossary
    lines, the answer that would be quoted, and whatever of the other passages means what was asked. No code, tables or
    displayed formulas: it garbles them, and code adds the formula behind its answer.
    """
    cut = shape(question, passages[0], base, base.telling(question), embed)
    told = [line for part in (cut.idea, cut.focus) for line in _plain_lines(without_orders(part))]
    pieces = [
        (passage, sentence.strip())
        for passage in passages
        for block in blocks_of(without_orders(passage.text))
        if block.kind in ("text", "list")
        for sentence in (block.sentences if block.kind == "text" else block.items)
        if not leans(sentence) and "$$" not in sentence
    ]
    near = closeness(question, [f"{name_of(p)} {sentence}" for p, sentence in pieces], embed)
    ranked = sorted(zip(near, pieces, strict=True), key=lambda pair: -pair[0])
    left = tokens - about_tokens(" ".join(told))
    for cosine, (_, sentence) in ranked:
        size = about_tokens(sentence)
        if cosine < WORTH_TELLING or left < 12:
            break
        if size <= left and not any(sentence in line or line in sentence for line in told):
            told.append(sentence)
            left -= size
    return "\n".join(told)


def _plain_lines(text: str) -> list[str]:
    """The lines of a quoted answer that are words: no tables, no displayed formulas, no remark on the source."""
    lines = [re.sub(r"\s*\*\([^()]*glossary\)\*", "", line).strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith(("|", "$$", "```"))]


def about_tokens(text: str) -> int:
    """Roughly how many tokens a text has: words and signs. A formula has few words and many tokens."""
    return len(_TOKEN.findall(text))
