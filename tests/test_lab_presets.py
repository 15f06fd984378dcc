"""The stories of the labs room: legal by the lab's own check, and true in the numbers of the run."""

from __future__ import annotations

import pytest

from labs.registry import LABS
from tutor.lab_presets import COMMON, PRESETS, common, presets

ALL = [(lab_id, preset) for lab_id, stories in PRESETS.items() for preset in stories]


def result(lab_id, name):
    preset = next(preset for preset in PRESETS[lab_id] if preset.name == name)
    return LABS[lab_id].execute(preset.values)


def names(found):
    return {finding.name for finding in found.findings}


def test_every_lab_has_three_to_five_stories_and_settings_on_top():
    assert set(PRESETS) == set(LABS) == set(COMMON)
    for lab in LABS.values():
        assert 3 <= len(presets(lab)) <= 5, lab.id
        assert len({preset.name for preset in presets(lab)}) == len(presets(lab))
        assert 3 <= len(common(lab)) <= 6
        assert set(common(lab)) <= {info.name for info in lab.parameters}, lab.id


@pytest.mark.parametrize(("lab_id", "preset"), ALL, ids=lambda value: getattr(value, "name", value))
def test_a_story_is_legal_and_says_only_what_differs(lab_id, preset):
    lab = LABS[lab_id]
    plan = lab.validate(preset.values)
    assert plan.lab == lab_id
    same = [name for name, value in preset.values.items() if value == lab.defaults[name]]
    assert same in ([], ["epsilons"])  # the classic comparison is the bandit's default, and is named for it
    assert preset.story.endswith(".")
    assert len(preset.story) < 130


def test_regression_stories_come_true():
    default = LABS["regression"].execute({})
    assert "divergence" in names(result("regression", "Too large a step"))
    small = result("regression", "Too small a step")
    assert "not_converged" in names(small)
    assert small.metrics["mse_train"] > 20 * default.metrics["mse_train"]
    bends = result("regression", "Too many bends")
    assert bends.metrics["mse_test"] > 100 * bends.metrics["mse_train"]
    ridge = result("regression", "Ridge to the rescue")
    assert ridge.metrics["mse_test"] < bends.metrics["mse_test"] / 10
    scaled = result("regression", "Forgot to scale").metrics
    assert scaled["mse_train[scale_features=false]"] > 1.5 * scaled["mse_train[scale_features=true]"]


def test_backprop_stories_come_true():
    assert result("backprop", "One unit is not enough").metrics["accuracy_train"] < 0.75
    assert "no_learning" in names(result("backprop", "Too large a step"))
    assert "vanishing_gradient" in names(result("backprop", "The gradient fades away"))
    noise = result("backprop", "Learning the noise by heart").metrics
    assert noise["accuracy_train"] > 0.98
    assert noise["accuracy_test"] < 0.9


def test_classification_stories_come_true():
    scale = result("classification", "Forgot to scale").metrics
    assert scale["accuracy[knn, scale_features=true]"] > scale["accuracy[knn, scale_features=false]"] + 0.15
    near = result("classification", "How many neighbours?").metrics
    assert near["accuracy[k=100]"] < near["accuracy[k=5]"] - 0.03
    depth = result("classification", "A tree that may ask one question").metrics
    assert depth["accuracy[max_depth=1]"] < 0.25
    assert depth["accuracy[max_depth=none]"] > 0.8


def test_bandit_stories_come_true():
    assert "never_explored" in names(result("bandit", "No exploration at all"))
    best = {
        name: value
        for name, value in result("bandit", "A pinch of curiosity").metrics.items()
        if name.startswith("optimal")
    }
    assert list(best.values()) == sorted(best.values())
    assert "too_much_exploration" in names(result("bandit", "Curious for ever"))
    moving = result("bandit", "The world moves on").metrics
    assert moving["optimal_final[step_size=0.1]"] > moving["optimal_final[step_size=none]"] + 0.1


