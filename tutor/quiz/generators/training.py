"""Lecture 5: softmax, cross-entropy, the chain rule, slopes of weights, vanishing gradients and momentum."""

from __future__ import annotations

import numpy as np

from labs.cores.backprop import Dense, Momentum, Sigmoid, SoftmaxCrossEntropy
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import (
    after,
    choices,
    fixed,
    one_of,
    pick,
    plain,
    signed,
    small,
    sound,
    total,
)


def _three_shares(rng: np.random.Generator) -> np.ndarray:
    """Three different probabilities that add up to 1, in steps of 0.05, none below 0.1."""
    while True:
        cuts = rng.integers(2, 15, size=2)
        shares = np.array([cuts[0], cuts[1], 20 - cuts.sum()])
        if shares.min() >= 2 and len(set(shares.tolist())) == 3:
            return shares / 20


@generator("back_softmax", 5, "How does softmax turn scores into probabilities?", "softmax of scores")
@sound
def softmax(rng: np.random.Generator) -> Made:
    """e^z over the sum of all e^z, by labs.cores.backprop.SoftmaxCrossEntropy."""
    z = rng.choice([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0], size=3, replace=False)
    at = int(rng.integers(3))
    loss = SoftmaxCrossEntropy()
    loss.forward(z[None], np.array([0]))
    share = float(loss.P[0, at])
    powers = np.exp(z)
    place = ("first", "second", "third")[at]
    return Made(
        prompt=f"The last layer of a network gives three classes the scores ${', '.join(map(plain, z))}$. Which "
        f"probability does softmax give to the {place} class?",
        answer=share,
        tolerance=0.008,
        hints=(
            "Probabilities are positive and add up to 1; scores need not be.",
            "Take $e$ to the power of each score, then divide by the sum of the three powers.",
            f"The sum of the powers is ${total(powers, 3)} \\approx {powers.sum():.3f}$.",
        ),
        solution=f"$e^{{{plain(z[at])}}} / {powers.sum():.3f} = {powers[at]:.3f} / {powers.sum():.3f} = {share:.2f}$",
        mistakes=(
            (
                float(z[at] / z.sum()) if z.sum() else 0.0,
                "That divides the scores themselves; take $e^z$ first.",
            ),
            (float(powers[at] / (powers.sum() - powers[at])), "The sum below takes in all three powers."),
            (float(powers[at]), "That is the power; divide it by the sum of all three."),
        ),
    )


@generator("back_cross_entropy", 5, "What is cross-entropy?", "cross-entropy")
@sound
def cross_entropy(rng: np.random.Generator) -> Made:
    """-ln of the probability of the right class, by labs.cores.backprop.SoftmaxCrossEntropy on scores ln p."""
    p = _three_shares(rng)
    at = int(rng.integers(3))
    loss = SoftmaxCrossEntropy().forward(np.log(p)[None], np.array([at]))
    names = ("cat", "dog", "bird")
    said = ", ".join(f"{name} ${plain(share)}$" for name, share in zip(names, p, strict=True))
    return Made(
        prompt=f"A network looks at a picture and gives the probabilities {said}. The picture shows a {names[at]}. "
        "What is the cross-entropy loss of this one prediction (natural logarithm)?",
        answer=loss,
        hints=(
            "Only one of the three probabilities matters.",
            "The loss is minus the natural logarithm of the probability given to the right class.",
            f"The right class is {names[at]}, with ${plain(p[at])}$. Your calculator's key is called ln.",
        ),
        solution=f"$-\\ln {plain(p[at])} = {loss:.2f}$",
        mistakes=(
            (-loss, "The minus sign is missing: a loss is never negative."),
            (float(-np.log10(p[at])), "That is the logarithm to base 10; use the key ln."),
            (float(1 - p[at]), "That is the probability given to the wrong classes."),
            (
                float(-np.log(p.max())),
                "That takes the class the network likes best; it is the right class that counts.",
            ),
            (float(-np.log(p).sum()), "Only the right class counts, not all three."),
        ),
    )


