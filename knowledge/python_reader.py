"""Python scripts -> sections: the module's docstring, functions and classes, the statements between them.

A docstring comes as text and the code after it as code. Scripts that are notebooks (`script_cells`) are read cell by
cell. A script that does not parse is cut at its definitions.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from inspect import cleandoc

from knowledge.documents import CODE, PROSE, Block, Reading, Section
from knowledge.markdown_reader import TITLE_MARK, read_markdown, without_base64
from knowledge.notebook_reader import code_heading, last_heading
from knowledge.rst_reader import inline
from knowledge.script_cells import (
    COLAB,
    NO_TEXT,
    Cell,
    cells_of,
    comments_end,
    is_code,
    leading_string,
    stripped,
    uncommented,
)
from knowledge.text_reader import paragraph

LONG_CLASS = 60  # lines: from here on a class gives a section for each method

_COMMENT = re.compile(r"^#+ ?(.*)$")
_TOP = re.compile(r"^(?:@|def |class |async def )")
_UNDERLINE = re.compile(r"[-=~^]{3,}")
_COLAB_HEAD = re.compile(
    rf"\A.{{0,300}}\s+{COLAB}.{{0,80}}\s+(?:Original file is located at\s+\S{{1,300}}\s*)?"
)
_KERAS_TITLE = re.compile(r"Title:[ \t]*(\S.{0,200})\n")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def read_python(reading: Reading) -> list[Section]:
    text = without_base64(reading.text())
    if found := cells_of(text):
        title, cells = found
        return list(_of_cells(cells, (f"{TITLE_MARK}{title}",) if title else ()))
    lines = text.split("\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is no business of ours
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        reading.remarks.append("Python that does not parse, read as text")
        return list(_between(lines, at=_TOP))
    return list(_module(tree, lines))


def _module(tree: ast.Module, lines: list[str]) -> Iterator[Section]:
    done = 0  # lines that have found their section
    body = list(tree.body)
    if (text := ast.get_docstring(tree)) is not None:
        if blocks := docstring(text):
            yield Section((), tuple(blocks))
        done = body.pop(0).end_lineno or 0
    for node in body:
        if not isinstance(node, Definition):
            continue
        start = _start(node, lines, done)
        yield from _between(lines[done:start])
        yield from _definition(node, lines, start, ())
        done = node.end_lineno or start
    yield from _between(lines[done:])


def _definition(node: Definition, lines: list[str], start: int, above: tuple[str, ...]) -> Iterator[Section]:
    """The section of a function or class; a long class gives one more for each of its methods."""
    end = node.end_lineno or start
    methods = [item for item in node.body if isinstance(item, Definition)]
    heading = (*above, node.name)
    if isinstance(node, ast.ClassDef) and methods and end - start > LONG_CLASS and len(above) < 3:
        done = _start(methods[0], lines, start)
        yield _one(node, lines, start, done, heading)
        for method in methods:
            first = _start(method, lines, done)
            if rest := "\n".join(lines[done:first]).strip("\n"):
                yield Section(heading, (Block(CODE, rest, "python"),), derived=True)
            yield from _definition(method, lines, first, heading)
            done = method.end_lineno or first
        end_of_rest = "\n".join(lines[done:end]).strip("\n")
        if end_of_rest.strip():
            yield Section(heading, (Block(CODE, end_of_rest, "python"),), derived=True)
    else:
        yield _one(node, lines, start, end, heading)


def _one(node: Definition, lines: list[str], start: int, end: int, heading: tuple[str, ...]) -> Section:
    text = ast.get_docstring(node) or ""
    code = lines[start:end]
    first = node.body[0]
    # A docstring on the line of its `def` stays where it is.
    if text and first.end_lineno and first.lineno > node.lineno and first.lineno - 1 >= start:
        code = lines[start : first.lineno - 1] + lines[first.end_lineno : end]
        blocks = docstring(text)
    else:
        blocks = []
    source = "\n".join(code).strip("\n")
    if source.strip():
        blocks.append(Block(CODE, source, "python"))
    return Section(heading, tuple(blocks), derived=True)


def _start(node: Definition, lines: list[str], earliest: int) -> int:
    """Index of the first line that belongs to a definition: decorators, and comments right above."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    while first > earliest and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return max(first, earliest)


