"""Runs labs on a Dask cluster: the same `submit` and `LabRun` as `labs.runner`, on somebody else's machines.

Dask finds a machine and hands a run on when its worker dies. On that machine the run goes through a `LabRunner` of its
own, so time, memory and crashes are guarded there as they are here. Progress comes back as events of the scheduler, a
cancellation goes out as a named event. A student's own file travels with the run. The cluster's machines need this
package in the same version; nothing else is asked of them.
"""

from __future__ import annotations

import atexit
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labs.base import LabResult, Plan
from labs.errors import ClusterError, LabCancelled, LabCrashed, LabError, UnknownLabError
from labs.own_data import folder
from labs.runner import LabRun, LabRunner
from labs.worker import find_labs

logger = logging.getLogger(__name__)
_CONNECT = 10.0  # seconds to find the scheduler
_LOOK = 0.1  # seconds between two looks at a cancellation, on the cluster's machine
_FETCH = 60.0  # seconds to bring a finished run's result here
_TOPIC = "ml-tutor-labs"
_TRIES = 2  # a run whose worker died is tried once more


class ClusterRunner:
    """Hands runs to a Dask scheduler at `address`, such as tcp://scheduler:8786.

    Raises
    ------
    ClusterError
        From the constructor, when the `distributed` package is missing or nobody answers there.
    """

    def __init__(
        self,
        address: str,
        time_limit: float = 300.0,
        memory_limit_mb: int = 4096,
        labs: str = "labs.registry:LABS",
    ) -> None:
        try:
            import distributed
        except ImportError:
            raise ClusterError(
                f"LABS_CLUSTER is set to {address}, but the 'distributed' package is not installed; run "
                "`pip install distributed`, or unset LABS_CLUSTER to run labs on this computer."
            ) from None
        self._limits = (time_limit, memory_limit_mb)
        self._where, self._labs = labs, find_labs(labs)
        self.on_end: Callable[[LabRun], None] | None = None  # as of `LabRunner`
        self._runs: dict[str, LabRun] = {}
        self._futures: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._client = distributed.Client(
                address, timeout=_CONNECT, set_as_default=False, name="ml-tutor"
            )
        except (OSError, ValueError, TimeoutError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ClusterError(
                f"LABS_CLUSTER is set to {address}, and no scheduler answers there ({reason}); start one with "
                "`dask scheduler` and workers with `dask worker`, or unset LABS_CLUSTER to run labs on this computer."
            ) from None
        self._topic = f"{_TOPIC}-{uuid.uuid4().hex}"  # nobody else hears of these runs
        self._client.subscribe_topic(self._topic, self._hear)
        atexit.register(self.close)

    def submit(self, lab_id: str, values: Mapping[str, Any], owner: str = "") -> LabRun:
        """Check the values here and send the run; raises a LabError before anything runs.

        `owner` is for `LabRunner`, which shares few workers among many: here Dask decides who comes next.
        """
        try:
            lab = self._labs[lab_id]
        except (KeyError, TypeError):
            raise UnknownLabError(lab_id, self._labs) from None
        run = LabRun(f"{lab_id}-{uuid.uuid4().hex[:12]}", lab, lab.validate(values), self.on_end)
        with self._lock:
            if self._closed:
                raise LabError("The lab runner has been closed; start the tutor again to run labs.")
            self._runs[run.id] = run
        run._update(0.0, "waiting for the cluster")
        try:
            future = self._client.submit(
                run_there, run.id, lab_id, run.parameters, _files_of(run.plan), self._where, self._limits, self._topic,
                key=f"lab-{run.id}", pure=False, retries=_TRIES - 1,
            )  # fmt: skip
        except Exception as error:
            self._forget(run)
            logger.exception("the cluster refused a run")
            raise ClusterError(
                f"The cluster does not take runs at the moment ({error}); try again later."
            ) from error
        self._futures[run.id] = future
        threading.Thread(
            target=self._await, args=(run, future), name=f"cluster-{run.id}", daemon=True
        ).start()
        return run

    @property
    def waiting(self) -> int:
        """What waits is told apart from what runs only by the scheduler: see its own metrics."""
        return 0

    @property
    def running(self) -> int:
        """How many runs of this program the cluster has."""
        with self._lock:
            return len(self._runs)

    def warm_up(self) -> None:
        """Nothing to do: the cluster's workers are up."""

    def close(self) -> None:
        """Stop what runs, and leave the cluster; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            runs = list(self._runs.values())
        for run in runs:
            run.cancel()
            run._finish(LabCancelled("The run was stopped because the tutor is closing."))
        atexit.unregister(self.close)
        for future in list(self._futures.values()):
            future.cancel()
        self._client.close(timeout=5)

    def __enter__(self) -> ClusterRunner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _await(self, run: LabRun, future: Any) -> None:
        """Until the run has ended: pass a cancellation on, and take the outcome in."""
        import distributed

        stop, asked = distributed.Event(_stop_name(run.id), client=self._client), False
        # Not `future.result(timeout=...)` again and again: on a busy machine that time-out can fail inside Dask itself
        # (an UnboundLocalError), and a run that went well was reported as lost.
        over = threading.Event()
        future.add_done_callback(lambda _: over.set())
        while not run.done:
            if run._cancelled and not asked:
                asked = True
                stop.set()
                future.cancel()  # one that still waits for a worker never starts
                run._finish(LabCancelled())
                break
            if not over.wait(_LOOK):
                continue
            try:
                kind, told = future.result(timeout=_FETCH)
            except Exception as error:  # the worker, the scheduler or the network is gone
                if not self._closed:
                    logger.warning("a run was lost on the cluster: %s", error)
                run._finish(LabCrashed(_lost(run, error)))
                break
            run._finish(told if kind == "done" else _error(told))
        self._forget(run)

    def _hear(self, event: tuple[Any, Any]) -> None:
        run_id, fraction, message = event[1]
        run = self._runs.get(run_id)
        if run is not None:
            run._update(fraction, message)

    def _forget(self, run: LabRun) -> None:
        with self._lock:
            self._runs.pop(run.id, None)
            self._futures.pop(run.id, None)


def run_there(
    run_id: str,
    lab_id: str,
    parameters: Mapping[str, Any],
    files: Mapping[str, bytes],
    where: str,
    limits: tuple[float, int],
    topic: str,
) -> tuple[str, LabResult | tuple[str, str]]:
    """On a machine of the cluster: run in a guarded process, and answer ("done", result) or ("failed", why)."""
    import distributed

    for name, data in files.items():
        if not (folder() / name).is_file():
            folder().mkdir(parents=True, exist_ok=True)
            (folder() / name).write_bytes(data)
    worker = distributed.get_worker()
    # Handed its client here: the thread that watches it is none of the cluster's and would find no client.
    stop = distributed.Event(_stop_name(run_id), client=distributed.get_client())
    run = _runner_there(where, limits).submit(lab_id, parameters)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK):
            if stop.is_set():
                run.cancel()
                return

    watcher = threading.Thread(target=watch, name="stop-watch", daemon=True)
    watcher.start()
    try:
        for update in run.events():
            worker.log_event(topic, (run_id, update.fraction, update.message))
        return "done", run.result()
    except LabError as error:
        return "failed", (type(error).__name__, str(error))
    finally:
        ended.set()
        watcher.join(timeout=5)


_runners: dict[tuple[str, tuple[float, int]], LabRunner] = {}
_runners_lock = threading.Lock()


def _runner_there(where: str, limits: tuple[float, int]) -> LabRunner:
    """The guarded runner of this machine, made at the first run and kept warm."""
    with _runners_lock:
        key = (where, limits)
        if key not in _runners:
            _runners[key] = LabRunner(workers=1, time_limit=limits[0], memory_limit_mb=limits[1], labs=where)
        return _runners[key]


def _files_of(plan: Plan) -> dict[str, bytes]:
    """The own files that a plan names, to travel with it."""
    names = {getattr(params, "csv", None) for params in plan.params}
    return {name: Path(folder() / name).read_bytes() for name in names if name}


def _stop_name(run_id: str) -> str:
    return f"ml-tutor-stop-{run_id}"


def _error(told: tuple[str, str]) -> LabError:
    import labs.errors

    kind = getattr(labs.errors, told[0], LabError)
    simple = kind in (LabError, LabCancelled, LabCrashed, labs.errors.LabTimeout, labs.errors.LabOutOfMemory)
    error: LabError = kind(told[1]) if simple else LabError(told[1])
    return error


def _lost(run: LabRun, error: Exception) -> str:
    if type(error).__name__ == "KilledWorker":
        return (
            f"The machine that ran the {run.lab.id} lab died, and so did the one that tried it again; please try "
            "with smaller values, or tell whoever runs the cluster."
        )
    return (
        f"The {run.lab.id} lab was lost on the cluster ({type(error).__name__}); please try again, or tell whoever "
        "runs the cluster."
    )
