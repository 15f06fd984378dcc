"""Every worked number of lecture 5, worked out again and looked for in the text."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

X, Y = np.array([[1.0, 2.0]]), np.array([[1.0]])
W1, B1 = np.array([[0.5, -1.0], [0.5, 0.5]]), np.array([-0.5, 0.5])
W2, B2 = np.array([[1.0], [-2.0]]), np.array([0.2])


def sigmoid(z: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(z, dtype=float)))


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


def forward(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray) -> tuple[np.ndarray, float]:
    """Hidden activations (2,) and the prediction."""
    A1 = sigmoid(X @ W1 + b1)
    return A1[0], float(sigmoid(A1 @ W2 + b2)[0, 0])


def loss(*weights: np.ndarray) -> float:
    return -math.log(forward(*weights)[1])


def by_torch() -> list[np.ndarray]:
    """The gradients of the lecture's network from autograd, which shares no code with the lecture."""
    import torch

    leaves = [torch.tensor(w, requires_grad=True) for w in (W1, B1, W2, B2)]
    p = torch.sigmoid(torch.sigmoid(torch.tensor(X) @ leaves[0] + leaves[1]) @ leaves[2] + leaves[3])
    torch.nn.functional.binary_cross_entropy(p, torch.tensor(Y)).backward()
    return [leaf.grad.numpy() for leaf in leaves]


def test_the_size_of_the_digit_network_is_that_of_lecture_4(says):
    count = 785 * 128 + 129 * 10
    says(5, "784-128-10, has $" + f"{count:,}".replace(",", "{,}") + "$ weights")
    assert count > 100_000  # "more than a hundred thousand passes"


def test_the_table_of_sigmoid_slopes_is_right(says):
    for z, places in ((0, 3), (2, 3), (5, 4)):
        a = float(sigmoid(z))
        nudged = float(sigmoid(z + 1e-5) - sigmoid(z - 1e-5)) / 2e-5
        assert nudged == pytest.approx(a * (1 - a), rel=1e-6)
        says(5, f"| {z} | {round(a, 3):g} | {round(nudged, places):g} |")
    z = np.linspace(-20, 20, 4001)
    assert (sigmoid(z) * (1 - sigmoid(z))).max() == pytest.approx(0.25)


def test_the_softmax_example_is_right(says):
    z = np.array([2.0, 1.0, 0.0])
    e, p = np.exp(z), softmax(z)
    says(5, "Scores $2, 1, 0$: the powers", "$e \\approx 2.718$")
    says(5, f"the powers are ${e[0]:.3f}$, ${e[1]:.3f}$ and ${e[2]:g}$, their sum is ${e.sum():.3f}$")
    says(5, f"the probabilities are ${p[0]:.3f}$, ${p[1]:.3f}$ and ${p[2]:.3f}$")
    np.testing.assert_allclose(softmax(z + 5), p)
    np.testing.assert_allclose(softmax(z[:2])[0], sigmoid(z[0] - z[1]))


def test_the_cross_entropies_are_right(says):
    p = softmax(np.array([2.0, 1.0, 0.0]))
    says(5, f"$J = -\\ln {p[0]:.3f} = {-math.log(p[0]):.3f}$", f"$-\\ln {p[2]:.3f} = {-math.log(p[2]):.3f}$")
    says(5, f"${math.log(2):.3f}$ for two classes, ${math.log(3):.3f}$ for three")


def test_the_chain_rule_example_is_right(says):
    says(
        5,
        "$u = 3x + 1$ and $y = u^2$, at $x = 1$. Then $u = 4$ and $y = 16$",
        "\\frac{dy}{du} = 2u = 8$",
        "\\frac{du}{dx} = 3$",
    )
    u = 3 * 1.01 + 1
    says(5, f"The chain: $8 \\times 3 = {8 * 3}$", f"$x$ to $1.01$: $u = {u:g}$, $y = {u**2:.4f}$")
    says(5, f"${u**2 - 16:.4f} / 0.01 = {(u**2 - 16) / 0.01:.2f}$. Close to 24,")


