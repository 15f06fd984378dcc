import threading

import pytest

from knowledge.weights import WeightStore
from tutor.errors import BadSpecError, ModelUnavailable
from tutor.models.base import LoadedModel, no_model
from tutor.models.host import ModelHost
from tutor.models.scripted import ScriptedChatModel
from tutor.models.spec import ModelSpec
from tutor.settings import load_settings


class Making:
    """A factory that waits to be told what to do, like a long download."""

    def __init__(self):
        self.go, self.started, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.outcome = LoadedModel(
            ModelSpec("gguf", "toy"), ScriptedChatModel(answers=["hi"]), "Toy", _close=self.closed.set
        )
        self.calls = 0

    def __call__(self, spec, settings, store, progress):
        self.calls += 1
        progress(25_000_000, 100_000_000, "downloading toy")
        self.started.set()
        while not self.go.wait(0.01):
            progress(25_000_000, 100_000_000, "downloading toy")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def making():
    return Making()


@pytest.fixture
def host(making, tmp_path):
    host = ModelHost(load_settings(model="gguf:toy"), WeightStore(tmp_path), make=making)
    yield host
    host.close()


def test_the_tutor_works_without_a_model_while_one_is_downloaded(host, making):
    host.start()
    assert making.started.wait(10)
    assert host.current.chat is None
    assert host.status.state == "downloading"
    assert host.status.fraction == 0.25
    assert host.status.message == "Downloading toy: 25 of 100 MB"


def test_the_model_takes_over_when_it_is_ready(host, making):
    host.start()
    making.go.set()
    assert host.wait(10).label == "Toy"
    assert host.status.state == "ready"
    assert host.status.label == "Toy"


def test_a_failure_leaves_the_tutor_without_a_model_and_says_why(host, making):
    making.outcome = ModelUnavailable("The disk is full. Free some space.")
    making.go.set()
    host.start()
    assert host.wait(10).chat is None
    assert host.status.state == "failed"
    assert host.status.message.startswith("The disk is full. Free some space.")


def test_no_model_found_by_auto_is_shown_with_its_reason(host, making):
    making.outcome = no_model(note="Nothing answers.")
    making.go.set()
    host.start()
    host.wait(10)
    assert host.status.state == "failed"
    assert "Nothing answers." in host.status.message


def test_a_bug_while_loading_is_logged_and_does_not_end_the_page(host, making, caplog):
    making.outcome = ZeroDivisionError("oops")
    making.go.set()
    host.start()
    host.wait(10)
    assert "ZeroDivisionError" in host.status.message
    assert "could not be loaded" in caplog.text


def test_after_a_failure_it_can_be_started_again(host, making):
    good, making.outcome = making.outcome, ModelUnavailable("Not yet.")
    making.go.set()
    host.start()
    host.wait(10)
    making.outcome = good
    host.start()
    assert host.wait(10).label == "Toy"
    host.start()
    assert making.calls == 2


def test_closing_in_the_middle_of_a_download_stops_it(host, making):
    host.start()
    assert making.started.wait(10)
    host.close()
    assert not host._thread.is_alive()
    assert host.current.chat is None


def test_closing_lets_go_of_the_model(host, making):
    making.go.set()
    host.start()
    host.wait(10)
    host.close()
    assert making.closed.is_set()


def test_a_model_that_arrives_after_the_end_is_closed_at_once(host, making):
    host._closed.set()
    host._take(making.outcome, 0)
    assert making.closed.is_set()
    assert host.current.chat is None


def test_none_is_no_failure(tmp_path):
    host = ModelHost(load_settings(model="none"), WeightStore(tmp_path))
    assert host.wait(10).chat is None
    assert host.status.state == "none"
    assert "tutor model pull" in host.status.message


def test_a_bad_name_is_told_before_the_page_opens(tmp_path):
    with pytest.raises(BadSpecError):
        ModelHost(load_settings(model="gpt"), WeightStore(tmp_path)).start()
