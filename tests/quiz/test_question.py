"""What a student types, read and graded."""

import pytest

from tutor.quiz.question import Option, Question, grade, read_choice, read_number, shown

NUMBER = Question(
    "n", 9, "number", "How much?", "Because.", "A heading", answer=0.35, tolerance=0.006, decimals=2,
    mistakes=((0.65, "That is the rest."),),
)  # fmt: skip
CHOICE = Question(
    "c", 9, "choice", "Which?", "Because.", "A heading",
    options=(Option("the *mean*", False, "Not robust."), Option("the median", True, "Robust."), Option("3")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0.35", 0.35), (".35", 0.35), ("-2.5e-3", -0.0025), ("35%", 0.35), ("35 %", 0.35), ("7/20", 0.35),
        ("x = 0.35", 0.35), ("about 0.35 I think", 0.35), ("1,234.5", 1234.5), ("0,35", 0.35), ("−3", -3.0),
        ("it's 12", 12.0), ("2 or 3", None), ("no idea", None), ("", None), ("1/0", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_students_write_them(typed, value):
    assert read_number(typed) == (pytest.approx(value) if value is not None else None)


@pytest.mark.parametrize(
    ("typed", "at"),
    [("b", 1), ("B)", 1), ("option b", 1), ("(b)", 1), ("2", 1), ("The median.", 1), ("b) the median", 1),
     ("the mean", 0), ("3", 2), ("d", None), ("both", None), ("", None)],
)  # fmt: skip
def test_options_are_named_by_letter_number_or_words(typed, at):
    assert read_choice(CHOICE, typed) == at


def test_an_option_that_ends_in_a_bracket_can_be_written_out():
    options = (Option("the mean (of all)", True), Option("the median"))
    question = Question("b", 9, "choice", "Which?", "Because.", "h", options=options)
    assert read_choice(question, "the mean (of all)") == 0


def test_right_wrong_and_the_slip_are_told():
    assert grade(NUMBER, "0.354").right
    assert not grade(NUMBER, "0.36").right
    assert "That is the rest. The answer is 0.35." in grade(NUMBER, "0.65").said
    assert grade(CHOICE, "b").said == "Right. Robust."
    assert grade(CHOICE, "a").said == "Not quite. Not robust. The answer is B: the median."


def test_what_is_no_answer_counts_for_nothing():
    for question, typed in ((NUMBER, "dunno"), (CHOICE, "maybe the mode")):
        told = grade(question, typed)
        assert not told.understood
        assert not told.right


def test_a_question_without_a_usable_key_cannot_be_made():
    with pytest.raises(ValueError, match="finite"):
        Question("n", 1, "number", "?", "!", "h", answer=float("nan"))
    with pytest.raises(ValueError, match="exactly one"):
        Question("c", 1, "choice", "?", "!", "h", options=(Option("a"), Option("b")))


def test_the_precision_asked_for_is_shown():
    assert shown(NUMBER).endswith("*Answer with 2 decimal places.*")
    assert "**B** the median" in shown(CHOICE)
