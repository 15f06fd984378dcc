"""What is measured on a trained language model and on what it wrote, beyond its losses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from labs.cores.language_model import loss_by_context, next_token
from labs.cores.language_model_fit import HIGH, LOW

if TYPE_CHECKING:
    from labs.cores.language_model_fit import Trained, Written
    from labs.language_model import LanguageModelParams

LOOP = 8  # characters: a run of so many that comes again in the same text is a repetition
PASSAGE = {"char": 14, "bpe": 9}  # tokens whose attention is drawn
MOST_PLACES = 500  # at which the worth of context is measured
KINDS = {
    "char": (
        "first letter of a word",
        "second letter",
        "third letter",
        "later letters",
        "end of a word",
        "other",
    ),
    "bpe": ("start of a word", "inside a word", "other"),
}


@dataclass
class Studied:
    """What was measured on a trained model and on what it wrote, beyond its losses."""

    shown: tuple[float, ...]  # the temperatures shown side by side
    next_p: np.ndarray  # (temperatures, V), after the prompt
    words_real: dict[float, float]  # temperature -> share of its words that the training text has
    words_real_text: float  # the same share of the validation text
    repeated: dict[float, float]  # temperature -> share of runs of LOOP characters that came before
    repeated_text: float  # the same in passages of the training text
    copy: str  # the longest passage written that stands in the training text
    copy_text: str  # the same of passages of the validation text
    passage: np.ndarray  # the tokens of the maps
    maps: np.ndarray  # (layers, H, n, n), weights on the passage
    heads: np.ndarray  # (layers, H, 4): weight on itself, on the one before, mean distance, effective tokens
    lengths: np.ndarray  # 1, 2, 4, ... tokens of context
    by_length: np.ndarray  # (lengths, K), losses of the same K tokens of unseen text with so much context
    pairs: np.ndarray  # (K,), losses of the table of pairs on them


def studied(p: LanguageModelParams, t: Trained, w: Written) -> Studied:
    """Look at the distribution after the prompt, at what was written, and at where the heads look."""
    import torch

    shown = tuple(sorted({LOW, p.temperature, HIGH}))
    heat = torch.tensor(shown, dtype=torch.float32, device=t.device)
    start = torch.from_numpy(w.prompt).to(t.device).repeat(len(shown), 1)
    next_p = next_token(t.model, start, t.context, heat).cpu().double().numpy()
    known = set(words(t.train_text))
    validation = t.tokenizer.decode(t.val_ids)
    length = len(w.texts[p.temperature][0])
    copies = [longest_copy(text, t.train_text) for text in w.texts[p.temperature]]
    held_back = [longest_copy(text, t.train_text) for text in passages(validation, length, len(copies))]
    passage = w.passage[-len(w.prompt) :] if len(w.prompt) > PASSAGE[p.tokenizer] else w.passage
    passage = passage[: min(PASSAGE[p.tokenizer], t.context)]
    return Studied(
        shown,
        next_p,
        {heat: share_known(texts, known) for heat, texts in w.texts.items()},
        share_known([validation], known),
        {heat: float(np.mean([share_repeated(x) for x in texts])) for heat, texts in w.texts.items()},
        float(np.mean([share_repeated(x) for x in passages(t.train_text, length, 100)])),
        max(copies, key=len),
        max(held_back, key=len),
        passage,
        attention_on(t, passage[None])[:, 0],
        head_table(t),
        *with_less_context(t),
    )


def with_less_context(t: Trained) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same places of the unseen text, read with 1, 2, 4, ... tokens of context; see `Studied`."""
    import torch

    n = len(t.val_ids)
    longest = max(1, min(t.context, n // 2))
    lengths = [*(2**k for k in range(int(math.log2(longest)) + 1) if 2**k < longest), longest]
    count = min(n - longest, max(20, min(MOST_PLACES, 64_000 // (2 * longest))))
    places = np.linspace(longest, n - 1, count).astype(int)
    ids, where = torch.from_numpy(t.val_ids).to(t.device), torch.from_numpy(places).to(t.device)
    losses = [
        torch.cat(
            [loss_by_context(t.model, ids, some, length) for some in where.split(max(1, 4096 // length))]
        )
        for length in lengths
    ]
    return np.array(lengths), torch.stack(losses).cpu().double().numpy(), t.bigram[places - 1]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def kinds(p: LanguageModelParams, t: Trained) -> np.ndarray:
    """What kind of thing each token to predict of the unseen text is, (n,): places in KINDS."""
    names = t.names(t.val_ids)
    found = []
    inside = 0  # letters of the word so far
    for before, token in pairwise(names):
        inside = inside + len(before) if before[-1:].isalpha() else 0
        if p.tokenizer == "char":
            found.append(min(inside, 3) if token.isalpha() else 4 if inside else 5)
        else:
            found.append(2 if not token[:1].isalpha() else 1 if inside else 0)
    return np.array(found)


def share_known(texts: list[str], known: set[str]) -> float:
    """Share of the words that are known; the last word of a text may be cut off, and does not count."""
    found = [word for text in texts for word in words(text)[:-1]]
    return float(np.mean([word in known for word in found])) if found else math.nan


def share_repeated(text: str) -> float:
    """Share of the runs of LOOP characters that came before in the same text."""
    runs = [text[i : i + LOOP] for i in range(len(text) - LOOP + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def longest_copy(text: str, source: str) -> str:
    """The longest passage of `text` that stands in `source`, character by character."""
    best, start = "", 0
    for end in range(1, len(text) + 1):
        while text[start:end] not in source:
            start += 1
        if end - start > len(best):
            best = text[start:end]
    return best


def passages(text: str, length: int, most: int) -> list[str]:
    """Up to `most` passages of that length, spread evenly over the text; the whole text where it is shorter."""
    count = max(1, min(most, len(text) // max(length, 1)))
    starts = np.linspace(0, max(0, len(text) - length), count).astype(int)
    return [text[start : start + length] for start in starts]


def attention_on(t: Trained, ids: np.ndarray) -> np.ndarray:
    """Where each head looks while the model reads `ids` (B, n): weights (layers, B, H, n, n)."""
    import torch

    t.model.eval()
    with torch.no_grad():
        t.model(torch.from_numpy(ids).to(t.device))
    return np.stack([part.attention.weights.cpu().double().numpy() for part in t.model.blocks])


def head_table(t: Trained) -> np.ndarray:
    """Habits of every head on up to 16 windows of the validation text, over tokens that have some before them."""
    length = min(t.context, 64, len(t.val_ids))
    count = max(1, min(16, len(t.val_ids) // length))
    starts = np.linspace(0, len(t.val_ids) - length, count).astype(int)
    A = attention_on(t, t.val_ids[starts[:, None] + np.arange(length)])  # (layers, B, H, n, n)
    first = min(8, length // 2)
    i = np.arange(length)
    distance = i[:, None] - i[None, :]
    itself = np.diagonal(A, axis1=-2, axis2=-1)[..., first:].mean(axis=(1, 3))
    before = np.diagonal(A, offset=-1, axis1=-2, axis2=-1)[..., max(first - 1, 0) :].mean(axis=(1, 3))
    far = (A * distance.clip(0)).sum(axis=-1)[..., first:].mean(axis=(1, 3))
    entropy = -(A * np.log(np.maximum(A, 1e-30))).sum(axis=-1)
    return np.stack([itself, before, far, np.exp(entropy)[..., first:].mean(axis=(1, 3))], axis=-1)
