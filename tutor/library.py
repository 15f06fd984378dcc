"""The course's knowledge base as the tutor holds it: fetched, built and opened in the background.

The page must open at once on a fresh machine, while the embedding weights are still on their way and no index has been
built. A `Library` does that work in a thread and says where it stands; whoever needs the knowledge base waits for it,
or goes on without.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from knowledge.command import as_dict
from knowledge.errors import IndexVersionError, IngestBusyError, KnowledgeError, MissingIndexError
from knowledge.generations import current_name
from knowledge.manifest import read_manifest
from knowledge.paths import COURSE
from knowledge.reading import Opened, Shelf
from knowledge.refresh import IngestReport, Progress, refresh
from knowledge.search import KnowledgeBase
from knowledge.sources import remembered, with_added
from knowledge.weights import WeightsError, WeightStore
from tutor.errors import LibraryError
from tutor.refreshing import Refresher
from tutor.vectors import RememberedVectors

EMBEDDING = "all-minilm-l6-v2"
OTHERS = 1.0  # seconds between two looks at an index that another process builds

State = Literal["starting", "downloading", "building", "ready", "failed"]


@dataclass(frozen=True)
class LibraryStatus:
    """`fraction` is in [0, 1] and only meaningful while downloading or building."""

    state: State
    message: str
    fraction: float = 0.0


class Library:
    """Owns the embedder and the open knowledge base of one index folder. Safe to share between threads."""

    def __init__(
        self,
        index_dir: Path,
        weights: WeightStore,
        *,
        course: Sequence[Path] = (COURSE,),
        embedder: Any = None,
        build: bool = True,
        renew: bool = True,
        beside: Library | None = None,
    ) -> None:
        """`embedder` stands in for the real one in tests; with `build` false a missing index is an error, with `renew`
        false one of another version.

        A library `beside` another one uses that one's embedding model: it is in memory once.
        """
        self.index_dir = index_dir
        self._weights = weights
        self._course = tuple(course)
        self._embedder = embedder
        self._beside = beside
        self._vectors = RememberedVectors()
        self._build, self._renew = build, renew
        self._base: KnowledgeBase | None = None
        self._error: LibraryError | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._shelf: tuple[str, Shelf] | None = None
        self.status = LibraryStatus("starting", "Opening the course")
        self.refresher = Refresher(self._refresh)

    def start(self) -> None:
        """Begin in the background; a second call does nothing, except after a failure, where it tries again."""
        with self._lock:
            if self._thread is not None and (self._thread.is_alive() or self._error is None):
                return
            self._error = None
            self._ended.clear()
            self._thread = threading.Thread(target=self._open, name="library", daemon=True)
            self._thread.start()

    def wait(
        self, timeout: float | None = None, tick: Callable[[LibraryStatus], None] | None = None
    ) -> KnowledgeBase:
        """The open knowledge base, as soon as there is one; `tick` is called about five times a second meanwhile.

        Raises
        ------
        LibraryError
            When it cannot be had, or is not there after `timeout` seconds; the message says what to do.
        """
        self.start()
        waited = 0.0
        while not self._ended.wait(0.2 if tick else timeout):
            waited += 0.2
            if tick is None or (timeout is not None and waited >= timeout):
                raise LibraryError(
                    f"The course is not ready yet ({self.status.message.lower()}). Ask again in a moment."
                )
            tick(self.status)
        if self._base is None:
            raise self._error or LibraryError("The course cannot be opened.")
        return self._base

    @property
    def ready(self) -> KnowledgeBase | None:
        """The knowledge base where it is open already, else None. Never waits."""
        return self._base

    @property
    def embedder(self) -> Any:
        """The embedding model, fetched on first use; blocking."""
        if self._embedder is None and self._beside is not None:
            self._embedder = self._beside.embedder
        if self._embedder is None:
            from knowledge.embedding import Embedder

            folder = self._weights.fetch(EMBEDDING, self._downloading)
            self._embedder = Embedder(folder)
        return self._embedder

    def embed(self, texts: list[str]) -> np.ndarray:
        """Unit vectors (n, dimension) of short texts; blocking on first use."""
        return self._vectors.of(texts, lambda new: self.embedder.embed(new))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The folders that the course is read from, that of added files among them; () where nobody knows."""
        known = remembered(self.index_dir)
        paths = known.paths if known is not None else self._course if self._build else ()
        return with_added(paths, self.index_dir)

    def document(self, path: str) -> Opened:
        """A document of the course as it is read: its sections, with pictures.

        Raises
        ------
        LibraryError
            The course is not open yet.
        UnknownDocumentError
            There is no such document in the course.
        """
        base = self.ready
        if base is None:
            raise LibraryError(f"The course is not ready yet ({self.status.message.lower()}).")
        views = base.section(path)
        sha256 = next((file.sha256 for file in base.files() if file.path == path), "")
        return self.shelf(base).open(path, views, sha256)

    def shelf(self, base: KnowledgeBase) -> Shelf:
        """The files of the course; looked for once a generation."""
        name, known = base.generation, self._shelf
        if known is None or known[0] != name:
            known = self._shelf = (name, Shelf(self.sources))
        return known[1]

    def refresh_now(self, tell: Callable[[float, str], None]) -> dict[str, Any]:
        """Refresh the course and wait; gives the report as plain data. `tell` hears (fraction, what is being done).

        Raises
        ------
        LibraryError
            A refresh is under way already, or it failed; the old index still answers.
        """

        def progress(what: str, done: int, total: int) -> None:
            tell(done / total if total else 0.0, what)

        return as_dict(self.refresher.run(self.sources, progress))

    def _refresh(self, paths: Sequence[Path], progress: Progress) -> IngestReport:
        if not paths:
            raise LibraryError(
                "Nobody knows which folder this course was read from. "
                "Run `python ingest.py FOLDER --course NAME` once; after that it can be refreshed here."
            )
        report = refresh(paths, self.index_dir, self.embedder, progress=progress)
        self._shelf = None
        if self._base is None:
            self.start()  # there was nothing to open before
        return report

    def _open(self) -> None:
        try:
            embedder = self.embedder
            try:
                base = KnowledgeBase.open(self.index_dir, embedder)
            except (MissingIndexError, IndexVersionError) as error:
                # Another version's index is of no use; what it was read from is, where it is still there.
                old = isinstance(error, IndexVersionError)
                there = bool(self.sources) and all(path.exists() for path in self.sources)
                if not (there and self._renew if old else self._build):
                    raise
                self._build_index(anew=old)
                base = KnowledgeBase.open(self.index_dir, embedder)
            base.search(
                "warm up", k=1
            )  # the first query loads the model; better now than when a student waits
            self._base = base
            self.status = LibraryStatus("ready", "The course is ready", 1.0)
        except (KnowledgeError, WeightsError) as error:
            self._fail(str(error), error)
        except Exception as error:  # a thread that dies in silence would leave everybody waiting
            self._fail(
                f"The course cannot be opened ({type(error).__name__}: {error}). Try `python ingest.py --rebuild`.",
                error,
            )
        finally:
            self._ended.set()

    def _fail(self, message: str, cause: Exception) -> None:
        self._error = LibraryError(message)
        self._error.__cause__ = cause
        self.status = LibraryStatus("failed", message)

    def _build_index(self, anew: bool) -> None:
        when = "again, for this version of the tutor" if anew else "for the first time"
        self.status = LibraryStatus("building", f"Reading the lectures {when}")

        def progress(what: str, done: int, total: int) -> None:
            self.status = LibraryStatus("building", what, done / total if total else 0.0)

        while True:
            try:
                sources = self.sources if anew else with_added(self._course, self.index_dir)
                refresh(sources, self.index_dir, self.embedder, progress=progress)
                return
            except IngestBusyError:
                # Several copies of the tutor started on one empty folder, and another one builds.
                self.status = LibraryStatus(
                    "building", "Waiting for the lectures, which are being read already"
                )
                time.sleep(OTHERS)
            with suppress(KnowledgeError, FileNotFoundError):
                read_manifest(self.index_dir / current_name(self.index_dir), self.embedder.name)
                return

    def _downloading(self, done: int, total: int, what: str) -> None:
        self.status = LibraryStatus("downloading", what, done / total if total else 0.0)
