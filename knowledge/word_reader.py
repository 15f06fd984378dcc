"""Word documents -> sections by their headings: paragraphs, lists, tables, formulas and what pictures are said to show.

`python-docx` opens the file and knows the styles; the text is taken from the XML, since the library leaves out what
stands in text boxes, content controls, tracked insertions and formulas.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.documents import MATHS, PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import TITLE_MARK, heading_path
from knowledge.office import check_package, inline, lines, local, table
from knowledge.text_reader import NAMED

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.I)


@dataclass(frozen=True)
class _Paragraph:
    text: str
    level: int  # 0: no heading; 1: the title
    item: int  # 0: no item of a list; 1 and deeper
    bold: bool


def read_word(reading: Reading) -> list[Section]:
    import docx

    check_package(reading.data, "Word")
    try:
        document = docx.Document(io.BytesIO(reading.data))
        pieces = list(_pieces(document.element.body, _levels(document)))
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the library and the XML parser raise many kinds on damaged files
        raise UnreadableError(f"not a Word file that can be read ({type(error).__name__})") from None
    return _sections(pieces)


def _levels(document: Any) -> dict[str, int]:
    """Level of the headings by style id; 1 is the title. A style counts as what it is based on."""
    levels = {}
    for style in document.styles:
        known, at = style, 0
        while known is not None and at < 10:
            name = (known.name or "").lower()
            outline = known.element.find(f"{W}pPr/{W}outlineLvl")
            if name == "title":
                levels[style.style_id] = 1
            elif found := _HEADING.fullmatch(name):
                levels[style.style_id] = int(found[1]) + 1
            elif outline is not None and (value := outline.get(f"{W}val", "9")).isdigit() and int(value) < 9:
                levels[style.style_id] = int(value) + 2
            elif name.startswith("toc ") or name == "toc heading":
                levels[style.style_id] = -1  # the table of contents says nothing that the headings do not say
            else:
                known, at = getattr(known, "base_style", None), at + 1
                continue
            break
    return levels


def _pieces(parent: Any, levels: dict[str, int]) -> Iterator[_Paragraph | Block]:
    for node in parent:
        name = local(node)
        if name == "p":
            paragraph = _paragraph(node, levels)
            if paragraph.text and paragraph.level >= 0:
                yield paragraph
            for box in node.iter(f"{W}txbxContent"):
                if not any(local(above) == "Fallback" for above in box.iterancestors()):
                    yield from _pieces(box, levels)
        elif name == "tbl":
            rows = ((_cell(cell) for cell in row.iter(f"{W}tc")) for row in node.iterchildren(f"{W}tr"))
            if (block := table(rows)) is not None:
                yield block
        elif name in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml"):
            yield from _pieces(node, levels)


def _cell(cell: Any) -> str:
    return " ".join(inline(paragraph) for paragraph in cell.iterchildren(f"{W}p"))


def _paragraph(node: Any, levels: dict[str, int]) -> _Paragraph:
    properties = node.find(f"{W}pPr")
    style = outline = numbering = None
    if properties is not None:
        style, outline = properties.find(f"{W}pStyle"), properties.find(f"{W}outlineLvl")
        numbering = properties.find(f"{W}numPr")
    style_id = style.get(f"{W}val", "") if style is not None else ""
    level = levels.get(style_id, 0)
    if outline is not None and (value := outline.get(f"{W}val", "9")).isdigit() and int(value) < 9:
        level = int(value) + 2
    item = 1 if style_id.lower().startswith("list") and "paragraph" not in style_id.lower() else 0
    if numbering is not None and not level:
        depth = numbering.find(f"{W}ilvl")
        value = depth.get(f"{W}val", "0") if depth is not None else "0"
        item = 1 + (min(int(value), 8) if value.isdigit() else 0)
    runs = [
        run for run in node.iter(f"{W}r") if "".join(part.text or "" for part in run.iter(f"{W}t")).strip()
    ]
    bold = bool(runs) and all(_is_bold(run) for run in runs)
    return _Paragraph(lines(inline(node)), level, item, bold)


def _is_bold(run: Any) -> bool:
    mark = run.find(f"{W}rPr/{W}b")
    return mark is not None and mark.get(f"{W}val", "1") not in ("0", "false", "none")


def _sections(pieces: list[_Paragraph | Block]) -> list[Section]:
    given = [piece for piece in pieces if isinstance(piece, _Paragraph) and piece.level]
    # One heading of the first level and no title: that is the title.
    tops = [piece for piece in given if piece.level == 2]
    only_top = tops[0] if len(tops) == 1 and given[0] is tops[0] and len(given) > 1 else None
    sections: list[Section] = []
    levels: dict[int, str] = {}
    blocks: list[Block] = []
    for number, piece in enumerate(pieces):
        level = 0
        if isinstance(piece, _Paragraph):
            level = 1 if piece is only_top else piece.level
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            if not given and not piece.item and _may_be_heading(piece, following):
                level = 2  # nobody used the styles: a line in bold, or "Problem 3", has to do
        if level and isinstance(piece, _Paragraph):
            if blocks:
                sections.append(Section(heading_path(levels), tuple(blocks)))
                blocks = []
            name = piece.text.replace("\n", " ").rstrip(":")
            levels = {known: other for known, other in levels.items() if known < level}
            levels[level] = f"{TITLE_MARK}{name}" if level == 1 else name
        elif isinstance(piece, Block):
            blocks.append(piece)
        else:
            _add(piece, blocks, pieces[number - 1] if number else None)
    if blocks:
        sections.append(Section(heading_path(levels), tuple(blocks)))
    return sections


def _may_be_heading(piece: _Paragraph, following: _Paragraph | Block | None) -> bool:
    text = piece.text
    if not 2 < len(text) <= 80 or "\n" in text or following is None or text.endswith((",", ";")):
        return False
    if NAMED.match(text) and len(text) <= 40:
        return True
    plain_follows = isinstance(following, Block) or not following.bold
    return piece.bold and plain_follows and not text.endswith(".")


def _add(piece: _Paragraph, blocks: list[Block], before: _Paragraph | Block | None) -> None:
    """A paragraph as a block; the items of one list share theirs."""
    if piece.item:
        line = "  " * (piece.item - 1) + f"- {piece.text}"
        if blocks and isinstance(before, _Paragraph) and before.item:
            blocks[-1] = Block(PROSE, f"{blocks[-1].text}\n{line}")
        else:
            blocks.append(Block(PROSE, line))
    elif re.fullmatch(r"\$\$[^$]+\$\$", piece.text):
        blocks.append(Block(MATHS, piece.text))
    else:
        blocks.append(Block(PROSE, piece.text))
