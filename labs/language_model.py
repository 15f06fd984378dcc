"""A small transformer learns to write (lecture 8).

The model and its training are in `labs.cores.language_model`, byte-pair encoding in
`labs.cores.language_model_tokens`, one whole run in `labs.cores.language_model_fit`, the texts in `labs.texts`,
what is measured and said of a run in `labs.reports.language_model_study` and `labs.reports.language_model`, its
charts in `labs.reports.language_model_charts`.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import model_validator

from labs import texts
from labs.base import Context, Finding, Lab, LabParams, LabResult, Metric
from labs.checks.language_model import verify
from labs.cores.language_model_fit import (
    COPIES,
    CURVE_POINTS,
    CURVE_TOKENS,
    GRID,
    TOKENS_PER_STEP,
    WRITTEN,
    trained,
    written,
)
from labs.fields import param

WIDTHS = (8, 512)


class LanguageModelParams(LabParams):
    text: str = param(
        texts.NOTES,
        "What it reads: notes (the course's lectures as plain prose), or a text of your own, pasted here.",
        synonyms=("training text", "corpus", "text", "train on", "trained on"),
        choice_synonyms=texts.SYNONYMS,
        max_length=100_000,
    )
    tokenizer: Literal["char", "bpe"] = param(
        "char",
        "How the text is cut into tokens: single characters, or pieces learned by byte-pair encoding.",
        synonyms=("tokenizer", "tokeniser", "tokenization", "tokens"),
        choice_synonyms={
            "char": ("character", "character level", "char level", "characters", "character tokens"),
            "bpe": ("byte pair encoding", "byte pair", "subword", "subwords", "bpe tokens"),
        },
    )
    merges: int = param(
        200,
        "Pairs that byte-pair encoding merges into new tokens; single characters need none.",
        unit="merges",
        synonyms=("merge operations", "bpe merges", "number of merges"),
        scale="log",
        ge=1,
        le=2000,
    )
    layers: int = param(
        2,
        "Blocks on top of each other, each with attention and a small network.",
        synonyms=(
            *("layers", "layer", "depth", "number of layers", "stacked layers"),
            *("blocks", "transformer blocks", "transformer layers"),
        ),
        ge=1,
        le=8,
    )
    heads: int = param(
        4,
        "Attentions side by side in each block; they share the width.",
        synonyms=("attention heads", "attention head", "head"),
        ge=1,
        le=16,
    )
    width: int = param(
        64,
        "Numbers by which each token is described; a multiple of heads.",
        synonyms=("embedding size", "embedding dimension", "model width", "wide"),
        scale="log",
        ge=WIDTHS[0],
        le=WIDTHS[1],
    )
    context: int = param(
        64,
        "How far back it can look.",
        unit="tokens",
        synonyms=("context length", "context window", "context size", "block size"),
        scale="log",
        ge=8,
        le=512,
    )
    steps: int = param(
        300,
        f"Training steps, each on {TOKENS_PER_STEP:,} tokens of the text.",
        synonyms=("training steps", "iterations", "updates"),
        scale="log",
        ge=1,
        le=5000,
    )
    learning_rate: float = param(
        0.003,
        "Largest size of a step; it rises at first and falls along half a cosine.",
        synonyms=("learning rate", "lr", "eta", "step length", "learn rate"),
        scale="log",
        gt=0,
        le=1,
    )
    temperature: float = param(
        0.8,
        "How boldly it writes: at 0 always the likeliest token, above 1 more and more at random.",
        synonyms=("temperature", "temp", "sampling temperature"),
        ge=0,
        le=5,
    )
    prompt: str = param(
        "The ",
        "The beginning that it continues.",
        synonyms=(
            *("prompt", "starting with", "start with", "beginning with", "prompted with", "start it with"),
            *("continue", "start it off with", "begin with", "prompt it with"),
        ),
        max_length=500,
    )

    @model_validator(mode="after")
    def _fits(self) -> LanguageModelParams:
        """Raises BadParameterError for a text to learn nothing from, ValueError for a width that heads cannot share."""
        texts.load(self.text)
        if self.width % self.heads:
            below = self.width // self.heads * self.heads
            near = [w for w in (below, below + self.heads) if WIDTHS[0] <= w <= WIDTHS[1]]
            fewer = max(h for h in range(1, self.heads) if self.width % h == 0)
            widths = " or ".join(f"width={w}" for w in near)
            raise ValueError(
                f"width={self.width} cannot be shared equally by {self.heads} heads; "
                f"take {widths}, or heads={fewer}."
            )
        return self


def run(p: LanguageModelParams, context: Context) -> LabResult:
    """Train the model, let it write, and look inside."""
    from labs.reports.language_model import findings, headline, notes, tables
    from labs.reports.language_model_charts import charts, series
    from labs.reports.language_model_study import studied

    context.report(0.0, "reading the text")
    t = trained(p, context)
    context.report(0.86, "writing")
    w = written(p, t, context)
    s = studied(p, t, w)
    shown = series(p, t, w, s)
    loss = t.curve_val[-1]
    return LabResult(
        lab="language_model",
        title=headline(p, t),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics={
            "bits_per_character": t.bits(loss),
            "bits_per_character_bigram": t.bits(float(t.bigram.mean())),
            "perplexity": math.exp(min(loss, 700.0)),
            "loss_val": loss,
            "loss_train": t.curve_train[-1],
            "loss_start": t.loss_start,
            "loss_bigram": float(t.bigram.mean()),
            "words_real": s.words_real[p.temperature],
            "longest_copy": float(len(s.copy)),
            "vocabulary": float(len(t.tokenizer)),
            "parameters": float(sum(w.numel() for w in t.model.parameters())),
        },
        tables=tables(p, t, w, s),
        series=shown,
        charts=charts(p, t, w, s, shown),
        notes=notes(p, t, w, s),
        findings=findings(p, t, w, s),
    )


def cost(p: LanguageModelParams) -> float:
    """Estimated seconds on one ordinary core: a price per multiplication, per number of a token, per attention weight.

    Reading costs a third of learning from what was read; writing reads its context anew for every token.
    """
    V, C = 90 + (p.merges if p.tokenizer == "bpe" else 0), p.width
    layer = 12 * C**2 * 5e-11 + C * 3e-8 + p.heads * p.context * 9e-9  # per token, there and back
    token = p.layers * layer + V * (C * 6e-11 + 4e-9)
    step = TOKENS_PER_STEP * token + p.layers * (1.2e-3 + 12 * C**2 * 2e-9)
    curve = 2 * (CURVE_POINTS + 1) * CURVE_TOKENS / 3
    writing = len(GRID) * COPIES * WRITTEN * min(p.context, 130) / 3
    return 1.5 + p.steps * step + (curve + writing + 30_000) * token + WRITTEN * p.layers * 1e-3


def _sweep_remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    from labs.reports.language_model import sweep_remarks

    return sweep_remarks(swept, runs)


METRICS = {
    "bits_per_character": Metric(
        "bits per character",
        "mean surprise at a character of the validation text, in bits; comparable between tokenizers",
        "bits",
        better="lower",
    ),
    "bits_per_character_bigram": Metric(
        "bits per character of the table of pairs",
        "the same for counted pairs of tokens, plus one each: the simplest model",
        "bits",
        better="lower",
    ),
    "perplexity": Metric(
        "perplexity",
        "e to the validation loss: between how many equally likely tokens it hesitates",
        "tokens",
        better="lower",
    ),
    "loss_val": Metric(
        "validation loss", "mean cross-entropy per token of the whole validation text", "nats", better="lower"
    ),
    "loss_train": Metric(
        "training loss",
        "mean cross-entropy per token of pieces spread over the training text",
        "nats",
        better="lower",
    ),
    "loss_start": Metric(
        "loss before training", "validation loss of the untrained model, close to ln(vocabulary)", "nats"
    ),
    "loss_bigram": Metric(
        "loss of the table of pairs", "its mean cross-entropy per token of the validation text", "nats"
    ),
    "words_real": Metric(
        "share of real words", "share of the words written that stand in the training text", percent=True
    ),
    "longest_copy": Metric(
        "longest copy",
        "longest passage written that stands in the training text, character by character",
        "characters",
    ),
    "vocabulary": Metric("vocabulary", "different tokens", "tokens"),
    "parameters": Metric("parameters", "numbers that were learned"),
}

LAB = Lab(
    id="language_model",
    title="A small transformer language model",
    lectures=(8,),
    learn="How a model that only ever predicts the next token learns to write, and where its attention looks.",
    params=LanguageModelParams,
    run=run,
    synonyms=(
        *("language model", "transformer", "gpt", "tiny gpt", "mini gpt", "llm", "small transformer"),
        *("large language model", "transformer language model", "nanogpt", "small language model", "lm"),
    ),
    topics=(
        *("attention", "tokens", "next token", "perplexity", "temperature", "tokenizer", "self attention"),
        *("byte pair encoding", "bits per character", "positional encoding", "causal mask"),
    ),
    examples=(
        "Train a small transformer on the lecture notes",
        "Compare char and bpe tokenizers in the language model",
        "Run the language model at temperatures 0.2, 0.8 and 1.5",
    ),
    metrics=METRICS,
    sweep_metrics=("bits_per_character", "words_real"),
    core=(
        *(
            f"labs.cores.language_model.{name}"
            for name in (
                *("causal_attention", "attention_layer", "block", "sinusoids", "transformer"),
                *("parameter_count", "learning_rate_at", "train", "log_probabilities", "loss_by_context"),
                *("next_token", "write", "bigram_table", "bits_per_character"),
            )
        ),
        "labs.texts.Vocabulary",
        *(
            f"labs.cores.language_model_tokens.{name}"
            for name in ("words_of", "merged", "learn_merges", "BytePairs")
        ),
    ),
    cost=cost,
    cost_of="steps × layers × width² × context",
    cost_limit=240.0,
    sweep_remarks=_sweep_remarks,
    verify=verify,
    notebook_imports=(
        "import re",
        "from collections import Counter, defaultdict",
        "from collections.abc import Iterator",
        "from functools import cached_property",
        "from itertools import pairwise",
    ),
    demo="""