@generator("back_output_slopes", 5, "Why does softmax with cross-entropy give p − y?", "slopes at the output")
@sound
def output_slopes(rng: np.random.Generator) -> Made:
    """p - y for each score, by labs.cores.backprop.SoftmaxCrossEntropy.backward (Bishop, PRML, equation 4.109)."""
    p = _three_shares(rng)
    at = int(rng.integers(3))
    loss = SoftmaxCrossEntropy()
    loss.forward(np.log(p)[None], np.array([at]))
    slopes = loss.backward()[0]
    one = np.eye(3)[at]
    place = ("first", "second", "third")[at]

    def said(values: np.ndarray) -> str:
        return f"$({', '.join(plain(v) for v in values)})$"

    return Made(
        prompt=f"Softmax gives three classes the probabilities {said(p)}; the {place} class is right. What are the "
        "slopes of the cross-entropy loss by the three scores?",
        options=choices(
            (said(slopes), "Prediction minus label: the right score is pushed up, the others down."),
            (said(-slopes), "That is label minus prediction: the signs are turned."),
            (said(p), "The label is still to be taken off: 1 at the place of the right class."),
            (said(p - 1), "The 1 is taken off at the place of the right class only."),
            (said(-one / p), "That is the slope by the probability; one link of the chain is missing."),
        ),
        hints=(
            "The three slopes must add up to zero.",
            "Prediction minus label, where the label is one-hot: 1 for the right class, 0 elsewhere.",
            f"The label is {said(one)}. Take it from the probabilities, place by place.",
        ),
        solution=f"$p - y$: {said(p)} minus {said(one)} is {said(slopes)}.",
    )


@generator("back_chain_rule", 5, "What is the chain rule?", "chain rule")
@sound
def chain_rule(rng: np.random.Generator) -> Made:
    """dy/dx = dy/du du/dx for y = u², u = a x + b; plain arithmetic, after the lecture."""
    a, b, x = int(rng.choice([-3, -2, 2, 3, 4, 5])), int(rng.integers(-3, 6)), int(rng.integers(1, 4))
    u = a * x + b
    if b == 0 or abs(u) < 2:
        return chain_rule(rng)
    return Made(
        prompt=f"Let $u = {a}x {signed(b)}$ and $y = u^2$. What is the derivative $\\frac{{dy}}{{dx}}$ at $x = {x}$?",
        answer=float(2 * u * a),
        decimals=0,
        tolerance=0.0,
        hints=(
            "There are two links: $x$ moves $u$, and $u$ moves $y$.",
            "Work out the slope of each link, and multiply them.",
            f"At $x = {x}$, $u = {u}$. The first link is $\\frac{{du}}{{dx}} = {a}$, and the second is $2u$.",
        ),
        solution=f"$\\frac{{dy}}{{du}} = 2u = {2 * u}$ and $\\frac{{du}}{{dx}} = {a}$, so $\\frac{{dy}}{{dx}} = "
        f"{2 * u} \\times {after(a)} = {2 * u * a}$.",
        mistakes=(
            (float(2 * u), "The inner link is missing: $u$ itself moves with $x$."),
            (float(2 * x * a), "The 2 belongs to $u$, not to $x$: the outer slope is $2u$."),
            (float(2 * u + a), "Rates along a chain multiply; they do not add up."),
            (float(u * a), "The derivative of $u^2$ is $2u$."),
        ),
    )


