"""What a generation remembers of the course: every document with its sections, and every chunk.

Plain data, written as one JSON file; the page shows whole documents from it, and the next ingest
compares hashes. A file that says nearly the same as another keeps only what it says besides, and where that is
nothing, its name, hash and sketch; the document that stands for it lists it in `also`. A scan is remembered by its
hash, so that it is not opened again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.chunking import Chunk
from knowledge.documents import Document, content_hash
from knowledge.duplicates import Sketch
from knowledge.errors import DamagedIndexError, IndexVersionError
from knowledge.generations import current_name

# Raise it when readers, chunking, stems, the vectors of words or files change: an older index is then built again.
SCHEMA = 7


@dataclass(frozen=True)
class StoredSection:
    heading: tuple[str, ...]
    cell: int | None
    page: int | None
    kind: str
    text: str
    hash: str


@dataclass(frozen=True)
class StoredDocument:
    path: str
    title: str
    lecture: int | None
    sha256: str
    sections: tuple[StoredSection, ...]
    chunks: tuple[Chunk, ...]
    sketch: Sketch
    also: tuple[str, ...] = ()  # files that say nearly the same: cited together with this one
    remark: str = ""  # what the report says of the file
    same_as: str = ""  # the document that says nearly the same: `chunks` are those that say something else


@dataclass(frozen=True)
class StoredDuplicate:
    """A file that says nothing of its own."""

    path: str
    sha256: str
    same_as: str  # path of the document that stands for it
    sketch: Sketch
    remark: str = ""


@dataclass(frozen=True)
class StoredUnreadable:
    """A file that took long to find without text, and will be without it as long as its hash is the same."""

    path: str
    sha256: str
    why: str


@dataclass(frozen=True)
class Manifest:
    embedder: str
    built_at: str  # ISO 8601, UTC
    documents: tuple[StoredDocument, ...]
    duplicates: tuple[StoredDuplicate, ...] = ()
    unreadable: tuple[StoredUnreadable, ...] = ()

    @property
    def chunks(self) -> list[Chunk]:
        """All chunks, in the order in which the vectors are stored."""
        return [chunk for document in self.documents for chunk in document.chunks]


def stored(document: Document, sha256: str, chunks: Sequence[Chunk], sketch: Sketch) -> StoredDocument:
    sections = tuple(
        StoredSection(s.heading, s.cell, s.page, s.kind, s.text, content_hash(s.text)[:16])
        for s in document.sections
    )
    return StoredDocument(
        document.path, document.title, document.lecture, sha256, sections, tuple(chunks), sketch, remark=document.remark
    )  # fmt: skip


def write_manifest(manifest: Manifest, folder: Path) -> None:
    documents = [
        {
            "path": d.path,
            "title": d.title,
            "lecture": d.lecture,
            "sha256": d.sha256,
            "also": d.also,
            "remark": d.remark,
            "same_as": d.same_as,
            "sketch": [d.sketch.runs, d.sketch.hashes],
            "sections": [[s.heading, s.cell, s.page, s.kind, s.text, s.hash] for s in d.sections],
            "chunks": [
                [c.id, c.heading, c.cell, c.page, c.kind, c.text, c.embedded, c.parts] for c in d.chunks
            ],
        }
        for d in manifest.documents
    ]
    data = {
        "schema": SCHEMA,
        "embedder": manifest.embedder,
        "built_at": manifest.built_at,
        "documents": documents,
        "duplicates": [
            [d.path, d.sha256, d.same_as, [d.sketch.runs, d.sketch.hashes], d.remark]
            for d in manifest.duplicates
        ],
        "unreadable": [[u.path, u.sha256, u.why] for u in manifest.unreadable],
    }
    (folder / "manifest.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def read_manifest(folder: Path, embedder: str) -> Manifest:
    """Raises IndexVersionError (another version or embedder) or DamagedIndexError."""
    try:
        data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        schema, name = data["schema"], data["embedder"]
        if schema != SCHEMA:
            raise IndexVersionError("format", str(schema), str(SCHEMA))
        if name != embedder:
            raise IndexVersionError("the embedding model", str(name), embedder)
        return Manifest(
            name,
            data["built_at"],
            tuple(_document(item) for item in data["documents"]),
            tuple(_duplicate(*item) for item in data["duplicates"]),
            tuple(StoredUnreadable(*item) for item in data["unreadable"]),
        )
    except FileNotFoundError:
        # Not ours to translate: a reader that was overtaken by two ingests looks again.
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedIndexError(folder.parent, f"manifest.json: {error}") from error


def summary(index_dir: Path) -> dict[str, Any]:
    """`{"files", "chunks", "built_at"}` of an index, whatever made it.

    Raises MissingIndexError or DamagedIndexError.
    """
    folder = index_dir / current_name(index_dir)
    try:
        data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        documents = data["documents"]
        chunks = sum(len(item["chunks"]) for item in documents)
        return {"files": len(documents), "chunks": chunks, "built_at": str(data["built_at"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedIndexError(index_dir, f"manifest.json: {error}") from error


def _document(item: dict[str, Any]) -> StoredDocument:
    path, title, lecture = item["path"], item["title"], item["lecture"]
    sections = tuple(StoredSection(tuple(heading), *rest) for heading, *rest in item["sections"])
    chunks = tuple(
        Chunk(
            id, path, title, lecture, tuple(heading), cell, page, kind, text, embedded,
            tuple((section, length) for section, length in parts),
        )
        for id, heading, cell, page, kind, text, embedded, parts in item["chunks"]
    )  # fmt: skip
    return StoredDocument(
        path, title, lecture, item["sha256"], sections, chunks, _sketch(*item["sketch"]), tuple(item["also"]),
        item["remark"], item["same_as"],
    )  # fmt: skip


def _duplicate(path: str, sha256: str, same_as: str, sketch: list[Any], remark: str) -> StoredDuplicate:
    return StoredDuplicate(path, sha256, same_as, _sketch(*sketch), remark)


def _sketch(runs: int, hashes: Sequence[int]) -> Sketch:
    return Sketch(tuple(hashes), runs)
