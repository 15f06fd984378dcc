"""Every worked number of lecture 3, worked out again and looked for in the text."""

from __future__ import annotations

import numpy as np
import pytest

AREA = np.array([40.0, 60.0, 40.0, 60.0])
DISTANCE = np.array([1.0, 1.0, 3.0, 3.0])
DOOR = np.array([1.0, -1.0, -1.0, 1.0])
RENT = np.array([9.0, 12.0, 8.0, 9.0])
X = np.stack([AREA, DISTANCE], axis=1)
Z = (X - X.mean(axis=0)) / X.std(axis=0)  # (4, 2) standardised
Z3 = np.column_stack([Z, DOOR])  # the door is standardised as it is
NEW = np.array([[0.0, -1.0, -1.0], [0.0, 1.0, 1.0]])  # flats 5 and 6 in standardised columns
NEW_RENT = np.array([10.4, 8.7])


def least_squares(A: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    found = np.linalg.lstsq(np.column_stack([A, np.ones(len(y))]), y, rcond=None)[0]
    return found[:-1], float(found[-1])


def mse(w: np.ndarray, A: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean((A @ w + 9.5 - y) ** 2))


def listed(values: np.ndarray) -> str:
    return "$" + ", ".join(f"{v:g}" for v in values) + "$"


def test_the_table_of_flats_holds_the_data_of_these_tests(says):
    rows = zip(AREA, DISTANCE, RENT, strict=True)
    says(3, *(f"| {i} | {a:g} | {d:g} | {r:g} |" for i, (a, d, r) in enumerate(rows, start=1)))
    says(3, "$+1$ for red and $-1$ for blue: $+1, -1, -1, +1$")


def test_the_best_plane_is_the_one_that_the_lecture_states(says):
    w, b = least_squares(X, RENT)
    np.testing.assert_allclose([*w, b], [0.1, -1, 6.5], atol=1e-9)
    with_ones = np.column_stack([X, np.ones(4)])
    normal = np.linalg.inv(with_ones.T @ with_ones) @ with_ones.T @ RENT
    np.testing.assert_allclose(normal, [0.1, -1, 6.5], atol=1e-9)
    says(3, "$\\hat{y} = 0.1\\,x_1 - x_2 + 6.5$", "that is £10", "goes with £100 less")


def test_the_scaling_example_is_right(says):
    assert (AREA.mean(), AREA.std()) == (50, 10)
    says(3, f"they become {listed(Z[:, 0])}", "$\\mu = 50$ and $\\sigma = 10$")
    says(3, f"$z = (55 - 50)/10 = {(55 - 50) / 10:g}$, or $15/20 = {(55 - 40) / (60 - 40):g}$")


def test_the_curvatures_before_and_after_scaling_are_right(says):
    def curvatures(A: np.ndarray) -> np.ndarray:
        B = np.column_stack([A, np.ones(4)])
        return np.linalg.eigvalsh(2 / 4 * B.T @ B)

    largest = curvatures(X)[-1]
    says(3, f"largest curvature is ${largest:.1f}$", f"$2/{largest:.1f} = {2 / largest:.5f}$")
    np.testing.assert_allclose(curvatures(Z), 2)
    says(3, "Standardised, every curvature is 2", "any rate below 1 converges")


def test_the_closed_form_does_not_need_scaling():
    (w, b), (v, c) = least_squares(X, RENT), least_squares(Z, RENT)
    np.testing.assert_allclose(X @ w + b, Z @ v + c)


def test_the_step_by_hand_is_right_and_arrives(says):
    says(3, f"distance ($\\mu = {DISTANCE.mean():g}$, $\\sigma = {DISTANCE.std():g}$)")
    says(3, f"becomes $z_2 = {listed(Z[:, 1])[1:]}", f"area becomes $z_1 = {listed(Z[:, 0])[1:]}")
    errors = -RENT
    says(3, f"are {listed(errors)}.", f"Sum of the errors: ${errors.sum():g}$")
    db = 2 / 4 * errors.sum()
    dw = 2 / 4 * Z.T @ errors
    says(3, f"\\frac{{2}}{{4}} \\times (-38) = {db:g}$")
    assert (errors * Z[:, 0]).tolist() == [9, -12, 8, -9]
    assert (errors * Z[:, 1]).tolist() == [9, 12, -8, -9]
    says(3, f"$9 - 12 + 8 - 9 = {errors @ Z[:, 0]:g}$", f"$9 + 12 - 8 - 9 = {errors @ Z[:, 1]:g}$")
    says(3, f"\\times (-4) = {dw[0]:g}$", f"\\times 4 = {dw[1]:g}$")
    b, w = 0 - 0.5 * db, 0 - 0.5 * dw
    says(3, f"$b = 0 - 0.5 \\times (-19) = {b:g}$", f"$w_1 = 0 - 0.5 \\times (-2) = {w[0]:g}$")
    says(3, f"$w_2 = 0 - 0.5 \\times 2 = {w[1]:g}$")
    predicted = Z @ w + b
    says(3, f"predictions are {listed(predicted)}", f"errors {listed(predicted - RENT)}")
    np.testing.assert_allclose([*(Z.T @ (predicted - RENT)), (predicted - RENT).sum()], 0, atol=1e-12)


def test_the_way_back_to_plain_units_is_right(says):
    for area, distance in ((55, 1.5), (40, 3)):
        assert 9.5 + (area - 50) / 10 - (distance - 2) == pytest.approx(0.1 * area - distance + 6.5)
    says(3, f"$0.1 \\times 55 - 1.5 + 6.5 = {0.1 * 55 - 1.5 + 6.5:g}$, or £1,050")


def test_mse_rmse_and_r2_are_right(says):
    errors = Z @ [1, -1] + 9.5 - RENT
    around = (RENT - RENT.mean()) ** 2
    says(3, f"$\\text{{MSE}} = (0.25 + 0.25 + 0.25 + 0.25)/4 = {np.mean(errors**2):g}$")
    says(3, f"$\\text{{RMSE}} = {np.sqrt(np.mean(errors**2)):g}$: typically about £50")
    says(
        3,
        f"${' + '.join(f'{v:g}' for v in around)} = {around.sum():g}$; the upper is ${(errors**2).sum():g}$",
    )
    says(3, f"$R^2 = 1 - 1/9 = {1 - (errors**2).sum() / around.sum():.3f}$", "mean rent is $9.5$")
    assert RENT.mean() == 9.5


def test_the_door_makes_a_perfect_fit_and_bad_forecasts(says):
    w, b = least_squares(Z3, RENT)
    np.testing.assert_allclose([*w, b], [1, -1, -0.5, 9.5], atol=1e-9)
    says(3, "gives it the weight $-0.5$", "costs $10.4$", "costs $8.7$")
    plain = np.array([1, -1, 0])
    for name, weights in (("area, distance", plain), ("area, distance, door", w)):
        five, six = NEW @ weights + b
        train, new = (round(mse(weights, *data), 9) for data in ((Z3, RENT), (NEW, NEW_RENT)))
        says(3, f"| {name} | {five:g} | {six:g} | {train:g} | {new:g} |")
    assert mse(w, NEW, NEW_RENT) / mse(plain, NEW, NEW_RENT) == pytest.approx(17)
    says(3, "17 times worse")


def test_the_ridge_and_lasso_table_agrees_with_scikit_learn(says):
    from sklearn.linear_model import Lasso, Ridge

    ols = np.array([1, -1, -0.5])
    np.testing.assert_allclose(Z3.T @ Z3 / 4, np.eye(3), atol=1e-12)  # uncorrelated, as the text says
    ridge = ols / (1 + 0.25)
    lasso = np.sign(ols) * np.maximum(np.abs(ols) - 1 / 2, 0)
    for name, w in (("no penalty", ols), ("ridge, $\\alpha = 0.25$", ridge), ("lasso, $\\alpha = 1$", lasso)):
        train, new = (round(mse(w, *data), 9) for data in ((Z3, RENT), (NEW, NEW_RENT)))
        says(3, f"| {name} | {w[0]:g} | {w[1]:g} | {w[2] + 0.0:g} | {train:g} | {new:g} |")
    np.testing.assert_allclose(Ridge(alpha=1.0).fit(Z3, RENT).coef_, ridge)
    np.testing.assert_allclose(Lasso(alpha=0.5).fit(Z3, RENT).coef_, lasso, atol=1e-9)
    says(
        3,
        "with $\\alpha = 0.25$ on four flats is `Ridge(alpha=1.0)`",
        "with $\\alpha = 1$ is `Lasso(alpha=0.5)`",
    )


def test_the_lab_means_the_same_alpha_as_the_lecture():
    from labs.cores.regression import closed_form, gradient_descent

    np.testing.assert_allclose(closed_form(Z3, RENT, 0.25)[0], [0.8, -0.8, -0.4])
    np.testing.assert_allclose(
        gradient_descent(Z3, RENT, 0.1, 500, lasso=1.0).weights[-1], [0.5, -0.5, 0], atol=1e-9
    )


def test_the_diabetes_numbers_are_those_of_the_data(says):
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression

    data, y = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(data, y)
    error = np.mean((model.predict(data) - y) ** 2)
    says(3, f"MSE of ${error:.1f}$ and an R² of ${model.score(data, y):.3f}$", f"RMSE is ${error**0.5:.1f}$")
    says(3, f"from {y.min():.0f} to {y.max():.0f}", f"of {len(y)} people")
    says(3, f"(correlation ${np.corrcoef(data[:, 4], data[:, 5])[0, 1]:.2f}$)")
    says(3, f"weights ${model.coef_[4]:.0f}$ and ${model.coef_[5]:.0f}$")


def test_the_error_curve_of_the_diagram_has_the_shape_that_the_lecture_describes(says):
    import importlib.util
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parents[2] / "scripts" / "diagrams"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("diagrams_of_lecture_03", folder / "lecture_03.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("style", None)
    train, new = script.medians(range(1, 13))
    assert np.all(np.diff(train) < 0)
    assert 1 + int(new.argmin()) == 5
    assert new[-1] > 1000
    says(3, "lowest at degree 5 and climbs above a thousand at degree 12")


def test_the_exercises_of_lecture_3_have_right_answers(says):
    says(3, f"$7 - 2 + 6.5 = {0.1 * 70 - 2 + 6.5:g}$, or £1,150")
    ages = np.array([20, 30, 40])
    z = (ages - ages.mean()) / ages.std()
    says(
        3, f"= {ages.std():.3f}$, so $z = {z[0]:.3f}, {z[1]:g}, {z[2]:.3f}$", f"$(35 - 20)/20 = {15 / 20:g}$"
    )
    y = np.array([2, 4, 6])
    good, bad = np.array([3, 4, 5]) - y, np.array([6, 4, 2]) - y
    around = ((y - 4) ** 2).sum()
    says(3, f"MSE $= 2/3 = {np.mean(good**2):.3f}$", f"around the mean 4 is ${around}$")
    says(
        3,
        f"$R^2 = 1 - 2/8 = {1 - (good**2).sum() / around:g}$",
        f"$R^2 = 1 - 32/8 = {1 - (bad**2).sum() / around:g}$",
    )
    w = np.array([3, -0.2, 1])
    ridge, lasso = w / 2, np.sign(w) * np.maximum(np.abs(w) - 0.5, 0) + 0.0
    says(3, "Ridge halves them: " + ", ".join(f"${v:g}$" for v in ridge))
    says(3, "Lasso takes $0.5$ off each size: " + ", ".join(f"${v:g}$" for v in lasso))


def test_the_lab_shows_what_the_messages_of_lecture_3_promise(says):
    from labs.registry import get_lab

    lab = get_lab("regression")
    exact = {"dataset": "curve", "method": "ols"}
    says(3, "`run the regression with dataset curve, method ols, samples 30 and degree 1, 5 and 15`")
    fits = [lab.execute({**exact, "samples": 30, "degree": d}).metrics for d in (1, 5, 15)]
    assert fits[0]["mse_train"] > fits[1]["mse_train"] > fits[2]["mse_train"]
    assert fits[1]["mse_test"] < min(fits[0]["mse_test"], fits[2]["mse_test"])
    says(3, "`run the regression with dataset curve, method ols, degree 15 and samples 30, 100 and 1000`")
    tests = [lab.execute({**exact, "degree": 15, "samples": n}).metrics["mse_test"] for n in (30, 100, 1000)]
    assert tests[0] > 100 * tests[1]
    assert tests[1] > tests[2]
    scaled, raw = (
        lab.execute({"dataset": "diabetes", "scale_features": s}).metrics["mse_train"] for s in (True, False)
    )
    assert raw > 1.5 * scaled
    train = [lab.execute({"dataset": "diabetes", "method": "ols", "degree": d}).metrics for d in (1, 2, 3)]
    assert train[0]["r2_train"] < train[1]["r2_train"] < train[2]["r2_train"]
    assert train[0]["r2_test"] > train[1]["r2_test"] > train[2]["r2_test"]
    says(3, "`run the regression with dataset diabetes, lasso, alpha 10 and epochs 3000`")
    lasso = lab.execute(
        {"dataset": "diabetes", "regularisation": "lasso", "alpha": 10, "epochs": 3000}
    ).metrics
    assert sum(value == 0 for name, value in lasso.items() if name.startswith("weight[")) >= 4
    says(3, "lasso with $\\alpha = 1$, run to the end, drops `s2`")
    lasso = lab.execute(
        {"dataset": "diabetes", "regularisation": "lasso", "alpha": 1, "epochs": 3000}
    ).metrics
    assert lasso["weight[s2]"] == 0
    assert lasso["weight[s1]"] < 0
