"""Ways to embed passages with the same model: which is fastest on this processor, and how exact it is.

The passages are every few of the shipped course. Every way gets all cores; batches are of like lengths in each. Both
wall-clock and processor time are told, since the latter says more on a machine that has other work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.onnx_graph import onnx_minilm
from benchmarks.rows import Row
from benchmarks.setting import course
from knowledge.embedding import Embedder
from knowledge.minilm import MiniLM

NOTES = (
    "The same model and passages. A ratio is how many times faster than sentence-transformers' float32. Questions are "
    "embedded in bfloat16 where passages are, in whole numbers in pairs where passages are, and in float32 elsewhere."
)
EVERY = 6  # of the passages one is taken
STOCK_BATCH = 32  # texts, sentence-transformers' default

Embed = Callable[[Sequence[str]], np.ndarray]


def measure() -> Iterator[Row]:
    with course() as library:
        base, embedder = library.wait(), library.embedder
        assert isinstance(embedder, Embedder)
        texts = [chunk.embedded for chunk in base._fresh().chunks[::EVERY]]
        exact, base_rate = None, 0.0
        for name, way in _ways(embedder).items():
            way(texts[:4])  # loaded, and warm
            started, cpu = time.perf_counter(), time.process_time()
            vectors = way(texts)
            wall, cpu = time.perf_counter() - started, time.process_time() - cpu
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            if exact is None:
                exact, base_rate = vectors, len(texts) / wall
            worst = float((vectors * exact).sum(1).min())
            yield Row(
                f"passages embedded by {name} ({1000 * cpu / len(texts):.0f} ms of processor time each, worst cosine "
                f"to float32 {worst:.4f})",
                len(texts) / wall, "1/s", f"sentence-transformers, float32: {base_rate:.3g}/s",
                len(texts) / wall / base_rate,
                "cosine at least 0.99" if "ours, as used" in name else "",
                worst >= 0.99 if "ours, as used" in name else None,
            )  # fmt: skip


def _ways(embedder: Embedder) -> dict[str, Embed]:
    weights = embedder.folder / "model.safetensors"
    exact, ours = Embedder(embedder.folder), MiniLM(weights)
    kind = ours.fast.name if ours.fast.name != "float32" else "float32: nothing is faster here"
    ours.near = ours.exact
    exact._model = ours
    return {
        "sentence-transformers, float32": _sentence_transformers(embedder.folder, False),
        "sentence-transformers, bfloat16": _sentence_transformers(embedder.folder, True),
        "ONNX Runtime, float32": _onnx(embedder, weights, False),
        "ONNX Runtime, eight-bit weights": _onnx(embedder, weights, True),
        "ours, float32": lambda texts: exact.embed(texts),
        f"ours, as used ({kind})": lambda texts: np.stack(
            [item.vector for item in embedder.embed_passages(texts)]
        ),
    }


def _sentence_transformers(folder: Path, bfloat16: bool) -> Embed:
    model: Any = stock_model(folder)
    if bfloat16:
        model = model.bfloat16()

    def embed(texts: Sequence[str]) -> np.ndarray:
        found = model.encode(list(texts), batch_size=STOCK_BATCH, convert_to_tensor=True)
        vectors: np.ndarray = found.float().numpy()
        return vectors

    return embed


def stock_model(folder: Path) -> Any:
    """The model as sentence-transformers runs it, with this model's window."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = Embedder.max_tokens
    return model


def _onnx(embedder: Embedder, weights: Path, eight_bit: bool) -> Embed:
    run = onnx_minilm(weights, eight_bit)

    def embed(texts: Sequence[str]) -> np.ndarray:
        ids = [embedder.token_ids(text) for text in texts]
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
        found = np.zeros((len(ids), embedder.dimension), np.float32)
        while order:
            size = max(1, Embedder._batch_tokens // len(ids[order[0]]))
            batch, order = order[:size], order[size:]
            found[batch] = run([ids[place] for place in batch])
        return found

    return embed
