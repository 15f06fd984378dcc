"""Every worked number of lecture 2, worked out again and looked for in the text."""

from __future__ import annotations

import numpy as np
import pytest

X = np.array([1.0, 2.0, 3.0, 4.0])
Y = np.array([3.0, 5.0, 6.0, 8.0])
HESSIAN = 2 * np.array([[np.mean(X**2), X.mean()], [X.mean(), 1.0]])


def loss(w: float, b: float) -> float:
    return float(np.mean((w * X + b - Y) ** 2))


def gradient(w: float, b: float) -> tuple[float, float]:
    e = w * X + b - Y
    return 2 / len(X) * float(e @ X), 2 / len(X) * float(e.sum())


def descend(eta: float, steps: int) -> tuple[float, float]:
    w = b = 0.0
    for _ in range(steps):
        dw, db = gradient(w, b)
        w, b = w - eta * dw, b - eta * db
    return w, b


def test_the_table_of_the_lecture_holds_the_data_of_these_tests(says):
    says(2, *(f"| {i} | {x:g} | {y:g} |" for i, (x, y) in enumerate(zip(X, Y, strict=True), start=1)))


def test_the_derivative_section_has_the_right_curve_nudges_and_slope(says):
    at, best = loss(1, 1.5), 1.6
    for w in (0.3, 1.0, 2.2):  # the bowl of the text is the loss of the data
        assert loss(w, 1.5) == pytest.approx(7.5 * (w - best) ** 2 + 0.05)
    says(
        2,
        "$$J(w) = 7.5\\,(w - 1.6)^2 + 0.05$$",
        "\\frac{dJ}{dw} = 15\\,(w - 1.6)",
        "Stand at $w = 1$",
        "Hold $b$ at $1.5$",
    )
    nudged = loss(1.01, 1.5)
    fine = (loss(1.001, 1.5) - at) / 0.001
    says(
        2,
        f"the loss is ${at:g}$",
        f"falls to ${nudged:.6g}$",
        f"${nudged - at:.5f} / 0.01 = {(nudged - at) / 0.01:.3f}$",
    )
    says(2, f"gives ${fine:.4f}$", f"$15 \\times (-0.6) = {gradient(1, 1.5)[0]:.0f}$")
    assert gradient(1, 1.5)[0] == pytest.approx(15 * (1 - best))


def test_the_gradient_step_by_hand_is_right(says):
    errors = -Y
    squares, crossed = errors**2, errors * X
    says(2, "$" + ", ".join(f"{e:g}" for e in errors) + "$")
    says(2, f"$({' + '.join(f'{s:g}' for s in squares)}) / 4 = {squares.sum():g} / 4 = {loss(0, 0):g}$")
    says(2, f"Sum of the errors: ${errors.sum():g}$", f"$-3 - 10 - 18 - 32 = {crossed.sum():g}$")
    assert crossed.tolist() == [-3, -10, -18, -32]
    dw, db = gradient(0, 0)
    says(2, f"\\frac{{2}}{{4}} \\times (-22) = {db:g}$", f"\\frac{{2}}{{4}} \\times (-63) = {dw:g}$")
    w, b = descend(0.05, 1)
    says(2, f"w = 0 - 0.05 \\times ({dw:g}) = {w:g}", f"b = 0 - 0.05 \\times ({db:g}) = {b:g}")
    p = w * X + b
    says(2, f"${p[0]:g}$, ${p[1]:g}$, ${p[2]:g}$ and ${p[3]:g}$", f"to ${loss(w, b):.4f}$ (rounded)")
    dw, db = gradient(w, b)
    w, b = descend(0.05, 2)
    says(
        2, f"derivatives ${dw:g}$ and ${db:g}$", f"$w = {w:g}$, $b = {b:g}$ and a loss of ${loss(w, b):.4f}$"
    )
    assert w > 1.6


def test_the_closed_form_by_hand_is_right(says):
    dx, dy = X - X.mean(), Y - Y.mean()
    w = (dx @ dy) / (dx @ dx)
    b = Y.mean() - w * X.mean()
    np.testing.assert_allclose(np.polyfit(X, Y, 1), [w, b])
    says(2, f"$\\bar{{x}} = {X.mean()}$ and $\\bar{{y}} = {Y.mean()}$")
    says(
        2,
        f"${' + '.join(f'{v:g}' for v in dx * dy)} = {dx @ dy:g}$",
        f"${' + '.join(f'{v:g}' for v in dx**2)} = {dx @ dx:g}$",
    )
    says(
        2,
        f"$w = 8/5 = {w:g}$",
        f"$b = 5.5 - 1.6 \\times 2.5 = {b:g}$",
        f"remaining loss is ${loss(w, b):.2f}$",
    )
    errors = w * X + b - Y
    says(2, f"R^2 = 1 - {errors @ errors:.1f}/{dy @ dy:g} = {1 - (errors @ errors) / (dy @ dy):.3f}$")
    says(2, f"a mark of ${w * 10 + b:.1f}$ out of ten for ten hours")


