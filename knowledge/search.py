"""Hybrid search: dense vectors, 70-token windows and BM25, fused by reciprocal rank, into cited passages.

Every search looks at the index's CURRENT pointer first, so a refresh by any process is picked up by the
next question, and a search that is under way ends in the generation that it began in.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.chunking import Chunk
from knowledge.errors import DamagedIndexError, KnowledgeError, MissingIndexError, UnknownDocumentError
from knowledge.generations import current_name
from knowledge.manifest import Manifest, StoredDocument, read_manifest
from knowledge.words import plain_symbols, tokens

if TYPE_CHECKING:
    from knowledge.embedding import TextEmbedder

CANDIDATES = 60  # of each ranker
RANK_CONSTANT = 10  # of reciprocal rank fusion: 1 / (constant + rank)
WEIGHTS = (1.0, 1.0, 2.0)  # dense, windows, BM25: the first two are of one opinion, so words get two votes
IDENTIFIER_WEIGHTS = (1.0, 1.0, 4.0)  # a question that quotes code wants that very name
LECTURE_BOOST = 1.6
ALIKE = 0.8  # share of common stems from which two passages count as one
QUERY_CHARS = 2000  # more would only dilute the question

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passage:
    id: str
    path: str  # relative to the ingested folder, with forward slashes
    title: str
    heading: tuple[str, ...]
    cell: int | None  # 0-based index of the notebook's cell that holds the best sentence
    page: int | None
    lecture: int | None
    text: str  # Markdown, without the heading path
    kind: str  # "prose", "code", "maths", "table" or "mixed"
    score: float  # fused, 0..1: 1 is first by every ranker
    similarity: float  # cosine of question and passage, -1..1
    best_sentence: str  # occurs in `text` as it is
    cells: tuple[int, ...] = ()  # all cells that the passage takes in
    also: tuple[str, ...] = ()  # other files that say nearly the same


@dataclass(frozen=True)
class SectionView:
    heading: tuple[str, ...]
    cell: int | None
    page: int | None
    kind: str
    text: str  # Markdown
    passages: tuple[str, ...]  # ids of the passages that lie in it or touch it


@dataclass(frozen=True)
class FileInfo:
    path: str
    title: str
    lecture: int | None
    sections: int
    chunks: int


class KnowledgeBase:
    """The knowledge base, open for searching. Safe to use from several threads, and while it is refreshed."""

    def __init__(self, index_dir: Path, embedder: TextEmbedder) -> None:
        """Open the current generation. Raises MissingIndexError, IndexVersionError or DamagedIndexError."""
        self._dir = index_dir
        self._embedder = embedder
        self._opening = threading.Lock()
        self._now = self._open_current()

    @classmethod
    def open(cls, index_dir: Path, embedder: TextEmbedder) -> KnowledgeBase:
        return cls(index_dir, embedder)

    @property
    def generation(self) -> str:
        return self._fresh().name

    @property
    def built_at(self) -> str:
        """When the current generation was built: ISO 8601, UTC."""
        return self._fresh().manifest.built_at

    @property
    def chunk_count(self) -> int:
        return len(self._fresh().chunks)

    def files(self) -> list[FileInfo]:
        documents = self._fresh().manifest.documents
        return [FileInfo(d.path, d.title, d.lecture, len(d.sections), len(d.chunks)) for d in documents]

    def section(self, path: str) -> list[SectionView]:
        """A whole document in reading order, to open a passage in its place. Raises UnknownDocumentError."""
        document = self._fresh().documents.get(path)
        if document is None:
            raise UnknownDocumentError(path)
        touching: dict[int, list[str]] = {}
        for chunk in document.chunks:
            for number in dict.fromkeys(section for section, _ in chunk.parts):
                touching.setdefault(number, []).append(chunk.id)
        return [
            SectionView(s.heading, s.cell, s.page, s.kind, s.text, tuple(touching.get(number, ())))
            for number, s in enumerate(document.sections)
        ]

    def telling(self, text: str) -> dict[str, float]:
        """The stems of `text`, misspelt ones put right, each with how much it tells (rare ones most).

        A stem that the course never uses has weight 0.
        """
        return self._fresh().telling(text)

    def search(self, query: str, k: int = 6) -> list[Passage]:
        """The `k` best passages, best first; fewer when the course is small, none for an empty query."""
        query = " ".join(query[:QUERY_CHARS].split())
        if not query or k < 1:
            return []
        return self._fresh().search(query, self._embedder.embed([plain_symbols(query)])[0], k)

    def _fresh(self) -> _Generation:
        """The current generation; another thread's opening of a newer one is not waited for."""
        if current_name(self._dir) != self._now.name and self._opening.acquire(blocking=False):
            try:
                self._now = self._open_current()
            except MissingIndexError:
                raise
            except KnowledgeError as error:
                # Written by a newer version, say: what is open still answers.
                log.warning("The new index cannot be opened, the old one stays in use: %s", error)
            finally:
                self._opening.release()
        return self._now

    def _open_current(self) -> _Generation:
        for _ in range(5):
            name = current_name(self._dir)
            try:
                return _Generation(self._dir / name, self._embedder.name)
            except (FileNotFoundError, DamagedIndexError) as error:
                if current_name(self._dir) == name:
                    if isinstance(error, FileNotFoundError):
                        raise DamagedIndexError(self._dir, f"{name} is incomplete") from error
                    raise
                # Two refreshes overtook us between reading the pointer and opening: look again.
        raise DamagedIndexError(self._dir, "it changes faster than it can be opened")


