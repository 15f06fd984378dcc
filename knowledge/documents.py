"""A course file as a document: sections in reading order, each with its place.

Block      a paragraph, a code listing, an equation, a table, an output: what should stay whole
Section    the blocks under one heading, or of one cell of a notebook, one page of a PDF, one slide
Document   a file: its title, its lecture, its sections

The readers live next door, one for each format (`markdown_reader`, `pdf_reader`, …); which files there are is
told by `files`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from knowledge.decoding import decode, printable, refuse_pointer
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
    page: int | None = None  # counted from 1: the page of a PDF, the number of a slide
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
    remark: str = ""  # what the report says of a file that was read all the same


@dataclass
class Reading:
    """What a reader makes of a file. It appends to `remarks` what was odd and yet no reason to refuse."""

    path: str
    data: bytes
    remarks: list[str] = field(default_factory=list)

    def text(self) -> str:
        text, remark = decode(self.data)
        if remark:
            self.remarks.append(remark)
        return text


Reader = Callable[[Reading], list[Section]]


def kind_of(blocks: tuple[Block, ...] | list[Block]) -> str:
    kinds = {CODE if block.kind == OUTPUT else block.kind for block in blocks}
    return kinds.pop() if len(kinds) == 1 else "mixed" if CODE in kinds else PROSE


def content_hash(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def readers() -> dict[str, Reader]:
    """The reader of each suffix. Their libraries are imported when a file needs them."""
    from knowledge.html_reader import read_html
    from knowledge.markdown_reader import read_markdown_file
    from knowledge.notebook_reader import read_notebook
    from knowledge.pdf_reader import read_pdf
    from knowledge.python_reader import read_python
    from knowledge.rst_reader import read_rst
    from knowledge.slides_reader import read_slides
    from knowledge.tex_reader import read_tex
    from knowledge.text_reader import read_text
    from knowledge.word_reader import read_word

    by_suffixes: dict[str, Reader] = {
        ".md .markdown .mdx .qmd .rmd": read_markdown_file,
        ".ipynb": read_notebook,
        ".pdf": read_pdf,
        ".py": read_python,
        ".txt": read_text,
        ".rst": read_rst,
        ".tex": read_tex,
        ".html .htm": read_html,
        ".docx": read_word,
        ".pptx": read_slides,
    }
    return {suffix: reader for suffixes, reader in by_suffixes.items() for suffix in suffixes.split()}


def read_document(path: str, data: bytes, root_name: str = "") -> Document:
    """Read one file, given its path below the ingested folder and its bytes.

    Raises
    ------
    UnreadableError
        With the reason, fit for the report: empty, a Git LFS pointer, not a notebook, a scan, no text in it.
    """
    reading = Reading(path, data)
    try:
        if not data.strip():
            raise UnreadableError("the file is empty")
        refuse_pointer(data)
        sections = [_clean(section) for section in readers()[PurePosixPath(path).suffix.lower()](reading)]
    except RecursionError:
        raise UnreadableError("nested too deeply to be read") from None
    except MemoryError:
        raise UnreadableError("too large for this computer's memory") from None
    if not sections:
        raise UnreadableError("there is no text in it")
    title, sections = take_title(path, sections)
    if not (sections := with_lone_headings(sections)):
        raise UnreadableError("there is no text in it")
    lecture = lecture_of(path, root_name, title)
    return Document(path, title, lecture, tuple(sections), "; ".join(reading.remarks))


def _clean(section: Section) -> Section:
    """The section without blocks that hold no text, and without characters that no index can store."""
    blocks = tuple(
        block if (text := printable(block.text)) == block.text else replace(block, text=text)
        for block in section.blocks
    )
    blocks = tuple(block for block in blocks if block.text.strip())
    heading = tuple(" ".join(printable(name)[:400].split()) for name in section.heading)
    return replace(section, blocks=blocks, heading=heading)


def take_title(path: str, sections: list[Section]) -> tuple[str, list[Section]]:
    """The first level-1 heading (marked `# …` by the readers) or the file's name; and sections without it."""
    first = _first_heading(sections)
    name = first.removeprefix("# ").strip()
    is_title = first.startswith("# ") or (sections[0].heading[:1] == (first,) and _names_lecture(first))
    title = name if is_title and 0 < len(name) <= 120 else title_from_name(path)
    return title, [_without_title(section, title) for section in sections]


def _first_heading(sections: list[Section]) -> str:
    """The first heading, or the first of level 1 where only headings stand above it."""
    names = [section.heading[0] for section in sections if section.heading and not section.derived]
    # Many notebooks open with "## Lecture 8: …" and have no level-1 heading at all.
    if not names or _names_lecture(names[0]):
        return names[0] if names else ""
    for section in sections:
        if section.heading and section.heading[0].startswith("# "):
            return section.heading[0]
        if section.blocks:
            break
    return names[0]


