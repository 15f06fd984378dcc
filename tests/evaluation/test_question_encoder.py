"""The training of the question encoder and of the ranking's weights, on a course of four passages."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest

from evaluation import ranking
from evaluation.looked import ELSEWHERE, checksums, elsewhere, read
from evaluation.question_encoder import Trained, tasks_of, train
from knowledge.minilm import MiniLM
from knowledge.question_encoder import fitted
from knowledge.refresh import refresh

COURSE = {
    "a.md": "# Overfitting\n\nThe training error falls while the error on unseen data rises. Regularisation helps.\n",
    "b.md": "# Learning rate\n\nIt scales the gradient in each update of the weights. Too large, and it diverges.\n",
    "c.md": "# Homework\n\nHand in your exam notebook by Friday. It is marked by the group that has learnt by heart.\n",
    "d.md": "# Amplifiers\n\nTurn the knob until the big light is on. Step back, and say how loud it is.\n",
}
QUESTIONS = [
    ("my model learnt the homework by heart but fails the exam", "a.md", "error on unseen data"),
    ("the knob that says how big a step", "b.md", "scales the gradient"),
    ("when is it due", "c.md", "by Friday"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory, minilm_dir):
    from knowledge.embedding import Embedder

    folder = tmp_path_factory.mktemp("course")
    for name, text in COURSE.items():
        (folder / name).write_text(text, encoding="utf-8")
    index, file, embedder = folder / "index", folder / "asked.jsonl", Embedder(minilm_dir)
    refresh([folder], index, embedder)
    lines = [json.dumps({"question": q, "file": f, "evidence": e}) for q, f, e in QUESTIONS]
    file.write_text("\n".join(lines), encoding="utf-8")
    return read(index, str(file), embedder), embedder, index


@pytest.mark.weights
def test_each_question_comes_with_its_candidates_and_the_right_one_among_them(course):
    found, _, _ = course
    assert [one.question for one in found.looked] == [question for question, _, _ in QUESTIONS]
    for one, (_, file, _) in zip(found.looked, QUESTIONS, strict=True):
        assert [found.generation.chunks[row].path for row in one.rows[one.right]] == [file]
        assert all(len(values) == len(one.rows) for values in one.measures.values())


@pytest.mark.weights
def test_training_brings_the_evidence_to_the_top_and_what_is_saved_reads_the_same(course, tmp_path):
    import torch

    found, embedder, _ = course
    torch.manual_seed(0)
    model = MiniLM(embedder.folder / "model.safetensors")
    tasks = list(tasks_of(found, embedder, model))
    trained = Trained(model)
    before = [float(loss.detach()) for loss in trained.losses(tasks)]
    *_, last = train(trained, tasks, 12)
    assert last < np.mean(before)
    trained.save(tmp_path / "encoder.npz")
    again = fitted(tmp_path / "encoder.npz")
    with torch.inference_mode():
        states, mask = model.hidden([tasks[0].ids], trained.way)
        mean = ((states * mask[:, :, None]).sum(1) / mask.sum())[0].numpy()
    (((_, read_again), _),) = MiniLM(embedder.folder / "model.safetensors", again)([tasks[0].ids], "asked")
    assert mean @ read_again / np.linalg.norm(mean) / np.linalg.norm(read_again) > 0.999


@pytest.mark.weights
def test_the_weights_of_the_ranking_move_towards_what_finds_the_evidence(course):
    found, _, _ = course
    asked = [ranking.question_of(one) for one in found.looked]
    start = np.zeros(len(ranking.NAMES))
    assert ranking.hit_at_1(asked, ranking.fit([asked], start)) == 1.0


def test_an_index_without_questions_is_told(capsys):
    with pytest.raises(SystemExit):
        ranking.main(["index"])
    assert "each index needs questions; 1 words were given" in capsys.readouterr().err


def test_evidence_is_known_by_its_checksums_wherever_a_passage_is_cut():
    text = "The learning rate scales the gradient in each update of the weights; too large, and it diverges."
    whole = checksums(text)
    assert checksums(text[10:80].replace(" ", "\n ")) <= whole
    assert whole.isdisjoint(
        checksums(text.replace("rate", "size").replace("each", "every").replace("large", "big")[:70])
    )
    assert len(checksums("short")) == 1


def test_the_questions_over_public_courses_are_whole_and_quote_nothing():
    courses = Counter()
    with gzip.open(ELSEWHERE, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            assert row.keys() <= {"course", "question", "style", "file", "marks", "held_back"}
            assert row["file"]
            assert all(isinstance(mark, int) for mark in row["marks"])
            courses[row["course"], row.get("held_back", False)] += 1
    assert len({course for course, _ in courses}) == 16
    assert sum(count for (_, held), count in courses.items() if not held) > 20_000
    assert len(list(elsewhere("lectures", held_back=True))) == courses["lectures", True]


@pytest.mark.weights
def test_a_course_that_nobody_wrote_questions_for_is_told(course):
    _, embedder, index = course
    with pytest.raises(ValueError, match="no course of that name"):
        read(index, "nobody/nothing", embedder)
