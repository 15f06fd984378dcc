"""Hybrid search: what is near in meaning and what shares words, looked at a second time, into cited passages.

Every search looks at the index's CURRENT pointer first, so a refresh by any process is picked up by the
next question, and a search that is under way ends in the generation that it began in.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.best_sentence import best_sentence
from knowledge.chunking import Chunk
from knowledge.decoding import printable
from knowledge.duplicates import about, figures
from knowledge.errors import DamagedIndexError, KnowledgeError, MissingIndexError, UnknownDocumentError
from knowledge.followups import with_context
from knowledge.generations import Pin, current_name
from knowledge.joining import AMONG, grouped, together
from knowledge.manifest import Manifest, StoredDocument, read_manifest
from knowledge.paths import environment
from knowledge.ranking import Candidates, Ranking, layout, probability, score
from knowledge.reranker import CrossEncoder, Reranker, reorder
from knowledge.words import plain_symbols, tokens

if TYPE_CHECKING:
    from knowledge.embedding import Query, TextEmbedder

GLANCE = 0.02  # seconds for which a look at CURRENT holds: an answer would look thirty times
WIDER = 4  # times as many passages near the question are looked through for those that meet its words best
CANDIDATES = 40  # of each ranker; with 80 the best five are the same, measured on three courses
HEADING_BOOST = 8.0  # of a passage under the very heading that the question quotes
LECTURE_BOOST = 2.0  # added to the score; most differences between neighbours in a ranking are below 1
ALIKE = 0.8  # share of common stems from which two passages count as one
RERANKED = 20  # passages that a reranker reads
MIDDLE = 20.3  # the score that is shown as 0.5
COMMON = 2.6  # a word that all candidates meet tells e ** -COMMON times what one does that none meets; fitted
QUERY_CHARS = 2000  # more would only dilute the question

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passage:
    id: str  # of the stretch of text that holds the best sentence: what is opened and cited
    path: str  # relative to the ingested folder, with forward slashes
    title: str
    heading: tuple[str, ...]
    cell: int | None  # 0-based index of the notebook's cell that holds the best sentence
    page: int | None
    lecture: int | None
    text: str  # Markdown, without the heading path; with the neighbour that answers along with it, if any
    kind: str  # "prose", "code", "maths", "table" or "mixed"
    score: float  # of the ranking, 0..1: it orders the passages of one question, and says little across questions
    # Cosine of question and passage (of two that were joined, the larger one), -1..1: by the model as it was published,
    # since with what training added something is near to any question.
    similarity: float
    best_sentence: str  # occurs in `text` as it is
    cells: tuple[int, ...] = ()  # all cells that the passage takes in
    also: tuple[str, ...] = ()  # other files that say nearly the same
    probability: float = (
        0.0  # that it answers the question, calibrated: comparable across questions, to abstain by
    )


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
    sha256: str = ""  # of the file as it was read


class KnowledgeBase:
    """The knowledge base, open for searching. Safe to use from several threads, and while it is refreshed."""

    def __init__(self, index_dir: Path, embedder: TextEmbedder, reranker: Reranker | None = None) -> None:
        """Open the current generation. Raises MissingIndexError, IndexVersionError or DamagedIndexError.

        Without a `reranker`, the one that TUTOR_RERANKER names is used, and none where it names none.
        """
        self._dir = index_dir
        self._embedder = embedder
        self._reranker = reranker
        if reranker is None and (name := environment().get("TUTOR_RERANKER")):
            self._reranker = CrossEncoder(name)
        self._opening = threading.Lock()
        self._now = self._open_current()
        self._looked = -math.inf  # when CURRENT was last seen to name what is open

    @classmethod
    def open(cls, index_dir: Path, embedder: TextEmbedder, reranker: Reranker | None = None) -> KnowledgeBase:
        return cls(index_dir, embedder, reranker)

    @property
    def generation(self) -> str:
        return self._fresh().name

    @property
    def built_at(self) -> str:
        """When the current generation was built: ISO 8601, UTC."""
        return self._fresh().manifest.built_at

    @property
    def trouble(self) -> str:
        """One sentence for whoever runs the tutor, while the Chroma server does not serve; searches go on."""
        return self._fresh().trouble

    @property
    def chunk_count(self) -> int:
        return len(self._fresh().chunks)

    def files(self) -> list[FileInfo]:
        documents = self._fresh().manifest.documents
        return [
            FileInfo(d.path, d.title, d.lecture, len(d.sections), len(d.chunks), d.sha256) for d in documents
        ]

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

    def search(self, query: str, k: int = 6, context: Sequence[str] = ()) -> list[Passage]:
        """The `k` best passages, best first; fewer when the course is small, none for an empty query.

        `context` holds the questions before this one, oldest first: a follow-up takes words along from them.
        """
        query = " ".join(printable(query[:QUERY_CHARS]).split())
        if not query or k < 1:
            return []
        query = with_context(query, context)
        return self._fresh().search(query, self._embedder, k, self._reranker)

    def _fresh(self) -> Generation:
        """The current generation; another thread's opening of a newer one is not waited for."""
        now = time.monotonic()
        if now - self._looked < GLANCE:
            return self._now
        if current_name(self._dir) == self._now.name:
            self._looked = now
        elif self._opening.acquire(blocking=False):
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

    def _open_current(self) -> Generation:
        for _ in range(5):
            name = current_name(self._dir)
            try:
                return Generation(self._dir / name, self._embedder)
            except (FileNotFoundError, DamagedIndexError) as error:
                if current_name(self._dir) == name:
                    if isinstance(error, FileNotFoundError):
                        raise DamagedIndexError(self._dir, f"{name} is incomplete") from error
                    raise
                # Two refreshes overtook us between reading the pointer and opening: look again.
        raise DamagedIndexError(self._dir, "it changes faster than it can be opened")