import torch

if text == "notes":
    try:
        from labs.texts import notes  # the lectures' prose, where the tutor is installed

        corpus = notes()
    except ImportError:
        from pydoc_data.topics import topics  # else the reference that comes with Python

        corpus = " ".join("\\n".join(topics[name] for name in sorted(topics)).split())[:40_000]
else:
    corpus = text

cut = len(corpus) - round(0.1 * len(corpus))  # the last tenth is never trained on
alphabet = tuple(sorted(set(corpus)))
pieces = Vocabulary(alphabet) if tokenizer == "char" else BytePairs.learn(corpus[:cut], alphabet, merges)
learned, unseen = (torch.from_numpy(pieces.encode(part)) for part in (corpus[:cut], corpus[cut:]))
context = min(context, len(learned) - 1)
V = len(pieces)

torch.set_num_threads(1)  # so small a model gains nothing from more
torch.manual_seed(seed)
model = transformer(V, context, layers, heads, width)
assert sum(w.numel() for w in model.parameters()) == parameter_count(V, context, layers, width)


def unseen_loss():
    log_p = log_probabilities(model, unseen, context)
    return -float(log_p.gather(1, unseen[1:, None]).mean())


print(f"before training: {unseen_loss():.3f} nats; ln {V} = {math.log(V):.3f}")
losses = [loss for _, loss in train(model, learned, context, steps, learning_rate, 2048, seed)]
loss = unseen_loss()
pairs = bigram_table(learned.numpy(), V)
loss_pairs = -np.log(pairs[unseen[:-1], unseen[1:]]).mean()
characters = len(pieces.decode(unseen[1:]))
metrics = {
    "bits_per_character": bits_per_character(loss, len(unseen) - 1, characters),
    "bits_per_character_bigram": bits_per_character(loss_pairs, len(unseen) - 1, characters),
    "perplexity": math.exp(loss),
}
print(metrics)

