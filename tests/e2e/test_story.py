"""The story of the project as a student lives it: `tutor serve`, a real browser, the real course and labs.

Without a model in the ordinary run; with the embedded default model in the slow one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pages import Server, free_port, start

from knowledge.weights import WeightStore, default_folder

WEIGHTS = default_folder()
BUILDING = (
    540_000  # milliseconds: reading the course takes 20 s on a quiet machine, minutes on one under load
)


def without(why: str) -> None:
    """Missing weights: a reason to skip on somebody's own machine, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """The tutor as `tutor serve` has it, one for each model; one home for all, so that a second start is a restart."""
    home = tmp_path_factory.mktemp("story")
    started: list[tuple[str, Server]] = []

    def run(model: str, port: int | None = None) -> Server:
        for known, server in started:
            if known == model and server.process.poll() is None:
                return server
        if WeightStore(WEIGHTS, offline=True).path("all-minilm-l6-v2") is None:
            without("no embedding weights here: run `python -m knowledge.weights fetch`")
        port = port or free_port()
        command = [sys.executable, "-m", "tutor", "serve", "--port", str(port), "--model", model]
        env = {"TUTOR_HOME": str(home), "TUTOR_WEIGHTS": str(WEIGHTS), "TUTOR_OFFLINE": "1"}
        started.append((model, start(command, port, home, env)))
        return started[-1][1]

    yield run
    for _, server in started:
        server.stop()


def live_the_story(me, model: bool) -> None:
    me.page.wait_for_selector("[data-pill=library]", state="detached", timeout=BUILDING)  # read on a new home
    me.ask("why do we decay epsilon?")
    me.page.wait_for_selector("#chat .t-source", timeout=60_000)
    me.page.wait_for_selector("#ask .submit-button", timeout=180_000)
    assert "Lecture 9" in me.page.inner_text("#chat .t-sources")
    me.page.wait_for_selector("#chat .t-cite")  # drawn a moment after the words
    assert "epsilon" in me.chat().lower() or "ε" in me.chat()
    me.shot(f"story-{'model' if model else 'none'}-1-question")
    me.page.click("#chat .t-cite >> nth=0")
    me.page.wait_for_selector("#passage-body mark")
    assert "lecture_09/" in me.page.inner_text("#passage-head")
    assert me.page.locator("#passage .katex-error").count() == 0
    me.page.wait_for_timeout(300)
    me.shot(f"story-{'model' if model else 'none'}-2-source")
    me.page.keyboard.press("Escape")

    me.ask("run the bandit with epsilon 0, 0.01 and 0.1")
    me.page.wait_for_selector("#chat progress.t-bar, #chat .t-picture", timeout=60_000)
    me.page.wait_for_selector("#chat .t-day", timeout=120_000)
    me.page.wait_for_function("document.querySelector('#chat .t-day').naturalWidth > 300")
    me.page.wait_for_selector("#ask .submit-button", timeout=180_000)
    first = me.page.inner_text("#chat .t-metrics >> nth=0")
    for epsilon in ("epsilon=0\t", "epsilon=0.01", "epsilon=0.1"):
        assert epsilon in first
    assert "10 arms" in me.page.get_attribute("#chat .t-day >> nth=0", "alt")
    me.shot(f"story-{'model' if model else 'none'}-3-lab")

    pictures = me.page.locator("#chat .t-day").count()
    me.ask("now with 20 arms")
    me.page.wait_for_function(
        f"document.querySelectorAll('#chat .t-day').length > {pictures}", timeout=120_000
    )
    me.page.wait_for_selector("#ask .submit-button", timeout=180_000)
    last = me.page.inner_text("#chat .bot-row >> nth=-1")
    assert "epsilon=0.01" in last
    assert first not in last
    me.page.click("#chat .bot-row >> nth=-1 >> .thought-group .title")
    chosen = me.page.inner_text("#chat .bot-row >> nth=-1 >> .t-settings")
    assert "20" in chosen
    assert "0, 0.01, 0.1" in chosen
    me.shot(f"story-{'model' if model else 'none'}-4-follow-up")


@pytest.mark.weights
@pytest.mark.timeout(900)
def test_a_student_asks_runs_changes_and_comes_back(serve, visit):
    server = serve("none")
    me = visit(server.url)
    assert "No language model: quoting the lectures" in me.page.inner_text("#status")
    live_the_story(me, model=False)
    before = me.page.inner_text("#chat .message-wrap")
    server.stop()
    again = serve("none", port=int(server.url.rsplit(":")[-1].strip("/")))
    me.open()
    me.page.wait_for_selector("#chat .t-day")
    after = me.page.inner_text("#chat .message-wrap")
    assert [line for line in after.splitlines() if line.strip()][:20] == [
        line for line in before.splitlines() if line.strip()
    ][:20]
    me.ask("now with 5 arms")  # the lab of before the restart is still the one that is meant
    me.page.wait_for_selector("#ask .stop-button")
    me.page.wait_for_selector("#ask .submit-button", timeout=120_000)
    assert "5" in me.page.inner_text("#chat .bot-row >> nth=-1")
    stranger = visit(again.url)
    assert "decay" not in stranger.page.inner_text("#chat").replace("Why do we decay epsilon?", "")


