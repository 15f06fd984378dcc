"""Runs labs in warm worker processes: progress, cancel, a time limit, a memory limit, and recovery after a
crash.

Every worker slot is one thread here and one process there (`labs.worker`, a fresh interpreter: forking a
process with threads is unsafe, and spawning through multiprocessing would import the caller's main program
again). Runs wait in one queue, first come first served. A run that is cancelled, too slow or too large is
asked to stop where it can be, and else its process is killed; the slot then starts a new one, so the next run
finds a working pool.

`labs.cluster` has the same `submit` for the machines of a Dask cluster.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labs.base import Lab, LabResult, Plan
from labs.errors import (
    LabCancelled,
    LabCrashed,
    LabError,
    LabOutOfMemory,
    LabTimeout,
    UnknownLabError,
)
from labs.line import FairLine, place_words
from labs.process import WorkerProcess
from labs.worker import find_labs

logger = logging.getLogger(__name__)
_TICK = 0.05  # seconds between two looks at a running process
_GRACE = 0.5  # seconds that a cancelled run has to stop by itself
_START_LIMIT = 60.0  # seconds for a worker to come up


@dataclass(frozen=True)
class LabUpdate:
    """How far a run is: `fraction` from 0 to 1, `elapsed` in seconds since it was submitted."""

    fraction: float
    message: str
    elapsed: float


class LabRun:
    """One submitted run. Safe to use from several threads. `on_end` is called once, with the run, when it has ended."""

    def __init__(
        self, run_id: str, lab: Lab, plan: Plan, on_end: Callable[[LabRun], None] | None = None
    ) -> None:
        self.id, self.lab, self.plan = run_id, lab, plan
        self.parameters: dict[str, Any] = plan.parameters
        # What the slot logs about this run carries the ids of the turn that asked for it.
        self.context = contextvars.copy_context()
        self._on_end = on_end
        self._withdraw: Callable[[LabRun], None] | None = None  # set while the run waits
        self._place = 0  # as last told; 0: not told that it waits
        self._submitted = time.perf_counter()
        self._change = threading.Condition()
        self._updates: list[LabUpdate] = []
        self._cancel = False
        self._result: LabResult | None = None
        self._error: LabError | None = None

    @property
    def done(self) -> bool:
        return self._result is not None or self._error is not None

    @property
    def error(self) -> LabError | None:
        """What ended the run without a result; None while it is under way."""
        return self._error

    @property
    def elapsed(self) -> float:
        """Seconds since it was submitted."""
        return time.perf_counter() - self._submitted

    def events(self) -> Iterator[LabUpdate]:
        """Progress as it comes, from the start; ends when the run ends, however it ends."""
        seen = 0
        while True:
            with self._change:
                while not self.done and len(self._updates) == seen:
                    self._change.wait()
                fresh, done = self._updates[seen:], self.done
            yield from fresh
            seen += len(fresh)
            if done:
                return

    def cancel(self) -> None:
        """Ask the run to end; returns at once. It ends at once where it waits and else within a second, unless it has
        ended before."""
        with self._change:
            self._cancel = True
            self._change.notify_all()
        withdraw = self._withdraw
        if withdraw is not None:
            withdraw(self)

    def result(self, timeout: float | None = None) -> LabResult:
        """Wait for the result; raises the LabError that ended the run, or TimeoutError when the wait was too
        long.
        """
        with self._change:
            if not self._change.wait_for(lambda: self.done, timeout):
                raise TimeoutError(f"The run {self.id} has not ended after {timeout:g} seconds of waiting.")
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    # The runner's side.

    @property
    def _cancelled(self) -> bool:
        return self._cancel

    def _update(self, fraction: float, message: str) -> None:
        with self._change:
            self._updates.append(LabUpdate(fraction, message, time.perf_counter() - self._submitted))
            self._change.notify_all()

    def _finish(self, outcome: LabResult | LabError) -> None:
        with self._change:
            if self.done:
                return
            if isinstance(outcome, LabError):
                self._error = outcome
            else:
                self._result = outcome
            self._change.notify_all()
        if self._on_end is not None:
            self._on_end(self)


class LabRunner:
    """A small pool of warm worker processes. `labs` names the registry, as the workers import it.

    `on_end` may be set to whoever wants to hear of every run that has ended, on any thread; it must not raise.
    """

    def __init__(
        self,
        workers: int = 1,
        time_limit: float = 300.0,
        memory_limit_mb: int = 4096,
        labs: str = "labs.registry:LABS",
    ) -> None:
        self.time_limit, self.memory_limit_mb = time_limit, memory_limit_mb
        self._where, self._labs = labs, find_labs(labs)
        self.on_end: Callable[[LabRun], None] | None = None
        self._line: FairLine[LabRun] = FairLine()
        self._work = threading.Condition()
        self._closed = False
        self._count = max(1, workers)
        self._slots: list[threading.Thread] = []

    def submit(self, lab_id: str, values: Mapping[str, Any], owner: str = "") -> LabRun:
        """Check the values here and queue the run; raises a LabError before anything runs.

        Those with one `owner` take turns with the others when there are more runs than workers.
        """
        try:
            lab = self._labs[lab_id]
        except (KeyError, TypeError):
            raise UnknownLabError(lab_id, self._labs) from None
        run = LabRun(f"{lab_id}-{secrets.token_urlsafe(9)}", lab, lab.validate(values), self.on_end)
        with self._work:
            if self._closed:
                raise LabError("The lab runner has been closed; start the tutor again to run labs.")
            self._start()
            run._withdraw = self._leave
            self._line.join(run, owner)
            if len(self._line) + self._line.at_work <= self._count:
                run._update(0.0, "starting")
            else:
                self._tell_places()
            self._work.notify_all()
        return run

    def _tell_places(self) -> None:
        """Under the lock: tell every run that waits its place, where that is another than it was told last."""
        for place, run in enumerate(self._line.in_order(), start=1):
            if run._place != place:
                run._place = place
                words = place_words(place, "labs")
                run._update(0.0, words[:1].upper() + words[1:])

    def _leave(self, run: LabRun) -> None:
        """End a run that still waits: nobody waits for a worker only to be told that it was cancelled."""
        with self._work:
            waited = self._line.leave(run)
            if waited:
                self._tell_places()
        if waited:
            run._finish(LabCancelled())

    @property
    def waiting(self) -> int:
        """How many runs wait for a worker."""
        with self._work:
            return len(self._line)

    @property
    def running(self) -> int:
        with self._work:
            return self._line.at_work

    @property
    def busy(self) -> bool:
        """Whether a run waits or is under way."""
        with self._work:
            return len(self._line) + self._line.at_work > 0

    def warm_up(self) -> None:
        """Start the workers in the background, so that the first run need not wait for them."""
        with self._work:
            if not self._closed:
                self._start()

    def close(self) -> None:
        """Cancel what runs or waits, and stop the workers; safe to call twice."""
        with self._work:
            self._closed = True
            waiting = self._line.clear()
            self._work.notify_all()
        for run in waiting:
            run._finish(LabCancelled("The run was stopped because the tutor is closing."))
        for slot in self._slots:
            slot.join(timeout=5)
        atexit.unregister(self.close)

    def __enter__(self) -> LabRunner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self) -> None:
        if self._slots:
            return
        atexit.register(self.close)
        for i in range(self._count):
            slot = threading.Thread(target=self._serve, name=f"lab-worker-{i + 1}", daemon=True)
            self._slots.append(slot)
            slot.start()

    # One slot, in its own thread.

    def _serve(self) -> None:
        process: WorkerProcess | None = None
        try:
            while not self._closed:
                if process is None or not process.alive:
                    if process is not None:
                        process.close()
                    process = WorkerProcess("labs.worker", self._where, self._count)
                found = self._next()
                if found is None:
                    continue
                run, owner = found
                try:
                    run.context.run(self._run, process, run)
                except Exception as error:
                    logger.exception("the lab runner failed on %s", run.id)
                    run._finish(
                        LabCrashed(f"The {run.lab.id} lab could not be run ({error}); please try again.")
                    )
                    process.kill()
                finally:
                    with self._work:
                        self._line.done(owner)
        finally:
            if process is not None:
                process.close()

    def _next(self) -> tuple[LabRun, str] | None:
        """The run that comes next, and its owner; None from time to time, so that the slot looks around."""
        with self._work:
            self._work.wait_for(lambda: self._closed or len(self._line) > 0, timeout=1.0)
            if self._closed or not len(self._line):
                return None
            run, owner = self._line.take()
            run._withdraw = None
            if run._place:
                run._update(0.0, "starting")
            self._tell_places()
        return run, owner

    def _run(self, process: WorkerProcess, run: LabRun) -> None:
        """Hand one run to the worker and watch it to its end."""
        if run._cancelled:
            run._finish(LabCancelled())
            return
        if not self._await_ready(process, run):
            return
        process.send("run", run.id, run.plan)
        start, asked = time.monotonic(), None
        limit_mb = self.memory_limit_mb
        while not run.done:
            now = time.monotonic()
            if (run._cancelled or self._closed) and asked is None:
                asked = now
                process.send("cancel", run.id)
            if asked is not None and now - asked > _GRACE:
                run._finish(LabCancelled())  # first: on a busy machine a process takes long to die
                process.kill()
            elif now - start > self.time_limit:
                process.kill()
                run._finish(_too_slow(run, self.time_limit))
            elif (used := process.memory_mb()) > limit_mb:
                process.kill()
                run._finish(_too_large(run, limit_mb, used))
            else:
                self._hear(process, run)

    def _await_ready(self, process: WorkerProcess, run: LabRun) -> bool:
        deadline = time.monotonic() + _START_LIMIT
        while not process.ready:
            message = process.receive(_TICK)
            if message is None and (not process.alive or time.monotonic() > deadline):
                told = process.last_words()
                logger.error("a lab worker did not start: %s", told)
                process.kill()
                run._finish(
                    LabCrashed(
                        f"The worker for labs could not start ({told}); run `tutor doctor` to find out why."
                    )
                )
            if run._cancelled or self._closed:
                run._finish(LabCancelled())
            if run.done:
                return False
        return True

    def _hear(self, process: WorkerProcess, run: LabRun) -> None:
        message = process.receive(_TICK)
        if message is None:
            if not process.alive and process.silent:
                logger.error("lab worker died in %s: %s", run.id, process.last_words())
                run._finish(_died(run, process.exit_words()))
            return
        kind, told = message[0], message[2:]
        if len(message) > 1 and message[1] != run.id:
            return
        if kind == "progress":
            run._update(*told)
        elif kind == "done":
            run._finish(told[0])
        elif kind == "cancelled":
            run._finish(LabCancelled())
        elif kind == "refused":
            run._finish(LabError(told[1]))
        elif kind == "memory":
            run._finish(_too_large(run, self.memory_limit_mb, None))
        elif kind == "failed":
            logger.error("the %s lab failed on %s:\n%s", run.lab.id, run.parameters, told[1])
            run._finish(
                LabCrashed(
                    f"The {run.lab.id} lab broke off with an error ({told[0]}); try other values, and report "
                    f"this one."
                )
            )


def _too_slow(run: LabRun, limit: float) -> LabTimeout:
    return LabTimeout(
        f"The {run.lab.id} lab was stopped after {limit:g} seconds, the time limit; ask for less, for "
        f"example fewer "
        "steps or epochs."
    )


def _too_large(run: LabRun, limit_mb: int, used_mb: float | None) -> LabOutOfMemory:
    amount = f"{used_mb:,.0f} MB" if used_mb else "more memory than there is"
    return LabOutOfMemory(
        f"The {run.lab.id} lab was stopped because it used {amount}, over the limit of {limit_mb:,} MB; ask "
        f"for smaller "
        "sizes."
    )


def _died(run: LabRun, how: str) -> LabCrashed:
    return LabCrashed(
        f"The process that ran the {run.lab.id} lab ended unexpectedly ({how}); a new one has been started, "
        f"so please "
        "try again with smaller values."
    )
