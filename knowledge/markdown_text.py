"""The text of a Markdown block as it is stored: without HTML tags, marks of book builders and long addresses.

Knows nothing of the blocks of a file, which `markdown_reader` finds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from knowledge.markdown_boxes import BOX_LINE, box_line
from knowledge.markdown_tables import html_table, html_tables

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
# Obsidian's comments; not "%%time or %%timeit", which are commands of a notebook.
_COMMENT = re.compile(
    r"(?<![\w%])%%(?!%|(?:time|timeit|capture|writefile|file|bash|sh|script|html|latex|markdown|sql|R|cython|prun)\b)"
    r"([^%]{1,2000}(?:%[^%]{1,2000}){0,9})%%(?![\w%])"
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|figure|figcaption|summary)\s*>", re.I)
_CELL_END = re.compile(r"</(?:td|th)\s*>\s*(?=<t[dh])", re.I)
_RAISED = re.compile(r"<su([bp])\b[^<>]{0,200}>([^<>\n]{1,40})</su\1\s*>", re.I)
_SIMPLE = re.compile(r"[+−-]?[^\W_]+")
# A quoted attribute may hold a ">", and a "<" that opens no tag.
_IMG = re.compile(
    r"""<img\b(?:((?:[^<>"']|"(?:[^"<]|<(?![a-z/!]))*"|'(?:[^'<]|<(?![a-z/!]))*')*)>|([^<>]*)>)""", re.I
)
_ATTRIBUTE = re.compile(r"""\b(alt|src|title)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
# Lengths are bounded, so that a page of brackets that never close costs no more than its length.
_PICTURE = re.compile(
    r"!\[([^\]]{0,600})\]\(\s*<?([^)\s>]*(?:\([^)\s]{0,200}\)[^)\s>]*){0,9})>?\s*(?:\"([^\"]{0,2000})\")?[^)]{0,200}\)"
    r"(?:\{([^{}]{0,2000})\})?"
    r"|!\[\[([^\]|]{1,200})(?:\|[^\]]{0,200})?\]\]"
    r"|!\[([^\]]{1,600})\]\[[^\]]{0,200}\]"
)
_FIG_ALT = re.compile(r"""\bfig-alt\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LINKED_PICTURE = re.compile(r"\[(\[Picture: [^\]]{0,600}\])\]\([^()\s]{0,2000}\)")
_LINK = re.compile(r"(?<!!)\[([^\]]{1,400})\]\((?:https?://|data:)[^)\s]+(?:\s[^)]{0,1000})?\)")
# Obsidian's links; a name begins with a letter, or with a number and then a word: [[1, 2], [3, 4]] is a matrix.
_WIKI_NAME = r"(?=#?[^\W\d_]|\d[\d ._\-]*[^\W\d_]{2})[^\]|\\=]{1,200}"
_WIKI_LINK = re.compile(rf"\[\[(?:{_WIKI_NAME}\|([^\]|]{{1,200}})|({_WIKI_NAME}))\]\]")
_INLINE_CODE = re.compile(r"(`{1,9})(?!`).{1,5000}?(?<!`)\1(?!`)", re.S)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.*?\S)\1(?!\w)")
# Marks of book builders (MyST, Quarto, d2l): labels, roles, fences around boxes.
_ROLE = re.compile(r"(?<![\w`]):(\w[\w:+.\-]{0,40}):`([^`\n]{0,300})`|\{([\w:+.\-]{1,40})\}`([^`\n]{0,300})`")
_LABEL = re.compile(r"^(?:sec|subsec|fig|eq|chap|tab|section|chapter|figure|table)[_:\-]")
_EQUATION_LABEL = re.compile(r"(?<=\$\$)[ \t]{0,20}(?:\{#eq[^{}\n]{0,200}\}|\(eq[\w.:\-]{1,100}\))")
_SLIDE_MARK = re.compile(r"\[\*\*(.{1,1000}?)\*\*\](?!\()", re.S)
_BUILDER_LINE = re.compile(
    r"^[ \t]*(?::(?:label|width|height|align|begin_tab|end_tab|name|tags?|bibliography|figure)\b[^\n]*"
    r"|\([\w:.\-]+\)=|\+\+\+(?:[ \t]*\{[^\n]*\})?)[ \t]*$",
    re.M,
)
_ATTRIBUTES = re.compile(r"\s*\{(?:[#.:][^{}]*|-)\}\s*$")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{60,}(?:\\n|\n)?){4,}[A-Za-z0-9+/=]*")
_SAYS_NOTHING = frozenset({"image", "img", "alt text", "image.png"})


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

    def keep(text: str) -> str:
        kept.append(text)
        return f"\x00{len(kept) - 1}\x00"

    def put_back(text: str) -> str:
        return re.sub(
            r"\x00(\d+)\x00", lambda found: kept[int(found[1])] if int(found[1]) < len(kept) else "", text
        )

    text = _ROLE.sub(lambda found: _role(found[1] or found[3], found[2] or found[4] or ""), source)
    text = _SLIDE_MARK.sub(r"**\1**", text)
    if ":" in text or ")=" in text or "+++" in text:
        text = _BUILDER_LINE.sub("", BOX_LINE.sub(lambda found: bold(box_line(found[0]).title), text))
    text = _EQUATION_LABEL.sub("", text) if "$$" in text else text
    text = _INLINE_CODE.sub(lambda found: keep(found[0]), text)
    text = without_hidden(text)
    text = _COMMENT.sub("", text) if "%%" in text else text
    text = _with_tables(text, lambda cell: clean(put_back(cell)), keep) if "<t" in text else text
    text = _IMG.sub(lambda found: _picture(**_attributes(found[1] or found[2] or "")), text)
    text = _PICTURE.sub(_markdown_picture, text)
    text = _LINKED_PICTURE.sub(r"\1", text)
    text = _WIKI_LINK.sub(_wiki_link, _LINK.sub(r"\1", text))
    text = _RAISED.sub(_raised, text)
    text = _CELL_END.sub(" | ", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = put_back(without_base64(html.unescape(text)))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def bold(title: str) -> str:
    """The title of a box as it is stored."""
    words = plain_heading(title)
    return f"**{words}**" if words else ""


def _with_tables(text: str, cell: Callable[[str], str], keep: Callable[[str], str]) -> str:
    parts, position = [], 0
    for start, end in html_tables(text):
        if table := html_table(text[start:end], cell):
            parts += [text[position:start], "\n\n", keep(table), "\n\n"]
            position = end
    return "".join([*parts, text[position:]])


def _raised(found: re.Match[str]) -> str:
    """`10<sup>-3</sup>` as 10^-3: without its tags alone it would be another number."""
    words = found[2].strip()
    if len(words) > 1 and not _SIMPLE.fullmatch(words):
        words = f"({words})"
    return f"{'^' if found[1].lower() == 'p' else '_'}{words}" if words else ""


def _wiki_link(found: re.Match[str]) -> str:
    return str(found[1] or found[2].lstrip("#").replace("#", ": "))


def _markdown_picture(found: re.Match[str]) -> str:
    alt, attributes = found[1] or found[6] or "", found[4] or ""
    if told := _FIG_ALT.search(attributes):
        words = (told[1] or told[2] or "").strip()
        alt = f"{alt.strip().rstrip('.')}. {words}" if alt.strip() else words
    return _picture(alt, found[2] or found[5] or "", found[3] or "")


def _role(name: str, text: str) -> str:
    """`{math}`x`` is a formula; a reference gives the words of its label, since a sentence may be built on it."""
    if name == "math":
        return f"${text}$"
    words = re.sub(r"\s*<[^<>]*>$", "", text)
    if name in ("label", "eqlabel", "width", "height", "begin_tab"):
        return ""
    if name in ("sub", "sup"):
        return f"<{name}>{words}</{name}>"
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
    if title.strip() and (not name or name.lower() in _SAYS_NOTHING):
        name = title.strip()
    if not name or name.lower() in _SAYS_NOTHING:
        name = ""
        if src and not src.startswith(("data:", "attachment:")):
            stem = re.split(r"[?#]", src)[0].rsplit("/", 1)[-1].rsplit(".", 1)[0]
            words = re.sub(r"%20|[_\-]+", " ", stem).strip()
            name = words if re.search(r"[A-Za-z]{3}", words) and len(words) <= 80 else ""
    return f"[Picture: {name}]" if name else ""
