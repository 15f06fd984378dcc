"""Bring the knowledge base up to date with a folder: read what changed, embed what is new, swap.

The index afterwards holds exactly the files found; of files that say nearly the same, one (`duplicates`). Unchanged
files are not read again, unchanged passages are not embedded again, and when nothing changed no new generation is
made. A refresh that finds no text at all fails and leaves the index alone. A new index that answers fewer of the
course's golden questions than the one in place (`golden`) is not put there, unless that is asked for.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from knowledge.chunking import chunk_document
from knowledge.documents import Document, content_hash, lecture_of, read_document
from knowledge.duplicates import Sketch, news, originals, sketch
from knowledge.errors import KnowledgeError, MissingIndexError, NothingToIngestError, UnreadableError
from knowledge.files import CourseFile, find_files
from knowledge.generations import clean_up, current_name, is_whole, next_generation, writer
from knowledge.golden import Golden, WorseError, compare, read_golden
from knowledge.manifest import (
    Manifest,
    StoredDocument,
    StoredDuplicate,
    StoredUnreadable,
    read_manifest,
    stored,
    summary,
    write_manifest,
)
from knowledge.sources import note, remember

if TYPE_CHECKING:
    from knowledge.embedding import Embedded, TextEmbedder

Progress = Callable[[str, int, int], None]  # (what is being done, done, in all)

log = logging.getLogger(__name__)

ADDED, UPDATED, UNCHANGED, REMOVED = "added", "updated", "unchanged", "removed"
SKIPPED, DUPLICATE = "skipped", "duplicate"
FAILED = (
    "the reader failed on it, by a mistake of this program: save it again in another format, and report it"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: str
    outcome: str  # one of the six words above
    why: str = ""  # the reason why it was left out, or a remark on how it was read
    chunks: int = 0


@dataclass(frozen=True)
class IngestReport:
    files: int  # in the knowledge base now
    chunks: int
    added: int  # files
    updated: int
    removed: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]  # (path, why), files that say the same as another among them
    seconds: float
    outcomes: tuple[Outcome, ...] = ()  # every file that was found, and those that are gone
    golden: Golden | None = None  # where the course has golden questions, and something changed

    @property
    def promoted(self) -> bool:
        """False: the index is as it was, with `files` and `chunks`; the rest says what was found in the folder."""
        return self.golden is None or self.golden.promoted

    @property
    def changed(self) -> bool:
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True)
class _Old:
    """What can be used again; empty where there is no index, or one that another version or embedder made."""

    folder: Path | None
    manifest: Manifest

    @property
    def documents(self) -> dict[str, StoredDocument]:
        return {document.path: document for document in self.manifest.documents}

    @property
    def duplicates(self) -> dict[str, StoredDuplicate]:
        return {duplicate.path: duplicate for duplicate in self.manifest.duplicates}

    @property
    def unreadable(self) -> dict[str, StoredUnreadable]:
        return {file.sha256: file for file in self.manifest.unreadable}


@dataclass(frozen=True)
class _Found:
    """A file with text in it: read now, or known from before by its hash."""

    file: CourseFile
    sha256: str
    sketch: Sketch
    remark: str
    document: Document | None = None
    known: StoredDocument | None = None


def refresh(
    paths: Sequence[Path],
    index_dir: Path,
    embedder: TextEmbedder,
    rebuild: bool = False,
    progress: Progress | None = None,
    accept: bool = False,
) -> IngestReport:
    """Make the index hold the course files below `paths`; with `rebuild`, use nothing of the old one.

    With `accept` the new index is put in place also where it answers fewer golden questions.

    Raises
    ------
    MissingFolderError, NothingToIngestError
        Bad input; nothing was changed.
    IngestBusyError, IndexWriteError, VectorServerError
        Somebody else is at it, or the disk or the Chroma server refuses; the old index still answers.
    """
    started = time.perf_counter()
    tell = progress or (lambda what, done, total: None)
    files, skipped = find_files(paths)
    with writer(index_dir):
        old = _nothing(embedder) if rebuild else _load_old(index_dir, embedder)
        found, unreadable = _read(files, old, embedder, skipped, tell)
        copies = originals([(item.file.name, item.sketch) for item in found])
        documents, duplicates = _cut(found, copies, old, embedder, skipped, tell)
        if not documents:
            where = ", ".join(repr(str(path)) for path in paths) or "no folder at all"
            raise NothingToIngestError(where, skipped)
        built_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(embedder.name, built_at, tuple(documents), tuple(duplicates), tuple(unreadable))
        golden = None
        if rebuild or not _same(manifest, old.manifest) or not _in_its_place(old):
            golden = _build(index_dir, manifest, old, embedder, paths, accept, tell)
        else:
            clean_up(index_dir)
            remember(index_dir, paths)
        _clean_server(index_dir)
    outcomes = _outcomes(files, skipped, manifest, old)
    kept = {document.path for document in documents}
    count = [outcome.outcome for outcome in outcomes].count
    holds = {"files": len(documents), "chunks": sum(len(document.chunks) for document in documents)}
    if golden is not None and not golden.promoted:
        holds = summary(index_dir)
    return IngestReport(
        files=holds["files"],
        chunks=holds["chunks"],
        added=count(ADDED),
        updated=count(UPDATED),
        removed=sum(path not in kept for path in old.documents),
        unchanged=count(UNCHANGED),
        skipped=tuple((item.path, item.why) for item in outcomes if item.outcome in (SKIPPED, DUPLICATE)),
        seconds=round(time.perf_counter() - started, 3),
        outcomes=tuple(outcomes),
        golden=golden,
    )


def _nothing(embedder: TextEmbedder) -> _Old:
    return _Old(None, Manifest(embedder.name, "", ()))


def _load_old(index_dir: Path, embedder: TextEmbedder) -> _Old:
    try:
        folder = index_dir / current_name(index_dir)
        if not is_whole(folder):
            return _nothing(embedder)
        return _Old(folder, read_manifest(folder, embedder.name))
    except (KnowledgeError, FileNotFoundError):
        # None yet; or of another version, or damaged: a refresh is the cure, and everything is made anew.
        return _nothing(embedder)


def _read(
    files: Sequence[CourseFile],
    old: _Old,
    embedder: TextEmbedder,
    skipped: list[tuple[str, str]],
    tell: Progress,
) -> tuple[list[_Found], list[StoredUnreadable]]:
    """The files with text in them, and those that will never have any; `skipped` takes in both kinds of failure."""
    documents, duplicates, no_text = old.documents, old.duplicates, old.unreadable
    found: list[_Found] = []
    unreadable: list[StoredUnreadable] = []
    warming = False
    for done, file in enumerate(files, start=1):
        sha256 = ""
        try:
            data = file.read()
            sha256, known, twin = content_hash(data), documents.get(file.name), duplicates.get(file.name)
            if sha256 in no_text:
                raise UnreadableError(no_text[sha256].why, lasting=True)
            if known is not None and known.sha256 == sha256 and _in_place(known, file):
                found.append(_Found(file, sha256, known.sketch, known.remark, known=known))
            elif twin is not None and twin.sha256 == sha256:
                found.append(_Found(file, sha256, twin.sketch, twin.remark))
            else:
                document = read_document(file.name, data, file.root_name)
                if not warming:  # something to embed: the model is loaded while the rest is read
                    _beside(embedder.warm_up)
                    warming = True
                found.append(_Found(file, sha256, sketch(document), document.remark, document))
        except UnreadableError as error:
            skipped.append((file.name, str(error)))
            if error.lasting:
                unreadable.append(StoredUnreadable(file.name, sha256, str(error)))
        except Exception:
            # A mistake in a reader, or in a library of one, must not cost the teacher the other files.
            log.exception("Reading %s failed", file.name)
            skipped.append((file.name, FAILED))
        tell("Reading", done, len(files))
    return found, unreadable


def _beside(warm_up: Callable[[], None]) -> None:
    """Load something in a thread of its own; what is wrong with it is said when it is needed."""

    def quietly() -> None:
        with contextlib.suppress(Exception):
            warm_up()

    Thread(target=quietly, name="warm-up", daemon=True).start()


def _in_place(known: StoredDocument, file: CourseFile) -> bool:
    return known.lecture == lecture_of(file.name, file.root_name, known.title)


def _cut(
    found: Sequence[_Found],
    copies: Mapping[str, str],
    old: _Old,
    embedder: TextEmbedder,
    skipped: list[tuple[str, str]],
    tell: Progress,
) -> tuple[list[StoredDocument], list[StoredDuplicate]]:
    """The documents with their passages, those of before or cut now, and the files that say nothing of their own."""
    also: dict[str, list[str]] = {}
    for copy, original in copies.items():
        also.setdefault(original, []).append(copy)
    made: dict[str, StoredDocument] = {}
    duplicates = []
    # Originals first: what a copy says besides is told by comparing it.
    for done, item in enumerate(sorted(found, key=lambda item: item.file.name in copies), start=1):
        name, same_as = item.file.name, copies.get(item.file.name, "")
        try:
            document = _again(item, made.get(same_as), old) or _made(item, made.get(same_as), embedder)
            if document.chunks:
                made[name] = replace(document, also=tuple(sorted(also.get(name, ()))))
            else:
                duplicates.append(StoredDuplicate(name, item.sha256, same_as, item.sketch, item.remark))
        except UnreadableError as error:
            skipped.append((name, str(error)))
        tell("Cutting into passages", done, len(found))
    return [made[item.file.name] for item in found if item.file.name in made], duplicates


def _again(item: _Found, original: StoredDocument | None, old: _Old) -> StoredDocument | None:
    """The document as it is known from before, where nothing changed that bears on it."""
    before = old.documents.get(original.path) if original else None
    if original is None:
        return item.known if item.known is not None and not item.known.same_as else None
    if before is None or before.sha256 != original.sha256:
        return None
    if item.known is not None:
        return item.known if item.known.same_as == original.path else None
    twin = old.duplicates.get(item.file.name)
    if item.document is None and twin is not None and twin.same_as == original.path:
        return StoredDocument(item.file.name, "", None, item.sha256, (), (), item.sketch)
    return None


def _made(item: _Found, original: StoredDocument | None, embedder: TextEmbedder) -> StoredDocument:
    document = item.document
    if document is None:  # known from before, and not read yet
        data = item.file.read()
        # It may have been saved again since: the hash must be that of the text that goes into the index.
        item = replace(item, sha256=content_hash(data))
        document = read_document(item.file.name, data, item.file.root_name)
    chunks = chunk_document(document, embedder.count_tokens, embedder.max_tokens)
    if not chunks:
        raise UnreadableError("there is no text in it")
    if original is None:
        return stored(document, item.sha256, chunks, item.sketch)
    own = stored(document, item.sha256, news(chunks, original.chunks), item.sketch)
    return replace(own, same_as=original.path)


def _same(new: Manifest, old: Manifest) -> bool:
    """Whether the generation of before says it all."""

    def gist(manifest: Manifest) -> list[object]:
        return [
            *((d.path, d.sha256, d.also, d.same_as) for d in manifest.documents),
            *((d.path, d.sha256, d.same_as) for d in manifest.duplicates),
        ]

    return gist(new) == gist(old)


def _outcomes(
    files: Sequence[CourseFile], skipped: Sequence[tuple[str, str]], manifest: Manifest, old: _Old
) -> list[Outcome]:
    before, reasons = old.documents, dict(skipped)
    documents = {document.path: document for document in manifest.documents}
    duplicates = {duplicate.path: duplicate for duplicate in manifest.duplicates}
    found = []
    for name in dict.fromkeys((*(file.name for file in files), *reasons)):
        if document := documents.get(name):
            known = before.get(name)
            word = ADDED if known is None else UNCHANGED if known.sha256 == document.sha256 else UPDATED
            same = _says_much_the_same(document) if document.same_as else ""
            why = "; ".join(part for part in (document.remark, same) if part)
            found.append(Outcome(name, word, why, len(document.chunks)))
        elif duplicate := duplicates.get(name):
            found.append(Outcome(name, DUPLICATE, f"says the same as {duplicate.same_as}, cited with it"))
        else:
            found.append(Outcome(name, SKIPPED, reasons.get(name, "")))
    there = {outcome.path for outcome in found}
    gone = [path for path in (*before, *old.duplicates) if path not in there]
    return [*found, *(Outcome(path, REMOVED, "no longer there") for path in gone)]


def _says_much_the_same(document: StoredDocument) -> str:
    count = len(document.chunks)
    own = f"the {count} passages that differ are" if count > 1 else "the one passage that differs is"
    return f"says nearly the same as {document.same_as}: only {own} in the index"


def _build(
    index_dir: Path,
    manifest: Manifest,
    old: _Old,
    embedder: TextEmbedder,
    paths: Sequence[Path],
    accept: bool,
    tell: Progress,
) -> Golden | None:
    """A new generation, put in place; what its golden questions say, and then perhaps not put in place."""
    from knowledge.index import warm_up, write_vectors
    from knowledge.lexical import write_lexical

    chunks = manifest.chunks
    known = _known_vectors(old)
    new = list(dict.fromkeys(chunk.embedded for chunk in chunks if chunk.embedded not in known))
    if new:
        tell("Embedding", 0, len(new))
        _beside(warm_up)
        made = embedder.embed_passages(new, lambda done, total: tell("Embedding", done, total))
        known.update(zip(new, made, strict=True))
    asked, golden = read_golden(paths), None
    tell("Writing", 0, 1)
    try:
        with next_generation(index_dir) as folder, ThreadPoolExecutor(1, "lexical") as beside:
            lexical = beside.submit(
                write_lexical, folder, chunks
            )  # while Chroma, which is not Python, is busy
            write_vectors(folder, chunks, [known[chunk.embedded] for chunk in chunks])
            lexical.result()
            write_manifest(manifest, folder)
            # In the same step as the swap: a refresh later must not read the folders of the course before.
            note(folder, paths)
            if asked:
                golden = compare(asked, folder, _current_folder(index_dir), embedder, tell)
                if not golden.promoted and not accept:
                    raise WorseError(golden)
    except WorseError as worse:
        golden = worse.golden
    else:
        tell("Writing", 1, 1)
        golden = replace(golden, promoted=True) if golden is not None else None
    return golden


def _current_folder(index_dir: Path) -> Path | None:
    try:
        return index_dir / current_name(index_dir)
    except MissingIndexError:
        return None


def _in_its_place(old: _Old) -> bool:
    """Whether the vectors are where the settings say: a Chroma server may have come, gone or lost them."""
    from knowledge.index import is_complete

    return old.folder is not None and is_complete(old.folder, len(old.manifest.chunks))


def _clean_server(index_dir: Path) -> None:
    from knowledge.index import clean_server

    clean_server(index_dir)


def _known_vectors(old: _Old) -> dict[str, Embedded]:
    """Vectors of the old generation, by the text that they were made from."""
    import numpy as np

    from knowledge.embedding import Embedded
    from knowledge.index import read_vectors

    if old.folder is None:
        return {}
    try:
        vectors, words, owners = read_vectors(old.folder)
    except (KnowledgeError, FileNotFoundError):
        return {}
    starts = np.searchsorted(owners, np.arange(len(vectors) + 1))  # owners ascend
    return {
        chunk.embedded: Embedded(vectors[row], words[starts[row] : starts[row + 1]])
        for row, chunk in enumerate(old.manifest.chunks)
        if row < len(vectors)
    }
