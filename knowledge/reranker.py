"""An optional last word on the order: a cross-encoder that reads the question and a passage together.

Off unless TUTOR_RERANKER names one: a folder, or a model on Hugging Face (any cross-encoder with one output). It reads
every candidate anew for each question, which takes about a second on a processor. Any object with `scores` will do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from knowledge.errors import KnowledgeError

TOKENS = 512  # of question and passage together, at most
BATCH = 8


class RerankerError(KnowledgeError):
    """The model that TUTOR_RERANKER names cannot be used."""

    def __init__(self, name: str, why: object) -> None:
        super().__init__(
            f"The reranker {name!r} cannot be loaded ({why}). TUTOR_RERANKER must name a folder with a cross-encoder, "
            "or one on Hugging Face; unset it to search without."
        )


class Reranker(Protocol):
    def scores(self, question: str, passages: Sequence[str]) -> np.ndarray: ...


class CrossEncoder:
    """A sequence classifier with one output. Nothing is loaded before the first question; safe to share."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def scores(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """How well each passage answers the question, (passages,): higher is better, the scale is the model's own.

        Raises RerankerError.
        """
        import torch

        tokenizer, model = self._load()
        found: list[np.ndarray] = []
        for start in range(0, len(passages), BATCH):
            part = list(passages[start : start + BATCH])
            inputs = tokenizer(
                [question] * len(part), part, padding=True, truncation=True,
                max_length=min(TOKENS, model.config.max_position_embeddings), return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                found.append(model(**inputs).logits[:, 0].float().numpy())
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                folder = Path(self.name).expanduser()
                source = str(folder) if folder.is_dir() else self.name
                try:
                    from transformers import AutoModelForSequenceClassification, AutoTokenizer

                    tokenizer = AutoTokenizer.from_pretrained(source)
                    model = AutoModelForSequenceClassification.from_pretrained(source).eval()
                except Exception as error:  # missing, not a model, no network: the library raises many kinds
                    raise RerankerError(self.name, " ".join(str(error).split())[:200]) from error
                if model.config.num_labels != 1:
                    raise RerankerError(
                        self.name, f"it has {model.config.num_labels} outputs, and a cross-encoder has 1"
                    )
                self._loaded = tokenizer, model
            return self._loaded


def reorder(question: str, passages: Sequence[str], scores: np.ndarray, reranker: Reranker) -> np.ndarray:
    """The scores (best first) dealt out anew: the passage that the reranker likes best gets the highest."""
    liked = reranker.scores(question, passages)
    dealt = np.empty_like(scores)
    dealt[np.argsort(-liked, kind="stable")] = np.sort(scores)[::-1]
    return dealt
