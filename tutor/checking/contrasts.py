"""Sentences that set two things against each other: "X does this, while Y does that".

A small model mixes such things up, and each half then still sounds like the course: "Q-learning counts on the action
that is really taken, while SARSA counts on the action that is really taken". So each half is held against the course
alone, and what bears it out must speak of what the half speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from knowledge.search import Passage
from knowledge.words import tokens
from tutor.checking.sentences import split_sentences

_AGAINST = re.compile(r",?\s+(?:while|whereas|whilst|but|unlike|in contrast to)\s+", re.IGNORECASE)
CLOSE = 0.05  # sentences whose nearness to a half is this near to that of the nearest one count as well
FEW = 3  # words below which a half says too little to be judged


def halves(sentence: str) -> list[str]:
    """The two sides of a sentence that sets one thing against another; [] for any other sentence."""
    parts = [part for part in _AGAINST.split(sentence.strip()) if len(tokens(part)) >= FEW]
    return parts if len(parts) == 2 else []


def mixed_up(
    sentence: str,
    question: str,
    passages: Sequence[Passage],
    embed: Callable[[list[str]], np.ndarray],
) -> bool:
    """Whether a half of the sentence says of one thing what the course says of another, or of none."""
    asked = set(tokens(question))
    sides = [(part, _subject(part, asked)) for part in halves(sentence)]
    if len(sides) != 2 or not all(subject for _, subject in sides) or sides[0][1] == sides[1][1]:
        return False
    if _says_the_same([part for part, _ in sides], asked):
        return True
    evidence = [(said, _about(p)) for p in passages for said in _clauses(p.text)]
    if not evidence:
        return False
    vectors = embed([part for part, _ in sides] + [said for said, _ in evidence])
    near = vectors[:2] @ vectors[2:].T
    for at, row in enumerate(near):
        subject, other = sides[at][1], sides[1 - at][1]
        close = [evidence[i] for i in np.flatnonzero(row >= row.max() - CLOSE)]
        if not any(
            subject <= set(tokens(said)) or (subject <= about and not other <= about) for said, about in close
        ):
            return True
    return False


def _clauses(text: str) -> list[str]:
    """The sentences of a passage, in parts where they set two things side by side themselves."""
    parts = (part for s in split_sentences(text) for part in re.split(r";|,?\s+(?:while|whereas|but)\s+", s))
    return [part.strip() for part in parts if part.strip()]


def _says_the_same(parts: Sequence[str], asked: set[str]) -> bool:
    """Whether both halves say one and the same, which they then cannot differ in."""
    one, other = ({word for word in tokens(part) if word not in asked} for part in parts)
    return min(len(one), len(other)) >= FEW and (one <= other or other <= one)


def _subject(part: str, asked: set[str]) -> set[str]:
    """What a half speaks of: the first words in it that were asked about, side by side."""
    found: set[str] = set()
    for word in re.findall(r"[\w'-]+", part):
        named = set(tokens(word)) & asked
        if named:
            found |= named
        elif found:
            break
    return found


def _about(passage: Passage) -> set[str]:
    """What a passage as a whole is about: the words of its own heading."""
    return set(tokens(passage.heading[-1])) if passage.heading else set()