def test_the_forward_pass_by_hand_is_right(says):
    says(
        5,
        "0.5 & -1 \\\\ 0.5 & 0.5",
        "b_1 = (-0.5,\\ 0.5)",
        "1 \\\\ -2",
        "b_2 = 0.2",
        "$x_1 = 1$ and $x_2 = 2$",
    )
    z = (X @ W1 + B1)[0]
    a, p = forward(W1, B1, W2, B2)
    says(
        5,
        f"$z_1 = 1 \\times 0.5 + 2 \\times 0.5 - 0.5 = {z[0]:g}$, so $a_1 = \\sigma(1) = {a[0]:.4f}$",
        f"$z_2 = 1 \\times (-1) + 2 \\times 0.5 + 0.5 = {z[1]:g}$, so $a_2 = \\sigma(0.5) = {a[1]:.4f}$",
    )
    out = float(a @ W2[:, 0] + B2[0])
    says(5, f"$z = {a[0]:.4f} \\times 1 + {a[1]:.4f} \\times (-2) + 0.2 = {out:.4f}$")
    says(5, f"$p = \\sigma({out:.4f}) = {p:.4f}$", f"$J = -\\ln {p:.4f} = {loss(W1, B1, W2, B2):.4f}$")
    says(5, f"a coin, which would cost ${math.log(2):.3f}$")


def test_the_way_back_by_hand_is_right_and_agrees_with_autograd(says):
    a, p = forward(W1, B1, W2, B2)
    dW1, db1, dW2, db2 = by_torch()
    says(5, f"\\frac{{dJ}}{{dp}} = -\\frac{{1}}{{p}} = {-1 / p:.3f}$")
    says(5, f"$\\frac{{dp}}{{dz}} = p(1 - p) = {p:.4f} \\times {1 - p:.4f} = {p * (1 - p):.4f}$")
    delta = float(db2[0])
    assert delta == pytest.approx(p - 1)
    says(5, f"$\\frac{{dJ}}{{dz}} = {delta:.4f}$", f"$p - y = {p:.4f} - 1$")
    for i in (0, 1):
        says(5, f"= \\delta\\, a_{i + 1} = {delta:.4f} \\times {a[i]:.4f} = {dW2[i, 0]:.4f}$")
    says(5, f"\\frac{{\\partial J}}{{\\partial b_2}} = \\delta = {delta:.4f}$")
    back = round(delta, 4) * W2[:, 0]  # the lecture goes on with rounded numbers
    np.testing.assert_allclose(back, delta * W2[:, 0], atol=1e-4)
    says(
        5,
        f"\\delta\\, w_1 = {delta:.4f} \\times 1 = {back[0]:.4f}$",
        f"\\partial a_2}} = {delta:.4f} \\times (-2) = {back[1]:.4f}$",
    )
    slope = a * (1 - a)
    says(5, *(f"${a[i]:.4f} \\times {1 - a[i]:.4f} = {slope[i]:.4f}$" for i in (0, 1)))
    says(5, *(f"$\\delta_{i + 1} = {back[i]:.4f} \\times {slope[i]:.4f} = {db1[i]:.4f}$" for i in (0, 1)))
    for name, row in (("from $x_1 = 1$", dW1[0]), ("from $x_2 = 2$", dW1[1]), ("bias", db1)):
        says(5, f"| {name} | ${row[0]:.4f}$ | ${row[1]:.4f}$ |")
    shown = (
        f"{a[0]:.4f}, {a[1]:.4f} and {p:.4f}",
        f"minus {-db1[0]:.4f}, {db1[1]:.4f} and minus {-delta:.4f}",
    )
    says(5, *shown)  # the words under the picture


