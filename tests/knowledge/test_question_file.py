import json

import pytest

from knowledge.question_file import holds, read_questions

COURSE = {"one/lecture.md": "Regret is the reward\nlost by exploring.", "two.md": "A loss is a number."}
GOOD = {"question": "what is regret", "file": "one/lecture.md", "evidence": "reward lost"}


def read(tmp_path, *lines):
    file = tmp_path / "q.jsonl"
    file.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8"
    )
    return read_questions(file, COURSE, COURSE.__getitem__)


def test_a_question_is_read_with_its_evidence_across_line_breaks(tmp_path):
    (question,), wrong = read(tmp_path, GOOD)
    assert wrong == []
    assert not question.off
    assert holds(question, "one/lecture.md", COURSE["one/lecture.md"])
    assert not holds(question, "two.md", COURSE["one/lecture.md"])


def test_lists_of_files_and_of_evidence_are_taken(tmp_path):
    (question,), wrong = read(
        tmp_path, {**GOOD, "file": ["one/lecture.md", "two.md"], "evidence": ["a number"]}
    )
    assert (question.files, wrong) == (("one/lecture.md", "two.md"), [])


def test_an_off_course_question_needs_no_file(tmp_path):
    (question,), wrong = read(tmp_path, {"question": "capital of peru", "answerable": False})
    assert question.off
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[1]", "list"),
        ({"answerable": False}, '"question"'),
        ({"question": " ", "answerable": False}, '"question"'),
        ({"question": "x", "answerable": "no"}, '"answerable"'),
        ({"question": "x"}, '"answerable": false'),
        ({**GOOD, "file": "one/lectur.md"}, "near it are one/lecture.md"),
        ({**GOOD, "evidence": "not there"}, "does not stand in one/lecture.md"),
        ({**GOOD, "evidence": []}, '"evidence"'),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_costs_itself_alone(tmp_path, line, says):
    questions, wrong = read(tmp_path, GOOD, "", line, {**GOOD, "question": "why regret"})
    assert [q.id for q in questions] == ["1", "4"]
    assert len(wrong) == 1
    assert wrong[0].startswith("Line 3 of ")
    assert says in wrong[0]
