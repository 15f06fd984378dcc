"""Cells of a notebook as students are to see them: what an author has marked as not for them is left out.

Jupyter Book's tags `remove-cell`, `remove-input` and `remove-output`; between the marks of nbgrader and Otter, the
solutions of exercises and hidden tests. What services add to a notebook, such as Colab's badge, goes as well.
"""

from __future__ import annotations

import re
from typing import Any

from knowledge.notebook_outputs import joined

_BEGIN = re.compile(r"([ \t]*)#{1,6}[ \t]*BEGIN (SOLUTION|HIDDEN TESTS?)\b")
_END = re.compile(r"[ \t]*#{1,6}[ \t]*END (?:SOLUTION|HIDDEN TESTS?)\b")
_STUB = "# YOUR CODE HERE"


def for_students(cell: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The cell without what is not for students, and what the report says of that ("" for nothing)."""
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if metadata.get("id") == "view-in-github" or metadata.get("created_in_deepnote_cell") is True:
        return {}, ""
    tags = metadata.get("tags")
    tags = (
        {tag.replace("_", "-") for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
    )
    if "remove-cell" in tags:
        return {}, "cells tagged remove-cell are left out"
    left = dict(cell)
    remark = ""
    if "remove-input" in tags and cell.get("cell_type") == "code":
        left["source"] = left["input"] = ""
    if "remove-output" in tags:
        left["outputs"] = []
    text = joined(left.get("source"))
    if "BEGIN " in text and (kept := _without_solutions(text)) != text:
        left["source"] = kept
        left["outputs"] = []  # they may show what the solution gives
        remark = "solutions and hidden tests between their marks are left out"
    return left, remark


def _without_solutions(text: str) -> str:
    """A stub in place of each solution, as the assignment that students get has it; a mark that never ends goes on."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        if not inside and (found := _BEGIN.match(line)):
            inside = True
            if found[2] == "SOLUTION":
                kept.append(f"{found[1]}{_STUB}")
        elif inside:
            inside = _END.match(line) is None
        else:
            kept.append(line)
    return "\n".join(kept)
