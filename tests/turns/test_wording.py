from knowledge.search import Passage
from tutor.turns.wording import not_covered


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


def test_a_refusal_that_knows_nothing_more_says_only_that():
    assert "nearest" not in not_covered([])
