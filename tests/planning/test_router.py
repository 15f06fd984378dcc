"""What the tutor makes of a message: each test is one promise of the router."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from labs.base import Lab, LabParams
from labs.fields import param
from labs.registry import LABS
from tutor.planning.router import Plan, Router


def run(lab: str, **parameters: Any) -> tuple[str, str, dict[str, Any]]:
    return "lab", lab, parameters


def said(plan: Plan) -> tuple[str, str | None, dict[str, Any]]:
    return plan.intent, plan.lab, plan.parameters


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("run the bandit with epsilon 0, 0.01 and 0.1", run("bandit", epsilons=[0, 0.01, 0.1])),
        ("bandit with ten arms for a thousand steps", run("bandit", arms=10, steps=1000)),
        ("a 5-armed bandit please, 2k steps", run("bandit", arms=5, steps=2000)),
        ("ucb vs greedy", run("bandit", policies=["ucb", "epsilon_greedy"])),
        ("linear regression with a 20 percent test split", run("regression", test_fraction=0.2)),
        ("linear regression with an 80/20 split", run("regression", test_fraction=0.2)),
        ("run gradient descent, lr 1e-3, epochs 1k", run("regression", learning_rate=0.001, epochs=1000)),
        ("fit a third degree polynomial to the curve data", run("regression", degree=3, dataset="curve")),
        ("neural net with two hidden layers of 32 and 16", run("backprop", hidden=[32, 16])),
        ("neural net with three hidden layers of 64", run("backprop", hidden=[64, 64, 64])),
        ("compare sgd and adam on the neural net", run("backprop", optimizer=["sgd", "adam"])),
        ("decision tree with no depth limit", run("classification", models=["tree"], max_depth=None)),
        ("train a cnn, turn on augmentation", run("cnn", augment=True)),
        ("cnn with no dropout please", run("cnn", dropout=0)),
        ("train the transformer with prompt \"Once upon\"", run("language_model", prompt="Once upon")),
        (
            "trade apple and coca cola from 2015 to 2020",
            run("trading", tickers=["AAPL", "KO"], start="2015-01-01", end="2020-12-31"),
        ),
        ("sarsa vs q-learning on the cliff", run("mdp", method=["sarsa", "q_learning"], world="cliff")),
        ("train a dqn without the double trick", run("dqn", double=False)),
        ("train a GRU on text", run("rnn", cell="gru")),
        ("predict tesla's stock price, leak the test set", run("lstm_stock", ticker="TSLA", leak=True)),
        ("lab:bandit?epsilons=[0.1]&seed=7", run("bandit", epsilons=[0.1], seed=7)),
    ],
)  # fmt: skip
def test_settings_in_words_become_parameters(router: Router, message: str, wanted: tuple) -> None:
    assert said(router.plan(message)) == wanted


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (["run backprop on moons", "same with tanh"], run("backprop", dataset="moons", activation="tanh")),
        (["run backprop on circles", "and on moons?"], run("backprop", dataset="moons")),
        (["bandit with epsilon 0.1", "now with 20 arms"], run("bandit", epsilons=[0.1], arms=20)),
        (["run the bandit", "what if epsilon were 0.3?"], run("bandit", epsilons=[0.3])),
        (["run the bandit", "double the arms"], run("bandit", arms=20)),
        (["run a bandit with 30 arms", "half the arms"], run("bandit", arms=15)),
        (["run backprop for 50 epochs", "10 more epochs"], run("backprop", epochs=60)),
        (["bandit with epsilon 0.3", "no, I meant 0.2"], run("bandit", epsilons=[0.2])),
        (["bandit with 10 arms", "actually make it 12"], run("bandit", arms=12)),
        (["linear regression", "again but with 5 epochs"], run("regression", epochs=5)),
        (["cnn with lr 3", "run it with the default settings"], run("cnn")),
        (["predict apple's stock price", "now microsoft"], run("lstm_stock", ticker="MSFT")),
        (["what is ucb?", "ok run it"], run("bandit", policies=["ucb"])),
        (["bandit with 20 arms", "what is regret?", "thanks", "try epsilon 0.3"],
         run("bandit", arms=20, epsilons=[0.3])),
        (["bandit with 20 arms", "now q-learning on the cliff"],
         run("mdp", method="q_learning", world="cliff")),
        (["bandit with 20 arms", "run the bandit with ucb"], run("bandit", policies=["ucb"])),
    ],
)  # fmt: skip
def test_a_follow_up_changes_the_run_before_it(router: Router, turns: list[str], wanted: tuple) -> None:
    assert said(router.plan(turns[-1], turns[:-1])) == wanted


@pytest.mark.parametrize(
    "message",
    [
        "what does epsilon do?",
        "how does a bandit work",
        "why would you run a bandit with optimistic initial values?",
        "can you show me how gradient descent works",
        "my friend ran the bandit with 20 arms and got 1.2, is that good?",
        "i ran q-learning on the cliff with epsilon 0.5 yesterday and it kept falling",
        "don't run anything, just explain how UCB works",
        "when you train a cnn, how many epochs is normal?",
        "if you run a bandit with epsilon 0 what do you get",
        "should I use 10 or 20 arms",
        "bandits",
    ],
)
def test_a_question_about_a_labs_subject_runs_nothing(router: Router, message: str) -> None:
    assert said(router.plan(message)) == ("question", None, {})


@pytest.mark.parametrize("question", ["why did it flatten out?", "which one won?", "what is regret here"])
def test_a_question_about_a_past_run_runs_nothing(router: Router, question: str) -> None:
    assert router.plan(question, ["run the bandit with 20 arms"]).intent == "question"


def test_explain_and_run_is_a_run(router: Router) -> None:
    assert said(router.plan("explain UCB, then run it")) == run("bandit", policies=["ucb"])


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("run the epsilon-greedy bandit", run("bandit")),
        ("run value iteration", run("mdp")),
        ("train an rnn", run("rnn")),
        ("run value iteration on frozen lake", run("mdp", world="frozen_lake")),
    ],
)
def test_naming_a_lab_by_its_usual_method_sets_nothing(router: Router, message: str, wanted: tuple) -> None:
    assert said(router.plan(message)) == wanted


def test_a_default_that_is_mentioned_is_listed(router: Router) -> None:
    plan = router.plan("solve the grid world using value iteration")
    assert said(plan) == run("mdp", method="value_iteration")
    assert said(router.plan("run the bandit with 10 arms")) == run("bandit", arms=10)


def test_a_senseless_value_is_passed_on_as_said(router: Router) -> None:
    assert said(router.plan("run the bandit with epsilon 2")) == run("bandit", epsilons=[2])


@pytest.mark.parametrize(
    "message",
    [
        "train a GAN",
        "run k-means on iris",
        "train a cnn on cifar-10",
        "train a dqn on atari breakout",
        "run linear regression on the titanic dataset",
        "run a cnn on my cat photos",
        "what can you do",
        "which experiments can i run here",
        "how do i change the model",
    ],
)
def test_a_wish_that_no_lab_grants_is_meta(router: Router, message: str) -> None:
    assert said(router.plan(message)) == ("meta", None, {})


@pytest.mark.parametrize("lab", [lab for lab in LABS if lab != "bandit"])
def test_a_lab_that_is_not_registered_is_never_replaced_by_another(bandit_only: Router, lab: str) -> None:
    name = LABS[lab].synonyms[0]
    assert said(bandit_only.plan(f"run the {name} lab")) == ("meta", None, {})


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("quiz me on lecture 4", "quiz"),
        ("test me", "quiz"),
        ("hiya", "smalltalk"),
        ("thanks so much", "smalltalk"),
        ("write me a poem about epsilon", "other"),
        ("what's the weather like today", "other"),
        ("book a flight to paris", "other"),
        ("", "other"),
        ("?!", "other"),
    ],
)
def test_other_intents_are_told_apart(router: Router, message: str, intent: str) -> None:
    assert router.plan(message).intent == intent


def test_a_quiz_knows_its_lecture(router: Router) -> None:
    assert router.plan("quiz me on lecture 4").lecture == 4
    assert router.plan("ask me some questions about convnets").lecture == 7


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("run the bandt with 15 arsm", run("bandit", arms=15)),
        ("tain a nueral network with tanh activaton", run("backprop", activation="tanh")),
        ("fit a random forrest", run("classification", models=["forest"])),
    ],
)
def test_typing_mistakes_are_understood(router: Router, message: str, wanted: tuple) -> None:
    assert said(router.plan(message)) == wanted


def test_the_session_may_say_which_run_was_last(router: Router) -> None:
    plan = router.plan("now with 20 arms", last_lab="bandit", last_parameters={"epsilons": [0.1]})
    assert said(plan) == run("bandit", epsilons=[0.1], arms=20)


def test_a_bare_name_offers_the_run_beside_the_explanation(router: Router) -> None:
    plan = router.plan("regression")
    assert plan.intent == "question"
    assert plan.alternative is not None
    assert said(plan.alternative) == run("regression")
    assert (
        router.plan("gradient descent").alternative is None
    )  # a topic, which the answer explains and offers to run


def test_an_lstm_without_a_subject_offers_both_labs(router: Router) -> None:
    plan = router.plan("train an lstm")
    assert plan.lab == "rnn"
    assert plan.alternative is not None
    assert plan.alternative.lab == "lstm_stock"


def test_planning_one_message_leaves_no_trace_in_the_next(router: Router) -> None:
    router.plan("run the bandit with 20 arms")
    assert router.plan("now with 30 arms").parameters.get("epsilons") is None
    assert router.plan("same with tanh").parameters.get("arms") is None


def test_a_very_long_message_is_cut_and_answered(router: Router) -> None:
    assert router.plan("run the bandit with 20 arms. " + "blah " * 20_000).parameters == {"arms": 20}


class _JarParams(LabParams):
    marbles: int = param(10, "marbles in the jar", ge=1, le=100, synonyms=("balls",))
    learning_rate: float = param(0.1, "step", gt=0, le=1)
    sort: str = param("plain", "kind", choice_synonyms={"plain": ("ordinary jar",)})


def test_a_new_lab_needs_no_router_code() -> None:
    jar = Lab(
        id="jar", title="A jar of marbles", lectures=(1,), learn="", params=_JarParams, run=lambda p, c: None,
        synonyms=("marble jar",),
    )  # fmt: skip
    router = Router({"jar": jar})
    assert said(router.plan("run the marble jar with 30 balls and lr 0.5")) == run(
        "jar", marbles=30, learning_rate=0.5
    )


def test_what_is_planned_with_sane_values_is_what_the_lab_takes(router: Router) -> None:
    plan = router.plan("neural net with two hidden layers of 32 and 16, tanh, 50 epochs on moons")
    assert plan.lab is not None
    try:
        LABS[plan.lab].params(**plan.parameters)
    except ValidationError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("run the regression with scaling true and false", [True, False]),
        ("run the regression with scaling off versus on", [False, True]),
        ("run the regression with scaling on and 200 samples", True),
    ],
)
def test_a_switch_can_be_compared_in_both_positions(router: Router, message: str, value: Any) -> None:
    assert router.plan(message).parameters["scale_features"] == value


def test_a_value_that_is_also_the_labs_name_counts_where_the_list_is(router: Router) -> None:
    plan = router.plan("run the rnn with cell rnn, gru and lstm")
    assert (plan.lab, plan.parameters) == ("rnn", {"cell": ["rnn", "gru", "lstm"]})


@pytest.mark.parametrize(
    ("when", "start", "end"),
    [
        ("from 1 march 2015 to 5 april 2016", "2015-03-01", "2016-04-05"),
        ("from 01/03/2015 to 05/04/2016", "2015-03-01", "2016-04-05"),
        ("since april 5th, 2015", "2015-04-05", None),
        ("before 2010", None, "2009-12-31"),
        ("before 2015-02-31", None, "2015-02-31"),
        ("until february 2016", None, "2016-02-29"),
    ],
)
def test_dates_are_days_as_the_labs_take_them(
    router: Router, when: str, start: str | None, end: str | None
) -> None:
    plan = router.plan(f"trade apple with a bandit {when}")
    days = {name: day for name, day in (("start", start), ("end", end)) if day is not None}
    assert plan.parameters == {"tickers": ["AAPL"], **days}


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        (["bandit with eps=.01 vs eps=.1"], {"epsilons": [0.01, 0.1]}),
        (["bandit with pure greedy vs epsilon 0.1"], {"epsilons": [0, 0.1]}),
        (["run the bandit", "compare it with ucb"], {"policies": ["epsilon_greedy", "ucb"]}),
        (["run the bandit for 200 steps", "double it"], {"steps": 400}),
    ],
)
def test_values_side_by_side_and_scaled(router: Router, turns: list[str], wanted: dict[str, Any]) -> None:
    assert router.plan(turns[-1], turns[:-1]).parameters == wanted
