"""What several benchmarks need: the shipped course in an index of its own, with the real embedding model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.weights import WeightStore, default_folder
from tutor.library import Library


@contextmanager
def course() -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "index", WeightStore(default_folder()))
        library.wait()
        yield library
