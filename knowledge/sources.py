"""Which folders a course is made of, remembered beside its index: a refresh need not be told them again.

    index/
      gen-7/sources.json   what the last refresh read, and when
      added/               files that a teacher added on the page

The course that ships is remembered as such and not by its path, which an update of the program may change.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from knowledge.errors import MissingIndexError
from knowledge.files import natural
from knowledge.generations import current_name
from knowledge.paths import COURSE

ADDED = "added"
_FILE = "sources.json"
_SHIPPED = "@the course that ships"


@dataclass(frozen=True)
class Sources:
    paths: tuple[Path, ...]  # folders and files, absolute
    refreshed_at: str  # ISO 8601, UTC


def added_folder(index_dir: Path) -> Path:
    """Where files are kept that a teacher added on the page; it need not be there."""
    return index_dir / ADDED


def with_added(paths: Sequence[Path], index_dir: Path) -> tuple[Path, ...]:
    """`paths`, and the folder of added files where there are any."""
    added = added_folder(index_dir)
    others = tuple(path for path in paths if path != added)
    has_files = added.is_dir() and any(not file.name.startswith(".") for file in added.iterdir())
    return (*others, added) if has_files else others


def remembered(index_dir: Path) -> Sources | None:
    """What the last refresh read; None where nobody knows (an index of an earlier version, or a damaged note)."""
    try:
        current = index_dir / current_name(index_dir)
    except MissingIndexError:
        return None
    # An earlier version made its note after the swap, and may have been killed between the two.
    before = sorted(index_dir.glob("gen-*"), key=lambda folder: natural(folder.name), reverse=True)
    return next(
        (known for folder in (current, *before) if (known := _read(folder / _FILE)) is not None), None
    )


def _read(note: Path) -> Sources | None:
    try:
        data = json.loads(note.read_text(encoding="utf-8"))
        paths = tuple(COURSE if path == _SHIPPED else Path(path) for path in data["paths"])
        return Sources(paths, str(data["refreshed_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note(folder: Path, paths: Sequence[Path]) -> None:
    """Write into a generation's folder what it was read from. Raises OSError, and then leaves the note of before."""
    shipped = COURSE.resolve()
    data = {
        "paths": [_SHIPPED if path.resolve() == shipped else os.fspath(path.resolve()) for path in paths],
        "refreshed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    aside = folder / f"{_FILE}.new"
    try:
        aside.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        os.replace(aside, folder / _FILE)
    except (OSError, ValueError):
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def remember(index_dir: Path, paths: Sequence[Path]) -> None:
    """Note a refresh that changed nothing. A disk that refuses is no reason to fail: the index itself is there."""
    with suppress(OSError, ValueError):
        note(index_dir / current_name(index_dir), paths)
