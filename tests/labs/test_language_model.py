"""The language_model lab against PyTorch's and Hugging Face's own code, the papers, closed forms and hand counts."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise

import numpy as np
import pytest
import torch

from labs import texts
from labs.base import Context
from labs.checks.language_model import MERGES, PAPER, attention_difference, leak_from_later, verify
from labs.cores import language_model_fit as fitting
from labs.cores.language_model import (
    bigram_table,
    bits_per_character,
    causal_attention,
    learning_rate_at,
    log_probabilities,
    loss_by_context,
    next_token,
    parameter_count,
    sinusoids,
    train,
    transformer,
    write,
)
from labs.cores.language_model_tokens import BytePairs, learn_merges, merged, words_of
from labs.errors import BadParameterError, LabCancelled
from labs.language_model import LAB, LanguageModelParams
from labs.plotting import png_bytes
from labs.reports.language_model_charts import shown_token
from labs.reports.language_model_study import longest_copy, share_known, share_repeated

TINY = {"steps": 5, "layers": 1, "width": 16, "context": 16}
STORY = (
    "It was a grey morning when Marta opened the small bakery at the corner of the market square. The oven had "
    "been warm since four, and the first loaves stood in rows upon the wooden shelf. An old man came in, shook "
    "the rain from his hat, and asked for two rolls with poppy seeds, as he had done every day for thirty years. "
    'He never said more than that. Today, however, he stayed by the door and looked at the street. "My brother '
    'wrote to me," he said at last. "He lives on an island in the north, where it is light all night in June. He '
    'wants me to come." Marta wrapped the rolls in paper and did not know what to answer.'
)


def small_model(vocabulary: int = 20, context: int = 12, heads: int = 2, seed: int = 0):
    torch.manual_seed(seed)
    model = transformer(vocabulary, context, 2, heads, 16)
    model.head.weight.data.normal_()  # scores of some size, as after training
    return model


@pytest.fixture(scope="module")
def tiny():
    return LAB.execute(TINY)


@pytest.fixture(scope="module")
def learned():
    """Long enough to write words, short enough for a test."""
    return LAB.execute({"steps": 100, "layers": 1, "context": 32})


@pytest.fixture(scope="module")
def by_heart():
    """A short text of one's own, read some hundred times."""
    return LAB.execute({"text": STORY, "steps": 120, "learning_rate": 0.006, "temperature": 0.5, "layers": 1})


def names(result):
    return {finding.name for finding in result.findings}


def finding(result, name):
    return next(f for f in result.findings if f.name == name)


# ------------------------------------------------------------------------------------------- the transformer


def test_written_out_attention_is_pytorchs():
    assert attention_difference() < 1e-6


def test_attention_of_three_tokens_by_hand():
    """One head, d = 1: token 2 with query 1 meets keys 0 and ln 3, so it weighs them 1 to 3; no one sees token 3."""
    Q = torch.tensor([1.0, 1.0, 0.0]).view(1, 1, 3, 1)
    K = torch.tensor([0.0, math.log(3.0), 5.0]).view(1, 1, 3, 1)
    V = torch.tensor([4.0, 8.0, 12.0]).view(1, 1, 3, 1)
    gathered, weights = causal_attention(Q, K, V)
    assert weights[0, 0].tolist() == [
        pytest.approx([1, 0, 0]),
        pytest.approx([0.25, 0.75, 0]),
        pytest.approx([1 / 3, 1 / 3, 1 / 3]),
    ]
    assert gathered.flatten().tolist() == pytest.approx([4, 7, 8])


def test_a_later_token_changes_no_earlier_score():
    assert leak_from_later() == 0.0


