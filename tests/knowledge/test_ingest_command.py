import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pdf_maker import pdf

from knowledge.command import main
from knowledge.embedding import HashEmbedder
from knowledge.generations import current_name
from knowledge.paths import environment, index_folder, weights_folder
from knowledge.search import KnowledgeBase

ROOT = Path(__file__).parents[2]


def run(*arguments: object, index: Path | None = None) -> int:
    return main(
        [str(argument) for argument in arguments],
        make_embedder=lambda progress: HashEmbedder(),
        default_index=index or Path("unused"),
    )


def test_json_is_one_object_with_every_field(course, index, capsys):
    (course / "slides.pdf").write_bytes(b"%PDF")
    assert run(course, "--json", index=index) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert set(report) == {
        "files",
        "chunks",
        "added",
        "updated",
        "removed",
        "unchanged",
        "skipped",
        "seconds",
        "outcomes",
        "promoted",
        "golden",
    }
    assert report["skipped"] == [{"path": "slides.pdf", "why": "not a PDF, whatever its name says"}]
    assert {
        "path": "slides.pdf", "outcome": "skipped", "why": "not a PDF, whatever its name says", "chunks": 0,
    } in report["outcomes"]  # fmt: skip
    assert {tuple(outcome) for outcome in report["outcomes"]} == {("path", "outcome", "why", "chunks")}
    assert err == ""


def test_the_report_in_words_says_what_changed_and_what_was_left_out(course, index, capsys):
    for number in range(5):
        (course / f"picture{number}.png").write_bytes(b"x")
    (course / "lecture_09" / "lecture (1).md").write_bytes(
        (course / "lecture_09" / "lecture.md").read_bytes()
    )
    (course / "latin.txt").write_bytes("Die Größe zählt.".encode("cp1252"))
    assert run(course, "--index", index) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4 files in the knowledge base (4 added)")
    assert lines[2:] == [
        "Left out: 5",
        "  a picture: only the text around it is read: picture0.png, picture1.png, picture2.png and 2 more",
        "There twice: 1",
        "  says the same as lecture_09/lecture.md, cited with it: lecture_09/lecture (1).md",
        "Read with a remark: 1",
        "  not UTF-8: read as Windows-1252: latin.txt",
    ]


def test_a_folder_that_is_not_there_is_one_sentence_and_status_2(index, capsys):
    assert run("/nowhere/at all", index=index) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "/nowhere/at all" in err
    assert not index.exists()


def test_an_address_and_an_empty_path_are_one_sentence_and_status_2(index, capsys, monkeypatch, course):
    monkeypatch.chdir(course)
    for path, told in (
        (
            "https://example.org/course",
            "'https://example.org/course' is an address, and addresses are not fetched",
        ),
        ("", "An empty path was given"),
        (" ", "An empty path was given"),
    ):
        assert run(path, index=index) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert told in err
    assert not index.exists()


def test_a_pipe_is_refused_before_anything_waits_for_it(tmp_path, index, capsys):
    os.mkfifo(tmp_path / "pipe.md")
    assert run(tmp_path / "pipe.md", index=index) == 2
    assert capsys.readouterr().err == f"'{tmp_path}/pipe.md' is neither a file nor a folder.\n"
    assert not index.exists()


def test_a_refresh_names_what_changed_and_a_first_ingest_does_not(course, index, capsys):
    def told():
        assert run(course, index=index) == 0
        return [line for line in capsys.readouterr().out.splitlines() if line.split(":")[0] in CHANGES]

    CHANGES = ("Added", "Updated", "Removed")
    assert told() == []
    for number in range(7):
        (course / f"new_{number}.md").write_text(f"# New {number}\n\nEdition {number}.", encoding="utf-8")
    (course / "lecture_02" / "lecture.md").write_text("# Other\n\nSomething else.", encoding="utf-8")
    (course / "lecture_09" / "notebook.ipynb").unlink()
    assert told() == [
        "Added: new_0.md, new_1.md, new_2.md, new_3.md, new_4.md and 2 more",
        "Updated: lecture_02/lecture.md",
        "Removed: lecture_09/notebook.ipynb",
    ]
    assert told() == []


def test_one_file_and_one_passage_are_told_as_one(tmp_path, index, capsys):
    (tmp_path / "a.md").write_text("# A\n\nWords of a lecture.", encoding="utf-8")
    assert run(tmp_path / "a.md", index=index) == 0
    assert capsys.readouterr().out.startswith("1 file in the knowledge base (1 added), 1 passage, ")
    assert run("--list", index=index) == 0
    assert capsys.readouterr().out.startswith("default: 1 file, 1 passage, built ")


