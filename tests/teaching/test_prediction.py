"""Predict, then run: the questions come from the labs, and a guess is scored against the run's own numbers."""

import json

import pytest

from labs.base import LabResult
from labs.registry import LABS
from tutor.progress import ProgressStore
from tutor.sessions import SessionStore
from tutor.teaching.prediction import Prediction, ask, read_guess, score

SWEEPS = {  # a comparison of each lab that a student may ask for
    "regression": {"learning_rate": [0.1, 1.2]},
    "backprop": {"activation": ["tanh", "relu"]},
    "classification": {"models": ["knn", "svm"]},
    "cnn": {"epochs": [1, 3]},
    "language_model": {"context": [8, 64]},
    "bandit": {"epsilons": [0, 0.1]},
    "trading": {"cost_bps": [0, 10]},
    "mdp": {"method": ["sarsa", "q_learning"], "world": "cliff"},
    "dqn": {"double": [True, False]},
    "rnn": {"cell": ["rnn", "lstm"]},
    "lstm_stock": {"lookback": [10, 50]},
}


def result(lab, metrics, **parameters):
    return LabResult(lab, lab, {**LABS[lab].defaults, **parameters}, 0, metrics)


@pytest.mark.parametrize("lab", LABS)
def test_every_lab_asks_which_run_wins_and_every_option_can_be_named(lab):
    question = ask(LABS[lab], SWEEPS[lab])
    assert question.kind == "which"
    assert len(question.options) == 3
    assert question.metric in LABS[lab].metrics
    assert LABS[lab].metrics[question.metric].better
    for at, option in enumerate(question.options):
        assert read_guess(question, "ABC"[at]) == at
        assert read_guess(question, option) == at


@pytest.mark.parametrize("lab", LABS)
def test_every_lab_has_a_question_for_its_default_run_that_survives_being_kept(lab):
    question = ask(LABS[lab], {})
    assert question is not None
    assert Prediction.from_dict(json.loads(json.dumps(question.to_dict()))) == question
    if question.kind == "number":
        assert question.band > 0
        assert "counts as right" in question.question  # the tolerance is told before


@pytest.mark.parametrize("lab", ["regression", "bandit", "mdp", "backprop", "classification"])
def test_the_answer_is_in_the_result_of_the_real_lab(lab):
    small = {"bandit": {"runs": 20, "steps": 60}, "backprop": {"epochs": 3}, "mdp": {"episodes": 60}}.get(
        lab, {}
    )
    values = {**SWEEPS[lab], **small}
    question = ask(LABS[lab], values)
    run = LABS[lab].execute(values)
    outcomes = [score(question, at, run) for at in range(len(question.options))]
    assert all(outcome is not None for outcome in outcomes)
    assert max(outcome.score for outcome in outcomes) == 1.0  # one of the options is right
    assert min(outcome.score for outcome in outcomes) < 1.0  # and another is not


def test_the_run_with_the_better_number_wins_and_both_numbers_are_said():
    question = ask(LABS["bandit"], {"epsilons": [0, 0.1]})
    key = "reward_final[epsilon_greedy, epsilon={}]"
    run = result("bandit", {key.format("0"): 1.014, key.format("0.1"): 1.361})
    right, wrong = score(question, 1, run), score(question, 0, run)
    assert (right.score, wrong.score) == (1.0, 0.0)
    assert "1.361" in wrong.said
    assert "1.014" in wrong.said
    assert wrong.actual == "ε = 0.1"


def test_lower_is_better_for_an_error_and_a_run_that_blew_up_loses():
    question = ask(LABS["regression"], {"learning_rate": [0.1, 1.2]})
    run = result(
        "regression", {"mse_test[learning_rate=0.1]": 1.0, "mse_test[learning_rate=1.2]": float("nan")}
    )
    assert score(question, 0, run).score == 1.0
    assert score(question, 1, run).score == 0.0


def test_runs_within_a_hair_of_each_other_are_a_draw():
    question = ask(LABS["backprop"], {"activation": ["tanh", "relu"]})
    run = result(
        "backprop", {"accuracy_test[activation=tanh]": 0.986, "accuracy_test[activation=relu]": 0.987}
    )
    assert score(question, 2, run).score == 1.0
    assert score(question, 0, run).score == 0.5


def test_with_a_run_before_the_question_is_whether_the_number_rises():
    before = result("regression", {"r2_test": 0.97})
    question = ask(LABS["regression"], {"noise": 5}, before)
    assert question.kind == "direction"
    assert "0.97" in question.question
    assert "noise from 1 to 5" in question.question
    assert read_guess(question, "it goes down") == 1
    now = result("regression", {"r2_test": 0.58}, noise=5.0)
    assert score(question, 1, now).score == 1.0
    assert score(question, 0, now).score == 0.0


def test_other_data_or_the_same_run_are_not_compared():
    before = result("regression", {"r2_test": 0.97})
    assert ask(LABS["regression"], {"dataset": "diabetes"}, before).kind == "number"
    assert ask(LABS["regression"], {}, before) is None


def test_a_number_is_right_within_the_band_and_half_right_within_twice_that():
    question = ask(LABS["regression"], {})
    run = result("regression", {"r2_test": 0.97})
    points = [
        score(question, read_guess(question, text), run).score for text in ("0.95", "about 0.9", "0.5", "95%")
    ]
    assert points == [1.0, 0.5, 0.0, 1.0]


def test_per_cent_may_be_typed_with_or_without_their_sign():
    question = ask(LABS["cnn"], {})
    assert [read_guess(question, text) for text in ("97", "97%", "0.97")] == [0.97, 0.97, 0.97]


@pytest.mark.parametrize(
    "text", ["why is that?", "run the cnn with 3 epochs", "I have no idea at all, sorry"]
)
def test_what_is_no_guess_is_not_read_as_one(text):
    assert read_guess(ask(LABS["bandit"], {"epsilons": [0, 0.1]}), text) is None


def test_a_refused_value_asks_nothing_and_a_missing_number_scores_nothing():
    assert ask(LABS["bandit"], {"arms": -3}) is None
    question = ask(LABS["regression"], {})
    assert score(question, 0.9, result("regression", {"r2_test": float("nan")})) is None


def test_the_scores_are_kept_by_lab_and_by_session(tmp_path):
    sessions = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    store = ProgressStore(sessions)
    question = ask(LABS["regression"], {})
    run = result("regression", {"r2_test": 0.97})
    for guess in (0.97, 0.5, 0.9):
        store.record_prediction("s", question, score(question, guess, run))
    found = store.predictions("s")
    assert [(p.lab, p.count, p.mean) for p in found] == [("regression", 3, 0.5)]
    assert store.predictions("other") == []
    sessions.close()
