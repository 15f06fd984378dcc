"""Markdown -> sections, one for each heading. Maths, code and tables stay whole; HTML becomes text.

markdown-it finds the structure (so a `#` in a code block is no heading); the text of a block is its own
source lines, so that LaTeX and emphasis survive as written.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.documents import CODE, MATHS, PROSE, TABLE, Block, Section

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

TITLE_MARK = "# "  # in front of a level-1 heading, until the document's title has been taken
_TAGS = (
    "a abbr article aside b big blockquote body br button caption center cite code col colgroup dd del "
    "details div dl dt em embed figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr "
    "html i iframe img input ins kbd label li link main mark meta nav object ol option p picture pre s "
    "script section select small source span strike strong style sub summary sup svg table tbody td "
    "tfoot th thead title tr tt u ul var video"
)
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS.split())})(?:\s[^<>]*)?/?>", re.I)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.S | re.I)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|figure|summary)\s*>", re.I)
_CELL_END = re.compile(r"</(?:td|th)\s*>\s*(?=<t[dh])", re.I)
_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.S | re.I)
_IMG = re.compile(r"<img\b([^>]*)>", re.S | re.I)
_ATTRIBUTE = re.compile(r"""\b(alt|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
_PICTURE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)\s>]*(?:\([^)]*\)[^)\s>]*)*)>?[^)]*\)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?:https?://|data:)[^)\s]+(?:\s[^)]*)?\)")
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.*?\S)\1(?!\w)")
_MATHS_ENDS = {"$$": "$$", "\\[": "\\]"}
_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}")


def read_markdown(text: str, cell: int | None = None, path: tuple[str, ...] = ()) -> list[Section]:
    """Sections of a markdown text; `path` is the heading path that it starts under (cells go on).

    A level-1 heading carries TITLE_MARK in the path: the document's title is taken from the first one.
    """
    lines = text.split("\n")
    sections: list[Section] = []
    levels = _levels(path)
    blocks: list[Block] = []

    def close() -> None:
        if blocks:
            sections.append(Section(heading_path(levels), tuple(blocks), cell))
            blocks.clear()

    def open_heading(level: int, name: str) -> None:
        close()
        levels[level] = f"{TITLE_MARK}{name}" if level == 1 else name
        for deeper in [known for known in levels if known > level]:
            del levels[deeper]

    tokens = _parser().parse(text)
    for number, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        source = "\n".join(lines[token.map[0] : token.map[1]]).rstrip()
        if token.type == "heading_open":
            name = plain_heading(tokens[number + 1].content)
            if name:
                open_heading(int(token.tag[1]), name)
        elif token.type in ("fence", "code_block"):
            if token.content.strip():
                blocks.append(Block(CODE, token.content.strip("\n"), token.info.split(" ")[0].strip("{}")))
        elif token.type == "maths_block":
            blocks.append(Block(MATHS, source))
        elif token.type == "table_open":
            blocks.append(Block(TABLE, clean(source)))
        elif token.type == "html_block":
            _html_blocks(source, blocks, open_heading)
        elif token.type != "hr" and (cleaned := clean(source)):
            blocks.append(Block(PROSE, cleaned))
    close()
    return sections


def _levels(path: tuple[str, ...]) -> dict[int, str]:
    first = 1 if path and path[0].startswith(TITLE_MARK) else 2
    return {first + depth: name for depth, name in enumerate(path)}


def heading_path(levels: dict[int, str]) -> tuple[str, ...]:
    return tuple(levels[level] for level in sorted(levels))


def _html_blocks(source: str, blocks: list[Block], open_heading: object) -> None:
    position = 0
    source = _HIDDEN.sub(" ", _COMMENT.sub(" ", source))
    for found in _HEADING.finditer(source):
        _add_prose(source[position : found.start()], blocks)
        if (name := plain_heading(found[2])) and callable(open_heading):
            open_heading(int(found[1]), name)
        position = found.end()
    _add_prose(source[position:], blocks)


def _add_prose(source: str, blocks: list[Block]) -> None:
    if cleaned := clean(source):
        kind = TABLE if "<table" in source.lower() else PROSE
        blocks.append(Block(kind, cleaned))


def plain_heading(source: str) -> str:
    """A heading's words: no emphasis, links, pictures, tags or closing #s."""
    text = re.sub(r"\[Picture(?:: [^\]]*)?\]", "", clean(source))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for _ in range(3):  # emphasis inside emphasis
        text = _EMPHASIS.sub(r"\2", text)
    return " ".join(text.replace("`", "").split()).strip("# ").rstrip(":").strip()


def clean(source: str) -> str:
    """Markdown without HTML tags, embedded pictures and long web addresses; code spans are left alone."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x00{len(kept) - 1}\x00"

    text = _INLINE_CODE.sub(keep, source)
    text = _HIDDEN.sub(" ", _COMMENT.sub(" ", text))
    text = _IMG.sub(lambda found: _picture(**_attributes(found[1])), text)
    text = _PICTURE.sub(lambda found: _picture(found[1], found[2]), text)
    text = _LINK.sub(r"\1", text)
    text = _CELL_END.sub(" | ", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = html.unescape(text)
    text = re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _attributes(source: str) -> dict[str, str]:
    return {found[1].lower(): found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(source)}


def _picture(alt: str = "", src: str = "") -> str:
    """What a picture says in words: its alt text, else its file's name, else nothing."""
    name = alt.strip()
    if not name or name.lower() in {"image", "img", "alt text", "image.png"}:
        name = ""
        if src and not src.startswith(("data:", "attachment:")):
            stem = re.split(r"[?#]", src)[0].rsplit("/", 1)[-1].rsplit(".", 1)[0]
            words = re.sub(r"%20|[_\-]+", " ", stem).strip()
            name = words if re.search(r"[A-Za-z]{3}", words) and len(words) <= 80 else ""
    return f"[Picture: {name}]" if name else ""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.block.ruler.before(
        "fence", "maths_block", _maths_rule, {"alt": ["paragraph", "reference", "blockquote"]}
    )
    return parser


def _maths_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A displayed equation from `$$`, `\\[` or `\\begin{…}` to its end, blank lines and all."""
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    opening = next((mark for mark in _MATHS_ENDS if first.startswith(mark)), None)
    if opening:
        closing, rest = _MATHS_ENDS[opening], first[len(opening) :]
    elif environment := _ENVIRONMENT.match(first):
        closing, rest = f"\\end{{{environment[1]}}}", first[environment.end() :]
    else:
        return False
    line = start
    while closing not in rest:
        line += 1
        if line >= end:
            return False  # never closed: ordinary text
        rest = state.src[state.bMarks[line] : state.eMarks[line]]
    if rest.split(closing, 1)[1].strip(" .,;"):
        return False  # text goes on after the formula: it belongs to its paragraph
    if not silent:
        state.line = line + 1
        token = state.push("maths_block", "math", 0)
        token.block = True
        token.map = [start, state.line]
    return True
