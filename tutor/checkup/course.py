"""The weights and the index: whether they are there, whole, of this version, and free to be written."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

from knowledge.errors import (
    DamagedIndexError,
    IndexVersionError,
    KnowledgeError,
    UnreadableModelError,
)
from knowledge.paths import DEFAULT, course_names, known_course_folder
from knowledge.weights import WeightStore
from tutor.checkup.base import Check
from tutor.errors import TutorError
from tutor.library import EMBEDDING, Library
from tutor.settings import Settings

OPENING = 120.0  # seconds


def embedding(weights: WeightStore) -> Check:
    return pinned("embedding model", weights, EMBEDDING)


def pinned(check: str, weights: WeightStore, name: str) -> Check:
    """Pinned weights, read whole and compared with the published hashes."""
    pin, pull = weights.pin(name), f"tutor model pull {name}"
    folder = weights.folder / pin.name
    there = [file for file in pin.files if (folder / file.name).is_file()]
    if not there:
        part = weights.folder / f"{name}.partial"
        begun = "its download was broken off" if part.is_dir() else "not fetched yet"
        return Check(check, False, f"{name}: {begun}", f"{pull} (needs a network once)")
    for file in pin.files:
        path = folder / file.name
        if file not in there:
            why = "is missing"
        elif path.stat().st_size != file.bytes:
            why = f"has {path.stat().st_size:,} bytes instead of {file.bytes:,}"
        elif _sha256(path) != file.sha256:
            why = "has another SHA-256 than the published one"
        else:
            continue
        return Check(check, False, f"{path} {why}", f"Delete the folder {folder}, then run: {pull}")
    found = weights.path(name)
    if found is None:  # right, and put there by hand: the next start looks at it and notes that
        return Check(check, True, f"{folder}, verified at the next start")
    return Check(check, True, f"{found}, its SHA-256 is the published one")


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def index(settings: Settings, weights: WeightStore) -> Check:
    """The knowledge base, opened and searched as the page does it."""
    name = settings.course or DEFAULT
    if weights.path(EMBEDDING) is None:
        return Check(
            "course", False, "cannot be opened without the embedding model", f"tutor model pull {EMBEDDING}"
        )
    folder = f" FOLDER --course {shlex.quote(settings.course)}" if settings.course else ""
    try:
        place = known_course_folder(settings.index, settings.course)
        base = Library(place, weights, build=False, renew=False).wait(timeout=OPENING)
    except (TutorError, KnowledgeError) as error:
        cause = error.__cause__ or error
        fix = f"python ingest.py{folder}"
        if isinstance(cause, DamagedIndexError | IndexVersionError):
            fix = f"python ingest.py{folder} --rebuild"
        elif isinstance(cause, UnreadableModelError):
            fix = f"Delete {weights.folder / EMBEDDING}, then run: tutor model pull {EMBEDDING}"
        return Check("course", False, str(error), fix)
    if base.trouble:
        return Check(
            "course", False, base.trouble, f"Start the server; then, if it says so: python ingest.py{folder}"
        )
    files, built = len(base.files()), base.built_at[:16].replace("T", " ")
    others = [other for other in course_names(settings.index) if other != name]
    beside = f"; beside it: {', '.join(others)}" if others else ""
    return Check("course", True, f"{name}: {files} files, {base.chunk_count} passages, built {built}{beside}")


def locks(settings: Settings, weights: WeightStore) -> Check:
    """Whether somebody holds a lock. A lock file that a dead program left behind holds nothing and may lie there."""
    from filelock import FileLock, Timeout

    index_dir = settings.course_index
    for lock in (index_dir / "ingest.lock", *sorted(weights.folder.glob("*.lock"))):
        if not lock.is_file():
            continue
        try:
            with FileLock(lock, timeout=0):
                pass
        except Timeout:
            who = _holder(lock)
            what = "an ingest" if lock.name == "ingest.lock" else "a download"
            return Check(
                "locks",
                False,
                f"{what} holds {lock}{f' (process {who})' if who else ''}",
                f"Wait until it has finished; if it hangs, end {f'process {who}' if who else 'it'}. Nothing is lost.",
            )
        except OSError as error:
            return Check(
                "locks", False, f"{lock} cannot be used ({error.strerror})", "Make it writable, or delete it."
            )
    return Check("locks", True, "nobody writes to the index or the weights")


def _holder(lock: Path) -> int | None:
    """The process that holds a lock, where the system tells (Linux)."""
    try:
        inode = lock.stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        parts = line.split()
        if len(parts) > 5 and parts[5].rpartition(":")[2] == str(inode) and parts[4].isdigit():
            return int(parts[4])
    return None
