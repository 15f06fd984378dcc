"""What a search of the course found, as Markdown with the asked words marked. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from knowledge.best_sentence import sentences
from knowledge.search import Passage
from tutor.course import Hit
from tutor.web import markup, render
from tutor.web.course_room.reader import place_value

ENOUGH = 160  # characters of a snippet from which no further sentence is added
LONGEST = 420
NOTHING = "Nothing in the course fits these words. Try other ones, or ask the tutor in the chat."


def page(query: str, found: Sequence[Hit]) -> str:
    """The hits, best first, each with a button that opens its place."""
    said = markup.label(query)
    if not found:
        return f'<p class="t-found-head" role="status">{NOTHING}</p>'
    count = f"{len(found)} place{'s' * (len(found) != 1)}"
    head = f'<p class="t-found-head" role="status">{count} for <strong>{said}</strong>, best first</p>'
    return "\n\n".join([head, *map(_hit, found)])


def _hit(hit: Hit) -> str:
    found = hit.passage
    value = place_value(found.path, found.id, found.best_sentence)
    return (
        f'<article class="t-hit">\n\n<p class="t-hit-head"><button type="button" class="t-hit-open" value="{value}">'
        f"{render.place(found)}</button><span>{markup.label(render.locator(found))}</span></p>\n\n"
        f"{snippet(found, hit.words)}\n\n</article>"
    )


def snippet(passage: Passage, words: Collection[str]) -> str:
    """The best sentence, and the next one where it is short; a line of code as code."""
    best = passage.best_sentence.strip()
    if passage.kind == "code" or _in_listing(passage.text, best):
        return f"<p><code>{_marked_code(best, words)}</code></p>"
    parts = [best]
    following = list(sentences(passage.text))
    at = following.index(best) + 1 if best in following else len(following)
    for sentence in following[at:]:
        if sum(map(len, parts)) >= ENOUGH or "|" in sentence or _in_listing(passage.text, sentence):
            break
        parts.append(sentence)
    return highlighted(_cut(" ".join(parts)), words)


def _in_listing(text: str, line: str) -> bool:
    return text.count("```", 0, max(text.find(line), 0)) % 2 == 1


def _cut(text: str) -> str:
    """Not more than fits a hit, and never through a formula."""
    if len(text) <= LONGEST:
        return text
    kept = ""
    for kind, content in markup.pieces(text):
        whole = {"inline": f"${content}$", "block": f"$${content}$$"}.get(kind, content)
        if len(kept) + len(whole) > LONGEST:
            return f"{kept}{whole[: LONGEST - len(kept)] if kind == 'text' else ''}…"
        kept += whole
    return kept


def highlighted(text: str, words: Collection[str]) -> str:
    """Markdown that is ready to show, with `<mark>` around the words; formulas and code are left alone."""
    out = []
    for kind, content in markup.pieces(text):
        whole = {"inline": rf"\({content}\)", "block": rf"\({content}\)"}.get(kind)
        if whole is not None:
            out.append(whole)
        elif kind == "code":
            out.append(markup.markdown(content))
        else:
            out.append(_marked(markup.markdown(content), words))
    return "".join(out)


def _marked(text: str, words: Collection[str]) -> str:
    return re.sub(
        r"&#?\w+;|[^\W_]+",
        lambda found: f"<mark>{found[0]}</mark>" if found[0].lower() in words else found[0],
        text,
    )


def _marked_code(line: str, words: Collection[str]) -> str:
    ready = markup.label(line).replace("\\", "&#92;")
    return _marked(re.sub(r"([*_`~\[\]])", lambda found: f"&#{ord(found[1])};", ready), words)
