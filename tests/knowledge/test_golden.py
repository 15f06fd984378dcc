"""A new index takes the place of the old one only where the course's golden questions are found as well as before."""

import json

import pytest

from knowledge.command import as_dict, in_words
from knowledge.command import main as command
from knowledge.embedding import HashEmbedder
from knowledge.generations import current_name
from knowledge.golden import read_golden
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase
from knowledge.sources import remembered

DECAY = {
    "question": "why do we decay epsilon",
    "file": "lecture_09/lecture.md",
    "evidence": "explores early and earns",
}
SLOPE = {
    "question": "slope and intercept",
    "file": "lecture_02/lecture.md",
    "evidence": "slope and intercept",
}
COST = {
    "question": "mean of the squared residuals",
    "file": ["lecture_02/lecture.md"],
    "evidence": ["squared residuals"],
}


def golden(course, *lines):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (course / "golden.jsonl").write_text(text, encoding="utf-8")


def edit(course, name, old, new):
    file = course / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_first_index_is_built_whatever_it_finds_and_reported(course, index, embedder):
    for number in range(8):
        (course / f"zebra{number}.md").write_text(
            f"# Zebra\n\nZebra {number}. More on zebra {'abcdefgh'[number] * 9}."
        )
    golden(course, DECAY, SLOPE, {**COST, "question": "zebra"})
    report = refresh([course], index, embedder)
    found = report.golden
    assert (report.promoted, found.questions, found.before, found.broken) == (True, 3, None, ())
    assert [missed.question for missed in found.missed] == ["zebra"]
    assert found.recall == pytest.approx(2 / 3, abs=1e-4)
    assert "golden.jsonl" not in [outcome.path for outcome in report.outcomes]  # neither text nor left out
    assert (
        "Golden questions: 67% of 3 found among the first 5 passages.\nNot found: 1\n  zebra: "
        in in_words(report, index)
    )


def test_a_course_without_golden_questions_is_not_asked(course, index, embedder):
    assert refresh([course], index, embedder).golden is None


def test_an_index_that_finds_as_much_takes_over_and_one_that_finds_less_does_not(
    course, index, embedder, capsys
):
    golden(course, DECAY, SLOPE, COST)
    refresh([course], index, embedder)
    edit(course, "lecture_02/lecture.md", "A straight line", "One straight line")
    better = refresh([course], index, embedder)
    assert (better.promoted, better.golden.recall, better.golden.before) == (True, 1.0, 1.0)
    before, kept = current_name(index), remembered(index)
    base = KnowledgeBase.open(index, embedder)
    edit(course, "lecture_02/lecture.md", "squared residuals", "absolute residuals")
    (course / "new.md").write_text("# New\n\nZebras.", encoding="utf-8")
    for _ in range(2):  # it stays refused, also in the same process
        worse = refresh([course], index, embedder)
        assert (worse.promoted, worse.golden.before) == (False, 1.0)
        assert worse.golden.recall == pytest.approx(2 / 3, abs=1e-4)
        (broken,) = worse.golden.broken
        assert broken.question == COST["question"]
        assert "does not stand in lecture_02/lecture.md" in broken.why
        assert (worse.files, worse.chunks) == (better.files, better.chunks)  # of the index as it is
        assert {o.path: o.outcome for o in worse.outcomes}["new.md"] == "added"
        assert (current_name(index), remembered(index)) == (before, kept)
        assert [path.name for path in index.glob("gen-*") if path.name > before] == []
        assert "squared" in base.search("squared residuals")[0].text
    told = in_words(worse, index)
    assert told.startswith(
        "The new index was not put in place: of 3 golden questions it finds 2, and the one in place"
    )
    assert f"  {COST['question']}: " in told
    assert "3 files in the knowledge base (as before; in the folder: 1 added, 1 updated, 2 unchanged)" in told
    assert as_dict(worse)["golden"]["broken"][0]["question"] == COST["question"]
    assert as_dict(worse)["promoted"] is False
    accepted = refresh([course], index, embedder, accept=True)
    assert accepted.promoted
    assert [broken.question for broken in accepted.golden.broken] == [COST["question"]]
    assert base.search("zebras")[0].path == "new.md"


