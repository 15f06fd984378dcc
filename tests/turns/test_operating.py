"""What is counted and told of turns, and who is let in: over a real tutor with a scripted model."""

import threading
from types import SimpleNamespace

import pytest

from labs.errors import LabCancelled
from tutor.errors import ClosingError
from tutor.facts import short
from tutor.lab_runs import LabRuns
from tutor.metrics import Metrics
from tutor.run_shelf import RunShelf
from tutor.service import Service


@pytest.fixture
def counted(desk):
    metrics = Metrics(desk.tutor)
    desk.tutor.watchers.append(metrics.turn)
    desk.runner.on_end = metrics.lab_ended
    yield lambda name, **labels: metrics.registry.get_sample_value(name, labels)
    desk.runner.on_end = None


def test_each_turn_is_counted_by_what_became_of_it_and_by_stage(desk, counted):
    desk.say("Why do we decay epsilon?", "one")
    desk.say("Who won the world cup of 1998?", "one")
    desk.say("run the bandit with 50 steps and 50 runs", "two")
    desk.say("run the bandit with 1 arm", "two")
    desk.say("  ", "two")
    stop = threading.Event()
    stop.set()
    desk.say("What is regret?", "three", stop)

    def turns(intent, outcome):
        return counted("tutor_turns_total", intent=intent, outcome=outcome)

    assert turns("question", "answered") == 1
    assert turns("lab", "answered") == turns("lab", "refused") == 1
    assert turns("question", "stopped") == 1
    assert turns("other", "refused") == 1
    assert sum(turns(i, "abstained") or 0 for i in ("question", "other")) == 1
    assert counted("tutor_turn_stage_seconds_count", stage="turn") == 5
    assert counted("tutor_turn_stage_seconds_count", stage="lab") == 1
    assert counted("tutor_turn_stage_seconds_count", stage="search") >= 2
    assert counted("tutor_lab_runs_total", lab="bandit", outcome="done") == 1
    assert counted("tutor_active_sessions") == 3
    assert counted("tutor_index_passages") == desk.library.ready.chunk_count
    assert counted("tutor_index_info", generation=desk.library.ready.generation) == 1
    assert counted("tutor_work_under_way") == 0


def test_no_label_comes_from_a_student_and_tokens_are_those_of_the_model(desk, counted):
    from tutor.facts import TurnFacts

    for n in range(50):
        desk.tutor.watchers[0](
            TurnFacts(short(f"s{n}"), f"made up {n}", f"odd {n}", "m", seconds={f"x{n}": 1.0})
        )
    desk.tutor.watchers[0](TurnFacts(short("s"), "lab", "answered", "m", tokens_read=40, tokens_written=9))
    assert counted("tutor_turns_total", intent="other", outcome="other") == 50
    assert counted("tutor_model_tokens_total", direction="written") == 9
    desk.runner.on_end(SimpleNamespace(lab=SimpleNamespace(id="unheard of"), error=LabCancelled()))
    assert counted("tutor_lab_runs_total", lab="other", outcome="cancelled") == 1


def test_when_it_ends_nothing_new_is_taken_and_what_is_under_way_is_finished(desk):
    intake = desk.tutor.intake
    events = desk.tutor.reply("Why do we decay epsilon?", "under-way")
    next(events)
    intake.close()
    assert intake.under_way == 1
    assert not intake.wait(0)
    refused = desk.say("What is regret?", "too-late")
    assert "about to be restarted" in refused[-1].answer
    assert refused[-1].failed  # so the page puts the words back into the box
    assert desk.tutor.history("too-late") == []
    runs = LabRuns(desk.runner, RunShelf(desk.tutor.sessions), intake=intake)
    with pytest.raises(ClosingError):
        runs.start("too-late", "bandit", {})
    with pytest.raises(ClosingError):
        Service(desk.tutor).run_lab("bandit", {})
    assert list(events)[-1].answer
    assert intake.wait(0)
    assert len(desk.tutor.history("under-way")) == 1


def test_a_run_of_the_labs_room_counts_until_it_has_ended(desk):
    runs = LabRuns(desk.runner, RunShelf(desk.tutor.sessions), intake=desk.tutor.intake)
    with pytest.raises(Exception, match="arms"):
        runs.start("room", "bandit", {"arms": 0})
    assert desk.tutor.intake.under_way == 0
    runs.start("room", "bandit", {"runs": 50, "steps": 50})
    assert desk.tutor.intake.wait(60)
    assert runs.state("room").state == "done"
