"""One refresh of the course at a time, in the background, with a state that anybody may look at.

Whoever starts a refresh does not wait for it, and whoever opens the page later sees how far it is. The old index
answers until the new one is in place.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.refresh import IngestReport, Progress
from knowledge.weights import WeightsError
from tutor.errors import LibraryError, TutorError

log = logging.getLogger(__name__)

Work = Callable[[Sequence[Path], Progress], IngestReport]


@dataclass(frozen=True)
class Refreshing:
    """Where the last refresh stands. `fraction` is in [0, 1] and belongs to the step that `what` names."""

    number: int = 0  # how many there have been since the program started
    running: bool = False
    what: str = ""
    fraction: float = 0.0
    report: IngestReport | None = None
    error: str = ""


class RefreshBusyError(LibraryError):
    def __init__(self, state: Refreshing) -> None:
        super().__init__(
            f"A refresh is under way already ({state.what.lower()}, {state.fraction:.0%}). "
            "Wait until it has finished, then try again."
        )


class Refresher:
    """Runs `work(paths, progress)`, never twice at once. Safe to share between threads."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.state = Refreshing()

    def start(self, paths: Sequence[Path]) -> None:
        """Begin in the background. Raises RefreshBusyError where one is under way."""
        self._claim()
        threading.Thread(target=self._run, args=(tuple(paths),), name="refresh", daemon=True).start()

    def run(self, paths: Sequence[Path], progress: Progress | None = None) -> IngestReport:
        """Do it and wait for the report.

        Raises
        ------
        RefreshBusyError
            Where one is under way.
        LibraryError
            It failed; the sentence says why, and the old index still answers.
        """
        self._claim()
        self._run(tuple(paths), progress)
        if self.state.report is None:
            raise LibraryError(self.state.error)
        return self.state.report

    def _claim(self) -> None:
        with self._lock:
            if self.state.running:
                raise RefreshBusyError(self.state)
            self.state = Refreshing(self.state.number + 1, running=True, what="Looking for files")

    def _run(self, paths: Sequence[Path], progress: Progress | None = None) -> None:
        def tell(what: str, done: int, total: int) -> None:
            self.state = replace(self.state, what=what, fraction=done / total if total else 0.0)
            if progress is not None:
                progress(what, done, total)

        try:
            report = self._work(paths, tell)
            self.state = Refreshing(self.state.number, report=report, fraction=1.0)
        except (KnowledgeError, WeightsError, TutorError) as error:
            self.state = Refreshing(self.state.number, error=str(error))
        except Exception as error:  # a thread that dies in silence would leave the page waiting
            log.exception("a refresh failed")
            self.state = Refreshing(
                self.state.number,
                error=f"The course could not be refreshed ({type(error).__name__}: {error}). "
                "What was there before still answers.",
            )
