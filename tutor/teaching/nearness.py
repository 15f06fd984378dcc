"""How near sentences are to a question in meaning, and which of them to give to a model as notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from knowledge.search import Passage

Embed = Callable[[list[str]], np.ndarray]  # texts -> (n, d) unit vectors


def closeness(question: str, texts: Sequence[str], embed: Embed | None) -> list[float]:
    """Cosine of each text with the question, -1 to 1; zeros without an embedding model."""
    if embed is None or not texts or not question.strip():
        return [0.0] * len(texts)
    vectors = embed([question, *(re.sub(r"[*`_]", "", text) for text in texts)])
    return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def name_of(passage: Passage) -> str:
    """The heading that a passage stands under; it often is the question that the passage answers."""
    return passage.heading[-1] if passage.heading else passage.title
