"""Byte-pair encoding: tokens between a letter and a word, learned from a text.

Sources: Sennrich, Haddow & Birch, Neural Machine Translation of Rare Words with Subword Units (2016), section
3.2 and algorithm 1; the idea of merging the commonest pair is Gage's (1994). Two things differ from the paper:
a word ends with the space or line break that follows it in the text, where the paper writes a mark of its own,
so that nothing of the text is lost; and merging stops at pairs that occur only once. Standard library and NumPy.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cached_property
from itertools import pairwise

import numpy as np


def words_of(text: str) -> list[str]:
    """The text cut after every white space: "to be\\n" -> ["to ", "be\\n"]. Joined, they are the text again."""
    return re.findall(r"\S*\s|\S+", text)


def merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    """The symbols with each such pair, from the left, made one: n e w e s t with (e, s) -> n e w es t."""
    done: list[str] = []
    for symbol in symbols:
        if done and (done[-1], symbol) == pair:
            done[-1] += symbol
        else:
            done.append(symbol)
    return done


def learn_merges(counts: dict[str, int], merges: int) -> list[tuple[str, str]]:
    """The pairs to merge, in order: each time the commonest pair of neighbours in the words.

    `counts` says how often each word occurs. Among equally common pairs the one met first in the words is taken.
    Only words that hold the pair change, so only they are counted anew.
    """
    words = [list(word) for word in counts]  # each word as its symbols, at first its letters
    times = list(counts.values())
    total: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)  # the words that hold a pair

    def count(i: int, sign: int) -> None:
        for pair in pairwise(words[i]):
            total[pair] += sign * times[i]
            if sign > 0:
                where[pair].add(i)
            else:
                where[pair].discard(i)

    def first_met(pair: tuple[str, str]) -> tuple[int, int]:
        word = min(where[pair])
        return word, list(pairwise(words[word])).index(pair)

    for i in range(len(words)):
        count(i, +1)
    learned: list[tuple[str, str]] = []
    while len(learned) < merges and total:
        most = max(total.values())
        if most < 2:
            break
        best = min((pair for pair, n in total.items() if n == most), key=first_met)
        learned.append(best)
        for i in sorted(where[best]):
            count(i, -1)
            words[i] = merged(words[i], best)
            count(i, +1)
    return learned


class BytePairs:
    """A tokenizer: the single characters, and one token more for every merge."""

    def __init__(self, characters: tuple[str, ...], merges: list[tuple[str, str]]) -> None:
        self.merges = merges
        self.tokens = tuple(dict.fromkeys([*characters, *(left + right for left, right in merges)]))
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._cut: dict[str, list[int]] = {}  # words that were cut before

    @classmethod
    def learn(cls, text: str, characters: tuple[str, ...], merges: int) -> BytePairs:
        """From a training text; `characters` are those that it must be able to write."""
        return cls(characters, learn_merges(dict(Counter(words_of(text))), merges))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {token: place for place, token in enumerate(self.tokens)}

    def unknown(self, text: str) -> str:
        """The characters of `text` that are no token, each once."""
        return "".join(dict.fromkeys(c for c in text if c not in self._places))

    def cut(self, word: str) -> list[str]:
        """One word as tokens: the merges are done again, in the order in which they were learned."""
        symbols = list(word)
        while len(symbols) > 1:
            best = min(pairwise(symbols), key=lambda pair: self._ranks.get(pair, len(self.merges)))
            if best not in self._ranks:
                break
            symbols = merged(symbols, best)
        return symbols

    def encode(self, text: str) -> np.ndarray:
        """Text to token numbers, (n,) int64; ValueError names the characters that are not known."""
        if missing := self.unknown(text):
            raise ValueError(f"{missing!r} does not occur in the text that the tokens were learned from.")
        for word in words_of(text):
            if word not in self._cut:
                self._cut[word] = [self._places[token] for token in self.cut(word)]
        return np.array([place for word in words_of(text) for place in self._cut[word]], dtype=np.int64)

    def decode(self, places: np.ndarray) -> str:
        """Token numbers (n,) back to text."""
        return "".join(self.tokens[place] for place in np.asarray(places).tolist())
