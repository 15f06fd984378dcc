"""A small course, notebooks in a line of code, and an embedder that remembers what it was asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from threading import Event
from typing import Any

from knowledge.embedding import Embedded, HashEmbedder, Progress

BANDIT = """# Bandits

How to choose when you do not know yet.

## Exploring

With probability ε the agent pulls a random arm. We decay epsilon so that it explores early and earns later.

## Updating

The estimate moves towards the reward:

$$
Q(a) \\leftarrow Q(a) + \\frac{1}{n} (r - Q(a))
$$
"""

REGRESSION = """# Simple regression

## The line

A straight line predicts salary from years of experience: slope and intercept.

## Mean squared error

The cost is the mean of the squared residuals.
"""


class CountingEmbedder(HashEmbedder):
    """Remembers every passage that it embedded."""

    def __init__(self) -> None:
        self.passages: list[str] = []
        self.warmed = Event()

    def warm_up(self) -> None:
        self.warmed.set()

    def embed_passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Embedded]:
        self.passages.extend(texts)
        return super().embed_passages(texts, progress)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Any:
        kept = list(self.passages)
        found = super().embed(texts, progress)
        self.passages = kept  # a query is no passage
        return found


def code_cell(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
    }


def markdown_cell(source: str | list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
