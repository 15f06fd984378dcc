import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import CACHED, WORD_DIMENSION, Embedder, HashEmbedder
from knowledge.errors import KnowledgeError
from knowledge.minilm import MiniLM, padded
from knowledge.question_encoder import fitted

TEXTS = ["why do we decay epsilon?", "The learning rate sets the step size. " * 20, "def f(x): return x", "ε"]


def test_the_hash_embedder_finds_shared_words_alike_and_repeats_itself():
    embedder = HashEmbedder()
    question, near, far = embedder.embed(
        ["decay of epsilon", "epsilon decays over time", "pooling layers of a network"]
    )
    assert question @ near > 0.5 > question @ far
    assert np.array_equal(embedder.embed(["decay of epsilon"])[0], question)
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_importing_the_package_costs_neither_torch_nor_chroma():
    code = "import sys, knowledge.search, knowledge.refresh, knowledge.command; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "chromadb", "transformers", "tokenizers", "bm25s"} & set(loaded)


def test_a_folder_without_the_model_is_one_clear_sentence(tmp_path: Path):
    with pytest.raises(KnowledgeError, match=r"python ingest\.py"):
        Embedder(tmp_path).embed(["x"])


@pytest.mark.slow  # transformers alone takes many seconds to import
@pytest.mark.weights
def test_minilm_agrees_with_transformers(minilm, monkeypatch):
    monkeypatch.setattr("knowledge.minilm.has_bfloat16_tiles", lambda: False)
    minilm = Embedder(minilm.folder)
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model = AutoModel.from_pretrained(minilm.folder, add_pooling_layer=False).eval()
    for text, vector in zip(TEXTS[:3], minilm.embed(TEXTS[:3]), strict=True):
        ids = torch.tensor([minilm.token_ids(text)])
        with torch.inference_mode():
            mean = model(input_ids=ids).last_hidden_state[0].mean(0).numpy()
        assert vector @ (mean / np.linalg.norm(mean)) == pytest.approx(1, abs=1e-5)


@pytest.mark.weights
def test_batching_changes_no_vector_and_every_telling_word_has_one(minilm):
    together = minilm.embed_passages(TEXTS)
    for text, item in zip(TEXTS, together, strict=True):
        assert item.vector @ minilm.embed([text])[0] > 0.99  # whole numbers where the processor has them
        assert item.words.shape[1] == WORD_DIMENSION
        assert np.allclose(
            np.linalg.norm(item.words.astype(float), axis=1), 127, atol=6
        )  # rounded to whole numbers
    # Of the first question "decay" and "epsilon": no little words, no question mark.
    assert [len(item.words) for item in together] == [2, 20 * 5, 5, 1]


@pytest.mark.parametrize("kind", ["Dense8", "DensePaired"])
def test_whole_numbers_stay_near_the_exact_product_whatever_else_is_in_the_batch(kind):
    import torch

    from knowledge import minilm
    from knowledge.minilm import Dense

    if kind == "DensePaired" and not minilm.can_pack_int8():
        pytest.skip("this torch packs no weights of whole numbers")
    numbers = torch.Generator().manual_seed(0)
    exact = Dense(torch.randn((48, 64), generator=numbers), torch.randn(48, generator=numbers))
    x = torch.randn((20, 64), generator=numbers)
    x[3] *= 1000  # one token's large numbers must not cost the others their small ones
    x[4] = 0
    coarse = getattr(minilm, kind)(exact)
    for row in range(20):
        alone = coarse(x[row : row + 1])[0]
        assert torch.equal(coarse(x)[row], alone)
        assert torch.cosine_similarity(alone, exact(x[row]), 0) > 0.999
        assert (alone - exact(x[row])).abs().max() < 0.03 * exact(x[row]).abs().max()