def test_a_reader_with_a_calculator_who_rounds_to_four_decimals_gets_the_printed_numbers():
    four = lambda v: np.round(v, 4)  # noqa: E731
    a = four(sigmoid((X @ W1 + B1)[0]))
    p = four(sigmoid(four(a @ W2[:, 0] + B2[0])))
    delta = four(p - 1)
    signals = four(four(delta * W2[:, 0]) * four(a * (1 - a)))
    dW1, db1, dW2, _ = by_torch()
    np.testing.assert_array_equal(four(delta * a), four(dW2[:, 0]))
    np.testing.assert_array_equal(signals, four(db1))
    np.testing.assert_array_equal(four(np.outer(X[0], signals)), four(dW1))


def test_the_step_by_hand_is_right(says):
    gradients = by_torch()
    moved = [w - 0.5 * g for w, g in zip((W1, B1, W2, B2), gradients, strict=True)]
    dW1, _, dW2, db2 = gradients
    says(
        5,
        "With the learning rate $\\eta = 0.5$",
        f"$0.5 - 0.5 \\times ({dW1[0, 0]:.4f}) = {moved[0][0, 0]:.4f}$",
        f"$-1 - 0.5 \\times {dW1[0, 1]:.4f} = {moved[0][0, 1]:.4f}$",
        f"$1 - 0.5 \\times ({dW2[0, 0]:.4f}) = {moved[2][0, 0]:.4f}$",
        f"$-2 - 0.5 \\times ({dW2[1, 0]:.4f}) = {moved[2][1, 0]:.4f}$",
        f"$0.2 + {-0.5 * db2[0]:.4f} = {moved[3][0]:.4f}$",
    )
    before, after = forward(W1, B1, W2, B2)[1], forward(*moved)[1]
    says(5, f"from ${before:.4f}$ to ${after:.4f}$ and the loss falls from ${-math.log(before):.4f}$ to ")
    says(5, f"to ${loss(*moved):.4f}$.")


def test_the_published_example_is_quoted_as_the_lab_checks_it(says):
    from labs.registry import get_lab

    says(5, "the error $0.298371109$ before", "$0.149780716$ after one step", "`tutor lab verify backprop`")
    checks = {check.name: check for check in get_lab("backprop").verify()}
    for name, published in (("error before the step", 0.298371109), ("w1 after the step", 0.149780716)):
        assert checks[name].found == pytest.approx(published, abs=5e-10)


def test_the_code_of_the_lecture_gives_the_numbers_worked_by_hand(lecture_text):
    code = re.search(r"```python\n(.+?)```", lecture_text(5), re.S)
    assert code is not None
    scope: dict = {}
    exec(code.group(1), scope)
    A1 = sigmoid(X @ W1 + B1)
    found = scope["backward"](X, Y, A1, sigmoid(A1 @ W2 + B2), W2)
    for mine, theirs in zip(found, by_torch(), strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs)


def test_the_finite_difference_by_hand_is_right(says):
    def at(w: float) -> float:
        changed = W1.copy()
        changed[0, 0] = w
        return loss(changed, B1, W2, B2)

    up, down = at(0.51), at(0.49)
    says(5, "\\frac{J(w + h) - J(w - h)}{2h}", f"Our first weight, ${W1[0, 0]}$, with $h = 0.01$")
    says(5, f"the loss is ${up:.6f}$ at $0.51$ and ${down:.6f}$ at $0.49$")
    says(5, f"${round(up, 6) - round(down, 6):.6f} / 0.02 = {(up - down) / 0.02:.4f}$")


def test_softmax_with_cross_entropy_gives_p_minus_y(says):
    z, c, h = np.array([2.0, 1.0, 0.0]), 1, 1e-5
    slopes = [
        (math.log(softmax(z - h * unit)[c]) - math.log(softmax(z + h * unit)[c])) / (2 * h)
        for unit in np.eye(3)
    ]
    np.testing.assert_allclose(slopes, softmax(z) - np.eye(3)[c], atol=1e-9)
    says(5, "For the scores $2, 1, 0$ and the second class right: " + ", ".join(f"${s:.3f}$" for s in slopes))
    p = float(sigmoid(-5))
    squared = 2 * (p - 1) * p * (1 - p)
    h = 1e-5
    measured = float((sigmoid(-5 + h) - 1) ** 2 - (sigmoid(-5 - h) - 1) ** 2) / (2 * h)
    assert squared == pytest.approx(measured, rel=1e-6)
    says(
        5,
        "At $z = -5$ with $y = 1$, badly wrong",
        "an extra factor $2p(1 - p)$",
        f"gives ${p - 1:.3f}$ but the squared error only ${squared:.4f}$: {(p - 1) / squared:.0f} times less",
    )


