"""A question of daily life is nearer to the subjects elsewhere than one of the course; measured with the real model."""

import pytest

from tutor.checking.daily import elsewhere, subjects

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def embed(minilm_dir):
    from knowledge.embedding import Embedder

    return Embedder(minilm_dir).embed


def test_the_course_is_further_from_them_than_daily_life(embed):
    course = ["why do we decay epsilon", "what is gradient descent", "how does an lstm remember"]
    life = [
        "how do i paint the walls of my bedroom",
        "which bus goes to the airport",
        "how long do i bake bread",
    ]
    assert max(elsewhere(q, embed) for q in course) < min(elsewhere(q, embed) for q in life)


def test_they_are_embedded_once(embed):
    calls = []

    class Counting:
        def embed(self, texts):
            calls.append(len(texts))
            return embed(texts)

    model = Counting()
    for question in ("is it raining", "how tall is everest"):
        elsewhere(question, model.embed)
    assert calls.count(len(subjects())) <= 1
    assert [n for n in calls if n != len(subjects())] == [1, 1, 1]  # which model it is, and two questions