class Generation:
    """One generation in memory."""

    def __init__(self, folder: Path, embedder: TextEmbedder) -> None:
        from knowledge.index import VectorIndex
        from knowledge.lexical import Lexical

        self._pin = Pin(folder)  # until the last search in it is over
        self.name = folder.name
        self.manifest: Manifest = read_manifest(folder, embedder.name)
        self.documents: dict[str, StoredDocument] = {d.path: d for d in self.manifest.documents}
        self.chunks: list[Chunk] = self.manifest.chunks
        self._index = VectorIndex(folder, self.chunks)
        self._lexical = Lexical(folder, embedder.is_word)
        self._stems: dict[int, frozenset[int]] = {}
        self._layout = layout(self.chunks)
        self._rows: dict[str, list[int]] = {}  # of each document's passages
        for row, chunk in enumerate(self.chunks):
            self._rows.setdefault(chunk.path, []).append(row)

    def close(self) -> None:
        """Let go of the files at once; without this they go with the last search that holds the generation."""
        self._index.close()
        self._pin.release()

    @property
    def trouble(self) -> str:
        return self._index.trouble

    @property
    def vectors(self) -> np.ndarray:
        """Of the passages, (passages, dimension) float32, each of length 1."""
        return self._index.vectors

    def telling(self, text: str) -> dict[str, float]:
        return {stem: self._lexical.weight(stem) for stem in self._lexical.query(text)}

    def search(
        self, query: str, embedder: TextEmbedder, k: int, reranker: Reranker | None = None
    ) -> list[Passage]:
        asked = embedder.embed_query(self.worded(query))
        ranking, found = self.look(query, asked, max(CANDIDATES, 4 * k))
        measures = ranking.measures(found)
        scores = score(measures)
        if (lecture := named_lecture(query)) is not None:
            scores += [LECTURE_BOOST * (self.chunks[row].lecture == lecture) for row in found.rows]
        if (heading := quoted(query)) is not None:
            scores += [HEADING_BOOST * is_under(self.chunks[row].heading, heading) for row in found.rows]
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], found.rows[place]))
        if reranker is not None and order:
            top = order[:RERANKED]
            texts = [self.chunks[found.rows[place]].embedded for place in top]
            scores[top] = reorder(query, texts, scores[top], reranker)
            order[:RERANKED] = sorted(top, key=lambda place: -scores[place])
        place_of = {row: place for place, row in enumerate(found.rows)}
        stems = self._lexical.query(query)
        folded = dict(self._folded([found.rows[place] for place in order], max(2 * k, AMONG)))
        groups = grouped(list(folded), {row: float(scores[place_of[row]]) for row in folded}, self.chunks, k)
        likely = probability(np.array([score for score, _ in groups]))
        return [
            self._passage(
                max(rows, key=lambda row: scores[place_of[row]]),
                rows,
                [self.chunks[twin].path for row in rows for twin in folded[row]],
                stems,
                score=_squashed(score),
                similarity=float(self._index.cosine(asked.plain, rows).max()),
                probability=chance,
            )
            for (score, rows), chance in zip(groups, likely.tolist(), strict=True)
        ]

    def worded(self, query: str) -> str:
        """The question as the embedding model is to read it: misspelt words put right, symbols by name."""
        return plain_symbols(self._lexical.corrected(query))

    def look(
        self, query: str, asked: Query, depth: int, also: Sequence[int] = ()
    ) -> tuple[Ranking, Candidates]:
        """The candidates of the first search, and of `also`, with what measures them."""
        terms = self._lexical.terms(query)
        bm25 = self._lexical.scores(terms)
        by_words = [int(row) for row in np.argsort(-bm25, kind="stable")[:depth] if bm25[row] > 0]
        near = [row for row, _ in self._index.nearest(asked.vector, depth * WIDER)]
        wide = sorted({*near, *by_words, *also})
        met = dict(zip(wide, self._index.word_by_word(asked, wide), strict=True))
        shares = _shares(asked, list(met.values()))
        by_meets = sorted(wide, key=lambda row: -float(met[row] @ shares))[:depth]
        rows = sorted({*near[:depth], *by_words, *by_meets, *also})
        beside = [self._beside(row) for row in rows]
        more = sorted({row for pair in beside for row in pair}.difference(met))
        met |= zip(more, self._index.word_by_word(asked, more), strict=True)
        own, before, after = (
            np.array([met[row] for row in some], np.float32).reshape(len(rows), len(asked.words))
            for some in (rows, [pair[0] for pair in beside], [pair[1] for pair in beside])
        )
        weights = _shares(asked, list(own))
        words = own @ weights
        cosine = self._index.cosine(asked.vector, rows)
        window = self._index.by_windows(asked, rows)
        around = np.maximum(own, np.maximum(before, after)) @ weights
        ranking = Ranking(query, terms, self.chunks, self._lexical, self._layout)
        return ranking, Candidates(rows, cosine, words, around, window, bm25[rows])

    def _beside(self, row: int) -> tuple[int, int]:
        """The rows before and after in the same document; itself at its ends."""
        first, end = self._layout.files[row]
        return max(row - 1, first), min(row + 1, end - 1)

    def _folded(self, order: Sequence[int], k: int) -> list[tuple[int, list[int]]]:
        """The first `k` rows that are not nearly the same as one before, each with its look-alikes."""
        kept: list[tuple[int, list[int]]] = []
        for row in order[: 3 * k]:
            twin = next((twins for other, twins in kept if self._say_the_same(row, other)), None)
            if twin is not None:
                twin.append(row)
            elif len(kept) < k:
                kept.append((row, []))
        return kept

    def _say_the_same(self, row: int, other: int) -> bool:
        # A revision shares its words with what it corrects, but for a number or a date.
        return alike(self._words(row), self._words(other)) and (
            figures(self.chunks[row].text) == figures(self.chunks[other].text)
        )

    def _copies(self, row: int) -> list[str]:
        """Whole files that say nearly the same and are indexed once, without those that put this passage otherwise."""
        words = self._words(row)
        return [
            path
            for path in self.documents[self.chunks[row].path].also
            if not any(about(words, self._words(own)) for own in self._rows.get(path, ()))
        ]

    def _words(self, row: int) -> frozenset[int]:
        if row not in self._stems:
            self._stems[row] = frozenset(self._lexical.stems(row).text.tolist())
        return self._stems[row]

    def _passage(
        self,
        best: int,
        rows: Sequence[int],
        twins: Sequence[str],
        stems: Sequence[str],
        *,
        score: float,
        similarity: float,
        probability: float,
    ) -> Passage:
        """The passage of one row, or of two neighbours; the better one gives it its sentence, its place and its id."""
        chunk = self.chunks[best]
        whole = chunk if len(rows) == 1 else together(*(self.chunks[row] for row in rows))
        sentence = best_sentence(chunk.text, {stem: self._lexical.weight(stem) for stem in stems})
        sections = self.documents[chunk.path].sections
        # It may take in several cells or a short subsection: cite the one that the sentence stands in.
        place, position = sections[chunk.parts[0][0]], chunk.text.find(sentence)
        for number, length in chunk.parts:
            place = sections[number]
            position -= length
            if position < 0:
                break
        cells = dict.fromkeys(sections[number].cell for number, _ in whole.parts)
        copies = set.intersection(*(set(self._copies(row)) for row in rows))
        others = dict.fromkeys([*twins, *sorted(copies)])
        return Passage(
            id=chunk.id,
            path=chunk.path,
            title=chunk.title,
            heading=place.heading or chunk.heading,
            cell=place.cell,
            page=place.page,
            lecture=chunk.lecture,
            text=whole.text,
            kind=whole.kind,
            score=round(score, 4),
            similarity=round(similarity, 4),
            best_sentence=sentence,
            cells=tuple(cell for cell in cells if cell is not None),
            also=tuple(path for path in others if path != chunk.path),
            probability=round(probability, 4),
        )


