"""The regression lab against scikit-learn, published values and closed forms."""

import json
import math

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.preprocessing import PolynomialFeatures

from labs.base import Context
from labs.cores.regression import closed_form, gradient_descent, polynomial, standardise
from labs.cores.regression_fit import FEATURES, fit
from labs.registry import LABS
from labs.regression import RegressionParams, verify

lab = LABS["regression"]
X, y = load_diabetes(return_X_y=True)
WHOLE = {"dataset": "diabetes", "test_fraction": 0}


def names(result):
    return {finding.name for finding in result.findings}


def test_every_published_value_is_reproduced():
    assert [check for check in verify() if not check.ok] == []


def test_ols_on_diabetes_agrees_with_scikit_learn():
    metrics, reference = lab.execute({**WHOLE, "method": "ols"}).metrics, LinearRegression().fit(X, y)
    found = [metrics[f"weight[{name}]"] for name in FEATURES]
    np.testing.assert_allclose(found, reference.coef_, rtol=1e-8)
    assert metrics["intercept"] == pytest.approx(reference.intercept_, rel=1e-8)
    assert metrics["r2_train"] == pytest.approx(reference.score(X, y), rel=1e-8)


def test_gradient_descent_converges_to_ols():
    descended = lab.execute({**WHOLE, "epochs": 20_000}).metrics
    exact = lab.execute({**WHOLE, "method": "ols"}).metrics
    for name in FEATURES:
        assert descended[f"weight[{name}]"] == pytest.approx(exact[f"weight[{name}]"], rel=1e-6)


def test_ols_says_that_it_matches_the_published_fit():
    assert any("This matches scikit-learn" in note for note in lab.execute({**WHOLE, "method": "ols"}).notes)
    assert not any("This matches" in note for note in lab.execute(WHOLE).notes)  # 200 epochs are not enough


@pytest.mark.parametrize("method", ["ols", "gd"])
def test_ridge_agrees_with_scikit_learn(method):
    f = fit(
        RegressionParams(**WHOLE, method=method, regularisation="ridge", alpha=0.3, epochs=3000), Context()
    )
    reference = Ridge(alpha=0.3 * len(y)).fit(standardise(X)[0], y)
    np.testing.assert_allclose(f.w, reference.coef_, rtol=1e-6)
    assert f.b == pytest.approx(reference.intercept_)


def test_lasso_agrees_with_scikit_learn_and_has_the_same_zeros():
    f = fit(RegressionParams(**WHOLE, regularisation="lasso", alpha=4.0, epochs=20_000), Context())
    reference = Lasso(alpha=2.0, tol=1e-10, max_iter=100_000).fit(standardise(X)[0], y)
    np.testing.assert_allclose(f.w, reference.coef_, rtol=1e-5, atol=1e-6)
    assert ((f.w == 0) == (reference.coef_ == 0)).all()
    assert (f.w == 0).any()


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_polynomial_columns_are_those_of_scikit_learn(degree):
    small = X[:20, :3]
    expected = PolynomialFeatures(degree, include_bias=False).fit_transform(small)
    np.testing.assert_allclose(polynomial(small, degree), expected)


def test_scaling_does_not_change_what_ols_predicts():
    scaled, plain = (
        lab.execute({"dataset": "curve", "degree": 4, "method": "ols", "scale_features": flag}).metrics
        for flag in (True, False)
    )
    assert scaled == pytest.approx(plain, rel=1e-8)


