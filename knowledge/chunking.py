"""Sections -> chunks that fit the embedding model's window, with their heading path inside.

A chunk holds whole blocks of one section, or of neighbouring sections under the same heading (a
notebook's prose cell and the code after it). Only a block that is too large on its own is split, at the
most sensible line; nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import shorten

from knowledge.documents import (
    CODE,
    MATHS,
    OUTPUT,
    PROSE,
    TABLE,
    Block,
    Document,
    Section,
    content_hash,
    kind_of,
)
from knowledge.notebook_reader import code_heading
from knowledge.words import plain_symbols

TARGET = 220  # tokens, measured on student questions: better than 100, 150 and 300
HEADING_TOKENS = 48  # of the window, at most
SMALL = 60  # a chunk below this takes in the next subsection
SCRAP = 32  # a last chunk below this joins the one before it, as far as the window allows
LABEL_TOKENS = 14
LEAD = 70  # prose up to this size moves along with the code that it introduces

Count = Callable[[str], int]


@dataclass(frozen=True)
class Chunk:
    id: str
    path: str
    title: str
    lecture: int | None
    heading: tuple[str, ...]
    cell: int | None  # where it starts
    page: int | None
    kind: str
    text: str
    embedded: str  # what the model reads: heading path and plain text
    parts: tuple[tuple[int, int], ...]  # (index of the section, characters of `text`), in order


@dataclass(frozen=True)
class _Piece:
    block: Block
    section: int
    tokens: int


def chunk_document(document: Document, count_tokens: Count, limit: int = 256) -> list[Chunk]:
    """Cut a document.

    `count_tokens` counts the model's tokens without its two special ones; `limit` counts them in.
    """
    cutter = _Cutter(document, count_tokens, limit)
    seen: dict[str, int] = {}
    chunks = []
    for chunk in cutter.chunks():
        key = "\n".join((chunk.path, " > ".join(chunk.heading), str(chunk.cell), str(chunk.page), chunk.text))
        # The same text twice in the same place: told apart by its turn.
        turn = seen[key] = seen.get(key, -1) + 1
        chunks.append(replace(chunk, id=content_hash(f"{key}\n{turn}")[:20]))
    return chunks


class _Cutter:
    def __init__(self, document: Document, count: Count, limit: int) -> None:
        self.document = document
        self.count = lru_cache(maxsize=None)(count)  # headings and blocks are weighed several times over
        self.prefix = lru_cache(maxsize=None)(lambda heading: prefix(document, heading, self.count))
        self.limit = limit - 2
        self.target = min(TARGET, self.limit)

    def chunks(self) -> Iterator[Chunk]:
        group: list[_Piece] = []
        heading: tuple[str, ...] = ()  # of the group's first section
        parent: tuple[str, ...] = ()  # the same without what was read from code: neighbours share it
        room = self.target
        sections = self.document.sections
        for index, section in enumerate(sections):
            own = section.heading[:-1] if section.derived else section.heading
            if group and own != parent:
                used = _size(group)
                # A heading with a line or two under it says little alone: keep it with its first subsection.
                below = own[: len(parent)] == parent
                if below and used < SMALL and used + self._size(section) < room:
                    name = Block(PROSE, f"**{section.heading[-1]}**")
                    group.append(_Piece(name, index, self._tokens(name)))
                else:
                    yield from self._pack(group, heading, room)
                    group = []
            if not group:
                heading, parent = section.heading, own
                room = self.target - self.count(self.prefix(heading))
            for block in section.blocks:
                group.extend(
                    _Piece(part, index, self._tokens(part)) for part in self._fitting(block, heading)
                )
        if group:
            yield from self._pack(group, heading, room)

    def _size(self, section: Section) -> int:
        return sum(self._tokens(block) for block in section.blocks)

    def _tokens(self, block: Block) -> int:
        text = f"{block.label} {block.text}" if block.label else block.text
        return self.count(plain_symbols(text)) + 1

    def _fitting(self, block: Block, heading: tuple[str, ...]) -> list[Block]:
        hard = self.limit - self.count(self.prefix(heading)) - 4
        return split_block(
            block, lambda text: self.count(plain_symbols(text)), hard, soft=min(self.target, hard) - 16
        )

    def _pack(self, pieces: list[_Piece], heading: tuple[str, ...], room: int) -> Iterator[Chunk]:
        """Fill chunks up to the target; prose that introduces a listing goes along with it."""
        packed: list[list[_Piece]] = [[]]
        for piece in pieces:
            current = packed[-1]
            if current and _size(current) + piece.tokens > room:
                lead = []
                introduces = piece.block.kind in (CODE, MATHS, TABLE) and current[-1].block.kind == PROSE
                if introduces and len(current) > 1 and current[-1].tokens <= min(LEAD, room - piece.tokens):
                    lead = [current.pop()]
                packed.append(lead)
            packed[-1].append(piece)
        hard = room + self.limit - self.target
        if len(packed) > 1 and _size(packed[-1]) < SCRAP and _size(packed[-2]) + _size(packed[-1]) <= hard:
            packed[-2:] = [packed[-2] + packed[-1]]
        for group in packed:
            yield self._chunk(group, heading)

    def _chunk(self, pieces: Sequence[_Piece], heading: tuple[str, ...]) -> Chunk:
        document = self.document
        first = document.sections[pieces[0].section]
        texts = [piece.block.markdown() for piece in pieces]
        parts = [(piece.section, len(text) + 2) for piece, text in zip(pieces, texts, strict=True)]
        plain = "\n".join(f"{piece.block.label}\n{piece.block.text}".strip() for piece in pieces)
        # Cells of a notebook without prose: the first that says what it does names the chunk.
        named = [document.sections[piece.section] for piece in pieces]
        own = next((section.heading for section in named if section.derived), heading)
        for heading in dict.fromkeys((own, heading)):  # noqa: B020 - the second fits by construction
            embedded = plain_symbols(f"{self.prefix(heading)}{plain}")
            # Counting a text takes a while, and the sum of its parts is no less.
            parts_count = self.count(self.prefix(heading)) + _size(pieces)
            if parts_count <= self.limit or self.count(embedded) <= self.limit:
                break
        blocks = [piece.block for piece in pieces]
        return Chunk(
            "", document.path, document.title, document.lecture, heading, first.cell, first.page,
            kind_of(blocks), "\n\n".join(texts), embedded, tuple(parts),
        )  # fmt: skip


def _size(pieces: Sequence[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)


def prefix(document: Document, heading: tuple[str, ...], count: Count) -> str:
    """Title and heading path in front of the text; the middle gives way when the path is too long."""
    names = [shorten(name, 90, placeholder="…") for name in dict.fromkeys((document.title, *heading))]
    while len(names) > 1 and count(plain_symbols(" > ".join(names))) > HEADING_TOKENS:
        names.pop(1 if len(names) > 2 else 0)
    line = plain_symbols(" > ".join(names))
    while count(line) > HEADING_TOKENS:
        line = line[: len(line) * 3 // 4]
    return f"{line}\n"


_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"'(*$\\])")
_STRUCTURE = re.compile(r"^(?=(?:class|def|async def|@|if __name__|for |while |with )\b)", re.M)


def split_block(block: Block, count: Count, hard: int, soft: int) -> list[Block]:
    """The block itself when it has at most `hard` tokens, else parts of at most `soft`.

    Cuts are made where they hurt least: at blank lines and definitions, then lines, sentences, words.

    A table's heading rows are repeated over each part.
    """
    if count(block.text) <= hard:
        return [block]
    head = ""
    text = block.text
    if block.kind == TABLE:
        rows = text.split("\n")
        if len(rows) > 2 and re.fullmatch(r"[\s|:\-]+", rows[1]) and count("\n".join(rows[:2])) < soft // 3:
            head, text = "\n".join(rows[:2]) + "\n", "\n".join(rows[2:])
    room = soft - (count(head) if head else 0)
    parts = [replace(block, text=head + part) for part in _split(text, block.kind, count, room)]
    if block.kind == CODE and (label := code_heading(block.text)):
        label = label if count(label) <= LABEL_TOKENS else ""
        parts[1:] = [replace(part, label=label) for part in parts[1:]]
    return parts


def _split(text: str, kind: str, count: Count, room: int) -> list[str]:
    for units in _ways(text, kind):
        if len(units) < 2:
            continue
        parts: list[str] = []
        current = ""
        for unit in units:
            if current and count(current + unit) > room:
                parts.append(current)
                current = ""
            current += unit
        parts.append(current)
        # A unit that is still too large goes one level down.
        done = [
            piece
            for part in parts
            for piece in ([part] if count(part) <= room else _split(part, kind, count, room))
        ]
        return [
            piece.strip("\n") if kind in (CODE, OUTPUT, TABLE) else piece.strip()
            for piece in done
            if piece.strip()
        ]
    return [text]  # a single character


def _ways(text: str, kind: str) -> Iterator[list[str]]:
    """The text in pieces that join up to itself, by ever finer cuts."""
    yield _cut(text, re.compile(r"(?<=\n)\s*\n"), after=True)
    if kind == CODE:
        yield _cut(text, _STRUCTURE, after=False)
    yield text.splitlines(keepends=True)
    if kind in (PROSE, OUTPUT):
        yield _cut(text, _SENTENCE, after=True)
    yield _cut(text, re.compile(r"\\\\|[,;]\s|\s+"), after=True)
    yield [text[: len(text) // 2], text[len(text) // 2 :]] if len(text) > 1 else [text]


def _cut(text: str, pattern: re.Pattern[str], after: bool) -> list[str]:
    places = sorted(
        {found.end() if after else found.start() for found in pattern.finditer(text)} - {0, len(text)}
    )
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
