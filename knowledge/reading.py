"""A course file opened for reading: the sections of the index, with the pictures that the index leaves out.

The readers turn a picture into its alternative text. Here each picture is numbered in the source first
(`[Picture: @@3@@ a falling curve]`), so that it is found again in what the reader made, whatever the format. A picture
is shown only from inside the folder that the course was read from, and only as data: nothing is fetched, and a
drawing (SVG) that is shown as an image runs no script.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from knowledge.decoding import decode
from knowledge.documents import Block, Section, content_hash, read_document
from knowledge.errors import UnreadableError
from knowledge.files import CourseFile, find_files
from knowledge.notebook_reader import joined
from knowledge.search import SectionView

MIME = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_WITH_PICTURES = (".ipynb", ".md", ".markdown", ".mdx", ".qmd", ".rmd", ".html", ".htm")
LARGEST = 2_000_000  # bytes of one picture
MOST = 12_000_000  # bytes of all pictures of one document
NUMBERED = re.compile(r"\[Picture: @@(\d{1,4})@@([^\]]*)\]")
_ANY_NUMBER = re.compile(r"(\[Picture: @@\d{1,4}@@)|@@\d{1,4}@@")
_MARKDOWN = re.compile(
    r"!\[(?P<alt>[^\]]{0,600})\]\(\s*(?:<(?P<bracketed>[^>\n]{1,500})>|(?P<src>[^)\s]{1,3000000}))"
)
_HTML = re.compile(r"<img\b[^<>]{0,3000000}>", re.I)
_SRC = re.compile(r"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
_ALT = re.compile(r"""\balt\s*=\s*(["'])""", re.I)
_DATA = re.compile(r"data:(image/[\w.+\-]{1,20});base64,(.*)", re.S)
_MAGIC = {
    "image/png": (b"\x89PNG",),
    "image/jpeg": (b"\xff\xd8",),
    "image/gif": (b"GIF8",),
    "image/webp": (b"RIFF",),
}


@dataclass(frozen=True)
class Picture:
    alt: str
    source: str = ""  # a data: address; "" for one that is not shown


@dataclass(frozen=True)
class OpenedSection:
    """A section of the index, as it is read. Its text may hold numbered pictures (`NUMBERED`)."""

    heading: tuple[str, ...]
    cell: int | None
    page: int | None
    kind: str
    text: str
    passages: tuple[str, ...]
    blocks: tuple[Block, ...] = ()  # empty where only the text of the index is there
    pictures: dict[int, Picture] = field(default_factory=dict)  # those of the text, by number
    drawn: tuple[Picture, ...] = ()  # what a notebook's cell drew, below the text


@dataclass(frozen=True)
class Opened:
    sections: tuple[OpenedSection, ...]
    changed: bool = False  # the file is not any more what was read into the index
    missing: bool = False  # the file cannot be read: this is the text that the index keeps


class Shelf:
    """The files of a course by the names that the index gives them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        found, _ = find_files([path for path in paths if path.exists()])
        self._files = {file.name: file for file in found}
        self._roots = {
            file.name: root
            for file in found
            for root in (path.resolve() if path.is_dir() else path.resolve().parent for path in paths)
            if file.file.is_relative_to(root)
        }

    def open(self, name: str, views: Sequence[SectionView], sha256: str = "") -> Opened:
        """A document with its pictures; its text alone where the file is gone or reads differently now."""
        plain = Opened(tuple(map(_plain, views)), missing=True)
        file = self._files.get(name)
        if file is None:
            return plain
        try:
            data = file.read()
            changed = bool(sha256) and content_hash(data) != sha256
            if file.file.suffix.lower() not in _WITH_PICTURES:
                return replace(plain, changed=changed, missing=False)
            sections, pictures, drawn = _read(file, data, self._roots[name])
        except UnreadableError:
            return plain
        if [(s.heading, s.cell) for s in sections] != [(v.heading, v.cell) for v in views]:
            return replace(plain, changed=changed, missing=False)
        opened = tuple(
            _opened(section, view, pictures, last, drawn)
            for section, view, last in zip(sections, views, _last_of_cells(sections), strict=True)
        )
        return Opened(opened, changed)

    def root(self, name: str) -> Path | None:
        """The folder that a document was read from."""
        return self._roots.get(name)

    def path(self, name: str) -> Path | None:
        file = self._files.get(name)
        return None if file is None else file.file


def _plain(view: SectionView) -> OpenedSection:
    return OpenedSection(view.heading, view.cell, view.page, view.kind, view.text, view.passages)


def _opened(
    section: Section,
    view: SectionView,
    pictures: dict[int, Picture],
    last: bool,
    drawn: dict[int, tuple[Picture, ...]],
) -> OpenedSection:
    blocks = tuple(replace(block, text=_unnumbered(block.text)) for block in section.blocks)
    text = "\n\n".join(block.markdown() for block in blocks)
    own = {int(n): pictures[int(n)] for n, _ in NUMBERED.findall(text) if int(n) in pictures}
    below = drawn.get(section.cell, ()) if last and section.cell is not None else ()
    return OpenedSection(
        view.heading, view.cell, view.page, view.kind, text, view.passages, blocks, own, below
    )


def _unnumbered(text: str) -> str:
    """Without the numbers of what turned out to be no picture: one in a listing, say."""
    return _ANY_NUMBER.sub(lambda found: found[1] or "", text) if "@@" in text else text


def _last_of_cells(sections: Sequence[Section]) -> Iterator[bool]:
    for this, after in zip(sections, [*sections[1:], None], strict=True):
        yield after is None or after.cell != this.cell


def _read(
    file: CourseFile, data: bytes, root: Path
) -> tuple[tuple[Section, ...], dict[int, Picture], dict[int, tuple[Picture, ...]]]:
    """The sections with numbered pictures, the pictures, and what each cell drew."""
    album = _Album(file.file, root)
    drawn: dict[int, tuple[Picture, ...]] = {}
    if file.file.suffix.lower() == ".ipynb":
        data, drawn = _number_notebook(data, album)
    else:
        data = album.number(decode(data)[0]).encode()
    document = read_document(file.name, data, file.root_name)
    return document.sections, album.pictures, drawn


def _number_notebook(data: bytes, album: _Album) -> tuple[bytes, dict[int, tuple[Picture, ...]]]:
    try:
        notebook = json.loads(decode(data)[0])
        cells = [cell if isinstance(cell, dict) else {} for cell in notebook["cells"]]
    except (ValueError, KeyError, TypeError):
        return data, {}  # an old format, or broken: the reader will say
    drawn = {}
    for number, cell in enumerate(cells):
        if cell.get("cell_type") == "markdown":
            attached = cell.get("attachments")
            cell["source"] = album.number(
                joined(cell.get("source")), attached if isinstance(attached, dict) else {}
            )
        elif pictures := tuple(_drawn(cell, album)):
            drawn[number] = pictures
    return json.dumps(notebook).encode(), drawn


def _drawn(cell: dict[str, object], album: _Album) -> Iterator[Picture]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        bundle = output.get("data") if isinstance(output, dict) else None
        for mime in ("image/png", "image/jpeg", "image/svg+xml"):
            if isinstance(bundle, dict) and mime in bundle:
                source = album.stored(mime, joined(bundle[mime]))
                if source:
                    yield Picture("A figure that this cell drew", source)
                break


class _Album:
    """The pictures of one document, loaded as they are met."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file, self._root = file, root
        self._size = 0
        self.pictures: dict[int, Picture] = {}

    def number(self, text: str, attached: dict[str, object] | None = None) -> str:
        """`text` with a number in front of the alternative text of each picture."""

        def markdown(found: re.Match[str]) -> str:
            source = found["bracketed"] or found["src"]
            number = self._add(found["alt"], source, attached or {})
            return found[0].replace("![", f"![@@{number}@@", 1)

        def tag(found: re.Match[str]) -> str:
            source = _SRC.search(found[0])
            alt = _ALT.search(found[0])
            words = found[0][alt.end() : found[0].find(alt[1], alt.end())] if alt else ""
            address = next((part for part in source.groups() if part), "") if source else ""
            number = self._add(words, address, attached or {})
            if alt:
                return f"{found[0][: alt.end()]}@@{number}@@{found[0][alt.end() :]}"
            return re.sub(r"^<img", f'<img alt="@@{number}@@"', found[0], flags=re.I)

        return _HTML.sub(tag, _MARKDOWN.sub(markdown, text))

    def _add(self, alt: str, source: str, attached: dict[str, object]) -> int:
        number = len(self.pictures)
        self.pictures[number] = Picture(" ".join(alt.split()), self._load(source, attached))
        return number

    def _load(self, source: str, attached: dict[str, object]) -> str:
        if found := _DATA.fullmatch(source):
            return self.stored(found[1], found[2])
        if source.startswith("attachment:"):
            bundle = attached.get(unquote(source.removeprefix("attachment:")))
            if isinstance(bundle, dict):
                return next((self.stored(str(mime), joined(body)) for mime, body in bundle.items()), "")
            return ""
        path = self._inside(re.split(r"[?#]", source)[0])
        if path is None:
            return ""
        try:
            with path.open("rb") as stream:
                return self._checked(MIME[path.suffix.lower()], stream.read(LARGEST + 1))
        except OSError:
            return ""

    def _inside(self, source: str) -> Path | None:
        """The picture's file, if it lies inside the folder of the course."""
        name = unquote(source).replace("\\", "/")
        place = PurePosixPath(name)
        if not name or "\0" in name or ":" in name or place.is_absolute() or place.suffix.lower() not in MIME:
            return None
        # Files that were added one by one have lost their folders.
        for candidate in (self._file.parent / name, self._file.parent / place.name):
            try:
                path = candidate.resolve(strict=True)
                hidden = any(part.startswith(".") for part in path.relative_to(self._root).parts)
            except (OSError, ValueError, RuntimeError):
                continue
            if path.is_file() and not hidden and path.suffix.lower() in MIME:
                return path
        return None

    def stored(self, mime: str, text: str) -> str:
        """A picture that is stored inside the document: base64, or the text of a drawing."""
        if mime == "image/svg+xml" and "<svg" in text[:2000]:
            return self._checked(mime, text.encode("utf-8", "replace"))
        if len(text) > 2 * LARGEST:
            return ""
        try:
            return self._checked(mime, base64.b64decode("".join(text.split()), validate=True))
        except (binascii.Error, ValueError):
            return ""

    def _checked(self, mime: str, data: bytes) -> str:
        """The address of a picture that is what it says and not too large, else ""."""
        fits = (
            b"<svg" in data[:4000] if mime == "image/svg+xml" else data.startswith(_MAGIC.get(mime, (b"\0",)))
        )
        if not fits or len(data) > LARGEST or self._size + len(data) > MOST:
            return ""
        self._size += len(data)
        return f"data:{mime};base64,{base64.b64encode(data).decode()}"
