"""What training changed in MiniLM for questions, so that a student's everyday words meet the course's own.

A passage is read by the model as it was published, a question by the same model with a correction of low rank added to
each product of each layer (Hu et al. 2021, LoRA). Beside it two projections of the states of single words, one for
questions and one for passages, in which what asks and what answers are near each other (Khattab and Zaharia 2020,
ColBERT, section 3.2), and how much each word of a question tells. `python -m evaluation.question_encoder` fits all of
it on questions over courses that are not in any test, and writes `question_encoder.npz`. Knows nothing of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FITTED = Path(__file__).with_name("question_encoder.npz")
MOST = 3.0  # times e: how far what a word tells goes up or down


@dataclass(frozen=True)
class QuestionEncoder:
    question_basis: np.ndarray  # (384, WORD_DIMENSION): a word's state in a question -> what is compared
    passage_basis: np.ndarray  # (384, WORD_DIMENSION): the same of a word in a passage
    telling: np.ndarray  # (384,): a word's state in a question -> how much it tells, a logarithm
    usual: float  # what every word tells, a logarithm
    corrections: Mapping[tuple[int, str], tuple[np.ndarray, np.ndarray]]  # (layer, role) -> (in, r), (r, out)


@cache
def fitted(file: Path = FITTED) -> QuestionEncoder:
    with np.load(file) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    places = sorted({tuple(name.split(".")[:2]) for name in arrays if name.count(".") == 2})
    return QuestionEncoder(
        arrays["question_basis"],
        arrays["passage_basis"],
        arrays["telling"],
        float(arrays["usual"]),
        {
            (int(layer), role): (arrays[f"{layer}.{role}.down"], arrays[f"{layer}.{role}.up"])
            for layer, role in places
        },
    )
