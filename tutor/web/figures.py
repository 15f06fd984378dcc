"""The pictures of a lecture inside Markdown that is ready to show. Pure functions.

`knowledge.reading` numbers the pictures in a text; here each number becomes the picture, which travels as data inside
the page, or the words that stand for it where it cannot be shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from knowledge.reading import NUMBERED, Picture

_ALONE = re.compile(rf"(?m)^[ ]{{0,3}}{NUMBERED.pattern}[ ]*$")
_UNNUMBERED = re.compile(r"\[Picture: ([^\]\n]*)\]")


def with_figures(text: str, pictures: Mapping[int, Picture]) -> str:
    """`text`, made ready by `markup.markdown`, with the pictures in their places."""
    text = _ALONE.sub(lambda found: f"\n\n{_figure(pictures.get(int(found[1])), found[2])}\n\n", text)
    text = NUMBERED.sub(lambda found: _inline(pictures.get(int(found[1])), found[2]), text)
    return _UNNUMBERED.sub(lambda found: _words(found[1]), text)


def drawn(pictures: Sequence[Picture]) -> str:
    """What a notebook's cell drew."""
    return "\n\n".join(_figure(picture, "") for picture in pictures)


def _figure(picture: Picture | None, words: str) -> str:
    if picture is None or not picture.source:
        return _words(picture.alt if picture is not None and picture.alt else words)
    return f'<figure class="t-pic">{_image(picture)}</figure>'


def _inline(picture: Picture | None, words: str) -> str:
    if picture is None or not picture.source:
        return _words(picture.alt if picture is not None and picture.alt else words)
    return f'<span class="t-pic">{_image(picture)}</span>'


def _image(picture: Picture) -> str:
    # A backslash or a dollar would be taken for the beginning of a formula.
    alt = (
        html.escape(picture.alt or "A picture without a description").replace("\\", "&#92;").replace("$", "")
    )
    return f'<img src="{picture.source}" alt="{alt}">'


def _words(alt: str) -> str:
    return f"*(picture: {alt.strip()})*" if alt.strip() else ""
