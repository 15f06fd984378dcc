import os
from pathlib import Path

import pytest

from knowledge import files
from knowledge.documents import lecture_number, title_from_name
from knowledge.errors import MissingFolderError, UnreadableError
from knowledge.files import CourseFile, find_files


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_files(paths)[0]]


def test_files_come_in_natural_order_and_others_with_a_reason(tmp_path):
    for name in (
        "lecture_10/a.md",
        "lecture_2/b.ipynb",
        "slides.PDF",
        "old.doc",
        "plot.png",
        "data.csv",
        "main.cpp",
        "LICENSE",
        "x.weird",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["slides.PDF", "lecture_2/b.ipynb", "lecture_10/a.md"]
    why = dict(skipped)
    assert why["old.doc"] == "an old Word file: save it as .docx or PDF"
    assert "another language" in why["main.cpp"]
    assert "picture" in why["plot.png"]
    assert "data file" in why["data.csv"]
    assert why["x.weird"] == "files ending in .weird are not read"
    assert "LICENSE" in why


def test_hidden_folders_and_checkpoints_are_passed_over(tmp_path):
    for folder in (".git", ".ipynb_checkpoints", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text("# A\n\nx")
    assert find_files([tmp_path]) == ([], [])


def test_odd_names_come_through(tmp_path):
    odd = "Lecture 7 (ε-greedy) – été.md"
    (tmp_path / odd).write_text("x")
    assert names(tmp_path) == [odd]
    assert names(tmp_path / odd) == [odd]


def test_the_same_name_in_two_folders_is_told_apart_and_a_folder_given_twice_counts_once(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "README.md").write_text("x")
    one, two = tmp_path / "one", tmp_path / "two"
    assert names(one, two, one) == ["README.md", "two/README.md"]


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFolderError, match="nowhere"):
        find_files([tmp_path / "nowhere"])


def test_plain_text_that_is_data_is_left_out_unless_it_is_named_itself(tmp_path):
    texts = ("notes.txt", "data/corpus.txt", "requirements-dev.txt", "novel.txt")
    for name in texts:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            "It was a dark and stormy night. " * (6000 if name == "novel.txt" else 3)
        )
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["notes.txt"]
    why = dict(skipped)
    assert "folder of data" in why["data/corpus.txt"]
    assert "a long plain text" in why["novel.txt"]
    assert "list for a program" in why["requirements-dev.txt"]
    assert names(*(tmp_path / name for name in texts)) == [
        "notes.txt",
        "corpus.txt",
        "requirements-dev.txt",
        "novel.txt",
    ]


def test_links_are_not_followed_into_circles_and_are_told(tmp_path):
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "lost.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["a.md", "link.md"]
    assert dict(skipped) == {
        "lost.md": "a link that leads nowhere",
        "self.md": "a link that leads nowhere",
        "round": "a link to a folder: give that folder itself",
    }


def test_pipes_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    assert find_files([tmp_path]) == ([], [("pipe.md", "neither a file nor a folder")])


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.md").write_text("x")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["a.md"]
    assert skipped == [("shut", "the folder cannot be opened: Permission denied")]


def test_a_name_that_is_not_utf_8_can_be_stored_and_read(tmp_path):
    file = os.fsencode(tmp_path) + b"/caf\xe9.md"
    try:
        with open(file, "wb") as stream:
            stream.write(b"x")
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    ((found,), _) = find_files([tmp_path])
    assert found.name == "caf\ufffd.md"
    assert found.read() == b"x"


def test_what_office_leaves_behind_is_passed_over(tmp_path):
    for name in ("~$notes.docx", "._notes.docx", "__MACOSX/notes.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert find_files([tmp_path]) == ([], [])


def test_a_file_is_read_up_to_its_limit(tmp_path, monkeypatch):
    file = tmp_path / "a.ipynb"
    file.write_bytes(b"x" * 1_000_001)
    monkeypatch.setitem(files.READ, ".ipynb", 1)
    with pytest.raises(UnreadableError, match=r"too large: \.ipynb files are read up to 1 MB"):
        CourseFile("a.ipynb", file, "").read()
    file.write_bytes(b"x" * 1_000_000)
    assert len(CourseFile("a.ipynb", file, "").read()) == 1_000_000


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (FileNotFoundError(2, "No such file"), "gone while the folder was read"),
        (PermissionError(13, "Permission denied"), "cannot be opened: Permission denied"),
    ],
)
def test_a_file_that_vanishes_or_is_locked_is_told(tmp_path, monkeypatch, error, why):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(UnreadableError, match=why):
        CourseFile("a.md", tmp_path / "a.md", "").read()


@pytest.mark.parametrize(
    ("path", "root", "number"),
    [
        ("lecture_07/a.ipynb", "", 7),
        ("Lecture 7.md", "", 7),
        ("notes/week9.ipynb", "", 9),
        ("Lec1_Introduction.md", "", 1),
        ("lecture_03/part2/chapter_5.md", "", 3),
        ("a.ipynb", "lecture_12", 12),
        ("lecture2019.md", "", None),
        ("selection3.md", "", None),
        ("notes.md", "course", None),
        ("01-Intro/notes.md", "", 1),
        ("04 Regression/00-overview.pdf", "", 4),
        ("L09-regularisation/slides.pdf", "", 9),
        ("L2 norm.md", "", None),
        ("12-03-2024 minutes.md", "", None),
        ("2024 spring/notes.md", "", None),
    ],
)
def test_the_lecture_is_read_from_the_names(path, root, number):
    assert lecture_number(path, root) == number


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("lecture_09/lecture9.ipynb", "Lecture 9"),
        ("a/Practical_Example.ipynb", "Practical Example"),
        ("lecture_04/notebook.ipynb", "Lecture 4: notebook"),
        ("README.md", "README"),
        ("labs/train_model.py", "train_model.py"),
        ("bandit/main.py", "bandit/main.py"),
    ],
)
def test_a_file_without_a_heading_is_titled_by_its_name(path, title):
    assert title_from_name(path) == title
