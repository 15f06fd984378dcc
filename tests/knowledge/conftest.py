"""A small course to ingest, and the real embedding model where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from course_maker import BANDIT, REGRESSION, CountingEmbedder, code_cell, markdown_cell, notebook

from knowledge.embedding import Embedder


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    (folder / "lecture_09").mkdir(parents=True)
    (folder / "lecture_02").mkdir()
    (folder / "lecture_09" / "lecture.md").write_text(BANDIT, encoding="utf-8")
    (folder / "lecture_02" / "lecture.md").write_text(REGRESSION, encoding="utf-8")
    cells = (
        markdown_cell("# Hands on\n\n## Picking an arm\n\nThe greedy choice with a pinch of chance."),
        code_cell("def select_arm(values, epsilon):\n    return values.argmax()"),
        code_cell("print(mean_reward)", {"output_type": "stream", "name": "stdout", "text": ["1.3512\n"]}),
    )
    (folder / "lecture_09" / "notebook.ipynb").write_text(notebook(*cells), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    """The real embedding model; skipped with a reason where it is missing, failed on a build server."""
    folder = _find_minilm()
    if folder is None:
        reason = "all-MiniLM-L6-v2 is not on this computer: run `python ingest.py` once to fetch it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Embedder(folder)


def _find_minilm() -> Path | None:
    if named := os.environ.get("ML_TUTOR_TEST_MINILM"):
        return Path(named)
    from knowledge.weights import WeightStore, default_folder

    return WeightStore(default_folder()).path(Embedder.name)
