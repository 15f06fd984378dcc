"""The backprop lab against worked examples, finite differences, PyTorch and scikit-learn."""

import warnings

import numpy as np
import pytest

from labs.backprop import LAB, BackpropParams, tell
from labs.base import Context
from labs.checks.backprop import compare_with_torch, mazur
from labs.cores.backprop import (
    SGD,
    Adam,
    Momentum,
    Network,
    SoftmaxCrossEntropy,
    Tanh,
    make_points,
    numeric_gradient,
    relative_error,
    train,
)
from labs.errors import BadParameterError, LabCancelled
from labs.reports.backprop import findings, notes

QUICK = {"epochs": 30, "samples": 120}


def run(**values):
    return LAB.execute({**QUICK, **values})


def names(result):
    return {finding.name for finding in result.findings}


def test_mazurs_worked_example_comes_out_to_all_published_digits():
    net = mazur()
    error, gradient = net.loss_and_gradient(np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]))
    assert error == pytest.approx(0.298371109, abs=5e-10)
    net.theta -= 0.5 * gradient
    assert net.dense[0].W.T.ravel() == pytest.approx(
        [0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9
    )
    assert net.dense[1].W.T.ravel() == pytest.approx(
        [0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9
    )


def test_every_reference_check_holds():
    checks = LAB.verify()
    assert len(checks) == 5
    assert [check.name for check in checks if not check.ok] == []


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("hidden", [(5,), (7, 4, 3)])
def test_gradients_agree_with_finite_differences_also_with_a_penalty(activation, hidden):
    rng = np.random.default_rng(3)
    net = Network((2, *hidden, 2), activation, rng)
    X, y = make_points("moons", 40, 0.2, rng)
    analytic = net.loss_and_gradient(X, y, l2=0.1)[1].copy()
    numeric = numeric_gradient(net, X, y, np.arange(len(analytic)), l2=0.1)
    smooth = np.isfinite(numeric)
    assert smooth.mean() > 0.9
    assert relative_error(analytic[smooth], numeric[smooth]) < 1e-6


def test_the_gradient_check_notices_a_wrong_derivative(monkeypatch):
    monkeypatch.setattr(Tanh, "backward", lambda self, dA: dA * (1.0 - self.A))  # the square forgotten
    assert run(activation="tanh").metrics["gradient_check"] > 1e-2


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_gradients_are_those_of_pytorch(activation):
    assert compare_with_torch(activation, (2, 8, 5, 3)) < 1e-12


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_optimizers_take_the_steps_of_pytorchs(name):
    import torch

    start, target = np.array([1.0, -2.0, 3.0]), np.array([0.5, 0.5, -1.0])
    ours = {"sgd": SGD, "momentum": Momentum, "adam": Adam}[name](0.05, 3)
    theta = start.copy()
    theirs = torch.nn.Parameter(torch.from_numpy(start.copy()))
    rule = {
        "sgd": lambda: torch.optim.SGD([theirs], lr=0.05),
        "momentum": lambda: torch.optim.SGD([theirs], lr=0.05, momentum=0.9),
        "adam": lambda: torch.optim.Adam([theirs], lr=0.05),
    }[name]()
    for _ in range(20):
        ours.step(theta, theta - target)
        rule.zero_grad()
        (0.5 * (theirs - torch.from_numpy(target)) ** 2).sum().backward()
        rule.step()
    assert theta == pytest.approx(theirs.detach().numpy(), abs=1e-9)


def test_softmax_of_equal_scores_costs_the_log_of_the_number_of_classes():
    loss = SoftmaxCrossEntropy()
    assert loss.forward(np.zeros((4, 3)), np.array([0, 1, 2, 0])) == pytest.approx(np.log(3))
    assert loss.forward(np.array([[1e4, 0.0]]), np.array([1])) == pytest.approx(1e4)  # and nothing overflows


def test_training_reaches_what_scikit_learns_network_reaches():
    from sklearn.neural_network import MLPClassifier

    X, y = make_points("spiral", 300, 0.2, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    net = Network((2, 16, 16, 3), "relu", rng)
    for _ in train(net, X[:200], y[:200], "adam", 0.02, 60, 32, 0.0, rng):
        pass
    ours = (net.forward(X[200:]).argmax(axis=1) == y[200:]).mean()
    theirs = MLPClassifier(
        (16, 16),
        learning_rate_init=0.02,
        batch_size=32,
        max_iter=60,
        n_iter_no_change=60,
        tol=0,
        alpha=0,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X[:200], y[:200])
    assert ours > 0.93
    assert ours >= theirs.score(X[200:], y[200:]) - 0.05


def test_the_defaults_learn_the_spiral():
    metrics = LAB.execute({}).metrics
    assert metrics["accuracy_test"] >= 0.93
    assert metrics["accuracy_train"] >= 0.97
    assert metrics["gradient_check"] < 1e-6
    assert metrics["loss_final"] < 0.1


def test_xor_without_noise_has_four_points_and_is_learned():
    X, y = make_points("xor", 40, 0.0, np.random.default_rng(0))
    assert {tuple(point) for point in X} == {(-1, -1), (-1, 1), (1, -1), (1, 1)}
    assert np.array_equal(y, (X[:, 0] * X[:, 1] < 0).astype(int))
    assert run(dataset="xor", noise=0, hidden=[8], epochs=100).metrics["accuracy_test"] == 1.0


def test_the_rings_have_their_radii_without_noise():
    X, y = make_points("circles", 50, 0.0, np.random.default_rng(0))
    assert np.hypot(*X.T) == pytest.approx(np.where(y == 0, 1.0, 0.4))


def test_the_same_seed_gives_the_same_metrics_and_another_seed_others():
    assert run(seed=5).metrics == run(seed=5).metrics
    assert run(seed=5).metrics != run(seed=6).metrics


def test_the_curves_end_at_the_metrics():
    result = run()
    for name, metric in (
        ("loss_train", "loss_final"),
        ("accuracy_test", "accuracy_test"),
        ("loss_test", "loss_test"),
    ):
        assert len(result.series[name]) == QUICK["epochs"] + 1
        assert result.series[name][-1] == result.metrics[metric]


def test_every_chart_reads_series_that_exist():
    from labs.charts import alt_text, chart_keys

    for result in (run(), run(epochs=1, hidden=[1])):
        for chart in result.charts:
            assert chart_keys(chart) <= set(result.series)
            assert alt_text(chart, result.series)


def test_a_weight_penalty_makes_the_weights_smaller():
    sizes = [np.abs(tell(BackpropParams(**QUICK, l2=l2), Context()).net.theta).sum() for l2 in (0.0, 0.1)]
    assert sizes[1] < 0.7 * sizes[0]


def test_huge_steps_are_told_as_divergence():
    assert "divergence" in names(
        run(dataset="moons", optimizer="momentum", learning_rate=10, activation="tanh")
    )


def test_numbers_that_stop_being_finite_end_the_run_with_finite_metrics():
    result = run(optimizer="sgd", learning_rate=10, hidden=[8], l2=1, batch_size=2)
    assert all(np.isfinite(value) for value in result.metrics.values())
    assert "divergence" in names(result)


def test_dead_units_are_counted_in_the_evidence():
    result = run(optimizer="sgd", learning_rate=10)
    dead = next(finding for finding in result.findings if finding.name == "dead_relu")
    assert "16 units" in dead.evidence


def test_a_deep_sigmoid_network_is_told_that_its_gradient_vanishes():
    assert "vanishing_gradient" in names(run(activation="sigmoid", hidden=[16] * 5))
    assert "vanishing_gradient" not in names(run(activation="relu", hidden=[16, 16]))


def test_a_big_network_on_few_noisy_points_is_told_that_it_overfits():
    result = LAB.execute(
        {"dataset": "moons", "noise": 0.35, "samples": 60, "hidden": [64, 64], "epochs": 200}
    )
    assert "overfitting" in names(result)


def test_one_hidden_unit_is_told_that_it_underfits():
    assert names(run(hidden=[1], dataset="circles", epochs=60)) & {"underfitting", "no_learning"}


def test_notes_carry_the_numbers_of_the_run():
    p = BackpropParams(**QUICK)
    story = tell(p, Context())
    text = " ".join(notes(p, story))
    assert f"{story.accuracy_test[-1]:.1%}" in text
    assert 2 <= len(notes(p, story)) <= 5
    assert isinstance(findings(p, story), tuple)


def test_a_cancelled_run_stops_within_an_epoch():
    calls = []
    with pytest.raises(LabCancelled):
        tell(BackpropParams(), Context(lambda *args: calls.append(args), lambda: len(calls) >= 5))
    assert len(calls) == 5


def test_a_list_of_activations_is_compared():
    result = run(activation=["relu", "tanh"])
    assert {"accuracy_test[activation=relu]", "accuracy_test[activation=tanh]"} <= set(result.metrics)


def test_a_network_that_would_take_too_long_is_refused_with_the_nearest_value():
    with pytest.raises(BadParameterError, match="over the limit"):
        LAB.validate({"hidden": [256] * 8, "epochs": 5000, "samples": 5000})


def test_hidden_without_a_layer_is_refused():
    with pytest.raises(BadParameterError, match="hidden"):
        LAB.validate({"hidden": []})
