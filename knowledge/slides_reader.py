"""PowerPoint presentations -> one section for each slide: its title, text, tables, formulas and speaker notes.

`python-pptx` opens the file and puts the slides in order; the text is taken from the XML, since the library leaves out
formulas and diagrams.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.documents import PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import TITLE_MARK
from knowledge.office import check_package, inline, lines, local, picture, table

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


def read_slides(reading: Reading) -> list[Section]:
    import pptx

    check_package(reading.data, "PowerPoint")
    try:
        presentation = pptx.Presentation(io.BytesIO(reading.data))
        slides = list(presentation.slides)
        if len(slides) > MOST_SLIDES:
            reading.remarks.append(f"only the first {MOST_SLIDES} of {len(slides)} slides")
        return list(_sections(slides[:MOST_SLIDES]))
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the library and the XML parser raise many kinds on damaged files
        raise UnreadableError(f"not a PowerPoint file that can be read ({type(error).__name__})") from None


def _sections(slides: list[Any]) -> Iterator[Section]:
    for number, slide in enumerate(slides, start=1):
        title, blocks = _slide(slide)
        if notes := _notes(slide):
            blocks.append(Block(PROSE, f"Speaker notes: {notes}"))
        if title and not blocks:
            blocks.append(Block(PROSE, title))  # a slide that only announces
        name = f"{TITLE_MARK}{title}" if number == 1 and title else title
        if blocks:
            yield Section((name,) if name else (), tuple(blocks), page=number)


def _slide(slide: Any) -> tuple[str, list[Block]]:
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
            blocks.extend(_blocks(shape, slide))
    return title, blocks


def _shapes(parent: Any, places: dict[int, Any], group: tuple[int, int] | None = None) -> Iterator[_Shape]:
    """All shapes of a slide, those of groups and of alternatives too."""
    for element in parent:
        name = local(element)
        if name == "AlternateContent":  # a formula, with a picture for programs that know none
            yield from (shape for choice in element[:1] for shape in _shapes(choice, places, group))
        elif name == "grpSp":
            yield from _shapes(element, places, group or _place(element, places))
        elif name in ("sp", "pic", "graphicFrame"):
            mark = next((node for node in element.iter() if local(node) == "ph"), None)
            kind = mark.get("type", "body") if mark is not None else ""
            yield _Shape(element, group or _place(element, places), kind)


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


def _blocks(shape: _Shape, slide: Any) -> Iterator[Block]:
    element = shape.element
    if local(element) == "pic":
        described = next((node.get("descr") for node in element.iter() if local(node) == "cNvPr"), "")
        if words := picture(described):
            yield Block(PROSE, words)
    elif local(element) == "graphicFrame":
        yield from _frame(element, slide)
    elif texts := list(_paragraphs(element)):
        listed = len(texts) > 1 and shape.kind not in ("subTitle",)
        text = "\n".join(f"{'  ' * level}- {text}" if listed else text for level, text in texts)
        yield Block(PROSE, text)


def _paragraphs(element: Any) -> Iterator[tuple[int, str]]:
    """(level, text) of the paragraphs of a text body."""
    for paragraph in element.iter(f"{A}p"):
        if text := lines(inline(paragraph)).replace("\n", " "):
            properties = paragraph.find(f"{A}pPr")
            level = properties.get("lvl", "0") if properties is not None else "0"
            yield min(int(level), 8) if level.isdigit() else 0, text


def _paragraph_texts(element: Any) -> list[str]:
    return [text for _, text in _paragraphs(element)]


def _frame(element: Any, slide: Any) -> Iterator[Block]:
    """A table, the words of a chart, or those of a diagram."""
    rows = [
        [" ".join(_paragraph_texts(cell)) for cell in row.iterchildren(f"{A}tc")]
        for row in element.iter(f"{A}tr")
    ]
    if rows and (block := table(rows)) is not None:
        yield block
    for node in element.iter():
        if local(node) == "chart" and (target := node.get(f"{R}id")):
            yield from _chart(slide.part.related_part(target))
        elif local(node) == "relIds" and (target := node.get(f"{R}dm")):
            yield from _diagram(slide.part.related_part(target))


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
