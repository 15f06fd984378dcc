"""What programs may ask of the tutor: `ask`, `search`, `run_lab`, `list_labs`. Plain values in, plain JSON data out.

The page's API (`web/api.py`) and the MCP server (`web/mcp_server.py`) both speak through this, so that they say the
same. Bad input raises an error of the house whose message is one sentence for whoever called.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labs.base import LabResult
from labs.registry import get_lab
from tutor import logs
from tutor.errors import MessageError, SessionError
from tutor.events import Done, Event, LabFinished, LabProgress, LabStarted, Notice, Sources
from tutor.owners import Owners
from tutor.plain import answer_json, for_programs, lab_json, passage_json
from tutor.sessions import new_session_id
from tutor.turns.draft import PROGRAMS
from tutor.turns.experiment import one_run
from tutor.tutor import Tutor

MOST_PASSAGES = 50
LONGEST_QUERY = 4000  # characters
COURSE_WAIT = 120.0  # seconds that a call waits for a course that is still being opened

Tell = Callable[[float, str], None]  # a fraction in [0, 1], and what is happening


@dataclass(frozen=True)
class Reply:
    """JSON data, and the lab results whose figures the caller may draw: (run id, result)."""

    data: dict[str, Any]
    runs: tuple[tuple[str, LabResult], ...] = ()


def _silent(fraction: float, what: str) -> None:
    pass


class Service:
    """The tutor as programs see it. Safe to share between threads."""

    def __init__(self, tutor: Tutor) -> None:
        self._tutor = tutor

    def ask(
        self,
        message: str,
        session: str = "",
        tell: Tell = _silent,
        cancel: threading.Event | None = None,
        owner: str | None = None,
    ) -> Reply:
        """One turn of a conversation. An empty `session` begins a new one; its id is in the answer.

        `owner` is the key of whoever calls, where that is known (`tutor.owners`); the conversation becomes theirs.

        Raises
        ------
        SessionError
            When `session` cannot name a session, or it is somebody else's.
        """
        session = session.strip() or new_session_id()
        if not self._may(session, owner):
            raise SessionError(
                "That conversation belongs to somebody else. Leave the session out to begin a new one."
            )
        runs: list[tuple[str, LabResult]] = []
        with logs.request(session):
            events = self._tutor.reply(message, session, cancel)
            done = self._followed(events, runs, tell)
        if done is None:
            raise MessageError("The turn did not end. Ask again.")
        data = answer_json(done, {})
        for lab in data["labs"]:
            del lab["figures"]  # pictures travel beside the data here, not as paths of this machine
        return Reply(for_programs({**data, "session": session}), tuple(runs))

    @staticmethod
    def _followed(events: Iterator[Event], runs: list[tuple[str, LabResult]], tell: Tell) -> Done | None:
        """Take the results of a turn in, and tell how far it is; its end."""
        done = None
        for event in events:
            if isinstance(event, Sources):
                tell(0.1, f"Found {len(event.passages)} passages")
            elif isinstance(event, LabStarted):
                tell(0.1, f"Running: {event.title}")
            elif isinstance(event, LabProgress):
                tell(event.fraction, event.message)
            elif isinstance(event, LabFinished):
                runs.append((event.run_id, event.result))
            elif isinstance(event, Notice) and event.passing:
                tell(0.05, event.message)
            elif isinstance(event, Done):
                done = event
        return done

    def _may(self, session: str, owner: str | None) -> bool:
        if owner is not None:
            return Owners(self._tutor.sessions, self._tutor.progress).claim(session, owner)
        return self._tutor.sessions.owner_of(session) is None

    def search(self, query: str, k: int = 6) -> Reply:
        """The k passages of the course that fit best, best first.

        Raises
        ------
        MessageError
            For an empty or overlong query, or a k that is not 1 to 50.
        LibraryError, KnowledgeError
            When the course is not open, or cannot be searched.
        """
        if not query.strip():
            raise MessageError("The query was empty. Give a few words to look for.")
        if len(query) > LONGEST_QUERY:
            raise MessageError(f"The query has {len(query):,} characters; {LONGEST_QUERY:,} are the most.")
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= MOST_PASSAGES:
            raise MessageError(f"k was {k!r}; give a whole number from 1 to {MOST_PASSAGES}.")
        found = self._tutor.library.wait(timeout=COURSE_WAIT).search(query, k=k)
        return Reply({"query": query, "passages": [for_programs(passage_json(p)) for p in found]})

    def list_labs(self) -> Reply:
        """Every lab with the JSON schema of its parameters."""
        return Reply({"labs": [lab_json(lab, parameters=True) for lab in self._tutor.labs.values()]})

    def run_lab(
        self,
        lab: str,
        parameters: Mapping[str, Any] | None = None,
        tell: Tell = _silent,
        cancel: threading.Event | None = None,
    ) -> Reply:
        """Run a lab and wait for it; any one parameter may be a list of values, to compare them.

        Raises
        ------
        LabError
            For a lab that does not exist, a value that it refuses, or a run that failed or was cancelled.
        """
        steps = one_run(
            get_lab(lab).id,
            dict(parameters or {}),
            self._tutor.runner,
            cancel or threading.Event(),
            PROGRAMS,
        )
        with self._tutor.intake.work():
            while True:
                try:
                    event = next(steps)
                except StopIteration as end:
                    run = end.value
                    return Reply(run.result.to_dict(), ((run.run_id, run.result),))
                if isinstance(event, LabProgress):
                    tell(event.fraction, event.message)
