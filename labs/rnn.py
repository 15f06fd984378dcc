"""Recurrent networks on text, and gradients that vanish (lecture 11).

The cells, their training and the gradient through time are in `labs.cores.rnn`, a run with all that is measured
on the way in `labs.cores.rnn_fit`, the text in `labs.texts`, what is drawn and said in `labs.reports.rnn`.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import model_validator

from labs import texts
from labs.base import Context, Finding, Lab, LabParams, LabResult, Metric
from labs.checks.rnn import verify
from labs.cores.rnn_fit import CHECKPOINTS, STREAMS, learn
from labs.errors import BadParameterError
from labs.fields import param


class RnnParams(LabParams):
    cell: Literal["rnn", "gru", "lstm"] = param(
        "rnn",
        "Kind of recurrent cell: plain, or with gates.",
        synonyms=("cell type", "cells", "unit type"),
        choice_synonyms={
            "rnn": ("vanilla rnn", "plain rnn", "rnn cell", "simple rnn", "elman"),
            "gru": ("gru cell", "gated recurrent unit"),
            "lstm": ("lstm cell", "long short term memory"),
        },
    )
    text: str = param(
        texts.NOTES,
        "What it reads: notes (the course's lectures), or a text of your own.",
        synonyms=("training text", "corpus", "train on", "trained on"),
        choice_synonyms=texts.SYNONYMS,
        max_length=100_000,
    )
    hidden: int = param(
        64,
        "Numbers in the hidden state of a layer.",
        synonyms=(
            *("hidden units", "hidden size", "hidden neurons", "neurons", "units", "hidden nodes", "nodes"),
            *("hidden state", "hidden dimension"),
        ),
        scale="log",
        ge=1,
        le=512,
    )
    layers: int = param(
        1,
        "Recurrent layers on top of each other.",
        synonyms=("layer", "depth", "number of layers", "stacked layers", "hidden layers"),
        ge=1,
        le=4,
    )
    sequence_length: int = param(
        40,
        "Characters in a piece: as far back the gradient is followed.",
        unit="characters",
        synonyms=(
            *("sequence length", "sequences of", "seq length", "seq len", "sequences", "unroll", "bptt"),
            "characters long",
        ),
        scale="log",
        ge=2,
        le=500,
    )
    steps: int = param(
        300,
        "Training steps.",
        synonyms=("training steps", "iterations", "updates"),
        scale="log",
        ge=1,
        le=5000,
    )
    learning_rate: float = param(
        0.005,
        "Size of a step (of Adam).",
        synonyms=("lr", "eta", "η", "step length", "step size", "learn rate"),
        scale="log",
        gt=0,
        le=1,
    )
    clip: float = param(
        1.0,
        "Longest gradient allowed: longer ones are shortened to it; 0 never shortens.",
        synonyms=(
            *("clipping", "gradient clipping", "clip gradients", "clip the gradients", "clip norm"),
            *("gradient clip", "clipped"),
        ),
        ge=0,
        le=100,
    )
    temperature: float = param(
        0.8,
        "How bold the writing is: below 1 likely characters get likelier, above 1 all get more alike.",
        synonyms=("temp", "sampling temperature"),
        gt=0,
        le=5,
    )

    @model_validator(mode="after")
    def _has_text_enough(self) -> RnnParams:
        corpus = texts.load(self.text)
        most = (
            len(corpus.split()[0]) - 1
        ) // 2  # two pieces at least, so that there is something to carry on
        if self.sequence_length > most:
            raise BadParameterError(
                f"Pieces of {self.sequence_length} characters are too long for a text of "
                f"{len(corpus.text):,}; take sequence_length={most} or less, or a longer text.",
                field="sequence_length",
                value=self.sequence_length,
                allowed=f"up to {most}",
            )
        return self


def run(p: RnnParams, context: Context) -> LabResult:
    """Train the network, and say what it learned and how far back it could look."""
    from labs.reports.rnn import charts, findings, headline, notes, series, tables

    story = learn(p, context)
    shown = series(p, story)
    return LabResult(
        lab="rnn",
        title=headline(p, story),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics={
            "loss_val": story.loss_val[-1],
            "bits_per_character": story.loss_val[-1] / math.log(2),
            "gradient_ratio": story.gradient_ratio,
            "gradient_ratio_before": float(story.back_before[-1]),
            "loss_train": story.loss_train[-1],
            "loss_before": story.loss_val[0],
            "parameters": float(sum(w.numel() for w in story.net.weights)),
        },
        tables=tables(p, story, shown),
        series=shown,
        charts=charts(p, story, shown),
        notes=notes(p, story, shown),
        findings=findings(p, story, shown),
    )


def cost(p: RnnParams) -> float:
    """Estimated seconds on one core: a price per character step of a layer, and one per multiplication."""
    calls, gates = {"rnn": (8e-5, 1), "gru": (2.2e-4, 3), "lstm": (3e-4, 4)}[p.cell]
    price = 6e-11 * gates * p.hidden * p.hidden  # of one row's product with W_h
    H = p.hidden
    step = 2e-3 + p.sequence_length * p.layers * (calls + STREAMS * (3 * price + 4e-9 * gates * H))
    measure = 1000 * p.layers * (calls / 2 + 10 * (price + 2e-9 * gates * H))
    return 1.0 + p.steps * step + (min(CHECKPOINTS, p.steps) + 8) * measure


def _sweep_remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    from labs.reports.rnn import sweep_remarks

    return sweep_remarks(swept, runs)


METRICS = {
    "loss_val": Metric(
        "validation loss",
        "mean cross-entropy per character of the last tenth of the text, which is never trained on",
        "nats",
        better="lower",
    ),
    "bits_per_character": Metric(
        "bits per character", "the validation loss in bits: divided by ln 2", "bits", better="lower"
    ),
    "gradient_ratio": Metric(
        "gradient ratio",
        "gradient of the last character's loss by the first state of a piece, over that by its last state; "
        "median of the pieces, after training",
    ),
    "gradient_ratio_before": Metric("gradient ratio before", "the gradient ratio before training"),
    "loss_train": Metric(
        "training loss",
        "mean cross-entropy per character of the end of the training text, after training",
        "nats",
        better="lower",
    ),
    "loss_before": Metric(
        "loss before training",
        "validation loss of the untrained network: about ln V for V characters",
        "nats",
    ),
    "parameters": Metric("parameters", "numbers that were learned", ""),
}

LAB = Lab(
    id="rnn",
    title="Recurrent networks and vanishing gradients",
    lectures=(11,),
    learn="How a network with a memory reads and writes text, and why it cannot learn from what is far back.",
    params=RnnParams,
    run=run,
    synonyms=(
        *("rnn", "recurrent network", "recurrent neural network", "recurrent net", "char rnn"),
        *("character rnn", "recurrent neural net", "vanishing gradients lab", "recurrent nets"),
        *("simple rnn", "recurrent"),
    ),
    topics=(
        *("vanishing gradients", "exploding gradients", "vanishing gradient", "backpropagation through time"),
        "gates",
    ),
    examples=(
        "Compare rnn, gru and lstm on the notes",
        "Run the rnn with an lstm cell and 1000 steps",
        "Run the rnn with 256 hidden units and a learning rate of 0.02",
    ),
    metrics=METRICS,
    sweep_metrics=("gradient_ratio", "loss_val"),
    core=tuple(
        f"labs.cores.rnn.{name}"
        for name in (
            *("rnn_step", "gru_step", "lstm_step", "Network", "fresh", "read", "cross_entropy"),
            *("clip_gradient", "train", "mean_loss", "gradient_through_time", "generate"),
        )
    ),
    cost=cost,
    cost_of="steps × characters in a piece × layers × units²",
    cost_limit=120.0,
    sweep_remarks=_sweep_remarks,
    verify=verify,
    notebook_imports=("from collections.abc import Iterator",),
    preload=("torch", "torch._dynamo"),  # the second is what the first optimiser imports, a second's work
    demo="""
