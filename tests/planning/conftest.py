from __future__ import annotations

import pytest

from labs.registry import LABS
from tutor.planning.router import Router


@pytest.fixture(scope="session")
def router() -> Router:
    """A router over the labs."""
    return Router(LABS)


@pytest.fixture(scope="session")
def bandit_only() -> Router:
    return Router({"bandit": LABS["bandit"]})