def test_whole_numbers_as_large_as_they_get_do_not_overflow():
    import torch

    from knowledge.minilm import Dense, DensePaired, can_pack_int8

    if not can_pack_int8():
        pytest.skip("this torch packs no weights of whole numbers")
    weight = torch.ones((32, 64))
    weight[1::2] = -1  # every weight the largest or the least that there is
    x = torch.ones((16, 64))
    x[:, 0] = 0  # and all numbers of a token but one the last step
    made = DensePaired(Dense(weight, torch.zeros(32)))(x)
    assert torch.allclose(made, x @ weight.T, atol=0.01)


def test_packed_weights_give_the_same_product():
    import torch

    from knowledge.minilm import Dense, DensePacked, can_pack

    if not can_pack():
        pytest.skip("this processor, or this torch, packs no weights in bfloat16")
    numbers = torch.Generator().manual_seed(0)
    weight, bias, x, more = (
        torch.randn(shape, generator=numbers).bfloat16() for shape in ((48, 64), 48, (20, 64), (20, 48))
    )
    made = DensePacked(Dense(weight, bias))
    exact = x.double() @ weight.double().T + bias.double()
    assert torch.allclose(made(x).double(), exact, rtol=0.01, atol=0.05)
    assert torch.allclose(made.plus(x, more).double(), exact + more.double(), rtol=0.01, atol=0.1)


@pytest.mark.weights
def test_without_packing_the_vectors_are_as_near(minilm, monkeypatch):
    monkeypatch.setattr("knowledge.minilm.can_pack", lambda: False)
    model = MiniLM(minilm.folder / "model.safetensors")
    model.fast, model.near = model._bfloat16(model.exact), model.exact
    batch = [minilm.token_ids(text) for text in TEXTS]
    for (mean, _), (exact, _) in zip(model(batch, "fast"), model(batch, "near"), strict=True):
        assert mean @ exact / np.linalg.norm(mean) / np.linalg.norm(exact) > 0.9995


@pytest.mark.weights
def test_batches_come_in_few_lengths_and_what_fills_them_up_changes_nothing(minilm):
    assert [padded(length) for length in (1, 16, 17, 250, 256)] == [16, 16, 32, 256, 256]
    minilm.warm_up()
    ids = minilm.token_ids("seven plain words about gradient descent here")
    ((mean, _),) = minilm._model([ids], "near")
    assert len(ids) % 16
    exact = minilm._model.states(ids).mean(0)  # of the text alone, not filled up
    assert mean @ exact / np.linalg.norm(mean) / np.linalg.norm(exact) > 0.9995


@pytest.mark.weights
@pytest.mark.parametrize(("way", "least"), [("_bfloat16", 0.9995), ("Dense8", 0.99), ("DensePaired", 0.99)])
def test_each_faster_way_stays_near_the_exact_one_on_every_processor(minilm, way, least):
    from knowledge import minilm as module

    if way == "DensePaired" and not module.can_pack_int8():
        pytest.skip("this torch packs no weights of whole numbers")
    model = MiniLM(minilm.folder / "model.safetensors")
    kind = getattr(module, way, None)
    model.fast = model._whole_numbers(kind, model.exact) if kind else getattr(model, way)(model.exact)
    model.near = model.exact
    batch = [minilm.token_ids(text) for text in TEXTS]
    assert len({len(ids) for ids in batch}) > 1  # padded, then
    for ids, (mean, words), (exact, exact_words) in zip(
        batch, model(batch, "fast"), model(batch, "near"), strict=True
    ):
        assert mean.dtype == words.dtype == np.float32
        assert words.shape == exact_words.shape == (len(ids), WORD_DIMENSION)
        assert mean @ exact / np.linalg.norm(mean) / np.linalg.norm(exact) > least
        assert not np.array_equal(mean, exact)  # another way, indeed


