"""Lecture 11: recurrent steps, vanishing gradients, clipping, LSTM cells, and what a loss says."""

from __future__ import annotations

import math

import numpy as np

from labs.cores.language_model import bits_per_character
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import after, choices, fixed, one_of, pick, plain, small, sound, total


@generator("rnn_step", 11, "What do recurrent steps look like by hand?", "recurrent step")
@sound
def step(rng: np.random.Generator) -> Made:
    """h = tanh(w_x x + w_h h + b), by labs.cores.rnn.rnn_step."""
    import torch

    from labs.cores.rnn import rnn_step

    w_x, w_h = one_of(rng, (-1, -0.5, 0.5, 1, 1.5)), one_of(rng, (-1, -0.5, 0.5, 0.8, 1))
    b, x, h = pick(rng, -0.4, 0.4, 0.1), int(rng.integers(-1, 3)), one_of(rng, (-0.6, -0.4, 0.2, 0.5, 0.8))
    z = w_x * x + w_h * h + b
    if not 0.15 < abs(z) < 1.8 or b == 0:
        return step(rng)
    inside = torch.tensor([[w_x * x + b]], dtype=torch.float64)
    state = (torch.tensor([[h]], dtype=torch.float64),)
    new = float(rnn_step(inside, state, {"W_h": torch.tensor([[w_h]], dtype=torch.float64)})[0])
    return Made(
        prompt=f"A recurrent unit computes $h_t = \\tanh(w_x x_t + w_h h_{{t-1}} + b)$ with $w_x = {plain(w_x)}$, "
        f"$w_h = "
        f"{plain(w_h)}$ and $b = {plain(b)}$. Its state was $h_{{t-1}} = {plain(h)}$, and the input is $x_t = {x}$. "
        f"What is "
        "its new state? (If your calculator has no tanh: $\\tanh z = \\frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}$.)",
        answer=new,
        tolerance=0.008,
        hints=(
            "The new state mixes what comes in with what is remembered.",
            "Work out the bracket first: input times its weight, old state times its weight, bias. Then tanh.",
            f"The bracket is ${total((w_x * x, w_h * h, b))} = {plain(z)}$.",
        ),
        solution=f"$\\tanh({total((w_x * x, w_h * h, b))}) = \\tanh({plain(z)}) = {fixed(new)}$",
        mistakes=(
            (z, "That is the bracket; tanh is still to come."),
            (math.tanh(w_x * x + b), "The old state is missing: that is the memory."),
            (math.tanh(z - b), "The bias is missing."),
            (1 / (1 + math.exp(-z)), "That is the sigmoid; here it is tanh, which goes from -1 to 1."),
            (math.tan(z), "That is the tangent of an angle; tanh is the hyperbolic one."),
        ),
    )


@generator("rnn_product", 11, "Why do gradients vanish or explode?", "gradient through many steps")
@sound
def product(rng: np.random.Generator) -> Made:
    """w^n, what is left after n steps of a factor w; plain arithmetic, after the lecture."""
    w, n = one_of(rng, (0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5)), int(rng.integers(3, 13))
    left = w**n
    if not 0.02 < left < 30:
        return product(rng)
    name = "vanishes" if w < 1 else "explodes"
    return Made(
        prompt=f"On its way back through time a gradient is multiplied by {w} at every step. By which factor has it "
        f"changed "
        f"after {n} steps?",
        answer=left,
        decimals=3,
        hints=(
            "Think of two steps first, then of all.",
            "Factors along a chain multiply: the same number, again and again, is a power.",
            f"After two steps the factor is ${w}^2 = {plain(w * w)}$; here there are {n}.",
        ),
        solution=f"${w}^{{{n}}} = {left:.3f}$: over many steps such a gradient {name}.",
        mistakes=(
            (w * n, "That is the factor times the steps; factors multiply with one another."),
            (w ** (n - 1), f"There are {n} factors, one for each step."),
            (1 - n * (1 - w), "Each step acts on what the step before has left, not on the start."),
        ),
    )


