"""Questions that set two things beside each other, or against each other: both are told, and why not the other."""

from types import SimpleNamespace

import numpy as np

from knowledge.search import Passage
from tutor.teaching.answer import shape
from tutor.teaching.choosing import best_first
from tutor.teaching.glossaries import compared_lines, compares
from tutor.turns.wording import quoted_answer

GLOSSARY = (
    "- **Epoch:** one pass over all examples.\n- **Batch, mini-batch:** the few examples of one step.\n"
    "- **Precision, recall:** right among the said, found among the existing.\n"
    "- **Gradient descent:** small steps downhill.\n- **Batch gradient descent:** with all examples at once."
)


def passage(text: str, heading: str, best: str = "", probability: float = 0.3, **other: object) -> Passage:
    headings = (heading,) if heading else ()
    title = str(other.get("title", "Lecture 9"))
    return Passage(
        "p", "lecture_09/lecture.md", title, headings, None, None, 9, text, "prose", 0.9, 0.5, best,
        probability=probability,
    )  # fmt: skip


class Base:
    """A course that is one glossary."""

    def section(self, path: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(heading=("Glossary",), text=GLOSSARY)]

    def files(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(path="lecture_09/lecture.md")]


def told(question: str) -> list[str]:
    return compared_lines(question, Base(), [passage("", "What is it?")])  # type: ignore[arg-type]


def test_both_sides_are_looked_up() -> None:
    both = ["**Epoch:** one pass over all examples.", "**Batch, mini-batch:** the few examples of one step."]
    assert told("what is an epoch versus a batch") == both
    assert told("what even is an epoch and what is a batch") == both
    assert not compares("what is an epoch and why does it matter")


def test_what_follows_the_second_side_does_not_hide_it() -> None:
    line = "**Precision, recall:** right among the said, found among the existing."
    assert told("precision vs recall which one for spam") == [line]


def test_an_entry_of_just_the_words_comes_before_one_of_some_of_them() -> None:
    assert told("gradient descent vs batch gradient descent in plain terms") == [
        "**Gradient descent:** small steps downhill.",
        "**Batch gradient descent:** with all examples at once.",
    ]


def test_the_items_of_a_list_that_define_both_are_told_once() -> None:
    text = (
        "A table of what is against what was said.\n\n| | said spam |\n|---|---|\n| is spam | 30 |\n\nFrom it:\n\n"
        "- **Accuracy**, the share that is right: $0.9$.\n"
        "- **Precision**, of what was called spam, the share that is: $0.857$.\n"
        "- **Recall**, of all spam, the share that was found: $0.75$."
    )
    found = passage(text, "What is a confusion matrix?", "**Recall**, of all spam")
    words = shape("precision vs recall which one for spam", found, None, {"recall": 4.0}).words()
    assert words.index("**Precision**") < words.index("**Recall**")
    assert words.count("**Recall**") == 1
    assert "$0.857$.\n- **Recall**" in words  # one list
    assert "Accuracy" not in words


def test_a_paragraph_that_defines_both_is_told_from_the_first() -> None:
    text = (
        "Four students were asked.\n\n"
        "The column that we know is the **feature**. The column that we want is the **label**. A row is an example."
    )
    found = passage(text, "What is supervised learning?")
    idea = shape("what is a feature and what is a label", found, None, {"label": 5.0, "feature": 2.0}).idea
    assert idea.startswith("The column that we know is the **feature**.")


def test_why_not_the_other_is_answered_where_the_other_is_spoken_of() -> None:
    defines = passage("**Cross-entropy** is a loss.", "What is cross-entropy?", probability=0.9)
    reasons = passage(
        "Put the softmax into the loss.\n\nWhy not the squared error (MSE)? Badly wrong, it is almost flat.",
        "Why does cross-entropy give p - y?",
        probability=0.45,
    )
    question = "why cross entropy and not mse"
    assert best_first(question, [defines, reasons])[0] is reasons
    assert "Why not the squared error (MSE)? Badly wrong" in shape(question, reasons, None, {}).focus


def test_a_narrower_thing_is_not_what_was_asked() -> None:
    narrower = passage(
        "A **residual block** gets the copy for free.", "What is a skip connection?", probability=0.6
    )
    itself = passage("Its negative is called the **residual**.", "What is a loss?", probability=0.5)
    assert best_first("what is the residual", [narrower, itself])[0] is itself
    assert best_first("what is a residual block", [itself, narrower])[0] is narrower


def test_the_preface_of_a_lecture_does_not_answer_by_its_title() -> None:
    preface = passage(
        "**What you will be able to do:** judge whether a trading strategy has learned anything.",
        "",
        probability=0.97,
        title="Lecture 9: the bandit and a trading strategy",
    )
    section = passage(
        "Let each arm be a stock.", "How does a bandit become a trading strategy?", probability=0.16
    )
    assert best_first("how can a bandit be used for trading", [preface, section])[0] is section


def test_another_place_that_defines_the_same_word_is_named() -> None:
    texts = passage("Short ones are **padded**.", "How are sequences made equal?", probability=0.8)
    images = passage("**Padding** puts a frame around it.", "How large is the output?", probability=0.4)
    assert "See also: *Lecture 9 › How large is the output?* [2]" in quoted_answer(
        [texts, images], "what is padding for"
    )
    far = passage("**Padding** puts a frame around it.", "How large is the output?", probability=0.1)
    assert "See also" not in quoted_answer([texts, far], "what is padding for")


def test_the_end_of_an_example_is_not_told_without_it() -> None:
    text = (
        "**UCB** explores the arms that it is unsure about instead of any arm at random, and for that it adds a "
        "bonus to each estimate that shrinks with every pull.\n\n"
        "Example at $t=100$. Arm B: $1.0+0.985=1.985$. UCB pulls B, the arm that it knows less about."
    )
    found = passage(text, "How does UCB choose?", "UCB pulls B")

    def embed(texts: list[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "UCB pulls" in t or "which arm" in t else [0.0, 1.0] for t in texts])

    shaped = shape("which arm does ucb pull", found, None, {}, embed)
    assert "UCB pulls B" not in f"{shaped.idea} {shaped.focus}"


def test_an_answer_with_a_number_in_it_gets_no_second_one() -> None:
    text = (
        "Over a window of 50 days a factor of $0.9$ leaves $0.9^{50}=0.0052$ of a **gradient**, so the oldest days of "
        "the window hardly count for anything in what is learned.\n\n"
        "With 16 units it has $4\\times16\\times19=1216$ parameters."
    )
    shaped = shape("what is left of the gradient", passage(text, "Why do networks forget?"), None, {})
    assert "0.0052" in shaped.idea
    assert shaped.example == ""
