"""Chroma, and the only file that imports it: one generation's vectors, written once, then only read.

Chroma holds the passages with their embeddings and answers nearest-neighbour queries. Beside it lie the
vectors as plain arrays (`vectors.npz`: what the next ingest uses again, and the vectors of single words).

Chroma shares one client per path inside a process, and a reader does not see what another process writes
to an open path. Neither matters here: every generation has a path of its own, is complete before anybody
opens it, and never changes afterwards. With TUTOR_CHROMA_URL the vectors are in a collection of that server
instead (`vector_server.py`).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import BadZipFile

import numpy as np

from knowledge.chunking import Chunk
from knowledge.embedding import Embedded, Query
from knowledge.errors import DamagedIndexError, IndexWriteError, KnowledgeError, VectorServerError
from knowledge.paths import environment
from knowledge.vector_server import NOTE, ServerVectors, is_whole, sweep, write

COLLECTION = "course"
STEP = 12  # words from one window to the next; a window is two steps: about two sentences without their little words
BATCH = 1000  # below SQLite's limit on variables in one statement

# Chroma counts the clients of a path without a lock: one that is opened while another is closed gets a stopped one.
_clients = threading.Lock()
_over: deque[Any] = deque()  # clients that wait to be closed
log = logging.getLogger(__name__)


class VectorIndex:
    """The vectors of one generation, open for reading. Safe to use from several threads."""

    def __init__(self, folder: Path, chunks: Sequence[Chunk]) -> None:
        self._row = {chunk.id: row for row, chunk in enumerate(chunks)}
        self.vectors, self._words, owners = read_vectors(folder)
        self._starts = np.searchsorted(owners, np.arange(len(chunks) + 1))
        self._ids = [chunk.id for chunk in chunks]
        self._server: ServerVectors | None = None
        self._collection: Any = None
        if (url := server_address()) and not (folder / "chroma").is_dir():
            self._server = ServerVectors(folder, len(chunks), url, connect)
        elif (folder / NOTE).is_file():
            # Complete all the same: without the server the vectors are compared in memory.
            log.warning("The vectors of this index are in a Chroma server, and TUTOR_CHROMA_URL is not set.")
        else:
            self._open(folder, len(chunks))
        if len(self.vectors) != len(chunks):
            raise DamagedIndexError(folder.parent, f"{len(self.vectors)} vectors for {len(chunks)} passages")

    def _open(self, folder: Path, passages: int) -> None:
        if not (folder / "chroma" / "chroma.sqlite3").is_file():
            raise FileNotFoundError(folder / "chroma")  # Chroma would make an empty one
        try:
            client = _client(folder / "chroma")
            # The client is closed when the last search that uses this generation is over, not before.
            self._finalizer = weakref.finalize(self, _close, client)
            self._collection = client.get_collection(COLLECTION, embedding_function=None)
            self._check(passages)
        except Exception as error:  # Chroma's Rust core raises many kinds
            raise DamagedIndexError(folder.parent, f"Chroma: {error}") from error

    @property
    def trouble(self) -> str:
        """One sentence where the Chroma server does not serve, and memory answers instead; else empty."""
        return self._server.trouble if self._server else ""

    def close(self) -> None:
        """Let go of the files. Nothing may be searched afterwards, nor at the same time."""
        self._finalizer()

    def nearest(self, vector: np.ndarray, count: int) -> list[tuple[int, float]]:
        """(row of the chunk, cosine similarity) of the `count` nearest passages, nearest first."""
        count = min(count, len(self._row))
        if self._collection is None:
            answered = self._server.nearest(vector, count) if self._server else None
            return (
                [(self._row[id], cosine) for id, cosine in answered]
                if answered
                else self._exact(vector, count)
            )
        found = self._collection.query(
            query_embeddings=vector[None, :], n_results=count, include=["distances"]
        )
        pairs = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
        return [(self._row[id], 1.0 - float(distance)) for id, distance in pairs]

    def _exact(self, vector: np.ndarray, count: int) -> list[tuple[int, float]]:
        cosines = self.vectors @ vector
        rows = np.argpartition(-cosines, count - 1)[:count]
        return [(int(row), float(cosines[row])) for row in rows[np.argsort(-cosines[rows], kind="stable")]]

    def cosine(self, vector: np.ndarray, rows: Sequence[int]) -> np.ndarray:
        """Cosine similarity of `vector` and the passages `rows`, (rows,)."""
        found: np.ndarray = self.vectors[list(rows)] @ vector
        return found

    def word_by_word(self, query: Query, rows: Sequence[int]) -> np.ndarray:
        """How well each word of the question is met in each passage, (rows, words of the question), about -1 to 1.

        Each looks for the word most like it: the cosine of the two. 0 in a passage without words.
        """
        found = np.zeros((len(rows), len(query.words)), np.float32)
        words, sizes = self._words_of(rows)
        if not len(words) or not len(query.words):
            return found
        some = np.flatnonzero(sizes)
        # Some processors raise the flag of an invalid operation in lanes that hold nothing; all of it is finite.
        with np.errstate(invalid="ignore"):
            cosines = words @ query.words.T  # (words of the passages, words of the question)
        found[some] = np.maximum.reduceat(cosines, _starts(sizes[some]), axis=0) / 127
        return found

    def by_windows(self, query: Query, rows: Sequence[int]) -> np.ndarray:
        """How near the question is to the nearest stretch of two STEPs of each passage's words: cosine, (rows,).

        The words of a stretch, as those of the question, count by their mean.
        """
        found = np.zeros(len(rows), np.float32)
        words, sizes = self._words_of(rows)
        if not len(words) or not len(query.words):
            return found
        some = np.flatnonzero(sizes)
        steps = -(-sizes[some] // STEP)  # of each passage, the last one perhaps not full
        first = _starts(steps)
        # Every passage's words from the beginning of a step on, so that sums over steps are sums over a shape.
        places = np.arange(len(words)) + np.repeat(first * STEP - _starts(sizes[some]), sizes[some])
        apart = np.zeros((int(steps.sum()) * STEP, words.shape[1]), np.float32)
        apart[places] = words
        sums = apart.reshape(-1, STEP, words.shape[1]).sum(1)  # (steps, WORD_DIMENSION)
        last = first + steps - 1
        stretches = sums.copy()
        stretches[:-1] += sums[1:]
        stretches[last] = sums[last]
        # A stretch begins at every step but at those that would hold little beside the one before.
        counts = np.maximum(1, -(-(sizes[some] - STEP * 2 // 3) // STEP))
        kept = np.arange(len(sums)) - np.repeat(first, steps) < np.repeat(counts, steps)
        asked = (query.words * query.weights[:, None]).sum(0)
        stretches = stretches[kept]
        lengths = np.linalg.norm(stretches, axis=1) * np.linalg.norm(asked)
        cosines = stretches @ asked / np.maximum(lengths, 1e-9)
        found[some] = np.maximum.reduceat(cosines, _starts(counts))
        return found

    def _words_of(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of the words of the passages `rows`, (words, WORD_DIMENSION), 127 long, and how many each has."""
        sizes = np.array([self._starts[row + 1] - self._starts[row] for row in rows], np.int64)
        if not sizes.sum():
            return np.zeros((0, self._words.shape[1]), np.float32), sizes
        parts = [self._words[self._starts[row] : self._starts[row + 1]] for row in rows]
        return np.concatenate(parts).astype(np.float32), sizes

    def _check(self, wanted: int) -> None:
        """Ask for one passage: an index that was cut short shows itself now, not in a student's question."""
        found = self._collection.count()
        if found != wanted:
            raise ValueError(f"{found} passages where {wanted} should be")
        self.nearest(self.vectors[0], 1)


