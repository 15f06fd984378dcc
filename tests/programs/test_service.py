import threading

import pytest

from labs.errors import LabError
from tutor.errors import MessageError, SessionError
from tutor.service import Service


@pytest.fixture
def service(desk):
    return Service(desk.tutor)


def test_a_question_is_answered_with_its_sources_and_a_session_to_go_on_with(service):
    first = service.ask("Why do we decay epsilon?").data
    assert first["intent"] == "question"
    assert not first["failed"]
    assert first["sources"][0]["file"] == "lecture_09/lecture.md"
    assert len(first["session"]) >= 16
    assert service.ask("and what is regret?", first["session"]).data["session"] == first["session"]


def test_two_callers_without_a_session_get_two(service):
    assert service.ask("hello").data["session"] != service.ask("hello").data["session"]


def test_a_run_that_a_message_asks_for_comes_with_its_result_and_progress(service):
    told = []
    reply = service.ask(
        "run the bandit with 50 runs and 40 steps", tell=lambda f, what: told.append((f, what))
    )
    assert reply.data["labs"][0]["lab"] == "bandit"
    assert "figures" not in reply.data["labs"][0]
    ((_, result),) = reply.runs
    assert result.parameters["steps"] == 40
    assert any("Running" in what for _, what in told)


@pytest.mark.parametrize(
    ("query", "k", "says"),
    [("", 6, "empty"), ("   ", 6, "empty"), ("x" * 4001, 6, "4,001"), ("loss", 0, "0"), ("loss", 51, "50")],
)
def test_a_search_that_cannot_be_says_why(service, query, k, says):
    with pytest.raises(MessageError, match=says):
        service.search(query, k)


def test_a_search_gives_as_many_passages_as_asked_for(service):
    passages = service.search("what is a loss", k=2).data["passages"]
    assert len(passages) == 2
    assert "mean squared error" in passages[0]["text"]
    assert "path" not in passages[0]  # programs with gradio_client would try to download it


def test_labs_come_with_the_schema_of_each_parameter(service):
    labs = {lab["id"]: lab for lab in service.list_labs().data["labs"]}
    assert len(labs) == 11
    assert labs["bandit"]["parameters"]["arms"]["anyOf"][0] == {
        "type": "integer",
        "minimum": 2,
        "maximum": 100,
    }


def test_a_lab_runs_and_refuses(service):
    reply = service.run_lab("bandit", {"runs": 20, "steps": 30, "seed": 3})
    assert reply.data["seed"] == 3
    assert reply.data["permalink"].startswith("lab:bandit?")
    for lab, values in (("nothing", {}), ("bandit", {"arms": -1}), ("bandit", {"armz": 3})):
        with pytest.raises(LabError):
            service.run_lab(lab, values)


def test_a_cancelled_run_ends(service):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(LabError):
        service.run_lab("bandit", {"runs": 5000, "steps": 5000}, cancel=cancel)


def test_a_session_that_cannot_be_named_is_refused(service):
    with pytest.raises(SessionError):
        service.ask("hello", "../..")
