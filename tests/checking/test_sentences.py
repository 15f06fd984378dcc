import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.checking.sentences import split_sentences


def stripped(text):
    return [s.strip() for s in split_sentences(text)]


def test_sentences_end_at_full_stops_and_keep_their_citation():
    assert stripped("We explore. [1] Then we exploit [2]. Done!") == [
        "We explore. [1]",
        "Then we exploit [2].",
        "Done!",
    ]


@pytest.mark.parametrize(
    "whole",
    [
        "The step size is 0.1 and the reward 1.35 at the end.",
        "Use a small rate, e.g. 0.01, at first.",
        "The loss $J(w) = 0.5. w^2$ is smooth.",
        "Dr. Sutton wrote it.",
        "Call `a.b. c` once.",
    ],
)
def test_a_full_stop_inside_numbers_maths_code_or_abbreviations_ends_nothing(whole):
    assert stripped(whole) == [whole]


def test_a_code_block_stays_in_one_piece():
    text = "Look. \n```python\nx = 1. \ny = 2\n```\nIt works."
    assert any(s.startswith("```python") and s.rstrip().endswith("```") for s in stripped(text))


@given(st.text(alphabet="ab .!?\n$`[1]0\\()", max_size=80))
def test_joining_the_pieces_gives_the_text_back(text):
    assert "".join(split_sentences(text)) == text
