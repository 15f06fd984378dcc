"""SIGKILL in the middle of saving: what was told to be saved is there, whole, and the database is free at once."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tutor.sessions import SessionStore, Turn

ROOT = Path(__file__).resolve().parents[1]
WRITERS = 4


def is_sound_and_free(file):
    """Nobody holds a lock, not for a moment, and SQLite finds no fault."""
    db = sqlite3.connect(file, timeout=0)
    db.execute("BEGIN IMMEDIATE")
    db.execute("ROLLBACK")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


@pytest.fixture(scope="module")
def driver():
    """Saves until it is killed: see session_driver.py."""
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("session_driver.py"))],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def run(**request):
        program.stdin.write(json.dumps(request) + "\n")
        program.stdin.flush()
        return json.loads(program.stdout.readline())

    yield run
    program.stdin.close()
    program.wait(60)
    program.stdout.close()


@pytest.mark.parametrize("rounds", [6, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_a_kill_in_the_middle_of_saving_loses_at_most_the_turns_in_flight(
    rounds, tmp_path, driver, record_property
):
    file, chance, happened = tmp_path / "sessions.sqlite", random.Random(rounds), Counter()
    url = f"sqlite:///{file}"
    other = None  # a second replica, which goes on through every kill
    told = {number: [] for number in range(WRITERS)}
    for turn in range(rounds):
        for number, count in driver(
            url=url, seconds=chance.uniform(0, 0.3), begin=turn * 10**6, after_first=turn % 3 > 0
        ):
            told[number].append(f"q{count}")
        if file.exists():
            is_sound_and_free(file)
        other = other or SessionStore(url)
        other.save("other", Turn(f"q{turn}", "a", "question", "none"))
        for number, known in told.items():
            there = [turn.question for turn in other.outline(f"writer-{number}")]
            in_flight = len(there) - len(known)
            # The one that was being saved may be there or not; all that were told are, in order.
            assert [question for question in there if question in set(known)] == known
            assert 0 <= in_flight <= 1
            happened["kept of those in flight"] += in_flight
            told[number] = there
            if there:
                last = other.turns(f"writer-{number}", last=1)[0]
                assert last.runs[0].result.series["s"].shape == (5000,)
                # A choice is saved in a step of its own, after its turn.
                chosen = other.settings_of(f"writer-{number}").get("last")
                assert chosen is None or f"q{chosen}" in there
    assert other.count("other") == rounds
    other.close()
    happened["turns"] = sum(map(len, told.values()))
    assert happened["turns"] > rounds // 2
    record_property("happened", json.dumps({"kills": rounds, **happened}))
    print({"kills": rounds, **happened})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_itself_is_killed_and_every_answered_turn_is_there(
    tmp_path, minilm_dir, monkeypatch, record_property
):
    """`tutor serve` in a process of its own; four clients ask it over HTTP until it dies; six times."""
    sys.path.insert(0, str(Path(__file__).with_name("e2e")))
    from gradio_client import Client
    from pages import free_port, start

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    course = tmp_path / "course"
    course.mkdir()
    (course / "bandits.md").write_text(
        "# Bandits\n\nWe decay epsilon so that it explores early and earns later."
    )
    env = {
        "TUTOR_HOME": str(tmp_path / "home"), "TUTOR_INDEX": str(tmp_path / "index"),
        "TUTOR_WEIGHTS": str(minilm_dir.parent), "TUTOR_OFFLINE": "1",
    }  # fmt: skip
    ingest = [sys.executable, "ingest.py", str(course), "--json"]
    subprocess.run(ingest, cwd=ROOT, env={**os.environ, **env}, check=True, capture_output=True, timeout=200)
    chance, answered, asked, file = (
        random.Random(6),
        {},
        Counter(),
        tmp_path / "home" / "data" / "sessions.sqlite",
    )
    sessions, faults = [f"student-{number}" for number in range(4)], []

    def student(url, session, going):
        try:
            client = Client(
                url, verbose=False, analytics_enabled=False, download_files=tmp_path / "downloads",
                httpx_kwargs={"timeout": 60},
            )  # fmt: skip
            while going.is_set():
                asked[session] += 1
                question = f"Why do we decay epsilon? ({session}, {asked[session]})"
                reply, _ = client.predict(question, session, api_name="/ask")
                assert reply["session"] == session
                answered.setdefault(session, []).append((question, reply["answer"]))
        except Exception as error:
            if going.is_set():  # not because the page died in the middle of an answer
                faults.append(repr(error))
        else:
            client.close()

    for _ in range(6):
        before = {session: len(answered.get(session, ())) for session in sessions}
        server = start(
            [sys.executable, "-m", "tutor", "serve", "--port", str(port := free_port()), "--model", "none"],
            port, tmp_path, env,
        )  # fmt: skip
        going = threading.Event()
        going.set()
        threads = [
            threading.Thread(target=student, args=(server.url, session, going)) for session in sessions
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 120
        while (
            not faults
            and any(len(answered.get(s, ())) == before[s] for s in sessions)
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        time.sleep(chance.uniform(0, 1.5))
        going.clear()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(30)
        for thread in threads:
            thread.join(60)
        assert faults == []
        is_sound_and_free(file)
        store = SessionStore(f"sqlite:///{file}")
        for session in sessions:
            there = [(turn.question, turn.answer) for turn in store.turns(session)]
            known = answered.get(session, [])
            assert len(known) > before[session]  # the restarted page went on with the conversation
            assert [turn for turn in there if turn in known] == known
            assert 0 <= len(there) - len(known) <= 1
            answered[session] = there
        store.close()
    counts = {"kills": 6, "turns": sum(map(len, answered.values())), "asked": sum(asked.values())}
    record_property("happened", json.dumps(counts))
    print(counts)
