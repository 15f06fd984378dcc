import os
import unicodedata
from pathlib import Path

import pytest

from knowledge import files
from knowledge.documents import lecture_of, title_from_name
from knowledge.embedding import HashEmbedder
from knowledge.errors import BadInputError, MissingFolderError, UnreadableError
from knowledge.files import CourseFile, find_files
from knowledge.refresh import refresh


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
    with pytest.raises(BadInputError, match=r"pipe\.md' is neither a file nor a folder\.$"):
        find_files([tmp_path / "pipe.md"])


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


@pytest.fixture
def locked(monkeypatch):
    """Makes a folder refuse, also to a superuser: what lies in it, and (unless told otherwise) its names."""

    def lock(folder, names_too=True):
        real_stat, real_scandir = os.stat, os.scandir

        def stat(path, *rest, **named):
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(f"{folder}/"):
                raise PermissionError(13, "Permission denied", str(path))
            return real_stat(path, *rest, **named)

        def scandir(path):
            if names_too and str(path) == str(folder):
                raise PermissionError(13, "Permission denied", str(path))
            return real_scandir(path)

        monkeypatch.setattr(os, "stat", stat)
        monkeypatch.setattr(os, "scandir", scandir)

    return lock


@pytest.mark.parametrize("names_too", [True, False])
def test_a_folder_that_lets_nobody_in_costs_itself_alone(tmp_path, locked, names_too):
    (tmp_path / "shut" / "within").mkdir(parents=True)
    for name in ("a.md", "shut/b.md", "shut/within/c.md"):
        (tmp_path / name).write_text("x")
    locked(tmp_path / "shut", names_too)
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["a.md"]
    assert skipped == [("shut", "the folder cannot be opened: Permission denied")]
    assert find_files([tmp_path / "shut"]) == ([], skipped)


def test_a_file_that_cannot_be_looked_at_is_told(tmp_path, locked):
    for name in ("a.md", "shut.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "b.md").write_text("x")
    (tmp_path / "link.md").symlink_to(tmp_path / "private" / "b.md")
    real = os.stat

    def stat(path, *rest, **named):
        if str(path).endswith("link.md") and named.get("follow_symlinks", True):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "stat", stat)
        assert find_files([tmp_path])[1] == [("link.md", "cannot be opened: Permission denied")]
    locked(tmp_path / "private")
    with pytest.raises(BadInputError, match=r"private/b\.md' cannot be opened: Permission denied\.$"):
        find_files([tmp_path / "private" / "b.md"])


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
    ("name", "why"),
    [
        ("course.zip", "an archive: unpack it first"),
        ("course.tar.gz", "an archive: unpack it first"),
        ("lecture.ipynb.gz", "an archive: unpack it first"),
        ("images-idx3-ubyte.gz", "a data file, not course text"),
        ("slides.ppsx", "a PowerPoint show, or one with macros: save it as .pptx or PDF"),
        ("notes.docm", "a Word file with macros, or a template: save it as .docx or PDF"),
        ("page.xhtml", "a web page of another kind: save it as .html or PDF"),
        ("page.mhtml", "a web page of another kind: save it as .html or PDF"),
        ("notes.text", "plain text under another ending: rename it to .txt, or to .md for Markdown"),
        ("notes.org", "markup that is not read: save it as Markdown (.md), .html or PDF"),
        ("Notes.gdoc", "a document that lies with Google: download it as .docx, .pptx or PDF"),
    ],
)
def test_what_is_left_out_by_its_ending_says_what_to_do(tmp_path, name, why):
    (tmp_path / name).write_text("x")
    assert find_files([tmp_path]) == ([], [(name, why)])


def test_text_that_is_too_large_to_be_read_is_not_told_to_be_named(tmp_path, monkeypatch):
    monkeypatch.setitem(files.READ, ".txt", 1)
    (tmp_path / "data").mkdir()
    for name in ("huge.txt", "data/huge.txt"):
        (tmp_path / name).write_bytes(b"x" * 1_000_001)
    why = "too large: .txt files are read up to 1 MB"
    assert find_files([tmp_path])[1] == [("huge.txt", why), ("data/huge.txt", why)]


def test_what_a_browser_saved_with_a_page_is_left_out_and_a_folder_of_another_name_is_not(tmp_path):
    for name in (
        "Trees.html",
        "Trees_files/frame.html",
        "other_files/a.html",
        "Baum.htm",
        "Baum-Dateien/b.html",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found, skipped = find_files([tmp_path])
    assert [file.name for file in found] == ["Baum.htm", "Trees.html", "other_files/a.html"]
    why = "goes with a saved page: only the page itself is read"
    assert skipped == [("Baum-Dateien", why), ("Trees_files", why)]


def test_an_index_inside_the_course_is_no_part_of_it(tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nWords of a lecture.")
    refresh([tmp_path], tmp_path / "index", HashEmbedder())
    (tmp_path / "index" / "added").mkdir()
    (tmp_path / "index" / "added" / "b.md").write_text("x")
    found, skipped = find_files([tmp_path, tmp_path / "index" / "added"])
    assert [file.name for file in found] == ["a.md", "b.md"]  # what was added on the page is named itself
    assert skipped == []


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
        ("notes.md", "04 spring", None),
        ("Session 24.md", "", 24),
        ("Vorlesung_03.pdf", "", 3),
        ("Διάλεξη 2.pdf", "", 2),
        (unicodedata.normalize("NFD", "Διάλεξη 2.pdf"), "", 2),
        ("Lecture XII.md", "", 12),
        ("Lecture IX - Trees.md", "", 9),
        ("Lecture_IV/notes.md", "", 4),
        ("Lecture V2.md", "", None),
        ("Lecture Introduction.md", "", None),
    ],
)
def test_the_lecture_is_read_from_the_names(path, root, number):
    assert lecture_of(path, root, "") == number


@pytest.mark.parametrize(
    ("path", "title", "number"),
    [
        ("01-intro.md", "", 1),
        ("chapter_5.md", "", 5),
        ("week 4/notes.md", "", 4),
        ("intro.md", "Lecture 6: Trees", 6),
        ("intro.md", "Trees", 2),
    ],
)
def test_the_folder_of_the_whole_course_numbers_only_what_has_no_number_of_its_own(path, title, number):
    assert lecture_of(path, "ML Session 2", title) == number


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