@pytest.mark.weights
@pytest.mark.parametrize(
    ("tiles", "whole", "paired", "passages", "questions"),
    [
        (True, True, True, "bfloat16", "bfloat16"),
        (False, True, True, "eight-bit whole numbers", "float32"),
        (False, False, True, "eight-bit whole numbers in pairs", "eight-bit whole numbers in pairs"),
        (False, False, False, "float32", "float32"),
    ],
)
def test_each_takes_the_fastest_way_that_the_processor_has(
    minilm, monkeypatch, tiles, whole, paired, passages, questions
):
    from knowledge.minilm import can_pack_int8

    if passages.endswith("pairs") and not can_pack_int8():
        pytest.skip("this torch packs no weights of whole numbers")
    monkeypatch.setattr("knowledge.minilm.has_bfloat16_tiles", lambda: tiles)
    monkeypatch.setattr("knowledge.minilm.has_fast_int8", lambda: whole)
    monkeypatch.setattr("knowledge.minilm.has_paired_int8", lambda: paired)
    model = MiniLM(minilm.folder / "model.safetensors")
    assert (model.fast.name, model.asked.name) == (passages, questions)
    assert model.near.name == ("bfloat16" if tiles else "float32")  # of sentences that are compared


@pytest.mark.weights
@pytest.mark.parametrize(("tiles", "paired", "least"), [(True, False, 0.999), (False, True, 0.99)])
def test_a_question_is_read_alike_in_every_way(minilm, monkeypatch, tiles, paired, least):
    from knowledge.minilm import can_pack_int8

    if paired and not can_pack_int8():
        pytest.skip("this torch packs no weights of whole numbers")
    ids = minilm.token_ids("the knob that says how big a step")
    found = []
    for whether in (False, True):
        monkeypatch.setattr("knowledge.minilm.has_bfloat16_tiles", lambda whether=whether: tiles and whether)
        monkeypatch.setattr("knowledge.minilm.has_fast_int8", lambda: False)
        monkeypatch.setattr("knowledge.minilm.has_paired_int8", lambda whether=whether: paired and whether)
        ((means, words),) = MiniLM(minilm.folder / "model.safetensors")([ids], "asked")
        assert (means.dtype, means.shape, words.shape) == (
            np.float32,
            (2, 384),
            (len(ids), WORD_DIMENSION + 1),
        )
        found.append(means / np.linalg.norm(means, axis=1, keepdims=True))
    assert not np.array_equal(*found)
    assert (found[0] * found[1]).sum(axis=1).min() > least


@pytest.mark.weights
def test_what_one_thread_sets_costs_the_others_no_core(minilm):
    """torch tells a new thread what another one set last; the model being loaded beside halved the speed once."""
    import torch

    cores = torch.get_num_threads()
    minilm.embed_query("asked so that the number is known")
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(minilm.embed_query, "a question in a thread that comes new").result()
            assert pool.submit(torch.get_num_threads).result() == cores
    finally:
        torch.set_num_threads(cores)


@pytest.mark.weights
def test_batches_spread_over_the_cores_give_the_same_vectors_in_order(minilm, monkeypatch):
    import torch

    texts = [f"{'gradient descent ' * (number % 40)}step {number}" for number in range(120)]
    monkeypatch.setattr(Embedder, "_batch_tokens", 256)
    cores, seen = torch.get_num_threads(), []
    spread = minilm.embed_passages(texts, lambda done, total: seen.append((done, total)))
    assert torch.get_num_threads() == cores
    assert seen[-1] == (120, 120)
    monkeypatch.setattr("knowledge.embedding.MANY", 10_000)
    for one, other in zip(spread, minilm.embed_passages(texts), strict=True):
        assert one.vector @ other.vector > 0.9999
        assert one.words.shape == other.words.shape


