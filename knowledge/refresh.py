"""Bring the knowledge base up to date with a folder: read what changed, embed what is new, swap.

The index afterwards holds exactly the files found. Unchanged files are not read again, unchanged
passages are not embedded again, and when nothing changed no new generation is made. A refresh that finds
no text at all fails and leaves the index alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.chunking import chunk_document
from knowledge.documents import content_hash, lecture_number, read_document
from knowledge.errors import KnowledgeError, MissingIndexError, NothingToIngestError, UnreadableError
from knowledge.files import CourseFile, find_files
from knowledge.generations import clean_up, current_name, next_generation, writer
from knowledge.manifest import Manifest, StoredDocument, read_manifest, stored, write_manifest

if TYPE_CHECKING:
    from knowledge.embedding import Embedded, TextEmbedder

Progress = Callable[[str, int, int], None]  # (what is being done, done, in all)


@dataclass(frozen=True)
class IngestReport:
    files: int  # in the knowledge base now
    chunks: int
    added: int  # files
    updated: int
    removed: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]  # (path, why)
    seconds: float

    @property
    def changed(self) -> bool:
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True)
class _Old:
    """What can be used again; empty where there is no index, or one that another version or embedder made."""

    folder: Path | None
    documents: dict[str, StoredDocument]


def refresh(
    paths: Sequence[Path],
    index_dir: Path,
    embedder: TextEmbedder,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Make the index hold the course files below `paths`; with `rebuild`, use nothing of the old one.

    Raises
    ------
    MissingFolderError, NothingToIngestError
        Bad input; nothing was changed.
    IngestBusyError, IndexWriteError
        Somebody else is at it, or the disk refuses; the old index still answers.
    """
    started = time.perf_counter()
    tell = progress or (lambda what, done, total: None)
    files, skipped = find_files(paths)
    with writer(index_dir):
        old = _Old(None, {}) if rebuild else _load_old(index_dir, embedder)
        documents = _read(files, old.documents, embedder, skipped, tell)
        if not documents:
            where = ", ".join(repr(str(path)) for path in paths) or "no folder at all"
            raise NothingToIngestError(where, len(skipped))
        before = {path: document.sha256 for path, document in old.documents.items()}
        after = {document.path: document.sha256 for document in documents}
        same = sum(before.get(path) == sha for path, sha in after.items())
        if before != after or [d.path for d in documents] != list(before):
            _build(index_dir, documents, old, embedder, tell)
        else:
            clean_up(index_dir, keep=set(), above=int(current_name(index_dir).removeprefix("gen-")))
    return IngestReport(
        files=len(documents),
        chunks=sum(len(document.chunks) for document in documents),
        added=sum(path not in before for path in after),
        updated=sum(path in before and before[path] != sha for path, sha in after.items()),
        removed=sum(path not in after for path in before),
        unchanged=same,
        skipped=tuple(skipped),
        seconds=round(time.perf_counter() - started, 3),
    )


def _load_old(index_dir: Path, embedder: TextEmbedder) -> _Old:
    try:
        folder = index_dir / current_name(index_dir)
        return _Old(folder, {d.path: d for d in read_manifest(folder, embedder.name).documents})
    except (KnowledgeError, FileNotFoundError) as error:
        if isinstance(error, MissingIndexError | FileNotFoundError):
            return _Old(None, {})
        # Of another version, or damaged: a refresh is the cure, and everything is made anew.
        return _Old(None, {})


def _read(
    files: Sequence[CourseFile],
    known: dict[str, StoredDocument],
    embedder: TextEmbedder,
    skipped: list[tuple[str, str]],
    tell: Progress,
) -> list[StoredDocument]:
    documents = []
    for done, file in enumerate(files, start=1):
        try:
            data = file.file.read_bytes()
            sha256, old = content_hash(data), known.get(file.name)
            lecture = lecture_number(file.name, file.root_name)
            if old is not None and (old.sha256, old.lecture) == (sha256, lecture):
                documents.append(old)
            else:
                document = read_document(file.name, data, file.root_name)
                chunks = chunk_document(document, embedder.count_tokens, embedder.max_tokens)
                documents.append(stored(document, sha256, chunks))
        except UnreadableError as error:
            skipped.append((file.name, str(error)))
        except OSError as error:
            skipped.append((file.name, f"cannot be opened: {error.strerror}"))
        tell("Reading", done, len(files))
    return documents


def _build(
    index_dir: Path, documents: Sequence[StoredDocument], old: _Old, embedder: TextEmbedder, tell: Progress
) -> None:
    from knowledge.index import write_vectors
    from knowledge.lexical import write_lexical

    manifest = Manifest(embedder.name, datetime.now(UTC).isoformat(timespec="seconds"), tuple(documents))
    chunks = manifest.chunks
    known = _known_vectors(old)
    new = list(dict.fromkeys(chunk.embedded for chunk in chunks if chunk.embedded not in known))
    if new:
        tell("Embedding", 0, len(new))
        made = embedder.embed_passages(new, lambda done, total: tell("Embedding", done, total))
        known.update(zip(new, made, strict=True))
    tell("Writing", 0, 1)
    with next_generation(index_dir) as folder:
        write_vectors(folder, chunks, [known[chunk.embedded] for chunk in chunks])
        write_lexical(folder, chunks)
        write_manifest(manifest, folder)
    tell("Writing", 1, 1)


def _known_vectors(old: _Old) -> dict[str, Embedded]:
    """Vectors of the old generation, by the text that they were made from."""
    from knowledge.embedding import Embedded
    from knowledge.index import read_vectors

    if old.folder is None:
        return {}
    try:
        vectors, windows, owners = read_vectors(old.folder)
    except (KnowledgeError, FileNotFoundError):
        return {}
    texts = [chunk.embedded for document in old.documents.values() for chunk in document.chunks]
    return {
        text: Embedded(vectors[row], windows[owners == row])
        for row, text in enumerate(texts)
        if row < len(vectors)
    }
