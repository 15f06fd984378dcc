"""The page over a scripted tutor, in a process of its own: `python fake_server.py PORT FOLDER [MODEL_STATE]`.

Conversations are kept in a real database in FOLDER, so that a restart can be tested.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "web")]

from page_fakes import FakeKnowledge, FakeModelHost, FakeTutor  # noqa: E402

from tutor.sessions import SessionStore, Turn  # noqa: E402
from tutor.web import app  # noqa: E402


class Kept:
    """Looks like the stand-in's dictionary of turns, and is a database."""

    def __init__(self, url: str) -> None:
        self.store = SessionStore(url)

    def __getitem__(self, session_id: str) -> _Turns:
        return _Turns(self.store, session_id)


class _Turns(list):  # type: ignore[type-arg]
    def __init__(self, store: SessionStore, session_id: str) -> None:
        super().__init__(store.turns(session_id))
        self._save = lambda turn: store.save(session_id, turn)

    def append(self, turn: Turn) -> None:
        self._save(turn)


class ArrivingModel(FakeModelHost):
    """A model that takes over as soon as FOLDER/arrived is there."""

    def __init__(self, folder: Path, state: str) -> None:
        super().__init__(state, 0.43, "473 of 1,117 MB.")
        self._sign = folder / "arrived"

    @property
    def status(self) -> SimpleNamespace:
        if self._sign.exists():
            return SimpleNamespace(state="ready", fraction=1.0, message="")
        return super().status


def main(port: str, folder: str, state: str = "none") -> None:
    home = Path(folder)
    kept = Kept(f"sqlite:///{home / 'sessions.sqlite'}")
    tutor = FakeTutor(turns=kept, sessions=kept.store)  # type: ignore[arg-type]
    settings = SimpleNamespace(
        cache_dir=home, host="127.0.0.1", port=int(port), metrics="off", shutdown_seconds=1
    )
    stop = threading.Event()
    app.serve(
        tutor, settings, FakeKnowledge(), ArrivingModel(home, state),
        on_ready=lambda url: print(url, flush=True), stop=stop,
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