def test_a_folder_without_course_text_is_status_2(tmp_path, index, capsys):
    (tmp_path / "bare").mkdir()
    assert run(tmp_path / "bare", index=index) == 2
    assert "No readable course text" in capsys.readouterr().err


def test_a_folder_with_nothing_but_scans_says_so(tmp_path, index, capsys):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "scan.pdf").write_bytes(pdf([[]], picture=True))
    assert run(tmp_path / "bare", index=index) == 2
    err = capsys.readouterr().err
    assert "scan.pdf: a scan" in err
    assert err.count("\n") == 1


def test_a_wrong_option_is_status_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--frobnicate")
    assert stopped.value.code == 2


def test_a_failure_to_get_the_weights_is_status_1(course, index, capsys):
    from knowledge.errors import KnowledgeError

    def fail(progress):
        raise KnowledgeError("No network.")

    assert main([str(course)], make_embedder=fail, default_index=index) == 1
    assert capsys.readouterr().err == "No network.\n"


def test_folders_follow_the_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("TUTOR_HOME", "TUTOR_INDEX"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("TUTOR_HOME=/from/file\nOTHER=x\n")
    assert index_folder(environment()) == Path("/from/file/data/index")
    assert weights_folder(environment()) == Path("/from/file/cache/weights")
    monkeypatch.setenv("TUTOR_HOME", "/real")
    assert index_folder(environment()) == Path("/real/data/index")
    monkeypatch.setenv("TUTOR_INDEX", "/elsewhere")
    assert index_folder(environment()) == Path("/elsewhere")


CHILD = """
import sys
from pathlib import Path
from knowledge.command import main
from knowledge.embedding import HashEmbedder
print("started", flush=True)
sys.exit(main(sys.argv[1:], make_embedder=lambda progress: HashEmbedder(), default_index=Path("unused")))
"""


def test_a_killed_ingest_leaves_an_index_that_answers_and_the_next_one_repairs(course, index, embedder):
    assert run(course, index=index) == 0
    base = KnowledgeBase.open(index, embedder)
    dice = random.Random(7)
    for turn in range(5):
        (course / "new.md").write_text(f"# New\n\nZebras, edition {turn}.", encoding="utf-8")
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(course), "--index", str(index), "--rebuild"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert child.stdout is not None
        child.stdout.readline()
        # From "has hardly begun" to "has swapped": opening Chroma alone takes about two seconds.
        time.sleep(dice.uniform(0, 3.5))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert base.search("why do we decay epsilon")[0].path == "lecture_09/lecture.md"
        assert KnowledgeBase.open(index, embedder).search("zebras")
    assert run(course, index=index) == 0
    assert "edition 4" in base.search("zebras")[0].text
    left = {path.name for path in index.iterdir()} - {"CURRENT", "CURRENT.new", "ingest.lock"}
    assert current_name(index) in left
    assert len(left) <= 2


def test_a_reader_in_another_process_sees_the_refresh(course, index, embedder):
    code = (
        "import sys; from pathlib import Path; from knowledge.search import KnowledgeBase\n"
        "from knowledge.embedding import HashEmbedder\n"
        "base = KnowledgeBase.open(Path(sys.argv[1]), HashEmbedder())\n"
        "for line in sys.stdin: print(base.search(line)[0].text.split()[-1], flush=True)\n"
    )
    (course / "new.md").write_text("# New\n\nZebras come first", encoding="utf-8")
    assert run(course, index=index) == 0
    with subprocess.Popen(
        [sys.executable, "-c", code, str(index)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None

        def ask() -> str:
            reader.stdin.write("zebras\n")
            reader.stdin.flush()
            return reader.stdout.readline().strip()

        assert ask() == "first"
        for word in ("second", "third", "fourth"):
            (course / "new.md").write_text(f"# New\n\nZebras come {word}", encoding="utf-8")
            assert run(course, index=index) == 0
            assert ask() == word
        reader.stdin.close()


def test_the_script_itself_reports_a_missing_folder_before_it_fetches_anything(tmp_path):
    home = {**os.environ, "TUTOR_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "ingest.py"), str(tmp_path / "nowhere"), "--json"],
        capture_output=True, text=True, env=home, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere" in done.stderr
    assert not (tmp_path / "home").exists()


def test_the_script_is_stopped_with_one_sentence_however_early(tmp_path):
    # A stand-in for the package, so that the Ctrl-C comes while it is imported.
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "__init__.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    (tmp_path / "ingest.py").write_bytes((ROOT / "ingest.py").read_bytes())
    done = subprocess.run(
        [sys.executable, "ingest.py"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (1, "Stopped. The knowledge base is as it was.\n")
