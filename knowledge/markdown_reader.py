"""Markdown -> sections, one for each heading. Maths, code and tables stay whole; HTML becomes text.

markdown-it finds the structure (so a `#` in a code block is no heading); the text of a block is its own
source lines, so that LaTeX and emphasis survive as written.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.documents import CODE, MATHS, PROSE, TABLE, Block, Reading, Section

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
_HIDDEN = tuple(
    (re.compile(opening, re.I), re.compile(closing, re.I))
    for opening, closing in (("<!--", "-->"), (r"<script\b", r"</script\s*>"), (r"<style\b", r"</style\s*>"))
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|figure|figcaption|summary)\s*>", re.I)
_CELL_END = re.compile(r"</(?:td|th)\s*>\s*(?=<t[dh])", re.I)
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>", re.I)
_HEADING_END = re.compile(r"</h[1-6]\s*>", re.I)
_IMG = re.compile(r"<img\b([^<>]*)>", re.I)
_ATTRIBUTE = re.compile(r"""\b(alt|src|title)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
# Lengths are bounded, so that a page of brackets that never close costs no more than its length.
_PICTURE = re.compile(
    r"!\[([^\]]{0,600})\]\(\s*<?([^)\s>]*(?:\([^)\s]{0,200}\)[^)\s>]*){0,9})>?\s*(?:\"([^\"]{0,2000})\")?[^)]{0,200}\)"
    r"|!\[\[([^\]|]{1,200})(?:\|[^\]]{0,200})?\]\]"
)
_LINK = re.compile(r"(?<!!)\[([^\]]{1,400})\]\((?:https?://|data:)[^)\s]+(?:\s[^)]{0,1000})?\)")
_WIKI_LINK = re.compile(r"\[\[(?:[^\]|]{1,200}\|)?([A-Za-z][^\]|]{1,200})\]\]")
_INLINE_CODE = re.compile(r"(`{1,9})(?!`).{1,5000}?(?<!`)\1(?!`)", re.S)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.*?\S)\1(?!\w)")
_MATHS_ENDS = {"$$": "$$", "\\[": "\\]"}
_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}")
_CLOSING = re.compile(r"\$\$|\\\]|\\end\{\w+\*?\}")
_LONGEST_FORMULA = 300  # lines: one that is still open then is no formula
_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(?=(?:#.*\n|\s)*[\w\-]+[ \t]*:)(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S
)
_TITLE_FIELD = re.compile(r"^title[ \t]*:[ \t]*(\S.*?)[ \t]*$", re.M | re.I)
# Marks of book builders (MyST, Quarto, d2l): labels, roles, fences around boxes.
_ROLE = re.compile(r"(?<![\w`]):(\w[\w:+.\-]{0,40}):`([^`\n]{0,300})`|\{([\w:+.\-]{1,40})\}`([^`\n]{0,300})`")
_LABEL = re.compile(r"^(?:sec|subsec|fig|eq|chap|tab|section|chapter|figure|table)[_:\-]")
_SLIDE_MARK = re.compile(r"\[\*\*(.{1,1000}?)\*\*\](?!\()", re.S)
_BUILDER_LINE = re.compile(
    r"^[ \t]*(?::(?:label|width|height|align|begin_tab|end_tab|name|tags?|bibliography|figure)\b[^\n]*"
    r"|:::+[^\n]*|\([\w:.\-]+\)=)[ \t]*$",
    re.M,
)
_ATTRIBUTES = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")
_BOXES_TEXT = (
    "note warning tip hint important caution danger attention error seealso admonition exercise solution "
    "exercise-start solution-start proof theorem lemma definition example remark corollary proposition "
    "dropdown margin sidebar epigraph topic card tab-item"
)
_BOXES = frozenset(_BOXES_TEXT.split())
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{60,}(?:\\n|\n)?){4,}[A-Za-z0-9+/=]*")


def read_markdown_file(reading: Reading) -> list[Section]:
    """A whole file: its front matter gives the title where there is no level-1 heading."""
    name, text = front_title(reading.text())
    sections = read_markdown(text, path=(f"{TITLE_MARK}{name}",) if name else ())
    if name and any(section.heading[:1] != (f"{TITLE_MARK}{name}",) for section in sections):
        return read_markdown(text)  # it has a title of its own
    return sections


def front_title(text: str) -> tuple[str, str]:
    """The title in a file's YAML front matter ("" where there is none), and the text without it."""
    front = _FRONT_MATTER.match(text)
    if front is None:
        return "", text
    found = _TITLE_FIELD.search(front[1])
    return plain_heading(found[1].strip("\"'")) if found else "", text[front.end() :]


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
            blocks.extend(_fence(token.content, token.info.strip()))
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


def _fence(content: str, info: str) -> list[Block]:
    """A listing; or what a book builder puts into a fence: a box of text, a formula, a figure."""
    content = without_base64(content.strip("\n"))
    if not content.strip():
        return []
    found = re.match(r"\{?\.?([\w+#\-]*)\}?(.*)", info)
    name, rest = (found[1].lower(), found[2].strip()) if found else ("", "")
    if info.startswith("{") and name in _BOXES:
        inner = re.sub(r"^:\w+:.*\n?", "", content, flags=re.M)
        blocks = [block for section in read_markdown(inner) for block in section.blocks]
        return [Block(PROSE, f"**{clean(rest)}**"), *blocks] if rest else blocks
    if name == "math":
        return [Block(MATHS, f"$$\n{re.sub(r'^:.*$', '', content, flags=re.M).strip()}\n$$")]
    if info.startswith("{") and name in ("figure", "image"):
        words = clean(re.sub(r"^:(?!alt:).*\n?|^:alt:", "", content, flags=re.M))
        return [Block(PROSE, f"[Picture: {words}]")] if words else []
    return [Block(CODE, content, name)]


