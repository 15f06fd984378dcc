"""The course in use, for those who read, search and keep it: contents, documents, places, hits. Knows no page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from knowledge.paths import COURSE
from knowledge.reading import Opened, OpenedSection
from knowledge.search import FileInfo, KnowledgeBase, Passage
from knowledge.sources import added_folder, remembered
from knowledge.words import tokens
from labs.registry import LABS
from tutor.library import Library
from tutor.places import explain

HITS = 12
LONGEST_QUERY = 500  # characters


@dataclass(frozen=True)
class Heading:
    name: str
    depth: int  # 0 for the outermost
    section: int  # the first one under it


@dataclass(frozen=True)
class Doc:
    path: str
    title: str
    kind: str  # what a reader calls it: "Text", "Notebook", "PDF"
    lecture: int | None
    headings: tuple[Heading, ...]
    chunks: int
    shipped: bool  # part of the course that comes with the tutor: its quiz and its labs belong to it
    added: bool  # uploaded by a teacher


@dataclass(frozen=True)
class Group:
    """The documents of one lecture, or of one folder where the files name no lecture."""

    lecture: int | None
    title: str
    documents: tuple[Doc, ...]


@dataclass(frozen=True)
class About:
    files: int
    passages: int
    refreshed_at: str  # ISO 8601, UTC; "" where nobody knows
    built_at: str
    embedder: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    passage: Passage
    words: frozenset[str]  # words of the passage that the query asks for, in small letters


class Course:
    """A view of a library's course. Safe to share between threads; everything is read anew when the index changes."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._contents: tuple[str, tuple[Group, ...]] | None = None

    def contents(self, base: KnowledgeBase) -> tuple[Group, ...]:
        """The documents in reading order, with their headings."""
        name, known = base.generation, self._contents
        if known is None or known[0] != name:
            known = self._contents = (name, tuple(self._groups(base)))
        return known[1]

    def _groups(self, base: KnowledgeBase) -> list[Group]:
        groups: dict[tuple[int, int | str], list[Doc]] = {}
        for info in base.files():
            folder = PurePosixPath(info.path).parts[0] if "/" in info.path else ""
            key = (0, info.lecture) if info.lecture is not None else (1, folder)
            groups.setdefault(key, []).append(self._doc(base, info))
        return [
            Group(docs[0].lecture, _group_title(docs, str(key[1])), tuple(docs))
            for key, docs in sorted(groups.items(), key=lambda item: (item[0][0], str(item[0][1]).zfill(4)))
        ]

    def _doc(self, base: KnowledgeBase, info: FileInfo) -> Doc:
        root = self.library.shelf(base).root(info.path)
        return Doc(
            info.path,
            info.title,
            _kind(info.path),
            info.lecture,
            tuple(_headings(base.section(info.path))),
            info.chunks,
            shipped=root == COURSE.resolve(),
            added=root is not None and root == added_folder(self.library.index_dir).resolve(),
        )

    def doc(self, base: KnowledgeBase, path: str) -> tuple[Group, Doc] | None:
        """A document and the group that it stands in; None where the course has none of that name."""
        return next(
            ((group, doc) for group in self.contents(base) for doc in group.documents if doc.path == path),
            None,
        )

    def open(self, path: str) -> Opened:
        """Raises LibraryError or UnknownDocumentError."""
        return self.library.document(path)

    def search(self, base: KnowledgeBase, query: str) -> list[Hit]:
        """The places that fit best, best first, with the words that were asked for."""
        query = query[:LONGEST_QUERY]
        stems = {stem for stem, weight in base.telling(query).items() if weight > 0}
        return [Hit(passage, asked_for(passage.text, stems)) for passage in base.search(query, HITS)]

    def about(self, base: KnowledgeBase) -> About:
        known = remembered(self.library.index_dir)
        added = added_folder(self.library.index_dir)
        return About(
            files=len(base.files()),
            passages=base.chunk_count,
            refreshed_at=known.refreshed_at if known is not None else "",
            built_at=base.built_at,
            embedder=self.library.embedder.name,
            sources=tuple(str(path) for path in self.library.sources if path != added),
        )


def labs_of(lecture: int | None) -> list[tuple[str, str]]:
    """(id, title) of the labs that go with a lecture of the course that ships."""
    return [(lab.id, lab.title) for lab in LABS.values() if lecture is not None and lecture in lab.lectures]


def touched(sections: Sequence[OpenedSection], passage_id: str) -> list[int]:
    """The numbers of the sections that a passage lies in; none where the course has changed since it was found."""
    return [number for number, section in enumerate(sections) if passage_id in section.passages]


def question(doc: Doc, section: OpenedSection) -> str:
    """What a student asks to have a section explained; the tutor finds the section by these words."""
    return explain(section.heading, doc.title, doc.lecture)


def asked_for(text: str, stems: set[str]) -> frozenset[str]:
    """The words of `text` that come from one of the stems."""
    words = {word.lower() for word in re.findall(r"[^\W_]+", text)}
    return frozenset(word for word in words if stems.intersection(tokens(word)))


def _headings(sections: Sequence[object]) -> list[Heading]:
    """Each heading once, where it begins; not below the second level, or the list would be the lecture."""
    found: list[Heading] = []
    before: tuple[str, ...] = ()
    for number, section in enumerate(sections):
        heading: tuple[str, ...] = getattr(section, "heading", ())
        for depth, name in enumerate(heading[:2]):
            if before[: depth + 1] != heading[: depth + 1]:
                found.append(Heading(name, depth, number))
        before = heading
    return found


_KINDS = {
    "md markdown mdx qmd rmd txt rst tex html htm": "Text",
    "ipynb": "Notebook",
    "pdf": "PDF",
    "pptx": "Slides",
    "docx": "Document",
    "py": "Program",
}


def _kind(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower().removeprefix(".")
    return next((kind for suffixes, kind in _KINDS.items() if suffix in suffixes.split()), "File")


def _group_title(docs: Sequence[Doc], folder: str) -> str:
    if docs[0].lecture is None:
        return folder.replace("_", " ") or "Other files"
    return subject(next((doc for doc in docs if doc.kind != "Notebook"), docs[0]))


def subject(doc: Doc) -> str:
    """A document's title without the number of its lecture, which stands beside it anyway."""
    if doc.lecture is None:
        return doc.title
    return re.sub(r"^(?:lecture|week|chapter|unit)\s*\d+\s*[:.\-–]\s*(?=\w)", "", doc.title, flags=re.I)