@pytest.mark.weights
def test_a_question_is_read_with_what_training_added_and_its_little_words_count_less(minilm):
    asked = minilm.embed_query("why do we decay epsilon?")
    assert asked.vector @ minilm.embed(["why do we decay epsilon?"])[0] < 0.99
    assert np.linalg.norm(asked.vector) == pytest.approx(1, abs=1e-5)
    *little, decay, epsilon, mark = asked.weights.tolist()
    assert max(*little, mark) < 0.6 * min(decay, epsilon)
    assert asked.words.shape == (6, WORD_DIMENSION)
    assert np.allclose(np.linalg.norm(asked.words, axis=1), 1, atol=1e-5)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "my model knows the homework by heart but fails the exam",
            "Overfitting: the training error falls while the error on unseen data rises.",
            "Homework: train a model and hand in your exam notebook by Friday.",
        ),
        (
            "the knob that says how big a step",
            "The learning rate scales the gradient in each update of the weights.",
            "Turn the knob of the amplifier until the big light is on.",
        ),
    ],
)
def test_everyday_words_come_nearer_to_the_terms_that_they_mean(minilm, question, right, wrong):
    """What the training is for: MiniLM as published goes by the words alone."""
    passages = minilm.embed([right, wrong])
    plain, trained = minilm.embed([question])[0], minilm.embed_query(question).vector
    before, now = passages @ plain, passages @ trained
    assert now[0] - now[1] > before[0] - before[1] + 0.05


@pytest.mark.weights
def test_without_corrections_a_question_is_read_as_a_passage_is(minilm):
    plain = replace(
        fitted(),
        corrections={place: (down, np.zeros_like(up)) for place, (down, up) in fitted().corrections.items()},
    )
    model = MiniLM(minilm.folder / "model.safetensors", plain)
    ids = minilm.token_ids("why do we decay epsilon?")
    ((means, words),) = model([ids], "asked")
    assert np.allclose(means, model.states(ids).mean(0), atol=0.02)
    ((now, _),) = minilm._model([ids], "asked")
    assert np.allclose(now[0], means[0], atol=1e-5)  # and a passage's reading has none of them
    assert not np.allclose(now[1], means[1], atol=0.02)
    assert words.shape == (len(ids), WORD_DIMENSION + 1)


@pytest.mark.weights
def test_words_keep_their_likeness_when_they_are_projected(minilm):
    """The words of a question are nearest to those of the passage that is of its matter."""
    asked = minilm.embed_query("a slow cat").words
    near, far = (
        (asked @ item.words.astype(np.float32).T / 127).max(1).mean()
        for item in minilm.embed_passages(["a lazy kitten", "tax law"])
    )
    assert near > far + 0.1


@pytest.mark.weights
def test_the_last_questions_and_sentences_are_remembered_and_no_more(minilm):
    fresh = Embedder(minilm.folder)
    first = fresh.embed_query("question 0")
    assert fresh.embed_query("question 0") is first
    alone = fresh.embed(["question 0"])
    assert np.allclose(alone[0], first.plain, atol=1e-6)
    alone[:] = 0  # what a caller does with it is its own affair
    assert np.linalg.norm(fresh.embed(["question 0"])) == pytest.approx(1, abs=1e-5)
    for number in range(1, CACHED + 1):
        fresh.embed_query(f"question {number}")
    assert (len(fresh._questions), len(fresh._sentences)) == (CACHED, CACHED)
    assert fresh.embed_query("question 0") is not first


@pytest.mark.weights
def test_a_real_word_is_told_from_a_misspelt_one(minilm):
    assert minilm.is_word("shares")
    assert not minilm.is_word("gradeint")


@pytest.mark.weights
def test_minilm_knows_what_words_mean(minilm):
    cat, kitten, loss = minilm.embed(["a cat", "a kitten", "the loss function"])
    assert cat @ kitten > cat @ loss + 0.2


@pytest.mark.weights
def test_several_threads_may_start_the_model_at_once(minilm):
    fresh, found = Embedder(minilm.folder), []
    threads = [threading.Thread(target=lambda: found.append(fresh.embed(["one text"])[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.allclose(found[0], other) for other in found)
