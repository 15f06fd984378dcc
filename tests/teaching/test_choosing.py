"""Which passage explains: the thing itself, of the kind that was named, and not what only shares a word with it."""

from types import SimpleNamespace

from knowledge.search import Passage
from tutor.checking.topics import plain
from tutor.teaching.answer import shape
from tutor.teaching.blocks import content_words
from tutor.teaching.choosing import best_first
from tutor.teaching.glossaries import glossary_line


def passage(text: str, heading: str, probability: float = 0.3, best: str = "", lecture: int = 7) -> Passage:
    return Passage(
        "p", f"lecture_{lecture:02}/lecture.md", f"Lecture {lecture}", (heading,), None, None, lecture, text, "prose",
        0.9, 0.5, best, probability=probability,
    )  # fmt: skip


def test_of_two_networks_the_one_that_was_named() -> None:
    images = passage(
        "A convolutional network: with more data, **fine-tune** it.", "What is transfer learning?"
    )
    texts = passage("**Fine-tuning** changes the weights of a language model.", "What is fine-tuning?", 0.35)
    assert best_first("what is fine tuning a cnn", [texts, images])[0] is images
    assert best_first("what is fine tuning", [texts, images])[0] is texts


def test_what_stands_instead_is_not_what_is_asked_for() -> None:
    steps = passage("**Gradient descent** walks downhill.", "How does gradient descent work?", 0.7)
    closed = passage("Yes: two equations.", "Is there a formula that finds the line at once?", 0.15)
    assert best_first("is there a formula instead of gradient descent", [steps, closed])[0] is closed
    assert best_first("how does gradient descent work", [steps, closed])[0] is steps


def test_a_word_such_as_formula_does_not_choose() -> None:
    score = passage(
        "**F1**, the harmonic mean: $2PR/(P+R)$.", "What is a confusion matrix?", 0.46, "**F1**, the mean"
    )
    other = passage(
        "Wilson's formula for a score.", "How does cross-validation work, and how sure is a score?", 0.28
    )
    assert best_first("f1 score formula", [other, score])[0] is score


def test_when_a_thing_is_bad_is_not_told_by_its_definition() -> None:
    defines = passage(
        "**Accuracy** is the share that is right.", "Is the model any good?", 0.3, "**Accuracy** is"
    )
    warns = passage("Because of **imbalance**.", "Why can accuracy mislead?", 0.3)
    assert best_first("when is accuracy a bad metric", [defines, warns])[0] is warns


def test_what_is_inside_a_thing_is_told_where_it_is_introduced() -> None:
    why = passage(
        "A plain network forgets; an LSTM cell need not.", "Why use an LSTM rather than an RNN?", 0.6
    )
    what = passage("A long short-term memory (LSTM) has a **cell state**.", "What is an LSTM?", 0.4)
    for question in ("what's inside an LSTM cell", "what is in an LSTM?"):
        assert best_first(question, [why, what])[0] is what
    assert best_first("why an LSTM and no RNN?", [why, what])[0] is why


def test_why_something_is_needed_is_told_where_it_is_introduced() -> None:
    double = passage(
        "One network chooses, the **target network** judges. **Double DQN**", "What is double DQN?", 0.7
    )
    stable = passage(
        "The DQN has a **target network:** an older copy.", "How does it keep learning stable?", 0.4
    )
    other = passage("**Double DQN** (2016): the target network judges.", "What is double DQN?", 0.78)
    assert best_first("why does a dqn need a target network?", [other, stable])[0] is stable
    assert best_first("what is double dqn?", [double, stable])[0] is double


def test_a_glossary_comes_after_a_section_that_explains() -> None:
    glossary = passage("**Filter:** a small table.", "Glossary", 0.66, "**Filter:** a small table.")
    section = passage("Slide a small table, the **filter**, over the image.", "What is a convolution?", 0.14)
    assert best_first("what is a filter in a cnn", [glossary, section])[0] is section


def test_the_glossary_is_asked_for_what_is_named_first_by_any_of_its_names() -> None:
    lines = (
        "- **CNN:** convolutional neural network.\n- **Filter, kernel:** a small table.\n"
        "- **Collinearity (multicollinearity):** features that say nearly the same."
    )
    base = SimpleNamespace(section=lambda path: [SimpleNamespace(heading=("Glossary",), text=lines)])

    def line(question: str) -> str:
        return glossary_line(question, base, passage("", "What is it?"))  # type: ignore[arg-type]

    assert line("what is a filter in a cnn") == "**Filter, kernel:** a small table."
    assert line("what is a cnn filter").startswith("**CNN:**")
    assert line("what is multicollinearity").startswith("**Collinearity")


def test_acronyms_and_r_squared_are_the_words_that_they_stand_for() -> None:
    assert content_words("CNNs") == content_words("convolutional network")
    assert content_words("ML") == content_words("machine learning")
    assert content_words("R squared") == content_words("R2") == content_words("R²")


def test_weights_and_biases_are_no_product_of_that_name() -> None:
    assert plain("weights and biases, losses, classes") == ["weight", "and", "bias", "loss", "class"]


def test_one_item_of_a_long_list_is_told_without_the_others() -> None:
    others = "\n".join(
        f"- **Trap {n}:** " + "a strategy looks better than it is, for this reason. " * 3 for n in range(4)
    )
    text = f"A **backtest** runs on past prices.\n\n{others}\n- **No risk:** the **Sharpe ratio**, return over spread."
    words = shape(
        "sharpe ratio", passage(text, "What makes a backtest lie?"), None, {"sharpe": 6.0, "ratio": 3.0}
    ).words()
    assert words == "**No risk:** the **Sharpe ratio**, return over spread."
