"""`tutor backup FILE` and `tutor restore FILE`: what cannot be fetched again, in one archive and back from it.

Its arguments are told here, too; so nothing heavy is imported before one of the two is really called.
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.paths import DEFAULT
from tutor.commands.output import WrongCallError, put_json, say

if TYPE_CHECKING:
    from tutor.backup import Contents, Places
    from tutor.settings import Settings

ENDINGS = (".tar.gz", ".tgz")


def add_parsers(commands: Any, json_: argparse.ArgumentParser) -> None:
    made = commands.add_parser(
        "backup", parents=[json_], help="conversations, courses and added files into one archive"
    )
    made.add_argument("file", type=Path, metavar="FILE.tar.gz")
    made.add_argument("--no-index", action="store_true", help="leave out what ingest.py can make again")
    made.add_argument("--force", action="store_true", help="replace a file of that name")
    made.set_defaults(
        run=lambda parsed: make(_settings(), parsed.file, not parsed.no_index, parsed.force, parsed.json)
    )
    back = commands.add_parser("restore", parents=[json_], help="put back what `tutor backup` saved")
    back.add_argument("file", type=Path, metavar="FILE.tar.gz")
    back.add_argument("--force", action="store_true", help="replace what is there already")
    back.set_defaults(run=lambda parsed: restore(_settings(), parsed.file, parsed.force, parsed.json))


def _settings() -> Settings:
    from tutor.settings import load_settings

    return load_settings()


def make(settings: Settings, file: Path, with_index: bool, force: bool, as_json: bool) -> int:
    from tutor import backup
    from tutor.database import sqlite_file

    _check_name(file)
    if file.exists() and not force:
        raise WrongCallError(f"There is a file {str(file)!r} already. Give another name, or add --force.")
    if not file.absolute().parent.is_dir():
        raise WrongCallError(
            f"There is no folder {str(file.parent)!r}. Make it first, or give another place."
        )
    done = backup.make(file.absolute(), places(settings), with_index)
    if as_json:
        put_json({"file": str(file), "bytes": file.stat().st_size, **asdict(done)})
        return 0
    say(f"Backed up to {file} ({file.stat().st_size / 1e6:.1f} MB): {_holds(done)}.")
    if sqlite_file(settings.sessions_url) is None:
        say(
            "Conversations are in a database server and not in this file: back them up with its own tool (pg_dump)."
        )
    for course in done.courses:
        if course.sources:
            say(f"  {_called(course.name)} was read from: {', '.join(course.sources)} (not in the archive)")
    say("The archive holds conversations: keep it where only you can read it.")
    return 0


def restore(settings: Settings, file: Path, force: bool, as_json: bool) -> int:
    from tutor import backup

    if not file.is_file():
        raise WrongCallError(f"There is no file {str(file)!r}. Give an archive that `tutor backup` made.")
    done = backup.restore(file, places(settings), force)
    if as_json:
        put_json({"file": str(file), **asdict(done)})
        return 0
    say(f"Restored what was backed up on {done.made[:16].replace('T', ' ')} UTC: {_holds(done)}.")
    for course in done.courses:
        if not course.index:
            named = "" if course.name == DEFAULT else f" --course {shlex.quote(course.name)}"
            folders = " ".join(shlex.quote(source) for source in course.sources)
            say(f"  {_called(course.name)} has to be read in again: python ingest.py {folders}{named}")
    return 0


def places(settings: Settings) -> Places:
    from importlib.metadata import PackageNotFoundError, version

    from tutor.backup import Places, own_data_folder

    try:
        program = version("ml-tutor")
    except PackageNotFoundError:
        program = ""
    return Places(settings.sessions_url, settings.index, own_data_folder(settings.data_dir), program)


def _check_name(file: Path) -> None:
    if not file.name.endswith(ENDINGS):
        raise WrongCallError(f"{file.name!r} is no name for a back-up: let it end in {' or '.join(ENDINGS)}.")


def _holds(contents: Contents) -> str:
    parts = []
    if contents.conversations is not None:
        parts.append(_count(contents.conversations, "conversation"))
    if contents.own_files:
        parts.append(_count(contents.own_files, "table of students", "tables of students"))
    for course in contents.courses:
        index = "with its index" if course.index else "without its index"
        parts.append(
            f"{_called(course.name)} ({_count(course.files, 'file')}, {course.added} of them added, {index})"
        )
    return ", ".join(parts)


def _called(course: str) -> str:
    return "the default course" if course == DEFAULT else f"the course {course!r}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
