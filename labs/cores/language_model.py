"""A decoder-only transformer, its training on text, and how it writes. PyTorch.

Letters: B texts side by side, T tokens in each, C numbers per token (the width), H heads, D = C / H numbers per
head, V tokens in the vocabulary.

Sources: Vaswani et al., Attention Is All You Need (2017), sections 3.2 (attention), 3.3 (the layer between) and
3.5 (sinusoids); Radford et al., Improving Language Understanding by Generative Pre-Training (2018), section 3.1
(the decoder alone), and Language Models are Unsupervised Multitask Learners (2019), section 2.3 (normalisation
before each part, smaller weights at the end of each part); Loshchilov & Hutter, Decoupled Weight Decay
Regularization (2019). PyTorch is imported inside the functions, since it takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np


def causal_attention(Q: Any, K: Any, V: Any) -> tuple[Any, Any]:
    """Each token gathers what it needs from itself and the tokens before it (Vaswani, equation 1).

    Q, K and V are (B, H, T, D): what each token looks for, what it offers to be found by, and what it hands over.
    Returns what was gathered, (B, H, T, D), and the weights, (B, H, T, T): row i says where token i looks.
    """
    import torch

    T, D = Q.shape[-2:]
    scores = Q @ K.transpose(-2, -1) / math.sqrt(D)  # (B, H, T, T): how well key j answers query i
    later = torch.ones(T, T, dtype=torch.bool, device=Q.device).triu(diagonal=1)  # j > i: not yet written
    weights = scores.masked_fill(later, -math.inf).softmax(dim=-1)  # each row sums to 1
    return weights @ V, weights


def attention_layer(width: int, heads: int) -> Any:
    """Multi-head self-attention: H small attentions side by side, each with its own Q, K and V (section 3.2.2)."""
    from torch import nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.to_qkv = nn.Linear(width, 3 * width)
            self.to_out = nn.Linear(width, width)
            self.weights: Any = None  # of the last text read, when not training: where each head looked

        def forward(self, x: Any) -> Any:
            B, T, C = x.shape
            QKV = self.to_qkv(x).view(B, T, 3, heads, C // heads)  # one multiplication for all heads
            Q, K, V = QKV.permute(2, 0, 3, 1, 4)  # three times (B, H, T, D)
            gathered, weights = causal_attention(Q, K, V)
            self.weights = None if self.training else weights.detach()
            return self.to_out(gathered.transpose(1, 2).reshape(B, T, C))  # the heads, joined again

    return Attention()


def block(width: int, heads: int) -> Any:
    """One layer of the transformer: tokens look at each other, then each one thinks for itself.

    Both parts add to what is there (x + ...), so the gradient has a straight way back.
    """
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention = attention_layer(width, heads)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width),
                nn.GELU(),  # a soft ReLU (Hendrycks & Gimpel 2016)
                nn.Linear(4 * width, width),
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))  # (B, T, C)
            return x + self.mlp(self.norm2(x))

    return Block()


def sinusoids(context: int, width: int) -> Any:
    """A pattern for every position, (context, width): sines and cosines from fast to slow (section 3.5)."""
    import torch

    position = torch.arange(context)[:, None]
    frequency = 10_000 ** (-torch.arange(0, width, 2) / width)  # (ceil(width / 2),)
    angle = position * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).reshape(context, -1)[:, :width]


def transformer(vocabulary: int, context: int, layers: int, heads: int, width: int) -> Any:
    """The whole model: token numbers (B, T) in, scores of every possible next token (B, T, V) out."""
    import torch
    from torch import nn

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, width)  # what a token means
            self.positions = nn.Embedding(context, width)  # where it stands
            self.blocks = nn.ModuleList(block(width, heads) for _ in range(layers))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, ids: Any) -> Any:
            place = torch.arange(ids.shape[1], device=ids.device)
            x = self.tokens(ids) + self.positions(place)  # (B, T, C)
            for part in self.blocks:
                x = part(x)
            return self.head(self.norm(x))  # (B, T, V)

    model = Transformer()
    for part in model.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=part.in_features**-0.5)  # keeps the size of what goes through
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    parts: Any = model.blocks
    for part in parts:  # each part adds little at first (Radford 2019, section 2.3)
        for last in (part.attention.to_out, part.mlp[2]):
            last.weight.data /= math.sqrt(2 * layers)
    nn.init.normal_(model.tokens.weight, std=0.5)
    # learned, as in GPT; started at the sinusoids, since a few hundred steps are too few to find an order
    model.positions.weight.data.copy_(sinusoids(context, width))
    nn.init.normal_(model.head.weight, std=0.02)  # all tokens about equally likely: the loss starts at ln V
    return model


def parameter_count(vocabulary: int, context: int, layers: int, width: int) -> int:
    """How many numbers are learned, by formula; the number of heads does not matter.

    A block has 3C² + 3C numbers for Q, K and V, C² + C for the joining, 8C² + 5C between, 4C in its two norms.
    """
    embeddings = (vocabulary + context) * width
    blocks = layers * (12 * width**2 + 13 * width)
    return embeddings + blocks + 2 * width + width * vocabulary  # the last norm, and the scores


def learning_rate_at(step: int, steps: int, peak: float) -> float:
    """Up in a straight line over the first twentieth, then down along half a cosine to half the peak.

    Long trainings go down to a tenth of it or less; a few hundred steps end while there is still much to learn.
    """
    warm_up = max(1, steps // 20)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    share = (step - warm_up) / max(1, steps - warm_up)
    return peak * (0.5 + 0.5 * (1 + math.cos(math.pi * share)) / 2)


def train(
    model: Any, ids: Any, context: int, steps: int, learning_rate: float, tokens_per_step: int, seed: int
) -> Iterator[tuple[int, float]]:
    """Learn to predict each next token of `ids` (n,); yields (steps done, loss of the batch) after every step.

    A batch is as many windows of `context` tokens as make up `tokens_per_step`. The loss is the mean of
    -ln(probability of the token that came), in nats, over all T tokens of all B windows: one reading teaches
    T predictions at once, since no token sees a later one.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    batch = max(1, tokens_per_step // context)
    window = torch.arange(context + 1)
    # 0.8 where 0.9 is usual: with only some hundred steps, the mean over past gradients should be short
    rule = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, betas=(0.8, 0.99), weight_decay=0.1, fused=True
    )
    for step in range(steps):
        starts = torch.randint(len(ids) - context, (batch,), generator=generator)
        text = ids[(starts[:, None] + window).to(ids.device)]  # (B, T + 1)
        scores = model(text[:, :-1])  # (B, T, V)
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), text[:, 1:].flatten())
        for group in rule.param_groups:
            group["lr"] = learning_rate_at(step, steps, learning_rate)
        rule.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # one odd batch must not throw it out
        rule.step()
        yield step + 1, float(loss.detach())


