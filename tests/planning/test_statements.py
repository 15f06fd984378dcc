"""Messages that look like a run and are none, and the runs that look like them."""

import pytest

from tutor.planning.router import Router


@pytest.mark.parametrize(
    "message",
    [
        "so q learning runs along the edge",
        "dropout 0.5 means half the units are off",
        "tanh or sigmoid, which one",
        "nn.Conv2d(32, 64, 3) how many weights",
        "Fit the closed form to the points $(0, 1)$ and $(1, 3)$.",
        "LinearRegression().fit()",
        "can i leave out the relu",
        "run me through the forward pass",
        "gradient descent in simple words please",
        "policy iteration",
        "perceptron",
        "225 examples and batches of 32",
        "circle with a dot inside",
        "how can we update a mean without storing every reward",
        "is there a way to test if my gradients are correct",
        "how do i change the learning rate by hand in the formula",
    ],
)
def test_nothing_is_run_and_nothing_asked_back(router: Router, message: str) -> None:
    plan = router.plan(message)
    assert plan.intent in ("question", "other")
    assert plan.alternative is None


@pytest.mark.parametrize(
    ("message", "lab"),
    [
        ("lstm stock for nvidia", "lstm_stock"),
        ("eps 0, 0.01 and 0.1", "bandit"),
        ("ucb vs greedy", "bandit"),
        ("neural network on the two moons dataset, more noise, say 0.4", "backprop"),
        ("can we do lasso regression please", "regression"),
        ("can I see a resnet learn mnist in 3 epochs", "cnn"),
        ("run the bandit with epsilons=np.linspace(0, 1, 3)", "bandit"),
    ],
)
def test_orders_that_hold_such_words_still_run(router: Router, message: str, lab: str) -> None:
    plan = router.plan(message)
    assert (plan.intent, plan.lab) == ("lab", lab)


def test_a_remark_on_a_run_starts_no_other(router: Router) -> None:
    assert router.plan("49 percent, thats worse than a coin", ["run the lstm_stock"]).intent == "question"
    assert router.plan("so i should buy apple then?", ["run trading on apple"]).intent == "question"


def test_the_lab_s_bare_name_is_asked_back(router: Router) -> None:
    plan = router.plan("cnn")
    assert plan.alternative is not None
    assert plan.alternative.lab == "cnn"
