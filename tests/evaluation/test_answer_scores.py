"""Scores of answers, on hand-made outcomes."""

from types import SimpleNamespace

from evaluation.answers import mean_and_error, sample
from evaluation.questions import Question, load_questions
from evaluation.report import Section, percent, table
from tutor.checking.scores import Answered, Outcome, abstention, dead_marks, groundedness

QUESTION = Question("l2-001", "why?", "dev", ("a.md",), ("gold",))


def outcomes(*what):
    return [Outcome(QUESTION, w, {}) for w in what]


def test_only_the_plain_refusal_counts_as_abstained():
    s = abstention(outcomes("abstained", "answered", "smalltalk", "lab"))
    assert (s["questions"], s["abstained"], s["lab"], s["elsewhere"]) == (4, 0.25, 0.25, 0.25)


def test_no_outcomes_are_no_shares():
    assert abstention([])["abstained"] == 0.0


def test_a_mark_must_name_a_source_that_the_index_has():
    sources = [SimpleNamespace(id="p1"), SimpleNamespace(id="gone")]
    ids = frozenset({"p1"})
    assert dead_marks("So it is [1].", sources, ids) == (0, 1)
    assert dead_marks("So [1] and so [2], or [3], never [0].", sources, ids) == (3, 4)
    assert dead_marks("A [1](link), x[i], x[7] and `[7]` are no marks.", sources, ids) == (0, 0)
    assert dead_marks("> ```python\n> y = [7]\n> ```\nSo [1].", sources, ids) == (0, 1)


def test_the_sample_is_of_answerable_test_questions_of_every_lecture_and_always_the_same():
    chosen = sample(load_questions(), 12)
    assert len({q.id for q in chosen}) == 12
    assert all(q.split == "test" and not q.off for q in chosen)
    assert [q.group for q in chosen] == [f"l{n}" for n in range(1, 13)]
    assert chosen == sample(load_questions(), 12)


def test_a_sample_that_asks_for_more_than_there_is_takes_all_of_it():
    few = [Question(f"l2-{n}", "why?", "test", ("a.md",), ("gold",)) for n in range(3)]
    assert sample(few, 12) == few


def test_a_table_keeps_bars_inside_its_cells():
    assert table(["a", "b"], [["x|y", 1]]).splitlines() == ["| a | b |", "| --- | --- |", "| x\\|y | 1 |"]


def test_misses_stay_off_the_page():
    text = Section("Title", ["one", "two"], ["secret"]).markdown()
    assert text == "## Title\n\none\n\ntwo\n"
    assert (percent(0.125), percent(None)) == ("12.5%", "–")


def test_a_mean_comes_with_its_standard_error():
    assert mean_and_error([0.0, 1.0]) == "50.0% ± 50.0%"
    assert (mean_and_error([1.0]), mean_and_error([])) == ("100.0%", "–")


def turn(support=None, **more):
    values = {
        "text": "",
        "abstained": False,
        "quoted": False,
        "first_text": 1.0,
        "seconds": 2.0,
        "dead_marks": 0,
    }
    return Answered(question=QUESTION, support=support, **{**values, "marks": 1, **more})


def test_groundedness_is_the_mean_over_the_turns_that_have_a_draft():
    found = groundedness(
        [turn(1.0), turn(0.5, seconds=4.0), turn(None, abstained=True), turn(None, quoted=True)]
    )
    assert (found["turns"], found["drafts"], found["supported"]) == (4, 2, 0.75)
    assert (found["abstained"], found["quoted"], found["seconds"]) == (0.25, 0.25, 3.0)
    assert groundedness([])["supported"] is None
