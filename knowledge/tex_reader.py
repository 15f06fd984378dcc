"""LaTeX source -> sections, lightly: sections and slides as headings, formulas as they stand, commands as their words.

Not a TeX engine: simple macros of the file itself are written out (`tex_macros`), other definitions passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from knowledge.documents import CODE, MATHS, PROSE, TABLE, Block, Reading, Section
from knowledge.markdown_reader import TITLE_MARK, heading_path
from knowledge.tables import Cell, markdown_table
from knowledge.tex_boxes import STATEMENTS, apart, with_units
from knowledge.tex_macros import SEAM, braces, definitions, expanded, group, groups_at, rewritten
from knowledge.tex_references import labelled, with_references

_LEVELS = {"part": 2, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6}
_FRAME = 7
_VERBATIM = re.compile(
    r"\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|Highlighting|python|code)\}"
    r"((?:\[[^\]]{0,500}\])?(?:\{[^}\n]{0,100}\})?)(.{0,8000}?)\\end\{\1\}",
    re.S,
)
# In listings that pandoc wrote.
_SIGNS = {
    "{-}": "-",
    "\\textasciigrave{}": "`",
    "\\textless{}": "<",
    "\\textgreater{}": ">",
    "\\textbackslash{}": "\\",
}
_COLOURED = re.compile(r"\\[A-Za-z]{1,30}Tok\{((?:\\.|[^{}\\]|\{[^{}]{0,20}\}){0,1000})\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_DROPPED = re.compile(
    r"\\begin\{(tikzpicture|comment|thebibliography|filecontents\*?|pgfpicture)\}.{0,200000}?\\end\{\1\}",
    re.S,
)
_DISPLAY = re.compile(
    r"\\begin\{(equation|align|alignat|gather|multline|eqnarray|displaymath|flalign|dmath)(\*?)\}(.{0,8000}?)\\end\{\1\2\}"
    r"|\\\[(.{0,4000}?)\\\]|\$\$(.{0,4000}?)\$\$",
    re.S,
)
_INNER = {
    "align": "aligned",
    "alignat": "aligned",
    "flalign": "aligned",
    "eqnarray": "aligned",
    "gather": "gathered",
}
# A formula in the text holds no empty line.
_INLINE = re.compile(
    r"(?<!\\)\$((?:\\.|\n(?![ \t]{0,200}\n)|[^$\\\n]){1,2000}?)\$|\\\((.{1,2000}?)\\\)", re.S
)
_TABULAR = re.compile(r"\\begin\{(tabular[x*]?|array|longtable)\}(.{0,8000}?)\\end\{\1\}", re.S)
_MULTICOLUMN = re.compile(r"\s*\\multicolumn\s*(?=\{)")
_MULTIROW = re.compile(r"\s*\\multirow\s*(?:\[[^\]]{0,20}\])?\s*(?=\{)")
_ENSURED = re.compile(r"\\ensuremath\s*(?=\{)")
_TABLE_FLOAT = re.compile(r"\\begin\{table\*?\}.{0,4000}?\\end\{table\*?\}", re.S)
_TITLE = re.compile(r"\\title\s*(?:\[[^\]]{0,300}\])?(?=\{)")
_HEADING = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?\s*(?:\[[^\]]{0,300}\]\s*)?(?=\{)"
    r"|\\frametitle\s*(?:<[^>]{0,20}>)?(?=\{)"
    r"|\\begin\{frame\}\s*(?:<[^>]{0,20}>)?(?:\[[^\]]{0,100}\])*\s*(?=\{)?|\\end\{frame\}"
)
_ITEM = re.compile(r"\\item\s*(?:<[^>]{0,20}>)?\s*(?:\[([^\]]{0,300})\])?")
_STATEMENT = re.compile(
    rf"\\begin\{{({'|'.join(STATEMENTS)})\}}\s*(?:<[^>]{{0,20}}>)?(?:\[([^\]]{{0,300}})\]|\{{([^}}]{{0,300}})\}})?"
)
_SILENT_TEXT = (
    "label ref eqref cref pageref cite citep citet citeauthor nocite bibliography bibliographystyle "
    "includegraphics input include usepackage vspace hspace setlength addtolength pagestyle thispagestyle "
    "setcounter addtocounter newcommand renewcommand def definecolor color textcolor usetheme index "
    "hypersetup graphicspath newtheorem resizebox scalebox rule fontsize addcontentsline tableofcontents "
    "markboth bibitem rowcolor cellcolor columncolor rowcolors newcolumntype"
)
_SILENT = frozenset(_SILENT_TEXT.split())
_STYLES = {"textbf": "**", "emph": "*", "textit": "*", "texttt": "`", "alert": "**", "structure": "**"}
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?[ \t]*(?:<[^>\n]{0,20}>)?(?:\[[^\]\n]{0,300}\])?")
_ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "c": "\u0327",
    "v": "\u030c",
}
_ACCENT = re.compile(r"\\(?:(['`^\"~])\{?(\\?[A-Za-z])\}?|([cv])\{([A-Za-z])\})")
_WORDS = {"ldots": "…", "dots": "…", "ss": "ß", "o": "ø", "ae": "æ", "LaTeX": "LaTeX", "TeX": "TeX", "S": "§"}


def read_tex(reading: Reading) -> list[Section]:
    text = reading.text()
    kept: list[Block] = []  # what must not be touched again, known by its number

    def keep(block: Block) -> str:
        kept.append(block)
        return f"\x00{len(kept) - 1}\x00"

    text = _VERBATIM.sub(
        lambda found: f"\n\n{keep(_listing(found[1], found[2], found[3]))}\n\n",
        text.replace("\x00", "").replace(SEAM, ""),
    )
    text = "\n".join(_COMMENT.sub(r"\1", line) if "%" in line else line for line in text.split("\n"))
    macros, text = definitions(text)
    titled = _TITLE.search(text)
    title = expanded(group(text, titled.end(), braces(text))[0], macros) if titled else ""
    whole = text
    if (start := text.find("\\begin{document}")) >= 0:
        text = text[start + 16 :].split("\\end{document}")[0]
    text = apart(expanded(_DROPPED.sub(" ", text), macros), whole)
    known = labelled(text)
    text = _TABLE_FLOAT.sub(lambda found: found[0].replace("\\caption", "\\tablecaption"), text)
    text = _DISPLAY.sub(lambda found: f"\n\n{keep(_formula(found))}\n\n", text)
    text = _INLINE.sub(lambda found: keep(Block(MATHS, f"${_maths(found[1] or found[2]).strip()}$")), text)
    text = rewritten(text, _ENSURED, 1, lambda _, groups: keep(Block(MATHS, f"${_maths(groups[0])}$")))
    text = with_references(with_units(text, formula=False), known)
    text = _TABULAR.sub(lambda found: f"\n\n{keep(_table(found[1], found[2], kept))}\n\n", text)

    levels = {1: f"{TITLE_MARK}{_line(title, kept)}"} if title else {}
    sections: list[Section] = []
    for level, name, content in _parts(text):
        if level:
            levels = {known: other for known, other in levels.items() if known < level}
        if level and (words := _line(name, kept)):
            levels[level] = words
        blocks = tuple(_blocks(content, kept))
        if blocks:
            sections.append(Section(heading_path(levels), blocks))
    return sections


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """(level, heading, the text under it) in order; level 0 goes on under the heading before."""
    level, name, position = 0, "", 0
    pairs = braces(text)
    for found in _HEADING.finditer(text):
        if found.start() < position:
            continue
        yield level, name, text[position : found.start()]
        title, position = group(text, found.end(), pairs)
        if found[1]:
            level, name = _LEVELS[found[1]], title
        else:
            level, name = _FRAME, title
    yield level, name, text[position:]


def _listing(name: str, options: str, code: str) -> Block:
    if name == "Highlighting":  # as pandoc writes it: each word in a command that colours it
        code = _COLOURED.sub(r"\1", code)
        for name, sign in _SIGNS.items():
            code = code.replace(name, sign)
        code = re.sub(r"\\([{}_$#%&^~])(?:\{\})?", r"\1", code)
    language = re.search(r"language=\{?(?:\[[^\]]*\])?(\w+)|\{(\w+)\}", options)
    return Block(CODE, code.strip("\n"), (language[1] or language[2]).lower() if language else "")


def _maths(source: str) -> str:
    """A formula without what only LaTeX itself knows."""
    return with_units(source.replace(SEAM, "").replace("\\ensuremath", ""), formula=True)


def _formula(found: re.Match[str]) -> Block:
    name, body = found[1] or "", next(part for part in (found[3], found[4], found[5], "") if part is not None)
    body = re.sub(r"\\(?:label|tag)\{[^}]*\}|\\(?:nonumber|notag)\b", "", _maths(body))
    body = "\n".join(line.strip() for line in body.split("\n") if line.strip())
    if name == "eqnarray":
        body = re.sub(r"&\s*([=<>]|\\[lg]eq?)\s*&", r"&\1", body)
    if inner := _INNER.get(name):
        body = f"\\begin{{{inner}}}\n{body}\n\\end{{{inner}}}"
    return Block(MATHS, f"$$\n{body}\n$$" if body else "")


def _table(name: str, body: str, kept: list[Block]) -> Block:
    """The rows of a table as a Markdown table."""
    pairs = braces(body)
    placed = re.match(r"\s{0,9}\[[^\]]{0,9}\]", body)
    _, start = groups_at(body, placed.end() if placed else 0, 2 if name[-1] in "x*" else 1, pairs)
    rows = []
    for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", body[start:]):
        row = re.sub(
            r"\\(?:hline|toprule|midrule|bottomrule)|\\(?:cline|cmidrule)(?:\([^)]*\))?\{[^}]*\}", "", row
        )
        rows.append([_cell(cell, kept) for cell in re.split(r"(?<!\\)&", row)])
    return Block(TABLE, markdown_table(rows))


def _cell(source: str, kept: list[Block]) -> Cell:
    """A cell of a table, which may be merged from several."""
    across = 1
    for command in (_MULTICOLUMN, _MULTIROW):
        if found := command.match(source):
            groups, _ = groups_at(source, found.end(), 3, braces(source))
            if len(groups) == 3:
                source = groups[2]
                across = int(groups[0]) if command is _MULTICOLUMN and groups[0].isdecimal() else across
    return Cell(_line(source, kept), across)


def _blocks(content: str, kept: list[Block]) -> Iterator[Block]:
    for part in re.split(r"\n[ \t]*\n", content):
        whole = re.fullmatch(r"\s*\x00(\d+)\x00\s*", part)
        if whole:
            if kept[int(whole[1])].text.strip():
                yield kept[int(whole[1])]
        elif words := _words(part, kept):
            yield Block(PROSE, words)


def _line(source: str, kept: list[Block]) -> str:
    return " ".join(_words(source, kept).split())


def _words(source: str, kept: list[Block]) -> str:
    """Running text: commands replaced by their words, lists by lines with a dash, formulas put back."""
    text = _STATEMENT.sub(_statement, source)
    text = re.sub(r"\\begin\{(?:itemize|enumerate|description)\}(?:\[[^\]]*\])?", "\n", text)
    text = _ITEM.sub(lambda found: f"\x01{f'**{found[1]}** ' if found[1] else ''}", text)
    text = re.sub(r"\\(?:begin|end)\{[^}]{0,60}\}(?:\[[^\]\n]{0,100}\])?(?:\{[^}\n]{0,100}\})?", "\n", text)
    text = _ACCENT.sub(_accented, text)
    text = _commands(text)
    text = re.sub(r"\\([%$#&_{}])", "\x02\\1", text)
    text = re.sub(r"\\\\(?:\[[^\]]*\])?", "\n", text)
    text = re.sub(r"(?<!\x02)[{}]", "", text).replace("\x02", "").replace("\\,", " ").replace("\\ ", " ")
    text = re.sub(r"\\[^A-Za-z\s]", "", text).replace("~", " ")
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    lines = [" ".join(part.split()) for part in " ".join(text.split()).split("\x01")]
    text = "\n".join([*lines[:1], *(f"- {line}" for line in lines[1:] if line)]).strip()
    return re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])].markdown(), text)


def _commands(text: str) -> str:
    """Commands gone; of those with an argument the words stay, unless they only set something."""
    parts: list[str] = []
    position, pairs = 0, braces(text)
    while found := _COMMAND.search(text, position):
        parts.append(text[position : found.start()])
        name, position = found[1], found.end()
        if name == "verb" and position < len(text):
            end = text.find(text[position], position + 1)
            parts.append(f"`{text[position + 1 : end]}`" if end > 0 else "")
            position = end + 1 if end > 0 else position + 1
            continue
        argument, after = group(text, position, pairs)
        if name in _SILENT:
            while after != position:
                position = after
                _, after = group(text, position, pairs)
        elif name in _STYLES and argument.strip():
            parts.append(f"{_STYLES[name]}{_commands(argument).strip()}{_STYLES[name]}")
            position = after
        elif name in ("caption", "tablecaption") and argument:
            kind = "Picture" if name == "caption" else "Table"
            parts.append(f"\n[{kind}: {_commands(argument).strip()}]\n")
            position = after
        elif name == "footnote" and argument:
            parts.append(f" ({_commands(argument).strip()})")
            position = after
        elif name in ("href", "hypertarget", "hyperlink"):
            position = after
        elif after == position or not argument:
            parts.append(_WORDS.get(name, " "))
    parts.append(text[position:])
    return "".join(parts).replace(SEAM, "")


def _statement(found: re.Match[str]) -> str:
    name, title = found[1], (found[2] or found[3] or "").strip()
    if "block" in name:
        return f"\n**{title}**\n" if title else "\n"
    return f"\n**{name.capitalize()}{f' ({title})' if title else ''}.** "


def _accented(found: re.Match[str]) -> str:
    mark, letter = found[1] or found[3], (found[2] or found[4]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + _ACCENTS[mark])
