"""The language_model lab's reference checks: PyTorch's attention, GPT-2's size, the merges of the paper."""

from __future__ import annotations

import math

from labs import texts
from labs.base import Check
from labs.cores.language_model import causal_attention, parameter_count, transformer
from labs.cores.language_model_tokens import BytePairs, learn_merges

# the words and counts of Sennrich, Haddow & Birch (2016), algorithm 1; a space ends a word here
PAPER = {"low ": 5, "lower ": 2, "newest ": 6, "widest ": 3}
MERGES = [
    *(("e", "s"), ("es", "t"), ("est", " "), ("l", "o"), ("lo", "w")),
    *(("n", "e"), ("ne", "w"), ("new", "est "), ("low", " "), ("w", "i")),
]


def verify() -> tuple[Check, ...]:
    """Attention against PyTorch's, no look ahead, the loss before training, GPT-2's size, and the paper's merges."""
    paper = "Sennrich, Haddow & Birch (2016)"
    found = learn_merges(PAPER, len(MERGES))
    agreeing = sum(mine == theirs for mine, theirs in zip(found, MERGES, strict=False))
    figure = BytePairs.learn("low lowest newer wider ", tuple(" delnorstwi"), 4)
    notes = texts.load(texts.NOTES)
    loss, V = untrained_loss(notes.text)
    # GPT-2 scores with its token embedding, so it has no matrix of its own for that
    gpt2 = parameter_count(50_257, 1024, 12, 768) - 50_257 * 768
    return (
        Check(
            "largest difference of attention",
            "torch.nn.functional.scaled_dot_product_attention",
            0.0,
            attention_difference(),
            1e-6,
        ),
        Check(
            "change of earlier scores when a later token changes",
            "Vaswani et al. (2017), section 3.2.3",
            0.0,
            leak_from_later(),
            1e-6,
        ),
        Check("loss before training", f"ln {V}: all tokens alike", math.log(V), loss, 0.05),
        Check("parameters of GPT-2 small", "the published checkpoint", 124_439_808, gpt2, 0),
        Check(
            "first ten merges as in the paper",
            f"{paper}, algorithm 1, worked by hand; equally common pairs by place",
            len(MERGES),
            agreeing,
            0,
        ),
        Check("tokens of the new word 'lower'", f"{paper}, figure 1", 2, len(figure.cut("lower ")), 0),
    )


def attention_difference() -> float:
    """The attention written out against PyTorch's own, on random queries, keys and values."""
    import torch

    generator = torch.Generator().manual_seed(0)
    Q, K, V = (torch.randn(2, 4, 16, 8, generator=generator) for _ in range(3))
    theirs = torch.nn.functional.scaled_dot_product_attention(Q, K, V, is_causal=True)
    return float((causal_attention(Q, K, V)[0] - theirs).abs().max())


def leak_from_later() -> float:
    """How much the scores of 8 tokens change when the 8 after them are replaced."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformer(50, 16, 2, 4, 32)
        model.head.weight.data.normal_()  # scores of a size that a leak would show in
    first = torch.arange(16)[None]
    second = torch.cat([first[:, :8], first[:, 8:] + 20], dim=1)
    with torch.no_grad():
        change = (model(first) - model(second)).abs().amax(dim=(0, 2))  # (T,)
    if not change[8:].min() > 0:  # the later scores must change, or nothing was tested
        return math.inf
    return float(change[:8].max())


def untrained_loss(text: str) -> tuple[float, int]:
    """Loss of the default model before training on the beginning of a text, and the size of its vocabulary."""
    import torch

    vocabulary = texts.Corpus("", text).vocabulary()
    ids = torch.from_numpy(vocabulary.encode(text[: 64 * 65])).view(64, 65)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformer(len(vocabulary), 64, 2, 4, 64)
    with torch.no_grad():
        scores = model(ids[:, :-1]).flatten(0, 1)
        return float(torch.nn.functional.cross_entropy(scores, ids[:, 1:].flatten())), len(vocabulary)
