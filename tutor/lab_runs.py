"""Runs that a student starts outside the conversation: under way, finished, kept, compared.

Each runs in the lab engine's own workers, so its limits hold and a chat never waits for it. A run under way belongs to
the session that started it, a finished one to the session's owner (`tutor.run_shelf`): every question names the
session, and a run of somebody else does not exist for it. `Tutor.keep_run` puts a run into the conversation.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from labs.base import LabResult
from labs.errors import LabCancelled, LabError
from labs.registry import get_lab
from labs.runner import LabRun, LabRunner, LabUpdate
from labs.sweep import compare
from tutor.intake import Intake
from tutor.run_shelf import RunShelf
from tutor.sessions import Run

log = logging.getLogger(__name__)
LISTED = 40  # newest runs of a lab
MOST_COMPARED = 6  # runs in one figure: more curves cannot be told apart
WHILE_BUSY = "A run is still under way. Stop it, or wait until it has finished."
GONE = "That run is not kept any more. Run it again: its link replays it exactly."
BROKE = "The run broke off with a fault of the tutor's own. Try it again; the log says more."


class LabRunError(LabError):
    """What cannot be done with the runs of a session, in one sentence."""


@dataclass(frozen=True)
class RunState:
    """How far a run is. `elapsed` is in seconds; `said` is the sentence that ended a run which has no result."""

    run_id: str
    state: Literal["running", "done", "stopped", "failed"]
    fraction: float
    message: str
    elapsed: float
    said: str = ""


class _Live:
    """A run under way, followed in a thread of its own."""

    def __init__(self, run_id: str, run: LabRun, chosen: Mapping[str, Any]) -> None:
        self.run_id, self.run, self.chosen = run_id, run, dict(chosen)
        self.last = LabUpdate(0.0, "starting", 0.0)
        self.ended: RunState | None = None
        self._start = time.monotonic()

    def state(self) -> RunState:
        if self.ended is not None:
            return self.ended
        return RunState(self.run_id, "running", self.last.fraction, self.last.message, self._elapsed())

    def follow(self) -> LabResult | None:
        """Watch the run to its end; the result, where there is one."""
        for update in self.run.events():
            self.last = update
        try:
            result = self.run.result()
        except LabCancelled as error:
            self._end("stopped", str(error))
            return None
        except LabError as error:
            self._end("failed", str(error))
            return None
        return result

    def finished(self) -> None:
        self.ended = RunState(self.run_id, "done", 1.0, "done", self._elapsed())

    def failed(self) -> None:
        self._end("failed", BROKE)

    def _end(self, state: Literal["stopped", "failed"], said: str) -> None:
        self.ended = RunState(
            self.run_id, state, self.last.fraction, self.last.message, self._elapsed(), said
        )

    def _elapsed(self) -> float:
        return time.monotonic() - self._start


class LabRuns:
    """Starts and keeps the runs of all sessions. Safe to share between threads.

    `said` gives the runs of a session's conversation, oldest first: they can be compared with these. `owner` is with
    whom a session's runs take turns in the queue.
    """

    def __init__(
        self,
        runner: LabRunner,
        shelf: RunShelf,
        said: Callable[[str], Sequence[Run]] = lambda _session: (),
        owner: Callable[[str], str] = lambda session: session,
        intake: Intake | None = None,
    ) -> None:
        self._runner = runner
        self._shelf = shelf
        self._said = said
        self._owner = owner
        self._intake = intake or Intake()
        self._live: dict[str, _Live] = {}
        self._lock = threading.Lock()

    def start(self, session_id: str, lab_id: str, chosen: Mapping[str, Any]) -> RunState:
        """Check the values and start; raises a LabError with one sentence, and then nothing has run."""
        get_lab(lab_id).validate(chosen)
        with self._lock:
            live = self._live.get(session_id)
            if live is not None and live.ended is None:
                raise LabRunError(WHILE_BUSY)
            self._intake.enter()
            try:
                run = self._runner.submit(lab_id, chosen, self._owner(session_id))
            except BaseException:
                self._intake.leave()
                raise
            # Not the runner's number, which begins anew with the server and could meet one of the conversation's.
            live = _Live(f"{lab_id}-{secrets.token_hex(6)}", run, chosen)
            self._live[session_id] = live
        threading.Thread(target=self._follow, args=(session_id, live), name="lab-run", daemon=True).start()
        return live.state()

    def state(self, session_id: str) -> RunState | None:
        """The session's newest run; None before the first."""
        with self._lock:
            live = self._live.get(session_id)
        return live.state() if live is not None else None

    def running(self, session_id: str) -> tuple[str, dict[str, Any]] | None:
        """The lab that runs for this session, and its values; None when nothing runs."""
        with self._lock:
            live = self._live.get(session_id)
        if live is None or live.ended is not None:
            return None
        return live.run.lab.id, live.chosen

    def stop(self, session_id: str) -> None:
        """Ask the session's run to end: it does within a second."""
        with self._lock:
            live = self._live.get(session_id)
        if live is not None:
            live.run.cancel()

    def runs(self, session_id: str, lab_id: str) -> list[Run]:
        """The runs of a lab, oldest first: those of this conversation, then those that its owner made in this room."""
        here = {run.run_id: run for run in self._shelf.runs(session_id, lab_id)}
        # A run that was put into the conversation is one run, however often the tutor speaks of it.
        there = {run.run_id: run for run in self._said(session_id) if run.run_id not in here}
        return [run for run in (there | here).values() if run.result.lab == lab_id][-LISTED:]

    def run(self, session_id: str, run_id: str) -> Run:
        """One run of this session or its owner; raises LabRunError where there is none of that id."""
        kept = self._shelf.run(session_id, run_id)
        if kept is None:
            kept = next((run for run in self._said(session_id) if run.run_id == run_id), None)
        if kept is None:
            raise LabRunError(GONE)
        return kept

    def compare(self, session_id: str, run_ids: Sequence[str]) -> LabResult:
        """Runs of one lab in one result: curves in one figure, differences in numbers.

        Raises
        ------
        LabError
            For fewer than two runs, more than six, runs of different labs, or one that is not kept.
        """
        wanted = list(dict.fromkeys(run_ids))
        if not 2 <= len(wanted) <= MOST_COMPARED:
            raise LabRunError(
                f"{len(wanted)} run{'s were' if len(wanted) != 1 else ' was'} ticked; "
                f"tick 2 to {MOST_COMPARED} runs to see them in one figure."
            )
        results = [self.run(session_id, run_id).result for run_id in wanted]
        return compare(get_lab(results[0].lab), *results)

    def forget(self, session_id: str) -> None:
        """End what runs for a session, without keeping it. What has finished is its owner's, and stays theirs."""
        self.stop(session_id)
        with self._lock:
            self._live.pop(session_id, None)

    def _follow(self, session_id: str, live: _Live) -> None:
        try:
            result = live.follow()
            if result is None:
                return
            with self._lock:
                if self._live.get(session_id) is live:  # else the session was forgotten meanwhile
                    self._shelf.keep(session_id, Run(live.run_id, live.chosen, result))
            live.finished()
        except Exception:
            log.exception("a run could not be followed")
            live.failed()
        finally:
            self._intake.leave()
