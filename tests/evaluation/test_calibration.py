"""What the calibration of `tutor/checking/coverage.py` rests on, on hand-made passages."""

import pytest

from knowledge.search import Passage
from knowledge.words import tokens
from tutor.checking.coverage import coverage


def passage(text: str, similarity: float = 0.3) -> Passage:
    return Passage("id", "a.md", "T", (), None, None, None, text, "prose", 0.5, similarity, text)


def judged(question: str, *texts: str, unknown: tuple[str, ...] = ()):
    telling = {stem: 0.0 if stem in unknown else 3.0 for stem in tokens(question)}
    return coverage(
        question,
        telling,
        [passage(text) for text in texts],
        lambda word: not set(tokens(word)) & set(unknown),
    )


def test_words_spread_over_passages_prove_less_than_words_in_one():
    together = judged("batch normalisation", "Batch normalisation rescales.", "Other.")
    spread = judged("batch normalisation", "A small batch.", "A normal draw.")
    assert together.covered
    assert spread.chance < together.chance
    assert (together.words, spread.words) == (1.0, 0.5)


def test_a_word_misspelt_by_more_than_one_letter_still_counts():
    found = judged("what is a derivitive", "A derivative is a slope.", unknown=("derivit",))
    assert found.covered
    assert found.missing == ()


@pytest.mark.parametrize("word", ["tsne", "dropout", "lora"])
def test_an_unlike_word_does_not_pass_for_a_misspelt_one(word):
    found = judged(f"what is {word}", "The tree drops low over time.", unknown=tuple(tokens(word)))
    assert not found.covered
    assert found.missing == tuple(tokens(word))
