"""The course that is evaluated: the lectures that the questions are about, indexed afresh in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evaluation.questions import LECTURES
from knowledge.paths import COURSE
from knowledge.weights import WeightStore, default_folder
from tutor.library import EMBEDDING, Library


@dataclass(frozen=True)
class Course:
    folder: Path  # a copy of the lectures
    library: Library  # ready
    embedder: Any
    scratch: Path  # temporary, for whatever else an evaluation writes


@contextmanager
def indexed_course() -> Iterator[Course]:
    """The lectures, indexed with the real embedding model; everything is gone afterwards."""
    from knowledge.embedding import Embedder

    store = WeightStore(default_folder())
    embedder = Embedder(store.fetch(EMBEDDING))
    with TemporaryDirectory(prefix="evaluation-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        folder = scratch / "course"
        for lecture in LECTURES:
            shutil.copytree(COURSE / lecture, folder / lecture)
        library = Library(scratch / "index", store, course=(folder,), embedder=embedder)
        library.wait()
        yield Course(folder, library, embedder, scratch)
