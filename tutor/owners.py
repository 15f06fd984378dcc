"""Whose conversations are whose: claimed once, listed, renamed, deleted and erased only by their owner.

An owner is a person who signed in, or a browser that shows the unguessable id that it made for itself. What is stored
of a browser's id is its hash: who reads the database cannot pose as anybody. Progress and choices that hold for all
conversations of a person are kept under the same key, so that no other table needs to know about owners.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, delete, func, inspect, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from labs import own_data
from tutor.errors import SessionError
from tutor.planning import own_files
from tutor.progress import ProgressStore
from tutor.sessions import SessionStore, TableBase, check_session_id

log = logging.getLogger(__name__)

LONGEST_TITLE = 100  # characters
LISTED = 500  # newest conversations of a person that are listed
_SECRET = re.compile(r"[A-Za-z0-9_-]{24,64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
# What a person has shown to know stays when one conversation goes: it is theirs, not the conversation's.
_OF_THE_PERSON = ("answers", "cards", "predictions")

_tables = TableBase.metadata.tables
_SESSIONS, _TURNS = _tables["sessions"], _tables["turns"]
_OWNERS, _COURSES = _tables["session_owners"], _tables["session_courses"]


@dataclass(frozen=True)
class Past:
    """A conversation as it stands in the list. `course` is "" for the default one; `last` is when it was last used."""

    session_id: str
    title: str
    turns: int
    last: datetime
    course: str = ""


@dataclass(frozen=True)
class Erased:
    """What was removed for good: rows by table, and the titles of the files."""

    rows: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def conversations(self) -> int:
        return self.rows.get("sessions", 0)


def named_owner(username: str) -> str:
    """The key of a person who signed in; names that cannot stand in a key are hashed."""
    if _PLAIN_NAME.fullmatch(username):
        return f"name.{username}"
    return f"named.{hashlib.sha256(username.encode()).hexdigest()[:40]}"


def browser_owner(secret: str) -> str | None:
    """The key of a browser, from the id that it made for itself; None for what cannot be one."""
    if not _SECRET.fullmatch(secret):
        return None
    return f"browser.{hashlib.sha256(secret.encode()).hexdigest()[:40]}"


class Owners:
    """Reads and writes whose a session is, and does for owners what only they may. Safe to share between threads."""

    def __init__(self, sessions: SessionStore, progress: ProgressStore) -> None:
        self.sessions = sessions
        self.progress = progress
        self._engine = sessions.engine

    def claim(self, session_id: str, owner: str) -> bool:
        """Whether the session is the owner's. One that nobody owns becomes theirs, with the answers given in it."""
        check_session_id(session_id)
        check_session_id(owner)
        known = self.sessions.owner_of(session_id)
        if known is None:
            try:
                with Session(self._engine) as db, db.begin():
                    db.execute(_OWNERS.insert().values(session_id=session_id, owner=owner))
            except IntegrityError:  # claimed in the same moment
                return self.sessions.owner_of(session_id) == owner
            self.progress.adopt(session_id, owner)
            return True
        return known == owner

    def owns(self, owner: str, session_id: str) -> bool:
        """Whether the session is the owner's already. Claims nothing."""
        return self.sessions.owner_of(session_id) == owner

    def past(self, owner: str) -> list[Past]:
        """The owner's conversations in which something was said, the one used last first."""
        last = func.max(_TURNS.c.created)
        query = (
            select(_SESSIONS.c.id, _SESSIONS.c.title, func.count(_TURNS.c.id), last, _COURSES.c.course)
            .join(_OWNERS, _OWNERS.c.session_id == _SESSIONS.c.id)
            .join(_TURNS, _TURNS.c.session_id == _SESSIONS.c.id)
            .outerjoin(_COURSES, _COURSES.c.session_id == _SESSIONS.c.id)
            .where(_OWNERS.c.owner == owner)
            .group_by(_SESSIONS.c.id, _SESSIONS.c.title, _COURSES.c.course)
            .order_by(last.desc(), func.max(_TURNS.c.id).desc())
            .limit(LISTED)
        )
        with Session(self._engine) as db:
            return [
                Past(session_id, title or "Untitled", turns, _utc(used), course or "")
                for session_id, title, turns, used, course in db.execute(query)
            ]

    def title(self, owner: str, session_id: str) -> str:
        """The title of a conversation of the owner's. Raises SessionError for any other."""
        self._check(owner, session_id)
        with Session(self._engine) as db:
            return db.scalar(select(_SESSIONS.c.title).where(_SESSIONS.c.id == session_id)) or "Untitled"

    def rename(self, owner: str, session_id: str, title: str) -> str:
        """Give a conversation of the owner's another title, which is returned as kept.

        Raises
        ------
        SessionError
            When the title is empty or too long, or the conversation is not the owner's.
        """
        self._check(owner, session_id)
        kept = " ".join("".join(c if c.isprintable() else " " for c in title).split())
        if not kept:
            raise SessionError("A conversation needs a title. Type a few words and press Enter.")
        if len(kept) > LONGEST_TITLE:
            raise SessionError(
                f"That title has {len(kept)} characters, and {LONGEST_TITLE} are the most. Make it shorter."
            )
        with Session(self._engine) as db, db.begin():
            db.execute(update(_SESSIONS).where(_SESSIONS.c.id == session_id).values(title=kept))
        return kept

    def delete(self, owner: str, session_id: str) -> None:
        """Remove a conversation of the owner's with all that hangs on it; what they learnt in it stays theirs.

        Raises
        ------
        SessionError
            When the conversation is not the owner's.
        """
        self._check(owner, session_id)
        with Session(self._engine) as db, db.begin():
            for table, column in self._keyed():
                if table.name not in _OF_THE_PERSON:
                    db.execute(delete(table).where(column == session_id))

    def erase(self, owner: str) -> Erased:
        """Remove all that is kept of a person: conversations, progress, predictions, choices, added files."""
        check_session_id(owner)
        mine = select(_OWNERS.c.session_id).where(_OWNERS.c.owner == owner)
        with Session(self._engine) as db, db.begin():
            files = self._files(db, mine)
            rows: dict[str, int] = {}
            for table, column in self._keyed():
                where = or_(column == owner, column.in_(mine))
                rows[table.name] = db.execute(delete(table).where(where)).rowcount  # type: ignore[attr-defined]
            shared = {name for name in files if self._mentioned(db, name)}
        return Erased({name: n for name, n in rows.items() if n}, self._unlink(files, shared))

    def _check(self, owner: str, session_id: str) -> None:
        if not self.owns(owner, session_id):
            raise SessionError("That conversation is not in your list any more. Reload the page.")

    def _keyed(self) -> list[tuple[Table, Any]]:
        """Every table of the database that belongs to sessions, with its column; what others hang on comes last."""
        there = set(inspect(self._engine).get_table_names())
        found = [
            (table, table.c.session_id)
            for table in TableBase.metadata.sorted_tables[::-1]
            if "session_id" in table.c and table.name in there and table is not _OWNERS
        ]
        return [*found, (_SESSIONS, _SESSIONS.c.id), (_OWNERS, _OWNERS.c.session_id)]

    @staticmethod
    def _files(db: Session, mine: Any) -> list[str]:
        """The names of the files that were added in these sessions."""
        said = select(_TURNS.c.question).where(
            _TURNS.c.session_id.in_(mine), _TURNS.c.question.contains(".csv", autoescape=True)
        )
        names = (own_files.just_added(question) for question in db.scalars(said))
        return list(dict.fromkeys(name for name in names if name is not None))

    @staticmethod
    def _mentioned(db: Session, name: str) -> bool:
        """Whether a conversation that is still there has added the same file."""
        said = select(_TURNS.c.id).where(_TURNS.c.question == own_files.added(name)).limit(1)
        return db.scalar(said) is not None

    @staticmethod
    def _unlink(names: Sequence[str], shared: set[str]) -> tuple[str, ...]:
        gone = []
        for name in names:
            if name in shared or not own_data.is_kept(name):
                continue
            try:
                (own_data.folder() / name).unlink(missing_ok=True)
            except OSError as error:
                log.warning("an added file could not be removed: %s", error)
                continue
            gone.append(own_data.title_of(name))
        return tuple(gone)


def _utc(moment: datetime) -> datetime:
    """SQLite forgets the time zone, which was UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