def log_probabilities(model: Any, ids: Any, context: int, at_once: int = 4096) -> Any:
    """ln P(every token | the ones before it) for each place of a text (n,) but the first: (n - 1, V).

    The text is read in windows of `context` tokens, side by side, so a token has between one and `context`
    tokens before it to look at. `at_once` tokens fit into memory.
    """
    import torch

    batch = max(1, at_once // context)
    inputs = ids[:-1]
    whole = len(inputs) // context * context
    windows = [*inputs[:whole].view(whole // context, context).split(batch), inputs[None, whole:]]
    model.eval()
    with torch.no_grad():
        read = [model(w).log_softmax(dim=-1).flatten(0, 1) for w in windows if w.numel()]
    model.train()
    return torch.cat(read)


def loss_by_context(model: Any, ids: Any, places: Any, length: int) -> Any:
    """Losses (K,) of the tokens at `places` (K,) of a text, read with only the `length` tokens before each."""
    import torch

    steps = torch.arange(-length, 0, device=ids.device)
    model.eval()
    with torch.no_grad():
        scores = model(ids[places[:, None] + steps])[:, -1]  # (K, V)
        losses = torch.nn.functional.cross_entropy(scores, ids[places], reduction="none")
    model.train()
    return losses


def next_token(model: Any, ids: Any, context: int, temperatures: Any) -> Any:
    """Probabilities (B, V) of what follows each text (B, T): softmax(scores / temperature), one temperature each.

    Below 1 the likely becomes likelier still, above 1 everything becomes more alike; the order stays.
    """
    import torch

    model.eval()
    with torch.no_grad():
        scores = model(ids[:, -context:])[:, -1]  # it sees no further back than its context
        # 0 would divide by nothing; so small a number already takes the likeliest every time
        return (scores / temperatures[:, None].clamp(min=1e-4)).softmax(dim=-1)


def write(model: Any, prompt: Any, context: int, length: int, temperatures: Any, seed: int) -> Iterator[Any]:
    """Continue `prompt` (T,) once per temperature (B,); yields the texts so far, (B, T + 1), (B, T + 2), ...

    Each token is drawn with its probability, and then read like any other: that is all there is to writing.
    """
    import torch

    generator = torch.Generator(device=prompt.device).manual_seed(seed)
    texts = prompt.repeat(len(temperatures), 1)
    for _ in range(length):
        drawn = torch.multinomial(next_token(model, texts, context, temperatures), 1, generator=generator)
        texts = torch.cat([texts, drawn], dim=1)
        yield texts


def bigram_table(ids: np.ndarray, vocabulary: int) -> np.ndarray:
    """P(next | this), (V, V), from counted pairs plus one (Laplace): the simplest model to beat."""
    counts = np.ones((vocabulary, vocabulary))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def bits_per_character(loss: float, tokens: int, characters: int) -> float:
    """A loss in nats per token as bits per character: comparable whatever the tokens are."""
    return loss * tokens / (characters * math.log(2))