known = "".join(c for c in prompt if c in alphabet) or alphabet[0]
start = torch.from_numpy(pieces.encode(known))
heat = torch.tensor([0.5, temperature, 1.5])
*_, written = write(model, start, context, 200, heat, seed)
for row, at in zip(written, heat):
    print(f"--- temperature {at:.2g}")
    print(pieces.decode(row))

passage = written[:1, :min(16, context)]
model.eval()
model(passage)
figure, axes = plt.subplots(1, heads + 1, figsize=(3 * (heads + 1), 3))
axes[0].plot(losses)
axes[0].axhline(math.log(V), linestyle="--")
axes[0].set(xlabel="step", ylabel="training loss (nats per token)")
names = [pieces.decode([place]) for place in passage[0].tolist()]
for head in range(heads):
    axes[head + 1].imshow(model.blocks[0].attention.weights[0, head], cmap="Blues")
    axes[head + 1].set_title(f"layer 1, head {head + 1}")
    axes[head + 1].set_xticks(range(len(names)), names, fontsize=7)
    axes[head + 1].set_yticks(range(len(names)), names, fontsize=7)
""",
    exercises=(
        "Leave the mask out of `causal_attention` and train again. Why does the loss fall so far, and what does the "
        "model write now?",
        "Multiply `self.positions(place)` in `transformer` by 0. What can attention no longer tell apart? Measure how "
        "many bits per character it costs.",
        "Find the temperature at which the unseen text costs fewest bits. Is it 1? What would it say about a model if "
        "it were 2?",
        "Give it 600 characters of your own writing and 1000 steps. From which step on does the loss on the unseen "
        "part rise, and from which on can you recognise whole sentences of yours?",
        "Count the numbers of one block by hand for a width of 64. Which part has most of them, attention or the "
        "network after it?",
    ),
    preload=("torch", "torch._dynamo"),  # the second is what the first optimiser imports, a second's work
)
