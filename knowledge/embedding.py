"""Text -> vectors: the sentence-embedding model all-MiniLM-L6-v2, and a stand-in that needs no weights.

A passage gives one vector for the whole and one for each overlapping window of 70 tokens, which finds a
single sentence in a long passage. Windows are pooled from the same pass through the model, so they cost
almost nothing. Knows nothing of files, chunks or indexes.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from knowledge.errors import UnreadableModelError
from knowledge.words import plain_symbols, tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW = 70
STRIDE = 35
Progress = Callable[[int, int], None]  # (texts done, texts in all)


@dataclass(frozen=True)
class Embedded:
    vector: np.ndarray  # (dimension,) float32, length 1
    windows: np.ndarray  # (windows, dimension) float32, each of length 1; none for a text of one window


class TextEmbedder(Protocol):
    name: str
    dimension: int
    max_tokens: int  # special tokens included

    def count_tokens(self, text: str) -> int: ...
    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray: ...
    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]: ...


def window_spans(length: int) -> list[tuple[int, int]]:
    """Start and end of each window over `length` tokens; a text that fits one window has none of its own.

    >>> window_spans(120)
    [(0, 70), (35, 105), (50, 120)]
    """
    if length <= WINDOW:
        return []
    starts = list(range(0, length - WINDOW, STRIDE))
    return [(start, start + WINDOW) for start in [*starts, length - WINDOW]]


class Embedder:
    """all-MiniLM-L6-v2 from its official files (model.safetensors, tokenizer.json) in `model_dir`.

    Nothing is loaded before it is needed: counting tokens costs no torch. Safe to use from several threads.
    """

    name = "all-minilm-l6-v2"
    dimension = 384
    max_tokens = 256
    _batch_tokens = 2048  # keeps a batch's activations inside the processor's cache

    def __init__(self, model_dir: Path) -> None:
        self.folder = model_dir
        self._lock = threading.Lock()
        self._tokenizer_lock = threading.Lock()
        self._tokenizer: Tokenizer | None = None
        self._model: Any = None

    def count_tokens(self, text: str) -> int:
        """Word pieces of `text`, without the two special tokens."""
        return len(self._tokens().encode(text, add_special_tokens=False).ids)

    def token_ids(self, text: str) -> list[int]:
        """What the model reads: word pieces between the two special tokens, cut to the window."""
        return self._cut(self._tokens().encode(plain_symbols(text)).ids)

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    def warm_up(self) -> None:
        self.embed(["warm up"])

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Vectors of queries or short texts, (texts, 384) float32, each of length 1, in full precision."""
        found = self._run(texts, progress, fast=False, windows=False)
        return (
            np.stack([item.vector for item in found]) if found else np.zeros((0, self.dimension), np.float32)
        )

    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]:
        """Vectors of passages and of their windows; in bfloat16 where the processor is built for it."""
        return self._run(texts, progress, fast=True, windows=True)

    def _run(
        self, texts: Sequence[str], progress: Progress | None, fast: bool, windows: bool
    ) -> list[Embedded]:
        encoded = [
            self._cut(item.ids)
            for item in self._tokens().encode_batch([plain_symbols(text) for text in texts])
        ]
        order = sorted(
            range(len(encoded)), key=lambda i: -len(encoded[i])
        )  # like lengths together: no padding
        found: list[Embedded | None] = [None] * len(encoded)
        done = 0
        while done < len(order):
            size = max(1, self._batch_tokens // len(encoded[order[done]]))
            batch = order[done : done + size]
            for position, hidden in zip(batch, self._hidden([encoded[i] for i in batch], fast), strict=True):
                spans = window_spans(len(hidden)) if windows else []
                pooled = _unit(np.stack([hidden.mean(0), *(hidden[a:b].mean(0) for a, b in spans)]))
                found[position] = Embedded(pooled[0], pooled[1:])
            done += len(batch)
            if progress:
                progress(done, len(order))
        return [item for item in found if item is not None]

    def _hidden(self, batch: list[list[int]], fast: bool) -> list[np.ndarray]:
        if self._model is None:
            with self._lock:
                if self._model is None:
                    from knowledge.minilm import MiniLM

                    self._model = MiniLM(self.folder / "model.safetensors")
        hidden: list[np.ndarray] = self._model(batch, fast)
        return hidden

    def _tokens(self) -> Tokenizer:
        with self._tokenizer_lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                try:
                    tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                except Exception as error:  # the library raises nothing more particular
                    raise UnreadableModelError(self.folder, error) from error
                tokenizer.no_padding()
                tokenizer.no_truncation()  # the file asks for 128 tokens; the model was made for 256
                self._tokenizer = tokenizer
            return self._tokenizer


class HashEmbedder:
    """Bags of hashed word stems: no weights, the same everywhere, and texts that share words are similar.

    For tests and demonstrations; it knows no synonyms.
    """

    name = "hash-256"
    dimension = 256
    max_tokens = 256

    def count_tokens(self, text: str) -> int:
        return sum(1 + len(word) // 8 for word in _PIECES.findall(text))

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        found = self.embed_passages(texts, progress)
        return (
            np.stack([item.vector for item in found]) if found else np.zeros((0, self.dimension), np.float32)
        )

    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]:
        found = []
        for done, text in enumerate(texts, start=1):
            stems = tokens(text)
            spans = [(0, len(stems)), *window_spans(len(stems))]
            rows = _unit(np.stack([self._bag(stems[a:b]) for a, b in spans]))
            found.append(Embedded(rows[0], rows[1:]))
            if progress:
                progress(done, len(texts))
        return found

    def _bag(self, stems: Sequence[str]) -> np.ndarray:
        bag = np.zeros(self.dimension, np.float32)
        for stem in stems or ["(nothing)"]:
            digest = zlib.crc32(stem.encode())
            bag[digest % self.dimension] += 1.0 if digest & 0x10000 else -1.0
        return bag


_PIECES = re.compile(r"\w+|[^\w\s]")


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
