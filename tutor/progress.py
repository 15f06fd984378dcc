"""What a student has shown to know: every graded answer, mastery by lecture, and when to come back to a skill.

Only graded answers count: nothing that was read, run or asked. The times of review are those of FSRS (Ye, Su & Cao,
A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling, KDD 2022), from the `fsrs` package,
with one card for each skill of a lecture. Kept per session in the sessions' database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Integer, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tutor.quiz.question import Question
from tutor.sessions import SessionStore, TableBase, check_session_id

REMEMBERED = 8  # newest answers of a lecture that its mastery is made of


class _AnswerRow(TableBase):
    __tablename__ = "answers"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    question_id: Mapped[str] = mapped_column(String(120))
    seed: Mapped[int] = mapped_column(Integer)
    lecture: Mapped[int] = mapped_column(Integer)
    skill: Mapped[str] = mapped_column(String(120))
    right: Mapped[bool] = mapped_column(Boolean)
    hints: Mapped[int] = mapped_column(Integer)


class _CardRow(TableBase):
    __tablename__ = "cards"
    __table_args__ = (UniqueConstraint("session_id", "lecture", "skill"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), index=True)
    lecture: Mapped[int] = mapped_column(Integer)
    skill: Mapped[str] = mapped_column(String(120))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True)
class LectureProgress:
    """One lecture: `mastery` from 0 to 1 over its newest answers, `answered` and `right` of all time."""

    lecture: int
    mastery: float
    answered: int
    right: int
    skills: tuple[tuple[str, float], ...]  # skill, share right: weakest first


@dataclass(frozen=True)
class Due:
    """A skill to come back to."""

    lecture: int
    skill: str
    due: datetime


class ProgressStore:
    """Answers and review times, in the database of `sessions`. Safe to share between threads."""

    def __init__(self, sessions: SessionStore) -> None:
        self._engine = sessions.engine
        TableBase.metadata.create_all(self._engine)

    def record(
        self, session_id: str, question: Question, right: bool, hints: int = 0, now: datetime | None = None
    ) -> None:
        """Keep a graded answer and move its skill's next review.

        `hints` is how many rungs were asked for; a right answer that needed two of them counts as a hard one.
        """
        from fsrs import Card, Rating, Scheduler

        check_session_id(session_id)
        now = now or datetime.now(UTC)
        rating = Rating.Again if not right else Rating.Hard if hints >= 2 else Rating.Good
        scheduler = Scheduler(enable_fuzzing=False)
        with Session(self._engine) as db, db.begin():
            db.add(
                _AnswerRow(
                    session_id=session_id, created=now, question_id=question.id, seed=question.seed,
                    lecture=question.lecture, skill=question.skill, right=right, hints=hints,
                )
            )  # fmt: skip
            row = db.scalar(
                select(_CardRow).where(
                    _CardRow.session_id == session_id,
                    _CardRow.lecture == question.lecture,
                    _CardRow.skill == question.skill,
                )
            )
            card = Card.from_dict(row.state) if row is not None else Card(card_id=question.lecture, due=now)  # type: ignore[arg-type]
            card, _log = scheduler.review_card(card, rating, now)
            if row is None:
                row = _CardRow(session_id=session_id, lecture=question.lecture, skill=question.skill)
                db.add(row)
            row.state, row.due = dict(card.to_dict()), card.due

    def lectures(self, session_id: str) -> list[LectureProgress]:
        """Each lecture with a graded answer, in order.

        Mastery weighs the newest eight answers, a right one with two or more hints as half.
        """
        with Session(self._engine) as db:
            rows = list(
                db.scalars(
                    select(_AnswerRow).where(_AnswerRow.session_id == session_id).order_by(_AnswerRow.id)
                )
            )
        found = []
        for lecture in sorted({row.lecture for row in rows}):
            mine = [row for row in rows if row.lecture == lecture]
            newest = mine[-REMEMBERED:]
            mastery = sum(_worth(row) for row in newest) / max(
                len(newest), 4
            )  # one right answer is no mastery
            skills = {row.skill: [other for other in mine if other.skill == row.skill] for row in mine}
            shares = {skill: sum(map(_worth, own)) / len(own) for skill, own in skills.items()}
            found.append(
                LectureProgress(
                    lecture, mastery, len(mine), sum(row.right for row in mine),
                    tuple(sorted(shares.items(), key=lambda pair: pair[1])),
                )
            )  # fmt: skip
        return found

    def due(self, session_id: str, now: datetime | None = None) -> list[Due]:
        """The skills whose review time has come, longest overdue first."""
        now = now or datetime.now(UTC)
        return [card for card in self._cards(session_id) if card.due <= now]

    def coming(self, session_id: str) -> list[Due]:
        """Every skill that was ever asked, by its next review."""
        return self._cards(session_id)

    def asked(self, session_id: str, last: int = 20) -> list[str]:
        """The ids of the newest questions answered."""
        with Session(self._engine) as db:
            query = select(_AnswerRow.question_id).where(_AnswerRow.session_id == session_id)
            return list(db.scalars(query.order_by(_AnswerRow.id.desc()).limit(last)))

    def _cards(self, session_id: str) -> list[Due]:
        with Session(self._engine) as db:
            rows: Sequence[_CardRow] = list(
                db.scalars(select(_CardRow).where(_CardRow.session_id == session_id).order_by(_CardRow.due))
            )
        return [Due(row.lecture, row.skill, _aware(row.due)) for row in rows]


def _worth(row: _AnswerRow) -> float:
    return 0.0 if not row.right else 0.5 if row.hints >= 2 else 1.0


def _aware(moment: datetime) -> datetime:
    """SQLite forgets the time zone, which was UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
