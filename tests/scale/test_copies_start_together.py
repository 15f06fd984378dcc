"""Several copies of the tutor that start at once on one empty folder: one reads the course, the others wait for it."""

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.generations import writer
from tutor import library as module
from tutor.errors import LibraryError
from tutor.library import Library


def test_a_copy_waits_for_the_one_that_reads_the_course_and_then_opens_it(tmp_path, monkeypatch):
    course, index = tmp_path / "course", tmp_path / "index"
    course.mkdir()
    (course / "notes.md").write_text("# Epsilon\n\nEpsilon decays so that the agent explores early.\n")
    monkeypatch.setattr(module, "OTHERS", 0.05)
    with writer(index):  # the first copy is at it
        waiting = Library(index, None, course=[course], embedder=HashEmbedder())
        waiting.start()
        seen = []
        with pytest.raises(LibraryError):
            waiting.wait(timeout=1.0, tick=seen.append)
        assert waiting.ready is None
        assert {(status.state, status.message) for status in seen[1:]} == {
            ("building", "Waiting for the lectures, which are being read already")
        }
    # and where that one was killed before it was done, the next one does the work
    assert waiting.wait(timeout=60, tick=lambda status: None).search("epsilon")[0].path == "notes.md"