def test_trading_stories_come_true():
    assert "p_value_vs_random" in result("trading", "Luck looks like skill").metrics
    cost = result("trading", "The broker wins").metrics
    returns = [cost[f"return_total[cost_bps={bps}]"] for bps in (0, 10, 50)]
    assert returns == sorted(returns, reverse=True)
    assert returns[-1] < 0
    dice = result("trading", "Dice instead of learning").metrics
    assert dice["return_total[epsilon=1]"] < -0.5 < dice["return_total[epsilon=0.1]"]


def test_mdp_stories_come_true():
    ahead = result("mdp", "How far ahead?").metrics
    values = [ahead[f"start_value[gamma={gamma}]"] for gamma in ("0.5", "0.9", "0.99")]
    assert values == sorted(values)
    cliff = result("mdp", "Along the cliff").metrics
    assert cliff["return_greedy[method=q_learning]"] == -13
    assert cliff["return_last_100[method=sarsa]"] > cliff["return_last_100[method=q_learning]"]
    ice = result("mdp", "Ice that slips").metrics
    assert ice["return_greedy[slip=0]"] > ice["return_greedy[slip=0.67]"] + 0.1
    assert "never found the goal" in names(result("mdp", "Never off the beaten track"))


@pytest.mark.slow
def test_cnn_stories_come_true():
    assert result("cnn", "After one pass").metrics["accuracy_test"] > 0.8
    assert result("cnn", "Too large a step").metrics["accuracy_test"] < 0.3
    asleep = result("cnn", "Nine units in ten asleep").metrics
    assert asleep["accuracy_test[dropout=0]"] > asleep["accuracy_test[dropout=0.9]"] + 0.02


@pytest.mark.slow
def test_dqn_stories_come_true():
    assert result("dqn", "Short-sighted").metrics["reward_mean_last_50"] < 300
    assert "still exploring" in names(result("dqn", "Too few games"))
    steps = result("dqn", "One reward at a time").metrics
    assert steps["reward_mean_last_50[n_step=20]"] > 1.5 * steps["reward_mean_last_50[n_step=1]"]


@pytest.mark.slow
def test_rnn_stories_come_true():
    gates = result("rnn", "Gates against forgetting").metrics
    assert gates["gradient_ratio[cell=lstm]"] > 1000 * gates["gradient_ratio[cell=rnn]"]
    # How far the loss comes down again is chance: it differs between processors.
    wild = result("rnn", "No brakes")
    assert {"divergence", "exploding_gradient"} & names(wild)
    assert wild.metrics["loss_val"] > 0.8 * wild.metrics["loss_before"]
    memory = result("rnn", "A very small memory").metrics
    assert memory["loss_val[hidden=4]"] > memory["loss_val[hidden=64]"] + 0.3


@pytest.mark.slow
def test_lstm_stock_stories_come_true():
    stock = result("lstm_stock", "Beaten by yesterday")
    assert stock.metrics["skill"] < 0
    assert "worse_than_naive" in names(stock)
    leak = result("lstm_stock", "A peek at the future")
    assert leak.metrics["rmse[leak=true]"] < leak.metrics["rmse[leak=false]"]
    assert "leakage" in names(leak)
    noise = result("lstm_stock", "Learning the noise by heart")
    assert noise.metrics["skill"] < 0
    assert "overfitting" in names(noise)


@pytest.mark.slow
def test_the_stories_of_the_language_model_come_true():
    young = result("language_model", "It has hardly read anything").metrics
    assert young["bits_per_character"] > young["bits_per_character_bigram"]
    assert "temperature_too_low" in names(result("language_model", "Always the likeliest letter"))
    assert "temperature_too_high" in names(result("language_model", "Throwing dice"))
    memory = result("language_model", "Eight letters of memory").metrics
    assert memory["bits_per_character[context=8]"] < memory["bits_per_character[context=64]"]