def _starts(sizes: np.ndarray) -> np.ndarray:
    """Where each of some stretches of these sizes begins when they stand one after the other."""
    found: np.ndarray = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return found


def write_vectors(folder: Path, chunks: Sequence[Chunk], embedded: Sequence[Embedded]) -> None:
    """Write Chroma's database and `vectors.npz` into a new generation's folder."""
    vectors = np.stack([item.vector for item in embedded])
    words = np.concatenate([item.words for item in embedded])
    owners = np.repeat(np.arange(len(embedded), dtype=np.int32), [len(item.words) for item in embedded])
    url = server_address()
    try:
        if url:
            write(folder, _batches(chunks, vectors), len(chunks), url, connect)
        else:
            _fill(folder / "chroma", chunks, vectors)
    except (OSError, KnowledgeError):
        raise
    except Exception as error:  # a full disk reaches us as one of Chroma's own kinds
        raise IndexWriteError(folder.parent, f"Chroma: {error}") from error
    np.savez(folder / "vectors.npz", vectors=vectors, words=words, owners=owners)


def warm_up() -> None:
    """Import Chroma, which takes seconds: while something else keeps the processor busy without Python."""
    import chromadb  # noqa: F401


def _fill(path: Path, chunks: Sequence[Chunk], vectors: np.ndarray) -> None:
    with _closing(_client(path)) as client:
        # cosine; everything else is left at its default on purpose
        collection = client.create_collection(
            COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
        )
        for batch in _batches(chunks, vectors):
            collection.add(**batch)


