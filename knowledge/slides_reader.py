"""PowerPoint presentations -> one section for each slide: title, text, listings, tables, formulas and speaker notes.

`python-pptx` opens the file and puts the slides in order; the text is taken from the XML, since the library leaves out
formulas and diagrams. What is hidden is left out, and the report says so.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from knowledge.documents import CODE, PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.listings import font_tells, in_listing, is_even, listing
from knowledge.markdown_reader import TITLE_MARK
from knowledge.office import Cell, check_package, inline, lines, local, picture, spread, table

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MOST_SLIDES = 3000
_ROW = (
    250_000  # English Metric Units, about 7 mm: what stands that close in height is read from left to right
)
_TITLES = frozenset({"title", "ctrTitle"})
_CHROME = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})


@dataclass(frozen=True)
class _Shape:
    element: Any
    place: tuple[int, int]  # (row, left)
    kind: str  # of the placeholder that it fills, else ""


@dataclass(frozen=True)
class _Paragraph:
    source: str  # with its spaces, tabs and breaks
    level: int  # 0 for the outermost
    even: bool  # set in letters of equal width
    first: int  # the number where its list begins; 0: it has none

    @property
    def text(self) -> str:
        return lines(self.source)


def read_slides(reading: Reading) -> list[Section]:
    import pptx

    check_package(reading.data, "PowerPoint")
    try:
        presentation = pptx.Presentation(io.BytesIO(reading.data))
        slides = list(presentation.slides)
        shown = [
            (number, slide) for number, slide in enumerate(slides[:MOST_SLIDES], start=1) if _is_shown(slide)
        ]
        sections = list(_sections(shown, _fonts_tell([slide for _, slide in shown])))
        closed = [one for _, slide in shown for one in _shapes_with_text(slide) if _is_hidden(one)]
        pictures = any(local(node) == "pic" for _, slide in shown for node in slide.shapes.element.iter())
    except (MemoryError, RecursionError):
        raise
    except Exception:  # the library and the XML parser raise many kinds on damaged files
        raise UnreadableError(
            "not a PowerPoint file that can be read: open it in PowerPoint and save it again"
        ) from None
    if len(slides) > MOST_SLIDES:
        reading.remarks.append(f"only the first {MOST_SLIDES} of {len(slides)} slides")
    if hidden := min(len(slides), MOST_SLIDES) - len(shown):
        reading.remarks.append(f"{hidden} hidden slide{'s' * (hidden != 1)} left out")
    if closed:
        reading.remarks.append(f"{len(closed)} hidden shape{'s' * (len(closed) != 1)} left out")
    if not sections and slides and not shown:
        raise UnreadableError("all its slides are hidden")
    if not sections and pictures:
        raise UnreadableError("it holds pictures only: there is no text in it")
    return sections


def _is_shown(slide: Any) -> bool:
    return slide.element.get("show", "1") not in ("0", "false")


def _shapes_with_text(slide: Any) -> Iterator[Any]:
    for element in slide.shapes.element.iter():
        if (
            local(element) in ("sp", "graphicFrame", "grpSp")
            and next(element.iter(f"{A}t"), None) is not None
        ):
            yield element


def _fonts_tell(slides: Sequence[Any]) -> bool:
    bodies = (node for slide in slides for node in slide.shapes.element.iter() if local(node) == "txBody")
    told = [paragraph for body in bodies for paragraph in _paragraphs(body)]
    return font_tells([paragraph.source for paragraph in told], [paragraph.even for paragraph in told])


def _sections(slides: Sequence[tuple[int, Any]], fonts_tell: bool) -> Iterator[Section]:
    for number, slide in slides:
        title, blocks = _slide(slide, fonts_tell)
        if notes := _notes(slide):
            blocks.append(Block(PROSE, f"Speaker notes: {notes}"))
        if title and not blocks:
            blocks.append(Block(PROSE, title))  # a slide that only announces
        name = f"{TITLE_MARK}{title}" if number == slides[0][0] and title else title
        if blocks:
            yield Section((name,) if name else (), tuple(blocks), page=number)


def _slide(slide: Any, fonts_tell: bool) -> tuple[str, list[Block]]:
    places = {shape.shape_id: shape for shape in slide.shapes}
    shapes = sorted(_shapes(slide.shapes.element, places), key=lambda shape: shape.place)
    title = ""
    blocks: list[Block] = []
    for shape in shapes:
        if shape.kind in _CHROME:
            continue
        if shape.kind in _TITLES and not title:
            title = " ".join(_paragraph_texts(shape.element)).replace("\n", " ").strip()
        else:
            blocks.extend(_blocks(shape, slide, fonts_tell))
    return title, blocks


def _shapes(parent: Any, places: dict[int, Any], group: tuple[int, int] | None = None) -> Iterator[_Shape]:
    """All shapes of a slide, those of groups and of alternatives too."""
    for element in parent:
        name = local(element)
        if _is_hidden(element):
            continue
        if name == "AlternateContent":  # a formula, with a picture for programs that know none
            yield from (shape for choice in element[:1] for shape in _shapes(choice, places, group))
        elif name == "grpSp":
            yield from _shapes(element, places, group or _place(element, places))
        elif name in ("sp", "pic", "graphicFrame"):
            mark = next((node for node in element.iter() if local(node) == "ph"), None)
            kind = mark.get("type", "body") if mark is not None else ""
            yield _Shape(element, group or _place(element, places), kind)


def _is_hidden(element: Any) -> bool:
    """Whether the author hid a shape: in the selection pane, where the eye is closed."""
    identity = next((node for node in element.iter() if local(node) == "cNvPr"), None)
    return identity is not None and identity.get("hidden") in ("1", "true")


def _place(element: Any, places: dict[int, Any]) -> tuple[int, int]:
    """Where a shape stands; what does not say so itself stands where its layout puts it."""
    top = left = None
    own = next((node for node in element.iter(f"{A}off")), None)
    if own is not None:
        top, left = int(float(own.get("y", 0))), int(float(own.get("x", 0)))
    else:
        identity = next((node.get("id", "") for node in element.iter() if local(node) == "cNvPr"), "")
        shape = places.get(int(identity)) if identity.isdigit() else None
        if shape is not None:
            top, left = shape.top, shape.left
    return (top or 0) // _ROW, left or 0


def _blocks(shape: _Shape, slide: Any, fonts_tell: bool) -> Iterator[Block]:
    element = shape.element
    if local(element) == "pic":
        described = next((node.get("descr") for node in element.iter() if local(node) == "cNvPr"), "")
        if words := picture(described):
            yield Block(PROSE, words)
    elif local(element) == "graphicFrame":
        yield from _frame(element, slide)
    else:
        yield from _text(list(_paragraphs(element)), shape.kind != "subTitle", fonts_tell)


def _text(paragraphs: list[_Paragraph], may_be_list: bool, fonts_tell: bool) -> Iterator[Block]:
    """The paragraphs of a box: a list where there are several, listings where they are code."""
    code = in_listing(
        [" " * paragraph.level + paragraph.source for paragraph in paragraphs],
        [paragraph.even and fonts_tell for paragraph in paragraphs],
    )
    listed = may_be_list and sum(bool(paragraph.text) for paragraph in paragraphs) > 1
    if listed and sum(code) == 1 and "\n" not in paragraphs[code.index(True)].text:
        code = [False] * len(code)  # one item of a list names a function
    for is_code, part in groupby(zip(paragraphs, code, strict=True), key=lambda pair: pair[1]):
        held = [paragraph for paragraph, _ in part]
        if is_code:
            yield Block(CODE, listing([one.source for one in held], [one.level for one in held]))
        elif kept := [paragraph for paragraph in held if paragraph.text]:
            yield Block(PROSE, "\n".join(_items(kept) if listed else (one.text for one in kept)))


def _items(paragraphs: Sequence[_Paragraph]) -> Iterator[str]:
    """The items of a list, numbered where the slide numbers them; what is broken into lines stays so."""
    numbers: dict[int, int] = {}  # of the last item, by level
    for paragraph in paragraphs:
        level = paragraph.level
        numbers = {known: number for known, number in numbers.items() if known <= level}
        mark = "-"
        if paragraph.first:
            numbers[level] = numbers[level] + 1 if level in numbers else paragraph.first
            mark = f"{numbers[level]}."
        else:
            numbers.pop(level, None)
        indent = "  " * level + " " * sum(known < level for known in numbers)  # a number is wider than a dash
        yield f"{indent}{mark} " + paragraph.text.replace("\n", f"\n{indent}{' ' * (len(mark) + 1)}")


def _paragraphs(element: Any) -> Iterator[_Paragraph]:
    """The paragraphs of a text body, empty ones too."""
    usual = {
        int(local(style)[3]) - 1: _font(style)
        for styles in element.iter(f"{A}lstStyle")
        for style in styles
        if local(style)[3:4].isdecimal()
    }
    for paragraph in element.iter(f"{A}p"):
        properties = paragraph.find(f"{A}pPr")
        given = properties.get("lvl", "0") if properties is not None else "0"
        level = min(int(given), 8) if given.isdecimal() else 0
        fonts = [
            _font(run) or usual.get(level, "")
            for run in paragraph.iter(f"{A}r")
            if any((part.text or "").strip() for part in run.iter(f"{A}t"))
        ]
        even = bool(fonts) and all(map(is_even, fonts))
        yield _Paragraph(inline(paragraph), level, even, _first(properties))


def _font(node: Any) -> str:
    """The font that a run names, or the style of a level."""
    fonts = next(node.iter(f"{A}latin"), None)
    return "" if fonts is None else str(fonts.get("typeface") or "")


def _first(properties: Any) -> int:
    """Where the numbers of a list begin, 0 for a paragraph that has none."""
    mark = properties.find(f"{A}buAutoNum") if properties is not None else None
    if mark is None or not mark.get("type", "").startswith("arabic"):
        return 0
    start = mark.get("startAt", "1")
    return int(start) if start.isdecimal() else 1


def _paragraph_texts(element: Any) -> list[str]:
    return [text for one in _paragraphs(element) if (text := one.text.replace("\n", " "))]


def _frame(element: Any, slide: Any) -> Iterator[Block]:
    """A table, the words of a chart, or those of a diagram."""
    rows = [list(_cells(row)) for row in element.iter(f"{A}tr")]
    if rows and (block := table(spread(rows))) is not None:
        yield block
    for node in element.iter():
        if local(node) == "chart" and (target := node.get(f"{R}id")):
            yield from _chart(slide.part.related_part(target))
        elif local(node) == "relIds" and (target := node.get(f"{R}dm")):
            yield from _diagram(slide.part.related_part(target))


def _cells(row: Any) -> Iterator[Cell]:
    for cell in row.iterchildren(f"{A}tc"):
        if cell.get("hMerge") in ("1", "true"):
            continue  # a part of the one before
        width = cell.get("gridSpan", "1")
        below = cell.get("vMerge") in ("1", "true")
        text = "" if below else " ".join(_paragraph_texts(cell))
        yield Cell(text, int(width) if width.isdecimal() else 1, below)


def _chart(part: Any) -> Iterator[Block]:
    root = part._element
    title = next((inline(node) for node in root.iter() if local(node) == "title"), "")
    series = []
    for node in root.iter():
        if local(node) == "ser":
            name = next((child for child in node if local(child) == "tx"), None)
            told = (
                [value.text or "" for value in name.iter() if local(value) == "v"] if name is not None else []
            )
            series += told[:1]
    words = ": ".join(part for part in (" ".join(title.split()), ", ".join(filter(None, series))) if part)
    if words:
        yield Block(PROSE, f"[Chart: {words}]")


def _diagram(part: Any) -> Iterator[Block]:
    from pptx.oxml import parse_xml

    points = [node for node in parse_xml(part.blob).iter() if local(node) == "pt"]
    texts = [" ".join(_paragraph_texts(point)) for point in points if point.get("type", "node") == "node"]
    if told := [text for text in texts if text]:
        yield Block(PROSE, "\n".join(f"- {text}" for text in told))


def _notes(slide: Any) -> str:
    if not slide.has_notes_slide:
        return ""
    frame = slide.notes_slide.notes_text_frame
    return lines(frame.text) if frame is not None else ""
