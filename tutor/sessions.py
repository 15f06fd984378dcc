"""Conversations, kept in a database: SQLite in the data folder, or any that SQLAlchemy speaks to.

One row a turn. What a turn showed (sources, lab results with the arrays behind their plots) is stored as compressed
JSON, so a conversation looks the same after a restart. A session is known by an unguessable id and sees only its own
rows. Every call opens its own short transaction: a killed server loses at most the turn in flight.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    func,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, defer, mapped_column

from knowledge.search import Passage
from labs.base import LabResult
from labs.codec import result_from_json, result_to_json
from tutor.database import open_engine
from tutor.errors import SessionError

COURSE = "course"  # the choice that says in which course new conversations begin

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class TableBase(DeclarativeBase):
    """Every table of the database, also those of other modules. `tutor.migrations` makes and changes them."""


class _SessionRow(TableBase):
    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(120), default="")
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


class _CourseRow(TableBase):
    """The course that a session is in, where that is not the default one."""

    __tablename__ = "session_courses"
    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    course: Mapped[str] = mapped_column(String(64))


class _OwnerRow(TableBase):
    """Whose a session is: see `tutor.owners`, which writes this table."""

    __tablename__ = "session_owners"
    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)


class _SettingRow(TableBase):
    """What a student chose for one conversation: how the tutor teaches, for instance."""

    __tablename__ = "session_settings"
    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class _TurnRow(TableBase):
    __tablename__ = "turns"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(String(20))
    model: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Run:
    """A lab run of a session: what the student set, and what came out.

    `again` marks what is no new run: an earlier one shown once more, or two of them compared.
    """

    run_id: str
    chosen: dict[str, Any]
    result: LabResult
    again: bool = False


@dataclass(frozen=True)
class PastRun:
    """A run of a session without its arrays: enough to name it, to choose it and to say its numbers.

    `number` counts the runs of the session from 1; `row` and `place` say where the whole `Run` is kept.
    """

    number: int
    row: int
    place: int
    lab: str
    chosen: dict[str, Any]
    parameters: dict[str, Any]
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class Outline:
    """A turn without what it showed. `about` are the numbers of the runs that it spoke of."""

    question: str
    answer: str
    intent: str
    runs: tuple[PastRun, ...] = ()
    about: tuple[int, ...] = ()


@dataclass(frozen=True)
class Turn:
    """One question with everything that was shown for it."""

    question: str
    answer: str
    intent: str
    model: str
    seconds: float = 0.0
    abstained: bool = False
    failed: bool = False
    sources: tuple[Passage, ...] = ()
    runs: tuple[Run, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()  # (level, message)
    suggestions: tuple[str, ...] = ()
    plan: Mapping[str, Any] | None = None  # what the planner understood: lab and parameters chosen
    quiz: Mapping[str, Any] | None = None  # the question that was asked or answered: see `tutor.turns.quiz`
    created: datetime | None = None


class SessionStore:
    """Save and load turns. Safe to share between threads. New sessions begin in `course` ("": the default one).

    Raises
    ------
    SessionError
        From the constructor, when the database cannot be opened, or a newer version of the tutor made it; the message
        says what to do.
    """

    def __init__(self, url: str, course: str = "") -> None:
        self._course = course
        self._engine = open_engine(url)

    @property
    def engine(self) -> Engine:
        """The database, for other modules with tables of their own."""
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def save(self, session_id: str, turn: Turn) -> None:
        """Add a turn at the end of a session, which is created when it is new."""
        check_session_id(session_id)
        course = self.course_for(session_id)
        payload = {
            "sources": [asdict(p) for p in turn.sources],
            "runs": [
                {"run_id": r.run_id, "chosen": r.chosen, "again": r.again, "result": result_to_json(r.result)}
                for r in turn.runs
            ],
        }
        facts = {
            "seconds": turn.seconds,
            "abstained": turn.abstained,
            "failed": turn.failed,
            "notices": [list(n) for n in turn.notices],
            "suggestions": list(turn.suggestions),
            "plan": dict(turn.plan) if turn.plan is not None else None,
            "quiz": dict(turn.quiz) if turn.quiz is not None else None,
            "runs": _run_facts(turn.runs),
        }
        question, answer = (
            text.replace("\0", "") for text in (turn.question, turn.answer)
        )  # not in PostgreSQL
        with Session(self._engine) as db, db.begin():
            self._make_sure_of(db, session_id, title_of(question), course)
            db.add(
                _TurnRow(
                    session_id=session_id,
                    question=question,
                    answer=answer,
                    intent=turn.intent,
                    model=turn.model[:200],  # a file's name may be longer, and PostgreSQL counts
                    facts=facts,
                    payload=zlib.compress(json.dumps(payload).encode(), level=6),
                )
            )

    @staticmethod
    def _make_sure_of(db: Session, session_id: str, title: str, course: str) -> None:
        """Create the session's row where there is none; two turns of a new session may come at once."""
        if db.get(_SessionRow, session_id) is None:
            with suppress(IntegrityError), db.begin_nested():
                db.add(_SessionRow(id=session_id, title=title))
                if course:
                    db.add(_CourseRow(session_id=session_id, course=course))

    def course_of(self, session_id: str) -> str | None:
        """The course that a session began in ("": the default one); None for a session that is new."""
        with Session(self._engine) as db:
            if db.get(_SessionRow, session_id) is None:
                return None
            row = db.get(_CourseRow, session_id)
            return row.course if row else ""

    def course_for(self, session_id: str) -> str:
        """The course that a session is in; for a new one that in which it will begin, as chosen or by default."""
        began = self.course_of(session_id)
        if began is not None:
            return began
        chosen = self.settings_of(session_id).get(COURSE)
        return chosen if isinstance(chosen, str) else self._course

    def owner_of(self, session_id: str) -> str | None:
        """Whose the session is; None for one that nobody has claimed (of the command line, for instance)."""
        with Session(self._engine) as db:
            row = db.get(_OwnerRow, session_id)
            return row.owner if row else None

    def person(self, session_id: str) -> str:
        """The key for what belongs to a person: the session's owner, or the session itself where it has none."""
        return self.owner_of(session_id) or session_id

    def settings_of(self, session_id: str) -> dict[str, Any]:
        """What was chosen for a session, by name; what was not is as its owner chose it for all of theirs."""
        chosen: dict[str, Any] = {}
        with Session(self._engine) as db:
            for key in dict.fromkeys((self.person(session_id), session_id)):
                query = select(_SettingRow).where(_SettingRow.session_id == key)
                chosen |= {row.name: row.value for row in db.scalars(query)}
        return chosen

    def choose(self, session_id: str, name: str, value: Any) -> None:
        """Keep a choice for a session, in place of an earlier one; `value` is plain JSON."""
        check_session_id(session_id)
        with Session(self._engine) as db, db.begin():
            db.merge(_SettingRow(session_id=session_id, name=name, value=value))

    def turns(self, session_id: str, last: int | None = None) -> list[Turn]:
        """The turns of a session, oldest first; with `last`, only that many of the newest."""
        query = select(_TurnRow).where(_TurnRow.session_id == session_id).order_by(_TurnRow.id.desc())
        if last is not None:
            query = query.limit(last)
        with Session(self._engine) as db:
            rows = list(db.scalars(query))
        return [_turn(row) for row in reversed(rows)]

    def outline(self, session_id: str) -> list[Outline]:
        """Every turn of a session, oldest first, with its runs numbered; no arrays are read for it."""
        query = select(_TurnRow).where(_TurnRow.session_id == session_id).order_by(_TurnRow.id)
        told: list[Outline] = []
        count = 0
        with Session(self._engine) as db:
            for row in db.scalars(query.options(defer(_TurnRow.payload))):
                facts = row.facts.get("runs")
                if facts is None:  # saved before runs were listed beside the turn
                    facts = _run_facts(_turn(row).runs)
                runs = tuple(PastRun(count + n, row.id, **fact) for n, fact in enumerate(facts, start=1))
                count += len(runs)
                about = (row.facts.get("plan") or {}).get("past") or [run.number for run in runs]
                told.append(Outline(row.question, row.answer, row.intent, runs, tuple(about)))
        return told

    def load_run(self, session_id: str, past: PastRun) -> Run:
        """A run of this session whole, with the arrays behind its plots.

        Raises
        ------
        SessionError
            When the session has no such run.
        """
        with Session(self._engine) as db:
            row = db.get(_TurnRow, past.row)
            runs = _turn(row).runs if row is not None and row.session_id == session_id else ()
        if past.place >= len(runs):
            raise SessionError(f"Run {past.number} is not in this conversation. Ask: list my runs.")
        return runs[past.place]

    def last_plan(self, session_id: str) -> Mapping[str, Any] | None:
        """What was understood at the newest turn that ran a lab: `{"lab": ..., "parameters": ...}`, or None."""
        query = (
            select(_TurnRow.facts)
            .where(_TurnRow.session_id == session_id, _TurnRow.intent == "lab")
            .order_by(_TurnRow.id.desc())
        )
        with Session(self._engine) as db:
            for facts in db.scalars(query):
                plan = facts.get("plan")
                if plan and plan.get("lab"):
                    return dict(plan)
        return None

    def count(self, session_id: str) -> int:
        with Session(self._engine) as db:
            query = select(func.count()).select_from(_TurnRow).where(_TurnRow.session_id == session_id)
            return int(db.scalar(query) or 0)