def test_the_whole_model_is_gpt2_of_hugging_face_with_the_same_weights():
    from transformers import GPT2Config, GPT2LMHeadModel

    mine = small_model(vocabulary=20, context=12).eval()
    config = GPT2Config(
        vocab_size=20, n_positions=12, n_embd=16, n_layer=2, n_head=2, tie_word_embeddings=False,
        activation_function="gelu", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    theirs = GPT2LMHeadModel(config).eval()
    copied = {
        "transformer.wte.weight": mine.tokens.weight,
        "transformer.wpe.weight": mine.positions.weight,
        "transformer.ln_f.weight": mine.norm.weight,
        "transformer.ln_f.bias": mine.norm.bias,
        "lm_head.weight": mine.head.weight,
    }
    for i, block in enumerate(mine.blocks):
        parts = {"ln_1": block.norm1, "ln_2": block.norm2, "attn.c_attn": block.attention.to_qkv}
        parts |= {"attn.c_proj": block.attention.to_out, "mlp.c_fc": block.mlp[0], "mlp.c_proj": block.mlp[2]}
        for name, layer in parts.items():
            weight = layer.weight if name.startswith("ln") else layer.weight.T  # GPT-2 keeps them turned
            copied |= {
                f"transformer.h.{i}.{name}.weight": weight,
                f"transformer.h.{i}.{name}.bias": layer.bias,
            }
    missing = theirs.load_state_dict(copied, strict=False)
    assert not missing.unexpected_keys
    assert all(key.endswith(("attn.bias", "attn.masked_bias")) for key in missing.missing_keys)
    ids = torch.randint(20, (3, 12))
    with torch.no_grad():
        assert torch.allclose(mine(ids), theirs(ids).logits, atol=1e-4)
    assert sum(w.numel() for w in theirs.parameters()) == parameter_count(20, 12, 2, 16)


@pytest.mark.parametrize(
    ("V", "T", "layers", "heads", "C"), [(75, 64, 2, 4, 64), (20, 8, 1, 1, 8), (31, 16, 3, 5, 40)]
)
def test_the_number_of_parameters_is_the_formulas(V, T, layers, heads, C):
    model = transformer(V, T, layers, heads, C)
    assert sum(w.numel() for w in model.parameters()) == parameter_count(V, T, layers, C)


def test_sinusoids_are_those_of_the_paper():
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i + 1) the cosine; an odd width ends with a sine."""
    table = sinusoids(50, 9)
    assert table.shape == (50, 9)
    for pos, i in ((0, 0), (3, 1), (49, 3)):
        angle = pos / 10_000 ** (2 * i / 9)
        assert float(table[pos, 2 * i]) == pytest.approx(math.sin(angle), abs=1e-5)
        assert float(table[pos, 2 * i + 1]) == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize(("V", "context", "width"), [(75, 64, 64), (6, 8, 8), (400, 16, 128)])
def test_before_training_the_loss_is_the_logarithm_of_the_vocabulary(V, context, width):
    torch.manual_seed(1)
    model = transformer(V, context, 2, 4, width)
    ids = torch.randint(V, (64, context + 1))
    with torch.no_grad():
        scores = model(ids[:, :-1]).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(scores, ids[:, 1:].flatten())
    assert float(loss) == pytest.approx(math.log(V), abs=0.06)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_half_of_it():
    rates = [learning_rate_at(step, 200, 0.01) for step in range(200)]
    assert rates[0] == pytest.approx(0.001)
    assert rates.index(max(rates)) == 9
    assert max(rates) == pytest.approx(0.01)
    assert rates[105] == pytest.approx(0.0075)  # half of the cosine: half of the way
    assert rates[-1] == pytest.approx(0.005, rel=1e-3)
    assert learning_rate_at(0, 1, 0.01) == 0.01


def test_training_learns_what_can_be_known_and_nothing_of_chance():
    """abcabc... has nothing to guess; fair coin flips cost ln 2 each however long one trains."""
    torch.manual_seed(0)
    model = transformer(3, 8, 1, 2, 16)
    *_, (_, loss) = train(model, torch.arange(600) % 3, 8, 150, 0.01, 256, 0)
    assert loss < 0.02
    torch.manual_seed(0)
    coin = transformer(2, 8, 1, 2, 16)
    flips = torch.randint(2, (20_000,), generator=torch.Generator().manual_seed(1))
    losses = [loss for _, loss in train(coin, flips, 8, 150, 0.003, 512, 0)]
    assert np.mean(losses[-50:]) == pytest.approx(math.log(2), abs=0.02)


def test_reading_in_windows_gives_each_token_its_own_probability():
    """Against one reading per place, from the beginning of the place's window."""
    model = small_model(context=5)
    ids = torch.randint(20, (18,), generator=torch.Generator().manual_seed(2))
    log_p = log_probabilities(model, ids, 5, at_once=10)
    assert log_p.shape == (17, 20)
    for i in range(17):
        window = ids[i // 5 * 5 : i + 1][None]
        alone = torch.log_softmax(model(window)[0, -1].detach(), dim=-1)
        assert torch.allclose(log_p[i], alone, atol=1e-5)
    assert log_probabilities(model, ids[:3], 5).shape == (2, 20)  # shorter than one window


def test_the_loss_with_so_much_context_sees_just_that_much():
    model = small_model()
    ids = torch.randint(20, (30,), generator=torch.Generator().manual_seed(3))
    places = torch.tensor([10, 17, 29])
    losses = loss_by_context(model, ids, places, 4)
    for loss, place in zip(losses, places, strict=True):
        alone = torch.log_softmax(model(ids[place - 4 : place][None])[0, -1].detach(), dim=-1)
        assert float(loss) == pytest.approx(-float(alone[ids[place]]), abs=1e-5)
    changed = ids.clone()
    changed[: 10 - 4] = 0
    assert float(loss_by_context(model, changed, places[:1], 4)) == pytest.approx(float(losses[0]), abs=1e-6)


# ------------------------------------------------------------------------------------------- writing


def test_temperature_takes_the_probabilities_to_a_power():
    """softmax(s / T) is p^(1/T), made to sum to 1 again."""
    model = small_model()
    ids = torch.tensor([[1, 2, 3]])
    p = next_token(model, ids, 12, torch.tensor([1.0]))[0]
    for heat in (0.5, 2.0):
        power = p ** (1 / heat)
        assert torch.allclose(
            next_token(model, ids, 12, torch.tensor([heat]))[0], power / power.sum(), atol=1e-5
        )


def test_writing_looks_back_a_whole_context_and_no_further():
    model, one = small_model(context=6), torch.tensor([1.0])
    ids = torch.arange(10)[None]
    p = next_token(model, ids, 6, one)
    assert torch.allclose(p, next_token(model, ids[:, 4:], 6, one), atol=1e-6)
    changed = ids.clone()
    changed[0, 4] = 15  # the first of the six
    assert not torch.allclose(p, next_token(model, changed, 6, one), atol=1e-4)


def test_temperature_zero_takes_the_likeliest_every_time():
    model = small_model()
    *_, texts_ = write(model, torch.tensor([1]), 12, 20, torch.tensor([0.0, 0.0]), 0)
    assert torch.equal(texts_[0], texts_[1])
    for i in range(1, 20):
        best = int(model(texts_[:1, max(0, i - 12) : i])[0, -1].argmax())
        assert int(texts_[0, i]) == best


def test_what_is_written_is_drawn_with_the_models_probabilities():
    model = small_model(vocabulary=4)
    p = next_token(model, torch.tensor([[2]]), 12, torch.tensor([1.0]))[0].numpy()
    rows = next(iter(write(model, torch.tensor([2]), 12, 1, torch.ones(20_000), 0)))
    shares = np.bincount(rows[:, 1].numpy(), minlength=4) / 20_000
    assert shares == pytest.approx(p, abs=4 * math.sqrt(0.25 / 20_000))


def test_the_table_of_pairs_is_counted_by_hand():
    """abab a: a is followed by b twice, b by a twice; plus one each, over three tokens."""
    table = bigram_table(np.array([0, 1, 0, 1, 0]), 3)
    assert table.tolist() == [
        pytest.approx([1 / 5, 3 / 5, 1 / 5]),
        pytest.approx([3 / 5, 1 / 5, 1 / 5]),
        pytest.approx([1 / 3, 1 / 3, 1 / 3]),
    ]


def test_bits_per_character_of_fair_bytes_are_eight():
    assert bits_per_character(math.log(256), 100, 100) == pytest.approx(8)
    assert bits_per_character(math.log(256), 50, 100) == pytest.approx(4)  # tokens of two characters


# ------------------------------------------------------------------------------------------- byte pairs


def test_the_merges_are_those_of_the_paper():
    assert learn_merges(PAPER, 10) == MERGES
    assert MERGES[:3] == [("e", "s"), ("es", "t"), ("est", " ")]


def test_a_new_word_is_cut_into_known_pieces_as_in_the_paper():
    """Figure 1: with the merges of low, lowest, newer and wider, the new word lower is low + er."""
    pairs = BytePairs.learn("low lowest newer wider ", tuple(" delnorstwi"), 4)
    assert set(pairs.merges) == {("l", "o"), ("lo", "w"), ("e", "r"), ("er", " ")}
    assert pairs.cut("lower ") == ["low", "er "]


def recount(counts: dict[str, int], merges: int) -> list[tuple[str, str]]:
    """Algorithm 1 of the paper as it stands there: every pair counted anew for every merge."""
    words = {tuple(word): n for word, n in counts.items()}
    found = []
    for _ in range(merges):
        pairs: dict[tuple[str, str], int] = {}
        for word, n in words.items():
            for i in range(len(word) - 1):
                pairs[word[i], word[i + 1]] = pairs.get((word[i], word[i + 1]), 0) + n
        if not pairs or max(pairs.values()) < 2:
            break
        best = max(pairs, key=lambda pair: pairs[pair])  # the first of equals
        found.append(best)
        words = {tuple(merged(list(word), best)): n for word, n in words.items()}
    return found


@pytest.mark.parametrize("seed", range(5))
def test_counting_only_what_changed_finds_the_same_merges_as_counting_all(seed):
    rng = random.Random(seed)
    letters = "aab " if seed % 2 else "abcd "
    counts = {"".join(rng.choices(letters, k=rng.randint(1, 9))): rng.randint(1, 6) for _ in range(40)}
    assert learn_merges(counts, 30) == recount(counts, 30)


def test_the_notes_are_cut_as_hugging_faces_tokenizer_cuts_them():
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    corpus = texts.load("notes")
    ours = BytePairs.learn(corpus.split()[0], corpus.vocabulary().characters, 300)
    vocabulary = {token: place for place, token in enumerate(ours.tokens)}
    theirs = Tokenizer(BPE(vocab=vocabulary, merges=ours.merges))
    passage = corpus.text[-4000:]
    assert ours.encode(passage).tolist() == [i for word in words_of(passage) for i in theirs.encode(word).ids]


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "a", "to be  or\tnot\n", " The notes, again: the notes. ", STORY]
)
def test_decoding_what_was_encoded_gives_the_text_back(text):
    characters = tuple(sorted(set(STORY + "to be or not\t\n The notes, again:")))
    pairs = BytePairs.learn(STORY, characters, 80)
    assert pairs.decode(pairs.encode(text)) == text
    assert "".join(words_of(text)) == text


