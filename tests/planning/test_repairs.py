"""Slips that a message mends itself, courtesies around an order, and runs that are only imagined."""

from __future__ import annotations

import pytest

from tutor.planning.router import Router


@pytest.mark.parametrize(
    ("turns", "parameters"),
    [
        (["run the cnn with learning rate 0,01"], {"learning_rate": 0.01}),
        (["run the bandit with epsilon 0,0.1"], {"epsilons": [0, 0.1]}),  # two numbers, and no decimal comma
        (["run the bandit with 20 arms, not 200"], {"arms": 20}),
        (["run the regression with alpha 0.5, no wait, 0.01"], {"alpha": 0.01}),
        (["run the regression with alpha 0.5 nvm make it 0.01"], {"alpha": 0.01}),
        (["run backprop with three learning rates: 0.1, 0.2 and 0.3"], {"learning_rate": [0.1, 0.2, 0.3]}),
        (["run the bandit with, let us say, 7 arms"], {"arms": 7}),
        (["run the mdp on the cliff, the big one, 500 episodes"], {"world": "cliff", "episodes": 500}),
        (["run the rnn with a gru in place of the lstm"], {"cell": "gru"}),
        (["run the language model prompted with 'Once upon'"], {"prompt": "Once upon"}),
        (["train the language model on 'the cat sat'"], {"text": "the cat sat"}),
        (["train the dqn for 100 episodes", "do it again with twice as many"], {"episodes": 200}),
        (["run the cnn for 5 epochs", "I'm so sorry, I meant 8 epochs"], {"epochs": 8}),
        (["run the cnn for 5 epochs", "my mistake, the epochs should be 8"], {"epochs": 8}),
        (
            ["run classification on wine with knn", "chuck the svm in"],
            {"dataset": "wine", "models": ["knn", "svm"]},
        ),
        (["Would you be so kind as to run the bandit with 5 arms?"], {"arms": 5}),
        (["I should be most grateful if you ran the bandit with 5 arms"], {"arms": 5}),
    ],
)
def test_a_run_is_set_to_what_was_meant(
    router: Router, turns: list[str], parameters: dict[str, object]
) -> None:
    plan = router.plan(turns[-1], turns[:-1])
    assert (plan.intent, plan.parameters) == ("lab", parameters)


@pytest.mark.parametrize(
    "message",
    [
        "if i ran this with 5 layers would it overfit?",
        "So if there were no noise, the line would fit perfectly?",
        "could you be so kind as to explain the chain rule",
    ],
)
def test_what_is_only_imagined_or_asked_runs_nothing(router: Router, message: str) -> None:
    assert router.plan(message, ["run backprop on the spiral"]).intent == "question"


def test_a_what_if_with_a_setting_is_still_a_run(router: Router) -> None:
    plan = router.plan("what if epsilon were 0.3?", ["run the bandit"])
    assert (plan.intent, plan.parameters) == ("lab", {"epsilons": [0.3]})
