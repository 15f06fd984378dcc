from pathlib import Path

import pytest

from knowledge.documents import lecture_number, title_from_name
from knowledge.errors import MissingFolderError
from knowledge.files import find_files


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_files(paths)[0]]


def test_files_come_in_natural_order_and_others_with_a_reason(tmp_path):
    for name in (
        "lecture_10/a.md",
        "lecture_2/b.ipynb",
        "slides.pdf",
        "plot.png",
        "data.csv",
        "LICENSE",
        "x.weird",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["lecture_2/b.ipynb", "lecture_10/a.md"]
    why = dict(skipped)
    assert why["slides.pdf"] == "PDF files are not read yet"
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
    ],
)
def test_a_file_without_a_heading_is_titled_by_its_name(path, title):
    assert title_from_name(path) == title
