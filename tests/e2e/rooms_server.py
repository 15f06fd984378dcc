"""The page over a scripted tutor and a real model host: `python rooms_server.py PORT FOLDER [PASSWORD_FILE]`.

Whoever sits at this computer may change the model here, as on a student's own machine. The smallest model of the tests
is offered too, from whatever hub HF_ENDPOINT names.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parents[2]),
    str(Path(__file__).parents[1] / "web"),
    str(Path(__file__).parent),
]

from fake_server import Kept  # noqa: E402
from page_fakes import FakeKnowledge, FakeTutor  # noqa: E402

from knowledge.pins import PINS  # noqa: E402
from knowledge.weights import WeightStore  # noqa: E402
from labs.registry import LABS  # noqa: E402
from tutor.models.host import ModelHost  # noqa: E402
from tutor.settings import load_settings  # noqa: E402
from tutor.web import app  # noqa: E402


def main(port: str, folder: str, passwords: str = "") -> None:
    home = Path(folder)
    kept = Kept(f"sqlite:///{home / 'sessions.sqlite'}")
    tutor = FakeTutor(pause=0.002, turns=kept, sessions=kept.store)  # type: ignore[arg-type]
    tutor.labs = LABS  # type: ignore[attr-defined]
    settings = load_settings(home=home, model="none", host="127.0.0.1", port=int(port))
    small = replace(PINS["smollm2-135m"], repo="tests/small", revision="main", use="chat")
    host = ModelHost(settings, WeightStore(home, pins={**PINS, small.name: small}))
    app.serve(
        tutor, settings, FakeKnowledge(), host,
        auth_file=Path(passwords) if passwords else None,
        on_ready=lambda url: print(url, flush=True), stop=threading.Event(),
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