class _Generation:
    """One generation in memory."""

    def __init__(self, folder: Path, embedder: str) -> None:
        from knowledge.index import VectorIndex
        from knowledge.lexical import Lexical

        self.name = folder.name
        self.manifest: Manifest = read_manifest(folder, embedder)
        self.documents: dict[str, StoredDocument] = {d.path: d for d in self.manifest.documents}
        self.chunks: list[Chunk] = self.manifest.chunks
        self._index = VectorIndex(folder, self.chunks)
        self._lexical = Lexical(folder)
        self._stems: dict[int, frozenset[str]] = {}

    def telling(self, text: str) -> dict[str, float]:
        return {stem: self._lexical.weight(stem) for stem in self._lexical.query(text)}

    def search(self, query: str, vector: np.ndarray, k: int) -> list[Passage]:
        stems = self._lexical.query(query)
        depth = max(CANDIDATES, 4 * k)
        rankings = (
            [row for row, _ in self._index.nearest(vector, depth)],
            self._index.nearest_windows(vector, depth),
            self._lexical.best(stems, depth),
        )
        scores = fuse(rankings, IDENTIFIER_WEIGHTS if _IDENTIFIER.search(query) else WEIGHTS)
        if (lecture := named_lecture(query)) is not None:
            for row in scores:
                if self.chunks[row].lecture == lecture:
                    scores[row] = min(1.0, scores[row] * LECTURE_BOOST)
        order = sorted(scores, key=lambda row: (-scores[row], row))
        return [
            self._passage(row, twins, scores[row], vector, stems) for row, twins in self._folded(order, k)
        ]

    def _folded(self, order: Sequence[int], k: int) -> list[tuple[int, list[int]]]:
        """The first `k` rows that are not nearly the same as one before, each with its look-alikes."""
        kept: list[tuple[int, list[int]]] = []
        for row in order[: 6 * k]:
            twin = next((twins for other, twins in kept if alike(self._words(row), self._words(other))), None)
            if twin is not None:
                twin.append(row)
            elif len(kept) < k:
                kept.append((row, []))
        return kept

    def _words(self, row: int) -> frozenset[str]:
        if row not in self._stems:
            self._stems[row] = frozenset(tokens(self.chunks[row].text))
        return self._stems[row]

    def _passage(
        self, row: int, twins: Sequence[int], score: float, vector: np.ndarray, stems: Sequence[str]
    ) -> Passage:
        chunk = self.chunks[row]
        sentence = best_sentence(chunk.text, {stem: self._lexical.weight(stem) for stem in stems})
        sections = self.documents[chunk.path].sections
        # A passage may take in several cells or a short subsection: cite the one that the sentence stands in.
        place, position = sections[chunk.parts[0][0]], chunk.text.find(sentence)
        for number, length in chunk.parts:
            place = sections[number]
            position -= length
            if position < 0:
                break
        cells = dict.fromkeys(sections[number].cell for number, _ in chunk.parts)
        others = dict.fromkeys(self.chunks[twin].path for twin in twins)
        return Passage(
            id=chunk.id,
            path=chunk.path,
            title=chunk.title,
            heading=place.heading or chunk.heading,
            cell=place.cell,
            page=place.page,
            lecture=chunk.lecture,
            text=chunk.text,
            kind=chunk.kind,
            score=round(score, 4),
            similarity=round(float(self._index.vectors[row] @ vector), 4),
            best_sentence=sentence,
            cells=tuple(cell for cell in cells if cell is not None),
            also=tuple(path for path in others if path != chunk.path),
        )


def fuse(rankings: Sequence[Sequence[int]], weights: Sequence[float]) -> dict[int, float]:
    """Reciprocal rank fusion (Cormack et al. 2009), scaled so that 1 is first in every ranking."""
    best = sum(weights) / (RANK_CONSTANT + 1)
    scores: dict[int, float] = {}
    for rows, weight in zip(rankings, weights, strict=True):
        for rank, row in enumerate(rows, start=1):
            scores[row] = scores.get(row, 0.0) + weight / (RANK_CONSTANT + rank) / best
    return scores


_IDENTIFIER = re.compile(r"\w_\w|[a-z][A-Z]|\w\(\)|\w\.[a-z]\w")
_NAMED = re.compile(
    r"\b(?:lecture|lec|week|wk|session|class|chapter)\s*(?:no\.?|number|#)?\s*0*(\d{1,2})\b", re.I
)


def named_lecture(query: str) -> int | None:
    """The lecture that a question names: "in week 9", "lecture 9", "lec 09"."""
    found = _NAMED.search(query)
    return int(found[1]) if found else None


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return bool(one) and shared >= ALIKE * len(one | other)


_FENCE = re.compile(r"^`{3,}.*$")
_MARKER = re.compile(r"^\s*(?:[-*+>]|\d+[.)]|#+)\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"'(*$])")


def sentences(text: str) -> Iterable[str]:
    """Lines and sentences of a passage as they stand in it, without list markers and fences."""
    for line in text.split("\n"):
        if not _FENCE.match(line):
            yield from (part.strip() for part in _SENTENCE_END.split(_MARKER.sub("", line)) if part.strip())


def best_sentence(text: str, weights: dict[str, float]) -> str:
    """The sentence with most of the question's telling words; one of some length where none has any."""
    best, best_score = "", -1.0
    for sentence in sentences(text):
        stems = set(tokens(sentence))
        score = sum(weights.get(stem, 0.0) for stem in stems)
        score += min(len(stems), 12) / 1000  # among equals, a sentence and not a fragment
        if score > best_score:
            best, best_score = sentence, score
    return best
