"""BM25 over the passages' word stems, and the spelling of words that no passage holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from knowledge.chunking import Chunk
from knowledge.documents import prettify
from knowledge.errors import DamagedIndexError
from knowledge.words import Spelling, tokens


class Lexical:
    """The word index of one generation, open for reading. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        import bm25s

        try:
            self._bm25 = bm25s.BM25.load(folder / "bm25", load_vocab=True)
            frequency = np.diff(self._bm25.scores["indptr"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise DamagedIndexError(folder.parent, f"BM25: {error}") from error
        self._passages = int(self._bm25.scores["num_docs"])
        self._frequency = {
            word: int(frequency[id]) for word, id in self._bm25.vocab_dict.items() if id < len(frequency)
        }
        self._spelling = Spelling(self._frequency)

    def query(self, text: str) -> list[str]:
        """The stems to look up, each once, misspelt words corrected to words of the course."""
        return list(dict.fromkeys(self._spelling.correct(stem) for stem in tokens(text)))

    def weight(self, stem: str) -> float:
        """How much a stem tells: the rarer, the more (inverse document frequency)."""
        count = self._frequency.get(stem, 0)
        return math.log(1 + (self._passages - count + 0.5) / (count + 0.5)) if count else 0.0

    def best(self, stems: Sequence[str], count: int) -> list[int]:
        """Rows of the passages that match best, best first; none that shares no word."""
        known = [stem for stem in stems if self._frequency.get(stem)]
        if not known:
            return []
        # A name quoted from code is worth more than the sum of its parts.
        scores = self._bm25.get_scores([*known, *(stem for stem in known if "_" in stem)])
        order = np.argsort(-scores, kind="stable")[:count]
        return [int(row) for row in order if scores[row] > 0]


def write_lexical(folder: Path, chunks: Sequence[Chunk]) -> None:
    import bm25s

    index: Any = bm25s.BM25(k1=1.2, b=0.6)
    corpus = [tokens(_text(chunk)) or ["(nothing)"] for chunk in chunks]
    index.index(corpus, show_progress=False)
    index.save(folder / "bm25", show_progress=False)


def _text(chunk: Chunk) -> str:
    # The file's name is often the only place where the subject of a notebook is named.
    return f"{prettify(PurePosixPath(chunk.path).stem)}\n{chunk.embedded}"