def test_a_pair_that_occurs_once_is_not_merged():
    assert learn_merges({"abc": 1, "xyz": 1}, 10) == []
    assert learn_merges({}, 10) == []


def test_a_character_that_the_tokens_do_not_have_is_named():
    pairs = BytePairs.learn("aaab", ("a", "b"), 2)
    assert pairs.unknown("abcdc") == "cd"
    with pytest.raises(ValueError, match="'cd'"):
        pairs.encode("abcdc")


# ------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"heads": 5},
            "width=64 cannot be shared equally by 5 heads; take width=60 or width=65, or heads=4.",
        ),
        ({"heads": 3, "width": 8}, "width=8 cannot be shared equally by 3 heads; take width=9, or heads=2."),
        (
            {"heads": 16, "width": 8},
            "width=8 cannot be shared equally by 16 heads; take width=16, or heads=8.",
        ),
        (
            {"heads": 7, "width": 512},
            "width=512 cannot be shared equally by 7 heads; take width=511, or heads=4.",
        ),
    ],
)
def test_a_width_that_the_heads_cannot_share_is_refused_with_the_nearest(values, said):
    with pytest.raises(BadParameterError) as caught:
        LAB.validate(values)
    assert str(caught.value) == said


def test_the_widths_that_are_suggested_are_taken():
    for width, heads in ((60, 5), (65, 5), (9, 3), (8, 2), (511, 7)):
        LAB.validate({"width": width, "heads": heads, "steps": 1})


