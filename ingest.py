"""Refresh the knowledge base: `python ingest.py [PATH ...] [--index DIR] [--course NAME] [--rebuild] [--json]`.

Without a path it takes the course that ships. What it does is told in `knowledge/refresh.py`; this file
only says where the index and the weights are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.embedding import Embedder


def make_embedder(progress: Callable[[int, int, str], None]) -> Embedder:
    from knowledge.embedding import Embedder
    from knowledge.paths import environment
    from knowledge.weights import WeightStore, default_folder

    offline = environment().get("TUTOR_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    return Embedder(WeightStore(default_folder(), offline).fetch(Embedder.name, progress))


def main(argv: list[str] | None = None) -> int:
    try:
        # Imported here: a Ctrl-C meanwhile is one sentence, too.
        from knowledge.command import main as ingest
        from knowledge.paths import environment, index_folder

        env = environment()
        return ingest(
            argv,
            make_embedder=make_embedder,
            default_index=index_folder(env),
            default_course=env.get("TUTOR_COURSE"),
        )
    except KeyboardInterrupt:
        print("Stopped. The knowledge base is as it was.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