def test_the_poor_line_of_the_first_diagram_has_the_loss_in_its_alt_text(says):
    says(2, f"w 0.5 and b 3, with long vertical bars from the points to the line, loss {loss(0.5, 3):g}")


def test_the_slow_learning_rate_is_as_slow_as_the_lecture_says(says):
    says(
        2,
        f"${loss(*descend(0.002, 100)):.3f}$ after 100 steps",
        f"${loss(*descend(0.002, 2000)):.3f}$ after 2000",
    )


def test_gradient_descent_diverges_exactly_beyond_the_stated_limit(says):
    curvatures = np.linalg.eigvalsh(HESSIAN)
    limit = 2 / curvatures[-1]
    np.testing.assert_allclose(HESSIAN, [[15, 5], [5, 2]])
    says(
        2, "15 & 5 \\\\ 5 & 2", f"${curvatures[1]:.2f}$ and ${curvatures[0]:.3f}$", f"$2/16.70 = {limit:.4f}$"
    )
    assert loss(*descend(0.99 * limit, 3000)) == pytest.approx(0.05, abs=1e-6)
    assert loss(*descend(1.01 * limit, 3000)) > 1e9


def test_the_factors_of_the_one_dimensional_bowl_are_right(says):
    says(2, f"$2/15 = {2 / 15:.3f}$", f"leaves ${1 - 15 * 0.02:g}$ of the distance")
    says(2, f"at $0.1$ the factor is ${1 - 15 * 0.1:g}$", f"at $0.15$ it is ${1 - 15 * 0.15:g}$")


def test_the_slow_direction_needs_as_many_steps_as_the_lecture_says(says):
    factor = 1 - 0.05 * np.linalg.eigvalsh(HESSIAN)[0]
    says(2, f"$1 - 0.05 \\times 0.299 = {factor:.3f}$", "some 150 steps for every factor of ten")
    assert np.log(10) / -np.log(factor) == pytest.approx(150, abs=5)


def test_centring_and_standardising_make_the_valley_as_round_as_stated(says):
    variance = np.mean((X - X.mean()) ** 2)
    says(2, f"{2 * variance:g} & 0 \\\\ 0 & 2", f"$2/2.5 = {2 / (2 * variance):g}$")
    centred = np.diag([2 * variance, 2])
    factors = 1 - 0.4 * np.linalg.eigvalsh(centred)
    says(2, "and $0.4$ is there in a handful of steps")
    assert np.abs(factors).max() ** 5 < 0.001
    standard = (X - X.mean()) / X.std()
    np.testing.assert_allclose([2 * np.mean(standard**2), 2 * standard.mean()], [2, 0], atol=1e-12)


def test_the_exercises_of_lecture_2_have_right_answers(says):
    says(2, f"$2 \\times 3 + 1 = {2 * 3 + 1}$, the error $7 - 6 = {7 - 6}$")
    x, y = np.array([0, 1, 2]), np.array([1, 3, 8])
    dx, dy = x - x.mean(), y - y.mean()
    says(2, "$(0, 1)$, $(1, 3)$, $(2, 8)$", f"$\\bar{{x}} = {x.mean():g}$, $\\bar{{y}} = {y.mean():g}$")
    says(2, f"$(-1)(-3) + 0 + (1)(4) = {dx @ dy:g}$, the lower is ${dx @ dx:g}$")
    w, b = np.polyfit(x, y, 1)
    says(2, f"$w = {w:.1f}$ and $b = 4 - 3.5 = {b:.1f}$")
    says(2, f"$0 < \\eta < {2 / 8:g}$", f"$\\eta = 1/8 = {1 / 8:g}$")
    new = 0 - 0.1 * 8 * (0 - 3)
    says(
        2,
        f"$8 \\times (-3) = {8 * -3}$",
        f"$w = 0 + 2.4 = {new:g}$",
        f"from ${4 * 9}$ to ${4 * (new - 3) ** 2:g}$",
    )


def test_the_lab_diverges_where_the_lecture_says_for_a_standardised_feature(says):
    from labs.registry import get_lab

    says(
        2,
        "`run the regression with learning rate 0.9 and 1.1`: the limit is 1 here",
        "the limit is $\\eta < 1$",
    )
    lab = get_lab("regression")
    below, above = (lab.execute({"learning_rate": rate}) for rate in (0.9, 1.1))
    assert below.metrics["r2_train"] > 0.95
    assert above.metrics["mse_train"] > 1000 * below.metrics["mse_train"]
    assert any("divergence" in finding.name for finding in above.findings)
    assert not any("divergence" in finding.name for finding in below.findings)
