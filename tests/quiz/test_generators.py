"""Every generator: a seed makes one question, its key grades right and its slips wrong, its place exists."""

import re
from pathlib import Path

import pytest

from tutor.quiz.generators import generators
from tutor.quiz.question import grade, letter, shown

LECTURES = Path(__file__).resolve().parents[2] / "knowledge" / "lectures"
SEEDS = range(25)
each = pytest.mark.parametrize("maker", generators().values(), ids=list(generators()))


@each
def test_a_seed_makes_the_same_question_and_another_seed_another_one(maker):
    assert maker.question(3) == maker.question(3)
    assert len({maker.question(seed).prompt for seed in SEEDS}) >= 8


@each
def test_the_key_is_right_and_the_slips_are_wrong_and_named(maker):
    for seed in SEEDS:
        question = maker.question(seed)
        if question.kind == "number":
            typed = f"{question.answer:.{question.decimals}f}"
            assert grade(question, typed).right, (seed, typed)
            for wrong, why in question.mistakes:
                said = grade(question, repr(wrong))
                assert not said.right, (seed, wrong)
                assert why in said.said
            far = question.answer + max(1.0, abs(question.answer))
            assert not grade(question, f"{far:.6f}").right
        else:
            for i, option in enumerate(question.options):
                assert grade(question, letter(i)).right is option.right
            assert len({option.text for option in question.options}) == len(question.options) >= 2


@each
def test_the_heading_is_one_of_the_lecture(maker):
    text = (LECTURES / f"lecture_{maker.lecture:02}" / "lecture.md").read_text(encoding="utf-8")
    assert f"\n## {maker.heading}\n" in text


@each
def test_the_words_are_whole(maker):
    for seed in SEEDS:
        question = maker.question(seed)
        said = [
            question.prompt,
            question.solution,
            *question.hints,
            *(o.text + o.why for o in question.options),
        ]
        for text in said:
            assert text.count("$") % 2 == 0, text
            assert text.count("{") == text.count("}"), text
            assert not re.search(r"nan|inf\b|np\.float|array\(", text), text
            assert "- -" not in text, text
        assert len(question.hints) == 3
        assert shown(question)
        if question.kind == "number":
            key = re.escape(f"{question.answer:.{question.decimals}f}")
            assert re.search(key, question.solution.replace(",", "")), seed
            if question.decimals:  # a small whole number may stand anywhere
                assert not re.search(rf"(?<![\d.]){key}(?![\d])", " ".join(question.hints)), seed
