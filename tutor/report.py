"""The teachers' report: what the course could not answer, what is never cited, and which answers got a thumb down.

Written only while TUTOR_REPORT is on, by the page, which tells students so; a turn of before is in no report. Each row
belongs to a session, so that it goes when the student removes the conversation or everything; the session is used for
that alone and leaves this file in no other way. What a report shows has no ids, no names and no times.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge.search import KnowledgeBase
from tutor.errors import MessageError
from tutor.events import Done
from tutor.feedback import BAD, GOOD, REASONS, _FeedbackRow
from tutor.sessions import SessionStore, TableBase

LONGEST = 300  # characters of a question that are kept
SHOWN = 200  # questions of one heading
NOWHERE = "Nothing near it"
# Who they are, where to reach them, which number they have: none of a teacher's business here.
_PRIVATE = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(address)"),
    (re.compile(r"https?://\S+|www\.\S+"), "(link)"),
    (re.compile(r"(?<![\w.])\+?\d[\d ()/-]{6,}\d(?!\w)"), "(number)"),
    (
        re.compile(r"(?i)\b(my name is|my name's|i am called|call me)\s+\w[\w'-]*(?:\s+[A-Z][\w'-]*){0,2}"),
        r"\1 (name)",
    ),
)


class _ReportRow(TableBase):
    __tablename__ = "report_turns"
    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    turn: Mapped[int] = mapped_column(Integer, primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    course: Mapped[str] = mapped_column(String(64), default="")
    question: Mapped[str] = mapped_column(Text)
    abstained: Mapped[bool] = mapped_column(Boolean)
    lecture: Mapped[int | None] = mapped_column(Integer)
    heading: Mapped[str] = mapped_column(Text, default="")  # the nearest, or the first that the answer cites
    cited: Mapped[Any] = mapped_column(JSON)  # [passage id, path, heading path] each


@dataclass(frozen=True)
class Unanswered:
    """Questions that the course could not answer, by the heading that comes nearest to them."""

    lecture: int | None
    heading: str
    count: int
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Disliked:
    """An answer with a thumb down. `reason` is "" where the student gave none."""

    lecture: int | None
    heading: str
    question: str
    reason: str


@dataclass(frozen=True)
class Uncited:
    """A section of the course that no answer has cited, and how many passages it is read in."""

    lecture: int | None
    path: str
    heading: str
    passages: int


@dataclass(frozen=True)
class TeachersReport:
    """`turns` counts the turns of the chat that the report is about; `sections` all that the course has."""

    since: str | None
    turns: int
    unanswered: tuple[Unanswered, ...]
    thumbs_up: int
    thumbs_down: int
    reasons: dict[str, int]
    disliked: tuple[Disliked, ...]
    sections: int
    passages: int
    passages_never_cited: int
    never_cited: tuple[Uncited, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class ReportStore:
    """Keeps what the report is made of, in the sessions' database. Safe to share between threads."""

    def __init__(self, sessions: SessionStore, course: str = "") -> None:
        self._engine, self._course = sessions.engine, course

    def record(self, session_id: str, turn: int, question: str, done: Done) -> None:
        """Keep how a turn of the page ended; small talk, labs and what failed are no matter of the report."""
        if done.failed or not (done.abstained or done.sources):
            return
        near = done.details.get("nearest") or {}
        cited = [] if done.abstained else [p for n, p in enumerate(done.sources, 1) if _names(done.answer, n)]
        first = next(iter(cited), None)
        row = _ReportRow(
            session_id=session_id,
            turn=turn,
            created=datetime.now(UTC),
            course=self._course,
            question=anonymous(question),
            abstained=done.abstained,
            lecture=near.get("lecture") if first is None else first.lecture,
            heading=_last(near.get("heading", ()) if first is None else first.heading),
            cited=[[p.id, p.path, list(p.heading)] for p in cited],
        )
        with Session(self._engine) as db, db.begin():
            db.merge(row)

    def report(self, base: KnowledgeBase | None, since: datetime | None = None) -> TeachersReport:
        """Everything since then, or of all time. Without an open course, nothing is said of what is never cited."""
        told = select(_ReportRow).where(_ReportRow.course == self._course)
        thumbs = (
            select(_FeedbackRow.verdict, _ReportRow.lecture, _ReportRow.heading, _ReportRow.question)
            .join(
                _ReportRow,
                (_ReportRow.session_id == _FeedbackRow.session_id) & (_ReportRow.turn == _FeedbackRow.turn),
            )
            .where(_ReportRow.course == self._course)
        )
        if since is not None:
            told = told.where(_ReportRow.created >= since)
            thumbs = thumbs.where(_ReportRow.created >= since)
        with Session(self._engine) as db:
            rows = list(db.scalars(told))
            verdicts: list[tuple[str, int | None, str, str]] = [
                (verdict, lecture, heading, question)
                for verdict, lecture, heading, question in db.execute(thumbs)
            ]
        bad = [row for row in verdicts if row[0] != GOOD]
        sections, uncited, passages, left = _uncited(base, rows) if base is not None else (0, (), 0, 0)
        reasons = Counter(row[0] for row in bad if row[0] in REASONS)
        return TeachersReport(
            since=since.date().isoformat() if since is not None else None,
            turns=len(rows),
            unanswered=_unanswered(row for row in rows if row.abstained),
            thumbs_up=len(verdicts) - len(bad),
            thumbs_down=len(bad),
            reasons={reason: reasons[reason] for reason in REASONS if reasons[reason]},
            disliked=tuple(
                sorted(
                    (Disliked(lecture, heading, question, "" if verdict == BAD else verdict)
                     for verdict, lecture, heading, question in bad),
                    key=lambda one: (one.lecture is None, one.lecture or 0, one.heading, one.question),
                )
            ),
            sections=sections,
            passages=passages,
            passages_never_cited=left,
            never_cited=uncited,
        )  # fmt: skip


