"""The second opinion on what a message wants, and how the grammar and it are put together."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from knowledge.embedding import HashEmbedder
from labs.registry import LABS
from tutor.planning.plan import Plan
from tutor.planning.router import Router
from tutor.planning.sense import HASHED, INTENTS, MODEL, Sense, features, neighbours, weighed


def chances(**said: float) -> dict[str, float]:
    rest = (1 - sum(said.values())) / (len(INTENTS) - len(said))
    return {intent: said.get(intent, rest) for intent in INTENTS}


class Said(Sense):
    """Has the same opinion of every message."""

    def __init__(self, **said: float) -> None:
        self.said = chances(**said)

    def of(self, message: str, earlier: bool) -> dict[str, float]:
        return self.said


@pytest.mark.parametrize("embedder", [None, HashEmbedder()])
def test_without_the_model_it_was_fitted_to_it_has_no_opinion(embedder):
    assert Sense(lambda: embedder).of("how delightful", True) == {}


def test_a_number_alone_may_be_the_answer_to_anything():
    assert Sense(lambda: SimpleNamespace(name=MODEL)).of("0.5", True) == {}


def test_a_model_that_breaks_leaves_the_grammar_alone(caplog):
    broken = SimpleNamespace(name=MODEL, embed_query=lambda text: 1 / 0)
    router = Router(LABS, Sense(lambda: broken))
    assert router.plan("run the bandit with 5 arms").parameters == {"arms": 5}
    assert "could not be embedded" in caplog.text


def test_each_message_is_embedded_once(sense_of_ones):
    sense, asked = sense_of_ones
    assert sense.of("hello there", False) is sense.of("hello there", False)
    sense.of("hello there", True)  # in a conversation it may want something else
    assert asked == ["hello there", "hello there"]


@pytest.fixture
def sense_of_ones():
    asked: list[str] = []

    def embed_query(text: str) -> SimpleNamespace:
        asked.append(text)
        return SimpleNamespace(plain=np.ones(384, np.float32) / 384**0.5)

    embedder = SimpleNamespace(name=MODEL, embed_query=embed_query)
    return Sense(lambda: embedder), asked


def test_the_nearest_messages_vote_and_near_ones_count_more():
    points = np.eye(4, dtype=np.float32).repeat(8, 0)
    fitted = {
        "basis": np.eye(4, dtype=np.float32), "messages": points,
        "intents": np.arange(32) // 8, "counts": np.ones(32, np.float32),
    }  # fmt: skip
    shares = np.exp(neighbours(np.array([0.9, 0.1, 0, 0], np.float32), fitted)) - 0.01
    assert INTENTS[shares.argmax()] == INTENTS[0]
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > 0.99


def test_the_words_of_a_message_have_places_of_their_own_and_its_order_counts():
    rows = features(["is it a test", "test it is a", "is it a test"], [False] * 3, np.zeros((3, 384)))
    assert rows.shape == (3, 384 + 7 + HASHED)
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize(
    ("plan", "on_subject", "said", "intent"),
    [
        (Plan("question", confidence=0.9), False, chances(smalltalk=0.9), "smalltalk"),
        (Plan("question", confidence=0.9), True, chances(smalltalk=0.45, question=0.4), "question"),
        (Plan("quiz", confidence=0.95), False, chances(question=0.8, quiz=0.1), "quiz"),
        (Plan("quiz", confidence=0.95), False, chances(question=0.97, quiz=0.001), "question"),
        (Plan("other", confidence=0.5), False, chances(question=0.8, other=0.1), "question"),
        (Plan("question", confidence=0.9), False, chances(lab=0.99), "question"),
    ],
)
def test_the_grammar_and_the_chances_are_weighed(plan, on_subject, said, intent):
    assert weighed(plan, on_subject, said) == intent


def test_a_run_that_nobody_can_have_meant_is_not_made():
    message = "Tips for the one-armed bandits on Blackpool pier?"
    assert Router(LABS).plan(message).intent == "lab"
    assert Router(LABS, Said(other=0.9, lab=0.02)).plan(message).intent == "other"
    assert Router(LABS, Said(other=0.5, lab=0.3)).plan(message).intent == "lab"


@pytest.mark.parametrize(
    ("message", "before", "wanted"),
    [
        ("could one of us maybe watch the bandit struggle with 5 arms", (), ("lab", {"arms": 5})),
        (
            "its time for tanh, i feel",
            ("run backprop on moons",),
            ("lab", {"dataset": "moons", "activation": "tanh"}),
        ),
        ("bandit", (), ("question", {})),  # a word alone is a topic as well
        ("if i had 5 arms, would the bandit learn faster?", (), ("question", {})),
        ("let me see your diffusion model with 5 arms", (), ("meta", {})),
        ("something with 5 of them", (), None),  # no lab's word in it
    ],
)
def test_what_sounds_like_an_order_is_one_where_a_labs_words_allow_it(message, before, wanted):
    plan = Router(LABS, Said(lab=0.95)).plan(message, before)
    if wanted is None:
        assert plan.intent != "lab"
    else:
        assert (plan.intent, plan.parameters) == wanted


@pytest.mark.weights
@pytest.mark.parametrize(
    ("turns", "intent"),
    [
        (["run the bandit with 5 arms", "well I never"], "smalltalk"),
        (["Hello, I am Winifred, I keep bees and I have not done maths since 1971"], "smalltalk"),
        (["what is momentum", "right, so it is like a sledge that keeps going"], "question"),
        (["how do i stop my roses getting black spot"], "other"),
        (["and what exactly would you be able to do for someone like me?"], "meta"),
        (["I should like to be put through my paces on lecture 5"], "quiz"),
        (["Would you be so very kind as to show me the bandit with seven arms?"], "lab"),
        (["run the cnn for 2 epochs", "if it had 9 epochs would it be any better"], "question"),
    ],
)
def test_people_are_understood_in_their_own_words(sensing, turns, intent):
    assert sensing.plan(turns[-1], turns[:-1]).intent == intent


@pytest.mark.weights
@pytest.mark.slow
def test_the_numbers_in_the_file_are_those_that_the_messages_give(sense):
    from evaluation.sense import fit, read

    labelled = read()
    again = Sense(sense._embedder, fit(labelled, sense._embedder()))
    some = range(0, len(labelled.texts), 25)
    agree = [
        max(one, key=one.__getitem__) == max(other, key=other.__getitem__)
        for one, other in (
            (
                sense.of(labelled.texts[i], labelled.earlier[i]),
                again.of(labelled.texts[i], labelled.earlier[i]),
            )
            for i in some
        )
        if one
    ]
    assert len(agree) > 150
    assert sum(agree) >= 0.99 * len(agree)