@pytest.mark.weights
def test_bad_requests_get_one_sentence(serve, visit):
    me = visit(serve("none").url)
    for message, words in (
        ("run the bandit with 5000 arms", "arms"),
        ("", "message"),
        ("why " * 25_000, "100,000"),
    ):
        me.ask(message)
        me.page.wait_for_function(
            """words => { const rows = document.querySelectorAll('#chat .bot-row');
                return rows.length && rows[rows.length - 1].innerText.toLowerCase().includes(words) }""",
            arg=words,
            timeout=60_000,
        )
        me.page.wait_for_selector("#ask .submit-button", timeout=60_000)
        said = me.page.inner_text("#chat .bot-row >> nth=-1")
        assert words in said.lower()
        assert len(said) < 500


@pytest.mark.weights
def test_a_student_brings_a_table_of_their_own(serve, visit, tmp_path):
    table = tmp_path / "my marks.csv"
    rows = "".join(f"{h},<img src=x onerror=alert(1)>,{40 + 5 * h + h % 3}\n" for h in range(14))
    table.write_text(f"hours,<b>note</b>,mark\n{rows}", encoding="utf-8")
    me = visit(serve("none").url)
    me.page.set_input_files("#add-data input[type=file], input[type=file]", str(table))
    me.page.wait_for_selector("#chat .bot-row table")
    me.finished()
    said = me.chat()
    assert "my-marks.csv: 14 rows, 3 columns" in said
    assert "numbers from 0 to 13" in said
    assert me.page.locator("#chat .bot-row table b, #chat .bot-row table img").count() == 0
    me.answered("predict mark from hours with linear regression")
    me.page.wait_for_selector("#chat .t-day", timeout=60_000)
    me.says("my-marks.csv: 14 rows, 1 feature, target mark")
    me.shot("story-none-5-own-data")
    wrong = tmp_path / "empty.csv"
    wrong.write_text("", encoding="utf-8")
    me.page.set_input_files("#add-data input[type=file], input[type=file]", str(wrong))
    me.page.wait_for_selector("text=it is empty")


@pytest.mark.weights
def test_the_pages_files_are_the_visitors_alone(serve):
    server = serve("none")
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for path in (
            "/etc/passwd",
            str(Path(__file__)),
            os.environ.get("TUTOR_HOME", "/tmp") + "/data/sessions.sqlite",
        ):
            assert client.get(f"gradio_api/file={path}").status_code == 403
        assert client.get("docs").status_code == 404
        assert client.get("monitoring").status_code in (403, 404)
        info = client.get("gradio_api/info").json()
        assert set(info["named_endpoints"]) == {"/ask", "/search", "/run_lab", "/list_labs", "/refresh"}
        assert info["unnamed_endpoints"] == {}
        policy = client.get("").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(1200)
def test_the_same_story_with_the_embedded_model(serve, visit):
    if WeightStore(WEIGHTS, offline=True).path("qwen2.5-coder-1.5b") is None:
        without("the default model is not here: run `tutor model pull qwen2.5-coder-1.5b`")
    me = visit(serve("auto").url)
    me.page.wait_for_selector("#status :is(.t-ready, .t-fresh)", timeout=180_000)
    assert "Qwen2.5-Coder" in me.page.inner_text("#status")
    live_the_story(me, model=True)


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(1200)
def test_every_room_with_the_embedded_model(serve, visit):
    """What the rooms ask of a model: a run is explained, a section is asked about, a quiz is graded by code."""
    if WeightStore(WEIGHTS, offline=True).path("qwen2.5-coder-1.5b") is None:
        without("the default model is not here: run `tutor model pull qwen2.5-coder-1.5b`")
    me = visit(serve("auto").url)
    page = me.page
    page.set_default_timeout(180_000)
    page.wait_for_selector("#status :is(.t-ready, .t-fresh)")

    page.evaluate("tutorLab('regression', {learning_rate: [0.01, 0.1]})")
    page.wait_for_selector(".t-form")
    page.click('[data-part="run"]')
    page.wait_for_selector(".t-figure .t-panel-box")
    page.click('[data-do="ask"]')
    page.wait_for_function("document.querySelectorAll('#chat .user-row').length === 2")
    me.finished()
    me.says("lab:regression?")
    assert len(page.inner_text("#chat .bot-row >> nth=-1")) > 80
    me.shot("model-labs")

    page.click("#room-course-button")
    page.wait_for_selector("#course-page .t-sec")
    page.click(".t-sec-ask >> nth=1")
    page.wait_for_function("document.querySelectorAll('#chat .user-row').length === 3")
    me.finished()
    assert "Lecture 1" in page.inner_text("#chat .bot-row >> nth=-1 >> .t-sources")
    assert len(page.inner_text("#chat .bot-row >> nth=-1")) > 150
    me.shot("model-course")

    me.answered("Quiz me on lecture 4")
    assert "Question 1" in page.inner_text("#chat .bot-row >> nth=-1")
    me.answered("I give up")
    page.click("#room-progress-button")
    page.wait_for_selector("#progress-view >> text=/graded answer/")
    me.shot("model-progress")

    page.click("#room-settings-button")
    page.wait_for_selector("#settings-state .t-ready")
    assert "Qwen2.5-Coder 1.5B" in page.inner_text("#settings-state")
    me.shot("model-settings")
    page.click("#past-open")
    page.wait_for_selector(".t-past-item")
    assert "I ran this in Labs" in page.inner_text(".t-past-item >> nth=0")
    assert me.overflow() == []
