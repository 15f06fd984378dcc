"""The training of the question encoder and of the ranking's weights, on a course of four passages."""

import gzip
import json
import random
from collections import Counter

import numpy as np
import pytest

from evaluation import ranking
from evaluation.looked import ELSEWHERE, checksums, elsewhere, read
from evaluation.question_encoder import (
    ALIKE,
    BATCH,
    Task,
    Trained,
    batches,
    counts_of,
    slipped,
    tasks_of,
    train,
)
from knowledge.minilm import MiniLM
from knowledge.question_encoder import fitted
from knowledge.ranking import score
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
    trained = Trained(model, counts_of(embedder))
    before = [float(loss.detach()) for loss in trained.losses(tasks)]
    *_, last = train(trained, tasks, 12, embedder)
    assert last < np.mean(before)
    trained.save(tmp_path / "encoder.npz")
    again = fitted(tmp_path / "encoder.npz")
    with torch.inference_mode():
        states, mask = model.hidden([tasks[0].ids], trained.way)
        mean = ((states * mask[:, :, None]).sum(1) / mask.sum())[0].numpy()
    (((_, read_again), _),) = MiniLM(embedder.folder / "model.safetensors", again)([tasks[0].ids], "asked")
    assert mean @ read_again / np.linalg.norm(mean) / np.linalg.norm(read_again) > 0.999


@pytest.mark.weights
def test_what_is_kept_lies_half_way_between_the_beginning_and_the_mean_of_the_steps(course, monkeypatch):
    found, embedder, _ = course
    monkeypatch.setattr("evaluation.question_encoder.MEMORY", 0.0)  # the mean is the last step alone
    monkeypatch.setattr("evaluation.question_encoder.ALTERED", 1.0)
    model = MiniLM(embedder.folder / "model.safetensors")
    tasks = list(tasks_of(found, embedder, model))
    trained = Trained(model, counts_of(embedder))
    asked, losses = [], trained.losses
    monkeypatch.setattr(trained, "losses", lambda batch: asked.extend(batch) or losses(batch))
    began = [part.detach().numpy().copy() for part in trained.all()]
    epochs = train(trained, tasks, 1, embedder)
    next(epochs)
    last = [part.detach().numpy().copy() for part in trained.all()]
    assert not any(epochs)
    for part, first, then in zip(trained.all(), began, last, strict=True):
        assert part.detach().numpy() == pytest.approx((first + then) / 2, abs=1e-6)
    assert {task.question for task in asked} == {task.question for task in tasks}
    assert sorted(task.ids for task in asked) != sorted(task.ids for task in tasks)


@pytest.mark.weights
def test_what_training_scores_is_what_search_scores(course):
    import torch

    found, embedder, _ = course
    model = MiniLM(embedder.folder / "model.safetensors")
    trained = Trained(model, counts_of(embedder))
    for one, task in zip(found.looked, tasks_of(found, embedder, model), strict=True):
        with torch.no_grad():
            (loss,) = trained.losses([task])
        scores = score(one.measures)
        assert len(task.words) == len(scores)
        short = np.log(np.exp(scores).sum()) - np.log(np.exp(scores[one.right]).sum())
        assert float(loss) == pytest.approx(short, abs=0.05)


@pytest.mark.weights
def test_evidence_that_the_first_search_misses_is_put_among_the_candidates(course, tmp_path, monkeypatch):
    _, embedder, index = course
    monkeypatch.setattr("evaluation.looked.CANDIDATES", 1)
    file = tmp_path / "asked.jsonl"
    file.write_text(
        json.dumps({"question": "how do amplifiers sound", "file": "c.md", "evidence": "by Friday"})
    )
    assert read(index, str(file), embedder).looked == []
    (one,) = read(index, str(file), embedder, missed=True).looked
    assert one.right.sum() == 1
    assert len(one.rows) > 1


def test_a_slip_leaves_a_question_readable_and_never_empty():
    rng, question = random.Random(0), "how does the learning rate matter"
    made = [slipped(question, rng) for _ in range(200)]
    assert question in made
    assert len(set(made)) > 20
    assert all(4 <= len(text.split()) <= 6 and abs(len(text) - len(question)) <= 10 for text in made)
    assert {slipped("why", rng) for _ in range(20)} == {"why"}


def test_every_question_is_asked_once_an_epoch_beside_those_of_its_length():
    tasks = [Task("", [0] * (number % 17 + 3), [], None, None, None) for number in range(ALIKE + 5)]
    made = list(batches(tasks, np.random.default_rng(0)))
    assert sorted(id(task) for batch in made for task in batch) == sorted(map(id, tasks))
    assert max(map(len, made)) == BATCH
    spread = [max(len(t.ids) for t in batch) - min(len(t.ids) for t in batch) for batch in made]
    assert np.mean(spread) < 2
    assert [len(batch[0].ids) for batch in made] != sorted(len(batch[0].ids) for batch in made)


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
    assert len({course for course, _ in courses}) == 33
    assert sum(count for (_, held), count in courses.items() if not held) > 50_000
    assert len(list(elsewhere("lectures", held_back=True))) == courses["lectures", True]


@pytest.mark.weights
def test_a_course_that_nobody_wrote_questions_for_is_told(course):
    _, embedder, index = course
    with pytest.raises(ValueError, match="no course of that name"):
        read(index, "nobody/nothing", embedder)
