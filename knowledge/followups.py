"""A follow-up ("and what about the second one?") takes along what the question before it was about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.synonyms import FRAME
from knowledge.words import tokens

FEW = 2  # own words up to which a question that points back is taken to need more
CARRIED = 6  # words taken along at most
_POINTS = re.compile(
    r"^(?:and|but|so|also|then|or|why not|go on)\b|\b(?:what|how) about\b|\bwhat else\b|\btell me more\b"
    r"|\b(?:it|its|that|this|they|them|their|those|these|ones?|there|former|latter|other)\b",
    re.I,
)
_ORDINALS = frozenset(tokens("first second third last next previous former latter other"))


def own_words(question: str) -> list[str]:
    """The words of a question that say what it is about, as they are written."""
    words = re.findall(r"[^\W_][\w'.()-]*", question)
    return [word for word in words if (stems := tokens(word)) and not set(stems) <= FRAME | _ORDINALS]


def with_context(question: str, context: Sequence[str]) -> str:
    """`question`, with words of the questions before it (oldest first) where it cannot stand alone.

    >>> with_context("and what about the second one?", ["types of pooling layers"])
    'and what about the second one? types pooling layers'
    """
    own = own_words(question)
    if own and (len(own) > FEW or not _POINTS.search(question)):
        return question
    carried: list[str] = []
    for earlier in reversed(context):
        carried.extend(word for word in own_words(earlier) if word not in carried and word not in own)
        if carried:
            break
    return " ".join([question, *carried[:CARRIED]])
