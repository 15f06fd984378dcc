from dataclasses import replace

from knowledge.words import tokens
from tutor.checking.coverage import coverage


def telling(question, *unknown):
    return {stem: 0.0 if stem in unknown else 3.0 for stem in tokens(question)}


def alike(passages, similarity):
    return [replace(p, similarity=similarity) for p in passages]


def test_a_question_whose_words_are_in_the_passages_is_covered(passages):
    assert coverage(telling("why do we decay epsilon?"), alike(passages, 0.5)).covered


def test_a_close_passage_without_the_questions_subject_is_not_enough(passages):
    judged = coverage(telling("explain the kernel trick for SVMs", "trick", "svms"), alike(passages, 0.4))
    assert not judged.covered
    assert "trick" in judged.missing


def test_a_distant_passage_never_covers_whatever_words_it_shares(passages):
    assert not coverage(telling("what is regret?"), alike(passages, 0.1)).covered


def test_a_word_that_the_course_never_uses_weighs_more_than_a_known_one(passages):
    known = coverage(telling("regret of submarines"), alike(passages, 0.4))
    unknown = coverage(telling("regret of submarines", "submarin"), alike(passages, 0.4))
    assert unknown.words < known.words < 1


def test_words_that_only_frame_a_question_do_not_count(passages):
    judged = coverage(
        telling("can you explain in simple words what regret means exactly"), alike(passages, 0.5)
    )
    assert judged.words == 1.0


def test_no_passages_cover_nothing():
    assert not coverage(telling("what is regret?"), []).covered
