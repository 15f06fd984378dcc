"""One generation's vectors in a Chroma server, for several copies of the tutor that share an index folder.

    index/
      server.id            whose collections these are: several indexes may use one server
      gen-7/server.json    the collection that holds this generation's vectors

Everything else of a generation (passages, words, the vectors as plain arrays) is in the shared folder as ever, and so
is the pointer: a collection is complete before CURRENT names its generation, and it is removed only when no folder
names it any more. A search never waits for a server that is down: the vectors are in memory too, and compared there,
exactly, until the server is back. What is wrong is logged once, in one sentence.

Chroma itself is reached through `connect`, which `knowledge.index` hands in.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.errors import VectorServerError

Connect = Callable[[str, float], Any]
"""(address, seconds that one request may take) to an open client. Raises VectorServerError."""

NOTE = "server.json"
MARK = "server.id"
ASK_LIMIT = 2.0  # seconds for a search: after that, memory answers
WRITE_LIMIT = 120.0  # seconds for one batch of an ingest
PAUSE = 10.0  # seconds between two looks at a server that did not answer
PAGE = 100  # collections listed at a time

log = logging.getLogger(__name__)


class ServerVectors:
    """The collection of one generation, open for reading. Safe to use from several threads; never raises."""

    def __init__(self, folder: Path, wanted: int, url: str, connect: Connect) -> None:
        self._folder, self._wanted, self._url, self._connect = folder, wanted, url, connect
        self._collection: Any = None
        self._close: Callable[[], Any] = lambda: None
        self._quiet_until = 0.0
        self._looking = threading.Lock()
        self.trouble = ""  # one sentence while the server does not serve
        self._look()

    def nearest(self, vector: np.ndarray, count: int) -> list[tuple[str, float]] | None:
        """(id, cosine similarity) of the nearest passages, nearest first; None while the server does not serve."""
        collection = self._collection
        if collection is None:
            self._look_again()
            return None
        try:
            found = collection.query(query_embeddings=vector[None, :], n_results=count, include=["distances"])
        except Exception as error:  # whatever the network, the server or its client make of it
            self._lost(VectorServerError(self._url, _why(error)))
            return None
        pairs = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
        return [(id, 1.0 - float(distance)) for id, distance in pairs]

    def _look_again(self) -> None:
        """Look in the background whether the server is back; a student's question does not wait for that."""
        if time.monotonic() >= self._quiet_until and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look_and_release, name="vector-server", daemon=True).start()

    def _look_and_release(self) -> None:
        try:
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        try:
            client = self._connect(self._url, ASK_LIMIT)
        except VectorServerError as error:
            self._lost(error)
            return
        try:
            collection = _whole(client, self._folder, self._wanted, self._url)
        except VectorServerError as error:
            client.close()
            self._lost(error)
            return
        self._close()
        self._close = weakref.finalize(self, client.close)
        self._collection = collection
        if self.trouble:
            log.warning("The Chroma server at %s answers again.", shown(self._url))
        self.trouble = ""

    def _lost(self, error: VectorServerError) -> None:
        self._collection = None
        self._quiet_until = time.monotonic() + PAUSE
        if not self.trouble:
            log.warning("%s Until then searches are answered from memory.", error)
        self.trouble = str(error)


def write(folder: Path, batches: Iterator[dict[str, Any]], wanted: int, url: str, connect: Connect) -> None:
    """Make the collection of a new generation. Raises VectorServerError; what was begun is then removed."""
    name = f"course-{uuid.uuid4().hex}"
    about = {"index": _mark(folder.parent), "generation": folder.name}
    with contextlib.closing(connect(url, WRITE_LIMIT)) as client:
        try:
            # cosine, as in a folder; everything else is left at its default on purpose
            collection = client.create_collection(
                name, metadata=about, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
            for batch in batches:
                collection.add(**batch)
            (folder / NOTE).write_text(json.dumps({"collection": name}), encoding="utf-8")
            _whole(client, folder, wanted, url)
        except OSError:
            raise
        except Exception as error:
            with contextlib.suppress(Exception):  # if not now, the next ingest sweeps it away
                client.delete_collection(name)
            if isinstance(error, VectorServerError):
                raise
            raise VectorServerError(url, _why(error)) from error


def is_whole(folder: Path, wanted: int, url: str, connect: Connect) -> bool:
    """Whether the server has all vectors of a generation. Raises VectorServerError when it does not answer."""
    with contextlib.closing(connect(url, ASK_LIMIT)) as client:
        try:
            _whole(client, folder, wanted, url)
        except VectorServerError:
            return False
    return True


def sweep(index_dir: Path, url: str, connect: Connect) -> None:
    """Remove this index's collections that no generation names. Call with the writer's lock held."""
    named = {_collection_of(folder) for folder in index_dir.glob("gen-*")}
    mark = _mark(index_dir)
    try:
        with contextlib.closing(connect(url, WRITE_LIMIT)) as client:
            for collection in list(_all(client)):
                if (collection.metadata or {}).get("index") == mark and collection.name not in named:
                    client.delete_collection(collection.name)
    except Exception as error:  # the index is complete without it, and the next ingest sweeps again
        log.warning("Collections of earlier generations were left on the Chroma server: %s", error)


def _all(client: Any) -> Iterator[Any]:
    start = 0
    while page := client.list_collections(limit=PAGE, offset=start):
        yield from page
        start += len(page)


def _whole(client: Any, folder: Path, wanted: int, url: str) -> Any:
    """The collection of a generation, with all its passages in it. Raises VectorServerError."""
    name = _collection_of(folder)
    if name is None:
        raise VectorServerError(url, "these vectors were never brought there: run `python ingest.py`")
    try:
        collection = client.get_collection(name, embedding_function=None)
        found = collection.count()
    except Exception as error:
        raise VectorServerError(url, _why(error)) from error
    if found != wanted:
        raise VectorServerError(url, f"{found} passages where {wanted} should be: run `python ingest.py`")
    return collection


def _collection_of(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / NOTE).read_text(encoding="utf-8"))["collection"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mark(index_dir: Path) -> str:
    """The id of an index, made at its first ingest and the same ever after."""
    file = index_dir / MARK
    try:
        found = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        found = ""
    if not found:
        found = uuid.uuid4().hex
        file.write_text(found, encoding="ascii")
    return found


def shown(url: str) -> str:
    """An address without the name and the password that may be in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _why(error: Exception) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
