"""Refresh the knowledge base: `python ingest.py [PATH ...] [--index DIR] [--course NAME] [--rebuild] [--json]`.

Without a path it takes the course that ships. What it does is told in `knowledge/refresh.py`; this file
only says where the index and the weights are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from knowledge.command import main as ingest
from knowledge.embedding import Embedder
from knowledge.paths import environment, index_folder


def make_embedder(progress: Callable[[int, int, str], None]) -> Embedder:
    from knowledge.weights import WeightStore, default_folder

    offline = environment().get("TUTOR_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    return Embedder(WeightStore(default_folder(), offline).fetch(Embedder.name, progress))


def main(argv: list[str] | None = None) -> int:
    env = environment()
    return ingest(
        argv,
        make_embedder=make_embedder,
        default_index=index_folder(env),
        default_course=env.get("TUTOR_COURSE"),
    )


if __name__ == "__main__":
    sys.exit(main())
