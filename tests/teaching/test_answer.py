"""Answers cut from a section: whole sentences of the course, the formula with its symbols, and nothing that leans."""

import re
from types import SimpleNamespace

import pytest

from knowledge.paths import COURSE
from knowledge.search import Passage
from labs.registry import LABS
from tutor.planning.router import Router
from tutor.teaching.answer import shape
from tutor.teaching.blocks import blocks_of, content_words, leans
from tutor.teaching.choosing import best_first, is_side_matter
from tutor.teaching.glossaries import glossary_line
from tutor.teaching.next_steps import experiments_of, follow_ups
from tutor.turns.question import as_asked

SECTION = """**Regret** is what not knowing has cost: the reward of the best arm, minus that of the arms pulled.

$$R_T = T q - \\sum_t q_t$$

$T$ is the number of steps, and $q_t$ the value of the arm pulled at step $t$. It never falls.

![A picture](images/regret.svg)

Example with $T = 3$: $3 \\times 2 - 4 = 2$. So two units were lost.

```python
regret = T * q - sum(values)
```

Try it: ask the tutor `run the bandit with 20 arms`.
"""


def passage(text, heading="What is regret?", best="", lecture=9, **other):
    values = {"kind": "prose", "cell": None, "probability": 0.3, **other}
    return Passage(
        "p", "lecture_09/lecture.md", "Lecture 9", (heading,), values["cell"], None, lecture, text,
        values["kind"], 0.9, 0.5, best, probability=values["probability"],
    )  # fmt: skip


def test_an_answer_has_the_idea_the_formula_with_its_symbols_and_a_small_number():
    words = shape("what is regret?", passage(SECTION), None, {}).words()
    idea, formula, symbols, example = words.split("\n\n")
    assert idea.startswith("**Regret** is what not knowing has cost")
    assert formula.startswith("$$R_T")
    assert symbols == "$T$ is the number of steps, and $q_t$ the value of the arm pulled at step $t$."
    assert example == "**With numbers.** Example with $T = 3$: $3 \\times 2 - 4 = 2$. So two units were lost."


def test_pictures_code_and_invitations_are_left_out_of_the_words():
    words = shape("what is regret?", passage(SECTION), None, {}).words()
    assert "images/" not in words
    assert "python" not in words
    assert "ask the tutor" not in words


def test_the_sentence_that_was_asked_about_comes_with_the_opening():
    text = (
        "A cell has a belt that runs through all steps.\n\nIt has gates.\n\n"
        "- $f$, the **forget gate**: how much of the load stays.\n- $i$, the **input gate**: how much is new."
    )
    words = shape("what does the forget gate do?", passage(text, "What is an LSTM?"), None, {}).words()
    assert "how much of the load stays" in words


def test_where_a_section_has_two_subjects_the_one_that_was_asked_for_begins():
    text = (
        "The **mean squared error** is in squared units.\n\n"
        "**R²** compares the model with always predicting the mean:\n\n$$R^2 = 1 - a/b$$\n\n$a$ is the error left."
    )
    words = shape("what does R2 tell me?", passage(text, "What do MSE and R² tell me?"), None, {}).words()
    assert words.startswith("**R²** compares")
    assert "squared units" not in words


@pytest.mark.parametrize(
    "text", ["It grows with every pull.", "So the best arm wins.", "As the figure above shows, it rises."]
)
def test_a_sentence_that_leans_on_another_is_known_as_such(text):
    assert leans(text)


def test_every_section_of_the_course_is_quoted_in_whole_sentences_of_its_own():
    """The property that matters: nothing is invented, cut in half, or stuck to a heading."""
    count = 0
    for file in sorted(COURSE.glob("lecture_*/lecture.md")):
        text = file.read_text(encoding="utf-8")
        for heading, body in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE):
            place = passage(body, heading, lecture=int(file.parent.name[-2:]))
            if is_side_matter(place):
                continue
            words = shape(heading, place, None, {}).words()
            assert words, heading
            plain = " ".join(body.split())
            for part in words.replace("**With numbers.** ", "").split("\n\n"):
                for sentence in (b for block in blocks_of(part) for b in block.sentences):
                    told = " ".join(sentence.split())
                    assert told in plain, (heading, told)
                if part.startswith("$$"):
                    assert part.endswith("$$")
            assert words.count("$") % 2 == 0
            assert not words.rstrip().endswith((":", ",")), (heading, words[-80:])
            assert len(words.split()) < 330, heading
            count += 1
    assert count > 180


