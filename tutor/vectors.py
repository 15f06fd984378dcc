"""Vectors of texts that are asked for again and again: the sentences of a course are few, its questions many."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

KEPT = 8192  # texts: 12 MB of vectors with 384 numbers each


class RememberedVectors:
    """The last `kept` texts' vectors. Safe to share between threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str], embed: Callable[[list[str]], np.ndarray]) -> np.ndarray:
        """Unit vectors (texts, dimension); `embed` makes those that are not known yet, each of them once."""
        if not texts:
            return embed([])
        found: dict[str, np.ndarray] = {}
        with self._lock:
            for text in texts:
                if text in self._known:
                    self._known.move_to_end(text)
                    found[text] = self._known[text]
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            made = dict(zip(new, embed(new), strict=True))
            found |= made
            with self._lock:
                # A copy: a row of a large array would keep all of it in memory.
                self._known.update((text, vector.copy()) for text, vector in made.items())
                while len(self._known) > self._kept:
                    self._known.popitem(last=False)
        return np.stack([found[text] for text in texts])