def test_a_removed_lecture_breaks_its_questions(course, index, embedder):
    golden(course, DECAY, SLOPE)
    refresh([course], index, embedder)
    (course / "lecture_02" / "lecture.md").unlink()
    report = refresh([course], index, embedder)
    assert not report.promoted
    assert [(b.question, "no file" in b.why) for b in report.golden.broken] == [("slope and intercept", True)]
    golden(course, DECAY)  # the teacher means it
    assert refresh([course], index, embedder).promoted


def test_a_passage_that_is_crowded_out_breaks_its_question(course, index, embedder):
    golden(course, SLOPE)
    refresh([course], index, embedder)
    for number in range(8):
        words = " ".join(f"word{number}x{n}" for n in range(20))
        text = f"# Slope and intercept\n\n## Slope and intercept\n\nSlope and intercept, slope and intercept. {words}"
        (course / f"slope{number}.md").write_text(text, encoding="utf-8")
    report = refresh([course], index, embedder)
    assert not report.promoted
    assert "is not among the first 5 passages with it; the first is slope" in report.golden.broken[0].why


def test_where_one_breaks_and_another_is_mended_the_new_one_takes_over_and_tells(course, index, embedder):
    golden(course, SLOPE, {**DECAY, "question": "wombats", "evidence": "wombats", "file": "new.md"})
    refresh([course], index, embedder)
    edit(course, "lecture_02/lecture.md", "slope and intercept", "two numbers")
    (course / "new.md").write_text("# New\n\nOf wombats.", encoding="utf-8")
    report = refresh([course], index, embedder)
    assert (report.promoted, report.golden.recall, report.golden.before) == (True, 0.5, 0.5)
    assert [broken.question for broken in report.golden.broken] == ["slope and intercept"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ('"text"', "this is str"),
        ({"question": "", "file": "a", "evidence": "b"}, '"question" must be a text that is not empty'),
        ({"question": "x", "evidence": "b"}, '"file" must be a text or a list of texts'),
        ({**SLOPE, "evidence": 7}, '"evidence" must be a text or a list of texts'),
        ({**SLOPE, "file": "lecture_02/lectures.md"}, "near it are lecture_02/lecture.md"),
        ({**SLOPE, "evidence": "slopes of mountains"}, "does not stand in lecture_02/lecture.md"),
    ],
)
def test_a_line_that_cannot_be_used_is_one_sentence_and_costs_itself_alone(
    course, index, embedder, line, says
):
    golden(course, DECAY, "", line, {"question": "capital of Peru", "answerable": False})
    found = refresh([course], index, embedder).golden
    (sentence,) = found.wrong
    assert sentence.startswith(f"Line 3 of {course / 'golden.jsonl'}: ")
    assert says in sentence
    assert (found.questions, found.recall, found.promoted) == (1, 1.0, True)


def test_a_file_that_is_no_text_is_one_sentence(course, index, embedder):
    (course / "golden.jsonl").write_bytes(b"\xff\xfe\x00")
    (sentence,) = refresh([course], index, embedder).golden.wrong
    assert "is not UTF-8 text" in sentence
    assert read_golden([course / "lecture_09"]).questions == ()


def test_an_index_of_another_embedder_has_nothing_to_compare_with(course, index, embedder):
    class Other(HashEmbedder):
        name = "other"

    golden(course, SLOPE)
    refresh([course], index, Other())
    report = refresh([course], index, embedder)
    assert (report.promoted, report.golden.before) == (True, None)


def test_the_command_fails_and_says_so_until_it_is_told_to_accept(course, index, capsys):
    def run(*arguments):
        status = command(
            [str(course), "--index", str(index), *arguments],
            make_embedder=lambda progress: HashEmbedder(), default_index=index,
        )  # fmt: skip
        return status, capsys.readouterr().out

    golden(course, SLOPE)
    assert run()[0] == 0
    edit(course, "lecture_02/lecture.md", "slope and intercept", "two numbers")
    status, said = run()
    assert (status, said.count("was not put in place")) == (1, 1)
    status, said = run("--json")
    assert (status, json.loads(said)["promoted"]) == (1, False)
    status, said = run("--accept")
    assert status == 0
    assert "Found before and not any more: 1\n  slope and intercept: " in said
