"""Who may sign in: a file of names and hashed passwords, one `name:hash` a line.

The hashes are Argon2id (RFC 9106), made by argon2-cffi with its own parameters, which stand in each hash: a file made
today is read by later versions. A line may still hold the password itself; it lets its owner in, and the console says
that it should be hashed. The file is read again when it has changed, so that a name can be added or taken out while
the page is open.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import SettingsError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

log = logging.getLogger(__name__)
MARK = "$argon2"
SHORTEST = 8  # characters of a new password; what a file holds already is left alone
LONGEST = 1000  # of what is checked at all: longer ones cost time and are nobody's
LONGEST_NAME = 100
REMEMBERED = 600.0  # seconds that a right password need not be hashed again (programs send it with each call)
MOST_REMEMBERED = 2000
LOOK_AGAIN = 1.0  # seconds between two looks at the file's date


class Passwords:
    """The names of a password file, and the check of a password. Safe to share between threads.

    Raises
    ------
    SettingsError
        When the file cannot be read, a line is not `name:password`, or it names nobody.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._entries = read(path)
        self._seen = _stamp(path)
        self._looked = clock()
        # What is remembered is a keyed hash: the memory of this process holds no password for longer than a check.
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._current())

    @property
    def plain(self) -> list[str]:
        """The names whose passwords stand in the file as they are."""
        return [name for name, kept in self._current().items() if not kept.startswith(MARK)]

    def check(self, name: str, password: str) -> bool:
        """Whether the password is that of the name. A name that is not there costs as long as one that is."""
        if len(name) > LONGEST_NAME or len(password) > LONGEST:
            return False
        kept = self._current().get(name)
        if self._remembered(name, password, kept):
            return True
        right = _matches(_nobody() if kept is None else kept, password) and kept is not None
        if right:
            self._remember(name, password, kept)
        return right

    def known(self, name: str, password: str) -> bool:
        """Whether this very pair was right a short while ago: costs no hashing."""
        return self._remembered(name, password, self._current().get(name))

    def _current(self) -> dict[str, str]:
        """The entries, read anew if the file has changed; a file that has gone bad leaves the old ones in force."""
        with self._lock:
            if self._clock() - self._looked >= LOOK_AGAIN:
                self._looked = self._clock()
                stamp = _stamp(self._path)
                if stamp != self._seen:
                    try:
                        self._entries = read(self._path)
                        self._right.clear()
                    except SettingsError as error:
                        log.warning("the names that may sign in stay as they were: %s", error)
                    self._seen = stamp
            return self._entries

    def _digest(self, name: str, password: str, kept: str) -> bytes:
        return hmac.new(self._key, _bytes("\0".join((name, password, kept))), hashlib.sha256).digest()

    def _remembered(self, name: str, password: str, kept: str | None) -> bool:
        if kept is None:
            return False
        digest = self._digest(name, password, kept)
        with self._lock:
            until = self._right.get(digest)
            if until is not None and until < self._clock():
                del self._right[digest]
                until = None
            return until is not None

    def _remember(self, name: str, password: str, kept: str | None) -> None:
        digest = self._digest(name, password, kept or "")
        with self._lock:
            self._right[digest] = self._clock() + REMEMBERED
            self._right.move_to_end(digest)
            while len(self._right) > MOST_REMEMBERED:
                self._right.popitem(last=False)


