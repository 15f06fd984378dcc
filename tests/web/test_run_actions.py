import json
from types import SimpleNamespace

import pytest
from page_fakes import bandit_result

from tutor.web.live import Conversation
from tutor.web.render import TurnView
from tutor.web.results import Picture, RunView
from tutor.web.run_actions import actions_html
from tutor.web.run_desk import BROKE, GONE, RunDesk


def run_of(result=None, run_id="run-1"):
    result = result or bandit_result()
    return RunView(
        run_id,
        result.title,
        result.parameters,
        {"arms": 10},
        result=result,
        pictures=[Picture("/x/a b.png", "alt")],
    )


@pytest.fixture
def desk():
    view = TurnView(0, "run it")
    view.runs["run-1"] = run_of()
    mine = Conversation([view])
    conversations = SimpleNamespace(get=lambda session: mine if session == "mine" else Conversation())
    return RunDesk(conversations)


def test_a_finished_run_offers_what_can_be_done_with_it():
    shown = actions_html(run_of())
    for what in ("change", "explain", "compare", "csv", "notebook", "link"):
        assert f'href="#run-{what}-run-1"' in shown
    assert 'href="gradio_api/file=/x/a%20b.png" download="bandit.png"' in shown


def test_a_run_without_a_result_or_with_a_strange_name_offers_nothing():
    run = run_of()
    run.result = None
    assert actions_html(run) == ""
    assert actions_html(run_of(run_id='"><img src=x>')) == ""


def test_a_run_becomes_a_table_and_a_notebook(desk):
    table = desk.answer("mine", {"what": "csv", "run": "run-1"})
    head, *rows = table["text"].splitlines()
    assert table["name"] == "bandit.csv"
    assert "step" in head.split(",")
    assert len(rows) == 500
    notebook = desk.answer("mine", {"what": "notebook", "run": "run-1"})
    assert notebook["name"] == "bandit.ipynb"
    assert json.loads(notebook["text"])["nbformat"] == 4


def test_the_form_opens_with_what_was_chosen_and_the_seed(desk):
    told = desk.answer("mine", {"what": "change", "run": "run-1"})
    assert told == {"lab": "bandit", "params": {"arms": 10, "seed": 0}}
    assert desk.answer("mine", {"what": "link", "run": "run-1"})["copy"].startswith("lab:bandit")


@pytest.mark.parametrize(
    ("session", "call"),
    [
        (None, {"what": "csv", "run": "run-1"}),
        ("other", {"what": "csv", "run": "run-1"}),
        ("mine", {"what": "csv", "run": "run-2"}),
        ("mine", {"what": "rm", "run": "run-1"}),
        ("mine", {}),
    ],
)
def test_what_is_not_there_or_not_yours_is_said_in_a_sentence(desk, session, call):
    assert desk.answer(session, call) == {"said": GONE}


def test_a_fault_becomes_a_sentence(desk, monkeypatch, caplog):
    monkeypatch.setattr("tutor.web.run_desk.curves_csv", lambda result: 1 / 0)
    assert desk.answer("mine", {"what": "csv", "run": "run-1"}) == {"said": BROKE}
    assert "could not be made" in caplog.text


def test_the_turn_of_a_message_is_found_by_its_place():
    views = [TurnView(n, f"question {n}", text="answer", done=True) for n in range(3)]
    conversation = Conversation(views)
    lengths = [len(view.messages()) for view in views]
    assert [conversation.turn_of(i) for i in range(sum(lengths))] == [
        n for n, length in enumerate(lengths) for _ in range(length)
    ]
    assert conversation.turn_of(sum(lengths)) is None


def test_what_the_answer_says_is_not_said_twice():
    view = TurnView(0, "run it", done=True)
    view.runs["run-1"] = run_of()
    alone = "\n".join(str(m["content"]) for m in view.messages())
    note = bandit_result().notes[1]
    assert alone.count(note) == 1
    view.text = note
    assert "\n".join(str(m["content"]) for m in view.messages()).count(note) == 1