def test_prose_whose_heading_is_the_question_comes_before_code_and_never_a_key():
    code = passage("x = 1", "Training", kind="code", cell=3, probability=0.4)
    keys = passage("**1.** What is regret? *Answer.* 3", "Exercises with worked answers", probability=0.9)
    prose = passage(SECTION, probability=0.1)
    assert best_first("what is regret?", [keys, code, prose]) == [prose, code]
    assert best_first("what is regret?", [keys]) == []


class Shelf:
    """A knowledge base with the lectures as they ship, without an index."""

    def __init__(self):
        from types import SimpleNamespace

        self._views = {}
        for file in sorted(COURSE.glob("lecture_*/lecture.md")):
            text = file.read_text(encoding="utf-8")
            parts = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
            self._views[f"{file.parent.name}/lecture.md"] = [
                SimpleNamespace(heading=(heading,), text=body.strip(), cell=None) for heading, body in parts
            ]
        self._files = [SimpleNamespace(path=path, lecture=int(path[8:10])) for path in self._views]

    def files(self):
        return self._files

    def section(self, path):
        return self._views[path]


@pytest.fixture(scope="module")
def shelf():
    return Shelf()


@pytest.fixture(scope="module")
def router():
    return Router(LABS)


@pytest.mark.parametrize("lecture", range(1, 13))
def test_every_run_that_a_lecture_suggests_is_understood_and_allowed(shelf, router, lecture):
    offered = experiments_of(shelf, lecture)
    assert len(offered) >= 3
    for one in offered:
        plan = router.plan(one.message)
        assert plan.intent == "lab", one.message
        assert lecture in LABS[plan.lab].lectures
        LABS[plan.lab].validate(plan.parameters)


@pytest.mark.parametrize("lecture", range(1, 13))
def test_follow_ups_fit_the_lecture_and_are_never_repeated(shelf, lecture):
    views = shelf.section(f"lecture_{lecture:02}/lecture.md")
    view = next(view for view in views if view.heading[0].startswith("What is"))
    here = passage(view.text, view.heading[0], lecture=lecture)
    object.__setattr__(here, "path", f"lecture_{lecture:02}/lecture.md")
    asked = []
    for _ in range(3):
        offered = follow_ups(shelf, here, view.heading[0], LABS, asked)
        assert 1 <= len(offered) <= 3
        assert not {one.lower() for one in offered} & {one.lower() for one in asked}
        assert view.heading[0] not in offered
        asked += offered


def test_a_question_on_the_learning_rate_is_offered_the_learning_rate(shelf):
    views = shelf.section("lecture_02/lecture.md")
    view = next(view for view in views if "learning rate" in view.heading[0])
    here = passage(view.text, view.heading[0], lecture=2)
    object.__setattr__(here, "path", "lecture_02/lecture.md")
    assert "learning rate" in follow_ups(shelf, here, "what does the learning rate do?", LABS)[0]


def test_a_paragraph_that_asks_the_same_why_is_part_of_the_answer():
    section = (
        "To choose between lines we need a score. The **error** is the prediction minus the label.\n\n"
        "Smaller is better; zero means that the line passes through every point.\n\n"
        "Why square? A square is never negative, so errors cannot cancel."
    )
    of = passage(section, heading="What is a loss, and why do we square the errors?", lecture=2)
    assert (
        "Why square? A square is never negative"
        in shape("why do we square the errors?", of, None, {}).words()
    )
    assert "Why square?" not in shape("what is an error?", of, None, {}).words()


