"""`tutor serve` as programs meet it: its own process, a small real course, no model; with a password and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from pages import ROOT, free_port, start
from turns.conftest import BANDITS, REGRESSION, desk, library, runner  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def home(tmp_path_factory, minilm_dir):
    """A home folder whose index holds two small lectures."""
    folder = tmp_path_factory.mktemp("programs")
    for number, text in ((9, BANDITS), (2, REGRESSION)):
        lecture = folder / "course" / f"lecture_{number:02}" / "lecture.md"
        lecture.parent.mkdir(parents=True)
        lecture.write_text(text, encoding="utf-8")
    env = {
        "TUTOR_HOME": str(folder / "home"),
        "TUTOR_INDEX": str(folder / "index"),
        "TUTOR_WEIGHTS": str(minilm_dir.parent),
        "TUTOR_OFFLINE": "1",
    }
    command = [sys.executable, "ingest.py", str(folder / "course"), "--json"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True, capture_output=True, timeout=120)
    return folder, env


def serve(home, *more):
    folder, env = home
    port = free_port()
    command = [sys.executable, "-m", "tutor", "serve", "--port", str(port), "--model", "none", *more]
    return start(command, port, folder, env)


@pytest.fixture(scope="session")
def url(home):
    server = serve(home)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def guarded_url(home):
    (home[0] / "passwords").write_text("ada:one:two\n")
    server = serve(home, "--auth-file", str(home[0] / "passwords"))
    yield server.url
    server.stop()
