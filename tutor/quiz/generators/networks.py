"""Lecture 4: neurons, the perceptron, counting parameters, shapes and the forward pass."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from labs.cores.backprop import Dense, Network, ReLU, Sigmoid
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import (
    after,
    choices,
    fixed,
    one_of,
    pick,
    plain,
    signed,
    sound,
    total,
    words_of,
)


def _dense(W: list[list[float]], b: list[float]) -> Dense:
    """A layer with these weights, one column per unit."""
    weights, bias = np.array(W, dtype=float), np.array(b, dtype=float)
    return Dense(weights, bias, np.zeros_like(weights), np.zeros_like(bias))


@generator("net_neuron", 4, "What is an artificial neuron?", "output of a neuron")
@sound
def neuron(rng: np.random.Generator) -> Made:
    """f(w1 x1 + w2 x2 + b) with ReLU or sigmoid, by the layers of labs.cores.backprop."""
    name = words_of(rng, ("ReLU", "sigmoid"))
    w1, w2, b = pick(rng, -2, 2, 0.5), pick(rng, -2, 2, 0.5), pick(rng, -1.5, 1.5, 0.5)
    x1, x2 = pick(rng, 1, 3), pick(rng, -2, 3)
    if 0 in (w1, w2, x2, b):
        return neuron(rng)
    z = float(_dense([[w1], [w2]], [b]).forward(np.array([[x1, x2]]))[0, 0])
    if not 0.2 < abs(z) < 3 or (name == "ReLU" and z < 0):
        return neuron(rng)
    a = float((ReLU() if name == "ReLU" else Sigmoid()).forward(np.array([[z]]))[0, 0])
    formula = r"\max(z, 0)" if name == "ReLU" else r"\frac{1}{1 + e^{-z}}"
    worked = f"\\max({plain(z)}, 0)" if name == "ReLU" else f"1 / (1 + e^{{{plain(-z)}}})"
    turned = 1 - a if name == "sigmoid" else 0.0
    return Made(
        prompt=f"A neuron has the weights $w_1 = {plain(w1)}$, $w_2 = {plain(w2)}$, the bias $b = {plain(b)}$ and "
        f"the "
        f"activation {name}, $f(z) = {formula}$. What is its output for the inputs $x_1 = {plain(x1)}$ and "
        f"$x_2 = {plain(x2)}$?",
        answer=a,
        hints=(
            "A neuron does two things, one after the other.",
            "First the weighted sum of the inputs plus the bias; then the activation function.",
            f"The first product is ${after(w1)} \\times {plain(x1)}$; add ${after(w2)} \\times {after(x2)}$ and the "
            "bias, and put the sum into the activation.",
        ),
        solution=f"$z = {total((w1 * x1, w2 * x2, b))} = {plain(z)}$, and $f(z) = {worked} = {fixed(a)}$.",
        mistakes=(
            (z, "That is the weighted sum; the activation is still to come."),
            (turned, "The sign of $z$ got turned in the sigmoid: it is $e^{-z}$."),
            (
                max(z - b, 0.0) if name == "ReLU" else float(1 / (1 + np.exp(b - z))),
                "The bias is missing from the sum.",
            ),
        ),
    )


@generator("net_perceptron", 4, "How does a perceptron learn?", "perceptron rule")
@sound
def perceptron(rng: np.random.Generator) -> Made:
    """w + eta (y - a) x and b + eta (y - a) after a mistake (Rosenblatt's rule as in the lecture; plain NumPy)."""
    w1, w2, b = (int(value) for value in rng.integers(-2, 3, size=3))
    x = (1, 0) if rng.random() < 0.5 else (0, 1)
    z = w1 * x[0] + w2 * x[1] + b
    a = int(z > 0)
    y = 1 - a  # a mistake, so that there is something to learn
    d = y - a
    new = (w1 + d * x[0], w2 + d * x[1], b + d)

    def said(values: tuple[int, int, int]) -> str:
        return f"$w_1 = {values[0]}$, $w_2 = {values[1]}$, $b = {values[2]}$"

    return Made(
        prompt=f"A perceptron has $w_1 = {w1}$, $w_2 = {w2}$, $b = {b}$ and the learning rate 1. It is shown "
        f"$x_1 = {x[0]}$, $x_2 = {x[1]}$; the right answer is {y}. What are the weights and the bias afterwards?",
        options=choices(
            (
                said(new),
                f"It said {a} and should have said {y}: the input that is on and the bias change by {d}.",
            ),
            (
                said((w1 - d * x[0], w2 - d * x[1], b - d)),
                "That goes the wrong way: it makes the mistake worse.",
            ),
            (said((w1 + d, w2 + d, b + d)), "An input that is 0 took no part, so its weight stays as it is."),
            (
                said((w1 + d * x[0], w2 + d * x[1], b)),
                "The bias learns too: it is a weight whose input is always 1.",
            ),
        ),
        hints=(
            "First see what the perceptron says now: is it right?",
            "After a mistake each weight changes by (right answer - its answer) × its input, the bias by the "
            "bracket.",
            f"Its sum is ${total((w1 * x[0], w2 * x[1], b))} = {z}$, so it says {a}, and the bracket is "
            f"${y} - {a} = {d}$.",
        ),
        solution=f"$z = {z}$, so it says {a}; right is {y}. With $y - a = {d}$: $w_1 = {w1} + {after(d)} \\times "
        f"{x[0]} "
        f"= {new[0]}$, $w_2 = {w2} + {after(d)} \\times {x[1]} = {new[1]}$, $b = {b} + {after(d)} = {new[2]}$.",
    )


@generator(
    "net_parameters", 4, "How is a network built, and how do I count its parameters?", "counting parameters"
)
@sound
def parameters(rng: np.random.Generator) -> Made:
    """(d + 1) h for each dense layer; counted in a network that labs.cores.backprop builds."""
    sizes: tuple[int, ...] = (
        int(rng.integers(3, 21)),
        int(rng.choice([4, 5, 8, 10, 16, 20])),
        int(rng.choice([4, 6, 8, 10])),
        int(rng.integers(2, 6)),
    )
    if rng.random() < 0.5:
        sizes = (sizes[0], sizes[1], sizes[3])
    pairs = list(pairwise(sizes))
    count = len(Network(tuple(sizes), "relu", np.random.default_rng(0)).theta)
    weights = sum(d * h for d, h in pairs)
    layers = [(d + 1) * h for d, h in pairs]
    return Made(
        prompt=f"How many parameters has the dense network {'-'.join(map(str, sizes))} (that is {sizes[0]} inputs, "
        f"then "
        f"layers of {', '.join(map(str, sizes[1:-1]))} and {sizes[-1]} units, each with a bias)?",
        answer=float(count),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Count layer by layer, and add up.",
            "A layer with $d$ inputs and $h$ units has $d \\times h$ weights and $h$ biases.",
            f"The first layer has ${sizes[0]} \\times {sizes[1]}$ weights and ${sizes[1]}$ biases.",
        ),
        solution="$"
        + " + ".join(f"({d} + 1) \\times {h}" for d, h in pairs)
        + f" = {total(layers)} = {count}$",
        mistakes=(
            (float(weights), "Those are the weights; each unit has a bias as well."),
            (float(weights + sum(sizes)), "The inputs have no bias: they are just numbers that come in."),
            (float(weights + len(pairs)), "Each *unit* has a bias of its own, not each layer."),
        ),
    )


