"""The baseline of retrieval: what an afternoon with a stock pipeline gives.

Files as plain text, cut recursively at paragraphs, lines and words into pieces of at most 1000 characters that overlap
by up to 200, the same embedding model, cosine, no index. Kinder than the usual notebook loaders: cells come as
plain source without outputs, not as printed Python lists.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SIZE, OVERLAP = 1000, 200
SEPARATORS = ("\n\n", "\n", " ", "")


def plain_text(file: Path) -> str:
    """Markdown as it is; a notebook's cells, one after the other."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def split_text(text: str, size: int = SIZE, overlap: int = OVERLAP) -> list[str]:
    """Pieces of at most `size` characters; each begins with up to `overlap` characters of whole units of the last."""
    return [piece for piece in (part.strip() for part in _split(text, SEPARATORS, size, overlap)) if piece]


def _split(text: str, separators: Sequence[str], size: int, overlap: int) -> list[str]:
    at = next(i for i, s in enumerate(separators) if s == "" or s in text)
    separator, finer = separators[at], separators[at + 1 :]
    out: list[str] = []
    waiting: list[str] = []
    for unit in text.split(separator) if separator else list(text):
        if len(unit) <= size:
            waiting.append(unit)
            continue
        out += _merged(waiting, separator, size, overlap)
        waiting = []
        out += _split(unit, finer, size, overlap)
    return out + _merged(waiting, separator, size, overlap)


def _merged(units: Sequence[str], separator: str, size: int, overlap: int) -> list[str]:
    out: list[str] = []
    now: list[str] = []
    for unit in units:
        if now and len(separator.join([*now, unit])) > size:
            out.append(separator.join(now))
            while now and (len(separator.join(now)) > overlap or len(separator.join([*now, unit])) > size):
                now.pop(0)
        now.append(unit)
    return [*out, separator.join(now)] if now else out


class StockPipeline:
    """Chunks and vectors in memory."""

    def __init__(self, folder: Path, embedder: Any) -> None:
        self._embedder = embedder
        self.chunks: list[tuple[str, str]] = [
            (file.relative_to(folder).as_posix(), piece)
            for file in sorted(folder.rglob("*"))
            if file.suffix in {".md", ".ipynb"}
            for piece in split_text(plain_text(file))
        ]
        self._vectors = embedder.embed([text for _, text in self.chunks])

    def search(self, query: str, k: int) -> list[tuple[str, str]]:
        """(path, text) of the `k` nearest chunks, best first."""
        scores = self._vectors @ self._embedder.embed([query])[0]
        return [self.chunks[i] for i in np.argsort(-scores, kind="stable")[:k]]
