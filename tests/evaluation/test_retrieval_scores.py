"""Scores of retrieval, and the stock splitter, on hand-made chunks."""

from itertools import pairwise

import pytest

from evaluation.questions import Question
from evaluation.stock import split_text
from tutor.checking.scores import CHARS, judge, scores

WANTED = Question("x-1", "why?", "dev", ("a.md",), ("gold",))
GOLD, DROSS = ("a.md", "some gold here"), ("a.md", "nothing")


def test_the_rank_is_that_of_the_first_chunk_with_evidence():
    assert judge(WANTED, [GOLD]).rank == 1
    assert judge(WANTED, [DROSS, ("b.md", "gold"), GOLD, GOLD]).rank == 3
    assert judge(WANTED, [DROSS] * 10 + [GOLD]).rank is None
    assert judge(WANTED, []).rank is None


def test_only_the_first_4000_characters_count_for_within_chars():
    filler = ("a.md", "x" * (CHARS - 20))
    assert judge(WANTED, [filler, GOLD]).within_chars
    assert not judge(WANTED, [filler, ("a.md", "x" * 20 + "gold")]).within_chars
    assert not judge(WANTED, [filler, filler, GOLD]).within_chars


def test_scores_are_shares_of_all_questions():
    found = [judge(WANTED, [DROSS] * before + [GOLD]) for before in (0, 1, 7, 12)]
    s = scores(found)
    assert (s["questions"], s["hit@1"], s["hit@5"]) == (4, 0.25, 0.5)
    assert s["mrr@10"] == pytest.approx((1 + 1 / 2 + 1 / 8) / 4)
    assert s["chars4000"] == 1.0


def test_no_questions_score_nothing():
    assert scores([])["hit@1"] == 0.0


def test_the_stock_splitter_cuts_at_paragraphs_first():
    text = "\n\n".join(letter * 40 for letter in "abcdef")
    assert split_text(text, 90, 0) == ["\n\n".join((a * 40, b * 40)) for a, b in ("ab", "cd", "ef")]


def test_the_stock_splitters_pieces_overlap_by_whole_units_and_stay_within_the_size():
    words = [f"word{n:03d}" for n in range(200)]
    pieces = split_text(" ".join(words), 100, 30)
    assert max(map(len, pieces)) <= 100
    for one, two in pairwise(pieces):
        shared = set(one.split()) & set(two.split())
        assert 1 <= len(shared) <= 4
    assert {w for piece in pieces for w in piece.split()} == set(words)


def test_the_stock_splitter_cuts_a_word_that_is_too_long():
    assert split_text("x" * 250, 100, 0) == ["x" * 100, "x" * 100, "x" * 50]
