from dataclasses import replace

from knowledge.search import Passage
from tutor.events import Text
from tutor.turns.draft import Draft
from tutor.turns.question import abstain
from tutor.turns.wording import PERHAPS, not_covered


def passage(title, lecture):
    return Passage("p", "a.md", title, ("One",), None, None, lecture, "text", "prose", 0.5, 0.5, "")


def test_a_refusal_names_what_is_missing_and_each_near_lecture_once():
    near = [
        passage("Lecture 7: Networks that see", 7),
        passage("Trees", None),
        passage("Lecture 7: Networks that see", 7),
    ]
    words = not_covered(near, ["kernel trick"])
    assert "“kernel trick”" in words
    assert "lecture 7 (*Networks that see*) and *Trees*" in words


def test_a_refusal_points_to_the_passage_that_may_answer_after_all():
    near = [
        replace(passage("Lecture 3: Trust", 3), heading=("Glossary",), probability=0.9),
        replace(passage("Lecture 3: Trust", 3), heading=("What is overfitting?",), probability=PERHAPS),
        replace(passage("Lecture 7: Networks", 7), probability=0.9),
    ]
    assert not_covered(near) == (
        "The course does not cover this. Not in these words, at least. Perhaps you mean "
        "*Lecture 3 › What is overfitting?*"
    )
    assert not_covered(near[2:]).endswith("Perhaps you mean *Lecture 7 › One*.")
    assert "Perhaps" not in not_covered(near[:1])
    assert "Perhaps" not in not_covered([replace(near[1], probability=PERHAPS - 0.01)])
    assert "Perhaps" not in not_covered(near, ["kernel trick"])


def test_what_may_be_meant_is_offered_as_a_message_that_names_its_section():
    near = [replace(passage("Lecture 3: Trust", 3), heading=("What is overfitting?",), probability=PERHAPS)]
    draft = Draft("the line hugs every dot", "s")
    assert list(abstain(draft, near, {})) == [Text(not_covered(near))]
    assert draft.suggestions == ['Explain "What is overfitting?" in lecture 3']
    draft = Draft("the line hugs every dot", "s")
    list(abstain(draft, [replace(near[0], lecture=None)], {}))
    assert draft.suggestions == ['Explain "What is overfitting?" in "Lecture 3: Trust"']
    draft = Draft("explain hugging", "s")
    list(abstain(draft, near, {}, ["hugging"]))
    assert (draft.suggestions, draft.abstained) == ([], True)


def test_a_refusal_that_knows_nothing_more_says_only_that():
    assert "nearest" not in not_covered([])