def test_the_stable_loss_is_right_and_the_naive_one_overflows(says):
    z = np.array([1000.0, 999.0, 998.0])
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(softmax(z)).all()
    assert math.floor(math.log(np.finfo(float).max)) == 709
    says(5, "Scores $1000, 999, 998$ should give the same probabilities as $2, 1, 0$. But $e^{1000}$")
    says(5, "64-bit numbers end near $e^{709}$", "$$J = m + \\ln \\sum_{j=1}^{K} e^{z_j - m} - z_c$$")
    e = np.exp(z - z.max())
    rest = math.log(e.sum())
    says(5, f"$1000 + \\ln(1 + {e[1]:.4f} + {e[2]:.4f}) - 998 = 2 + {rest:.4f} = {2 + rest:.4f}$")
    assert 2 + rest == pytest.approx(-math.log(softmax(np.array([2.0, 1.0, 0.0]))[2]))


def test_the_sizes_of_start_weights_and_vanishing_signals_are_right(says):
    says(5, "A sigmoid's slope is at most $\\frac{1}{4}$", "$s = \\sqrt{2/(d + h)}$")
    says(5, "$d\\,s^2 / 2 = 1$, so $s = \\sqrt{2/d}$")
    says(5, "$(1/4)^{10}$, about one millionth", f"For $d = 50$ that is ${math.sqrt(2 / 50):g}$")
    assert math.log10(0.25**10) == pytest.approx(-6, abs=0.03)


def test_gradients_vanish_as_the_picture_says(says):
    import torch

    says(5, "it falls by nearly six powers of ten from the last layer to the first")
    ratios = {}
    for bend in (torch.nn.Sigmoid, torch.nn.Tanh, torch.nn.ReLU):
        found = []
        for seed in range(20):
            torch.manual_seed(seed)
            layers: list[torch.nn.Module] = []
            for _ in range(10):
                linear = torch.nn.Linear(32, 32, dtype=torch.float64)
                if bend is torch.nn.ReLU:
                    torch.nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
                else:
                    torch.nn.init.xavier_normal_(linear.weight)
                torch.nn.init.zeros_(linear.bias)
                layers += [linear, bend()]
            net = torch.nn.Sequential(*layers, torch.nn.Linear(32, 3, dtype=torch.float64))
            scores = net(torch.randn(64, 32, dtype=torch.float64))
            torch.nn.functional.cross_entropy(scores, torch.randint(3, (64,))).backward()
            first, tenth = (float(net[i].weight.grad.square().mean()) for i in (0, 18))
            found.append(0.5 * math.log10(first / tenth))
        ratios[bend.__name__] = np.mean(found)
    assert -6.3 < ratios["Sigmoid"] < -5.5
    assert abs(ratios["Tanh"]) < 0.6
    assert abs(ratios["ReLU"]) < 0.6


def test_the_optimisers_step_as_the_lecture_says(says):
    v = grown = 0.0
    for _ in range(200):
        v = 0.9 * v - 1.0
        grown = min(grown, v)
    says(
        5,
        "$v \\leftarrow 0.9\\,v - \\eta\\,g$",
        "grow, up to ten times",
        "Its first step is almost exactly $\\eta$",
    )
    assert -grown == pytest.approx(10)
    import torch

    for size in (1e-3, 1e3):
        theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        rule = torch.optim.Adam([theta], lr=0.001)
        (size * theta).sum().backward()
        rule.step()
        assert float(theta.detach()[0]) == pytest.approx(-0.001, rel=1e-4)
    says(5, f"225 examples and batches of 32 there are {math.ceil(225 / 32)} steps")


