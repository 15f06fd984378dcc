"""The page over the real tutor with real labs, no course and no model: `python lab_server.py PORT FOLDER`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "web")]

from page_fakes import FakeKnowledge, FakeModelHost  # noqa: E402

from labs.runner import LabRunner  # noqa: E402
from tutor.models.base import no_model  # noqa: E402
from tutor.sessions import SessionStore  # noqa: E402
from tutor.tutor import Tutor  # noqa: E402
from tutor.web import app  # noqa: E402


def main(port: str, folder: str) -> None:
    home = Path(folder)
    models = SimpleNamespace(current=no_model())
    store = SessionStore(f"sqlite:///{home / 'sessions.sqlite'}")
    runner = LabRunner(workers=1, time_limit=120)
    tutor = Tutor(SimpleNamespace(ready=None), runner, models, store)  # type: ignore[arg-type]
    settings = SimpleNamespace(
        cache_dir=home, host="127.0.0.1", port=int(port), metrics="off", shutdown_seconds=1
    )
    stop = threading.Event()
    try:
        app.serve(tutor, settings, FakeKnowledge(), FakeModelHost(), stop=stop)  # type: ignore[arg-type]
    finally:
        runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
