"""A course file as a document: sections in reading order, each with its place.

Block      a paragraph, a code listing, an equation, a table, an output: what should stay whole
Section    the blocks under one heading (markdown), or of one cell or part of a cell (notebook)
Document   a file: its title, its lecture, its sections

The readers live next door (`markdown_reader`, `notebook_reader`); which files there are is told by `files`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from knowledge.errors import UnreadableError

PROSE, CODE, MATHS, TABLE, OUTPUT = "prose", "code", "maths", "table", "output"


@dataclass(frozen=True)
class Block:
    kind: str
    text: str  # code without its fences
    lang: str = ""
    label: str = ""  # what a later part of a long listing belongs to; embedded, not shown

    def markdown(self) -> str:
        """The block as it is shown: code and outputs inside a fence that is longer than any fence in them."""
        if self.kind not in (CODE, OUTPUT):
            return self.text
        longest = max((len(run) for run in re.findall(r"`{3,}", self.text)), default=2)
        fence = "`" * (longest + 1)
        return f"{fence}{self.lang}\n{self.text}\n{fence}"


@dataclass(frozen=True)
class Section:
    heading: tuple[str, ...]  # from the outermost to the innermost, without the document's title
    blocks: tuple[Block, ...]
    cell: int | None = None  # 0-based index in the notebook's list of cells
    page: int | None = None
    derived: bool = False  # the innermost heading is not the author's: it was read from the code

    @property
    def text(self) -> str:
        return "\n\n".join(block.markdown() for block in self.blocks)

    @property
    def kind(self) -> str:
        return kind_of(self.blocks)


@dataclass(frozen=True)
class Document:
    path: str  # relative to the ingested folder, with forward slashes
    title: str
    lecture: int | None
    sections: tuple[Section, ...]


def kind_of(blocks: tuple[Block, ...] | list[Block]) -> str:
    kinds = {CODE if block.kind == OUTPUT else block.kind for block in blocks}
    return kinds.pop() if len(kinds) == 1 else "mixed" if CODE in kinds else PROSE


def content_hash(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def read_document(path: str, data: bytes, root_name: str = "") -> Document:
    """Read one file, given its path below the ingested folder and its bytes.

    Raises
    ------
    UnreadableError
        With the reason, fit for the report: empty, not UTF-8, not a notebook, no text in it.
    """
    from knowledge.markdown_reader import read_markdown
    from knowledge.notebook_reader import read_notebook

    readers: dict[str, Callable[[str, str], list[Section]]] = {
        ".md": lambda text, _: read_markdown(text),
        ".markdown": lambda text, _: read_markdown(text),
        ".ipynb": read_notebook,
    }
    text = decode(data)
    try:
        sections = readers[PurePosixPath(path).suffix.lower()](text, path)
    except RecursionError:
        raise UnreadableError("nested too deeply to be read") from None
    sections = [section for section in sections if any(block.text.strip() for block in section.blocks)]
    if not sections:
        raise UnreadableError("there is no text in it")
    title, sections = take_title(path, sections)
    return Document(path, title, lecture_number(path, root_name), tuple(sections))


def decode(data: bytes) -> str:
    if not data.strip():
        raise UnreadableError("the file is empty")
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UnreadableError("only a Git LFS pointer, the file itself is missing: run `git lfs pull`")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    if "\0" in text:
        raise UnreadableError("binary data, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def take_title(path: str, sections: list[Section]) -> tuple[str, list[Section]]:
    """The first level-1 heading (marked `# …` by the readers) or the file's name; and sections without it."""
    first = next((section.heading[0] for section in sections if section.heading and not section.derived), "")
    name = first.removeprefix("# ").strip()
    # Many notebooks open with "## Lecture 8: …" and have no level-1 heading at all.
    is_title = first.startswith("# ") or (
        sections[0].heading[:1] == (first,) and lecture_number(name) is not None
    )
    title = name if is_title and 0 < len(name) <= 120 else title_from_name(path)
    return title, [_without_title(section, title) for section in sections]


def _without_title(section: Section, title: str) -> Section:
    names = [name.removeprefix("# ").strip() for name in section.heading]
    if names and names[0] == title:
        names = names[1:]
    return replace(section, heading=tuple(name for name in names if name))


def title_from_name(path: str) -> str:
    """A file's name in words: `lecture_09/lecture9.ipynb` -> "Lecture 9", `Practical_Example.ipynb` -> ….

    A name that says nothing (`notebook.ipynb`, `index.md`) takes its folder's name in front.
    """
    place = PurePosixPath(path)
    name = prettify(place.stem)
    if place.stem.lower() in {"notebook", "index", "readme", "lecture", "main", "notes", "untitled"}:
        folder = prettify(place.parent.name)
        return f"{folder}: {name.lower()}" if folder else name
    return name


def prettify(name: str) -> str:
    words = re.sub(r"[_\s]+|(?<=[a-z])-(?=[a-z])", " ", name).strip()
    words = re.sub(r"(?<=[A-Za-z]{3})(?=\d)", " ", words)  # lecture9 -> lecture 9
    words = re.sub(r"(?<=\b)0+(?=\d)", "", words)
    return words[:1].upper() + words[1:]


_LECTURE = (
    re.compile(r"(?:lecture|lec|week|wk|session|class)[ _.\-]*0*(\d{1,2})(?!\d)", re.I),
    re.compile(r"(?:chapter|unit|module|topic|chap|ch)[ _.\-]*0*(\d{1,2})(?!\d)", re.I),
)


def lecture_number(path: str, root_name: str = "") -> int | None:
    """The lecture that a path names, innermost name first: `lecture_07/…`, `Lecture 7.md`, `week9.ipynb`."""
    names = [*reversed(PurePosixPath(path).parts), root_name]
    for pattern in _LECTURE:
        for name in names:
            if found := re.search(r"(?<![A-Za-z])" + pattern.pattern, name, re.I):
                return int(found[1])
    return None
