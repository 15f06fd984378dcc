"""What a student has shown to know: every graded answer, mastery by lecture, when to come back to a skill, and how
good the guesses before runs were.

Only graded answers count: nothing that was read, run or asked. The times of review are those of FSRS (Ye, Su & Cao,
A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling, KDD 2022), from the `fsrs` package,
with one card for each skill of a lecture. Kept in the sessions' database for a person: the owner of the session in
which the answer was given, or the session itself while nobody has claimed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tutor.quiz.question import Question
from tutor.sessions import SessionStore, TableBase, check_session_id
from tutor.teaching.prediction import Outcome, Prediction

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


class _PredictionRow(TableBase):
    """A guess before a run, and how good it was; a run's own numbers are in its turn."""

    __tablename__ = "predictions"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    lab: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    metric: Mapped[str] = mapped_column(String(120))
    guess: Mapped[str] = mapped_column(String(200))
    actual: Mapped[str] = mapped_column(String(200))
    score: Mapped[float] = mapped_column(Float)


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


@dataclass(frozen=True)
class PredictionProgress:
    """The guesses before runs of one lab: how many, and their mean score from 0 to 1."""

    lab: str
    count: int
    mean: float


class ProgressStore:
    """Answers and review times, in the database of `sessions`. Safe to share between threads."""

    def __init__(self, sessions: SessionStore) -> None:
        self._engine = sessions.engine
        self._person = sessions.person

    def record(
        self, session_id: str, question: Question, right: bool, hints: int = 0, now: datetime | None = None
    ) -> None:
        """Keep a graded answer and move its skill's next review.

        `hints` is how many rungs were asked for; a right answer that needed two of them counts as a hard one.
        """
        check_session_id(session_id)
        person = self._person(session_id)
        now = now or datetime.now(UTC)
        answer = _AnswerRow(
            session_id=person, created=now, question_id=question.id, seed=question.seed,
            lecture=question.lecture, skill=question.skill, right=right, hints=hints,
        )  # fmt: skip
        with Session(self._engine) as db, db.begin():
            db.add(answer)
            row = db.scalar(
                select(_CardRow).where(
                    _CardRow.session_id == person,
                    _CardRow.lecture == question.lecture,
                    _CardRow.skill == question.skill,
                )
            )
            if row is None:
                row = _CardRow(session_id=person, lecture=question.lecture, skill=question.skill)
                db.add(row)
            row.state, row.due = _reviewed([answer], row.state)

    def adopt(self, session_id: str, owner: str) -> None:
        """Give a session's answers and guesses to its owner; each card is worked out anew from all its answers."""
        with Session(self._engine) as db, db.begin():
            for guess in db.scalars(select(_PredictionRow).where(_PredictionRow.session_id == session_id)):
                guess.session_id = owner
            moved = list(db.scalars(select(_AnswerRow).where(_AnswerRow.session_id == session_id)))
            for answer in moved:
                answer.session_id = owner
            for lecture, skill in {(answer.lecture, answer.skill) for answer in moved}:
                same = (_CardRow.lecture == lecture, _CardRow.skill == skill)
                for card in db.scalars(
                    select(_CardRow).where(_CardRow.session_id.in_((session_id, owner)), *same)
                ):
                    db.delete(card)
                db.flush()
                answers = list(
                    db.scalars(
                        select(_AnswerRow)
                        .where(
                            _AnswerRow.session_id == owner,
                            _AnswerRow.lecture == lecture,
                            _AnswerRow.skill == skill,
                        )
                        .order_by(_AnswerRow.created, _AnswerRow.id)
                    )
                )
                state, due = _reviewed(answers)
                db.add(_CardRow(session_id=owner, lecture=lecture, skill=skill, state=state, due=due))

    def lectures(self, session_id: str) -> list[LectureProgress]:
        """Each lecture with a graded answer, in order.

        Mastery weighs the newest eight answers, a right one with two or more hints as half.
        """
        with Session(self._engine) as db:
            rows = list(
                db.scalars(
                    select(_AnswerRow)
                    .where(_AnswerRow.session_id == self._person(session_id))
                    .order_by(_AnswerRow.created, _AnswerRow.id)
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
            query = select(_AnswerRow.question_id).where(_AnswerRow.session_id == self._person(session_id))
            return list(db.scalars(query.order_by(_AnswerRow.id.desc()).limit(last)))

    def record_prediction(
        self, session_id: str, prediction: Prediction, outcome: Outcome, now: datetime | None = None
    ) -> None:
        """Keep how good a guess before a run was."""
        check_session_id(session_id)
        with Session(self._engine) as db, db.begin():
            db.add(
                _PredictionRow(
                    session_id=self._person(session_id), created=now or datetime.now(UTC), lab=prediction.lab,
                    kind=prediction.kind, metric=prediction.metric, guess=outcome.guess[:200],
                    actual=outcome.actual[:200], score=outcome.score,
                )
            )  # fmt: skip

    def predictions(self, session_id: str) -> list[PredictionProgress]:
        """Each lab whose runs were guessed, in the order of their first guess."""
        query = (
            select(_PredictionRow.lab, func.count(), func.avg(_PredictionRow.score))
            .where(_PredictionRow.session_id == self._person(session_id))
            .group_by(_PredictionRow.lab)
            .order_by(func.min(_PredictionRow.id))
        )
        with Session(self._engine) as db:
            return [
                PredictionProgress(lab, int(count), float(mean)) for lab, count, mean in db.execute(query)
            ]

    def _cards(self, session_id: str) -> list[Due]:
        with Session(self._engine) as db:
            rows: Sequence[_CardRow] = list(
                db.scalars(
                    select(_CardRow)
                    .where(_CardRow.session_id == self._person(session_id))
                    .order_by(_CardRow.due)
                )
            )
        return [Due(row.lecture, row.skill, _aware(row.due)) for row in rows]


def _reviewed(
    answers: Sequence[_AnswerRow], state: dict[str, Any] | None = None
) -> tuple[dict[str, Any], datetime]:
    """A skill's card after these answers to it, oldest first, and its next review. `state`: the card before them."""
    from fsrs import Card, Rating, Scheduler

    first = answers[0]
    began = _aware(first.created)
    card = Card.from_dict(state) if state is not None else Card(card_id=first.lecture, due=began)  # type: ignore[arg-type]
    scheduler = Scheduler(enable_fuzzing=False)
    for answer in answers:
        rating = Rating.Again if not answer.right else Rating.Hard if answer.hints >= 2 else Rating.Good
        card, _log = scheduler.review_card(card, rating, _aware(answer.created))
    return dict(card.to_dict()), card.due


def _worth(row: _AnswerRow) -> float:
    return 0.0 if not row.right else 0.5 if row.hints >= 2 else 1.0


def _aware(moment: datetime) -> datetime:
    """SQLite forgets the time zone, which was UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
