"""`tutor eval` on a course of one short file, as a teacher would call it."""

import json

import pytest

from tutor.cli import main

LINES = [
    {
        "question": "why do we decay epsilon?",
        "file": "bandits.md",
        "evidence": "every exploring pull wastes reward",
    },
    {"question": "what is a variational autoencoder", "answerable": False},
]


@pytest.fixture
def evaluate(tmp_path, monkeypatch, minilm_dir, capsys):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "bandits.md").write_text(
        "# Bandits\n\n## Why do we decay epsilon?\n\nEarly on the estimates are poor, so exploring pays. Later every "
        "exploring pull wastes reward.\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("TUTOR_WEIGHTS", str(minilm_dir.parent))
    monkeypatch.setenv("TUTOR_INDEX", str(tmp_path / "index"))
    assert main(["ingest", str(folder)]) == 0

    def call(*lines, arguments=()):
        file = tmp_path / "questions.jsonl"
        file.write_text(
            "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), encoding="utf-8"
        )
        capsys.readouterr()
        status = main(["eval", "--questions", str(file), "--model", "none", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.mark.weights
def test_the_scores_come_as_one_json_object(evaluate):
    status, out, _ = evaluate(*LINES, arguments=["--json"])
    report = json.loads(out)
    assert status == 0
    assert report["retrieval"]["hit@1"] == 1.0
    assert report["abstention"]["off_course"]["abstained"] == 1.0
    assert report["abstention"]["answerable"]["abstained"] == 0.0
    assert report["groundedness"] is None
    assert [(q["line"], q["rank"], q["outcome"]) for q in report["questions"]] == [
        (1, 1, "answered"),
        (2, None, "abstained"),
    ]


@pytest.mark.weights
def test_a_wrong_line_is_told_and_the_rest_is_measured(evaluate):
    status, out, err = evaluate(LINES[0], "oops")
    assert status == 2
    assert "Questions: 1 that the course answers, 0 that it does not." in out
    assert "Line 2 of" in err


@pytest.mark.weights
def test_what_went_wrong_is_listed_for_the_teacher(evaluate):
    status, out, _ = evaluate({**LINES[0], "question": "what is a kalman filter"})
    assert status == 0
    assert "line 1: what is a kalman filter (refused)" in out


@pytest.mark.weights
def test_a_file_without_any_question_is_bad_input(evaluate):
    status, out, err = evaluate("oops")
    assert (status, out) == (2, "")
    assert "no question that can be used" in err


def test_turns_out_of_range_are_refused(capsys):
    assert main(["eval", "--questions", "x.jsonl", "--turns", "-1"]) == 2
    assert "--turns -1 is out of range" in capsys.readouterr().err
