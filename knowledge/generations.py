"""Generations of the index on disk: built aside, swapped in one step, cleaned up later.

    index/
      CURRENT            the name of the generation that readers open, e.g. "gen-7"
      ingest.lock        held by the one writer; the system lets it go when the writer dies
      gen-6/  gen-7/     chroma/ bm25/ vectors.npz manifest.json ... and sealed.json: which files, how large

A killed ingest leaves a folder that CURRENT never named; the next ingest removes it. A generation that a reader
of any process has open is pinned, and stays on disk until an ingest finds it free: Chroma opens its files again
in the middle of a search. The generation before the current one is kept besides, for file systems without locks.
Knows nothing of what is in a generation.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import BadInputError, IndexWriteError, IngestBusyError, MissingIndexError

_NAME = re.compile(r"gen-(\d+)")
_SEAL = "sealed.json"
_ASIDE = "CURRENT.new"
# What a file system says that cannot flush or lock at all. Anything else (a full disk, say) is a failure.
_CANNOT = {
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EBADF,
    errno.ENOSYS,
    errno.EPERM,
    errno.EACCES,
    errno.ENOLCK,
    errno.EISDIR,
}


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
        raise IndexWriteError(index_dir, error.strerror or str(error), error.errno) from error
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
    clean_up(index_dir)
    # Above all that are still there, too: one may be pinned that CURRENT does not name any more.
    number = 1 + max((_number(name) for name in (*_names(index_dir), before or "")), default=0)
    folder = index_dir / f"gen-{number}"
    try:
        folder.mkdir()
        yield folder
        _seal(folder)
        _sync(folder)
        _point_to(index_dir, folder.name)
    except BaseException as error:
        # A Ctrl-C may come when the new one is in place already: then it stays.
        if not _is_current(index_dir, folder.name):
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                (index_dir / _ASIDE).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise IndexWriteError(index_dir, error.strerror or str(error), error.errno) from error
        raise
    clean_up(index_dir)


def clean_up(index_dir: Path) -> None:
    """Remove what a killed ingest left behind, and every generation but the current one and the one before.

    Those that somebody reads stay until a later call. Call with the writer's lock held.
    """
    try:
        current = _number(current_name(index_dir))
    except MissingIndexError:
        return  # which one was in use is not known: the next ingest that ends well removes the others
    names = _names(index_dir)
    before = max((_number(name) for name in names if _number(name) < current), default=current)
    for name in names:
        if _number(name) not in (current, before):
            _remove(index_dir / name)
    with contextlib.suppress(OSError):
        (index_dir / _ASIDE).unlink(missing_ok=True)


def is_whole(folder: Path) -> bool:
    """Whether every file that was sealed is there and has not been cut short (a look at the sizes, no more)."""
    try:
        sizes: dict[str, int] = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size >= size for name, size in sizes.items())
    except FileNotFoundError as error:
        # An index of an earlier version has no seal.
        return error.filename is not None and Path(error.filename).name == _SEAL
    except (OSError, ValueError, AttributeError, TypeError):
        return False


class Pin:
    """Keeps a generation on disk while it is read, also against ingests in other processes.

    Raises
    ------
    FileNotFoundError
        The generation is gone, or going.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import fcntl
        except ImportError:  # Windows, where a file that is open cannot be removed
            self.release = lambda: None
            return
        handle = os.open(folder, os.O_RDONLY)
        self.release = weakref.finalize(self, os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise FileNotFoundError(errno.ENOENT, "it is being removed", str(folder)) from None
        except OSError as error:
            if error.errno not in _CANNOT:
                self.release()
                raise


def _remove(folder: Path) -> None:
    """Remove a generation, unless somebody reads it."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except OSError:
            pass  # no locks on this file system: the one before the current has to do
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _names(index_dir: Path) -> list[str]:
    return [folder.name for folder in index_dir.glob("gen-*") if _NAME.fullmatch(folder.name)]


def _is_current(index_dir: Path, name: str) -> bool:
    try:
        return current_name(index_dir) == name
    except MissingIndexError:
        return False


def _number(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def _point_to(index_dir: Path, name: str) -> None:
    aside = index_dir / _ASIDE
    with aside.open("w", encoding="ascii") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, index_dir / "CURRENT")
    with contextlib.suppress(OSError):  # it is in place, whatever the disk says now
        _flush(index_dir)


def _seal(folder: Path) -> None:
    """Note which files make the generation. SQLite's own helpers beside a database come and go."""
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal"))
    }
    (folder / _SEAL).write_text(json.dumps(sizes), encoding="utf-8")


def _sync(folder: Path) -> None:
    """Everything on disk before CURRENT names it: a power cut must not leave half a generation in use."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        if path.is_file() or path.is_dir():
            _flush(path)


def _flush(path: Path) -> None:
    """Raises OSError for a disk that is full or broken; a file system that cannot flush is left to its own timing."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
