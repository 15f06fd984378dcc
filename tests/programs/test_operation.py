"""What whoever runs the tutor sees of a real server: health, metrics, the queue, and how it ends."""

import json
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client
from programs.conftest import serve  # the tests' folder is on the path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

WAIT = 90
ANSWER = "Decaying epsilon over time gives much exploration at first and little at the end."


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    # The client asks the Hugging Face hub about itself, unless it is told that there is no network.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@contextmanager
def running(home, *more):
    server = serve(home, *more)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait(WAIT)


def client_of(server, tmp_path):
    return Client(server.url, verbose=False, analytics_enabled=False, download_files=tmp_path)


def until(look, what):
    end = time.monotonic() + WAIT
    while not (found := look()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def said(job):
    return [out[0].get("doing", "") for out in job.outputs()]


def get(url, path, **headers):
    return httpx.get(f"{url.rstrip('/')}{path}", headers=headers, timeout=WAIT, trust_env=False)


def test_health_needs_no_password_and_metrics_only_this_computer(guarded_url, url):
    for address in (guarded_url, url):
        assert get(address, "/healthz").json() == {"alive": True}
        state = until(lambda: get(address, "/readyz").json()["ready"] and get(address, "/readyz"), "ready")  # noqa: B023
        assert (state.status_code, state.json()) == (
            200,
            {"ready": True, "index": "ready", "database": "ready", "model": "none", "ending": False},
        )
        assert "tutor_turns_total" in get(address, "/metrics").text
    for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Host": "tutor.example.org"}):
        assert get(url, "/metrics", **headers).status_code == 404
    assert httpx.post(f"{url}healthz", trust_env=False).status_code == 405
    assert get(guarded_url, "/config").status_code == 401  # the rest of the page asks for it as before


@pytest.mark.slow
def test_the_end_in_peace(home, openai_server, tmp_path):
    """One answer at a time: the second student waits and is told so; SIGTERM breaks off neither and takes no third."""
    gate = threading.Event()
    openai_server.say(ANSWER, gate=gate)
    openai_server.say(ANSWER)
    more = {
        "OPENAI_API_KEY": openai_server.key,
        "OPENAI_BASE_URL": openai_server.url,
        "TUTOR_TOOL_CALLS": "no",
        "TUTOR_MODEL_SLOTS": "1",
        "TUTOR_LOG": "json",
    }
    folder, env = home
    with running((folder, env | more), "--model", "openai:scripted-1") as server:
        until(lambda: get(server.url, "/readyz").json() == {
            "ready": True, "index": "ready", "database": "ready", "model": "ready", "ending": False,
        }, "ready")  # fmt: skip
        ada, bob, eve = (client_of(server, tmp_path) for _ in range(3))
        first = ada.submit("Why do we decay epsilon?", api_name="/ask")
        until(lambda: openai_server.requests, "the model's first request")
        second = bob.submit("What is regret?", api_name="/ask")
        place = "One moment: you are number 1 in the queue for the language model."
        until(lambda: place in said(second), "the place in the queue")
        metrics = get(server.url, "/metrics").text
        assert 'tutor_queue_waiting{queue="model"} 1.0' in metrics
        assert "tutor_work_under_way 2.0" in metrics
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGTERM)
        state = until(lambda: (r := get(server.url, "/readyz")).status_code == 503 and r.json(), "503")
        assert state["ending"]
        assert not state["ready"]
        refused, _ = eve.predict("What is a loss?", api_name="/ask")
        assert "about to be restarted" in refused["answer"]
        assert len(openai_server.requests) == 1  # the second still waits
        gate.set()
        for job in (first, second):
            answer, _ = job.result(timeout=WAIT)
            assert "epsilon" in answer["answer"]
            assert not answer["failed"]
        assert server.process.wait(WAIT) == 0
        assert psutil.wait_procs(family, timeout=WAIT)[1] == []
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    turns = {line["outcome"]: line for line in lines if line["logger"] == "tutor.turn"}
    assert set(turns) == {"answered", "refused"}
    assert {"route", "search", "queue", "first_word", "model", "turn"} <= turns["answered"]["seconds"].keys()
    told = server.log.read_text()
    assert refused["session"] not in told
    assert openai_server.key not in told
    assert "regret" not in told.lower()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["twice", "killed"])
def test_an_end_at_once_leaves_no_orphan(home, tmp_path, how):
    with running(home) as server:
        client = client_of(server, tmp_path)
        client.submit("bandit", {"runs": 2000, "steps": 5000}, api_name="/run_lab")
        me = psutil.Process(server.process.pid)
        until(lambda: 'tutor_queue_running{queue="labs"} 1.0' in get(server.url, "/metrics").text, "the run")
        family = until(lambda: me.children(recursive=True), "the worker")
        if how == "killed":
            server.process.kill()
        else:
            server.process.send_signal(signal.SIGTERM)
            until(lambda: get(server.url, "/readyz").json()["ending"], "the end")
            server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT) == (-signal.SIGKILL if how == "killed" else 128 + signal.SIGTERM)
        assert psutil.wait_procs(family, timeout=WAIT)[1] == []