def anonymous(question: str) -> str:
    """A question in one line, without addresses, links, long numbers and "my name is …", cut at a word."""
    text = " ".join(question.split())
    for pattern, instead in _PRIVATE:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + " …"


def parse_since(text: str | None, now: datetime | None = None) -> datetime | None:
    """`7d` (so many days back) or a date such as 2026-01-31; None for None and the empty text.

    Raises
    ------
    MessageError
        For anything else.
    """
    if not text:
        return None
    now = now or datetime.now(UTC)
    if match := re.fullmatch(r"(\d{1,4})d", text.strip()):
        return now - timedelta(days=int(match[1]))
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MessageError(
            f"{text[:40]!r} is no time for a report: use a date such as 2026-01-31, or 7d for the last seven days."
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _names(answer: str, n: int) -> bool:
    """Whether an answer cites its passage n; one that has no numbers at all rests on every passage."""
    cited = {int(part) for mark in re.findall(r"\[([\d, ]+)\]", answer) for part in re.findall(r"\d+", mark)}
    return not cited or n in cited


def _last(heading: Iterable[str]) -> str:
    return next((part for part in reversed(list(heading)) if part.strip()), "")


def _unanswered(rows: Iterable[_ReportRow]) -> tuple[Unanswered, ...]:
    """By heading, those with the most questions first; the same question of several students stands once."""
    groups: dict[tuple[int | None, str], list[str]] = defaultdict(list)
    for row in rows:
        groups[row.lecture, row.heading or NOWHERE].append(row.question)
    found = [
        Unanswered(lecture, heading, len(asked), tuple(sorted(set(asked), key=str.casefold)[:SHOWN]))
        for (lecture, heading), asked in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.lecture or 0, one.heading)))


def _uncited(base: KnowledgeBase, rows: Iterable[_ReportRow]) -> tuple[int, tuple[Uncited, ...], int, int]:
    """How many sections there are, those that nobody was sent to, how many passages there are and are left."""
    ids, places = set(), set()
    for row in rows:
        for passage, path, heading in row.cited:
            ids.add(passage)
            places.add((path, tuple(heading)))
    sections: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    lectures: dict[str, int | None] = {}
    for file in base.files():
        lectures[file.path] = file.lecture
        for view in base.section(file.path):
            sections.setdefault((file.path, view.heading), set()).update(view.passages)
    every = set().union(*sections.values()) if sections else set()
    # By place as well: a passage that was changed has another id, and the section was cited all the same.
    seen = ids | {one for place in places for one in sections.get(place, ())}
    uncited = tuple(
        Uncited(lectures[path], path, _last(heading), len(passages))
        for (path, heading), passages in sections.items()
        if passages and not passages & seen
    )
    return sum(1 for passages in sections.values() if passages), uncited, len(every), len(every - seen)


def place_words(lecture: int | None, heading: str) -> str:
    """A heading with its lecture, for people."""
    return f"Lecture {lecture}: {heading or 'its beginning'}" if lecture is not None else heading or NOWHERE
