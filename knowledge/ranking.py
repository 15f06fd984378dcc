"""The second look: the passages that a first search found, measured against the question and put in order.

Every measure is a number of about 0 to 1 that can be explained in a line; the score is their weighted sum. Knows
nothing of files or of how the candidates were found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from knowledge.chunking import Chunk
from knowledge.lexical import Lexical, Term

RANK_CONSTANT = 10  # of reciprocal rank fusion: 1 / (constant + rank)
RANKERS = (
    1.0,
    1.0,
    2.0,
)  # meaning, word by word, BM25: the first two are of one opinion, so words get two votes
SPAN = 24  # stems: about two sentences

# How much each measure counts. Fitted once, on the dev half of questions over a public course, a textbook and (at half
# weight) two of these lectures: the weights under which the passages that hold the evidence come out on top (softmax
# over the candidates of a question, ridge penalty). Measures that did not help on questions left out were dropped.
WEIGHTS: Mapping[str, float] = {
    "fused": 4.2,  # first by meaning, word by word and by BM25
    "words": 2.6,  # each word of the question, with the word most like it in the passage
    "before": 1.65,  # what the passage before it adds: the prose that introduces the code
    "document": 1.5,  # the file has other passages near the question
    "text": 1.35,  # share of the question's telling words that it holds
    "topic": 1.3,  # its own heading is what is asked for
    "beside": 1.3,  # words that stand side by side in the question do so here
    "close": 1.2,  # they stand within two sentences
    "length": 1.1,  # a scrap answers little
    "code_wanted": 1.1,
    "number": 1.05,  # the question's number
    "bm25": 0.65,
    "code_unasked": -0.55,
    "exercise": -0.8,  # a task, or somebody's answer to it, behind the lecture's own words
    "neighbours": -0.9,  # the passage next to it is nearer to the question
}

# P(the passage answers the question) = 1 / (1 + exp(-(OFFSET + PER_SCORE * score + PER_GAP * distance to the best))).
# Logistic regression over the first six passages of questions that the course answers and of questions that it does
# not; on questions left out, the shares of passages that answer follow it from 0.03 to 0.85 within about 0.1 to 0.2.
OFFSET, PER_SCORE, PER_GAP = -5.84, 0.55, -0.76

_WANTS_CODE = re.compile(
    r"\b(?:code|def|class|function|implement\w*|python|numpy|torch|import|script|method)\b|\w_\w|\w\(\)", re.I
)
_EXERCISE = re.compile(r"\b(?:exercises?|questions?|assignment|try it|to do|homework|tasks?)\b", re.I)


@dataclass(frozen=True)
class Candidates:
    """What the first search found. All arrays go along `rows`."""

    rows: Sequence[int]
    cosine: np.ndarray  # of question and passage
    around: np.ndarray  # the better cosine of the passages before and after it; its own at the edge
    words: np.ndarray  # the question's words, each with the word most like it: weighted mean of the cosines
    bm25: np.ndarray


class Ranking:
    """One question against one index."""

    def __init__(
        self, question: str, terms: Sequence[Term], chunks: Sequence[Chunk], lexical: Lexical
    ) -> None:
        self._chunks = chunks
        self._lexical = lexical
        self._terms = terms
        self._weights = np.array([term.weight for term in terms], np.float32)
        self._total = float(self._weights.sum()) or 1.0
        self._numbers = [n for n, term in enumerate(terms) if term.stem[:1].isdigit() and term.ids]
        self._stands_for: dict[int, list[tuple[int, float]]] = {}
        for number, term in enumerate(terms):
            for id, strength in term.ids.items():
                self._stands_for.setdefault(id, []).append((number, strength))
        self._asked = np.zeros(lexical.vocabulary, bool)
        self._asked[list(self._stands_for)] = True
        self._wants_code = bool(_WANTS_CODE.search(question))
        self._held: dict[tuple[int, bool], np.ndarray] = {}

    def measures(self, found: Candidates) -> dict[str, np.ndarray]:
        """Every measure of every candidate: name -> (candidates,)."""
        rows = found.rows
        best = float(found.bm25.max(initial=0.0)) or 1.0
        made = {
            "fused": fused((found.cosine, found.words, np.where(found.bm25 > 0, found.bm25, -np.inf))),
            "neighbours": found.around - found.cosine,
            "document": self._document(found),
            "words": found.words,
            "bm25": found.bm25 / best,
        }
        single = [self._single(row) for row in rows]
        for name in single[0] if single else ():
            made[name] = np.array([measured[name] for measured in single], np.float32)
        return made

    def _single(self, row: int) -> dict[str, float]:
        chunk, stems = self._chunks[row], self._lexical.stems(row)
        in_text, in_head = self.held(row), self.held(row, head=True)
        own = np.maximum(in_text, in_head)
        before = self.held(row - 1) if self._next_to(row, -1) else own
        close, beside = self._together(stems.text)
        code = chunk.kind in ("code", "mixed")
        return {
            "text": self._share(in_text),
            "before": self._share(np.maximum(own, before)) - self._share(own),
            "close": close,
            "beside": beside,
            "number": float(in_text[self._numbers].mean()) if self._numbers else 0.0,
            "topic": self._topic(chunk),
            "exercise": float(any(_EXERCISE.search(name) for name in chunk.heading)),
            "code_wanted": float(code and self._wants_code),
            "code_unasked": float(chunk.kind == "code" and not self._wants_code),
            "length": float(np.log(max(len(stems.text), 1)) / 5),
        }

    def held(self, row: int, head: bool = False) -> np.ndarray:
        """How well the text of a passage (or its heading) holds each term, (terms,), 0 to 1."""
        if (row, head) not in self._held:
            stems = self._lexical.stems(row)
            self._held[row, head] = self._hold(stems.head if head else stems.text)
        return self._held[row, head]

    def _hold(self, ids: np.ndarray) -> np.ndarray:
        held = np.zeros(len(self._terms), np.float32)
        for id in set(ids[self._asked[ids]].tolist()):
            for term, strength in self._stands_for[id]:
                held[term] = max(held[term], strength)
        return held

    def _share(self, held: np.ndarray) -> float:
        return float(held @ self._weights) / self._total

    def coverage(self, row: int) -> float:
        """Share of what the question's words tell that the passage and its heading hold."""
        return self._share(np.maximum(self.held(row), self.held(row, head=True)))

    def _together(self, ids: np.ndarray) -> tuple[float, float]:
        """The best share of the terms within SPAN stems, and of neighbouring terms that stand side by side."""
        places = np.flatnonzero(self._asked[ids]).tolist()
        hits = [(place, self._stands_for[int(ids[place])]) for place in places]
        best = 0.0
        for start, (first, _) in enumerate(hits):
            held: dict[int, float] = {}
            for place, found in hits[start:]:
                if place - first >= SPAN:
                    break
                for term, strength in found:
                    held[term] = max(held.get(term, 0.0), strength)
            best = max(best, sum(self._weights[term] * strength for term, strength in held.items()))
        pairs: dict[int, float] = {}
        for (place, found), (after, then) in pairwise(hits):
            if after - place <= 2:
                for one, strength in found:
                    for other, second in then:
                        if other - one == 1:
                            pairs[one] = max(pairs.get(one, 0.0), strength * second)
        both = self._weights[:-1] + self._weights[1:]
        beside = sum(both[one] * strength for one, strength in pairs.items()) / (float(both.sum()) or 1.0)
        return float(best) / self._total, float(beside)

    def _topic(self, chunk: Chunk) -> float:
        """Share of the innermost heading that the question names: 1 where it asks for just that."""
        named = self._lexical.numbers(chunk.heading[-1]) if chunk.heading else {}
        total = sum(named.values())
        met = sum(
            weight * max(strength for _, strength in self._stands_for[id])
            for id, weight in named.items()
            if id in self._stands_for
        )
        return met / total if total else 0.0

    def _next_to(self, row: int, step: int) -> bool:
        other = row + step
        return 0 <= other < len(self._chunks) and self._chunks[other].path == self._chunks[row].path

    def _document(self, found: Candidates) -> np.ndarray:
        """How near the candidates of the same document are: the mean cosine of its best three."""
        of: dict[str, list[float]] = {}
        for row, cosine in zip(found.rows, found.cosine.tolist(), strict=True):
            of.setdefault(self._chunks[row].path, []).append(cosine)
        low = float(found.cosine.min(initial=1.0))
        mean = {path: float(np.mean(sorted([low, low, *all], reverse=True)[:3])) for path, all in of.items()}
        return np.array([mean[self._chunks[row].path] for row in found.rows], np.float32)


