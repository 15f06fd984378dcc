"""What a message is likely to want, learned from labelled messages: a second opinion beside the router's grammar.

The grammar knows phrases, and people find others: "How delightful.", "might I trouble you to try it with two", "my
geraniums have yellow leaves". Two simple learners look at a message and their log-odds are added:

- a linear one (multinomial logistic regression) on its sentence vector (all-MiniLM-L6-v2, which the search needs
  anyway), its words and pairs of words, hashed (Weinberger et al. 2009, Feature Hashing), and a few plain facts;
- its nearest neighbours among the labelled messages, by sentence vector (Cover and Hart 1967).

`python -m evaluation.sense` fits both and writes `sense.npz`; docs/evaluation.md says how well they do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from tutor.planning.plan import KNOWN, Plan
from tutor.planning.text import tokens_of

if TYPE_CHECKING:
    from knowledge.weights import WeightStore

INTENTS = ("question", "smalltalk", "meta", "other", "quiz", "lab")
FITTED = Path(__file__).with_name("sense.npz")
MODEL = "all-minilm-l6-v2"  # whose vectors the learners were fitted to
HASHED = 8192  # places for words and pairs of words
_VECTOR, _WORDS, _FACT = 3.0, 6.0, 0.7  # scales, so that one penalty suits all parts
NEIGHBOURS, REACH, SHARE = (
    15,
    0.07,
    0.5,
)  # how many, how fast nearness counts less, and how much they count in all
# Log-odds that the grammar's own reading has in advance: where it knows the phrase, and where it only leans that way;
# and those of a question where any word is of the subject.
KNOWS, LEANS, SUBJECT = 3.0, 1.0, 0.5
SOUNDS = 0.85  # the most that a plan is sure of which only sounds so
WANTED, UNWANTED = (
    0.8,
    0.1,
)  # chances of a run: above, it is one where the labs' words allow it; below, it is none
REMEMBERED = 4000  # messages; a conversation is read again at each turn, and each may be long
_log = logging.getLogger(__name__)


class Sense:
    """Chances of the intents. Safe to share between threads; without the embedding model it has no opinion."""

    def __init__(self, embedder: Callable[[], Any], fitted: Mapping[str, np.ndarray] | None = None) -> None:
        """`embedder` gives the embedding model, or None where there is none (yet); `fitted` as in `sense.npz`."""
        self._embedder = embedder
        self._given = fitted
        self._remembered = lru_cache(REMEMBERED)(self._of)

    def of(self, message: str, earlier: bool) -> Mapping[str, float]:
        """The chance of each intent; empty without an opinion. `earlier`: whether something was said before."""
        embedder = self._embedder()
        if getattr(embedder, "name", None) != MODEL or not any(map(str.isalpha, message)):
            return {}  # a number alone may be the answer to anything
        try:
            return self._remembered(message, earlier)
        except Exception:  # weights that were taken away: the grammar goes on alone
            _log.exception("a message could not be embedded")
            return {}

    def _of(self, message: str, earlier: bool) -> Mapping[str, float]:
        fitted, vector = self._fitted, self._embedder().embed_query(message).plain
        odds = features([message], [earlier], vector[None])[0] @ fitted["weights"] + fitted["bias"]
        chances = softmax(_log_softmax(odds) + SHARE * neighbours(vector, fitted))
        return dict(zip(INTENTS, chances.tolist(), strict=True))

    @cached_property
    def _fitted(self) -> Mapping[str, np.ndarray]:
        if self._given is not None:
            return self._given
        with np.load(FITTED) as file:
            fitted = {name: file[name] for name in file.files}
        near = fitted["messages"].astype(np.float32)
        fitted["messages"] = near / np.linalg.norm(near, axis=1, keepdims=True)
        return {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in fitted.items()}


def features(messages: Sequence[str], earlier: Sequence[bool], vectors: np.ndarray) -> np.ndarray:
    """What the linear learner sees, (messages, 384 + 7 + HASHED) float32."""
    facts = [_facts(message, before) for message, before in zip(messages, earlier, strict=True)]
    words = np.stack([_hashed(message) for message in messages])
    return np.hstack([_VECTOR * vectors, _FACT * np.array(facts), _WORDS * words]).astype(np.float32)


def _facts(message: str, earlier: bool) -> list[float]:
    words = len(message.split())
    return [
        words <= 2, words <= 4, min(words, 30) / 10, "?" in message, "!" in message, earlier,
        any(sign.isdigit() for sign in message),
    ]  # fmt: skip


def _hashed(message: str) -> np.ndarray:
    """The message's words and pairs of words, each at a place and with a sign of its own, (HASHED,), length about 1."""
    found = np.zeros(HASHED, np.float32)
    said = set(_said([token.text for token in tokens_of(message)]))
    for words in said:
        place = crc32(words.encode("utf-8", "replace"))
        found[place % HASHED] += 1.0 if place & 0x8000000 else -1.0
    return found / max(1.0, len(said) ** 0.5)


def _said(words: Sequence[str]) -> Iterator[str]:
    yield from words
    around = ["<", *words, ">"]
    yield from (f"{one} {two}" for one, two in pairwise(around))


def neighbours(vector: np.ndarray, fitted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Log shares of the intents among the nearest labelled messages, (intents,)."""
    own = vector @ fitted["basis"]
    near = fitted["messages"] @ (own / max(float(np.linalg.norm(own)), 1e-9))
    nearest = np.argpartition(-near, NEIGHBOURS)[:NEIGHBOURS]
    votes = np.exp((near[nearest] - 1) / REACH) * fitted["counts"][nearest]
    shares = np.bincount(fitted["intents"][nearest], votes, len(INTENTS)) / votes.sum()
    found: np.ndarray = np.log(shares + 0.01)
    return found


def softmax(odds: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.exp(_log_softmax(odds))
    return found


def _log_softmax(odds: np.ndarray) -> np.ndarray:
    found: np.ndarray = odds - odds.max() - np.log(np.exp(odds - odds.max()).sum())
    return found


def installed(weights: WeightStore) -> Sense:
    """With the embedding model where its weights are on this machine; they are not fetched for this."""
    from knowledge.embedding import Embedder

    folder = weights.path(Embedder.name)
    embedder = Embedder(folder) if folder is not None else None
    return Sense(lambda: embedder)


def weighed(plan: Plan, on_subject: bool, chances: Mapping[str, float]) -> str:
    """Which intent but a run a message has, by the grammar's plan and by the chances.

    `on_subject`: whether any word is of the subject, which speaks for a question.
    """
    # It takes for a question what it knows nothing of, however sure it is: that is a leaning, and no more.
    knows = plan.confidence >= KNOWN and plan.intent != "question"
    ahead = {plan.intent: KNOWS if knows else LEANS}
    if on_subject:
        ahead["question"] = ahead.get("question", 0.0) + SUBJECT
    odds = {name: log(max(chance, 1e-9)) + ahead.get(name, 0.0) for name, chance in chances.items()}
    del odds["lab"]
    return max(odds, key=lambda name: odds[name])