def hashed(password: str) -> str:
    """The hash of a new password. Raises SettingsError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingsError(
            f"That password has {len(password)} characters; give {SHORTEST} to {LONGEST}. Three or four words do well."
        )
    return _hasher().hash(_bytes(password))


def add(path: Path, name: str, password: str) -> bool:
    """Write a name with its hashed password into the file; whether the name was there before.

    Raises
    ------
    SettingsError
        For a name or a password that cannot be used, or a file that cannot be read or written.
    """
    checked_name(name)
    line = f"{name}:{hashed(password)}"
    lines, found = [], False
    for old in _lines(path) if path.exists() else []:
        mine = _name_of(old) == name
        if not (mine and found):
            lines.append(line if mine else old)
        found = found or mine
    _write(path, lines if found else [*lines, line])
    return found


def remove(path: Path, name: str) -> None:
    """Take a name out of the file. Raises SettingsError where it is not in it, or is the last one."""
    entries = read(path)
    if name not in entries:
        raise SettingsError(
            f"{name!r} is not in the password file {path}. In it are: {', '.join(sorted(entries))}."
        )
    if len(entries) == 1:
        raise SettingsError(
            f"{name!r} is the only name in {path}, and a page needs one. Add another name first."
        )
    _write(path, [line for line in _lines(path) if _name_of(line) != name])


def protect(path: Path) -> list[str]:
    """Put hashes in place of passwords that stand in the file as they are; the names whose lines were changed."""
    changed, lines = [], []
    read(path)  # a bad line is said before anything is written
    for line in _lines(path):
        name = _name_of(line)
        kept = line.strip().partition(":")[2]
        if name is None or kept.startswith(MARK):
            lines.append(line)
        else:
            lines.append(f"{name}:{_hasher().hash(_bytes(kept))}")
            changed.append(name)
    if changed:
        _write(path, lines)
    return changed


def read(path: Path) -> dict[str, str]:
    """The password or hash of each name; empty lines and lines that begin with # are passed over."""
    entries: dict[str, str] = {}
    for n, line in enumerate(_lines(path), start=1):
        if _passed_over(line):
            continue
        name, colon, kept = line.strip().partition(":")
        if not (name and colon and kept):
            raise SettingsError(
                f"Line {n} of the password file {path} is not name:password. Correct it, or remove it."
            )
        if kept.startswith(MARK) and not _is_hash(kept):
            raise SettingsError(
                f"Line {n} of the password file {path} holds a damaged hash. "
                f"Give {name!r} a new one with: tutor passwords add {path} {name}"
            )
        if name in entries:
            raise SettingsError(f"{name!r} is twice in the password file {path}. Remove one of the lines.")
        entries[name] = kept
    if not entries:
        raise SettingsError(
            f"The password file {path} names nobody. Add somebody with: tutor passwords add {path} NAME"
        )
    return entries


def checked_name(name: str) -> str:
    if not name or len(name) > LONGEST_NAME or name != name.strip() or ":" in name or name.startswith("#"):
        raise SettingsError(
            f"{name[:120]!r} cannot be a name for signing in: give 1 to {LONGEST_NAME} characters, with no colon, "
            "and neither a space nor # in front."
        )
    if not name.isprintable():
        raise SettingsError(f"{name!r} cannot be a name for signing in: it holds marks that cannot be seen.")
    return name


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(
            f"The password file {path} cannot be read: {reason}. "
            f"Make one with: tutor passwords add {path} NAME"
        ) from error


def _write(path: Path, lines: list[str]) -> None:
    """All or nothing, and readable by its owner alone."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise SettingsError(
            f"The password file {path} cannot be written: {error.strerror}. Choose a folder that you may write to."
        ) from error


def _passed_over(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _name_of(line: str) -> str | None:
    return None if _passed_over(line) else line.strip().partition(":")[0]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash that nobody knows the password of: what a name that is not there is held against."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _matches(kept: str, password: str) -> bool:
    if kept.startswith(MARK):
        from argon2.exceptions import VerificationError

        try:
            return _hasher().verify(kept, _bytes(password))
        except VerificationError:
            return False
    # The work is done all the same: how long it takes does not tell whose password stands there as it is.
    _matches(_nobody(), password)
    return hmac.compare_digest(_bytes(kept), _bytes(password))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half a character may be sent, and is nobody's password


def _is_hash(kept: str) -> bool:
    from argon2 import extract_parameters
    from argon2.exceptions import InvalidHashError

    try:
        extract_parameters(kept)
    except InvalidHashError:
        return False
    return True
