"""Every worked number of lecture 4, worked out again and looked for in the text."""

from __future__ import annotations

import re

import numpy as np
import pytest

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
OR, XOR = np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0])
W1, B1 = np.array([[1, -1, 0.5], [0.5, 1, -1]]), np.array([0, 0.5, 0.5])
W2, B2 = np.array([[0.5], [-1], [2]]), np.array([0.2])


def sigmoid(z: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(z, dtype=float)))


def listed(values: np.ndarray) -> str:
    return ", ".join(f"{v + 0.0:g}" for v in values)


def perceptron(y: np.ndarray, passes: int) -> tuple[list[str], np.ndarray, bool]:
    """Rows of the table (one per mistake), the last w1, w2, b, and whether the last pass had no mistake."""
    w, b, rows = np.zeros(2), 0.0, []
    clean = False
    for n in range(1, passes + 1):
        clean = True
        for x, right in zip(CORNERS, y, strict=True):
            z = w @ x + b
            said = int(z > 0)
            w, b = w + (right - said) * x, b + (right - said)
            if said != right:
                clean = False
                rows.append(f"| {n} | ({x[0]}, {x[1]}) | {z:g} | {said} | {right} | {listed([*w, b])} |")
    return rows, np.array([*w, b]), clean


def test_the_umbrella_is_an_or(says):
    z = CORNERS @ [1, 1] - 0.5
    says(
        4,
        "$w_1 = 1$, $w_2 = 1$ and $b = -0.5$",
        f"the sum is ${z[0]}$ when both are 0, ${z[1]}$ when one is 1 and ${z[3]}$",
    )
    assert (z > 0).astype(int).tolist() == OR.tolist()
    says(4, f"the answers ${listed(OR)}$ are right")


def test_the_perceptron_by_hand_makes_exactly_the_mistakes_of_the_table(says, lecture_text):
    rows, last, clean = perceptron(OR, 4)
    says(4, *rows, "after four corrections", "$w_1 = 1$, $w_2 = 1$, $b = 0$ after")
    assert len(rows) == 4
    assert (
        lecture_text(4).count("\n| 1 | (")
        + lecture_text(4).count("\n| 2 | (")
        + lecture_text(4).count("\n| 3 | (")
        == 4
    )
    assert last.tolist() == [1, 1, 0]
    assert clean
    z = CORNERS @ last[:2] + last[2]
    says(4, f"In pass 4 all four sums are right: ${z[0]:g}$, ${z[1]:g}$, ${z[2]:g}$ and ${z[3]:g}$")


def test_the_perceptron_never_finishes_xor(says):
    assert not perceptron(XOR, 500)[2]
    says(4, f"are ${listed(XOR)}$.", "$b \\le 0$, $w_1 + b > 0$, $w_2 + b > 0$ and $w_1 + w_2 + b \\le 0$")


def test_the_hidden_layer_solves_xor(says):
    for (x1, x2), right in zip(CORNERS, XOR, strict=True):
        h1, h2 = max(x1 + x2, 0), max(x1 + x2 - 1, 0)
        says(4, f"| {x1} | {x2} | {h1} | {h2} | {h1 - 2 * h2} |")
        assert h1 - 2 * h2 == right


def test_the_table_of_activations_is_right(lecture_text):
    z = np.array([-2.0, 0.0, 2.0])
    for name, a, places in (
        ("step", (z > 0).astype(float), 0),
        ("sigmoid", sigmoid(z), 3),
        ("tanh", (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), 3),
        ("ReLU", np.maximum(z, 0), 0),
    ):
        shown = " | ".join(f"{round(float(v), places) + 0.0:g}" for v in a)
        (row,) = (line for line in lecture_text(4).splitlines() if line.startswith(f"| {name} |"))
        assert row.endswith(f"| {shown} |")


def test_linear_layers_collapse_into_one():
    X = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose((X @ W1 + B1) @ W2 + B2, X @ (W1 @ W2) + (B1 @ W2 + B2))


def test_the_parameter_counts_are_right(says):
    says(4, f"$(2 + 1) \\times 3 + (3 + 1) \\times 1 = {W1.size + B1.size + W2.size + B2.size}$")
    says(
        4,
        f"$28 \\times 28 = {28 * 28}$",
        f"$785 \\times 128 + 129 \\times 10 = {785 * 128 + 129 * 10:,}$".replace(",", "{,}"),
    )
    says(
        4,
        f"$5 \\times 8 + 9 \\times 8 + 9 \\times 3 = 40 + 72 + 27 = {5 * 8 + 9 * 8 + 9 * 3}$",
        "a 4-8-8-3 network",
    )


