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

from knowledge.documents import CODE, OUTPUT, PROSE, TABLE, Block, Reading, Section
from knowledge.errors import UnreadableError
from knowledge.markdown_reader import (
    TITLE_MARK,
    clean,
    front_title,
    read_markdown,
    under_title,
    without_base64,
)

OUTPUT_LINES = 14  # a table of describe() has nine lines; a training log is cut to its ends
OUTPUT_CHARS = 900
OUTPUT_LINE = 200

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\))")
_NO_RESULT = re.compile(
    r"^\s*[\[(]?\s*<[^>]*(?: at 0x[0-9a-f]+|Figure size|Axes|object|module)[^>]*>[\s\S]*$"
)
# A slider or a bar of ipywidgets, which says nothing on paper.
_WIDGET = re.compile(
    r"^\s*(?:HBox|VBox|Box|Tab|Accordion|Output|interactive|\w*(?:Slider|Progress|Text|Button|Dropdown))\("
)
_PROGRESS = re.compile(r"\d+%\|.*\||[━█=]{5,}|\bETA\b|it/s\]")
_RULE = re.compile(r"[\s─━═│┃┌┐└┘├┤┬┴┼┏┓┗┛┡┩╇╞╪╡+=_-]+")  # drawn lines of a table: no words in them
_BOX = re.compile(r"[│┃║]")
_MAGIC_TEXT = re.compile(r"\A\s*%%(?:markdown|latex|html)\b[^\n]*\n", re.I)
_FORM_TEXT = re.compile(r"^#[ \t]*@markdown[ \t]+(\S.*)\n?", re.M)
_FORM_TITLE = re.compile(r"^#\s*@(?:title|markdown)\s+(.*?)\s*(?:\{.*\})?$")
_COMMENT = re.compile(r"^#+\s*(.*?)[\s#=\-*]*$")
_DEFINITION = re.compile(r"^(?:class|def)\s+(\w+)", re.M)


def read_notebook(reading: Reading) -> list[Section]:
    sections: list[Section] = []
    heading: tuple[str, ...] = ()
    title = ""
    for index, cell in enumerate(_cells(reading.text())):
        kind, source = _kind_and_source(cell)
        if index == 0 and not heading:
            title, source = front_title(source)
            heading = (f"{TITLE_MARK}{title}",) if title else ()
        if kind in ("markdown", "raw"):
            source = re.sub(r"\]\(attachment:[^)]{0,500}\)", "](attachment:)", source)
            sections.extend(read_markdown(source, cell=index, path=heading))
            heading = _last_heading(source, heading)
        elif kind == "code":
            blocks = [*_source_blocks(source), *_outputs(cell)]
            if blocks:
                own = code_heading(source) if not _below_title(heading) else ""
                path_here = (*heading, own) if own else heading
                sections.append(Section(path_here, tuple(blocks), index, derived=bool(own)))
    return under_title(title, sections)


def _source_blocks(source: str) -> Iterator[Block]:
    """The code; text that Colab's forms or a cell magic show as text comes as text."""
    if told := _FORM_TEXT.findall(source):
        yield Block(PROSE, clean("\n".join(told)))
    if magic := _MAGIC_TEXT.match(source):
        yield from (block for part in read_markdown(source[magic.end() :]) for block in part.blocks)
    elif source.strip():
        yield Block(CODE, without_base64(source.strip("\n")), "python")


def _cells(text: str) -> list[dict[str, Any]]:
    try:
        notebook = json.loads(text)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        why = ", Git has left conflict marks in it" if re.search(r"^<{7} ", text, re.M) else ""
        raise UnreadableError(f"not a notebook: the JSON is broken{where}{why}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
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


def joined(value: Any) -> str:
    """The text of a field that the format allows to be a string or a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _last_heading(source: str, before: tuple[str, ...]) -> tuple[str, ...]:
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
            words = found[1].lstrip("!").strip()
            # Code that was commented out is no description.
            if len(words.split()) >= 2 and len(words) <= 80 and not re.search(r"[=(\[{]", words):
                return words.rstrip(".:")
        elif line and not line.startswith(("%", "!", "import ", "from ")):
            break
    names = _DEFINITION.findall(source)
    return ", ".join(names[:3])


def _outputs(cell: dict[str, Any]) -> Iterator[Block]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict) or output.get("name") == "stderr" or output.get("stream") == "stderr":
            continue
        if output.get("output_type") in ("error", "pyerr"):
            text = f"{str(output.get('ename', 'Error'))[:200]}: {str(output.get('evalue', ''))[:5000]}"
            yield Block(OUTPUT, shortened(text), "text")
            continue
        data = output.get("data")
        data = data if isinstance(data, dict) else {}
        if "text/markdown" in data or "text/latex" in data:
            if text := clean(shortened(joined(data.get("text/markdown", data.get("text/latex"))))):
                yield Block(PROSE, text)
            continue
        raw = joined(data["text/plain"]) if "text/plain" in data else joined(output.get("text", ""))
        text = shortened(raw)
        if text and not _NO_RESULT.match(text) and not _WIDGET.match(text):
            yield Block(OUTPUT, without_base64(text), "text")
        elif "<table" in (html := joined(data.get("text/html"))[:20_000]) and (
            text := shortened(clean(html))
        ):
            yield Block(TABLE, text)


def shortened(text: str) -> str:
    """The ends of a long output; progress bars, colours and overwritten lines are dropped."""
    if len(text) > 40_000:
        text = text[:20_000] + "\n" + text[-20_000:]
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in _ANSI.sub("", text).rstrip("\r").split("\n")]
    lines = [
        _BOX.sub("|", line)
        for line in lines
        if not _PROGRESS.search(line[:500]) and not _RULE.fullmatch(line)
    ]
    lines = [line if len(line) <= OUTPUT_LINE else f"{line[: OUTPUT_LINE - 1]}…" for line in lines]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > OUTPUT_LINES:
        lines = [*lines[: OUTPUT_LINES // 2], "…", *lines[-OUTPUT_LINES // 2 + 1 :]]
    while sum(map(len, lines)) > OUTPUT_CHARS and len(lines) > 3:
        middle = len(lines) // 2
        lines = [*lines[: middle - 1], "…", *lines[middle + 2 :]] if lines[middle] == "…" else [
            *lines[:middle], "…", *lines[middle + 1 :]]  # fmt: skip
    return "\n".join(lines)