def _shares(asked: Query, met: Sequence[np.ndarray]) -> np.ndarray:
    """What each word of the question tells among passages that meet it so well, (passages, words): (words,), sum 1."""
    weights: np.ndarray = asked.weights
    if len(met):
        weights = weights * np.exp(-COMMON * np.mean(met, axis=0))
    return weights / max(float(weights.sum()), 1e-9)


def _squashed(score: float) -> float:
    return 1 / (1 + math.exp(MIDDLE - score))


_NAMED = re.compile(
    r"\b(?:lecture|lec|week|wk|session|class|chapter)\s*(?:no\.?|number|#)?\s*0*(\d{1,2})\b", re.I
)


def named_lecture(query: str) -> int | None:
    """The lecture that a question names: "in week 9", "lecture 9", "lec 09"."""
    found = _NAMED.search(query)
    return int(found[1]) if found else None


_QUOTED = re.compile(r'"([^"]{3,200})"')


def quoted(query: str) -> str | None:
    """What a question quotes: the name of a section, perhaps, as in: explain "Decaying epsilon" in lecture 9."""
    found = _QUOTED.search(query)
    return " ".join(tokens(found[1])) if found else None


def is_under(heading: Sequence[str], name: str) -> float:
    """1 where `name` (its stems) is the innermost heading, alone or behind the one around it; else 0."""
    inner = [" ".join(tokens(part)) for part in heading[-2:]]
    return float(bool(inner) and name in (inner[-1], " ".join(inner)))


def alike(one: frozenset[Any], other: frozenset[Any]) -> bool:
    a, b = len(one), len(other)
    if a < ALIKE * b or b < ALIKE * a:  # told by their sizes, without a look at the words
        return False
    common = len(one & other)
    return bool(one) and common >= ALIKE * (a + b - common)
