"""What a place of the course is called: a page (in a presentation a slide), and a section that is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence


def page_name(path: str, number: int) -> str:
    """ "page 3", "slide 3": what to look for in the file."""
    return f"{'slide' if path.lower().endswith('.pptx') else 'page'} {number}"


def explain(heading: Sequence[str], title: str, lecture: int | None) -> str:
    """The message that asks for a section, by its headings and where it is; search finds the section by these words."""
    where = f"lecture {lecture}" if lecture is not None else f'"{_short(title)}"'
    name = _short(heading[-1]) if heading else ""
    if not name:
        return f'Explain "{_short(title)}"'
    if len(name.split()) <= 2 and len(heading) > 1:  # "Answers" alone is in every lecture
        name = f"{_short(heading[-2])}: {name}"
    return f'Explain "{name}" in {where}'


def _short(name: str) -> str:
    return re.sub(r"\s+", " ", name.replace('"', "'")).strip()[:160]
