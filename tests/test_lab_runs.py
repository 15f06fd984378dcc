"""Runs outside the conversation: whose they are, how they end, what is kept, compared and guessed."""

from __future__ import annotations

import csv
import io
import time
from types import SimpleNamespace

import pytest

from labs.errors import BadParameterError
from labs.registry import LABS
from labs.runner import LabRunner
from tutor.lab_guesses import Guesses
from tutor.lab_runs import WHILE_BUSY, LabRunError, LabRuns
from tutor.models.base import no_model
from tutor.owners import Owners
from tutor.progress import ProgressStore
from tutor.run_files import curves_csv, notebook_json
from tutor.run_shelf import KEPT, RunShelf
from tutor.sessions import Run, SessionStore
from tutor.tutor import Tutor

ME, YOU = "me-0123456789abcdef", "you-0123456789abcdef"
QUICK = {"samples": 30, "epochs": 20}
LONG = {"epochs": 5000, "samples": 2000}  # of backprop: many seconds


@pytest.fixture(scope="module")
def runner():
    with LabRunner(workers=1, time_limit=120) as made:
        yield made


@pytest.fixture
def tutor(runner, tmp_path):
    store = SessionStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    yield Tutor(SimpleNamespace(ready=None), runner, SimpleNamespace(current=no_model()), store)
    store.close()


@pytest.fixture
def runs(runner, tutor):
    return started(runner, tutor)


def started(runner, tutor):
    """The runs as a server has them that has just been started."""
    said = lambda session: [run for turn in tutor.history(session) for run in turn.runs]  # noqa: E731
    return LabRuns(runner, RunShelf(tutor.sessions), said)


def ended(runs, session):
    while (state := runs.state(session)).state == "running":
        time.sleep(0.02)
    return state


def finish(runs, session, lab, values):
    return runs.run(session, finished_id(runs, session, lab, values))


def finished_id(runs, session, lab, values):
    runs.start(session, lab, values)
    state = ended(runs, session)
    assert state.state == "done", state.said
    return state.run_id


def test_a_run_ends_and_is_kept_for_its_own_visitor_only(runs):
    run = finish(runs, ME, "regression", QUICK)
    assert run.result.parameters["samples"] == 30
    assert run.chosen == QUICK
    assert [kept.run_id for kept in runs.runs(ME, "regression")] == [run.run_id]
    assert runs.runs(ME, "bandit") == []
    assert runs.runs(YOU, "regression") == []
    assert runs.state(YOU) is None
    with pytest.raises(LabRunError, match="not kept"):
        runs.run(YOU, run.run_id)
    with pytest.raises(LabRunError, match="not kept"):
        runs.compare(YOU, [run.run_id, run.run_id + "x"])


def test_one_run_at_a_time_for_a_session_and_stop_ends_it(runs):
    first = runs.start(ME, "backprop", LONG)
    assert runs.running(ME) == ("backprop", LONG)
    with pytest.raises(LabRunError, match=WHILE_BUSY):
        runs.start(ME, "regression", QUICK)
    runs.stop(YOU)  # somebody else's wish stops nothing
    assert runs.state(ME).state == "running"
    runs.stop(ME)
    state = ended(runs, ME)
    assert (state.state, state.run_id) == ("stopped", first.run_id)
    assert "stopped" in state.said
    assert runs.running(ME) is None
    assert finish(runs, ME, "regression", QUICK).result.lab == "regression"


def test_a_refused_value_runs_nothing(runs):
    with pytest.raises(BadParameterError, match="from 5 to 20000"):
        runs.start(ME, "regression", {"samples": 3})
    assert runs.state(ME) is None


def test_runs_are_compared_in_one_figure(runs):
    ids = [finished_id(runs, ME, "regression", {**QUICK, "learning_rate": rate}) for rate in (0.01, 0.1, 0.3)]
    compared = runs.compare(ME, ids)
    keys = [name for name in compared.metrics if name.startswith("mse_train")]
    assert keys == [f"mse_train[learning_rate={rate}]" for rate in (0.01, 0.1, 0.3)]
    first = runs.run(ME, ids[0]).result
    assert compared.metrics["mse_train[learning_rate=0.01]"] == first.metrics["mse_train"]
    loss = compared.chart("loss")
    labels = {layer.label for panel in loss.panels for layer in panel.layers if hasattr(layer, "label")}
    assert {"learning_rate=0.01", "learning_rate=0.1", "learning_rate=0.3"} <= labels
    with pytest.raises(LabRunError, match="tick 2 to 6"):
        runs.compare(ME, ids[:1])


def test_the_same_settings_twice_stay_two_runs(runs):
    ids = [finished_id(runs, ME, "regression", QUICK) for _ in range(3)]
    compared = runs.compare(ME, ids)
    assert {name for name in compared.metrics if name.startswith("mse_test")} == {
        "mse_test[run 1]",
        "mse_test[run 2]",
        "mse_test[run 3]",
    }


