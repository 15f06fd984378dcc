"""Every lab, in one explicit tuple: adding one is its file and one line here. Importing it stays cheap."""

from __future__ import annotations

from labs import (
    backprop,
    bandit,
    classification,
    cnn,
    dqn,
    language_model,
    lstm_stock,
    mdp,
    regression,
    rnn,
    trading,
)
from labs.base import Lab
from labs.errors import UnknownLabError

_ALL: tuple[Lab, ...] = (
    regression.LAB,
    backprop.LAB,
    classification.LAB,
    cnn.LAB,
    language_model.LAB,
    bandit.LAB,
    trading.LAB,
    mdp.LAB,
    dqn.LAB,
    rnn.LAB,
    lstm_stock.LAB,
)

LABS: dict[str, Lab] = {lab.id: lab for lab in _ALL}


def get_lab(lab_id: str) -> Lab:
    """The lab of that id; raises UnknownLabError, which lists the labs."""
    try:
        return LABS[lab_id]
    except (KeyError, TypeError):
        raise UnknownLabError(lab_id, LABS) from None