import torch

if text == "notes":
    try:
        from labs.texts import notes  # the lectures' prose, where the tutor is installed

        corpus = notes()
    except ImportError:
        from pydoc_data.topics import topics  # else the reference that comes with Python

        corpus = " ".join(" ".join(topics[name] for name in sorted(topics)).split())[:40_000]
else:
    corpus = text

characters = sorted(set(corpus))
V = len(characters)
ids = torch.tensor([characters.index(c) for c in corpus])
cut = len(ids) * 9 // 10
training, validation = ids[:cut], ids[cut:]
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(seed)
net = fresh(cell, V, hidden, layers, generator)
print(f"before training: {mean_loss(net, validation):.3f} nats; ln {V} = {math.log(V):.3f}")


def gradient_back():
    starts = torch.linspace(0, cut - sequence_length - 1, 100).long().tolist()
    pieces = torch.stack([training[s : s + sequence_length + 1] for s in starts])
    lengths = gradient_through_time(net, pieces)
    return (lengths / lengths[:, -1:]).median(dim=0).values.flip(0)


before = gradient_back()
streams = max(1, min(32, (cut - 1) // (2 * sequence_length)))
losses = []
for step, loss, norm in train(
    net, training, sequence_length, streams, steps, learning_rate, clip, generator
):
    losses.append(loss)
after = gradient_back()
metrics = {"loss_val": mean_loss(net, validation), "gradient_ratio": float(after[-1])}
print(metrics)

start = torch.tensor([characters.index(c) for c in corpus[:20]])
for row, at in zip(generate(net, start, 200, [0.2, temperature, 1.5], generator), (0.2, temperature, 1.5)):
    print(f"--- temperature {at}")
    print("".join(characters[i] for i in row))

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5))
left.plot(losses)
left.axhline(math.log(V), linestyle="--")
left.set(xlabel="step", ylabel="training loss (nats per character)")
right.semilogy(before, "--", label="before training")
right.semilogy(after, label="after training")
right.set(xlabel="characters back", ylabel="share of the gradient")
right.legend()
""",
    exercises=(
        "Set the LSTM's forget bias in `fresh` to 3, to 0 and to -1. What happens to the dashed line, and can you "
        "say beforehand about where it will be 10 characters back?",
        "Start the plain RNN with `W_h` as a rotation (the first factor of `torch.linalg.qr` of a random matrix), "
        "then also with `width=0.1` for `W_x`. How far does the gradient reach before training, and how far after?",
        "Set all of `W_x` and `b` to zero and `W_h` to 0.5 times the unit matrix, and follow the gradient: which "
        "number comes out at each step, and why?",
        "Take `hidden = 256` and `learning_rate = 0.02`, and draw the length of each step's gradient with `clip` "
        "at 0 and at 1. Adam divides by the gradient's own size: how much does clipping change here?",
        "Reset the state before each piece in `train`, in place of carrying it on. How much does the loss rise?",
    ),
)
