"""A cited passage in its place: its section with its pictures, the neighbours, the best sentence marked.

Pure functions, but for `sections`, which asks the course.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Sequence
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from tutor.errors import LibraryError
from tutor.places import page_name
from tutor.web import figures, markup

log = logging.getLogger(__name__)


def sections(knowledge: Any, path: str) -> Sequence[Any]:
    """The sections of a document, with pictures where they can be had; none where it has left the course."""
    try:
        if hasattr(knowledge, "document"):
            opened: Sequence[Any] = knowledge.document(path).sections
            return opened
        found: Sequence[Any] = knowledge.section(path)
        return found
    except (KnowledgeError, LibraryError, LookupError, OSError):
        log.info("no sections for %s", path)
        return ()


def heading_html(passage: Passage, number: int) -> str:
    """Title, heading path, file and cell of an opened passage."""
    lecture = f"Lecture {passage.lecture}" if passage.lecture is not None else ""
    title = markup.label(passage.title)
    kicker = f"Source {number}{f' · {lecture}' if lecture else ''}"
    trail = " › ".join(markup.label(part) for part in passage.heading if part.strip())
    return (
        f'<p class="t-kicker">{kicker}</p><h2 id="passage-title" tabindex="-1">{title}</h2>'
        + (f'<p class="t-trail">{trail}</p>' if trail else "")
        + f'<p class="t-locator"><code>{html.escape(passage.path)}</code>{_spot(passage)}{_also(passage)}</p>'
        + _way_in(passage)
    ).replace("{", "&#123;")


def _way_in(passage: Passage) -> str:
    """The button that opens the course at this place (assets/course.js)."""
    values = (("open", passage.path), ("passage", passage.id), ("mark", passage.best_sentence))
    data = " ".join(f'data-course-{name}="{html.escape(value)}"' for name, value in values)
    return f'<button type="button" class="t-to-course" {data}>Read it in the course</button>'.replace(
        "$", "&#36;"
    )


def _spot(passage: Passage) -> str:
    if passage.cell is not None:
        return f" · cell {passage.cell}"
    return f" · {page_name(passage.path, passage.page)}" if passage.page is not None else ""


def _also(passage: Passage) -> str:
    """The other files that say nearly the same."""
    shown = ", ".join(f"<code>{html.escape(path)}</code>" for path in passage.also[:3])
    return f" · also in {shown}" if shown else ""


def body_markdown(passage: Passage, sections: Sequence[Any]) -> str:
    """The passage, its best sentence marked, between what comes before and after it in the document."""
    first, last = _extent(passage, sections)
    if first is None or last is None:
        return mark(markup.markdown(passage.text), passage.best_sentence)
    touched = sections[first : last + 1]
    here = "\n\n".join(markup.markdown(str(section.text)) for section in touched)
    pictures = {n: one for section in touched for n, one in getattr(section, "pictures", {}).items()}
    drawn = [one for section in touched for one in getattr(section, "drawn", ())]
    marked = mark(here, passage.best_sentence, passage.text)
    parts = [figures.with_figures(marked, pictures), figures.drawn(drawn)]
    if first > 0:
        parts.insert(0, _around("Before this", sections[first - 1]))
    if last + 1 < len(sections):
        parts.append(_around("After this", sections[last + 1]))
    return "\n\n".join(part for part in parts if part)


def _extent(passage: Passage, sections: Sequence[Any]) -> tuple[int | None, int | None]:
    """The first and the last section that the passage lies in; by its words where nobody says."""
    named = [i for i, section in enumerate(sections) if passage.id in getattr(section, "passages", ())]
    if named:
        return named[0], named[-1]
    found = find(passage, sections)
    return found, found


def _around(label: str, section: Any) -> str:
    heading = [part for part in getattr(section, "heading", ()) if part.strip()]
    name = f": {markup.label(heading[-1])}" if heading else ""
    text = figures.with_figures(markup.markdown(str(section.text)), {})
    return f'<details class="t-around"><summary>{label}{name}</summary>\n\n{text}\n\n</details>'


def find(passage: Passage, sections: Sequence[Any]) -> int | None:
    """Which section the passage stands in: the right cell or heading, and the most of its words."""
    wanted = set(_words(passage.text))
    best, best_score = None, 0.0
    for i, section in enumerate(sections):
        if passage.cell is not None and getattr(section, "cell", None) != passage.cell:
            continue
        if passage.page is not None and getattr(section, "page", None) not in (passage.page, None):
            continue
        shared = len(wanted & set(_words(str(section.text)))) / max(len(wanted), 1)
        score = shared + (0.5 if tuple(getattr(section, "heading", ())) == tuple(passage.heading) else 0.0)
        if score > best_score:
            best, best_score = i, score
    return best if best_score >= 0.3 else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def mark(shown: str, sentence: str, passage: str = "") -> str:
    """Put `<mark>` around the sentence in Markdown that is ready to show; a line of code is named above.

    The sentence may be wrapped differently or carry other markup than the text, so its words are matched in
    order with anything that is not a word between them. Where it cannot be found, the first sentence of the
    passage is tried.
    """
    ready = markup.markdown(sentence).strip()
    span = _span(shown, ready) or (_span(shown, ready, loose=True))
    if span is None and passage:
        first = re.split(r"(?<=[.!?])\s", markup.markdown(passage).strip(), maxsplit=1)[0]
        span = _span(shown, first)
    if span is None:
        return shown
    start, end = span
    marked = shown[start:end]
    if _inside_code(shown, start):
        line = html.escape(sentence.strip()).replace("\\", "&#92;")
        return f'<p class="t-line">The line in question: <mark><code>{line}</code></mark></p>\n\n{shown}'
    if "```" in marked or "~~~" in marked or re.search(r"\n\s*\n|<pre", marked):
        return shown
    while end < len(shown) and shown[end] in ".!?":
        end += 1
    return f"{shown[:start]}<mark>{shown[start:end]}</mark>{shown[end:]}"


def _inside_code(text: str, at: int) -> bool:
    return text.count("```", 0, at) % 2 == 1 or text.count("<pre", 0, at) > text.count("</pre>", 0, at)


def _span(text: str, sentence: str, loose: bool = False) -> tuple[int, int] | None:
    tokens = re.findall(r"\\\(.*?\\\)|\\\[.*?\\\]|\w+", sentence, re.DOTALL)
    if loose:
        tokens = [token for token in tokens if not token.startswith("\\")]
    if len(tokens) < 3:
        return None
    gap = r"(?:[^\w\n]|\n(?!\s*\n)){0,12}?" if not loose else r"(?:[^\n]|\n(?!\s*\n)){0,60}?"
    match = re.search(gap.join(re.escape(token) for token in tokens[:80]), text)
    return match.span() if match else None
