"""The question set holds together: its evidence is really in the lectures, and its split follows from the ids."""

from pathlib import Path

import pytest

from evaluation.questions import LECTURES, Question, holds, load_questions, split_of, squeeze
from evaluation.stock import plain_text
from knowledge.paths import COURSE

QUESTIONS = load_questions()
ANSWERABLE = [q for q in QUESTIONS if not q.off]


def lecture(path: str) -> str:
    return squeeze(plain_text(COURSE / path))


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda q: q.id)
def test_every_evidence_stands_in_a_lecture_that_is_named_for_it(question):
    texts = [lecture(path) for path in question.files]
    assert question.evidence
    assert [e for e in question.evidence if not any(squeeze(e) in text for text in texts)] == []
    assert [f for f, text in zip(question.files, texts, strict=True) if not holds(question, f, text)] == []


def test_ids_and_questions_occur_once():
    assert len({q.id for q in QUESTIONS}) == len(QUESTIONS)
    assert len({q.text.casefold() for q in QUESTIONS}) == len(QUESTIONS)


def test_the_split_follows_from_the_id_alone():
    assert [q.id for q in QUESTIONS if q.split != split_of(q.id)] == []


def test_the_set_is_large_enough_on_both_sides():
    for split in ("dev", "test"):
        mine = [q for q in QUESTIONS if q.split == split]
        assert sum(not q.off for q in mine) >= 150
        assert sum(q.off for q in mine) >= 30
    off = [q.group for q in QUESTIONS if q.off]
    assert len(off) >= 60
    assert abs(off.count("ml") - off.count("world")) <= 5


@pytest.mark.parametrize("folder", LECTURES)
def test_every_lecture_and_its_notebook_have_questions_of_their_own(folder):
    mine = [q for q in ANSWERABLE if q.group == f"l{int(folder.removeprefix('lecture_'))}"]
    assert len(mine) >= 14
    assert {q.split for q in mine} == {"dev", "test"}
    assert sum(any(path.endswith(".ipynb") for path in q.files) for q in mine) >= 4


def test_evidence_counts_only_in_its_own_file_and_across_line_breaks():
    question = Question("x-1", "why?", "dev", ("a/lecture.md",), ("one two", "three"))
    assert holds(question, "a/lecture.md", "zero one\n  two")
    assert not holds(question, "b/lecture.md", "one two")
    assert not holds(question, "a/lecture.md", "one and two")


def test_an_off_course_question_is_held_by_nothing():
    assert not holds(Question("x-1", "why?", "dev"), "a/lecture.md", "anything")


def test_questions_name_files_as_the_knowledge_base_does():
    named = {Path(file).as_posix() for q in ANSWERABLE for file in q.files}
    assert named == {f"{folder}/{name}" for folder in LECTURES for name in ("lecture.md", "notebook.ipynb")}
