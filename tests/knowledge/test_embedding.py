import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import Embedder, HashEmbedder, window_spans
from knowledge.errors import KnowledgeError

TEXTS = ["why do we decay epsilon?", "The learning rate sets the step size. " * 20, "def f(x): return x", "ε"]


def test_windows_cover_every_token_and_overlap():
    for length in (71, 100, 140, 254):
        spans = window_spans(length)
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(b - a == 70 for a, b in spans)
        assert all(before[1] > after[0] > before[0] for before, after in pairwise(spans))


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
def test_minilm_agrees_with_transformers(minilm):
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
def test_batching_changes_no_vector_and_windows_are_there_for_long_texts(minilm):
    together = minilm.embed_passages(TEXTS)
    for text, item in zip(TEXTS, together, strict=True):
        assert item.vector @ minilm.embed([text])[0] > 0.99  # bfloat16 where the processor has it
    assert [len(item.windows) > 0 for item in together] == [False, True, False, False]
    assert np.allclose(np.linalg.norm(together[1].windows, axis=1), 1, atol=1e-5)


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