def fused(scores: Sequence[np.ndarray], weights: Sequence[float] = RANKERS) -> np.ndarray:
    """Reciprocal rank fusion (Cormack et al. 2009), scaled so that 1 is first by every ranker; -inf is not ranked."""
    total = np.zeros(len(scores[0]), np.float32)
    for values, weight in zip(scores, weights, strict=True):
        order = np.argsort(-values, kind="stable")
        ranks = np.empty(len(order), np.float32)
        ranks[order] = np.arange(1, len(order) + 1)
        total += np.where(np.isfinite(values), weight / (RANK_CONSTANT + ranks), 0.0)
    return total * (RANK_CONSTANT + 1) / sum(weights)


def score(measures: Mapping[str, np.ndarray]) -> np.ndarray:
    """The weighted sum of the measures, (candidates,)."""
    return np.sum([weight * measures[name] for name, weight in WEIGHTS.items()], axis=0)


def probability(scores: np.ndarray) -> np.ndarray:
    """How likely each candidate answers the question, 0 to 1, (candidates,). Fitted to MiniLM's vectors.

    The distance to the best one counts: of several passages about the same matter, mostly one has the answer.
    """
    gaps = scores.max(initial=-np.inf) - scores
    return 1 / (1 + np.exp(-(OFFSET + PER_SCORE * scores + PER_GAP * gaps)))