def _batches(chunks: Sequence[Chunk], vectors: np.ndarray) -> Iterator[dict[str, Any]]:
    for start in range(0, len(chunks), BATCH):
        part = chunks[start : start + BATCH]
        yield {
            "ids": [chunk.id for chunk in part],
            "embeddings": vectors[start : start + BATCH],
            "documents": [chunk.text for chunk in part],
            "metadatas": [_metadata(chunk) for chunk in part],
        }


def is_complete(folder: Path, passages: int) -> bool:
    """Whether a generation's vectors are where the settings say: in its folder, or in the Chroma server.

    Raises VectorServerError when that server does not answer.
    """
    url = server_address()
    if url is None:
        return (folder / "chroma" / "chroma.sqlite3").is_file()
    return is_whole(folder, passages, url, connect)


def clean_server(index_dir: Path) -> None:
    """Remove from the Chroma server what no generation of this index uses. Call with the writer's lock held."""
    if url := server_address():
        sweep(index_dir, url, connect)


def server_address() -> str | None:
    return environment().get("TUTOR_CHROMA_URL")


def read_vectors(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors (chunks, d) float32, words (words, d') int8, and the row of each word's chunk, ascending."""
    try:
        with (folder / "vectors.npz").open("rb") as file, np.load(file) as data:
            return data["vectors"], data["words"], data["owners"]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DamagedIndexError(folder.parent, f"vectors.npz: {error}") from error


def _metadata(chunk: Chunk) -> dict[str, Any]:
    fields = {
        "path": chunk.path, "title": chunk.title, "heading": " > ".join(chunk.heading), "kind": chunk.kind,
        "cell": chunk.cell, "page": chunk.page, "lecture": chunk.lecture,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _client(path: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    with _clients:
        client = chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False))
    _close_those_over()
    return client


def _close(client: Any) -> None:
    """Close a client now, or where somebody opens one, right after that.

    Never waits: the collector of garbage may call it anywhere, also in the middle of an opening.
    """
    _over.append(client)
    _close_those_over()


def _close_those_over() -> None:
    while _over and _clients.acquire(blocking=False):
        try:
            with contextlib.suppress(IndexError):
                while True:
                    _over.popleft().close()
        finally:
            _clients.release()


@contextlib.contextmanager
def _closing(client: Any) -> Iterator[Any]:
    """Closed for certain when the block is over: what was written is on disk then."""
    try:
        yield client
    finally:
        with _clients:
            client.close()
        _close_those_over()


def connect(url: str, limit: float) -> Any:
    """A client of the Chroma server at `url`, whose requests take at most `limit` seconds. Raises VectorServerError."""
    import chromadb
    import httpx
    from chromadb.config import Settings

    try:
        # First by hand: Chroma's own client waits for ever, and asks before it can be told not to.
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=min(limit, 5.0)).raise_for_status()
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = url if parts.path.strip("/") else str(parts.hostname)  # a path in front of the API is kept
        client: Any = chromadb.HttpClient(
            host, port, ssl=parts.scheme == "https", settings=Settings(anonymized_telemetry=False)
        )
        # It has a second client inside, for the database, and closes the connections of neither.
        sessions, close = [part._server._session for part in (client, client._admin_client)], client.close
        for session in sessions:
            session.timeout = httpx.Timeout(limit)

        def close_all() -> None:
            close()
            for session in sessions:
                session.close()

        client.close = close_all
    except Exception as error:  # httpx, Chroma, and what they make of an answer that is none of Chroma's
        reason = str(error).strip().splitlines()
        raise VectorServerError(url, reason[0] if reason else type(error).__name__) from error
    return client
