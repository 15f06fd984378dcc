"""What a teacher adds on the page: files that are kept beside the course's index, and folders that are read with it.

The course that ships is never written to. Files are kept under their own names in one flat folder; a second file of
the same name takes the place of the first. Archives are not opened: what is in them is not looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.files import READ, find_files, natural
from knowledge.reading import MIME
from knowledge.sources import added_folder
from tutor.errors import CourseError

ENDINGS = tuple(sorted((*READ, *MIME)))  # pictures too: a lecture shows those that it names
LARGEST = 20_000_000  # bytes of one file
AT_ONCE = 30
MOST_FILES = 400
MOST_BYTES = 1_000_000_000
FOLDER_FILES = 5000  # readable files in an added folder: more is no course, but somebody's whole disk
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")


@dataclass(frozen=True)
class AddedFile:
    name: str
    size: int  # bytes


@dataclass(frozen=True)
class Kept:
    """What became of files that were handed over."""

    names: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]  # (name, why)


def added(index_dir: Path) -> list[AddedFile]:
    """The files that have been added to a course, in the order of their names."""
    folder = added_folder(index_dir)
    files = [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
    shown = [AddedFile(file.name, file.stat().st_size) for file in files if not file.name.startswith(".")]
    return sorted(shown, key=lambda file: natural(file.name))


def keep(index_dir: Path, files: Sequence[Path]) -> Kept:
    """Copy files into the course; those that cannot be used are named with the reason.

    Raises
    ------
    CourseError
        Too many at once, or the disk refuses.
    """
    if len(files) > AT_ONCE:
        raise CourseError(
            f"{len(files)} files are too many at once: add up to {AT_ONCE}, then the next ones."
        )
    there = {file.name: file.size for file in added(index_dir)}
    names, refused = [], []
    for file in files:
        name = plain_name(file.name)
        if why := _why_not(name, file, there):
            refused.append((name or file.name, why))
            continue
        try:
            _copy(file, added_folder(index_dir) / name)
        except OSError as error:
            raise CourseError(
                f"{name} could not be kept: {error.strerror or error}. Free some disk space and add it again."
            ) from error
        there[name] = file.stat().st_size
        names.append(name)
    return Kept(tuple(names), tuple(refused))


def plain_name(name: str) -> str:
    """A name without folders, hidden marks and characters that file systems mind; "" where nothing is left."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = re.sub(r"[^\w.\- ()+,&]", "_", name).strip(" .~$")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:100].rstrip()}{dot}{suffix[:10]}" if stem else ""


def _why_not(name: str, file: Path, there: dict[str, int]) -> str:
    suffix = Path(name).suffix.lower()
    if suffix in _ARCHIVES:
        return "an archive is not opened: unpack it, then choose the files in it"
    if suffix not in ENDINGS:
        allowed = ", ".join(ending.removeprefix(".") for ending in ENDINGS)
        return f"files ending in {suffix or 'nothing'} are not read; these are: {allowed}"
    try:
        size = file.stat().st_size
    except OSError:
        return "it did not arrive: add it again"
    if size == 0:
        return "the file is empty"
    most = min(LARGEST, READ.get(suffix, LARGEST // 1_000_000) * 1_000_000)
    if size > most:
        return f"too large: {size / 1e6:.1f} MB, and {most // 1_000_000} MB are allowed for {suffix} files"
    if name not in there and len(there) >= MOST_FILES:
        return f"{MOST_FILES} files are the most that can be added: remove some first"
    if sum(there.values()) - there.get(name, 0) + size > MOST_BYTES:
        return f"all added files together may take {MOST_BYTES // 1_000_000_000} GB: remove some first"
    return ""


def _copy(file: Path, to: Path) -> None:
    """All or nothing: a refresh that looks meanwhile sees the old file or the new one."""
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = to.with_name(f".{to.name}.new")
    try:
        shutil.copyfile(file, aside)
        os.replace(aside, to)
    finally:
        aside.unlink(missing_ok=True)


def remove(index_dir: Path, name: str) -> None:
    """Take an added file out of the course. Raises CourseError where there is none of that name."""
    if name not in [file.name for file in added(index_dir)]:
        raise CourseError(
            f"There is no added file {name[:80]!r} any more. Reload the page to see what there is."
        )
    try:
        (added_folder(index_dir) / name).unlink(missing_ok=True)
    except OSError as error:
        raise CourseError(f"{name} could not be removed: {error.strerror or error}.") from error


def with_folder(sources: Sequence[Path], typed: str, private: Sequence[Path]) -> tuple[Path, ...]:
    """The course's sources with one more folder.

    `private` are folders that must not become course text: where the tutor keeps its own data.

    Raises
    ------
    CourseError
        It is no folder that a course can be read from; the sentence says why.
    """
    text = typed.strip().strip("\"'")
    if not text or len(text) > 1000 or "\0" in text:
        raise CourseError("Give the path of a folder, such as /home/me/my-course.")
    folder = Path(text).expanduser()
    if not folder.is_absolute():
        raise CourseError(
            f"{text!r} is not a full path. Give one that begins at the root, such as /home/me/my-course."
        )
    if not folder.is_dir():
        raise CourseError(f"There is no folder {text!r} on this computer. Check the spelling.")
    folder = folder.resolve()
    if folder == Path.home() or folder.parent == folder:
        raise CourseError(f"{str(folder)!r} holds much more than a course. Give the course's own folder.")
    for mine in private:
        if folder.is_relative_to(mine.resolve()) or mine.resolve().is_relative_to(folder):
            raise CourseError(
                f"{str(folder)!r} is where the tutor keeps its own data. Give the course's own folder."
            )
    if folder in [path.resolve() for path in sources]:
        raise CourseError(f"{str(folder)!r} is part of the course already. Press Refresh to read it again.")
    _must_hold_a_course(folder)
    return (*sources, folder)


def _must_hold_a_course(folder: Path) -> None:
    seen = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen += len(names)
        if seen > 10 * FOLDER_FILES:
            raise CourseError(
                f"{str(folder)!r} holds more than {seen:,} files. Give the course's own folder."
            )
    found, _ = find_files([folder])
    if not found:
        endings = ", ".join(ending.removeprefix(".") for ending in READ)
        raise CourseError(
            f"There is nothing to read in {str(folder)!r}: none of its {seen} files ends in {endings}."
        )
    if len(found) > FOLDER_FILES:
        raise CourseError(
            f"{str(folder)!r} holds {len(found):,} readable files, and {FOLDER_FILES:,} are the most. "
            "Give a smaller one."
        )


def without_folder(sources: Sequence[Path], folder: str) -> tuple[Path, ...]:
    """The course's sources without one. Raises CourseError where it is not one of them, or the last."""
    left = tuple(path for path in sources if str(path) != folder)
    if len(left) == len(sources):
        raise CourseError(
            f"{folder[:200]!r} is not part of the course any more. Reload the page to see what is."
        )
    if not left:
        raise CourseError("This is all that the course is made of. Add another folder or some files first.")
    return left