def test_runs_that_differ_in_much_are_numbered_and_told_apart_once(runs):
    ids = [
        finished_id(runs, ME, "regression", values)
        for values in (QUICK, {"dataset": "curve", "degree": 4, "learning_rate": 0.05, "noise": 0.5})
    ]
    compared = runs.compare(ME, ids)
    assert {"mse_train[run 1]", "mse_train[run 2]"} <= set(compared.metrics)
    assert compared.notes[0].startswith("Run 1: dataset=line, degree=1,")
    assert "run 2: dataset=curve, degree=4," in compared.notes[0]


def test_runs_of_different_labs_are_not_compared(runs):
    ids = [
        finished_id(runs, ME, "regression", QUICK),
        finished_id(runs, ME, "mdp", {}),
    ]
    with pytest.raises(BadParameterError, match="regression and mdp"):
        runs.compare(ME, ids)


def test_a_run_joins_the_conversation_once(runs, tutor):
    run = finish(runs, ME, "regression", QUICK)
    assert tutor.keep_run(ME, run) is True
    assert tutor.keep_run(ME, run) is False
    (turn,) = tutor.history(ME)
    assert turn.intent == "lab"
    assert turn.runs[0].run_id == run.run_id
    assert "lab:regression?" in turn.question
    assert tutor.sessions.last_plan(ME) == {"lab": "regression", "parameters": QUICK}
    plan = tutor.plan("now with 50 samples", ME)
    assert (plan.lab, plan.parameters) == ("regression", {**QUICK, "samples": 50})
    assert [kept.run_id for kept in runs.runs(ME, "regression")] == [run.run_id]
    assert tutor.history(YOU) == []


def test_runs_are_there_after_a_restart_in_every_conversation_of_their_owner(runs, runner, tutor):
    owners, owner = Owners(tutor.sessions, tutor.progress), "browser.0123456789abcdef"
    assert owners.claim(ME, owner)
    run = finish(runs, ME, "regression", QUICK)
    again = started(runner, tutor)
    (kept,) = again.runs(ME, "regression")
    assert (kept.run_id, kept.chosen, kept.result.notes) == (run.run_id, QUICK, run.result.notes)
    for name, values in run.result.series.items():
        assert kept.result.series[name] == pytest.approx(values, rel=1e-6, nan_ok=True)
    other = "other-0123456789abcdef"
    assert again.runs(other, "regression") == []
    assert owners.claim(other, owner)
    assert [one.run_id for one in again.runs(other, "regression")] == [run.run_id]
    assert again.compare(other, [run.run_id, finished_id(again, other, "regression", QUICK)]).charts
    erased = owners.erase(owner)
    assert erased.rows["lab_runs"] == 2
    assert again.runs(ME, "regression") == again.runs(other, "regression") == []


def test_the_newest_runs_of_a_person_are_kept_and_nobody_else_s_are_touched(tutor):
    shelf = RunShelf(tutor.sessions)
    result = LABS["regression"].execute(QUICK)
    shelf.keep(YOU, Run("theirs", {}, result))
    for n in range(KEPT + 3):
        shelf.keep(ME, Run(f"run-{n}", {"seed": n}, result))
    assert [run.run_id for run in shelf.runs(ME, "regression")] == [f"run-{n}" for n in range(3, KEPT + 3)]
    assert shelf.run(ME, "run-0") is None
    assert shelf.run(ME, "theirs") is None
    assert shelf.run(YOU, "theirs") is not None


def test_what_runs_for_a_forgotten_session_ends_and_is_not_kept(runs):
    runs.start(ME, "backprop", LONG)
    runs.forget(ME)
    assert runs.state(ME) is None
    assert runs.runs(ME, "backprop") == []
    assert finish(runs, ME, "regression", QUICK)  # the worker is free again
    assert runs.runs(ME, "backprop") == []


def test_a_guess_is_scored_once_and_joins_the_progress(runs, tutor):
    progress = ProgressStore(tutor.sessions)
    guesses = Guesses(runs, progress)
    values = {**QUICK, "learning_rate": [0.001, 0.3]}
    asked = guesses.question(ME, "regression", values)
    with pytest.raises(LabRunError, match="no guess"):
        guesses.read(asked, "bananas")
    guess = guesses.read(asked, "learning rate = 0.3")
    state = runs.start(ME, "regression", values)
    guesses.keep(ME, state.run_id, asked, guess)
    ended(runs, ME)
    run = runs.run(ME, state.run_id)
    outcome = guesses.outcome(ME, run)
    assert outcome.score == 1.0
    assert guesses.outcome(ME, run) == outcome
    assert guesses.outcome(YOU, run) is None
    assert sum(entry.count for entry in progress.predictions(ME)) == 1


def test_a_run_as_files(runs):
    result = finish(runs, ME, "regression", QUICK).result
    rows = list(csv.DictReader(io.StringIO(curves_csv(result))))
    assert [row["epoch"] for row in rows[:21]] == [str(n) for n in range(21)]
    losses = [float(row["mse_train_by_epoch"]) for row in rows[:21]]
    assert losses == pytest.approx(result.series["mse_train_by_epoch"].tolist(), rel=1e-6)
    assert '"nbformat": 4' in notebook_json(result)