def test_a_text_too_short_is_refused_before_anything_runs():
    with pytest.raises(BadParameterError, match="at least 500 are needed"):
        LAB.validate({"text": "the cat sat on the mat"})
    with pytest.raises(BadParameterError, match="none came with it"):
        LAB.validate({"text": "own"})


def test_a_training_of_minutes_is_refused_with_what_fits():
    with pytest.raises(BadParameterError, match="over the limit"):
        LAB.validate({"width": 512, "layers": 8})


def test_the_estimated_cost_grows_with_every_size():
    base = LAB.cost(LanguageModelParams())
    larger = (
        {"layers": 4},
        {"width": 128},
        {"context": 128},
        {"steps": 600},
        {"heads": 8},
        {"tokenizer": "bpe"},
    )
    assert all(LAB.cost(LanguageModelParams(**values)) > base for values in larger)
    assert base < 30


# ------------------------------------------------------------------------------------------- the run


def test_the_same_seed_gives_the_same_metrics_when_trained_anew(tiny):
    fitting._last = None
    again = LAB.execute(TINY)
    assert again.metrics == tiny.metrics
    assert again.tables == tiny.tables
    assert LAB.execute({**TINY, "seed": 1}).metrics["loss_val"] != tiny.metrics["loss_val"]


def test_perplexity_and_bits_follow_from_the_loss(tiny):
    metrics = tiny.metrics
    assert metrics["perplexity"] == pytest.approx(math.exp(metrics["loss_val"]))
    assert metrics["bits_per_character"] == pytest.approx(metrics["loss_val"] / math.log(2))
    assert metrics["loss_start"] == pytest.approx(math.log(metrics["vocabulary"]), abs=0.05)
    assert metrics["parameters"] == parameter_count(int(metrics["vocabulary"]), 16, 1, 16)


