"""A text is embedded once, for as long as it is remembered."""

import numpy as np
import pytest

from tutor.vectors import RememberedVectors


class Counting:
    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(len(texts), 2)


@pytest.fixture
def embed():
    return Counting()


def test_a_text_is_embedded_once_and_comes_back_in_its_place(embed):
    vectors = RememberedVectors()
    vectors.of(["one", "three"], embed)
    found = vectors.of(["seventeen", "three", "one", "three"], embed)
    assert embed.asked == ["one", "three", "seventeen"]
    assert found[:, 0].tolist() == [9, 5, 3, 5]


def test_what_was_not_asked_for_longest_is_forgotten_first(embed):
    vectors = RememberedVectors(kept=2)
    vectors.of(["a", "bb"], embed)
    vectors.of(["a"], embed)
    vectors.of(["ccc"], embed)
    vectors.of(["a", "bb"], embed)
    assert embed.asked == ["a", "bb", "ccc", "bb"]


def test_no_texts_have_no_vectors(embed):
    assert RememberedVectors().of([], embed).shape == (0, 2)
