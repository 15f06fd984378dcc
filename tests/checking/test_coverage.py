from dataclasses import replace

import pytest

from knowledge.words import tokens
from tutor.checking.coverage import coverage

PLAIN = frozenset(("regret", "of"))


def judged(question, passages, similarity=0.4, unknown=(), is_word=lambda word: True):
    telling = {stem: 0.0 if stem in unknown else 3.0 for stem in tokens(question)}
    return coverage(question, telling, [replace(p, similarity=similarity) for p in passages], is_word)


def test_a_question_whose_words_are_in_the_passages_is_covered(passages):
    assert judged("why do we decay epsilon?", passages, 0.5).covered


def test_a_topic_that_is_named_must_stand_in_the_passages_however_close_they_are(passages):
    found = judged("explain the kernel trick", passages, 0.7)
    assert not found.covered
    assert found.missing == ("kernel trick",)
    held = [
        replace(passages[0], text="The **kernel trick** compares examples in a larger space."),
        *passages[1:],
    ]
    assert judged("explain the kernel trick", held, 0.7).covered


def test_a_distant_passage_never_covers_whatever_words_it_shares(passages):
    assert not judged("what is regret?", passages, 0.1).covered


def test_a_word_that_the_course_never_uses_counts_against_it(passages):
    known = judged("regret of submarines", passages)
    unknown = judged("regret of submarines", passages, unknown=("submarin",))
    assert unknown.words < known.words < 1
    assert unknown.chance < known.chance


def test_a_word_that_no_dictionary_has_counts_more_together_with_its_name_in_the_refusal(passages):
    found = judged("regret of qzxbot", passages, unknown=("qzxbot",), is_word=PLAIN.__contains__)
    assert found.missing == ("qzxbot",)
    assert found.chance < judged("regret of it", passages).chance


def test_words_that_only_frame_a_question_do_not_count(passages):
    assert judged("can you explain in simple words what regret means exactly", passages, 0.5).words == 1.0


def test_a_contraction_typed_in_a_hurry_is_no_unknown_word(passages):
    found = judged("wouldnt regret fall", passages, unknown=("wouldnt",), is_word=PLAIN.__contains__)
    assert found.missing == ()


def test_a_chatbot_is_covered_where_the_passages_speak_of_language_models(passages):
    held = [replace(passages[0], text="A large language model guesses what comes next."), *passages[1:]]
    asked, unknown = "does a chatbot guess what comes next", tokens("chatbot")
    found = judged(asked, held, 0.5, unknown=unknown, is_word=lambda word: word != "chatbot")
    assert found.covered
    assert found.missing == ()
    assert judged(asked, passages, 0.5, unknown, lambda word: word != "chatbot").missing == ("chatbot",)


def test_a_vague_question_is_not_held_against_the_student(passages):
    vague = judged("so which one is the best", passages, 0.35)
    assert vague.words == 1.0
    assert vague.covered


def test_no_passages_cover_nothing():
    assert not coverage("what is regret?", {"regret": 3.0}, []).covered


@pytest.mark.parametrize("similarity", [0.0, 0.2, 0.4, 0.9])
def test_the_chance_is_a_probability(passages, similarity):
    assert 0 <= judged("what is regret?", passages, similarity).chance <= 1
