"""Lecture 8: tokens, attention, sampling, perplexity, LoRA and what a conversation costs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from labs.cores.bandit import softmax
from labs.cores.language_model_tokens import BytePairs, learn_merges
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import after, choices, fixed, one_of, plain, sound, total

WORDS = (
    ("low", "lower", "newest", "widest"),
    ("sing", "singer", "ring", "bringing"),
    ("hat", "that", "then", "other"),
    ("rain", "train", "again", "gain"),
    ("light", "night", "high", "sight"),
    ("snow", "know", "shown", "now"),
)
NEW = ("lowest", "ringing", "feather", "strain", "slight", "snowing")


def _pairs(counts: dict[str, int]) -> dict[str, int]:
    """How often each pair of neighbouring letters occurs."""
    found: dict[str, int] = {}
    for word, times in counts.items():
        for a, b in pairwise(word):
            found[f"{a} {b}"] = found.get(f"{a} {b}", 0) + times
    return found


@generator("language_chain", 8, "What is a language model?", "probability of a text")
@sound
def chain(rng: np.random.Generator) -> Made:
    """The product of the steps' probabilities; plain arithmetic, after the lecture."""
    p = [one_of(rng, (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9)) for _ in range(3)]
    product = math.prod(p)
    return Made(
        prompt=f"A language model gives “birds” the probability {p[0]} as first word, “can” after “birds” {p[1]}, "
        f"and "
        f"“fly” after “birds can” {p[2]}. Which probability does it give to the text “birds can fly”?",
        answer=product,
        decimals=3,
        hints=(
            "The text needs all three steps to happen.",
            "The probability of a whole text is the product of its steps.",
            f"The first two steps together: ${p[0]} \\times {p[1]} = {plain(p[0] * p[1])}$.",
        ),
        solution=f"${p[0]} \\times {p[1]} \\times {p[2]} = {product:.3f}$",
        mistakes=(
            (sum(p), "Probabilities of steps that must all happen are multiplied, not added."),
            (sum(p) / 3, "That is the mean of the three; multiply them."),
            (p[0] * p[1], "The third word is missing."),
            (min(p), "That is the rarest step alone."),
        ),
    )


@generator("language_merge", 8, "How does byte-pair encoding learn its tokens?", "the next merge")
@sound
def merge(rng: np.random.Generator) -> Made:
    """The commonest pair of neighbours, by labs.cores.language_model_tokens.learn_merges."""
    while True:
        words = WORDS[int(rng.integers(len(WORDS)))]
        counts = {word: int(rng.integers(2, 9)) for word in words}
        found = sorted(_pairs(counts).items(), key=lambda pair: -pair[1])
        if found[0][1] > found[1][1] + 1:
            break
    best = " ".join(learn_merges(counts, 1)[0])
    by = dict(found)
    said = ", ".join(f"{word} ({times} times)" for word, times in counts.items())
    letter, times = next(iter(counts.items()))

    def why(pair: str) -> str:
        return f"It occurs {by[pair]} times."

    others = [pair for pair, _ in found if pair != best][:3]
    return Made(
        prompt=f"A text has the words {said}, at first cut into single letters. Which pair of neighbours does "
        f"byte-pair "
        "encoding merge first (there is no mark for the end of a word here)?",
        options=choices(
            (f"`{best}`", f"{why(best)} No pair is commoner."),
            *((f"`{pair}`", f"{why(pair)} Another pair is commoner.") for pair in others),
        ),
        hints=(
            "It always merges the commonest pair.",
            "Count each pair of neighbouring letters; a word that comes 5 times counts 5 times.",
            f"All pairs of “{letter}” get {times} from it. Which of them are in other words too?",
        ),
        solution="Counts: "
        + ", ".join(f"`{pair}` {n}" for pair, n in found[:4])
        + f". So `{best}` is merged first.",
    )


@generator("language_tokens", 8, "How does byte-pair encoding learn its tokens?", "cutting into tokens")
@sound
def tokens(rng: np.random.Generator) -> Made:
    """The merges done again in their order, by labs.cores.language_model_tokens.BytePairs.cut."""
    at = int(rng.integers(len(WORDS)))
    counts = {word: int(rng.integers(2, 9)) for word in WORDS[at]}
    merges = learn_merges(counts, int(rng.integers(3, 6)))
    word = NEW[at]
    pieces = BytePairs(tuple(dict.fromkeys(word)), merges).cut(word)
    first = BytePairs(tuple(dict.fromkeys(word)), merges[:1]).cut(word)
    if not 1 < len(pieces) < len(word) - 1:
        return tokens(rng)
    steps = ", then ".join(f"`{a}` + `{b}`" for a, b in merges)
    return Made(
        prompt=f"Byte-pair encoding has learned these merges, in this order: {steps}. Into how many tokens does it "
        f"cut the "
        f"new word “{word}”?",
        answer=float(len(pieces)),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Write the word as single letters first.",
            "Go through the merges in their order; each joins the two parts wherever they stand side by side.",
            f"After the first merge: `{' '.join(first)}`.",
        ),
        solution=f"`{' '.join(word)}` becomes `{' '.join(pieces)}`: {len(pieces)} tokens.",
        mistakes=(
            (float(len(word)), "Those are the letters, before any merge."),
            (float(len(first)), "That is after the first merge only."),
            (float(len(merges)), "That is the number of merges."),
            (1.0, "There is no merge that makes the whole word one token."),
        ),
    )


