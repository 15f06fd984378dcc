"""`tutor passwords`: the file of names that may sign in. A password is asked for, never an argument: those are seen
by everybody who lists the processes of the computer, and stay in the shell's history.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from tutor import passwords
from tutor.commands.output import WrongCallError, say


def add_parser(commands: Any) -> None:
    """`tutor passwords add|remove|list|protect FILE [NAME]`."""
    parser = commands.add_parser("passwords", help="who may sign in to a page with --auth-file")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    for action, run, about in (
        (
            "add",
            add,
            "let somebody sign in, or give them a new password (asked for, or one line from a pipe)",
        ),
        ("remove", remove, "take a name out"),
    ):
        one = actions.add_parser(action, help=about)
        one.add_argument("file", type=Path)
        one.add_argument("name")
        one.set_defaults(run=lambda parsed, run=run: run(parsed.file, parsed.name))
    for action, every, about in (
        ("list", show, "the names"),
        ("protect", protect, "hash the passwords that stand in the file as they are"),
    ):
        one = actions.add_parser(action, help=about)
        one.add_argument("file", type=Path)
        one.set_defaults(run=lambda parsed, run=every: run(parsed.file))


def add(path: Path, name: str) -> int:
    passwords.checked_name(name)
    if path.exists():
        passwords.read(path)  # what is wrong with the file is said before a password is asked for
    there = passwords.add(path, name, _asked(name))
    say(f"{name} has a new password in {path}." if there else f"{name} may now sign in with {path}.")
    return 0


def remove(path: Path, name: str) -> int:
    passwords.remove(path, name)
    say(f"{name} can no longer sign in with {path}.")
    return 0


def show(path: Path) -> int:
    for name, kept in passwords.read(path).items():
        say(name if kept.startswith(passwords.MARK) else f"{name} (not hashed)")
    return 0


def protect(path: Path) -> int:
    changed = passwords.protect(path)
    say(
        f"Hashed in {path}: {', '.join(changed)}."
        if changed
        else f"Every password in {path} is hashed already."
    )
    return 0


def _asked(name: str) -> str:
    """The password, typed twice; from a pipe it is one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password for {name} (at least {passwords.SHORTEST} characters): ")
    if getpass.getpass("The same again: ") != first:
        raise WrongCallError("The two passwords differ, and nothing was changed. Try again.")
    return first