def test_the_exercises_of_lecture_5_have_right_answers(says):
    says(5, "Scores $0, 0, 0, 0$.", f"${1 / 4}$ each")
    says(5, "Probabilities $0.7, 0.2, 0.1$", "(wx + b - y)^2$ with $w = 2$, $x = 3$, $b = 1$, $y = 10$")
    says(5, "the student have failed: $y = 0$", "A gradient is 1 three times in a row, $\\eta = 0.1$")
    says(5, f"$J = \\ln 4 = {math.log(4):.3f}$")
    says(5, f"$-\\ln 0.1 = {-math.log(0.1):.3f}$, and $(0.7,\\ 0.2,\\ {0.1 - 1:g})$")
    e = 2 * 3 + 1 - 10
    says(
        5,
        f"The error is ${e}$, so $J = {e**2}$",
        f"= 2 \\times ({e}) \\times 3 = {2 * e * 3}$",
        f"= {2 * e}$.",
    )
    a, p = forward(W1, B1, W2, B2)
    slope = a * (1 - a)
    says(
        5, f"$\\delta = {p:.4f}$, $\\delta_1 = {p:.4f} \\times 1 \\times {slope[0]:.4f} = {p * slope[0]:.4f}$"
    )
    says(5, f"$\\delta_2 = {p:.4f} \\times (-2) \\times {slope[1]:.4f} = {-2 * p * slope[1]:.4f}$")
    v, steps = 0.0, []
    for _ in range(3):
        v = 0.9 * v - 0.1
        steps.append(v)
    says(5, f"$v = {', '.join(f'{s:.3g}' for s in steps)}$: ${sum(steps):.3f}$ in all. SGD: ${-0.3:g}$")


def test_the_lab_shows_what_the_messages_of_lecture_5_promise(says):
    from labs.registry import get_lab

    lab = get_lab("backprop")
    says(5, "at 1, most units of the first layer die and nothing is learned")
    says(5, "`run the backprop with learning rate 0.002, 0.02 and 1`: at 1")
    high = lab.execute({"learning_rate": 1})
    assert all(lab.execute({"learning_rate": rate}).metrics["accuracy_test"] > 0.9 for rate in (0.002, 0.02))
    names = {finding.name: finding.evidence for finding in high.findings}
    dead, of = map(int, re.search(r"layer 1, (\d+) of (\d+) units", names["dead_relu"]).groups())  # type: ignore[union-attr]
    assert dead > of / 2
    assert "no_learning" in names
    says(
        5, "`run the backprop with optimizer sgd, momentum and adam`: at this learning rate, who is slowest?"
    )
    ends = {
        rule: lab.execute({"optimizer": rule}).metrics["loss_final"] for rule in ("sgd", "momentum", "adam")
    }
    assert ends["sgd"] > 2 * max(ends["momentum"], ends["adam"])
    says(5, "`run the backprop with hidden [16, 16, 16, 16, 16] and activation sigmoid, tanh and relu`")
    says(
        5, "hidden [16, 16, 16, 16, 16], activation sigmoid and optimizer sgd`: why does it stay at guessing?"
    )
    deep = {"hidden": [16] * 5, "activation": "sigmoid"}
    stuck = lab.execute({**deep, "optimizer": "sgd"})
    assert stuck.metrics["loss_final"] == pytest.approx(math.log(3), abs=0.02)
    assert any(finding.name == "vanishing_gradient" for finding in stuck.findings)
    says(5, "moons, noise 0.4, hidden [64, 64] and l2 0 and 0.003`: which test loss is lower?")
    moons = {"dataset": "moons", "noise": 0.4, "hidden": [64, 64]}
    free, held = (lab.execute({**moons, "l2": l2}).metrics["loss_test"] for l2 in (0, 0.003))
    assert held < 0.6 * free