@generator("language_attention", 8, "What does attention look like by hand?", "attention weights")
@sound
def attention(rng: np.random.Generator) -> Made:
    """softmax(q k / √d) over two keys, by labs.cores.language_model.causal_attention: the second token sees both."""
    import torch

    from labs.cores.language_model import causal_attention

    q, k1, k2 = (rng.integers(-1, 3, size=4) for _ in range(3))
    dot1, dot2 = int(q @ k1), int(q @ k2)
    if not 1 <= abs(dot1 - dot2) <= 4 or not q.any():
        return attention(rng)
    Q = torch.tensor(np.stack([q, q])[None, None], dtype=torch.float64)
    K = torch.tensor(np.stack([k1, k2])[None, None], dtype=torch.float64)
    weight = float(causal_attention(Q, K, K)[1][0, 0, 1, 0])
    s1, s2 = dot1 / 2, dot2 / 2

    def said(vector: np.ndarray) -> str:
        return f"$({', '.join(map(str, vector.tolist()))})$"

    raw = math.exp(dot1) / (math.exp(dot1) + math.exp(dot2))
    return Made(
        prompt=f"A token with the query $q =$ {said(q)} may look at two tokens, with the keys $k_1 =$ {said(k1)} and "
        f"$k_2 =$ {said(k2)}. Which attention weight does the first of them get? (Keys have $d_k = 4$ entries.)",
        answer=weight,
        tolerance=0.008,
        hints=(
            "Three steps: dot products, division, softmax.",
            r"The score is the dot product of query and key, divided by $\sqrt{d_k}$; the weights are a softmax.",
            f"The dot products are ${dot1}$ and ${dot2}$; divided by $\\sqrt 4 = 2$ they are ${plain(s1)}$ and "
            f"${plain(s2)}$.",
        ),
        solution=f"$e^{{{plain(s1)}}} = {math.exp(s1):.3f}$ and $e^{{{plain(s2)}}} = {math.exp(s2):.3f}$, so the "
        f"weight is "
        f"${math.exp(s1):.3f} / ({math.exp(s1):.3f} + {math.exp(s2):.3f}) = {weight:.2f}$.",
        mistakes=(
            (raw, "The division by $\\sqrt{d_k}$ is missing."),
            (1 - weight, "That is the weight of the other token."),
            (
                s1 / (s1 + s2) if s1 + s2 else 0.0,
                "That divides the scores themselves; take $e$ to their power first.",
            ),
        ),
    )


_SENTENCES = (
    "the old cat sleeps well",
    "we sang a short song",
    "she reads a long book",
    "my train is late again",
    "rain fell on the roof",
)


@generator("language_mask", 8, "Why may a token not look ahead?", "causal mask")
@sound
def mask(rng: np.random.Generator) -> Made:
    """Row i of the causal mask: the tokens 1 to i."""
    words = _SENTENCES[int(rng.integers(len(_SENTENCES)))].split()
    at = int(rng.integers(1, 4))

    def said(part: list[str]) -> str:
        return ", ".join(f"“{word}”" for word in part)

    return Made(
        prompt=f"A GPT reads the tokens {said(words)}. At which of them may the token “{words[at]}” look?",
        options=choices(
            (said(words[: at + 1]), "At itself and at what came before."),
            (said(words[:at]), "It may look at itself, too."),
            (said(words[at:]), "Those are itself and the tokens after it: it would see the answers."),
            ("all five", "Then it would see the next token, which it has to predict."),
        ),
        hints=(
            "Every place has to predict its next token.",
            "The causal mask hides what comes later.",
            f"“{words[at]}” is token number {at + 1} of five; “{words[at + 1]}” is what it has to predict.",
        ),
        solution=f"At itself and at all before: {said(words[: at + 1])}.",
    )