@generator("rnn_memory", 11, "Why does an LSTM remember longer?", "forget gate's memory")
@sound
def memory(rng: np.random.Generator) -> Made:
    """f^n of the cell state is left after n steps with the forget gate at f; the largest of three is longest kept."""
    n = int(rng.integers(5, 31))
    f = [float(v) for v in rng.choice([0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99], size=3, replace=False)]
    at = int(rng.integers(3))
    gate = f[at]
    left = gate**n
    if not 0.005 < left < 0.97:
        return memory(rng)
    return Made(
        prompt=f"The forget gate of an LSTM stays at {gate} for {n} steps, and nothing new is written. How much of "
        f"the cell "
        "state is left?",
        options=choices(
            (
                f"${gate}^{{{n}}}$, about ${small(left)}$",
                "Each step keeps that share of what is still there.",
            ),
            (f"${gate}$, as the gate does not change", "The gate acts at each step, on what is still there."),
            (
                f"$(1 - {gate})^{{{n}}}$, about ${small((1 - gate) ** n)}$",
                "The gate says what is kept, not what is lost.",
            ),
            (
                "nothing: an LSTM forgets all between two steps",
                "The cell state is carried from step to step.",
            ),
        ),
        hints=(
            "The gate acts at every step.",
            "Each step multiplies the cell state by the forget gate.",
            f"After two steps ${gate} \\times {gate} = {plain(gate * gate)}$ of it is left.",
        ),
        solution=f"{n} steps multiply it by {gate} each: ${gate}^{{{n}}} = {left:.3f}$.",
    )


@generator("rnn_clip", 11, "What is gradient clipping?", "clipping a gradient")
@sound
def clip(rng: np.random.Generator) -> Made:
    """g c / |g| where |g| > c, by labs.cores.rnn.clip_gradient (Pascanu et al. 2013, Algorithm 1)."""
    import torch

    from labs.cores.rnn import clip_gradient

    a, b = ((3, 4), (4, 3), (6, 8), (8, 6), (5, 12), (12, 5), (8, 15))[int(rng.integers(7))]
    a, c = a * int(rng.choice([-1, 1])), one_of(rng, (1, 2, 2.5))
    weight = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.tensor([a, b], dtype=torch.float64)
    length = round(clip_gradient([weight], c))
    shorter = weight.grad.tolist()
    at = int(rng.integers(2))
    old, new = (a, b)[at], shorter[at]
    return Made(
        prompt=f"The gradient $g = ({a}, {b})$ is clipped to the length $c = {plain(c)}$. What is its "
        f"{('first', 'second')[at]} entry afterwards?",
        answer=float(new),
        hints=(
            "The arrow keeps its direction, and becomes shorter.",
            "Find its length (the root of the sum of squares); multiply each entry by $c$ over the length.",
            f"The length is $\\sqrt{{{a * a} + {b * b}}} = {length}$, which is more than {plain(c)}.",
        ),
        solution=f"$\\frac{{{plain(c)}}}{{{length}}} \\times {after(old)} = {fixed(float(new))}$",
        mistakes=(
            (math.copysign(c, old), "That cuts the entry itself; the gradient as a whole is shortened."),
            (old / length, f"That makes the length 1; here it may be {plain(c)}."),
            (
                c * old / (abs(a) + b),
                "The length is the root of the sum of squares, not the sum of the sizes.",
            ),
            (float(shorter[1 - at]), "That is the other entry."),
        ),
    )


@generator("lstm_cell", 11, "What does an LSTM step look like by hand?", "LSTM cell state")
@sound
def cell(rng: np.random.Generator) -> Made:
    """c = f c + i g, by labs.cores.rnn.lstm_step, which is given the sums whose gates have these values."""
    import torch

    from labs.cores.rnn import lstm_step

    f, i = (float(v) for v in rng.choice([0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9], size=2, replace=False))
    g, c = one_of(rng, (-0.8, -0.5, -0.2, 0.4, 0.6, 0.9)), one_of(rng, (-1.5, -0.6, 0.5, 0.8, 1.2, 2))
    o = 0.5
    sums = [
        math.log(i / (1 - i)),
        math.log(f / (1 - f)),
        math.atanh(g),
        0.0,
    ]  # in the core's order i, f, g, o
    zero = torch.zeros(1, 1, dtype=torch.float64)
    weights = {"W_h": torch.zeros(4, 1, dtype=torch.float64)}
    state = (zero, torch.full((1, 1), c, dtype=torch.float64))
    new = float(lstm_step(torch.tensor([sums], dtype=torch.float64), state, weights)[1])
    return Made(
        prompt=f"At one step of an LSTM the forget gate is $f = {f}$, the input gate $i = {i}$, the output gate $o = "
        f"{o}$ "
        f"and the candidate $g = {plain(g)}$. The cell state was $c_{{t-1}} = {plain(c)}$. What is the new cell "
        f"state "
        "$c_t$?",
        answer=new,
        hints=(
            "The belt keeps some of its load and takes on something new.",
            "Forget gate times old cell state, plus input gate times candidate.",
            f"What is kept: ${f} \\times {after(c)} = {plain(f * c)}$. What is new: ${i} \\times {after(g)}$.",
        ),
        solution=f"${f} \\times {after(c)} + {i} \\times {after(g)} = {total((f * c, i * g))} = {fixed(new)}$",
        mistakes=(
            (i * c + f * g, "The gates are swapped: the forget gate acts on the old cell state."),
            (f * c + g, "The candidate passes the input gate before it is written."),
            ((1 - f) * c + i * g, "The forget gate says how much is *kept*."),
            (o * math.tanh(new), "That is the hidden state $h_t$; the question is the cell state."),
            (f * c, "That is what is kept; something new is added."),
        ),
    )