@generator("back_weight_slope", 5, "How does the error enter at the output?", "slope of a weight")
@sound
def weight_slope(rng: np.random.Generator) -> Made:
    """(p - y) x for a sigmoid unit with cross-entropy; the key comes back through labs.cores.backprop.

    A sigmoid is the softmax of the two scores 0 and z, so the core's softmax and its dense layer can be used.
    """
    w, b, x = one_of(rng, (-1, -0.5, 0.5, 1)), one_of(rng, (-1, -0.5, 0.5, 1)), one_of(rng, (-2, 2, 3))
    y = int(rng.integers(2))
    layer = Dense(np.array([[0.0, w]]), np.array([0.0, b]), np.zeros((1, 2)), np.zeros(2))
    loss, z = SoftmaxCrossEntropy(), w * x + b
    loss.forward(layer.forward(np.array([[x]])), np.array([y]))
    layer.backward(loss.backward())
    p, slope = float(loss.P[0, 1]), float(layer.dW[0, 1])
    if z == 0 or abs(slope) < 0.05:
        return weight_slope(rng)
    return Made(
        prompt=f"One sigmoid unit: $z = wx + b$, $p = \\frac{{1}}{{1 + e^{{-z}}}}$, with $w = {plain(w)}$, "
        f"$b = {plain(b)}$. For the input $x = {plain(x)}$ the label is $y = {y}$. What is the slope of the "
        "cross-entropy loss by the weight, $\\frac{\\partial J}{\\partial w}$?",
        answer=slope,
        tolerance=0.016,
        hints=(
            "A weight's slope is what came in, times the error signal that came back.",
            "First go forward to $p$; then the error signal of the output is $p - y$.",
            f"$z = {plain(z)}$. Put that into the sigmoid to get $p$, take off {y}, and multiply by the input.",
        ),
        solution=f"$p = 1/(1 + e^{{{plain(-z)}}}) = {p:.3f}$, the error signal is ${p:.3f} - {y} = {p - y:.3f}$, and "
        f"the "
        f"slope is ${p - y:.3f} \\times {after(x)} = {fixed(slope)}$.",
        mistakes=(
            (-slope, "The sign is turned: the error signal is prediction minus label."),
            (p - y, "That is the slope by the bias; for the weight, multiply by the input."),
            ((p - y) * p * (1 - p) * x, "With cross-entropy the factor $p(1 - p)$ has cancelled already."),
            (p * x, "The label is missing from the error signal."),
        ),
    )


@generator("back_hidden", 5, "How does the error reach the hidden layer?", "error signal further back")
@sound
def hidden(rng: np.random.Generator) -> Made:
    """delta w a (1 - a), the last factor by labs.cores.backprop.Sigmoid.backward."""
    delta, w = one_of(rng, (-0.8, -0.6, -0.4, 0.3, 0.5, 0.7)), one_of(rng, (-3, -2, -1.5, 1.5, 2, 3))
    a = one_of(rng, (0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9))
    unit = Sigmoid()
    unit.forward(np.array([[np.log(a / (1 - a))]]))
    signal = float(unit.backward(np.array([[delta * w]]))[0, 0])
    return Made(
        prompt=f"The error signal at the output is $\\delta = {delta}$. A hidden sigmoid unit with the activation "
        f"$a = {a}$ is joined to the output by the weight $w = {plain(w)}$. What is the unit's own error signal (the "
        "slope of the loss by its sum $z$)?",
        answer=signal,
        decimals=3,
        hints=(
            "The signal goes back through two things: the weight, and then the sigmoid.",
            "Multiply by the weight, then by the slope of the sigmoid, $a(1 - a)$.",
            f"Through the weight: ${delta} \\times {after(w)} = {plain(delta * w)}$. Now the sigmoid's slope.",
        ),
        solution=f"${delta} \\times {after(w)} \\times {a} \\times (1 - {a}) = {plain(delta * w)} \\times "
        f"{plain(a * (1 - a))} = {fixed(signal, 3)}$",
        mistakes=(
            (delta * w, "That has passed the weight, but not yet the sigmoid."),
            (delta * w * a, "That is times the activation; the sigmoid's slope is $a(1 - a)$."),
            (delta * a * (1 - a), "The weight is missing: the signal comes back through it."),
        ),
    )


