"""Jupyter notebook -> sections with their cell index. Pictures and long outputs are dropped, short results
kept.

The JSON is read as it is, not through nbformat: notebooks in the wild miss fields that a validator
insists on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from knowledge import languages
from knowledge.documents import CODE, PROSE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import (
    TITLE_MARK,
    clean,
    front_title,
    read_markdown,
    under_title,
    without_base64,
)
from knowledge.notebook_marks import for_students
from knowledge.notebook_outputs import joined, outputs_of, text_blocks
from knowledge.notebook_outputs import shortened as shortened

# What a raw cell says to a program: \newpage, or how Otter is to grade the cells below.
_RAW_COMMAND = re.compile(
    r"\s*# (?:ASSIGNMENT CONFIG|(?:BEGIN|END) [A-Z]{3,})\b[\s\S]*"
    r"|(?:\s*\\[A-Za-z]{1,40}(?:\{[^{}\n]{0,100}\})?)+\s*"
)
_MAGIC_TEXT = re.compile(r"\A\s*%%(?:markdown|latex|html)\b[^\n]*\n", re.I)
_FORM_TEXT = re.compile(r"^#[ \t]*@markdown[ \t]+(\S.*)\n?", re.M)
_FORM_TITLE = re.compile(r"^#\s*@(?:title|markdown)\s+(.*?)\s*(?:\{.*\})?$")
_COMMENT = re.compile(r"^#+\s*(.*?)[\s#=\-*]*$")
# Comments that name no cell: what tools put there, what a student is to fill in, whose code it is.
_NO_NAME = re.compile(
    r"/|\||>|@|(?:BEGIN|END|HIDDEN) [A-Z]|-\*-|(?i:your (?:code|answer) here|todo\b|fixme\b|copyright\b|licensed under"
    r"|spdx-|authors?:|coding:|type:|noqa|pylint:|fmt:|this python 3 environment comes)"
)
_DEFINITION = re.compile(r"^(?:class|def)\s+(\w+)", re.M)


def read_notebook(reading: Reading) -> list[Section]:
    sections: list[Section] = []
    heading: tuple[str, ...] = ()
    title = ""
    notebook = _notebook(reading.text())
    usual = languages.of_notebook(notebook)
    for index, cell in enumerate(_cells(notebook)):
        cell, remark = for_students(cell)
        if remark and remark not in reading.remarks:
            reading.remarks.append(remark)
        kind, source = _kind_and_source(cell)
        if index == 0 and not heading:
            title, source = front_title(source)
            heading = (f"{TITLE_MARK}{title}",) if title else ()
        if kind in ("markdown", "raw") and not (kind == "raw" and _RAW_COMMAND.fullmatch(source)):
            source = re.sub(r"\]\(attachment:[^)]{0,500}\)", "](attachment:)", source)
            sections.extend(read_markdown(source, cell=index, path=heading))
            heading = last_heading(source, heading)
        elif kind == "code":
            blocks = [*_source_blocks(source, languages.of_cell(cell, source, usual)), *outputs_of(cell)]
            if blocks:
                own = code_heading(source) if not _below_title(heading) else ""
                path_here = (*heading, own) if own else heading
                sections.append(Section(path_here, tuple(blocks), index, derived=bool(own)))
    return under_title(title, sections)


def _source_blocks(source: str, language: str) -> Iterator[Block]:
    """The code; text that Colab's forms or a cell magic show as text comes as text."""
    if told := [text for text in _FORM_TEXT.findall(source) if text.strip("-*_ ")]:
        yield Block(PROSE, clean("\n".join(told)))
    if magic := _MAGIC_TEXT.match(source):
        yield from text_blocks(source[magic.end() :])
    elif source.strip():
        yield Block(CODE, without_base64(source.strip("\n")), language)


def _notebook(text: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        why = ", Git has left conflict marks in it" if re.search(r"^<{7} ", text, re.M) else ""
        raise UnreadableError(f"not a notebook: the JSON is broken{where}{why}") from None
    return notebook if isinstance(notebook, dict) else {}


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]  # format 3
        lists = [sheet.get("cells") for sheet in sheets]
        cells = [cell for cells_ in lists if isinstance(cells_, list) for cell in cells_]
    if not isinstance(cells, list):
        raise UnreadableError("JSON, but not a notebook: it has no list of cells")
    # A cell that is no object still counts: the index must be the one that Jupyter shows.
    return [cell if isinstance(cell, dict) else {} for cell in cells]


def _kind_and_source(cell: dict[str, Any]) -> tuple[str, str]:
    kind = str(cell.get("cell_type", ""))
    source = joined(cell.get("source", cell.get("input", "")))
    if kind == "heading":  # format 3
        level = cell.get("level")
        return "markdown", f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"
    return kind, source


def last_heading(source: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """The heading path below a text: that of the cell after it."""
    # A cell may end in a heading with nothing under it: the next cell is what it announces.
    sections = read_markdown(f"{source}\n\nx", path=before)
    return sections[-1].heading if sections else before


def _below_title(heading: tuple[str, ...]) -> bool:
    return any(not name.startswith(TITLE_MARK) for name in heading)


def code_heading(source: str) -> str:
    """What a code cell says of itself: its form title, its opening comment, or what it defines."""
    for line in source.split("\n")[:12]:
        line = line.strip()
        if found := _FORM_TITLE.match(line):
            return found[1].strip()[:80]
        if found := _COMMENT.match(line):
            words = found[1].lstrip("!'").strip()
            if _NO_NAME.match(words):
                continue
            # Code that was commented out is no description.
            if len(words.split()) >= 2 and len(words) <= 80 and not re.search(r"[=(\[{]", words):
                return words.rstrip(".:")
        elif line and not line.startswith(("%", "!", "import ", "from ")):
            break
    names = _DEFINITION.findall(source)
    return ", ".join(names[:3])