def title_of(question: str, longest: int = 60) -> str:
    """A conversation's title: its first question in one line, shortened at a word."""
    words = " ".join(question.split())
    if len(words) <= longest:
        return words
    cut = words[: longest + 1].rpartition(" ")[0]
    return f"{(cut if len(cut) > longest // 2 else words[:longest]).rstrip(' ,;:.')}…"


def new_session_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_urlsafe(18)


def check_session_id(session_id: str) -> None:
    if not _ID.fullmatch(session_id):
        raise SessionError(
            f"{session_id[:40]!r} cannot name a session: use 1 to 64 letters, digits, '.', '_' or '-'."
        )


def _turn(row: _TurnRow) -> Turn:
    payload = json.loads(zlib.decompress(row.payload))
    facts = row.facts
    return Turn(
        question=row.question,
        answer=row.answer,
        intent=row.intent,
        model=row.model,
        seconds=facts.get("seconds", 0.0),
        abstained=facts.get("abstained", False),
        failed=facts.get("failed", False),
        sources=tuple(_passage(p) for p in payload["sources"]),
        runs=tuple(
            Run(r["run_id"], r["chosen"], result_from_json(r["result"]), r.get("again", False))
            for r in payload["runs"]
        ),
        notices=tuple((level, message) for level, message in facts.get("notices", [])),
        suggestions=tuple(facts.get("suggestions", ())),
        plan=facts.get("plan"),
        quiz=facts.get("quiz"),
        created=row.created,
    )


def _run_facts(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What is listed of each new run: not its arrays. JSON knows no "not a number": it becomes None."""
    return [
        {
            "place": place,
            "lab": run.result.lab,
            "chosen": run.chosen,
            "parameters": run.result.parameters,
            "metrics": {
                name: float(v) if math.isfinite(v) else None for name, v in run.result.metrics.items()
            },
        }
        for place, run in enumerate(runs)
        if not run.again
    ]


def _passage(data: dict[str, Any]) -> Passage:
    # JSON knows no tuples: every list of a passage was one.
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
    return Passage(**values)