@generator("language_temperature", 8, "How do temperature and top-k choose the next token?", "temperature")
@sound
def temperature(rng: np.random.Generator) -> Made:
    """softmax(logits / tau), by labs.cores.bandit.softmax."""
    z = np.sort(rng.choice([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0], size=3, replace=False))[::-1]
    tau = one_of(rng, (0.5, 2.0))
    at = int(rng.integers(2))
    share, cold = softmax(z[None] / tau)[0], softmax(z[None])[0]
    powers, names = np.exp(z / tau), ("mat", "sofa", "moon")
    return Made(
        prompt=f"For the next word a model has the logits (scores) {names[0]} ${plain(z[0])}$, {names[1]} "
        f"${plain(z[1])}$ "
        f"and {names[2]} ${plain(z[2])}$. With what probability does it write “{names[at]}” at the temperature "
        f"$\\tau = {plain(tau)}$?",
        answer=float(share[at]),
        tolerance=0.008,
        hints=(
            "The temperature changes the scores before they become probabilities.",
            "Divide each logit by the temperature; then softmax: $e$ to that power, over the sum.",
            f"Divided they are ${', '.join(plain(v) for v in z / tau)}$, and the powers of $e$ add up to "
            f"${powers.sum():.3f}$.",
        ),
        solution=f"$e^{{{plain(z[at] / tau)}}} / ({total(powers, 3)}) = {powers[at]:.3f} / {powers.sum():.3f} = "
        f"{share[at]:.2f}$",
        mistakes=(
            (float(cold[at]), "That is at temperature 1: divide the logits first."),
            (float(softmax(z[None] * tau)[0][at]), "You multiplied by the temperature; divide."),
            (float(z[at] / z.sum()), "That divides the logits themselves; take $e$ to their power first."),
            (float(cold[at] / tau), "Divide the logits, before the softmax, not the probability after it."),
        ),
    )


@generator("language_top_k", 8, "How do temperature and top-k choose the next token?", "top-k")
@sound
def top_k(rng: np.random.Generator) -> Made:
    """The k likeliest share out their probability anew; plain arithmetic, after the lecture."""
    while True:
        counts = np.sort(rng.choice(np.arange(1, 11), size=4, replace=False))[::-1]
        if counts.sum() == 20:
            break
    p, k = counts / 20, int(rng.integers(2, 4))
    names, kept = ("mat", "sofa", "chair", "moon"), p[:k].sum()

    def said(values: np.ndarray) -> str:
        return ", ".join(f"{name} {fixed(float(v))}" for name, v in zip(names, values, strict=False))

    given = ", ".join(f"{name} {plain(float(v))}" for name, v in zip(names, p, strict=True))
    return Made(
        prompt=f"A model gives the next word these probabilities: {given}. Which probabilities does top-k with $k = "
        f"{k}$ "
        "draw from?",
        options=choices(
            (said(p[:k] / kept), f"The {k} likeliest are kept, and each is divided by their sum."),
            (said(p[:k]), "These do not add up to 1: what was cut off must be shared out anew."),
            (said(np.full(k, 1 / k)), "The kept ones do not become equal; the likeliest stays likeliest."),
            (
                said(p[:k] + (1 - kept) / k),
                "What was cut off is shared out in proportion, not in equal parts.",
            ),
        ),
        hints=(
            "How many words are kept? And what becomes of the rest?",
            "The kept probabilities must add up to 1 again.",
            f"The {k} likeliest add up to ${plain(float(kept))}$. Divide each of them by that.",
        ),
        solution=", ".join(
            f"{names[i]} ${plain(float(p[i]))} / {plain(float(kept))} = {p[i] / kept:.2f}$" for i in range(k)
        ),
    )


@generator("language_perplexity", 8, "How is a language model pre-trained?", "perplexity from probabilities")
@sound
def perplexity(rng: np.random.Generator) -> Made:
    """e to the mean of -ln p, after the lecture (plain NumPy)."""
    p = [one_of(rng, (0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.8)) for _ in range(3)]
    if len(set(p)) < 2:
        return perplexity(rng)
    loss = float(-np.log(p).mean())
    logs = [-math.log(v) for v in p]
    return Made(
        prompt=f"The three tokens that came next in a text had been given the probabilities {p[0]}, {p[1]} and "
        f"{p[2]} by a "
        "language model. What is its perplexity on them?",
        answer=math.exp(loss),
        tolerance=0.02,
        hints=(
            "Two steps: the loss, then a power of $e$.",
            r"The loss is the mean of $-\ln p$; the perplexity is $e$ to the power of the loss.",
            f"$-\\ln {p[0]} = {logs[0]:.3f}$ and $-\\ln {p[1]} = {logs[1]:.3f}$. Take the mean with the third.",
        ),
        solution=f"Loss: $({total(logs, 3)}) / 3 = {loss:.3f}$. Perplexity: $e^{{{loss:.3f}}} = "
        f"{math.exp(loss):.2f}$, as "
        "unsure as between so many equally likely tokens.",
        mistakes=(
            (loss, "That is the loss; take $e$ to its power."),
            (3 / sum(p), "That is 1 over the mean probability; take the mean of the logarithms."),
            (math.exp(3 * loss), "That is the power of the sum; take the mean of the three first."),
            (2**loss, "The loss has natural logarithms, so the base is $e$, not 2."),
        ),
    )


