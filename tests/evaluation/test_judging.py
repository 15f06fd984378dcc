"""Questions over courses of others, whose evidence is known by checksums."""

import gzip
import json
from collections import Counter

import pytest

from evaluation import judging
from evaluation.judging import JUDGING, holds, judged, mark, questions_over
from knowledge.embedding import Embedder
from knowledge.question_file import Question

TEXT = "The learning rate scales the gradient.\nToo large, and the loss diverges."


def test_evidence_is_known_whatever_the_white_space_and_only_whole():
    marks = [mark("scales the  gradient"), mark("never said")]
    assert holds(marks, TEXT.replace(" ", "\n"))
    assert not holds(marks, TEXT[: TEXT.index("gradient") + 4])
    assert not holds([], TEXT)


def test_evidence_counts_in_the_files_that_are_named_alone():
    asked = [("plain", Question("1", "why", files=("a.md",)), frozenset([mark("the loss diverges")]))]
    ((style, found),) = judged(asked, lambda _: [("b.md", TEXT), ("a.md", TEXT)])
    assert (style, found.rank) == ("plain", 2)


def test_there_are_questions_over_both_courses_and_they_quote_nothing():
    count = Counter()
    with gzip.open(JUDGING, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            assert row.keys() == {"course", "question", "style", "file", "marks"}
            assert row["file"]
            assert all(isinstance(part, int) for one in row["marks"] for part in one)
            count[row["course"]] += 1
    assert set(count) == {"mijisu0103/QMML-ML-Soc", "d2l-ai/d2l-en"}
    assert min(count.values()) >= 200


def test_a_course_that_has_no_questions_is_told_with_those_that_have():
    with pytest.raises(ValueError, match=r"no questions over a/b; there are over d2l-ai/d2l-en, mijisu0103"):
        questions_over("a/b")


def test_a_folder_of_another_course_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit):
        judging.main([str(tmp_path), "d2l-ai/d2l-en"])
    assert "is not the folder of that course: chapter_" in capsys.readouterr().err


@pytest.mark.weights
def test_both_searches_are_judged_on_the_same_questions(tmp_path, monkeypatch, capsys, minilm_dir):
    course = tmp_path / "course"
    course.mkdir()
    (course / "a.md").write_text(f"# Learning rate\n\n{TEXT}\n", encoding="utf-8")
    (course / "b.md").write_text("# Cooking\n\nBoil the water before the pasta goes in.\n", encoding="utf-8")
    rows = [
        {"course": "x/y", "question": "why does the loss explode", "style": "plain", "file": ["a.md"],
         "marks": [mark("the loss diverges")]},
        {"course": "x/y", "question": "when does pasta go in", "style": "vague", "file": ["b.md"],
         "marks": [mark("no such words")]},
    ]  # fmt: skip
    with gzip.open(tmp_path / "judging.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    monkeypatch.setattr(judging, "JUDGING", tmp_path / "judging.gz")
    monkeypatch.setattr(judging, "JUDGED", tmp_path / "judged.json")
    monkeypatch.setattr(judging, "make_embedder", lambda *_: Embedder(minilm_dir))
    assert judging.main([str(course), "x/y"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("| stock", "| tutor"))]
    assert told == [
        f"| {name} | {style} |"
        for name in ("stock", "tutor")
        for style in ("all | 2 | 50.0% | 50.0% | 0.500 | 50.0%",
                      "plain | 1 | 100.0% | 100.0% | 1.000 | 100.0%",
                      "vague | 1 | 0.0% | 0.0% | 0.000 | 0.0%")
    ]  # fmt: skip
    kept = json.loads((tmp_path / "judged.json").read_text(encoding="utf-8"))
    assert "| tutor | vague | 1 | 0.0%" in judging.told(kept)[0]
