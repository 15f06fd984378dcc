"""Opening the course: an index of another version is built again from what it was read from."""

import shutil

import pytest

from knowledge import manifest
from knowledge.embedding import HashEmbedder
from knowledge.refresh import refresh
from tutor.errors import LibraryError
from tutor.library import Library


@pytest.fixture
def old_index(tmp_path, monkeypatch):
    """A teacher's course that the version before this one read."""
    course = tmp_path / "my lectures"
    course.mkdir()
    (course / "notes.md").write_text("# Herons\n\nHerons stand on one leg.\n", encoding="utf-8")
    with monkeypatch.context() as before:
        before.setattr(manifest, "SCHEMA", manifest.SCHEMA - 1)
        refresh([course], tmp_path / "index", HashEmbedder())
    return course, tmp_path / "index"


@pytest.mark.parametrize("build", [True, False], ids=["the course that ships or its place", "another course"])
def test_an_index_of_another_version_is_read_again_from_its_own_folder(old_index, build):
    _, index = old_index
    library = Library(index, None, embedder=HashEmbedder(), build=build)
    seen = []
    assert library.wait(tick=seen.append).search("herons")[0].path == "notes.md"
    assert library.status.state == "ready"


def test_without_its_folder_it_stays_as_it_is_and_the_sentence_says_what_to_do(old_index):
    course, index = old_index
    shutil.rmtree(course)
    before = sorted(path.name for path in index.iterdir())
    with pytest.raises(LibraryError, match=r"made with format .* Run `python ingest\.py --rebuild`"):
        Library(index, None, embedder=HashEmbedder()).wait()
    assert sorted(path.name for path in index.iterdir()) == before
