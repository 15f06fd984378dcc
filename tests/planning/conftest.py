from __future__ import annotations

import pytest
from eleven import ELEVEN

from tutor.planning.router import Router


@pytest.fixture(scope="session")
def router() -> Router:
    """A router over the schemas of all eleven labs."""
    return Router(ELEVEN)


@pytest.fixture(scope="session")
def bandit_only() -> Router:
    return Router({"bandit": ELEVEN["bandit"]})
