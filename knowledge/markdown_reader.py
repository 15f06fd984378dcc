"""Markdown -> sections, one for each heading. Maths, code and tables stay whole; HTML becomes text.

markdown-it finds the structure (so a `#` in a code block is no heading); the text of a block is its own
source lines, so that LaTeX and emphasis survive as written.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from knowledge.documents import CODE, MATHS, PROSE, TABLE, Block, Reading, Section, lecture_number
from knowledge.front_matter import front_title
from knowledge.markdown_boxes import BOXES, box_line
from knowledge.markdown_rules import parser
from knowledge.markdown_tables import csv_table, html_tables, list_table, without_options
from knowledge.markdown_text import bold, clean, plain_heading, without_base64, without_hidden
from knowledge.mdx import mdx_to_markdown

__all__ = ["TITLE_MARK", "clean", "front_title", "heading_path", "plain_heading", "read_markdown", "read_markdown_file",
           "under_title", "without_base64", "without_hidden"]  # fmt: skip

TITLE_MARK = "# "  # in front of a level-1 heading, until the document's title has been taken
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>", re.I)
_HEADING_END = re.compile(r"</h[1-6]\s*>", re.I)
_CALLOUT = re.compile(r"[ \t]*>[ \t]*\[!([\w\-]{1,40})(?:\|[^\]\n]{0,100})?\][+-]?[ \t]*([^\n]*)")
_QUOTED = re.compile(r"^[ \t]{0,3}>[ ]?", re.M)
_PYTHON = frozenset({"ipython", "ipython3", "python3", ""})
_CODE_TEXT = "code code-block code-cell sourcecode"
_CODE = frozenset(_CODE_TEXT.split())
_LISTS_OF_FILES = frozenset({"toctree", "tableofcontents", "contents", "bibliography"})
_DIRECTIVE = re.compile(r"\{([A-Za-z][\w+#.:\-]{0,60})\}[ \t]*(.*)")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.I)


def read_markdown_file(reading: Reading) -> list[Section]:
    name, text = front_title(reading.text())
    # What Quarto and R Markdown call the title is one; every `#` is a section there.
    sections_only = PurePosixPath(reading.path).suffix.lower() in (".qmd", ".rmd")
    if PurePosixPath(reading.path).suffix.lower() == ".mdx":
        text = mdx_to_markdown(text)
    path = (f"{TITLE_MARK}{name}",) if name else ()
    return under_title(name, read_markdown(text, path=path), sections_only)


def under_title(name: str, sections: list[Section], sections_only: bool = False) -> list[Section]:
    """The sections of a file under the title in its front matter, unless it has a title of its own.

    That is its only level-1 heading, at its very start. Where the front matter alone tells the lecture, it tells the
    title too.
    """
    mark = f"{TITLE_MARK}{name}"
    if not name or not sections:
        return sections
    level_1 = dict.fromkeys(section.heading[0] for section in sections if section.heading[:1] != (mark,))
    first = sections[0].heading[:1]
    own = first[0].removeprefix(TITLE_MARK) if len(level_1) == 1 and first[0] in level_1 else ""
    numbered = [lecture_number(title, numbered=False) is not None for title in (name, own)]
    if own and not sections_only and numbered != [True, False]:
        return sections
    return [Section((mark,), (), sections[0].cell), *sections]


def read_markdown(text: str, cell: int | None = None, path: tuple[str, ...] = ()) -> list[Section]:
    """Sections of a markdown text; `path` is the heading path that it starts under (cells go on).

    A level-1 heading carries TITLE_MARK in the path: the document's title is taken from the first one. A heading
    with nothing below it makes a section without blocks.
    """
    lines = text.split("\n")
    found = _Sections(cell, path)
    tokens = parser().parse(text)
    names_box = False  # a heading comes that is the title of the box around it
    for number, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        source = "\n".join(lines[token.map[0] : token.map[1]]).rstrip()
        titled, names_box = names_box, False
        if token.type == "heading_open":
            name = plain_heading(tokens[number + 1].content)
            if titled:
                found.add(PROSE, bold(name))
            elif name:
                found.open_heading(int(token.tag[1]), name)
        elif token.type in ("fence", "code_block"):
            found.blocks.extend(_fence(token.content, token.info.strip()))
        elif token.type == "maths_block":
            found.add(PROSE, clean(token.meta["before"]))
            found.add(MATHS, token.content)
            found.add(PROSE, clean(token.meta["after"]))
        elif token.type == "box_line":
            box = box_line(token.content)
            names_box = box.headed
            found.add(PROSE, bold(box.title))
        elif token.type == "table_open":
            found.add(TABLE, clean(_LINE_BREAK.sub(" ", source)))  # a row is one line
        elif token.type == "html_block":
            _read_html(source, found)
        elif token.type == "blockquote_open" and (callout := _CALLOUT.match(source)):
            found.add(PROSE, bold(callout[2]))
            found.blocks.extend(_flat(_QUOTED.sub("", source[callout.end() :])))
        elif token.type not in ("hr", "comment"):
            found.add(PROSE, clean(source))
    found.close()
    return found.sections


class _Sections:
    """Collects blocks under the headings that are open."""

    def __init__(self, cell: int | None, path: tuple[str, ...]) -> None:
        first = 1 if path and path[0].startswith(TITLE_MARK) else 2
        self.levels = {first + depth: name for depth, name in enumerate(path)}
        self.cell = cell
        self.sections: list[Section] = []
        self.blocks: list[Block] = []
        self._opened = False  # a heading, with nothing below it so far

    def add(self, kind: str, text: str) -> None:
        if text:
            self.blocks.append(Block(kind, text))

    def open_heading(self, level: int, name: str) -> None:
        self.close()
        self.levels = {known: other for known, other in self.levels.items() if known < level}
        self.levels[level] = f"{TITLE_MARK}{name}" if level == 1 else name
        self._opened = True

    def close(self) -> None:
        if self.blocks or self._opened:
            self.sections.append(Section(heading_path(self.levels), tuple(self.blocks), self.cell))
        self.blocks, self._opened = [], False


def heading_path(levels: dict[int, str]) -> tuple[str, ...]:
    return tuple(levels[level] for level in sorted(levels))


def _flat(text: str) -> list[Block]:
    """What stands in a box: its headings are no sections of the document."""
    blocks: list[Block] = []
    for section in read_markdown(text):
        if section.heading:
            blocks.append(Block(PROSE, f"**{section.heading[-1].removeprefix(TITLE_MARK)}**"))
        blocks.extend(section.blocks)
    return blocks


def _fence(content: str, info: str) -> list[Block]:
    """A listing; or what a book builder puts into a fence: a box of text, a formula, a figure."""
    content = without_base64(content.strip("\n"))
    if directive := _DIRECTIVE.match(info):
        name, rest = directive[1].lower().rpartition(":")[2], directive[2].strip()
        blocks = _directive(name, rest, content)
        if blocks is not None:
            return blocks
    if not content.strip():
        return []
    found = re.match(r"\{?\.?([\w+#\-]*)", info)
    name = found[1].lower() if found else ""
    if name == "math":
        return [Block(MATHS, f"$$\n{content.strip()}\n$$")]
    return [Block(CODE, content, name)]


def _directive(name: str, rest: str, content: str) -> list[Block] | None:
    """What a fence of a book builder holds, `rest` being what stands behind its name; None where it is a listing."""
    options, inside = without_options(content)
    title = [Block(PROSE, words)] if (words := bold(box_line(f":::{{{name}}} {rest}").title)) else []
    if name in BOXES:
        return [*title, *_flat(inside)]
    if name == "math":
        return [Block(MATHS, f"$$\n{inside.strip()}\n$$")] if inside.strip() else []
    if name in ("figure", "image"):
        words = clean(" ".join(part for part in (options.get("alt", ""), inside.strip()) if part))
        return [Block(PROSE, f"[Picture: {words}]")] if words else []
    if name in ("list-table", "csv-table"):
        made = (
            list_table(inside, clean)
            if name[0] == "l"
            else csv_table(inside, options.get("header", ""), clean)
        )
        return [*title, *([Block(TABLE, made)] if made else _flat(inside))]
    if name in _CODE:
        language = rest.lower().split(maxsplit=1)[0] if rest else ""
        language = "python" if name == "code-cell" and language in _PYTHON else language
        caption = clean(options.get("caption", ""))
        listing = [Block(CODE, inside.strip("\n"), language)] if inside.strip() else []
        return (
            [*listing, Block(PROSE, f"[Picture: {caption}]")] if name == "code-cell" and caption else listing
        )
    return [] if name in _LISTS_OF_FILES else None


def _read_html(source: str, found: _Sections) -> None:
    position = 0
    source = without_hidden(source)
    for heading in _HEADING.finditer(source):
        end = _HEADING_END.search(source, heading.end(), heading.end() + 2000)
        if end is None or heading.start() < position:
            continue
        _add_html(source[position : heading.start()], found)
        if name := plain_heading(source[heading.end() : end.start()]):
            found.open_heading(int(heading[1]), name)
        position = end.end()
    _add_html(source[position:], found)


def _add_html(source: str, found: _Sections) -> None:
    position = 0
    for start, end in html_tables(source):
        found.add(PROSE, clean(source[position:start]))
        caption, _, table = clean(source[start:end]).rpartition("\n\n")
        found.add(PROSE, caption)
        found.add(TABLE if table.startswith("|") else PROSE, table)
        position = end
    found.add(PROSE, clean(source[position:]))