@generator("language_lora", 8, "What is fine-tuning, and what does LoRA save?", "parameters of LoRA")
@sound
def lora(rng: np.random.Generator) -> Made:
    """2 d r weights in B and A, after the lecture (Hu et al. 2021); plain arithmetic."""
    d, r = int(one_of(rng, (100, 200, 400, 500, 768, 1000, 1024))), int(one_of(rng, (2, 4, 8, 16)))
    return Made(
        prompt=f"A weight table has {d} rows and {d} columns. LoRA freezes it and learns a correction of rank $r = "
        f"{r}$. How "
        "many weights does LoRA learn?",
        answer=float(2 * d * r),
        decimals=0,
        tolerance=0.0,
        hints=(
            "LoRA learns two thin tables instead of one large one.",
            "$B$ has $d$ rows and $r$ columns, $A$ has $r$ rows and $d$ columns.",
            f"$B$ has ${d} \\times {r} = {d * r}$ weights. Now $A$.",
        ),
        solution=f"$2 \\times {d} \\times {r} = {2 * d * r}$, where the full table has ${d}^2 = {d * d}$.",
        mistakes=(
            (float(d * r), "That is one of the two thin tables."),
            (float(d * d), "That is the full table, which stays frozen."),
            (float(d * d + 2 * d * r), "The full table is frozen: it is not learned."),
            (float(2 * d + r), "A table has rows *times* columns."),
        ),
    )


@generator("language_cost", 8, "What do the context window and the tokens cost?", "tokens in a chat")
@sound
def cost(rng: np.random.Generator) -> Made:
    """t (1 + 2 + ... + n) tokens are read in n turns of t tokens; plain arithmetic, after the lecture."""
    n, t = int(rng.integers(4, 13)), int(one_of(rng, (100, 200, 300, 400, 500)))
    read = t * n * (n + 1) // 2
    return Made(
        prompt=f"A chat has {n} turns, and each adds {t} tokens. A language model remembers nothing, so with every "
        f"turn the "
        f"whole chat so far, that turn included, is read again. How many tokens are read in all {n} turns?",
        answer=float(read),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Write down what is read in turn 1, in turn 2, in turn 3.",
            "Turn number $i$ reads $i$ times as much as the first. Add up 1 + 2 + 3 and so on.",
            f"$1 + 2 + \\dots + {n} = \\frac{{{n} \\times {n + 1}}}{{2}}$. Each stands for {t} tokens.",
        ),
        solution=f"${t} \\times (1 + 2 + \\dots + {n}) = {t} \\times {n * (n + 1) // 2} = {read}$",
        mistakes=(
            (float(n * t), "That counts every token once; in each turn all earlier ones are read again."),
            (float(t * n * (n - 1) // 2), "The new turn itself is read as well."),
            (float(t * n * n), "The first turns are shorter: the chat grows as it goes on."),
        ),
    )


@generator("language_cosine", 8, "What is an embedding?", "cosine of two vectors")
@sound
def cosine(rng: np.random.Generator) -> Made:
    """a b / (|a| |b|), after the lecture (plain NumPy)."""
    right = ((3, 4), (4, 3), (5, 12), (12, 5), (8, 6), (6, 8), (8, 15))
    a, b = (np.array(right[i]) for i in rng.choice(len(right), size=2, replace=False))
    b = b * np.array([1 if rng.random() < 0.6 else -1, 1])
    la, lb = round(math.hypot(*a)), round(math.hypot(*b))
    dot = int(a @ b)
    value = dot / (la * lb)
    if abs(value) > 0.995 or dot == 0:
        return cosine(rng)
    return Made(
        prompt=f"Two tokens have the embeddings $a = ({a[0]}, {a[1]})$ and $b = ({b[0]}, {b[1]})$. What is the "
        f"cosine of the "
        "angle between them?",
        answer=value,
        hints=(
            "The cosine says how alike two directions are, whatever the lengths.",
            "Dot product, divided by both lengths; a length is the root of the sum of squares.",
            f"The lengths are $\\lVert a\\rVert = {la}$ and $\\lVert b\\rVert = {lb}$. Now the dot product.",
        ),
        solution=f"$\\frac{{{a[0]} \\times {after(int(b[0]))} + {a[1]} \\times {b[1]}}}{{{la} \\times {lb}}} = "
        f"\\frac{{{dot}}}{{{la * lb}}} = {value:.2f}$",
        mistakes=(
            (float(dot), "That is the dot product; divide it by both lengths."),
            (dot / (la + lb), "Divide by the lengths multiplied, not added."),
            (dot / (la * la * lb * lb), "The lengths are roots: take the root of the sum of squares."),
        ),
    )
