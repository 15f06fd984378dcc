"""A document of the course on the page: its head as HTML, its sections as Markdown. Pure functions."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from knowledge.documents import OUTPUT
from knowledge.reading import Opened, OpenedSection
from tutor.course import Doc, Group, labs_of, question, subject
from tutor.places import page_name
from tutor.web import figures, markup, passage

CHANGED = (
    "This file has changed since the course was last refreshed. Refresh it to search and cite what is new."
)
MISSING = (
    "The file itself cannot be read any more: this is the text that the index keeps, without its pictures."
)


def head(group: Group, doc: Doc, opened: Opened, target: int | None, visit: int = 0, course: str = "") -> str:
    """Title, the lecture's other documents, what can be done with the lecture; `visit` counts the openings."""
    kicker = f"Lecture {group.lecture}" if group.lecture is not None else group.title
    place = "" if target is None else f' data-target="{target}"'
    notes = [
        f'<p class="t-notice t-info" role="status">{note}</p>'
        for note, shown in ((CHANGED, opened.changed), (MISSING, opened.missing))
        if shown
    ]
    parts = [
        f'<header class="t-doc" data-path="{_attribute(doc.path)}" data-visit="{visit}"{place} '
        f'data-course="{_attribute(course)}">',
        f'<p class="t-kicker">{markup.label(kicker)}</p>',
        f'<h1 tabindex="-1">{markup.label(title(group, doc))}</h1>',
        f'<div class="t-doc-row">{_documents(group, doc)}{_actions(group, doc)}</div>',
        *notes,
        "</header>",
    ]
    return _literal("".join(parts))


def title(group: Group, doc: Doc) -> str:
    """What stands above a document: the lecture's subject, or the file's own title."""
    same = [other for other in group.documents if other.kind == doc.kind]
    return group.title if group.lecture is not None and len(same) == 1 and doc.shipped else subject(doc)


def _documents(group: Group, doc: Doc) -> str:
    if len(group.documents) < 2 or group.lecture is None:
        return ""
    names = document_names(group)
    buttons = [
        f'<button type="button" data-course-open="{_attribute(other.path)}"'
        f"{' aria-current=page' if other.path == doc.path else ''}>{markup.label(name)}</button>"
        for other, name in zip(group.documents, names, strict=True)
    ]
    return f'<div class="t-docs" role="group" aria-label="Documents of this lecture">{"".join(buttons)}</div>'


def document_names(group: Group) -> list[str]:
    """Text, Notebook, …; titles where that would be the same word twice, or say nothing of the subject."""
    if group.lecture is None:
        return [doc.title for doc in group.documents]
    kinds = [doc.kind for doc in group.documents]
    return [doc.kind if kinds.count(doc.kind) == 1 else doc.title for doc in group.documents]


def _actions(group: Group, doc: Doc) -> str:
    """A quiz and the labs come with the lectures that ship; a teacher's own lecture 3 is another one."""
    if group.lecture is None or not doc.shipped:
        return ""
    quiz = _do(f'data-ask="Quiz me on lecture {group.lecture}"', "Quiz me on this lecture")
    labs = [
        _do(f'data-lab="{html.escape(lab)}"', f"Open the lab: {name}") for lab, name in labs_of(group.lecture)
    ]
    return f'<div class="t-dos">{quiz}{"".join(labs)}</div>'


def _do(what: str, words: str) -> str:
    return f'<button type="button" class="t-do" {what}>{markup.label(words)}</button>'


