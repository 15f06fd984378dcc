"""Every worked number of lecture 8, worked out again and looked for in the text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

WORDS = {"low_": 5, "lower_": 2, "newest_": 6, "widest_": 3}  # Sennrich et al. (2016), algorithm 1

TOKENS = ("Ada", "sang", "she")
QUERIES = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
KEYS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.0]])
VALUES = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    done: list[str] = []
    for symbol in symbols:
        if done and (done[-1], symbol) == pair:
            done[-1] += symbol
        else:
            done.append(symbol)
    return done


def pairs_of(cut: dict[str, list[str]], words: dict[str, int]) -> Counter[tuple[str, str]]:
    """How often each pair of neighbours occurs, in the order in which the pairs are met."""
    found: Counter[tuple[str, str]] = Counter()
    for word, times in words.items():
        for pair in pairwise(cut[word]):
            found[pair] += times
    return found


def softmax(scores: Any) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def vector(numbers: Any) -> str:
    return ",".join(f"{n + 0:g}" for n in numbers)  # + 0: no minus before a zero


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", "{,}")


def test_the_probability_of_a_text_is_right(says):
    says(8, 'If "the" has probability $0.1$, "cat" after "the" $0.02$, and "sat" after "the cat" $0.05$')
    says(8, f"$0.1\\times0.02\\times0.05={0.1 * 0.02 * 0.05:.4f}$")


def test_byte_pair_encoding_by_hand_is_right_and_is_that_of_the_lab(says):
    from labs.cores.language_model_tokens import learn_merges

    says(8, "the words low (5 times), lower (2), newest (6) and widest (3)")
    cut = {word: list(word) for word in WORDS}
    first = pairs_of(cut, WORDS)
    assert first["e", "s"] == first["s", "t"] == first["t", "_"] == 9 == max(first.values())
    says(8, "`e s`, `s t` and `t _` occur $6+3=9$ times each")
    says(8, f"`w e` $2+6={first['w', 'e']}$, `l o` $5+2={first['l', 'o']}$")
    learned = []
    for number in range(1, 7):
        found = pairs_of(cut, WORDS)
        best = max(found, key=found.__getitem__)  # the first one met among equals
        learned.append(best)
        says(8, f"\n{number}. `{''.join(best)}`: {found[best]} times\n")
        cut = {word: merge(symbols, best) for word, symbols in cut.items()}
        if number == 1:
            says(8, f"After merge 1, `w e` is down to {pairs_of(cut, WORDS)['w', 'e']} (the lower ones)")
    assert learn_merges(WORDS, 6) == learned
    unseen = list("lowest_")
    for pair in learned[:3]:
        unseen = merge(unseen, pair)
    says(8, f"`{' '.join('lowest_')}` becomes `{' '.join(unseen)}`")
    for pair in learned[3:]:
        unseen = merge(unseen, pair)
    says(8, f"and then `{' '.join(unseen)}`: two tokens")
    assert len(unseen) == 2
    pieces = {piece for symbols in cut.values() for piece in symbols if len(piece) > 1}
    assert pieces == {"low", "ne", "est_"}
    says(8, "after six merges as the pieces low, ne, est with its end mark and single letters")


def test_gpt2s_vocabulary_and_parameters_add_up(says):
    d, V = 768, 256 + 50_000 + 1
    says(8, "has 12 blocks, $d=768$, 1024 positions")
    says(8, f"$256+50{{,}}000$ merges $+1$ end mark $={thousands(V)}$ tokens")
    block = 12 * d * d + 13 * d
    total = V * d + 1024 * d + 12 * block + 2 * d
    says(8, f"$50{{,}}257\\times768+1024\\times768+12\\times{thousands(block)}+{2 * d}={thousands(total)}$")


def test_the_cosines_are_right(says):
    def cosine(a: tuple[int, int], b: tuple[int, int]) -> float:
        return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))

    says(8, f"For $a=(3,4)$ and $b=(4,3)$: $24/(5\\times5)={cosine((3, 4), (4, 3)):.2f}$")
    says(8, "the question is $(3,4)$, passage one $(4,3)$ and passage two $(5,0)$")
    says(8, f"The cosines are ${cosine((3, 4), (4, 3)):.2f}$ and $15/25={cosine((3, 4), (5, 0)):.1f}$")


def test_attention_by_hand_is_right_and_is_that_of_pytorch(says):
    import torch

    rows = zip(TOKENS, QUERIES, KEYS, VALUES, strict=True)
    says(8, *(f"| {name} | $({vector(q)})$ | $({vector(k)})$ | $({vector(v)})$ |" for name, q, k, v in rows))
    says(8, f'"she" looks for a person, $q=({vector(QUERIES[2])})$')
    dots = QUERIES @ KEYS.T
    scores = dots / math.sqrt(2)
    says(8, f"$2\\times1+0\\times0={dots[2, 0]:g}$, then ${dots[2, 1]:g}$, then ${dots[2, 2]:g}$")
    says(8, f"$\\sqrt2={math.sqrt(2):.3f}$: ${scores[2, 0]:.3f}, {scores[2, 1]:g}, {scores[2, 2]:.3f}$")
    powers = np.exp(scores[2])
    says(8, f"${powers[0]:.3f}, {powers[1]:g}, {powers[2]:.3f}$; sum ${powers.sum():.3f}$")
    weights = softmax(np.where(np.tri(3, dtype=bool), scores, -np.inf))
    a, b, c = weights[2]
    says(8, f"Weights: ${a:.3f}, {b:.3f}, {c:.3f}$")
    out = weights @ VALUES
    x, y = out[2]
    says(8, f"${a:.3f}\\,(1,0)+{b:.3f}\\,(0,1)+{c:.3f}\\,(1,1)=({x:.3f},\\ {y:.3f})$")
    says(8, f'Row "sang" has the dot products ${dots[1, 0]:g}, {dots[1, 1]:g}, {dots[1, 2]:g}$')
    np.testing.assert_allclose(weights[:2], [[1, 0, 0], [0.5, 0.5, 0]])
    says(8, 'only the first two: weights $0.5, 0.5, 0$. "Ada" sees only itself: $1, 0, 0$')
    says(8, f"1&0&0\\\\0.5&0.5&0\\\\{a:.3f}&{b:.3f}&{c:.3f}\\end{{pmatrix}}")
    says(8, f"she looks at Ada with {a:.3f}, sang with {b:.3f} and itself with {c:.3f}")
    assert weights[2].argmax() == 0  # "she" takes most from "Ada"
    q, k, v = (torch.tensor(table)[None] for table in (QUERIES, KEYS, VALUES))
    theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)[0]
    np.testing.assert_allclose(theirs, out, atol=1e-12)


def test_a_dot_product_of_random_numbers_has_the_spread_of_the_lecture(says):
    says(8, "$d_k$ random numbers of mean 0 and spread 1 has a spread of $\\sqrt{d_k}$")
    rng = np.random.default_rng(0)
    for d in (4, 64):
        dots = (rng.normal(size=(20_000, d)) * rng.normal(size=(20_000, d))).sum(axis=1)
        assert dots.std() == pytest.approx(math.sqrt(d), rel=0.03)


def test_the_parameters_of_a_block_are_those_of_the_lab(says):
    from labs.cores.language_model import block

    d = 64
    parts: Any = block(width=d, heads=4)

    def count(module: Any) -> int:
        return sum(w.numel() for w in module.parameters())

    assert count(parts.attention) == 4 * d * d + 4 * d
    assert count(parts.mlp) == 8 * d * d + 5 * d
    assert count(parts.norm1) + count(parts.norm2) == 4 * d
    assert count(parts) == 12 * d * d + 13 * d == count(block(width=d, heads=1))
    says(8, "attention $4d^2+4d$, MLP $8d^2+5d$, two norms $4d$: together $12d^2+13d$")
    says(8, f"For the lab's $d=64$ that is ${thousands(count(parts))}$ per block", "$4d^2$, plus $4d$ biases")


def test_loss_and_perplexity_are_right(says):
    p = np.array([0.5, 0.25, 0.1])
    losses = -np.log(p)
    loss = losses.mean()
    says(8, "Three tokens that came got $0.5$, $0.25$ and $0.1$")
    says(8, f"$({'+'.join(f'{v:.3f}' for v in losses)})/3={loss:.3f}$")
    says(8, f"$e^{{{loss:.3f}}}={math.exp(loss):.2f}$", f"between {math.exp(loss):.2f} equally likely tokens")
    says(8, f"$\\ln50{{,}}257={math.log(50_257):.2f}$")


def test_temperature_top_k_and_top_p_are_right(says):
    logits = np.array([3.0, 2.0, 0.0])
    says(8, "three candidates: mat $3$, sofa $2$, moon $0$")
    for heat, divided in ((0.5, "6, 4, 0"), (1, "3, 2, 0"), (2, "1.5, 1, 0")):
        assert [float(n) for n in divided.split(", ")] == (logits / heat).tolist()
        shares = " | ".join(f"{share:.3f}" for share in softmax(logits / heat))
        says(8, f"| {heat} | ${divided}$ | {shares} |")
    mat, sofa = np.exp(logits[:2])
    says(8, f"${mat:.3f}/({mat:.3f}+{sofa:.3f})={mat / (mat + sofa):.3f}$ and ${sofa / (mat + sofa):.3f}$")
    p = softmax(logits)
    assert p[0] < 0.9 < p[0] + p[1]
    says(
        8, "With $k=2$ and $\\tau=1$", "for the temperatures 0.5, 1 and 2, each with the probabilities of mat"
    )
    says(8, f"for $p=0.9$ again mat and sofa, as together they have ${p[0] + p[1]:.3f}$")


def test_lora_is_counted_and_worked_right(says):
    d, r = 4096, 8
    says(8, "Count for $d=4096$ and $r=8$", "so $d=3$, $r=1$")
    says(8, f"$4096^2={thousands(d * d)}$", f"$2\\times4096\\times8={thousands(2 * d * r)}$")
    says(8, f"one 256th, or ${100 * 2 * d * r / d**2:.2f}\\%$")
    assert d * d == 256 * 2 * d * r
    BA = np.outer([1, 0, 2], [0.5, 0, -1])
    says(
        8,
        "$B=(1,0,2)^{\\top}$ and $A=(0.5,0,-1)$",
        "Row by row $BA$ is " + ", ".join(f"$({vector(row)})$" for row in BA),
    )
    assert np.linalg.matrix_rank(BA) == 1
    says(8, "nine numbers from six")


def test_the_costs_are_right(says):
    says(8, "Suppose a million tokens cost 0.40 dollars to read and 1.60 to write")
    read, write = 3000 * 0.40 / 1e6, 500 * 1.60 / 1e6
    says(8, "3000 tokens in and 500 out", f"${read:.4f}+{write:.4f}={read + write:.3f}$")
    says(8, f"$500\\times(1+2+\\dots+10)={thousands(500 * sum(range(1, 11)))}$")
    says(8, "ten turns of 500 tokens", f"$1000$ tokens make $1000^2={thousands(1000**2)}$ scores per head")


def test_the_code_of_lecture_8_makes_the_call_that_it_shows(lecture_text, monkeypatch, capsys):
    import httpx
    import openai

    (code,) = re.findall(r"^```python\n(.*?)^```", lecture_text(8), flags=re.M | re.S)
    seen: dict[str, Any] = {}

    def answer(call: httpx.Request) -> httpx.Response:
        seen.update(url=str(call.url), key=call.headers["Authorization"], body=json.loads(call.content))
        message = {"role": "assistant", "content": "It came back."}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return httpx.Response(
            200,
            json={"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]},
        )

    real = openai.OpenAI
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-environment")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with httpx.Client(transport=httpx.MockTransport(answer)) as wire:
        monkeypatch.setattr(openai, "OpenAI", lambda **options: real(**options, http_client=wire))
        exec(code, {})
    assert seen["url"] == "https://api.openai.com/v1/chat/completions"
    assert seen["key"] == "Bearer of-the-environment"
    assert [m["role"] for m in seen["body"]["messages"]] == ["system", "user"]
    assert capsys.readouterr().out == "It came back.\n"
    assert "sk-" not in lecture_text(8)


def test_the_passages_are_as_long_as_the_lecture_says(says):
    from knowledge.chunking import TARGET

    says(8, f"**passages** of about {TARGET} tokens")


def test_the_exercises_of_lecture_8_have_right_answers(says):
    words = {"hug": 10, "pug": 5, "hugs": 5}
    found = pairs_of({word: list(word) for word in words}, words)
    assert max(found, key=found.__getitem__) == ("u", "g")
    says(8, "hug (10 times), pug (5) and hugs (5)")
    says(8, f"`u g` occurs $10+5+5={found['u', 'g']}$ times, `h u` only ${found['h', 'u']}$")
    says(8, "$q=(1,1)$, keys $(2,0)$ and $(0,0)$, values $(10,0)$ and $(0,10)$")
    scores = np.array([[2, 0], [0, 0]]) @ [1, 1] / math.sqrt(2)
    w = softmax(scores)
    x, y = w @ np.array([[10, 0], [0, 10]])
    power = math.exp(scores[0])
    says(8, f"Scores $2/\\sqrt2={scores[0]:.3f}$ and $0$")
    says(
        8, f"weights ${power:.3f}/{power + 1:.3f}={w[0]:.3f}$ and ${w[1]:.3f}$; output $({x:.2f},\\ {y:.2f})$"
    )
    says(8, "Logits $1$ and $0$. What are the probabilities at $\\tau=1$ and at $\\tau=0.5$?")
    one, half = softmax([1, 0]), softmax([2, 0])
    says(8, "for a $1024\\times1024$ table with $r=4$")
    says(
        8,
        f"$e/(e+1)={one[0]:.3f}$ and ${one[1]:.3f}$; with the logits $2$ and $0$: ${half[0]:.3f}$ and ${half[1]:.3f}$",
    )
    says(
        8,
        f"$2\\times1024\\times4={2 * 1024 * 4}$ of ${thousands(1024**2)}$: one 128th, ${100 * 8 / 1024:.2f}\\%$",
    )


def test_a_short_training_in_the_lab_goes_as_the_lecture_says(says):
    from labs.registry import get_lab

    says(8, "after 30 it is worse than counting pairs of letters")
    metrics = get_lab("language_model").execute({"steps": 30}).metrics
    assert metrics["loss_val"] > metrics["loss_bigram"]
    assert metrics["loss_start"] == pytest.approx(math.log(metrics["vocabulary"]), abs=0.1)


@pytest.mark.slow
def test_temperature_and_tokenizer_do_in_the_lab_what_the_lecture_says(says):
    from labs.registry import get_lab

    lab = get_lab("language_model")
    says(8, "at 0.2 most of its words are real, but it repeats itself; at 1.5 about one in four is")
    runs = {heat: lab.execute({"temperature": heat}) for heat in (0.2, 0.8, 1.5)}
    real = [run.metrics["words_real"] for run in runs.values()]
    assert real == sorted(real, reverse=True)
    assert real[0] > 0.75
    assert 0.15 < real[2] < 0.35
    assert any("repeats itself" in finding.evidence for finding in runs[0.2].findings)
    says(
        8,
        "bpe has a several times larger perplexity, and yet its bits per character are about as low.",
    )
    letters, pairs = runs[0.8].metrics, lab.execute({"tokenizer": "bpe"}).metrics
    assert pairs["perplexity"] > 3 * letters["perplexity"]
    assert pairs["bits_per_character"] == pytest.approx(letters["bits_per_character"], rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "ahead"), [(300, "short"), (600, "long")])
def test_the_longer_context_pays_in_the_lab_only_after_longer_training(says, steps, ahead):
    from labs.registry import get_lab

    says(8, "the shorter is ahead; add `steps 600`, and the longer is")
    lab = get_lab("language_model")
    short, long = (lab.execute({"context": n, "steps": steps}).metrics["loss_val"] for n in (8, 64))
    assert ("short" if short < long else "long") == ahead
    assert abs(short - long) < 0.15


def test_the_number_of_heads_does_not_change_the_number_of_parameters(says):
    from labs.registry import get_lab

    says(8, "with heads 1, 4 and 8`: as many parameters each time")
    lab = get_lab("language_model")
    assert len({lab.execute({"heads": n, "steps": 1}).metrics["parameters"] for n in (1, 4, 8)}) == 1
