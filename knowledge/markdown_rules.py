"""What markdown-it is taught beyond CommonMark: displayed equations, boxes, comments, tables in HTML.

A token `maths_block` has the formula as its content, and in its `meta` the text before and after it on its first and
last lines. A token `box_line` has the line that opens or closes a box as its content.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.markdown_boxes import WHOLE, box_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_MATHS_ENDS = {"$$": "$$", "\\[": "\\]"}
_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}")
# What Quarto and MyST name an equation by, behind its end. "(1)" is a number that the text refers to: it stays.
_EQUATION_LABEL = re.compile(r"\s*(?:\{#[^{}\n]{0,200}\}|\((?=[\d.:\-]*[^\W\d])[\w.:\-]{1,100}\))\s*")
_ONLY_A_LABEL = re.compile(r"\s*(?:\{#[^{}\n]{0,200}\}|\([^\W\d_]{1,20}[_.:\-][\w.:\-]{1,100}\))\s*")
_ENDS = re.compile(r"\$\$|\\\]|\\end\{\w+\*?\}|%%|:{3,}|</table\b", re.I)
_LONGEST = 300  # lines: a formula, a comment or a table that is still open then is none
_LINES_ABOVE = 40  # of a paragraph, searched for a formula that is open


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark").enable("table").disable("inline")  # only the blocks are asked for
    rules = (("maths_block", _maths_rule), ("box_line", _box_rule), ("comment", _comment_rule))
    for name, rule in (*rules, ("html_table", _table_rule)):
        # They end the block above them, as a fence does.
        made.block.ruler.before(
            "fence", name, rule, {"alt": ["paragraph", "reference", "blockquote", "list"]}
        )
    return made


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _push(state: StateBlock, kind: str, start: int, end: int, content: str) -> dict[str, str]:
    """A token for the lines from `start` up to `end`, without it; its `meta`, to be filled."""
    state.line = end
    token = state.push(kind, "", 0)
    token.block = True
    token.map = [start, end]
    token.content = content
    return token.meta


def _maths_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A displayed equation from `$$`, `\\[` or `\\begin{…}` to its end, blank lines and all."""
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    before, mark = _opening(state, start, first)
    if not mark:
        return False
    environment = _ENVIRONMENT.match(mark)
    closing = f"\\end{{{environment[1]}}}" if environment else _MATHS_ENDS[mark]
    rest = "" if before else first[len(mark) :]
    if mark == "$$" and _ONLY_A_LABEL.fullmatch(rest):
        return False  # the end of a formula that began inside a paragraph
    line, lines = start, [rest]
    if closing not in rest:
        line = _next(state, closing, start, end)
        if line < 0:
            return False  # never closed: ordinary text
        lines += [state.src[state.bMarks[n] : state.eMarks[n]] for n in range(start + 1, line + 1)]
    inside, after = lines[-1].split(closing, 1)
    stands_alone = line > start and not inside.strip()
    if before and not stands_alone:
        return False
    if label := _EQUATION_LABEL.match(after):
        after = after[label.end() :]
    if after.strip(" .,;") and not (stands_alone and closing not in after):
        return False  # text goes on after the formula: it belongs to its paragraph
    if not silent:
        ends_here = not after.strip(" .,;")
        formula = "\n".join([*lines[:-1], inside])
        formula = f"{mark}{formula}{closing}{after.strip() if ends_here else ''}"
        meta = _push(state, "maths_block", start, line + 1, formula)
        meta.update(before=before, after="" if ends_here else after.strip())
    return True


def _opening(state: StateBlock, start: int, first: str) -> tuple[str, str]:
    """The text in front of a formula on its first line, and the mark that opens it; "" where there is none."""
    if mark := next((mark for mark in _MATHS_ENDS if first.startswith(mark)), ""):
        return "", mark
    if environment := _ENVIRONMENT.match(first):
        return "", environment[0]
    if not first.rstrip().endswith("$$") or first.count("$$") % 2 == 0:
        return "", ""
    # "The loss is $$" opens one, unless a line above it did.
    marks, line = 0, start - 1
    while line >= max(0, start - _LINES_ABOVE) and (text := _line(state, line)).strip():
        marks += text.count("$$")
        line -= 1
    return (first.rstrip()[:-2].rstrip(), "$$") if marks % 2 == 0 else ("", "")


def _box_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line of colons that opens or closes a box; a directive whose inside is no Markdown, whole."""
    if state.is_code_block(start) or not (first := _line(state, start)).startswith(":::"):
        return False
    if silent:
        return True
    name = box_line(first).name
    colons = len(first) - len(first.lstrip(":"))
    if name in WHOLE and (close := _next(state, ":::", start, end, colons)) >= 0:
        content = state.getLines(start + 1, close, state.blkIndent, False)
        _push(state, "fence", start, close + 1, content)
        state.tokens[-1].info = first.strip(":").strip()
        return True
    last = start + 1
    while (
        name and last < min(end, start + _LONGEST) and re.match(r":[\w\-]{1,40}:(?:\s|$)", _line(state, last))
    ):
        last += 1
    _push(state, "box_line", start, last, first)
    return True


def _comment_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A comment of Obsidian, from `%%` to `%%`: a line of its own, or several."""
    if state.is_code_block(start) or not (first := _line(state, start)).startswith("%%"):
        return False
    inside, mark, after = first[2:].partition("%%")
    line = start
    if not mark:
        if inside[:1].strip():  # "%%time" opens none
            return False
        line = _next(state, "%%", start, end)
        after = _line(state, line).partition("%%")[2] if line >= 0 else ""
    elif not inside.strip():
        return False
    if line < 0 or after.strip():
        return False
    if not silent:
        _push(state, "comment", start, line + 1, "")
    return True


def _table_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table in HTML to its end, over the blank lines in it; one with listings in it is left to CommonMark."""
    if state.is_code_block(start) or not re.match(r"<table\b", _line(state, start), re.I):
        return False
    close = start if "</table" in _line(state, start).lower() else _next(state, "</table", start, end)
    if close < 0 or "```" in state.src[state.bMarks[start] : state.eMarks[close]]:
        return False
    if not silent:
        _push(state, "html_block", start, close + 1, "")
    return True


def _next(state: StateBlock, closing: str, start: int, end: int, colons: int = 0) -> int:
    """The first line below `start` with `closing` in it (a line of at least so many colons), or -1."""
    lines = _ends(state).get(closing, [])
    for place in range(bisect_right(lines, start), len(lines)):
        line = lines[place]
        if line >= min(end, start + _LONGEST):
            break
        text = _line(state, line).strip()
        if not colons or (len(text) >= colons and not text.strip(":")):
            return line
    return -1


def _ends(state: StateBlock) -> dict[str, list[int]]:
    """The lines in which something may end, by what ends it; looked for once in a text."""
    if "ends" not in state.env:
        found: dict[str, list[int]] = {}
        for line in range(state.lineMax):
            text = state.src[state.bMarks[line] : state.eMarks[line]]
            for closing in {
                ":::" if mark[0] == ":" else mark.lower() if mark[0] == "<" else mark
                for mark in _ENDS.findall(text)
            }:
                found.setdefault(closing, []).append(line)
        state.env["ends"] = found
    ends: dict[str, list[int]] = state.env["ends"]
    return ends