def test_bits_per_character_of_larger_tokens_count_characters():
    result = LAB.execute({**TINY, "tokenizer": "bpe", "merges": 50})
    _, unseen = texts.load("notes").split()
    corpus = texts.load("notes")
    pairs = BytePairs.learn(corpus.split()[0], corpus.vocabulary().characters, 50)
    ids = pairs.encode(unseen)
    per_token = len(pairs.decode(ids[1:])) / (len(ids) - 1)
    assert per_token > 1.2
    bits = result.metrics["loss_val"] / math.log(2) / per_token
    assert result.metrics["bits_per_character"] == pytest.approx(bits)
    merges = next(table for table in result.tables if table.title == "The first merges")
    assert merges.rows[0][1:] == tuple(shown_token(x) for x in (*pairs.merges[0], "".join(pairs.merges[0])))


def test_the_table_of_pairs_is_measured_on_the_same_characters(tiny):
    """Counted here with dictionaries, on the text and not on tokens."""
    seen, unseen = texts.load("notes").split()
    V = len(set(seen + unseen))
    pairs: dict[str, int] = {}
    firsts: dict[str, int] = {}
    for a, b in pairwise(seen):
        pairs[a + b] = pairs.get(a + b, 0) + 1
        firsts[a] = firsts.get(a, 0) + 1
    losses = [-math.log((pairs.get(a + b, 0) + 1) / (firsts.get(a, 0) + V)) for a, b in pairwise(unseen)]
    assert tiny.metrics["loss_bigram"] == pytest.approx(np.mean(losses))


def test_a_hundred_steps_know_more_than_pairs_of_letters(learned):
    bits, pairs = (learned.metrics[name] for name in ("bits_per_character", "bits_per_character_bigram"))
    assert bits < pairs - 0.1
    assert f"by {pairs - bits:.2f} bits" in learned.notes[0]
    assert not names(learned) & {"divergence", "underfitting", "overfitting", "memorised_text"}


def test_five_steps_know_less_than_pairs_and_the_note_says_so(tiny):
    assert tiny.metrics["bits_per_character"] > tiny.metrics["bits_per_character_bigram"]
    assert "it knows less than the pairs of letters" in tiny.notes[0]
    assert "underfitting" in names(tiny)


def test_the_last_points_of_the_curves_are_the_metrics(learned):
    assert learned.series["loss_val"][-1] == pytest.approx(learned.metrics["loss_val"])
    assert learned.series["loss_train"][-1] == pytest.approx(learned.metrics["loss_train"])
    assert learned.series["step"][[0, -1]].tolist() == [0, 100]


def test_the_maps_show_weights_that_sum_to_one_and_none_above_the_diagonal(learned):
    maps = [values for key, values in learned.series.items() if key.startswith("attention_")]
    assert len(maps) == 4
    for weights in maps:
        assert np.isnan(weights[np.triu_indices(len(weights), k=1)]).all()
        assert np.nansum(weights, axis=1) == pytest.approx(np.ones(len(weights)), abs=1e-5)


