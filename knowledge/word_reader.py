"""Word documents -> sections by their headings: paragraphs, lists, listings, tables, formulas, notes, and what pictures
are said to show.

`python-docx` opens the file; the text is taken from the XML, since the library leaves out what stands in text boxes,
content controls, tracked insertions, formulas and notes. What the author hid is left out, and the report says so.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from knowledge.documents import CODE, MATHS, PROSE, TABLE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.listings import font_tells, in_listing, is_even, listing
from knowledge.markdown_reader import TITLE_MARK, heading_path
from knowledge.office import Cell, check_package, inline, lines, local, spread, table
from knowledge.text_reader import NAMED
from knowledge.word_styles import (
    DEEPEST,
    PLAIN,
    Numbering,
    Style,
    W,
    font_of,
    is_on,
    numbering_of,
    outline_level,
    styles,
    value,
)

_WRAPPERS = frozenset({"sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml"})
_MARKER = re.compile(r"\d{1,9}[.)]")  # a number that Markdown takes for one


@dataclass(frozen=True)
class _Paragraph:
    text: str
    level: int = 0  # 0: no heading; 1: the title
    item: int = 0  # 0: no item of a list; 1 and deeper
    bold: bool = False
    label: str = ""  # the number of an item or a heading
    source: str = ""  # the text with its spaces, tabs and breaks
    indent: int = 0  # in twentieths of a point
    code: bool = False  # the style says so
    even: bool = False  # set in letters of equal width


def read_word(reading: Reading) -> list[Section]:
    import docx

    check_package(reading.data, "Word")
    try:
        document = docx.Document(io.BytesIO(reading.data))
        file = _File(styles(document.styles.element), *_parts(document.part))
        body = document.element.body
        hidden = sum(file.take_out_hidden(root) for root in (body, *file.notes.values()))
        pieces = list(_with_listings(list(file.pieces(body))))
        pictures = any(local(node) in ("pic", "imagedata") for node in body.iter())
    except (MemoryError, RecursionError):
        raise
    except Exception:  # the library and the XML parser raise many kinds on damaged files
        raise UnreadableError("not a Word file that can be read: open it in Word and save it again") from None
    if hidden:
        reading.remarks.append(f"{hidden} hidden passage{'s' * (hidden != 1)} left out")
    if pictures and not pieces:
        raise UnreadableError("it holds pictures only: there is no text in it")
    return _sections(pieces)


def _parts(part: Any) -> tuple[Numbering, dict[tuple[str, str], Any]]:
    """The numbering, and the foot- and endnotes by their kind and id."""
    from docx.oxml import parse_xml

    numbering, notes = None, {}
    for relation in part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if relation.is_external or kind not in ("numbering", "footnotes", "endnotes"):
            continue
        root = parse_xml(relation.target_part.blob)
        if kind == "numbering":
            numbering = root
        else:
            name = kind.removesuffix("s")
            notes.update({(name, node.get(f"{W}id", "")): node for node in root.iter(W + name)})
    return Numbering(numbering), notes


@dataclass
class _File:
    """What the text of a document refers to."""

    styles: dict[str, Style]
    numbering: Numbering
    notes: dict[tuple[str, str], Any] = field(default_factory=dict)

    def take_out_hidden(self, root: Any) -> int:
        """Takes the hidden text out of the tree; the number of paragraphs that had some."""
        hidden = [run for run in root.iter(f"{W}r") if self._is_hidden(run)]
        above = {next(run.iterancestors(f"{W}p"), None) for run in hidden}
        for run in hidden:
            run.getparent().remove(run)
        return len(above)

    def _is_hidden(self, run: Any) -> bool:
        if not any((part.text or "").strip() for part in run.iter(f"{W}t")):
            return False  # the mark of an entry of the index, say
        mark = run.find(f"{W}rPr/{W}vanish")
        if mark is not None:
            return is_on(mark)
        own = self.styles.get(value(run, "rPr", "rStyle") or "-", PLAIN)
        paragraph = next(run.iterancestors(f"{W}p"), None)
        return own.hidden or self.styles.get(value(paragraph, "pPr", "pStyle"), PLAIN).hidden

    def pieces(self, parent: Any) -> Iterator[_Paragraph | Block]:
        for node in parent:
            name = local(node)
            if name == "p":
                yield from self._paragraphs(node)
                for box in node.iter(f"{W}txbxContent"):
                    if not any(local(above) == "Fallback" for above in box.iterancestors()):
                        yield from self.pieces(box)
            elif name == "tbl":
                yield from self._table(node)
            elif name in _WRAPPERS:
                yield from self.pieces(node)

    def _table(self, node: Any) -> Iterator[_Paragraph | Block]:
        """A table, and the tables inside it after it. What has one column is a box around its contents."""
        rows = [list(_children(row, "tc")) for row in _children(node, "tr")]
        block = table(spread(map(self._cells, rows)))
        cells = [cell for row in rows for cell in row]
        if block is None or block.kind != TABLE:
            for cell in cells:
                yield from self.pieces(cell)
            return
        yield block
        for cell in cells:
            for inner in _children(cell, "tbl"):
                yield from self._table(inner)

    def _cells(self, row: Iterable[Any]) -> Iterator[Cell]:
        for at, cell in enumerate(row):
            before = value(next(cell.iterancestors(f"{W}tr"), None), "trPr", "gridBefore") if at == 0 else ""
            if before.isdecimal() and before != "0":
                yield Cell("", int(before))
            text = " ".join(self._text(paragraph) for paragraph in _children(cell, "p"))
            merged = cell.find(f"{W}tcPr/{W}vMerge")
            width = value(cell, "tcPr", "gridSpan")
            below = merged is not None and merged.get(f"{W}val", "continue") == "continue"
            yield Cell(text, int(width) if width.isdecimal() else 1, below)

    def _text(self, paragraph: Any) -> str:
        return " ".join(filter(None, (inline(paragraph), self._notes(paragraph))))

    def _notes(self, paragraph: Any) -> str:
        """The notes that a paragraph points at, each in brackets."""
        told = []
        for node in paragraph.iter(f"{W}footnoteReference", f"{W}endnoteReference"):
            note = self.notes.get((local(node).removesuffix("Reference"), node.get(f"{W}id", "")))
            left_out = any(
                local(above) in ("del", "moveFrom", "txbxContent") for above in node.iterancestors()
            )
            if note is not None and not left_out:
                told.append(" ".join(" ".join(map(inline, note.iter(f"{W}p"))).split()))
        return " ".join(f"({text})" for text in told if text)

    def _paragraphs(self, node: Any) -> Iterator[_Paragraph]:
        """A paragraph; a note that cannot stand in it comes after it. An empty one counts inside listings only."""
        paragraph = self._paragraph(node)
        if paragraph.level < 0:
            return
        notes = self._notes(node)
        if not notes:
            yield paragraph
        elif paragraph.level or paragraph.code or paragraph.even:
            yield paragraph
            yield _Paragraph(notes, source=notes)
        else:
            text, source = f"{paragraph.text} {notes}".strip(), f"{paragraph.source} {notes}"
            yield _Paragraph(
                text, 0, paragraph.item, paragraph.bold, paragraph.label, source, paragraph.indent
            )

    def _paragraph(self, node: Any) -> _Paragraph:
        properties = node.find(f"{W}pPr")
        style = self.styles.get(value(properties, "pStyle"), PLAIN)
        level = outline_level(properties) or style.level
        source = inline(node)
        text = lines(source)
        numbers = properties.find(f"{W}numPr") if properties is not None else None
        numbering = numbering_of(numbers) or style.numbering
        item, label = style.item, ""
        unseen = not text and is_on(properties.find(f"{W}rPr/{W}vanish")) if properties is not None else False
        if numbering is not None and not unseen and level >= 0:
            label = self.numbering.label(*numbering)
            item = max(numbering[1] + 1, style.item) if numbering[0] != "0" else 0
        runs = [
            run for run in node.iter(f"{W}r") if any((part.text or "").strip() for part in run.iter(f"{W}t"))
        ]
        return _Paragraph(
            text, level, 0 if level else item,
            bold=bool(runs) and all(is_on(run.find(f"{W}rPr/{W}b")) for run in runs),
            label=label, source=source, indent=_indent(properties), code=style.code and not level,
            even=bool(runs) and all(self._is_even(run, style) for run in runs),
        )  # fmt: skip

    def _is_even(self, run: Any, style: Style) -> bool:
        if font := font_of(run.find(f"{W}rPr")):
            return is_even(font)
        own = self.styles.get(value(run, "rPr", "rStyle") or "-", PLAIN)
        return own.even if own.even is not None else bool(style.even)


def _children(node: Any, name: str) -> Iterator[Any]:
    """Elements inside another, and inside what is wrapped around them."""
    for child in node:
        if local(child) == name:
            yield child
        elif local(child) in _WRAPPERS:
            yield from _children(child, name)


def _indent(properties: Any) -> int:
    mark = properties.find(f"{W}ind") if properties is not None else None
    if mark is None:
        return 0
    sides = [mark.get(f"{W}{name}", "0") for name in ("left", "start", "firstLine", "hanging")]
    left, start, first, hanging = (int(side) if side.isdecimal() else 0 for side in sides)
    return max(left or start, 0) + first - hanging


def _with_listings(pieces: list[_Paragraph | Block]) -> Iterator[_Paragraph | Block]:
    """The pieces with lines of code put together, and without empty paragraphs."""
    told: list[_Paragraph | None] = [
        piece
        if isinstance(piece, _Paragraph) and not piece.level and (piece.code or not piece.item)
        else None
        for piece in pieces
    ]
    every = [piece for piece in pieces if isinstance(piece, _Paragraph)]
    tells = font_tells([piece.text for piece in every], [piece.even for piece in every])
    code = in_listing(
        [None if piece is None else " " * (piece.indent > 0) + piece.source for piece in told],
        [piece is not None and (piece.code or (piece.even and tells)) for piece in told],
    )
    held: list[_Paragraph] = []
    for piece, is_code in zip([*pieces, None], [*code, False], strict=True):
        if is_code and isinstance(piece, _Paragraph):
            held.append(piece)
            continue
        if held:
            yield Block(CODE, listing([part.source for part in held], [part.indent for part in held]))
            held = []
        if isinstance(piece, Block) or (piece is not None and piece.text):
            yield piece


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
            if re.search(r"[^\W\d_]{2}", piece.label):  # "Problem 2", which is nowhere in the text
                name = f"{piece.label} {name}"
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
        # Three spaces: below a number, two are no deeper level.
        before_text = (
            f"{piece.label} " if _MARKER.fullmatch(piece.label) else f"- {piece.label} ".replace("  ", " ")
        )
        line = "   " * (min(piece.item, DEEPEST + 1) - 1) + before_text + piece.text
        if blocks and isinstance(before, _Paragraph) and before.item:
            blocks[-1] = Block(PROSE, f"{blocks[-1].text}\n{line}")
        else:
            blocks.append(Block(PROSE, line))
    elif re.fullmatch(r"\$\$[^$]+\$\$", piece.text):
        blocks.append(Block(MATHS, piece.text))
    else:
        blocks.append(Block(PROSE, piece.text))