def _html_blocks(source: str, blocks: list[Block], open_heading: object) -> None:
    position = 0
    source = without_hidden(source)
    for found in _HEADING.finditer(source):
        end = _HEADING_END.search(source, found.end(), found.end() + 2000)
        if end is None or found.start() < position:
            continue
        _add_prose(source[position : found.start()], blocks)
        if (name := plain_heading(source[found.end() : end.start()])) and callable(open_heading):
            open_heading(int(found[1]), name)
        position = end.end()
    _add_prose(source[position:], blocks)


def _add_prose(source: str, blocks: list[Block]) -> None:
    if cleaned := clean(source):
        kind = TABLE if "<table" in source.lower() else PROSE
        blocks.append(Block(kind, cleaned))


def plain_heading(source: str) -> str:
    """A heading's words: no emphasis, links, pictures, tags, attributes or closing #s."""
    text = re.sub(r"\[Picture(?:: [^\]]*)?\]", "", clean(source[:1000]))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _ATTRIBUTES.sub("", text))
    for _ in range(3):  # emphasis inside emphasis
        text = _EMPHASIS.sub(r"\2", text)
    return " ".join(text.replace("`", "").split()).strip("# ").rstrip(":").strip()


def clean(source: str) -> str:
    """Markdown without HTML tags, embedded pictures and long web addresses; code spans are left alone."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x00{len(kept) - 1}\x00"

    text = _ROLE.sub(lambda found: _role(found[1] or found[3], found[2] or found[4] or ""), source)
    text = _SLIDE_MARK.sub(r"**\1**", text)
    text = _BUILDER_LINE.sub("", text) if ":" in text or ")=" in text else text
    text = _INLINE_CODE.sub(keep, text)
    text = without_hidden(text)
    text = _IMG.sub(lambda found: _picture(**_attributes(found[1])), text)
    text = _PICTURE.sub(
        lambda found: _picture(found[1] or "", found[2] or found[4] or "", found[3] or ""), text
    )
    text = _WIKI_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    text = _CELL_END.sub(" | ", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = without_base64(html.unescape(text))
    text = re.sub(
        r"\x00(\d+)\x00", lambda found: kept[int(found[1])] if int(found[1]) < len(kept) else "", text
    )
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _role(name: str, text: str) -> str:
    """`{math}`x`` is a formula; a reference gives the words of its label, since a sentence may be built on it."""
    if name == "math":
        return f"${text}$"
    words = re.sub(r"\s*<[^<>]*>$", "", text)
    if name in ("label", "eqlabel", "width", "height", "begin_tab"):
        return ""
    if name in ("numref", "eqref", "ref", "cref", "cite", "citet", "citep"):
        return " ".join(re.split(r"[._:\-]+", _LABEL.sub("", words)))
    return f"`{words}`" if words else ""


def without_hidden(text: str) -> str:
    """Without comments, scripts and style sheets; of one that never ends only the opening is dropped."""
    if "<" not in text:
        return text
    for opening, closing in _HIDDEN:
        parts, position = [], 0
        while (start := opening.search(text, position)) and (end := closing.search(text, start.end())):
            parts += [text[position : start.start()], " "]
            position = end.end()
        if position:
            text = "".join([*parts, text[position:]])
    return text.replace("<!--", " ")


def without_base64(text: str) -> str:
    """Without embedded files: hundreds of characters in a row that are no words."""
    return _BASE64.sub("…", text) if len(text) > 240 else text


def _attributes(source: str) -> dict[str, str]:
    return {found[1].lower(): found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(source)}


def _picture(alt: str = "", src: str = "", title: str = "") -> str:
    """What a picture says in words: its alt text, else its title, else its file's name, else nothing."""
    name = alt.strip()
    if title.strip() and (not name or name.lower() in {"image", "img", "alt text", "image.png"}):
        name = title.strip()
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

    parser = MarkdownIt("commonmark").enable("table").disable("inline")  # only the blocks are asked for
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
    if closing not in rest:
        ends = _maths_ends(state).get(closing, [])
        place = bisect_right(ends, start)
        if place == len(ends) or ends[place] >= min(end, start + _LONGEST_FORMULA):
            return False  # never closed: ordinary text
        line = ends[place]
        rest = state.src[state.bMarks[line] : state.eMarks[line]]
    if rest.split(closing, 1)[1].strip(" .,;"):
        return False  # text goes on after the formula: it belongs to its paragraph
    if not silent:
        state.line = line + 1
        token = state.push("maths_block", "math", 0)
        token.block = True
        token.map = [start, state.line]
    return True


def _maths_ends(state: StateBlock) -> dict[str, list[int]]:
    """The lines in which a displayed equation may end, by what ends it; looked for once in a text."""
    if "maths_ends" not in state.env:
        found: dict[str, list[int]] = {}
        for line in range(state.lineMax):
            text = state.src[state.bMarks[line] : state.eMarks[line]]
            for closing in set(_CLOSING.findall(text)) if "$$" in text or "\\" in text else ():
                found.setdefault(closing, []).append(line)
        state.env["maths_ends"] = found
    ends: dict[str, list[int]] = state.env["maths_ends"]
    return ends
