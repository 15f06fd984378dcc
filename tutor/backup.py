"""Everything that cannot be fetched or made again, in one archive; and back from it, checked before a byte is replaced.

    backup.json                 first: what the archive holds, with the size and SHA-256 of every file
    sessions.sqlite             conversations, progress, choices
    own_data/NAME.csv           tables that students added
    courses/NAME/added/FILE     files that teachers added to a course
    courses/NAME/index/...      the current generation of its index, unless it was left out

Weights are not in it: they are fetched again. Neither are the folders that a course was read from, which are the
teacher's own; they are listed. The page may go on running: the database is copied by SQLite's own backup, a generation
of the index never changes, and every other file is copied aside before it is hashed.

An archive may come from anywhere: only names that such an archive can have are taken, each regular, of the size and
hash that were promised, and everything is unpacked aside before the first file is put in place.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.generations import Pin, current_name, next_generation, writer
from knowledge.paths import DEFAULT, course_folder, course_names
from knowledge.sources import added_folder, remembered
from labs import own_data
from tutor.database import sqlite_file
from tutor.errors import BackupError
from tutor.sessions import SessionStore

FORMAT = 1
CONTENTS = "backup.json"
DATABASE = "sessions.sqlite"
_LONGEST_CONTENTS = 50_000_000  # bytes of backup.json
_MOST_FILES = 200_000
_PART = re.compile(r"[^/\\\0:]{1,255}")
_NOT_COPIED = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Places:
    """Where the tutor keeps what is backed up."""

    database_url: str
    index: Path
    own_data: Path
    version: str  # of the program


@dataclass(frozen=True)
class Course:
    name: str
    files: int
    added: int
    index: bool  # whether its index is in the archive
    sources: tuple[str, ...]  # folders that it was read from


@dataclass(frozen=True)
class Contents:
    made: str  # ISO 8601, UTC
    conversations: int | None  # None: they are in a database server
    own_files: int
    courses: tuple[Course, ...]
    size: int  # bytes of all files, unpacked


# --- making one ------------------------------------------------------------------------------------------------------


def make(file: Path, places: Places, with_index: bool = True) -> Contents:
    """Write the archive; it appears under its name when it is whole.

    Raises
    ------
    BackupError
        There is nothing to back up, or the disk refuses.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as aside, _Pins() as pins:
            found, conversations, courses = _gather(places, Path(aside), with_index, pins)
            if not found:
                raise BackupError(
                    "There is nothing to back up yet: no conversation, no course, no added file."
                )
            about = {
                "format": FORMAT,
                "version": places.version,
                "made": datetime.now(UTC).isoformat(timespec="seconds"),
                "conversations": conversations,
                "courses": [asdict(course) for course in courses],
                "files": {
                    name: {"size": path.stat().st_size, "sha256": _hash(path)} for name, path in found.items()
                },
            }
            _write(part, about, found)
        os.replace(part, file)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(
            f"The back-up {str(file)!r} could not be written: {_reason(error)}. Nothing was changed; free some disk "
            "space, or give another place."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return _contents(about)


def _gather(
    places: Places, aside: Path, with_index: bool, pins: _Pins
) -> tuple[dict[str, Path], int | None, list[Course]]:
    """name in the archive -> the file to read; what changes is copied aside first."""
    found: dict[str, Path] = {}
    conversations = None
    database = sqlite_file(places.database_url)
    if database is not None and database.is_file():
        found[DATABASE] = aside / DATABASE
        conversations = _copy_database(database, aside / DATABASE)
    for name, path in _plain_files(places.own_data):
        found[f"own_data/{name}"] = _aside(path, aside / "own_data" / name)
    courses = []
    for name in course_names(places.index):
        folder = course_folder(places.index, name)
        added = list(_plain_files(added_folder(folder)))
        for file_name, path in added:
            found[f"courses/{name}/added/{file_name}"] = _aside(path, aside / name / file_name)
        generation = pins.hold(folder)
        known = remembered(folder)
        indexed = {
            f"courses/{name}/index/{path.relative_to(generation).as_posix()}": path
            for path in sorted(generation.rglob("*"))
            if path.is_file() and not path.name.endswith(_NOT_COPIED)
        }
        if with_index:
            found |= indexed
        sources = tuple(str(path) for path in known.paths) if known is not None else ()
        courses.append(Course(name, _documents(generation), len(added), with_index, sources))
    return found, conversations, courses


class _Pins:
    """Keeps the generations that are copied on disk, whatever is ingested meanwhile."""

    def __init__(self) -> None:
        self._held: list[Pin] = []

    def hold(self, index: Path) -> Path:
        for _ in range(5):
            folder = index / current_name(index)
            try:
                self._held.append(Pin(folder))
            except FileNotFoundError:
                continue  # overtaken by two ingests: look again
            return folder
        raise BackupError(
            f"The course in {str(index)!r} changes too fast to be copied. Try again in a moment."
        )

    def __enter__(self) -> _Pins:
        return self

    def __exit__(self, *_: object) -> None:
        for pin in self._held:
            pin.release()


def _copy_database(database: Path, to: Path) -> int:
    """Copy a database that may be in use, as it is at one moment; how many conversations there are."""
    with closing(sqlite3.connect(database, timeout=30)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
        try:
            return int(target.execute("SELECT count(*) FROM sessions").fetchone()[0])
        except sqlite3.OperationalError:  # no table yet
            return 0


def _plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names and paths of the files right in a folder, without what is being written."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path.name, path


def _aside(path: Path, copy: Path) -> Path:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)
    return copy


def _documents(generation: Path) -> int:
    try:
        return len(json.loads((generation / "manifest.json").read_text(encoding="utf-8"))["documents"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _write(part: Path, about: dict[str, Any], found: dict[str, Path]) -> None:
    # Conversations are private: nobody else on this computer may read the archive.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as archive:
            text = json.dumps(about, ensure_ascii=False, indent=1).encode()
            _add(archive, CONTENTS, io.BytesIO(text), len(text))
            for name, path in found.items():
                with path.open("rb") as file:
                    _add(archive, name, file, about["files"][name]["size"])
        out.flush()
        os.fsync(out.fileno())


def _add(archive: tarfile.TarFile, name: str, file: Any, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(datetime.now(UTC).timestamp())
    archive.addfile(member, file)


# --- restoring one ---------------------------------------------------------------------------------------------------


def restore(file: Path, places: Places, force: bool = False) -> Contents:
    """Put everything of an archive in its place; what is there already is replaced only with `force`.

    A page that is running takes up what was restored: conversations and index are swapped under it in one step each.

    Raises
    ------
    BackupError
        The archive is damaged, of a newer version or no archive of ours, or there is something in its way.
    """
    with _opened(file) as archive:
        about = _read_contents(archive, file)
        for name in about["files"]:
            _check_name(name, file)
        if not force and (there := _in_the_way(about, places)):
            raise BackupError(
                f"There is something here already that the back-up would replace: {', '.join(there)}. Add --force to "
                "replace it, or set TUTOR_HOME to an empty folder."
            )
        home = places.own_data.parent
        try:
            home.mkdir(parents=True, exist_ok=True)
            need, free = sum(item["size"] for item in about["files"].values()), shutil.disk_usage(home).free
            if 2 * need > free:
                raise BackupError(
                    f"Restoring takes {2 * need / 1e6:,.0f} MB for a moment, and {free / 1e6:,.0f} MB are free in "
                    f"{str(home)!r}. Nothing was changed; free some disk space first."
                )
            with tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as aside:
                _unpack(archive, about, Path(aside), file)
                _put_in_place(about, Path(aside), places)
        except (OSError, sqlite3.Error) as error:
            raise BackupError(
                f"The back-up could not be put in place: {_reason(error)}. Correct that, then restore with --force."
            ) from error
    return _contents(about)


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    """The archive, read from its beginning to its end once; whatever is wrong with it becomes one sentence."""
    try:
        with tarfile.open(file, mode="r|gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, UnicodeError) as error:
        raise _damaged(file, str(error) or type(error).__name__) from error
    except OSError as error:
        raise BackupError(f"The back-up {str(file)!r} cannot be read: {_reason(error)}.") from error


def _damaged(file: Path, why: str) -> BackupError:
    return BackupError(f"{str(file)!r} is no whole back-up of the tutor ({why}). Nothing was changed.")


def _read_contents(archive: tarfile.TarFile, file: Path) -> dict[str, Any]:
    first = archive.next()
    if first is None or first.name != CONTENTS or not first.isreg() or first.size > _LONGEST_CONTENTS:
        raise _damaged(file, f"it does not begin with {CONTENTS}")
    stream = archive.extractfile(first)
    try:
        about: dict[str, Any] = json.loads(stream.read() if stream is not None else b"")
        version, files = int(about["format"]), about["files"]
        if version > FORMAT:
            raise BackupError(
                f"{str(file)!r} was made by a newer version of the tutor ({str(about['version'])[:20]}). "
                "Install that version to restore it."
            )
        sound = len(files) <= _MOST_FILES and all(
            isinstance(name, str)
            and type(item["size"]) is int
            and item["size"] >= 0
            and len(item["sha256"]) == 64
            for name, item in files.items()
        )
        _contents(about)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(file, f"{CONTENTS} cannot be read") from error
    if not sound:
        raise _damaged(file, f"{CONTENTS} cannot be read")
    return about


def _check_name(name: str, file: Path) -> None:
    """Only what an archive of ours can hold, and nothing that could lead out of its place."""
    parts = name.split("/")
    safe = all(_PART.fullmatch(part) and not part.startswith(".") and part.isprintable() for part in parts)
    known = (
        name == DATABASE
        or (len(parts) == 2 and parts[0] == "own_data")
        or (len(parts) == 4 and parts[0] == "courses" and parts[2] == "added")
        or (4 <= len(parts) <= 8 and parts[0] == "courses" and parts[2] == "index")
    )
    if safe and known:
        if parts[0] != "courses":
            return
        with suppress(KnowledgeError):
            course_folder(Path(), parts[1])  # raises for what cannot name a course
            return
    raise _damaged(file, f"a file in it is called {name[:80]!r}")


def _unpack(archive: tarfile.TarFile, about: dict[str, Any], aside: Path, file: Path) -> None:
    """Every file of the archive into `aside`, each checked while it is written."""
    left = dict(about["files"])
    while (member := archive.next()) is not None:
        promised = left.pop(member.name, None)
        if promised is None or not member.isreg() or member.size != promised["size"]:
            raise _damaged(file, f"{member.name[:80]!r} is not what {CONTENTS} says")
        stream, digest = archive.extractfile(member), hashlib.sha256()
        target = aside / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while stream is not None and (block := stream.read(1 << 20)):
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != promised["sha256"]:
            raise _damaged(file, f"{member.name[:80]!r} was changed or cut short")
    if left:
        raise _damaged(file, f"{next(iter(left))[:80]!r} is missing")


def _in_the_way(about: dict[str, Any], places: Places) -> list[str]:
    """What is there and would be replaced, for people."""
    there = []
    database = sqlite_file(places.database_url)
    if DATABASE in about["files"] and database is not None and database.is_file():
        there.append(f"conversations in {str(database)!r}")
    for name in _courses_of(about):
        folder = course_folder(places.index, name)
        if (folder / "CURRENT").exists() or any(_plain_files(added_folder(folder))):
            there.append(f"the {name} course" if name == DEFAULT else f"the course {name!r}")
    return there


def _courses_of(about: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name.split("/")[1] for name in about["files"] if name.startswith("courses/")))


def _put_in_place(about: dict[str, Any], aside: Path, places: Places) -> None:
    staged, database = aside / DATABASE, sqlite_file(places.database_url)
    if staged.is_file():
        if database is None:
            raise BackupError(
                "The back-up holds conversations in a file, and TUTOR_DATABASE_URL names another kind of database. "
                "Nothing was changed; unset it to restore them into a file."
            )
        # Opened first: it may be of an earlier version, or of a newer one.
        SessionStore(f"sqlite:///{staged}").close()
        with closing(sqlite3.connect(staged)) as check:
            said = check.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            raise BackupError(f"The conversations in the back-up are damaged ({said}). Nothing was changed.")
    for _, path in _plain_files(aside / "own_data"):
        places.own_data.mkdir(parents=True, exist_ok=True)
        os.replace(path, places.own_data / path.name)
    for name in _courses_of(about):
        _put_course(aside / "courses" / name, course_folder(places.index, name))
    if staged.is_file() and database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
        with (
            closing(sqlite3.connect(staged)) as source,
            closing(sqlite3.connect(database, timeout=30)) as target,
        ):
            source.backup(target)  # in one transaction: a page that is open sees all of it or nothing


def _put_course(from_: Path, index: Path) -> None:
    added = added_folder(index)
    kept = {name for name, _ in _plain_files(from_ / "added")}
    for name, path in list(_plain_files(added)):
        if name not in kept:
            path.unlink(missing_ok=True)
    for name, path in _plain_files(from_ / "added"):
        added.mkdir(parents=True, exist_ok=True)
        os.replace(path, added / name)
    if (from_ / "index").is_dir():
        with writer(index), next_generation(index) as folder:
            shutil.copytree(from_ / "index", folder, dirs_exist_ok=True)


# --- both ------------------------------------------------------------------------------------------------------------


def _contents(about: dict[str, Any]) -> Contents:
    datetime.fromisoformat(about["made"])  # raises for what is no moment
    courses = tuple(
        Course(
            str(c["name"]), int(c["files"]), int(c["added"]), bool(c["index"]), tuple(map(str, c["sources"]))
        )
        for c in about["courses"]
    )
    conversations = about["conversations"]
    return Contents(
        str(about["made"]),
        None if conversations is None else int(conversations),
        sum(name.startswith("own_data/") for name in about["files"]),
        courses,
        sum(item["size"] for item in about["files"].values()),
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def own_data_folder(data_dir: Path) -> Path:
    """Where students' own tables are: as the labs have it where that is set, else in the data folder."""
    return own_data.folder() if os.environ.get(own_data.FOLDER_VARIABLE) else data_dir / "own_data"