def test_the_forward_pass_by_hand_is_right(says):
    x = np.array([1, 2])
    z = x @ W1 + B1
    a = np.maximum(z, 0)
    says(4, "1 & -1 & 0.5 \\\\ 0.5 & 1 & -1", "b_1 = (0,\\ 0.5,\\ 0.5)", "0.5 \\\\ -1 \\\\ 2", "b_2 = 0.2")
    says(4, f"$z_1 = 1 \\times 1 + 2 \\times 0.5 + 0 = {z[0]:g}$, ReLU gives ${a[0]:g}$")
    says(4, f"$z_2 = 1 \\times (-1) + 2 \\times 1 + 0.5 = {z[1]:g}$, ReLU gives ${a[1]:g}$")
    says(4, f"$z_3 = 1 \\times 0.5 + 2 \\times (-1) + 0.5 = {z[2]:g}$, ReLU gives ${a[2]:g}$")
    out = float((a @ W2 + B2)[0])
    says(
        4,
        f"$2 \\times 0.5 + 1.5 \\times (-1) + 0 \\times 2 + 0.2 = {out:g}$",
        f"$1/(1 + e^{{0.3}}) = {sigmoid(out):.3f}$",
    )
    z = np.array([2, 0]) @ W1 + B1
    a = np.maximum(z, 0)
    out = float((a @ W2 + B2)[0])
    says(
        4,
        f"hidden sums ${listed(z)}$, activations ${listed(a)}$",
        f"an output sum of ${out:g}$ and the output ${sigmoid(out):.3f}$",
    )


def test_the_code_of_the_lecture_gives_the_numbers_worked_by_hand(lecture_text):
    code = re.search(r"```python\n(.+?)```", lecture_text(4), re.S)
    assert code is not None
    scope: dict = {"np": np}
    exec(code.group(1), scope)
    out = scope["forward"](np.array([[1, 2], [2, 0]]), W1, B1, W2, B2)
    assert out.shape == (2, 1)
    np.testing.assert_allclose(out[:, 0], [0.426, 0.985], atol=5e-4)


def test_equal_weights_stay_equal_through_training():
    import torch

    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(0.5)
    steps = torch.optim.SGD(net.parameters(), lr=0.1)
    X, y = torch.tensor(CORNERS, dtype=torch.float32), torch.tensor(OR, dtype=torch.float32)[:, None]
    for _ in range(20):
        steps.zero_grad()
        ((net(X) - y) ** 2).mean().backward()
        steps.step()
    first = net[0].weight.detach().numpy()
    assert not np.allclose(first, 0.5)
    np.testing.assert_allclose(first, np.broadcast_to(first[0], first.shape), rtol=1e-5)


def test_the_start_of_he_keeps_the_size_of_the_signal():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 256))
    start = np.mean(A**2)
    for _ in range(10):
        A = np.maximum(A @ rng.normal(0, np.sqrt(2 / 256), (256, 256)), 0)
    assert (
        0.3 < np.mean(A**2) / start < 3
    )  # half of the units are off, the rest twice as large in the mean square


def test_the_exercises_of_lecture_4_have_right_answers(says):
    z = CORNERS @ [1, 1] - 1.5
    assert (z > 0).astype(int).tolist() == [0, 0, 0, 1]
    says(4, f"$w_1 = w_2 = 1$, $b = -1.5$: the sums are ${listed(z)}$")
    z = float(np.array([2, 3]) @ [0.5, -1] + 1)
    says(4, f"$z = 1 - 3 + 1 = {z:g}$. ReLU: ${max(z, 0):g}$. Sigmoid: $1/(1 + e) = {sigmoid(z):.3f}$")
    A = np.maximum(np.zeros((100, 20)) @ np.zeros((20, 50)) + np.zeros(50), 0)
    says(4, f"$A_1$ is ${A.shape[0]} \\times {A.shape[1]}$")


def test_the_lab_shows_what_the_messages_of_lecture_4_promise(says):
    from labs.backprop import LAB

    def accuracy(**values: object) -> float:
        return LAB.execute({"epochs": 150, **values}).metrics["accuracy_train"]

    says(4, "`run the backprop with dataset xor and hidden 1`")
    assert 0.7 < accuracy(dataset="xor", hidden=[1]) < 0.85 < accuracy(dataset="xor", hidden=[2])
    says(4, "`run the backprop with dataset circles, noise 0.1 and hidden 2`: then 3")
    two, three = (accuracy(dataset="circles", noise=0.1, hidden=[h]) for h in (2, 3))
    assert two < 0.92 < three
    says(4, "`run the backprop with hidden [16, 16, 16, 16, 16], activation sigmoid and optimizer sgd`")
    assert accuracy(hidden=[16] * 5, activation="sigmoid", optimizer="sgd") == pytest.approx(1 / 3, abs=0.06)