def test_the_bars_are_probabilities_and_sharper_when_it_is_colder(learned):
    cold, chosen, hot = (learned.series[f"next_{heat}"] for heat in ("0.5", "0.8", "1.5"))
    for bars in (cold, chosen, hot):
        assert (np.diff(bars) <= 1e-12).all()
        assert 0 < bars.sum() <= 1
    assert cold[0] > chosen[0] > hot[0]


def test_entropy_rises_with_temperature_and_at_one_the_loss_is_the_models(learned):
    assert (np.diff(learned.series["entropy"]) > 0).all()
    at_one = int(np.flatnonzero(learned.series["temperature"] == 1.0)[0])
    rough = learned.series["loss_at"][at_one] * math.log(2)  # of 2,000 places
    assert rough == pytest.approx(learned.metrics["loss_val"], abs=0.1)


def test_runs_that_differ_in_what_is_written_train_once():
    fitting._last = None
    calls = []
    LAB.execute({**TINY, "temperature": [0.2, 1.5]}, Context(lambda fraction, message: calls.append(message)))
    trained = [message for message in calls if "step 1 of 5" in message]
    assert len(trained) == 1
    assert len([message for message in calls if "writing, token 1 of" in message]) >= 2


def test_a_cancelled_run_stops_at_the_next_step_and_leaves_no_half_trained_model():
    fitting._last = None
    calls = []
    with pytest.raises(LabCancelled):
        LAB.execute(
            {**TINY, "steps": 50}, Context(lambda *told: calls.append(told), lambda: len(calls) >= 10)
        )
    assert len(calls) == 10
    assert fitting._last is None


# ------------------------------------------------------------------------------------------- prompts and texts


def test_unknown_characters_of_the_prompt_are_left_out_and_named():
    result = LAB.execute({**TINY, "prompt": "Zoë says 你好: The "})
    told = next(note for note in result.notes if "left out" in note)
    assert "ë, U+4F60, U+597D" in told
    rows = next(table for table in result.tables if table.title == "The prompt as tokens").rows
    known = "".join(c for c in "Zoë says 你好: The " if c in set(texts.load("notes").text))
    assert "".join(str(row[1]) for row in rows) == shown_token("\n" + known)


def test_a_prompt_of_which_nothing_is_known_starts_a_new_line():
    result = LAB.execute({**TINY, "prompt": "你好"})
    assert any("nothing was left, and it started on a new line" in note for note in result.notes)


@pytest.mark.parametrize("prompt", ["", "\n", "$x$ costs $5", "a long prompt " * 20, "é", "e\u0301"])
@pytest.mark.parametrize("tokenizer", ["char", "bpe"])
def test_every_prompt_is_continued_and_drawn(prompt, tokenizer):
    result = LAB.execute({**TINY, "steps": 1, "prompt": prompt, "tokenizer": tokenizer})
    for chart in result.charts:
        assert png_bytes(result, chart, dpi=40).startswith(b"\x89PNG")
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_prompt_longer_than_the_context_is_told():
    result = LAB.execute({**TINY, "prompt": "the model learns " * 5})
    assert any("sees only the last 16 of them" in note for note in result.notes)


@pytest.mark.parametrize("tokenizer", ["char", "bpe"])
@pytest.mark.parametrize(
    "text",
    [
        STORY,
        "春眠不覺曉處處聞啼鳥夜來風雨聲花落知多少" * 30,
        "שלום עולם, " * 60,
        "🙂🙃😀 ok $a_b$ \\frac{1}{2} \x07 " * 40,
        "abcde" * 110,
        "word\n" * 130,
    ],
)
def test_any_text_of_ones_own_runs_and_is_drawn(text, tokenizer):
    result = LAB.execute({**TINY, "steps": 2, "text": text, "tokenizer": tokenizer, "context": 64})
    assert 1 <= len(result.notes) <= 5
    for chart in result.charts:
        assert png_bytes(result, chart, dpi=40).startswith(b"\x89PNG")
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_context_longer_than_the_text_is_shortened_and_said():
    result = LAB.execute({**TINY, "text": STORY[:520], "context": 512})
    assert any(
        f"has only {520 - 52} characters, so it looks back {520 - 52 - 1} of them" in n for n in result.notes
    )


