"""The runs of the labs room, kept in the database: the newest of each person, with the arrays behind their plots.

They belong to the person and not to a conversation: who begins a new one, or comes back after the server was started
again, finds their runs where they left them. They go when the person has all of their data removed (`tutor.owners`).
"""

from __future__ import annotations

import json
import logging
import zlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Integer, LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from labs.codec import result_from_json, result_to_json
from tutor.sessions import Run, SessionStore, TableBase, check_session_id

log = logging.getLogger(__name__)
KEPT = 40  # runs of a person, over all labs; one takes 2 to 90 kB with the labs' defaults


class _LabRunRow(TableBase):
    __tablename__ = "lab_runs"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), index=True)  # the person's key, as in tutor.progress
    run_id: Mapped[str] = mapped_column(String(64), index=True)
    lab: Mapped[str] = mapped_column(String(40))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class RunShelf:
    """Keeps and gives back runs. Safe to share between threads."""

    def __init__(self, sessions: SessionStore) -> None:
        self._engine = sessions.engine
        self._person = sessions.person

    def keep(self, session_id: str, run: Run) -> None:
        """Add a run of whoever owns the session; their oldest goes when there are more than `KEPT`."""
        check_session_id(session_id)
        person = self._person(session_id)
        row = _LabRunRow(
            session_id=person,
            run_id=run.run_id,
            lab=run.result.lab,
            chosen=run.chosen,
            payload=zlib.compress(json.dumps(result_to_json(run.result)).encode(), level=6),
        )
        newest = select(_LabRunRow.id).where(_LabRunRow.session_id == person).order_by(_LabRunRow.id.desc())
        with Session(self._engine) as db, db.begin():
            db.add(row)
            db.flush()
            over = list(db.scalars(newest.offset(KEPT)))
            db.execute(delete(_LabRunRow).where(_LabRunRow.id.in_(over)))

    def runs(self, session_id: str, lab: str) -> list[Run]:
        """The kept runs of a lab by whoever owns the session, oldest first."""
        return self._read(session_id, _LabRunRow.lab == lab)

    def run(self, session_id: str, run_id: str) -> Run | None:
        """One kept run by whoever owns the session; None where they have none of that id."""
        return next(iter(self._read(session_id, _LabRunRow.run_id == run_id)), None)

    def _read(self, session_id: str, which: Any) -> list[Run]:
        query = select(_LabRunRow).where(_LabRunRow.session_id == self._person(session_id), which)
        with Session(self._engine) as db:
            return [
                run for row in db.scalars(query.order_by(_LabRunRow.id)) if (run := _run(row)) is not None
            ]


def _run(row: _LabRunRow) -> Run | None:
    try:
        return Run(row.run_id, row.chosen, result_from_json(json.loads(zlib.decompress(row.payload))))
    except ValueError as error:  # kept by a version that knew other charts
        log.warning("a kept run cannot be read any more: %s", error)
        return None