@generator("lstm_parameters", 11, "How many parameters has an LSTM?", "parameters of an LSTM")
@sound
def lstm_parameters(rng: np.random.Generator) -> Made:
    """4 H (D + H + 2), the lecture's formula for torch.nn.LSTM, which has two biases (plain arithmetic)."""
    d, h = int(rng.choice([1, 3, 4, 5, 8, 10, 20])), int(rng.choice([2, 4, 8, 10, 16, 20, 32]))
    count = 4 * h * (d + h + 2)
    return Made(
        prompt=f"How many parameters has one layer of PyTorch's `nn.LSTM({d}, {h})`, with {d} "
        f"{'input' if d == 1 else 'inputs'} and {h} hidden units? PyTorch keeps *two* biases for each of the four "
        f"parts.",
        answer=float(count),
        decimals=0,
        tolerance=0.0,
        hints=(
            "An LSTM has four parts of the same size: three gates and the candidate.",
            "Each part has a table for the input, one for the old state, and here two biases.",
            f"One part has ${h} \\times {d}$ weights for the input and ${h} \\times {h}$ for the old state; its "
            f"biases are "
            f"$2 \\times {h}$ numbers.",
        ),
        solution=f"$4 \\times {h} \\times ({d} + {h} + 2) = {count}$",
        mistakes=(
            (float(4 * h * (d + h + 1)), "That is with one bias; PyTorch keeps two."),
            (float(4 * h * (d + h)), "The biases are missing."),
            (float(h * (d + h + 2)), "That is one part; an LSTM has four."),
            (float(3 * h * (d + h + 2)), "That is a GRU, with three parts; an LSTM has four."),
        ),
    )


@generator("rnn_bits", 11, "What do loss, perplexity and bits per character say?", "bits per character")
@sound
def bits(rng: np.random.Generator) -> Made:
    """loss / ln 2, by labs.cores.language_model.bits_per_character, for probabilities that are powers of one half."""
    powers = [int(v) for v in rng.choice([1, 2, 3, 4, 5], size=4)]
    if len(set(powers)) < 3:
        return bits(rng)
    p = [0.5**k for k in powers]
    loss = float(-np.log(p).mean())
    value = bits_per_character(loss, 1, 1)
    shares = ", ".join(f"$\\frac{{1}}{{{2**k}}}$" for k in powers)
    return Made(
        prompt=f"A model of characters gave the four characters that came the probabilities {shares}. How many bits "
        f"per "
        "character does it need?",
        answer=value,
        hints=(
            "A bit is one question that is answered with yes or no.",
            "Take the mean of $-\\ln p$ (the loss in nats) and divide it by $\\ln 2$; or count halvings.",
            f"$\\frac{{1}}{{{2 ** powers[0]}}}$ is one half to the power of {powers[0]}, so this character costs "
            f"{powers[0]} {'bit' if powers[0] == 1 else 'bits'}.",
        ),
        solution=f"$({total(powers)}) / 4 = {value:.2f}$ bits; in nats that is a loss of {plain(loss, 3)}.",
        mistakes=(
            (loss, "That is the loss in nats; divide it by $\\ln 2$."),
            (math.exp(loss), "That is the perplexity."),
            (float(sum(powers)), "Those are the bits of all four characters together."),
            (
                -math.log2(sum(p) / 4),
                "Take the logarithm of each probability first, and the mean afterwards.",
            ),
        ),
    )
