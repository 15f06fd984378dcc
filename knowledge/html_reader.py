"""Web pages and notebooks saved as web pages -> sections by heading; menus, scripts and styles are left out."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from textwrap import dedent

from knowledge.documents import CODE, MATHS, OUTPUT, PROSE, TABLE, Block, Reading, Section
from knowledge.markdown_reader import TITLE_MARK, heading_path, read_markdown, without_base64, without_hidden
from knowledge.notebook_reader import shortened

_VOID_TEXT = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_TEXT.split())
_SKIPPED_TEXT = (
    "script style noscript template nav footer form button select svg iframe object canvas audio video head"
)
_SKIPPED = frozenset(_SKIPPED_TEXT.split())
_SKIPPED_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sidebar|navbar|breadcrumbs?|headerlink|anchor-link|katex-html|MathJax_?\w*|InputPrompt|"
    r"OutputPrompt|prompt|toctree-wrapper|sphinxsidebar|related|sr-only|visually-hidden|copybtn|quarto-nav\w*)(?:$|\s)"
)
_BLOCK_TEXT = (
    "p div section article main header li ul ol dl dt dd blockquote figure figcaption table tr td th hr "
    "address details summary body html aside center fieldset caption"
)
_BLOCK = frozenset(_BLOCK_TEXT.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
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
_DISPLAYED = re.compile(r"\$\$.*\$\$|\\\[.*\\\]|\\begin\{(\w+\*?)\}.*\\end\{\1\}", re.S)
DEEPEST = 300  # elements within elements; of those below, only the text is taken
LONG_CELL = 400  # characters: a table with such cells is there for its layout


def read_html(reading: Reading) -> list[Section]:
    text = reading.text()
    text = _TEMPLATE.sub(lambda found: f"<textarea data-template>{html.escape(found[1])}</textarea>", text)
    text = _MATHS_SCRIPT.sub(lambda found: f" {_formula(found[2], bool(found[1]))} ", text)
    # The standard parser looks for the end of these again and again: one pass for it, whatever is in the file.
    text = without_hidden(text).replace("<![", "&lt;![").replace("<?", "&lt;?")
    end = text.rfind(">") + 1
    text = text[:end] + text[end:].replace("<", "&lt;")
    page = _Page(only_main=_MAIN.search(text) is not None)
    page.read(text)
    if not page.sections and page.only_main:
        page = _Page(only_main=False)
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


class _Page(HTMLParser):
    """Collects sections while the standard parser walks through a page."""

    def __init__(self, only_main: bool) -> None:
        super().__init__(convert_charrefs=True)
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
        self._rows: list[list[str]] | None = None
        self._pre: str | None = None  # language of the listing that is open

    def read(self, text: str) -> None:
        if title := re.search(r"<title[^<>]{0,100}>([^<]{1,300})", text, re.I):
            self._page_title = " ".join(html.unescape(title[1]).split())
        self.feed(text)
        self.close()
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
        if tag in _VOID:
            if not self._silent:
                self._void(tag, attributes)
            return
        if len(self._open) < DEEPEST:
            self._push(tag, attributes)
        if self._silent:
            return
        if tag in _BLOCK or tag in _HEADINGS or tag in ("pre", "textarea"):
            self._start_block(tag)
        elif tag == "math":
            self._text.append("\x01")
        elif tag == "annotation" and "tex" in attributes.get("encoding", ""):
            self._text.append("\x02")
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
        if not self._count[tag]:
            return
        was_silent = self._silent
        while self._open:
            left = self._open.pop()
            self._count[left.tag] -= 1
            self._hidden -= left.hides
            self._in_main -= left.main
            if left.tag == tag:
                break
        if not was_silent:
            self._end(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    # --- what they mean ---

    @property
    def _silent(self) -> bool:
        return self._hidden > 0 or (self.only_main and not self._in_main)

    def _push(self, tag: str, attributes: dict[str, str]) -> None:
        classes = attributes.get("class", "")
        above = self._open[-1] if self._open else None
        found = _LANGUAGE.search(classes)
        element = _Open(
            tag,
            hides=tag in _SKIPPED or _hides(attributes),
            main=tag == "main" or attributes.get("role") == "main",
            language=(found[1] or found[2]) if found else above.language if above else "",
            output=_OUTPUT.search(classes) is not None or (above is not None and above.output),
        )
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
            alt = " ".join((attributes.get("alt") or attributes.get("title") or "").split())
            if alt and alt.lower() not in {
                "image",
                "img",
                "png",
                "no description has been provided for this image",
            }:
                self._text.append(f"[Picture: {alt[:500]}]")

    def _start_block(self, tag: str) -> None:
        if self._rows is not None and tag in ("td", "th", "tr"):
            if tag == "tr":
                self._rows.append([])
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
        if tag == "math":
            self._end_math()
        elif tag == "annotation":
            self._text.append("\x02")
        elif tag in ("strong", "b") and self._pre is None:
            self._text.append("**")
        elif tag in ("code", "kbd", "samp") and self._pre is None:
            self._text.append("`")
        elif self._rows is not None and tag in ("td", "th"):
            if not self._rows:
                self._rows.append([])
            self._rows[-1].append(self._take())
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
        text = re.sub(r"[\x01\x02]", "", "".join(self._text))
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
        source = re.sub(r"[\x01-\x03]", "", "".join(self._text)).strip("\n")
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
        rows = [[cell.replace("\n", " ") for cell in row] for row in self._rows or [] if any(row)]
        rest, self._rows = self._take(), None
        if any(len(cell) > LONG_CELL for row in rows for cell in row):
            self._blocks.extend(Block(PROSE, cell) for row in rows for cell in row if cell)
        elif rows:
            lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
            if len(lines) > 1:
                lines.insert(1, "|" + " --- |" * max(len(row) for row in rows))
            self._blocks.append(Block(TABLE, "\n".join(lines)))
        if rest:
            self._blocks.append(Block(PROSE, rest))

    def _end_math(self) -> None:
        """A formula in MathML gives its TeX where it carries one, else its characters."""
        text = "".join(self._text)
        start = text.rfind("\x01")
        if start < 0:
            return
        inside = text[start + 1 :]
        parts = inside.split("\x02")
        formula = f"${parts[1].strip()}$" if len(parts) >= 3 else "".join(inside.split())
        self._text = [text[:start], formula]


def _hides(attributes: dict[str, str]) -> bool:
    if attributes.get("role") in ("navigation", "search", "contentinfo"):
        return True
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return bool(_SKIPPED_CLASS.search(attributes.get("class", "")))