def _between(lines: Sequence[str], at: re.Pattern[str] | None = None) -> Iterator[Section]:
    """Statements outside of definitions, cut where a comment opens a new paragraph (and where `at` matches)."""
    part: list[str] = []
    for number, line in enumerate(lines):
        opens = line.startswith("#") and (number == 0 or not lines[number - 1].strip())
        if part and (opens or (at is not None and at.match(line) and not part[-1].startswith(("@", "#")))):
            yield from _statements(part)
            part = []
        part.append(line)
    yield from _statements(part)


def _statements(lines: Sequence[str]) -> Iterator[Section]:
    source = "\n".join(lines).strip("\n")
    if source.strip():
        name = code_heading(source)
        yield Section((name,) if name else (), (Block(CODE, source, "python"),), derived=bool(name))


def _of_cells(cells: Iterator[Cell], heading: tuple[str, ...]) -> Iterator[Section]:
    opened = False
    for cell in cells:
        told, code = _text_and_code(cell)
        if told and not opened:
            told = _opening(told)
        opened = opened or bool(told or code)
        if cell.title:
            told = f"{'#' * cell.level} {cell.title}\n\n{told}"
        if told.strip():
            yield from read_markdown(told, path=heading)
            heading = last_heading(told, heading)
        if code.strip():
            own = "" if heading else code_heading(code)
            yield Section(
                (*heading, own) if own else heading, (Block(CODE, code, cell.language),), derived=bool(own)
            )


def _text_and_code(cell: Cell) -> tuple[str, str]:
    """A cell's text as Markdown, and its code. What opens a code cell, a string or comments, is its text too."""
    lines = stripped(cell.lines)
    told, rest = leading_string(lines)
    if cell.is_text:
        return "\n".join([told, *map(uncommented, rest)]).strip("\n"), ""
    if cell.language != "python":
        return "", "\n".join(map(uncommented, lines))
    if not told:
        end = comments_end(lines)
        end = next((n for n, line in enumerate(lines[:end]) if NO_TEXT.match(line)), end)
        if not is_code(lines[:end]):
            told = "\n".join(_COMMENT.sub(r"\1", line) for line in lines[:end])
            rest = lines[end:]
    return _without_overlines(told), "\n".join(rest).strip("\n")


def _opening(told: str) -> str:
    """The text of the first cell: without what Colab writes above it, with a title where Keras names one."""
    if COLAB in told[:600]:
        return _COLAB_HEAD.sub("", told)
    if found := _KERAS_TITLE.match(told):
        return f"# {found[1]}\n\n{told[found.end() :]}"
    return told


def _without_overlines(told: str) -> str:
    """Markdown knows no line of signs above a heading, as reStructuredText has it."""
    lines = told.split("\n")
    kept = (
        line
        for number, line in enumerate(lines)
        if not (_UNDERLINE.fullmatch(line) and lines[number + 2 : number + 3] == [line])
    )
    return "\n".join(kept)


def docstring(text: str) -> list[Block]:
    """A docstring's paragraphs; its examples as code, its underlined headings in bold."""
    blocks: list[Block] = []
    for part in re.split(r"\n\s*\n", cleandoc(text)):
        lines = part.strip("\n").split("\n")
        if lines[0].lstrip().startswith(">>>"):
            blocks.append(Block(CODE, "\n".join(lines), "python"))
        elif len(lines) > 1 and _UNDERLINE.fullmatch(lines[1].strip()):
            rest = "\n".join(line.rstrip() for line in lines[2:])
            blocks.append(Block(PROSE, inline(f"**{lines[0].strip()}**\n{rest}".strip())))
        elif part.strip():
            block = paragraph(lines)
            blocks.append(replace(block, text=inline(block.text)))
    return blocks