def test_tokens_are_shown_so_that_they_can_be_seen():
    assert shown_token("a b\n\té") == "a␣b⏎⇥é"
    assert shown_token("你\x07") == "U+4F60U+0007"


# ------------------------------------------------------------------------------------------- findings


def test_a_text_read_by_heart_is_found_out(by_heart):
    assert {"overfitting", "memorised_text", "saturated_softmax"} <= names(by_heart)
    copied = finding(by_heart, "memorised_text").evidence
    length = int(by_heart.metrics["longest_copy"])
    assert length >= 30
    assert f"It wrote {length} characters word for word" in copied
    shown = next(table for table in by_heart.tables if table.title == "What it writes").rows
    assert all(isinstance(text, str) and text for _, text in shown)


def test_steps_that_are_far_too_large_are_found():
    result = LAB.execute({**TINY, "steps": 30, "learning_rate": 1})
    assert names(result) == {"divergence"}
    assert all(math.isfinite(value) for name, value in result.metrics.items() if name != "words_real")


def test_numbers_that_overflow_end_the_training_with_the_last_good_model(monkeypatch):
    """Training that breaks at step 4: the model of the last good measurement is kept and told."""
    real = fitting.train

    def breaking(*args):
        for step, loss in real(*args):
            yield step, loss if step < 4 else math.nan

    monkeypatch.setattr(fitting, "train", breaking)
    fitting._last = None
    result = LAB.execute({**TINY, "steps": 40})
    fitting._last = None
    assert "step 4 of 40" in finding(result, "divergence").evidence
    assert result.series["step"].tolist() == [0, 2]
    assert result.metrics["loss_val"] < result.metrics["loss_start"]
    assert result.series["loss_val"][-1] == pytest.approx(result.metrics["loss_val"])


def test_the_cold_repeats_itself_and_the_warm_does_not():
    values = {"steps": 100, "layers": 1, "context": 32}
    cold = LAB.execute({**values, "temperature": 0.1})
    assert "temperature_too_low" in names(cold)
    assert "temperature_too_low" not in names(LAB.execute(values))


def test_the_hot_writes_noise_and_the_warm_does_not():
    values = {"steps": 100, "layers": 1, "context": 32}
    hot = LAB.execute({**values, "temperature": 2})
    assert "temperature_too_high" in names(hot)
    assert hot.metrics["words_real"] < 0.5
    assert "temperature_too_high" not in names(LAB.execute({**values, "temperature": 0.8}))


def test_copies_repetitions_and_words_are_counted_by_hand():
    assert longest_copy("the cat sat", "a cat sang") == " cat sa"
    assert longest_copy("xyz", "abc") == ""
    assert share_repeated("abcdefgh" * 2) == pytest.approx(
        1 / 9
    )  # nine runs of eight, the last is the first again
    assert share_repeated("abcdefghijkl") == 0
    assert share_known(["The cat zzz cut"], {"the", "cat"}) == pytest.approx(
        2 / 3
    )  # the last word may be cut off
    assert math.isnan(share_known(["12 34"], {"the"}))


# ------------------------------------------------------------------------------------------- sweeps and checks


def test_tokenizers_are_compared_by_bits_per_character():
    result = LAB.execute({**TINY, "tokenizer": ["char", "bpe"]})
    assert "Compare bits per character, not loss or perplexity" in result.notes[0]
    for chart in result.charts:
        assert png_bytes(result, chart, dpi=40).startswith(b"\x89PNG")


def test_temperatures_are_told_to_share_one_model():
    result = LAB.execute({**TINY, "temperature": [0.2, 0.8, 1.5]})
    assert "one and the same model" in result.notes[0]
    assert len({result.metrics[f"loss_val[temperature={heat}]"] for heat in ("0.2", "0.8", "1.5")}) == 1


def test_heads_share_the_width_and_the_parameters():
    result = LAB.execute({**TINY, "heads": [1, 4]})
    assert "more heads means narrower ones" in result.notes[0]
    assert result.metrics["parameters[heads=1]"] == result.metrics["parameters[heads=4]"]


def test_the_reference_checks_hold():
    checks = verify()
    assert len(checks) >= 5
    assert [check.name for check in checks if not check.ok] == []
