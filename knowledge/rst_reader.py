"""reStructuredText -> sections, lightly: underlined headings, directives for code and maths, roles as their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from textwrap import dedent

from knowledge.documents import CODE, MATHS, OUTPUT, PROSE, TABLE, Block, Reading, Section
from knowledge.markdown_reader import TITLE_MARK, heading_path
from knowledge.rst_tables import BORDER, comma_separated, grid, listed, simple, simple_end
from knowledge.tables import Cell, markdown_table
from knowledge.text_reader import paragraph

_UNDERLINE = re.compile(r"([=\-~^*#+\"'`:.<>_])\1{2,}")
_DIRECTIVE = re.compile(r"\.\. ([\w:+\-]+)::\s*(.*)")
_ROLE = re.compile(r":(\w[\w:+.\-]*):`([^`]{1,300})`")
_LINK = re.compile(r"`([^`<]{1,300})\s*<[^>]{1,500}>`__?|`([^`]{1,300})`__?(?!`)")
_LITERAL = re.compile(r"``([^`]{1,300})``")
_AUTOMATIC = re.compile(r"^(\s*)#\.\s+")
_CODE = frozenset(
    [
        "code",
        "code-block",
        "sourcecode",
        "ipython",
        "jupyter-execute",
        "doctest",
        "testcode",
        "prompt",
        "parsed-literal",
    ]
)
_SILENT_TEXT = (
    "toctree contents index meta include raw only highlight currentmodule module automodule autoclass "
    "autofunction autosummary literalinclude plot tabs default-role role target-notes"
)
_SILENT = frozenset(_SILENT_TEXT.split())


def read_rst(reading: Reading) -> list[Section]:
    sections: list[Section] = []
    levels: dict[int, str] = {}
    marks: list[str] = []
    blocks: list[Block] = []
    for kind, value in _pieces(reading.text().expandtabs(4).split("\n"), marks):
        if isinstance(value, Block):
            blocks.append(value)
            continue
        if blocks:
            sections.append(Section(heading_path(levels), tuple(blocks)))
            blocks = []
        levels = {known: name for known, name in levels.items() if known < kind}
        levels[kind] = f"{TITLE_MARK}{value}" if kind == 1 else value
    if blocks:
        sections.append(Section(heading_path(levels), tuple(blocks)))
    return sections


def _pieces(lines: list[str], marks: list[str]) -> Iterator[tuple[int, str | Block]]:
    """Headings as (level, name) and blocks as (0, block). The first heading is the title."""
    at = 0
    while at < len(lines):
        line = lines[at].rstrip()
        if not line:
            at += 1
        elif heading := _heading(lines, at):
            name, mark, at = heading
            if mark not in marks:
                marks.append(mark)
            yield marks.index(mark) + 1, inline(name)
        elif found := _DIRECTIVE.match(line.lstrip()):
            body, at = _indented(lines, at + 1, _indent(line))
            yield from ((0, block) for block in _directive(found[1], found[2], body))
        elif line.startswith(".."):  # a comment, a target, a footnote
            body, at = _indented(lines, at + 1, 0)
            if re.match(r"\.\. \[", line):
                yield 0, Block(PROSE, inline(" ".join([line[3:], *body])))
        else:
            start = at
            if BORDER.fullmatch(line.strip()):
                at = simple_end(lines, at)
            while at < len(lines) and lines[at].strip():
                at += 1
            yield from ((0, block) for block in _paragraph([text.rstrip() for text in lines[start:at]]))
            if lines[at - 1].rstrip().endswith("::"):
                body, at = _indented(lines, at, _indent(lines[at - 1]))
                if body:
                    yield 0, Block(CODE, "\n".join(body))


def _heading(lines: list[str], at: int) -> tuple[str, str, int] | None:
    line = lines[at].strip()
    if _UNDERLINE.fullmatch(line) and at + 2 < len(lines) and lines[at + 2].strip() == line:
        name = lines[at + 1].strip()
        return (name, line[0] * 2, at + 3) if name and len(name) <= 200 else None
    if at + 1 < len(lines) and not lines[at][:1].isspace() and _UNDERLINE.fullmatch(lines[at + 1].strip()):
        below = lines[at + 1].strip()
        if len(below) >= 0.6 * len(line) and not _UNDERLINE.fullmatch(line) and len(line) <= 200:
            return line, below[0], at + 2
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _indented(lines: list[str], at: int, more_than: int) -> tuple[list[str], int]:
    """The lines that are indented deeper, without their common indent, and where they end."""
    start = at
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > more_than):
        at += 1
    body = [line.rstrip() for line in lines[start:at]]
    least = min((_indent(line) for line in body if line.strip()), default=0)
    body = [line[least:] for line in body]
    while body and not body[0]:
        body.pop(0)
    while body and not body[-1]:
        body.pop()
    return body, at


def _directive(name: str, argument: str, body: list[str]) -> Iterator[Block]:
    options = [line for line in body if re.match(r":[\w\-]+:", line)]
    text = [line for line in body if not re.match(r":[\w\-]+:", line)]
    if name in _CODE:
        source = "\n".join(text).strip("\n")
        if source.strip():
            yield Block(CODE, source, argument.strip() or "python")
    elif name == "math":
        formula = "\n".join([argument, *text]).strip()
        if formula:
            yield Block(MATHS, f"$$\n{formula}\n$$")
    elif name in ("image", "figure"):
        told = [option.split(":", 2)[2].strip() for option in options if option.startswith(":alt:")]
        told += [inline(" ".join(line.strip() for line in text if line.strip()))]
        if words := ": ".join(part for part in told if part):
            yield Block(PROSE, f"[Picture: {words}]")
    elif name not in _SILENT:
        if argument:
            yield Block(PROSE, f"**{inline(argument)}**")
        if name in ("list-table", "csv-table") and (rows := _directive_rows(name, options, text)):
            yield from _table(rows)
            return
        part: list[str] = []
        for line in [*text, ""]:
            if line.strip():
                part.append(line)
            elif part:
                yield from _paragraph(part)
                part = []


def _directive_rows(name: str, options: list[str], text: list[str]) -> list[list[Cell]]:
    if name == "list-table":
        return listed(text)
    heads = [option.split(":", 2)[2].strip() for option in options if option.startswith(":header:")]
    return comma_separated([*heads, *(line for line in text if line.strip())])


def _table(rows: list[list[Cell]]) -> Iterator[Block]:
    told = markdown_table([[replace(cell, text=inline(cell.text)) for cell in row] for row in rows])
    if told:
        yield Block(TABLE, told)


def _drawn(lines: list[str]) -> list[list[Cell]]:
    """Rows of a table that is drawn with lines of characters; none where a paragraph is no table."""
    first = lines[0].strip()
    plain = dedent("\n".join(lines)).split("\n")
    if first.startswith(("+--", "+==")):
        return grid(plain)
    return simple(plain) if BORDER.fullmatch(first) else []


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if lines[0].lstrip().startswith((">>>", "In [")):
        yield Block(CODE, "\n".join(lines), "python")
    elif rows := _drawn(lines):
        yield from _table(rows)
    else:
        lines = _numbered(lines)
        lines = [re.sub(r"\s*::$", ":", line) if line.endswith("::") else line for line in lines]
        if text := "\n".join(line for line in lines if line.strip(": ")):
            block = paragraph(text.split("\n"))
            yield block if block.kind == OUTPUT else Block(PROSE, inline(block.text))


def _numbered(lines: list[str]) -> list[str]:
    """Items that Sphinx numbers (`#.`) with their numbers; an item that stands alone gets a dash."""
    numbers = count(1)
    several = sum(line.lstrip().startswith("#. ") for line in lines) > 1
    return [
        _AUTOMATIC.sub(f"\\g<1>{f'{next(numbers)}.' if several else '-'} ", line)
        if _AUTOMATIC.match(line)
        else line
        for line in lines
    ]


def inline(text: str) -> str:
    """Roles and links as their words, literals as code."""
    text = _LITERAL.sub("\x00\\1\x00", text)
    text = _ROLE.sub(lambda found: _role(found[1], found[2]), text)
    text = _LINK.sub(lambda found: (found[1] or found[2]).strip(), text)
    return text.replace("\x00", "`")


def _role(name: str, text: str) -> str:
    words = re.sub(r"\s*<[^<>]*>$", "", text).lstrip("~!")
    if name == "math":
        return f"${text}$"
    return (
        words
        if name in ("ref", "doc", "term", "numref", "cite", "abbr", "strong", "emphasis")
        else f"\x00{words}\x00"
    )
