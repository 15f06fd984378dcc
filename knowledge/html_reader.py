"""Web pages and notebooks saved as web pages -> sections by heading; menus, scripts and styles are left out."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from textwrap import dedent

from knowledge.documents import CODE, MATHS, OUTPUT, PROSE, TABLE, Block, Reading, Section
from knowledge.html_visibility import Visibility, is_control, is_group, with_forms_told_apart
from knowledge.markdown_reader import TITLE_MARK, heading_path, read_markdown, without_base64, without_hidden
from knowledge.mathml import Formula
from knowledge.notebook_reader import shortened
from knowledge.tables import Cell, markdown_table

_VOID_TEXT = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_TEXT.split())
_IN_HEAD_TEXT = "head title meta link base script style noscript template"
_IN_HEAD = frozenset(_IN_HEAD_TEXT.split())
_BLOCK_TEXT = (
    "p div section article main header li ul ol dl dt dd blockquote figure figcaption table tr td th hr "
    "address details summary body html aside center fieldset caption"
)
_BLOCK = frozenset(_BLOCK_TEXT.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ENDS_FORMULA = _BLOCK | set(_HEADINGS) | {"pre", "textarea"}  # where a page forgot to
_MATHS_SCRIPT = re.compile(
    r"<script\b[^<>]{0,200}math/tex(;\s*mode=display)?[^<>]{0,200}>(.{0,5000}?)</script\s*>", re.S | re.I
)
# Slides in Markdown that a script draws (reveal.js, remark).
_TEMPLATE = re.compile(
    r"<script\b[^<>]{0,200}text/(?:template|markdown|x-markdown)[^<>]{0,200}>(.{0,100000}?)</script\s*>",
    re.S | re.I,
)
_LANGUAGE = re.compile(r"(?:language|lang|highlight|highlight-source)-(\w+)|sourceCode (\w+)")
_OUTPUT = re.compile(r"output_(?:text|subarea|area)|OutputArea|cell-output", re.I)
_MAIN = re.compile(r"<main\b|\brole\s*=\s*[\"']?main\b", re.I)
_DRAWN_FORMULA = re.compile(r"(?:^|\s)(?:math|latex|tex|texrender|equation_image)(?:$|\s)")
_NO_DESCRIPTION = frozenset(["image", "img", "png", "no description has been provided for this image"])
_DISPLAYED = re.compile(r"\$\$.*\$\$|\\\[.*\\\]|\\begin\{(\w+\*?)\}.*\\end\{\1\}", re.S)
DEEPEST = 300  # elements within elements; of those below, only the text is taken
LONG_CELL = 400  # characters: a table with such cells is there for its layout


def read_html(reading: Reading) -> list[Section]:
    text = reading.text()
    visibility = Visibility(text)
    text = _TEMPLATE.sub(lambda found: f"<textarea data-template>{html.escape(found[1])}</textarea>", text)
    text = _MATHS_SCRIPT.sub(lambda found: f" {_formula(found[2], bool(found[1]))} ", text)
    # The standard parser looks for the end of these again and again: one pass for it, whatever is in the file.
    text = with_forms_told_apart(without_hidden(text)).replace("<![", "&lt;![").replace("<?", "&lt;?")
    end = text.rfind(">") + 1
    text = text[:end] + text[end:].replace("<", "&lt;")
    page = _Page(visibility, only_main=_MAIN.search(text) is not None)
    page.read(text)
    if not page.sections and page.only_main:
        page = _Page(visibility, only_main=False)
        page.read(text)
    return page.sections


def _formula(source: str, displayed: bool) -> str:
    mark = "$$" if displayed else "$"
    return f"{mark}{source.strip()}{mark}".replace("<", "&lt;")


@dataclass(frozen=True)
class _Open:
    """An element that is open."""

    tag: str
    hides: bool  # its inside is not shown
    main: bool
    language: str  # of the listings in it
    output: bool  # a notebook's output
    control: bool  # a click on it opens something
    group: bool  # it stands among parts that open


class _Page(HTMLParser):
    """Collects sections while the standard parser walks through a page."""

    def __init__(self, visibility: Visibility, only_main: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._visibility = visibility
        self.only_main = only_main
        self.sections: list[Section] = []
        self._levels: dict[int, str] = {}
        self._blocks: list[Block] = []
        self._open: list[_Open] = []
        self._count: Counter[str] = Counter()
        self._hidden = 0
        self._in_main = 0
        self._text: list[str] = []
        self._page_title = ""
        self._lists: list[str] = []  # "ul" or "ol", outermost first
        self._items: list[str] = []
        self._rows: list[list[Cell]] | None = None
        self._span = (1, 1)  # columns and rows that the cell which is open covers
        self._formula: Formula | None = None  # the one that is open
        self._formula_tag = ""  # of the element that it ends with
        self._near_control = 0  # ends of elements up to which what follows belongs to a control
        self._pre: str | None = None  # language of the listing that is open

    def read(self, text: str) -> None:
        if title := re.search(r"<title[^<>]{0,100}>([^<]{1,300})", text, re.I):
            self._page_title = " ".join(html.unescape(title[1]).split())
        self.feed(text)
        self.close()
        self._end_formula()
        self._end_text()
        self._end_list()
        self._end_section()
        titled = any(
            section.heading and section.heading[0].startswith(TITLE_MARK) for section in self.sections
        )
        if self.sections and not titled and self._page_title and self._page_title.lower() != "notebook":
            first = self.sections[0]
            self.sections[0] = Section((f"{TITLE_MARK}{self._page_title}", *first.heading), first.blocks)

    # --- the parser's calls ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self._formula is not None:
            if tag not in _ENDS_FORMULA:
                self._formula.start(tag, attributes)
                return
            self._end_formula()  # it was never closed
        if self._open and tag not in _IN_HEAD and (tag == "body" or self._open[-1].tag == "head"):
            self.handle_endtag("head")  # HTML allows to leave out </head>
        if tag in _VOID:
            if not self._silent:
                self._void(tag, attributes)
            return
        if len(self._open) < DEEPEST:
            self._push(tag, attributes)
        if self._silent:
            return
        if tag in _BLOCK or tag in _HEADINGS or tag in ("pre", "textarea"):
            self._start_block(tag, attributes)
        elif tag in ("math", "mjx-container"):
            self._formula, self._formula_tag = Formula(attributes.get("display") == "true"), tag
            self._formula.start(tag, attributes)
        elif tag in ("strong", "b") and self._pre is None:
            self._text.append("**")
        elif tag in ("code", "kbd", "samp") and self._pre is None:
            self._text.append("`")
        elif tag in ("sub", "sup") and self._pre is None:
            self._text.append("_" if tag == "sub" else "^")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._formula is not None and tag != self._formula_tag and tag not in _ENDS_FORMULA:
            self._formula.end(tag)
            return
        self._end_formula()
        if not self._count[tag]:
            return
        was_silent = self._silent
        while self._open:
            left = self._open.pop()
            self._count[left.tag] -= 1
            self._hidden -= left.hides
            self._in_main -= left.main
            self._near_control = 2 if left.control else max(self._near_control - 1, 0)
            if left.tag == tag:
                break
        if not was_silent:
            self._end(tag)

    def handle_data(self, data: str) -> None:
        if self._formula is not None:
            self._formula.data(data)
        elif not self._silent:
            self._text.append(data)

    # --- what they mean ---

    @property
    def _silent(self) -> bool:
        return self._hidden > 0 or (self.only_main and not self._in_main)

    @property
    def _in_title(self) -> bool:
        return any(self._count[name] for name in (*_HEADINGS, "summary", "dt"))

    def _push(self, tag: str, attributes: dict[str, str]) -> None:
        classes = attributes.get("class", "")
        above = self._open[-1] if self._open else None
        group = above is not None and above.group
        found = _LANGUAGE.search(classes)
        element = _Open(
            tag,
            hides=self._visibility.hides(tag, attributes, self._in_title, self._near_control > 0 or group),
            main=tag == "main" or attributes.get("role") == "main",
            language=(found[1] or found[2]) if found else above.language if above else "",
            output=_OUTPUT.search(classes) is not None or (above is not None and above.output),
            control=is_control(tag, attributes),
            group=group or is_group(attributes),
        )
        self._near_control = 0
        self._open.append(element)
        self._count[tag] += 1
        self._hidden += element.hides
        self._in_main += element.main

    def _void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._text.append("\n" if self._pre is not None else "\x03")
        elif tag == "hr":
            self._end_text()
        elif tag == "img":
            self._picture(attributes)

    def _picture(self, attributes: dict[str, str]) -> None:
        if attributes.get("aria-hidden") == "true":  # it draws what stands beside it in words
            return
        alt = " ".join((attributes.get("alt") or attributes.get("title") or "").split())
        if _DRAWN_FORMULA.search(attributes.get("class", "")) and alt:
            source = attributes.get("data-equation-content") or alt.removeprefix("LaTeX:")
            self._text.append(f"${source.strip()[:2000]}$")
        elif alt and alt.lower() not in _NO_DESCRIPTION:
            self._text.append(f"[Picture: {alt[:500]}]")

    def _start_block(self, tag: str, attributes: dict[str, str]) -> None:
        if self._rows is not None and tag in ("td", "th", "tr", "caption"):
            if tag == "tr":
                self._rows.append([])
            self._span = (_number(attributes.get("colspan", "")), _number(attributes.get("rowspan", "")))
            self._text = []
            return
        if self._rows is not None:
            self._text.append(" ")
            return
        self._end_text()
        if tag in ("ul", "ol"):
            self._lists.append(tag)
        elif tag == "table":
            self._end_list()
            self._rows = []
        elif tag in ("pre", "textarea"):
            self._pre = self._open[-1].language if self._open else ""
        if tag in _HEADINGS:
            self._end_list()

    def _end(self, tag: str) -> None:
        if tag in ("strong", "b") and self._pre is None:
            self._text.append("**")
        elif tag in ("code", "kbd", "samp") and self._pre is None:
            self._text.append("`")
        elif self._rows is not None and tag in ("td", "th"):
            if not self._rows:
                self._rows.append([])
            across, down = self._span
            self._rows[-1].append(Cell(self._take(), across, down, repeated=tag == "th" or down > 1))
        elif self._rows is not None and tag == "caption":
            if words := self._take():
                self._blocks.append(Block(PROSE, words))
        elif tag == "table" and self._rows is not None:
            self._end_table()
        elif tag == "pre":
            self._end_listing()
        elif tag == "textarea":
            self._end_template()
        elif tag in _HEADINGS:
            self._end_heading(_HEADINGS[tag])
        elif self._rows is None and tag in ("ul", "ol"):
            self._end_text()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._end_list()
        elif tag in _BLOCK:
            self._end_text()

    def _take(self) -> str:
        """The running text so far, in one line where the page has no break of its own."""
        text = "".join(self._text)
        self._text = []
        text = re.sub(r"\*\*(\s*)\*\*|`\s*`", r"\1", text).replace("¶", "")
        lines = [" ".join(line.split()) for line in without_base64(text).split("\x03")]
        return "\n".join(line for line in lines if line).strip()

    def _end_text(self) -> None:
        if self._rows is not None or self._pre is not None:
            return
        text = self._take()
        if not text:
            return
        if self._lists:
            self._items.append("  " * (len(self._lists) - 1) + f"- {text}")
            return
        kind = MATHS if _DISPLAYED.fullmatch(text) else PROSE
        self._blocks.append(Block(kind, text))

    def _end_list(self) -> None:
        if self._items:
            self._blocks.append(Block(PROSE, "\n".join(self._items)))
        self._items, self._lists = [], []

    def _end_listing(self) -> None:
        source = "".join(self._text).replace("\x03", "").strip("\n")
        language, self._pre, self._text = self._pre or "", None, []
        output = bool(self._open) and self._open[-1].output
        source = dedent(source.expandtabs(4)).strip("\n")
        if source.strip():
            block = Block(CODE, without_base64(source), language)
            self._blocks.append(Block(OUTPUT, shortened(source), "text") if output else block)

    def _end_template(self) -> None:
        source, self._pre, self._text = dedent("".join(self._text).expandtabs(4)), None, []
        source = re.sub(
            r"^[ \t]*-{2,3}[ \t]*$", "\n***\n", source, flags=re.M
        )  # the next slide, no underline
        if len(source.split()) > 3:
            self._end_section()
            self.sections.extend(read_markdown(source, path=heading_path(self._levels)))

    def _end_heading(self, level: int) -> None:
        name = self._take().replace("**", "").replace("`", "").replace("\n", " ")
        name = re.sub(r"\[Picture: [^\]]*\]", "", name).strip()
        if not name:
            return
        self._end_section()
        self._levels = {known: other for known, other in self._levels.items() if known < level}
        self._levels[level] = f"{TITLE_MARK}{name}" if level == 1 else name

    def _end_section(self) -> None:
        if self._blocks:
            self.sections.append(Section(heading_path(self._levels), tuple(self._blocks)))
        self._blocks = []

    def _end_table(self) -> None:
        rows = self._rows or []
        rest, self._rows = self._take(), None
        regular = sum(len(row) > 2 for row in rows) > 3  # a schedule, with much to say of one day
        if any(len(cell.text) > LONG_CELL for row in rows for cell in row) and not regular:
            texts = (cell.text.replace("\n", " ") for row in rows for cell in row)
            self._blocks.extend(Block(PROSE, text) for text in texts if text)
        elif told := markdown_table(rows):
            self._blocks.append(Block(TABLE, told))
        if rest:
            self._blocks.append(Block(PROSE, rest))

    def _end_formula(self) -> None:
        if self._formula is not None:
            self._text.append(self._formula.markdown())
        self._formula = None


def _number(value: str) -> int:
    """Of columns or rows; 1 where a page says something else."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else 1