def test_the_scale_is_learnt_from_the_training_rows_only():
    f = fit(RegressionParams(samples=50), Context())
    np.testing.assert_allclose(f.Z[f.train].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(f.Z[f.train].std(axis=0), 1)
    assert abs(f.Z[~f.train].mean()) > 1e-3


def test_two_points_and_one_gradient_step_by_hand():
    # x = (0, 2), y = (1, 3), from w = b = 0: dJ/dw = 2/2 (0*-1 + 2*-3) = -6, dJ/db = -1 - 3 = -4.
    d = gradient_descent(np.array([[0.0], [2.0]]), np.array([1.0, 3.0]), learning_rate=0.1, epochs=1)
    assert d.weights[1, 0] == pytest.approx(0.6)
    assert d.bias[1] == pytest.approx(0.4)
    assert d.loss.tolist() == pytest.approx([5.0, (0.6**2 + 1.4**2) / 2])
    w, b = closed_form(np.array([[0.0], [2.0]]), np.array([1.0, 3.0]))
    assert (w[0], b) == pytest.approx((1.0, 1.0))


def test_descent_is_stable_up_to_two_over_the_largest_curvature_and_not_beyond():
    Z, target = standardise(X)[0], y
    limit = 2 / np.linalg.eigvalsh(2 * Z.T @ Z / len(Z))[-1]
    assert gradient_descent(Z, target, 0.98 * limit, 2000).diverged_at is None
    assert gradient_descent(Z, target, 1.05 * limit, 2000).diverged_at is not None


def test_divergence_is_named_with_its_epoch_and_leaves_no_infinities():
    result = lab.execute({"scale_features": False})
    assert {"divergence", "unscaled_features"} <= names(result)
    assert "diverge at epoch 1" in result.title
    assert all(math.isfinite(value) for value in result.metrics.values())
    json.dumps(result.to_dict(), allow_nan=False)
    suggested = float(
        next(f for f in result.findings if f.name == "divergence").suggestion.split("=")[1].split(",")[0]
    )
    assert "divergence" not in names(lab.execute({"scale_features": False, "learning_rate": suggested}))


def test_a_wild_divergence_stays_finite_and_quiet():
    result = lab.execute(
        {"dataset": "curve", "degree": 15, "scale_features": False, "learning_rate": 10, "epochs": 20_000}
    )
    assert "divergence" in names(result)
    json.dumps(result.to_dict(), allow_nan=False)


def test_slow_descent_is_found_and_the_advice_helps():
    slow = lab.execute({"learning_rate": 0.001})
    assert "not_converged" in names(slow)
    assert "not_converged" not in names(lab.execute({}))


def test_too_stiff_and_too_loose_models_are_found():
    assert "underfitting" in names(lab.execute({"dataset": "curve"}))
    good = lab.execute({"dataset": "curve", "degree": 7, "method": "ols"})
    assert names(good) == set()
    loose = lab.execute({"dataset": "curve", "degree": 15, "samples": 30, "method": "ols"})
    assert "overfitting" in names(loose)


def test_a_sweep_over_the_degree_says_where_overfitting_begins():
    degrees = [1, 3, 5, 9, 15]
    result = lab.execute({"dataset": "curve", "degree": degrees, "samples": 30, "method": "ols"})
    test = [result.metrics[f"mse_test[degree={d}]"] for d in degrees]
    train = [result.metrics[f"mse_train[degree={d}]"] for d in degrees]
    assert train == sorted(train, reverse=True)
    best = degrees[int(np.argmin(test))]
    assert f"From degree {best} to 15 the training error fell" in result.notes[0]
    assert "overfitting_by_degree" in names(result)
    summary = result.chart("summary")
    np.testing.assert_allclose(result.series[summary.panels[0].layers[0].y], test)


def test_a_penalty_that_kills_every_weight_is_found():
    result = lab.execute({"regularisation": "lasso", "alpha": 1000})
    assert "penalty_too_strong" in names(result)
    assert result.metrics["weight[x]"] == 0


def test_without_test_rows_the_test_scores_are_null():
    data = lab.execute({"test_fraction": 0}).to_dict()
    assert data["metrics"]["mse_test"] is None
    assert data["metrics"]["r2_test"] is None
    assert data["metrics"]["mse_train"] > 0


def test_the_line_is_recovered_without_noise():
    metrics = lab.execute({"noise": 0, "method": "ols"}).metrics
    assert metrics["intercept"] == pytest.approx(3)
    assert metrics["weight[x]"] == pytest.approx(2)
    assert metrics["mse_test"] == pytest.approx(0, abs=1e-20)


def test_the_plotted_residuals_are_those_of_the_score():
    result = lab.execute({})
    residuals = result.series["y_train"] - result.series["predicted_train"]
    assert (residuals**2).mean() == pytest.approx(result.metrics["mse_train"])


def test_the_surface_is_lowest_at_the_closed_form():
    result = lab.execute({})
    surface = result.series["surface"]
    row, column = np.unravel_index(surface.argmin(), surface.shape)
    step = np.ptp(result.series["surface_w"]) / 79
    assert result.series["surface_w"][column] == pytest.approx(result.series["minimum_w"][0], abs=step)
    step = np.ptp(result.series["surface_b"]) / 79
    assert result.series["surface_b"][row] == pytest.approx(result.series["minimum_b"][0], abs=step)


def test_one_feature_of_the_patients_gives_the_simple_regression():
    metrics = lab.execute({**WHOLE, "method": "ols", "features": ["bmi"]}).metrics
    reference = LinearRegression().fit(X[:, [2]], y)
    assert metrics["weight[bmi]"] == pytest.approx(reference.coef_[0])
