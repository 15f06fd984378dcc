"""Holds the chat model while the page is open: downloads and loads it in the background.

The page opens at once. Until the model is ready, and when it cannot be had, `current` is the tutor without
one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from knowledge.weights import WeightStore
from tutor.errors import TutorError
from tutor.models.base import LoadedModel, Progress, no_model
from tutor.models.factory import HOW_TO_GET_ONE, make_model
from tutor.models.spec import ModelSpec, parse_spec
from tutor.settings import Settings

log = logging.getLogger(__name__)

State = Literal["none", "downloading", "loading", "ready", "failed"]
Make = Callable[[ModelSpec | str, Settings, WeightStore, Progress | None], LoadedModel]


@dataclass(frozen=True)
class ModelStatus:
    """What to show about the model. `fraction` belongs to a download, and is 0 where not known."""

    state: State
    message: str
    fraction: float = 0.0
    label: str = ""


class _Closed(Exception):  # noqa: N818 - leaves a download, is no error
    """The host was closed while a model was on its way."""


class ModelHost:
    """One model, on its way or ready. Every method may be called from any thread."""

    def __init__(self, settings: Settings, store: WeightStore, make: Make = make_model) -> None:
        self._settings = settings
        self._store = store
        self._make = make
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._current = no_model()
        self._status = ModelStatus("none", f"No model is in use. {HOW_TO_GET_ONE}")

    @property
    def current(self) -> LoadedModel:
        with self._lock:
            return self._current

    @property
    def status(self) -> ModelStatus:
        with self._lock:
            return self._status

    def start(self) -> None:
        """Begin; returns at once. After a failure it tries again, otherwise a second call does nothing.

        Raises
        ------
        BadSpecError
            When the setting does not name a model: that is said before the page opens.
        """
        spec = parse_spec(self._settings.model)
        with self._lock:
            if self._closed.is_set() or (self._thread is not None and self._status.state != "failed"):
                return
            if spec.kind == "none":
                self._ended.set()
                return
            self._ended.clear()
            self._status = ModelStatus("loading", "Looking for the chat model")
            self._thread = threading.Thread(target=self._load, args=(spec,), name="model-host", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> LoadedModel:
        """The model when it is there or has failed, else whatever there is after `timeout` seconds."""
        self.start()
        self._ended.wait(timeout)
        return self.current

    def close(self) -> None:
        """Stop a download, let go of the model. What has arrived of a download is kept for the next time."""
        self._closed.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        with self._lock:
            model, self._current = self._current, no_model()
            self._status = ModelStatus("none", "The model was closed.")
        model.close()

    def _load(self, spec: ModelSpec) -> None:
        try:
            model = self._make(spec, self._settings, self._store, self._progress)
        except _Closed:
            pass
        except TutorError as error:
            self._fail(str(error))
        except Exception as error:
            log.exception("the model could not be loaded")
            self._fail(f"The model could not be loaded ({type(error).__name__}); the log has the details.")
        else:
            self._take(model)
        finally:
            self._ended.set()

    def _take(self, model: LoadedModel) -> None:
        with self._lock:
            closed = self._closed.is_set()
            if not closed and model.chat is not None:
                self._current = model
                self._status = ModelStatus("ready", f"{model.label} answers.", 1.0, model.label)
        if closed:
            model.close()
        elif model.chat is None:
            self._fail(model.note or "No model could be found.")

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._status = ModelStatus("failed", f"{reason} Until then, passages are quoted and labs run.")

    def _progress(self, done: int, total: int, what: str) -> None:
        if self._closed.is_set():
            raise _Closed
        state: State = "loading" if what.startswith("loading") else "downloading"
        words = what[:1].upper() + what[1:]
        if total:
            words = f"{words}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        with self._lock:
            self._status = ModelStatus(state, words, done / total if total else 0.0)