def _names_lecture(heading: str) -> bool:
    return lecture_number(heading.removeprefix("# "), numbered=False) is not None


def _without_title(section: Section, title: str) -> Section:
    names = [name.removeprefix("# ").strip() for name in section.heading]
    if names and names[0] == title:
        names = names[1:]
    return replace(section, heading=tuple(name for name in names if name))


LEAST_WORDS = 3  # of a heading that says something with nothing below it; not "Exercise 2", "Questions?"


def with_lone_headings(sections: list[Section]) -> list[Section]:
    """Sections with text. A heading that has none below it, nor below its subheadings, is text itself.

    It is a line of the section around it, with its neighbours: a syllabus of headings is one list. Only in front of a
    section that the chunker would join to such a line does it stand for itself.
    """
    least = LEAST_WORDS if any(section.blocks for section in sections) else 1
    around: list[tuple[str, ...]] = []  # for each section, the heading of the last one with text above it
    last: tuple[str, ...] = ("",)
    for section in sections:
        around.append(last)
        if section.blocks:
            last = section.heading[:-1] if section.derived else section.heading
    kept: list[Section] = []  # backwards
    in_list = False  # the one that was kept last is a line of the section around it
    for section, before in zip(reversed(sections), reversed(around), strict=True):
        if section.blocks:
            kept.append(section)
            in_list = False
            continue
        heading, above = section.heading, section.heading[:-1]
        after = kept[-1].heading if kept else None
        if after is not None and after[: len(heading)] == heading:
            continue  # an ordinary heading: there is text below it
        if not heading or len(heading[-1].split()) < least:
            continue
        ends = after is None or after[: len(above)] != above
        in_list = in_list or ends or before == above
        text = Block(PROSE, f"**{heading[-1]}**")
        kept.append(replace(section, heading=above if in_list else heading, blocks=(text,)))
    return kept[::-1]


def title_from_name(path: str) -> str:
    """A file's name in words: `lecture_09/lecture9.ipynb` -> "Lecture 9", `Practical_Example.ipynb` -> ….

    A name that says nothing (`notebook.ipynb`, `index.md`) takes its folder's name in front. A script keeps its name.
    """
    place = PurePosixPath(path)
    if place.suffix.lower() == ".py":
        return place.name if place.stem not in ("main", "__init__", "utils") else "/".join(place.parts[-2:])
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


_LECTURES = (
    "lecture|lect|lec|lesson|week|wk|session|class|day|vorlesung|woche|sitzung|διάλεξη|διαλεξη|εβδομάδα"
)
_CHAPTERS = "chapter|unit|module|topic|chap|ch|kapitel|einheit|κεφάλαιο|ενότητα"
_LECTURE = tuple(
    re.compile(rf"(?<![A-Za-z])(?:{names})[ _.\-]*0*(\d{{1,2}})(?!\d)", re.I)
    for names in (_LECTURES, _CHAPTERS)
)
_ROMAN = re.compile(r"(?<![A-Za-z])(?i:lecture|lesson|vorlesung|chapter)[ _.\-]+([IVX]+)(?![^\W_])")
_VALUE = {"I": 1, "V": 5, "X": 10}
# "04-Regression", "3. Trees", "L09-Dropout"; not "L2 norm.md".
_NUMBERED = re.compile(r"0*(\d{1,2})[ _.\-]+(?=[^\W\d])|L(\d\d)(?!\d)")


def lecture_of(path: str, root_name: str, title: str) -> int | None:
    """The lecture that a document belongs to: named by its path, by its title, or by the folder of them all."""
    found = lecture_number(path)
    for name in (title, root_name):
        found = lecture_number(name, numbered=False) if found is None else found
    return found


def lecture_number(path: str, numbered: bool = True) -> int | None:
    """The lecture that a path names, innermost name first: `lecture_07/…`, `Lecture 7.md`, `week9.ipynb`.

    With `numbered`, a name that only begins with a number counts too, outermost first (`04-Regression/01-intro.pdf`
    belongs to 4).
    """
    parts = PurePosixPath(unicodedata.normalize("NFC", path)).parts  # macOS takes accents apart
    for pattern in _LECTURE:
        for name in reversed(parts):
            if found := pattern.search(name):
                return int(found[1])
    for name in reversed(parts):
        if found := _ROMAN.search(name):
            return _roman(found[1])
    for name in parts if numbered else ():
        if found := _NUMBERED.match(name):
            return int(found[1] or found[2])
    return None


def _roman(number: str) -> int:
    values = [_VALUE[letter] for letter in number]
    return sum(-this if this < after else this for this, after in zip(values, [*values[1:], 0], strict=True))
