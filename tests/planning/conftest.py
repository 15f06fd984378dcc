from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.embedding import Embedder
from labs.registry import LABS
from tutor.planning.router import Router
from tutor.planning.sense import Sense


@pytest.fixture(scope="session")
def router() -> Router:
    """A router over the labs."""
    return Router(LABS)


@pytest.fixture(scope="session")
def sense(minilm_dir: Path) -> Sense:
    """The second opinion, as the program has it."""
    embedder = Embedder(minilm_dir)
    return Sense(lambda: embedder)


@pytest.fixture(scope="session")
def sensing(sense: Sense) -> Router:
    """A router with a second opinion."""
    return Router(LABS, sense)


@pytest.fixture(scope="session")
def bandit_only() -> Router:
    return Router({"bandit": LABS["bandit"]})
