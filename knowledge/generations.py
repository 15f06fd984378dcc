"""Generations of the index on disk: built aside, swapped in one step, cleaned up later.

    index/
      CURRENT            the name of the generation that readers open, e.g. "gen-7"
      ingest.lock        held by the one writer
      gen-6/  gen-7/     chroma/ bm25/ vectors.npz manifest.json

A killed ingest leaves a folder that CURRENT never named; the next ingest removes it. The generation
before the current one is kept, since a reader in another process may be in the middle of a search in it.
Knows nothing of what is in a generation.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import BadInputError, IndexWriteError, IngestBusyError, MissingIndexError

_NAME = re.compile(r"gen-(\d+)")


def current_name(index_dir: Path) -> str:
    """The generation that CURRENT names. Raises MissingIndexError."""
    try:
        name = (index_dir / "CURRENT").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingIndexError(index_dir) from None
    except (OSError, UnicodeDecodeError):
        name = ""
    if not _NAME.fullmatch(name):
        raise MissingIndexError(index_dir)
    return name


@contextlib.contextmanager
def writer(index_dir: Path) -> Iterator[None]:
    """Hold the one writer's lock. Raises IngestBusyError at once when somebody else has it."""
    from filelock import FileLock, Timeout

    if index_dir.exists() and not index_dir.is_dir():
        raise BadInputError(f"{str(index_dir)!r} is a file, not a folder. Give a folder for the index.")
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index_dir / "ingest.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise IngestBusyError(index_dir) from None
    except OSError as error:
        raise IndexWriteError(index_dir, error.strerror or str(error)) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def next_generation(index_dir: Path) -> Iterator[Path]:
    """A new folder to build in: the current one when the block ends well, gone when it does not.

    Call with the writer's lock held.
    """
    try:
        before: str | None = current_name(index_dir)
    except MissingIndexError:
        before = None
    number = _number(before) + 1 if before else 1
    clean_up(index_dir, keep={before} if before else set(), above=number - 1)
    folder = index_dir / f"gen-{number}"
    try:
        folder.mkdir()
        yield folder
        _sync(folder)
        _point_to(index_dir, folder.name)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise IndexWriteError(index_dir, error.strerror or str(error)) from error
        raise
    clean_up(index_dir, keep={before, folder.name} if before else {folder.name})


def clean_up(index_dir: Path, keep: set[str], above: int = -1) -> None:
    """Remove generations that are not in `keep`; with `above`, only those of a higher number."""
    for folder in index_dir.glob("gen-*"):
        if _NAME.fullmatch(folder.name) and folder.name not in keep and _number(folder.name) > above:
            shutil.rmtree(folder, ignore_errors=True)


def _number(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def _point_to(index_dir: Path, name: str) -> None:
    aside = index_dir / "CURRENT.new"
    with aside.open("w", encoding="ascii") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, index_dir / "CURRENT")


def _sync(folder: Path) -> None:
    """Everything on disk before CURRENT names it: a power cut must not leave half a generation in use."""
    for path in folder.rglob("*"):
        if path.is_file():
            # Some file systems refuse; then the system's own timing has to do.
            with path.open("rb") as file, contextlib.suppress(OSError):
                os.fsync(file.fileno())