def page(doc: Doc, opened: Opened, places: Sequence[int] = (), sentence: str = "") -> tuple[str, int | None]:
    """All sections in order, each with its anchor `t-s-N`; and the number of the one to be shown first.

    `sentence` is marked in the first of `places` that holds it.
    """
    texts = [body(section) for section in opened.sections]
    target = places[0] if places else None
    for number in places if sentence else ():
        marked = passage.mark(texts[number], sentence)
        if marked != texts[number]:
            texts[number], target = marked, number
            break
    out: list[str] = []
    before: tuple[str, ...] = ()
    place: int | None = None
    for number, (section, text) in enumerate(zip(opened.sections, texts, strict=True)):
        here = " t-here" if number == target else ""
        out.append(f'<section class="t-sec{here}" id="t-s-{number}">')
        out += _headings(doc, section, before)
        if section.cell is not None and section.cell != place:
            out.append(f'<p class="t-cell">cell {section.cell}</p>')
        elif section.page is not None and section.page != place:
            out.append(f'<p class="t-cell">{page_name(doc.path, section.page)}</p>')
        place = section.page if section.cell is None else section.cell
        out.append(figures.with_figures(text, section.pictures))
        if section.drawn:
            out.append(figures.drawn(section.drawn))
        out.append("</section>")
        before = section.heading
    return "\n\n".join(out), target


def _headings(doc: Doc, section: OpenedSection, before: tuple[str, ...]) -> list[str]:
    """The headings that begin with this section; the innermost one can be asked about."""
    new = [
        depth for depth in range(len(section.heading)) if before[: depth + 1] != section.heading[: depth + 1]
    ]
    if not new:
        return []
    lines = [f"{'#' * min(depth + 2, 6)} {markup.typed(section.heading[depth])}" for depth in new]
    asked = html.escape(question(doc, section)).replace("\\", "&#92;").replace("$", "")
    button = f'<button type="button" class="t-sec-ask" value="{asked}">Ask about this section</button>'
    ask = f'<p class="t-sec-do">{button}</p>'
    return ['<div class="t-sec-head">', *lines, ask, "</div>"]


def body(section: OpenedSection) -> str:
    """The text of a section, its listings formatted and what they printed set apart; pictures still numbered."""
    if not section.blocks:
        return markup.markdown(section.text)
    parts = []
    for block in section.blocks:
        shown = markup.markdown(block.markdown())
        parts.append(f'<div class="t-output">\n\n{shown}\n\n</div>' if block.kind == OUTPUT else shown)
    return "\n\n".join(parts)


def contents(groups: Sequence[Group]) -> str:
    """The list at the side: lectures, their documents, the headings in these."""
    items = "".join(_group(group) for group in groups)
    return _literal(
        '<div class="t-contents-head"><h2>Contents</h2>'
        '<button type="button" class="t-drawer-close" data-course-drawer="close" aria-label="Close the contents">'
        "×</button></div>"
        f'<nav aria-label="Contents of the course">{items}</nav>'
        '<button type="button" class="t-about-course" data-course-view="desk">About this course</button>'
    )


def _group(group: Group) -> str:
    number = f"<b>{group.lecture}</b>" if group.lecture is not None else ""
    hidden = f'<span class="t-hidden">Lecture {group.lecture}: </span>' if group.lecture is not None else ""
    documents = "".join(
        _document(doc, name) for doc, name in zip(group.documents, document_names(group), strict=True)
    )
    return (
        f'<details class="t-group"><summary>{number}<span>{hidden}{markup.label(group.title)}</span></summary>'
        f"<ul>{documents}</ul></details>"
    )


def _document(doc: Doc, name: str) -> str:
    headings = "".join(
        f'<li class="t-depth-{heading.depth}"><button type="button" data-section="{heading.section}">'
        f"{markup.label(heading.name)}</button></li>"
        for heading in doc.headings
    )
    return (
        f'<li data-path="{_attribute(doc.path)}"><button type="button" class="t-doc-name" '
        f'data-course-open="{_attribute(doc.path)}">{markup.label(name)}</button>'
        f"<ul>{headings}</ul></li>"
    )


def place_value(path: str, passage_id: str, sentence: str) -> str:
    """What a button carries to open a passage in its place: read by assets/course.js."""
    packed = json.dumps({"path": path, "passage": passage_id, "mark": sentence})
    # A backslash or a dollar would be taken for the beginning of a formula.
    return html.escape(packed).replace("\\", "&#92;").replace("$", "&#36;")


def _attribute(text: str) -> str:
    return html.escape(text, quote=True)


def _literal(text: str) -> str:
    """Gradio's HTML is a template: nothing in it may be taken for one."""
    return text.replace("{", "&#123;").replace("$", "&#36;")
