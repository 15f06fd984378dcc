"""Exercises: read from every lecture, cut into rungs that give nothing away, and checked by numbers."""

import re

import pytest

from knowledge.paths import COURSE
from knowledge.search import Passage
from tutor.teaching.exercises import (
    Exercise,
    check_answer,
    first_step,
    is_answer_key,
    numbers_in,
    parse_exercises,
    results,
)

LECTURES = sorted(COURSE.glob("lecture_*/lecture.md"))


def of_lecture(number):
    text = LECTURES[number - 1].read_text(encoding="utf-8")
    section = re.search(r"^## Exercises with worked answers\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    return parse_exercises(section[1], number)


ALL = [exercise for number in range(1, 13) for exercise in of_lecture(number)]


def ids(exercise):
    return f"{exercise.lecture}.{exercise.number}"


def test_every_lecture_has_exercises_numbered_from_one_each_with_an_answer():
    assert len(LECTURES) == 12
    for number in range(1, 13):
        found = of_lecture(number)
        assert [one.number for one in found] == list(range(1, len(found) + 1))
        assert len(found) >= 4
        assert all(one.text and one.answer for one in found)
        assert not any("Answer" in one.text for one in found)


@pytest.mark.parametrize("exercise", ALL, ids=ids)
def test_the_first_step_is_a_beginning_that_is_not_the_whole_answer(exercise):
    step = first_step(exercise.answer)
    shown = step.replace(" =\\ ?$", "")
    assert len(shown) < len(exercise.answer)
    assert exercise.answer.startswith(shown.rstrip("$ "))  # the course's own words
    final, _ = results(exercise.answer)
    if "?" in step and final:
        last = re.split(r"[=;,:]", step)[-2:]
        assert f"= {final[-1]:g}$" not in "".join(last)
    assert step.count("$") % 2 == 0


@pytest.mark.parametrize(
    ("lecture", "number", "typed"),
    [
        (2, 1, "7 and 1"),
        (2, 2, "w = 3.5, b = 0.5"),
        (3, 5, "1.5, -0.1, 0.5, 2.5, 0"),
        (4, 2, "139"),
        (5, 2, "2.303, (0.7, 0.2, -0.9)"),
        (6, 3, "0.75"),
        (6, 3, "75%"),
        (7, 1, "14"),
        (7, 2, "18,496"),
        (8, 4, "8192 and 0.78%"),
        (9, 1, "i think it is 4"),
        (9, 4, "3/100"),
        (10, 5, "4 and 2"),
        (11, 1, "0.76, -0.64"),
        (11, 2, "21"),
        (12, 1, "rmse 1.732 and mae 1.667"),
        (12, 4, "2.53"),
    ],
)
def test_the_right_numbers_agree_with_the_worked_answer(lecture, number, typed):
    found = check_answer(of_lecture(lecture)[number - 1], typed)
    assert found.right or found.partly


@pytest.mark.parametrize(
    ("lecture", "number", "typed"),
    [
        (2, 1, "7 and 1"),
        (2, 2, "3.5 and 0.5"),
        (4, 2, "139"),
        (6, 2, "0.777"),
        (10, 5, "4, 2"),
        (12, 1, "1.732, 1.667"),
    ],
)
def test_all_the_numbers_asked_for_are_simply_right(lecture, number, typed):
    assert check_answer(of_lecture(lecture)[number - 1], typed).right


@pytest.mark.parametrize(
    ("lecture", "number", "typed"),
    [(4, 2, "140"), (9, 1, "5"), (2, 1, "7 and 2"), (6, 3, "0.7"), (12, 2, "0.39")],
)
def test_a_wrong_number_does_not_agree(lecture, number, typed):
    found = check_answer(of_lecture(lecture)[number - 1], typed)
    assert not found.right
    assert not found.partly
    assert found.known


def test_half_of_what_was_asked_is_right_as_far_as_it_goes():
    found = check_answer(of_lecture(10)[4], "2")  # SARSA's number; Q-learning's is missing
    assert (found.right, found.partly) == (False, True)


def test_an_open_answer_or_one_in_words_is_not_marked():
    assert not check_answer(of_lecture(4)[0], "1 and 1").known  # "for instance ... many others work"
    assert not check_answer(of_lecture(3)[3], "2").known
    assert check_answer(of_lecture(3)[3], "it overfits") is None


@pytest.mark.parametrize(
    "text",
    [
        "1. What is $2 + 3$?\n\nAnswer: $2 + 3 = 5$.\n\n2. And $2 - 3$?\n\nAnswer: $2 - 3 = -1$.",
        "### Exercise 1\n\nWhat is $2 + 3$?\n\n**Solution.** $2 + 3 = 5$.\n\n"
        "### Exercise 2\n\nAnd?\n\n**Solution:** $-1$.",
        "**Exercise 1.** What is $2 + 3$?\n\n*Answer:* $2 + 3 = 5$.\n\n**Exercise 2.** And?\n\n*Answer:* $-1$.",
        "Exercise 1: What is $2 + 3$?\n\nSolution: $2 + 3 = 5$.\n\nExercise 2: And?\n\nSolution: no.",
    ],
)
def test_the_usual_ways_of_writing_exercises_are_read(text):
    found = parse_exercises(text, 4)
    assert [one.number for one in found] == [1, 2]
    assert found[0].text == "What is $2 + 3$?"
    assert found[0].answer == "$2 + 3 = 5$."


def test_a_list_inside_an_exercise_stays_inside_and_an_exercise_may_have_no_answer():
    found = parse_exercises("1. Put in order:\n\n2) b\n\n2. Draw a line.\n\n3. Done?", 4)
    assert found[0].text == "Put in order:" or "b" in found[0].text
    assert all(one.answer == "" for one in found)
    assert first_step("") == ""
    assert not check_answer(found[0], "3").known


def test_passages_among_exercises_and_answers_count_as_keys():
    def passage(*heading):
        return Passage("", "a.md", "t", heading, None, None, 3, "text", "prose", 0.0, 0.0, "")

    assert is_answer_key(passage("Exercises with worked answers"))
    assert is_answer_key(passage("The notebook", "Answers"))
    assert not is_answer_key(passage("What is regret?"))
    assert not is_answer_key(passage())


def test_numbers_are_read_as_students_and_lectures_write_them():
    assert numbers_in("$18{,}496$ and 0.78\\% or 1/4, −3") == pytest.approx([18496.0, 0.0078, 0.25, -3.0])
    assert numbers_in("no idea") == []


def test_an_exercise_names_itself():
    assert Exercise(3, 2, "", (), "a", "b").name == "exercise 2 of lecture 3"