MISTAKES = """- **Going far outside the data.** Our line promises a mark of $17.5$ out of ten for ten hours.
- **Mixing up precision and recall.** Precision divides by what was *said*, recall by what *is*.
- **Not plotting.** Very different clouds of points can have the same line.
"""


def test_of_a_list_of_mistakes_the_one_that_was_asked_about_is_told():
    found = passage(MISTAKES, "Which mistakes are common?", best="**Not plotting.** Very different clouds")
    words = shape("why do we plot the data first?", found, None, {}).words()
    assert words == "**Not plotting.** Very different clouds of points can have the same line."


def test_a_mistake_that_names_what_was_asked_is_no_side_matter():
    def of(best):
        return passage(MISTAKES, "Which mistakes are common?", best=best, probability=0.7)

    other = passage("**Precision** of what was called spam.", "What is a confusion matrix?", probability=0.3)
    question = "what is the difference between precision and recall"
    named = of("**Mixing up precision and recall.** Precision divides by what was *said*")
    assert best_first(question, [other, named])[0] is named
    unnamed = of("**Going far outside the data.** Our line promises")
    assert best_first(question, [other, unnamed])[0] is other


def test_a_passage_that_sends_the_reader_elsewhere_comes_after_one_that_says_it():
    below = passage(
        "A discount gamma.", "What is an MDP?", "a discount (gamma), explained below.", probability=0.4
    )
    here = passage(
        "With gamma = 0 only the next reward counts.", "What is the return?", "With gamma = 0 only"
    )
    assert best_first("what does gamma do", [below, here])[0] is here


def test_what_acts_in_the_question_is_what_the_answer_is_about():
    closed = passage(
        "Yes, solve two equations.", "Is there a formula that finds the best line?", probability=0.7
    )
    descent = passage("Walk downhill.", "How does gradient descent work?", probability=0.4)
    assert best_first("how does gradient descent find the best line?", [closed, descent])[0] is descent
    assert best_first("is there a formula for the best line?", [closed, descent])[0] is closed


def test_a_section_about_all_that_was_asked_comes_before_one_about_half_of_it():
    half = passage("A **bandit** has arms.", "What is a bandit?", probability=0.5)
    both = passage(
        "Let each arm be a stock.", "How does a bandit become a trading strategy?", probability=0.06
    )
    assert best_first("how can a bandit be used for trading", [half, both])[0] is both
    assert best_first("what is a bandit", [half, both])[0] is half


def test_under_a_heading_that_asks_why_the_reason_comes_first():
    text = (
        "Prices wander off: most of the test prices are higher than any in training.\n\n"
        "The **log return** of a day is the natural logarithm of today's price over yesterday's."
    )
    found = passage(text, "Why learn returns instead of prices?")
    assert shape("why learn returns and not prices?", found, None, {}).idea.startswith("Prices wander off")
    assert "**log return**" in shape("what is a log return?", found, None, {}).idea


def test_where_kinds_of_a_thing_are_listed_they_are_told():
    text = (
        "An **LSTM** has a second memory. **Gates** decide what rides along on it, and what is thrown away.\n\n"
        "It was proposed in 1997.\n\n"
        "- the **forget gate**: how much stays.\n- the **output gate**: how much is shown."
    )
    found = passage(text, "What is an LSTM?")
    assert "forget gate" in shape("what do the gates in an lstm do", found, None, {}).words()
    assert "forget gate" not in shape("what is an lstm", found, None, {}).words()


def test_to_a_why_the_sentence_with_the_reason_is_told():
    text = (
        "A hall lamp has two switches, one upstairs and one downstairs, and it is on when exactly one of the two is up "
        "and the other one is down. This is called **XOR**.\n\n"
        "No straight line puts the ones on one side.\n\n"
        "Two authors studied such limits of perceptrons in a book."
    )
    found = passage(text, "Why can a single neuron not learn XOR?", "Two authors studied such limits")
    words = shape("why can't a perceptron learn xor", found, None, {"perceptron": 3.8, "xor": 4.4}).words()
    assert "No straight line" in words
    assert "Two authors" not in words


