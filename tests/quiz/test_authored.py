"""The written questions: the format, and every file that ships."""

from pathlib import Path

import pytest

from knowledge.paths import COURSE
from tutor.quiz.authored import BadQuizError, authored, read_quiz
from tutor.quiz.question import grade, letter

GOOD = """
- id: why-explore
  question: Why explore?
  heading: Why do we explore?
  skill: exploring
  hints: [one, two, three]
  solution: To find out.
  options:
    - {text: To learn, right: true, why: Yes.}
    - {text: For fun, why: No.}
- id: how-many
  question: How many arms?
  heading: What is a bandit?
  skill: counting
  hints: [one, two, three]
  solution: Ten.
  answer: 10
  decimals: 0
  mistakes: [{value: 9, why: One is missing.}]
"""
FILES = sorted(COURSE.glob("*/quiz.yaml"))
each_file = pytest.mark.parametrize("file", FILES, ids=[file.parent.name for file in FILES])


def write(tmp_path, text, folder="lecture_03"):
    place = tmp_path / folder
    place.mkdir()
    (place / "quiz.yaml").write_text(text, encoding="utf-8")
    return place / "quiz.yaml"


def test_a_file_is_read_in_order_with_ids_of_its_folder(tmp_path):
    first, second = read_quiz(write(tmp_path, GOOD))
    assert (first.id, first.lecture, first.kind) == ("lecture_03/why-explore", 3, "choice")
    assert grade(second, "10").right
    assert "One is missing." in grade(second, "9").said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.replace("  skill: exploring\n", ""), "entry 1 has no skill"),
        (lambda t: t.replace("right: true, ", ""), "exactly one right option"),
        (lambda t: t.replace("answer: 10", "answer: ten"), "entry 2"),
        (lambda t: t.replace("[one, two, three]", "[one]", 1), "has 1 hints"),
        (lambda t: t.replace("  answer: 10\n", ""), "either options or an answer"),
        (lambda t: "a: [", "is not YAML"),
        (lambda t: "a: b", "no list"),
    ],
)
def test_a_bad_entry_is_named(tmp_path, change, said):
    with pytest.raises(BadQuizError, match=said):
        read_quiz(write(tmp_path, change(GOOD)))


def test_an_id_used_twice_is_refused(tmp_path):
    write(tmp_path, GOOD + GOOD.replace("how-many", "how-many-2"))
    with pytest.raises(BadQuizError, match="used twice"):
        authored(tmp_path)


@each_file
def test_a_shipped_file_has_enough_questions_whose_headings_exist(file: Path):
    questions = read_quiz(file)
    assert len(questions) >= 8
    text = (file.parent / "lecture.md").read_text(encoding="utf-8")
    for question in questions:
        assert f"\n## {question.heading}\n" in text, question.heading
        assert len(question.skill) <= 60
        said = [
            question.prompt,
            question.solution,
            *question.hints,
            *(o.text + o.why for o in question.options),
        ]
        assert all(text.count("$") % 2 == 0 for text in said), question.id
        assert len({*question.hints}) == 3


@each_file
def test_a_shipped_choice_explains_every_option_and_the_right_one_is_not_always_the_same_letter(file: Path):
    choices = [question for question in read_quiz(file) if question.kind == "choice"]
    assert choices
    for question in choices:
        assert 3 <= len(question.options) <= 5, question.id
        assert all(option.why for option in question.options), question.id
        assert len({option.text for option in question.options}) == len(question.options)
    rights = {letter(next(i for i, o in enumerate(q.options) if o.right)) for q in choices}
    assert len(rights) >= 2