@generator("net_forward", 4, "What does a forward pass look like by hand?", "forward pass")
@sound
def forward(rng: np.random.Generator) -> Made:
    """Two ReLU units and one linear output, by the layers of labs.cores.backprop."""
    W = [[one_of(rng, (-1, -0.5, 0.5, 1, 1.5)) for _ in range(2)] for _ in range(2)]
    b1 = [pick(rng, -1, 1, 0.5) for _ in range(2)]
    w2 = [one_of(rng, (-2, -1, 0.5, 1, 2, 3)) for _ in range(2)]
    b2, x = one_of(rng, (-0.5, 0.2, 0.3, 1)), [int(rng.integers(1, 4)), int(rng.integers(1, 4))]
    Z = _dense(W, b1).forward(np.array([x], dtype=float))
    H = ReLU().forward(Z)
    out = _dense([[w2[0]], [w2[1]]], [b2])
    y = float(out.forward(H)[0, 0])
    z, h = Z[0].tolist(), H[0].tolist()
    if max(h) == 0 or 0 in z or (min(z) > 0 and rng.random() < 0.8):
        return forward(rng)
    sums = [
        f"{after(W[0][k])} \\times {x[0]} + {after(W[1][k])} \\times {x[1]} {signed(b1[k])}" for k in range(2)
    ]
    return Made(
        prompt=f"A network has two inputs, two hidden units with ReLU, and one output without activation. For "
        f"$x = ({x[0]}, {x[1]})$, the hidden sums are $z_1 = {sums[0]}$ and $z_2 = {sums[1]}$, and the output is "
        f"${plain(w2[0])}\\,h_1 {signed(w2[1])}\\,h_2 {signed(b2)}$, where $h$ is the ReLU of $z$. What is the "
        f"output?",
        answer=y,
        hints=(
            "Go from left to right: sums, ReLU, output.",
            "ReLU keeps a positive number as it is, and turns a negative one into 0.",
            f"The first hidden sum is $z_1 = {plain(z[0])}$. Take its ReLU, then do the same for $z_2$.",
        ),
        solution=f"$z = ({plain(z[0])}, {plain(z[1])})$, so $h = ({plain(h[0])}, {plain(h[1])})$, and the output is "
        f"${after(w2[0])} \\times {plain(h[0])} + {after(w2[1])} \\times {plain(h[1])} {signed(b2)} = {fixed(y)}$.",
        mistakes=(
            (
                float(out.forward(Z)[0, 0]),
                "The ReLU was left out: a negative sum becomes 0 before it goes on.",
            ),
            (y - b2, "The bias of the output is missing."),
            (max(y, 0.0), "The output has no activation here, so it may be negative."),
        ),
    )


