"""Holds the chat model while the page is open: downloads and loads it in the background.

The page opens at once. Until the model is ready, and when it cannot be had, `current` is the tutor without
one. Another model can be chosen while the page is open: the one in use answers until the new one is ready, and goes
on answering when that cannot be had.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from knowledge.weights import WeightStore
from tutor.errors import ProviderError, TutorError
from tutor.models.base import LoadedModel, Progress, no_model
from tutor.models.factory import HOW_TO_GET_ONE, make_model
from tutor.models.spec import ModelSpec, parse_spec
from tutor.settings import Settings

log = logging.getLogger(__name__)

State = Literal["none", "downloading", "loading", "ready", "failed"]
PROBE_TOKENS = 16  # less is refused by some servers
_REFUSALS: dict[int | None, str] = {
    401: "{} refused the key. Check that it was copied whole, and type it again.",
    403: "{} does not let this key use the model. Choose another model, or another key.",
    404: "{} is not known at that address. Check the model's name, and that the address ends as the server's own "
    "instructions say (mostly in /v1).",
}
Make = Callable[[ModelSpec | str, Settings, WeightStore, Progress | None], LoadedModel]


@dataclass(frozen=True)
class ModelStatus:
    """What to show about the model. `fraction` belongs to a download, and is 0 where not known."""

    state: State
    message: str
    fraction: float = 0.0
    label: str = ""


class _Closed(Exception):  # noqa: N818 - leaves a download, is no error
    """The host was closed, or another model was chosen, while one was on its way."""


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
        self._turn = 0  # counts the models that were asked for: only the newest one may take over
        self._wanted = ModelSpec("none")
        self._trouble = ""
        self._replaced: list[weakref.finalize[..., LoadedModel]] = []
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

    @property
    def store(self) -> WeightStore:
        """Where the weights of models are kept."""
        return self._store

    @property
    def wanted(self) -> ModelSpec:
        """The model that was asked for last: by the settings, or by `choose`."""
        with self._lock:
            return self._wanted

    @property
    def trouble(self) -> str:
        """Why the model that was asked for last cannot be had; "" where nothing is wrong."""
        with self._lock:
            return self._trouble

    def start(self) -> None:
        """Begin; returns at once. After a failure it tries again, otherwise a second call does nothing.

        Raises
        ------
        BadSpecError
            When the setting does not name a model: that is said before the page opens.
        """
        spec = parse_spec(self._settings.model)
        with self._lock:
            if self._closed.is_set() or (self._turn and self._status.state != "failed"):
                return
            self._begin(spec, self._settings, probe=False)

    def choose(self, spec: ModelSpec | str, settings: Settings | None = None) -> None:
        """Use another model from now on; returns at once, and `status` and `trouble` tell the rest.

        `settings` stand in for the host's own, with a key that was typed, for instance: it is kept in memory, for as
        long as its model is in use. A model behind an address is asked for a word before it takes over, so that a
        wrong key is known now and not at a student's next question.

        Raises
        ------
        BadSpecError
            When `spec` does not name a model. Nothing changes then.
        """
        wanted = parse_spec(spec) if isinstance(spec, str) else spec
        with self._lock:
            if not self._closed.is_set():
                self._begin(wanted, settings or self._settings, probe=True)

    def _begin(self, spec: ModelSpec, settings: Settings, probe: bool) -> None:
        """Under the lock: make `spec` the model that is wanted, and load it in the background."""
        self._turn += 1
        self._wanted, self._trouble = spec, ""
        if spec.kind == "none":
            self._replace(no_model(spec))
            self._status = ModelStatus("none", f"No model is in use. {HOW_TO_GET_ONE}")
            self._ended.set()
            return
        self._ended.clear()
        self._status = ModelStatus("loading", "Looking for the chat model")
        arguments = (spec, settings, self._turn, probe)
        self._thread = threading.Thread(target=self._load, args=arguments, name="model-host", daemon=True)
        self._thread.start()

    def _replace(self, model: LoadedModel) -> None:
        """Under the lock: a turn that is still being answered keeps the old model, which is closed after it."""
        old, self._current = self._current, model
        self._replaced = [left for left in self._replaced if left.alive]
        if old.chat is not None:
            self._replaced.append(weakref.finalize(old, old._close))

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
        for left in self._replaced:
            left()

    def _load(self, spec: ModelSpec, settings: Settings, turn: int, probe: bool) -> None:
        def progress(done: int, total: int, what: str) -> None:
            self._progress(done, total, what, turn)

        try:
            model = self._make(spec, settings, self._store, progress)
            if probe and model.spec.kind == "openai":
                _probe(model)
        except _Closed:
            pass
        except TutorError as error:
            self._fail(str(error), turn)
        except Exception as error:
            # What a library says of a refused request may repeat the key: with a typed one, only its kind is logged.
            log.exception("the model could not be loaded (%s)", type(error).__name__, exc_info=not probe)
            self._fail(
                f"The model could not be loaded ({type(error).__name__}); the log has the details.", turn
            )
        else:
            self._take(model, turn)
        finally:
            with self._lock:
                if turn == self._turn:
                    self._ended.set()

    def _take(self, model: LoadedModel, turn: int) -> None:
        with self._lock:
            late = self._closed.is_set() or turn != self._turn
            if not late and model.chat is not None:
                self._replace(model)
                self._status = ModelStatus("ready", f"{model.label} answers.", 1.0, model.label)
        if late:
            model.close()
        elif model.chat is None:
            self._fail(model.note or "No model could be found.", turn)

    def _fail(self, reason: str, turn: int) -> None:
        with self._lock:
            if turn != self._turn:
                return
            self._trouble = reason
            if self._current.chat is not None:
                label = self._current.label
                self._status = ModelStatus("ready", f"{label} answers.", 1.0, label)
            else:
                self._status = ModelStatus(
                    "failed", f"{reason} Until then, passages are quoted and labs run."
                )

    def _progress(self, done: int, total: int, what: str, turn: int) -> None:
        if self._closed.is_set() or turn != self._turn:
            raise _Closed
        state: State = "loading" if what.startswith("loading") else "downloading"
        words = what[:1].upper() + what[1:]
        if total:
            words = f"{words}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        with self._lock:
            if turn == self._turn:
                self._status = ModelStatus(state, words, done / total if total else 0.0)


def _probe(model: LoadedModel) -> None:
    """Ask a model behind an address for a word.

    Raises
    ------
    ProviderError
        One sentence: what is wrong with the key, the name or the address that was given.
    """
    assert model.chat is not None
    try:
        model.chat.invoke("Say hello.", max_tokens=PROBE_TOKENS)
    except TutorError as error:
        model.close()
        # The cause is a stand-in where the server wrote the key back into its answer.
        known = (getattr(link, "status_code", None) for link in (error.__cause__, error.__context__))
        status = next(filter(None, known), None)
        raise ProviderError(_REFUSALS.get(status, str(error)).format(model.label)) from None
    except BaseException:
        model.close()
        raise
