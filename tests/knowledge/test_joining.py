"""Neighbours in a document that answer together come back as one passage."""

import numpy as np
import pytest
from course_maker import code_cell, markdown_cell, notebook

from knowledge.chunking import Chunk
from knowledge.embedding import HashEmbedder
from knowledge.joining import AMONG, LONGEST, PAIRS, grouped, together
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase


def chunk(number, path="a.md", heading=("H",), size=100, kind="prose"):
    text = f"{number} ".ljust(size, "x")
    return Chunk(
        f"id{number}", path, "T", None, heading, number, None, kind, text, text, ((number, size + 2),)
    )


def rows(order, chunks, count=10, scores=None):
    scores = scores or {row: -float(place) for place, row in enumerate(order)}
    return [group for _, group in grouped(order, scores, chunks, count)]


def test_a_row_joins_the_better_of_its_neighbours():
    chunks = [chunk(n) for n in range(6)]
    assert rows([2, 5, 3, 1], chunks) == [(2, 3), (5,), (1,)]
    assert rows([2, 1, 3], chunks) == [(1, 2), (3,)]


def test_a_pair_counts_for_what_both_add_up_to():
    chunks = [chunk(n) for n in range(5)]
    found = grouped([4, 0, 1], {4: 2.1, 0: 2.0, 1: 1.9}, chunks, 10)
    assert [group for _, group in found] == [(0, 1), (4,)]
    assert found[0][0] == pytest.approx(np.log(np.exp(2.0) + np.exp(1.9)))


def test_every_row_comes_once_and_no_more_than_asked_for():
    chunks = [chunk(n) for n in range(30)]
    order = [int(row) for row in np.random.default_rng(0).permutation(30)]
    found = rows(order, chunks, 100)
    assert sorted(row for group in found for row in group) == list(range(30))
    assert rows(order, chunks, 3) == found[:3]


@pytest.mark.parametrize(
    "other",
    [
        chunk(1, path="b.md"),
        chunk(1, size=LONGEST),
        chunk(1, heading=("Exercises",)),
        chunk(1, heading=("H", "Answers")),
    ],
)
def test_other_files_long_passages_tasks_and_their_answers_stay_apart(other):
    assert rows([0, 1], [chunk(0), other]) == [(0,), (1,)]


def test_a_task_and_the_cell_below_it_belong_together():
    assert rows([0, 1], [chunk(n, heading=("Question 1",)) for n in range(2)]) == [(0, 1)]


def test_behind_the_first_places_passages_stay_alone():
    chunks = [chunk(n) for n in range(2 * PAIRS + 4)]
    found = rows(
        list(range(len(chunks))), chunks, 100, {row: -3.0 * (row // 2) for row in range(len(chunks))}
    )
    assert found[:PAIRS] == [(2 * n, 2 * n + 1) for n in range(PAIRS)]
    assert found[PAIRS:] == [(row,) for row in range(2 * PAIRS, len(chunks))]


def test_far_down_the_list_nothing_is_joined():
    chunks = [chunk(n) for n in range(100)]
    order = [*range(0, 2 * AMONG, 2), *range(1, 2 * AMONG, 2)]
    assert rows(order, chunks, 100) == [(row,) for row in order]


def test_a_joined_passage_keeps_the_places_of_both():
    both = together(chunk(0, kind="code"), chunk(1, kind="prose"))
    assert (both.kind, both.cell, both.parts) == ("mixed", 0, ((0, 102), (1, 102)))
    assert sum(length for _, length in both.parts) == len(both.text) + 2
    assert together(chunk(0, kind="maths"), chunk(1)).kind == "prose"


def test_a_question_finds_task_and_solution_in_one_passage_cited_by_the_cell_of_its_sentence(tmp_path):
    task = "# N\n\n## Question 1\n\n" + "Plot how often each arm is pulled over time. " * 16
    cells = (markdown_cell(task), code_cell("counts = tally(pulls)\n" * 26 + "draw_frequencies(counts)"))
    (tmp_path / "n.ipynb").write_text(notebook(*cells), encoding="utf-8")
    embedder = HashEmbedder()
    refresh([tmp_path], tmp_path / "index", embedder)
    base = KnowledgeBase.open(tmp_path / "index", embedder)
    assert base.chunk_count > 1
    best = base.search("how often is each arm pulled: draw_frequencies")[0]
    assert "Plot how often" in best.text
    assert "draw_frequencies(counts)" in best.text
    assert best.best_sentence in best.text
    assert (best.cells, best.kind) == ((0, 1), "mixed")
    opened = [view for view in base.section("n.ipynb") if best.id in view.passages]
    assert any(best.best_sentence in view.text for view in opened)
