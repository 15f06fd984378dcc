"""Sentences that set two things against each other are held against the course half by half."""

from __future__ import annotations

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.search import Passage
from tutor.checking.citations import check_citations
from tutor.checking.contrasts import halves, mixed_up

EMBED = HashEmbedder().embed


def passage(heading: str, text: str) -> Passage:
    return Passage("p", "a.md", "A", (heading,), None, None, 1, text, "prose", 0.9, 0.6, "")


PROMPTS = passage(
    "What is fine-tuning?",
    "A prompt changes what the model reads; fine-tuning changes its weights, by more training.",
)
WALKS = [
    passage("What is SARSA?", "It counts on the action that the agent will really take next."),
    passage("What is Q-learning?", "It counts on the best action, whatever the agent will really take."),
]


def test_only_a_sentence_with_two_sides_has_halves():
    assert halves("Ridge shrinks all weights, while lasso sets some to zero.") == [
        "Ridge shrinks all weights",
        "lasso sets some to zero.",
    ]
    assert halves("Ridge shrinks all weights and sets none to zero.") == []
    assert halves("It is fine, but no.") == []  # too short to say anything


@pytest.mark.parametrize(
    ("question", "sentence", "passages", "wrong"),
    [
        (
            "fine tuning versus a prompt",
            "Fine-tuning changes the weights of the model, while a prompt changes what the model reads.",
            [PROMPTS],
            False,
        ),
        (
            "fine tuning versus a prompt",
            "A prompt changes its weights by more training, while fine-tuning changes what the model reads.",
            [PROMPTS],
            True,
        ),
        (
            "how is q-learning different to sarsa",
            "SARSA counts on the action that the agent will really take, whereas Q-learning counts on the best action.",
            WALKS,
            False,
        ),
        (
            "how is q-learning different to sarsa",
            "Q-learning counts on the action that the agent will really take, while SARSA counts on the best action.",
            WALKS,
            True,
        ),
        (
            "how is q-learning different to sarsa",
            "Q-learning counts on the action really taken, while SARSA counts on the action really taken.",
            WALKS,
            True,
        ),
        (
            "what is a learning rate",
            "A large learning rate overshoots the valley, while a small learning rate takes thousands of steps.",
            WALKS,
            False,  # both halves speak of the same: there is nothing to mix up
        ),
        ("what is sarsa", "It counts on an action, but the sky is green over there.", WALKS, False),
    ],
)
def test_what_is_said_of_each_must_be_said_of_it_by_the_course(question, sentence, passages, wrong):
    assert mixed_up(sentence, question, passages, EMBED) is wrong


def test_a_mixed_up_sentence_is_dropped_from_a_small_models_answer_and_kept_of_a_capable_one():
    said = "Q-learning counts on the action that the agent will really take, while SARSA counts on the best action."
    question = "how is q-learning different to sarsa"
    small = check_citations(said, WALKS, question, EMBED, strict=True)
    assert small.text == ""
    assert small.unsupported
    assert check_citations(said, WALKS, question, EMBED).text.startswith("Q-learning counts")
