import pytest

from knowledge.followups import with_context

EARLIER = ["what is dropout", "difference between max and average pooling"]


@pytest.mark.parametrize(
    "question", ["and what about the second one?", "why?", "how does it work", "is that faster"]
)
def test_a_question_that_leans_on_the_last_one_takes_its_words_along(question):
    made = with_context(question, EARLIER)
    assert made.startswith(question)
    assert made.endswith("max average pooling")


@pytest.mark.parametrize(
    "question",
    ["what is momentum", "stride", "does this learning rate work for the perceptron", "J(w,b)", "0.0005"],
)
def test_a_question_with_a_subject_of_its_own_is_left_alone(question):
    assert with_context(question, EARLIER) == question


def test_a_follow_up_to_a_follow_up_goes_back_to_the_subject():
    assert with_context("and why?", ["what is dropout", "how come?"]) == "and why? dropout"
    assert with_context("and why?", []) == "and why?"
