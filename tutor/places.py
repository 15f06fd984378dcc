"""What a page of a file is called: in a presentation it is a slide."""

from __future__ import annotations


def page_name(path: str, number: int) -> str:
    """ "page 3", "slide 3": what to look for in the file."""
    return f"{'slide' if path.lower().endswith('.pptx') else 'page'} {number}"
