"""Predict, then run, in the labs room: the question before a run, the guess that is kept, and how good it was.

The questions and the scores are those of `tutor.teaching.prediction`; here is only whose guess belongs to which run.
A guess is scored once, when its run has finished, and joins the student's progress.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from labs.registry import get_lab
from tutor.lab_runs import LabRunError, LabRuns
from tutor.progress import ProgressStore
from tutor.sessions import Run
from tutor.teaching import prediction as predictions
from tutor.teaching.prediction import Guess, Outcome, Prediction

KEPT = 2000  # guesses of all sessions


class Guesses:
    """The guesses of all sessions. Safe to share between threads; lost with the server, unlike their scores."""

    def __init__(self, runs: LabRuns, progress: ProgressStore) -> None:
        self._runs, self._progress = runs, progress
        self._open: OrderedDict[tuple[str, str], tuple[Prediction, Guess]] = OrderedDict()
        self._scored: OrderedDict[tuple[str, str], Outcome] = OrderedDict()
        self._lock = threading.Lock()

    def question(self, session_id: str, lab_id: str, chosen: Mapping[str, Any]) -> Prediction | None:
        """What can be guessed about a run to come; None where there is nothing to guess."""
        lab = get_lab(lab_id)
        lab.validate(chosen)  # a refused value is said now, before anybody thinks about a guess
        before = self._runs.runs(session_id, lab_id)
        return predictions.ask(lab, chosen, before[-1].result if before else None)

    def read(self, asked: Prediction, text: str) -> Guess:
        """The guess in a student's words; raises LabRunError where it is none."""
        guess = predictions.read_guess(asked, text)
        if guess is None:
            allowed = "a number" if asked.kind == "number" else "one of the answers"
            raise LabRunError(f"{text[:40]!r} is no guess that I can compare with the run; give {allowed}.")
        return guess

    def keep(self, session_id: str, run_id: str, asked: Prediction, guess: Guess) -> None:
        """Remember the guess that belongs to a run which has just been started."""
        with self._lock:
            self._open[session_id, run_id] = (asked, guess)
            while len(self._open) > KEPT:
                self._open.popitem(last=False)

    def forget(self, session_id: str) -> None:
        """Drop the guesses of a session; scores that its owner has stay where they are."""
        with self._lock:
            for kept in (self._open, self._scored):
                for key in [key for key in kept if key[0] == session_id]:
                    del kept[key]  # type: ignore[attr-defined]

    def outcome(self, session_id: str, run: Run) -> Outcome | None:
        """How good the guess before this run was; None where there was none, or nothing to compare with."""
        key = (session_id, run.run_id)
        with self._lock:
            if key in self._scored:
                return self._scored[key]
            found = self._open.pop(key, None)
            outcome = predictions.score(*found, run.result) if found is not None else None
            if found is None or outcome is None:
                return None
            self._scored[key] = outcome
            while len(self._scored) > KEPT:
                self._scored.popitem(last=False)
        self._progress.record_prediction(session_id, found[0], outcome)
        return outcome
