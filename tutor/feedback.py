"""What students think of an answer: a thumb, or a word on what was wrong. Kept for the teacher, one row a turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import DateTime, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tutor.errors import MessageError
from tutor.sessions import SessionStore, TableBase, check_session_id

GOOD, BAD = "good", "bad"
REASONS = ("It is wrong", "I did not understand it", "Not what I asked", "Too long")


class _FeedbackRow(TableBase):
    __tablename__ = "feedback"
    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    turn: Mapped[int] = mapped_column(Integer, primary_key=True)
    verdict: Mapped[str] = mapped_column(String(40))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Verdict:
    """`turn` counts the turns of the session from 0; `verdict` is "good", "bad" or one of REASONS."""

    session_id: str
    turn: int
    verdict: str
    created: datetime


class FeedbackStore:
    """Keeps verdicts in the sessions' database. Safe to share between threads."""

    def __init__(self, sessions: SessionStore) -> None:
        self._engine = sessions.engine

    def rate(self, session_id: str, turn: int, verdict: str) -> None:
        """Keep a verdict on a turn, in place of an earlier one.

        Raises
        ------
        MessageError
            For a verdict that is none of those that there are.
        """
        check_session_id(session_id)
        if verdict not in (GOOD, BAD, *REASONS):
            raise MessageError(
                f"{verdict[:40]!r} is no verdict; use one of: {', '.join((GOOD, BAD, *REASONS))}."
            )
        row = _FeedbackRow(session_id=session_id, turn=turn, verdict=verdict, created=datetime.now(UTC))
        with Session(self._engine) as db, db.begin():
            db.merge(row)

    def of(self, session_id: str) -> list[Verdict]:
        """The verdicts of one session, by turn."""
        query = select(_FeedbackRow).where(_FeedbackRow.session_id == session_id).order_by(_FeedbackRow.turn)
        with Session(self._engine) as db:
            return [Verdict(r.session_id, r.turn, r.verdict, r.created) for r in db.scalars(query)]