def test_a_glossary_is_asked_for_the_thing_itself_and_not_for_a_kind_of_it():
    lines = "- **1×1 convolution:** a dense layer.\n- **Dead ReLU:** off.\n- **ReLU:** negatives become 0."
    base = OneGlossary(
        lines + "\n- **Ridge (L2):** squares of the weights.\n- **Train and test split:** two parts."
    )

    def line(question, defined=frozenset()):
        return glossary_line(question, base, passage("", "What is it?"), defined)

    assert line("what does relu do") == "**ReLU:** negatives become 0."
    assert line("what is ridge") == "**Ridge (L2):** squares of the weights."
    assert line("what is a train test split for") == "**Train and test split:** two parts."
    assert line("what is a convolution") == ""
    assert line("what does relu do", {"relu"}) == ""
    assert line("how does relu work") == ""


def test_a_short_form_in_a_glossary_stands_for_what_it_says_there():
    base = OneGlossary(
        "- **BPTT** (back-propagation through time): unrolled.\n- **Truncated BPTT:** a few steps."
    )
    asked = "what is truncated backpropagation through time"
    known = content_words("back-propagation through time")
    assert glossary_line(asked, base, passage("", "What is it?"), known) == "**Truncated BPTT:** a few steps."


class OneGlossary:
    """A base with one document, which is a glossary."""

    def __init__(self, text):
        self._view = SimpleNamespace(heading=("Glossary",), text=text)

    def section(self, _path):
        return [self._view]


@pytest.mark.parametrize(
    "asked",
    [
        "explain back-propagation like i'm five",
        "explain back-propagation, like I am a 5 year old",
        "eli5 explain back-propagation",
        "explain back-propagation in plain English",
        "explain back-propagation to a beginner",
    ],
)
def test_how_simply_it_should_be_said_is_not_searched(asked):
    assert as_asked(asked, []).query == "explain back-propagation"
    assert as_asked(asked, []).text == asked


@pytest.mark.parametrize(
    "asked", ["like i'm five", "what is a 10 armed bandit?", "is it like a child process?"]
)
def test_what_is_no_way_of_saying_is_searched_as_it_is(asked):
    assert as_asked(asked, []).query == asked


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RNNs", "rnn"),
        ("llms", "LLM"),
        ("fine-tuning", "fine tuning"),
        ("back-propagation", "backprop"),
        ("this", ""),
    ],
)
def test_the_same_thing_is_the_same_however_it_is_spelt(one, other):
    assert content_words(one) == content_words(other)


def test_a_list_too_long_to_be_read_at_once_is_begun():
    reasons = "\n".join(f"- **Reason {n}:** {'because it is so ' * 5}." for n in range(9))
    told = shape(
        "why is it risky?", passage(f"A **backtest** may lie, for these reasons:\n\n{reasons}"), None, {}
    ).idea
    assert told.startswith("A **backtest** may lie, for these reasons:\n\n- **Reason 0:**")
    assert 2 <= told.count("Reason") < 9


def test_a_question_that_the_section_asks_itself_is_answered_where_the_student_asks_two():
    text = (
        "Most examples are for training, some are set aside.\n\nNothing else.\n\nWhy not test on the **training set**? "
        "The model has seen the answers."
    )
    told = shape(
        "whats a training set and why cant i just test on it", passage(text, "How is it split?"), None, {}
    )
    assert "The model has seen the answers." in told.words()


def test_of_two_sections_on_the_same_the_one_that_speaks_of_all_that_was_asked_is_taken():
    plain = passage("A signal shrinks.", "Why do gradients vanish?", probability=0.5)
    recurrent = passage(
        "In an RNN it shrinks at each step.", "Why do gradients vanish or explode?", probability=0.5
    )
    assert best_first("why do gradients vanish in rnns", [plain, recurrent])[0] is recurrent
    assert best_first("why do gradients vanish", [plain, recurrent])[0] is plain