@generator("back_vanishing", 5, "Why do gradients vanish?", "vanishing gradients")
@sound
def vanishing(rng: np.random.Generator) -> Made:
    """At most (|w| / 4)^n is left of a signal after n sigmoid layers: the slope of a sigmoid is at most 1/4."""
    layers, w = int(rng.integers(3, 11)), int(rng.choice([1, 2, 3]))
    share = {1: r"\frac{1}{4}", 2: r"\frac{1}{2}", 3: r"\frac{3}{4}"}[w]
    power = f"^{{{layers}}}"
    return Made(
        prompt=f"On its way back, an error signal passes {layers} sigmoid layers, along a path on which every weight "
        f"is {w}. What share of it is left at most?",
        options=choices(
            (
                f"$\\left({share}\\right){power}$",
                "Each layer multiplies by the weight and by at most one quarter.",
            ),
            (f"${share}$", f"That is one layer; there are {layers}."),
            (f"$\\frac{{{w}}}{{{4 * layers}}}$", "The factors of the layers multiply; they do not add up."),
            (f"${w}{power}$", "The slope of the sigmoid is missing; it is at most one quarter."),
            (
                f"${w} \\times \\left(\\frac{{1}}{{4}}\\right){power}$",
                "There is a weight in each layer, not just one.",
            ),
        ),
        hints=(
            "Ask first what happens in one layer.",
            "In each layer the signal is multiplied by the weight and by the slope of the sigmoid.",
            "The slope of a sigmoid is never more than one quarter.",
        ),
        solution=f"One layer leaves at most ${w} \\times \\frac{{1}}{{4}}$, so {layers} layers leave at most "
        f"$\\left({share}\\right){power} = {small((w / 4) ** layers)}$.",
    )


@generator("back_momentum", 5, "What do SGD, momentum and Adam do?", "step with momentum")
@sound
def momentum(rng: np.random.Generator) -> Made:
    """v <- 0.9 v - eta g, theta <- theta + v, by labs.cores.backprop.Momentum."""
    theta, v = pick(rng, 0.5, 4, 0.5), one_of(rng, (-0.5, -0.4, -0.2, 0.2, 0.3, 0.5))
    rate, g = one_of(rng, (0.01, 0.05, 0.1, 0.2)), one_of(rng, (-4, -3, -2, 2, 3, 5))
    ball, at = Momentum(rate, 1), np.array([theta])
    ball.v[:] = v
    ball.step(at, np.array([float(g)]))
    new = float(at[0])
    return Made(
        prompt=f"Gradient descent with momentum: $v \\leftarrow 0.9\\,v - \\eta\\,g$, then $\\theta \\leftarrow "
        f"\\theta "
        f"+ v$. A parameter stands at $\\theta = {plain(theta)}$ with the velocity $v = {v}$; its gradient is "
        f"$g = {g}$ and the learning rate $\\eta = {rate}$. Where is $\\theta$ after one step?",
        answer=new,
        decimals=3,
        hints=(
            "Do the two arrows one after the other: velocity first.",
            "The ball keeps nine tenths of its velocity, and is pushed against the gradient.",
            f"What is kept: $0.9 \\times {after(v)} = {plain(0.9 * v)}$. The push: $-{rate} \\times {after(g)}$.",
        ),
        solution=f"$v = {total((0.9 * v, -rate * g))} = {plain(float(ball.v[0]))}$, so $\\theta = {plain(theta)} "
        f"{signed(float(ball.v[0]))} = {fixed(new, 3)}$.",
        mistakes=(
            (theta - rate * g, "That is a step of plain SGD: the old velocity is left out."),
            (theta + 0.9 * v, "The gradient is left out: the ball only rolls on."),
            (theta + 0.9 * v + rate * g, "The push goes against the gradient, so with a minus."),
            (theta + v - rate * g, "The ball keeps nine tenths of its velocity, not all of it."),
            (float(ball.v[0]), "That is the new velocity; add it to the parameter."),
        ),
    )