@generator("net_shapes", 4, "What is the forward pass?", "shapes of tables")
@sound
def shapes(rng: np.random.Generator) -> Made:
    """X (n x d) times W1 (d x h) times W2 (h x k): the shapes of the lecture's table."""
    n, d, h, k = (int(v) for v in rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 20, 32, 50], size=4, replace=False))
    what = int(rng.integers(4))
    name = ("the weight table $W_1$", "the hidden sums $Z_1$", "the weight table $W_2$", "the output $Z_2$")[
        what
    ]
    right = ((d, h), (n, h), (h, k), (n, k))[what]
    why = (
        f"one row for each of the {d} inputs, one column for each of the {h} hidden units",
        f"one row for each of the {n} examples, one column for each of the {h} hidden units",
        f"one row for each of the {h} hidden units, one column for each of the {k} outputs",
        f"one row for each of the {n} examples, one column for each of the {k} outputs",
    )[what]

    def said(shape: tuple[int, int]) -> str:
        return f"${shape[0]} \\times {shape[1]}$"

    others = [shape for shape in ((d, h), (n, h), (h, k), (n, k)) if shape != right]
    return Made(
        prompt=f"{n} examples with {d} features each go through a network with {h} hidden units and {k} outputs: "
        f"$Z_1 = XW_1 + b_1$, $A_1 = f(Z_1)$, $Z_2 = A_1W_2 + b_2$. Which shape (rows × columns) has {name}?",
        options=choices(
            (said(right), f"It has {why}."),
            (said((right[1], right[0])), "Rows and columns are swapped."),
            *(
                (said(shape), f"That is the shape of another table; this one has {why}.")
                for shape in others[:2]
            ),
        ),
        hints=(
            "Examples are rows; what is known about each is in the columns.",
            "In a product, the inner numbers must agree: (a × b)(b × c) = a × c.",
            f"$X$ has {n} rows and {d} columns, so $W_1$ must have {d} rows.",
        ),
        solution=f"The shapes: $X$ is {said((n, d))}, $W_1$ {said((d, h))}, $Z_1$ and $A_1$ {said((n, h))}, $W_2$ "
        f"{said((h, k))}, $Z_2$ {said((n, k))}. So {name} is {said(right)}: {why}.",
    )
