"""The same lecture twice: told by its text, indexed once, cited with both places."""

import json
import random

import pytest
from course_maker import code_cell, markdown_cell, notebook

from knowledge.documents import read_document
from knowledge.duplicates import ALIKE, SKETCH, originals, resemblance, sketch
from knowledge.generations import current_name
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase

WORDS = [
    f"{first}{second}"
    for first in "bcdfgklmnprst"
    for second in ("ando", "elin", "iru", "omas", "upet", "yrix")
]


def sentence(number):
    """Seven words, others for each number."""
    return " ".join(random.Random(number).choices(WORDS, k=7)) + "."


def lecture(numbers, title="Memory"):
    return f"# {title}\n\n" + "\n\n".join(sentence(number) for number in numbers)


def sketch_of(text, path="a.md"):
    return sketch(read_document(path, text.encode()))


def write(folder, name, text):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("shared", [0, 50, 90, 100])
def test_resemblance_of_short_texts_is_the_share_of_common_runs_of_words(shared):
    one, other = (
        lecture(range(30)),
        lecture([*range(shared * 30 // 100), *range(500, 530 - shared * 30 // 100)]),
    )

    def runs(text):
        words = [word.strip(".") for word in text.split("\n", 1)[1].split()]  # the title is none of the text
        return {tuple(words[at : at + 4]) for at in range(len(words) - 3)}

    exact = len(runs(one) & runs(other)) / len(runs(one) | runs(other))
    assert max(len(runs(one)), len(runs(other))) < SKETCH
    assert resemblance(sketch_of(one), sketch_of(other)) == pytest.approx(exact)


def test_resemblance_of_long_texts_is_estimated_well_enough():
    one = lecture(range(3000))
    for shared in (1500, 2700, 2970):
        other = lecture([*range(shared), *range(5000, 8000 - shared)])
        estimate = resemblance(sketch_of(one), sketch_of(other))
        assert estimate == pytest.approx(shared / (6000 - shared), abs=0.08)


def test_results_of_cells_do_not_count():
    run = {"output_type": "stream", "name": "stdout", "text": "loss 0.1\n" * 9}
    plain = notebook(markdown_cell(lecture(range(9))), code_cell("fit()"))
    executed = notebook(markdown_cell(lecture(range(9))), code_cell("fit()", run))
    assert resemblance(sketch_of(plain, "a.ipynb"), sketch_of(executed, "a.ipynb")) == 1


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (("lecture7_original.ipynb", "lecture7.ipynb"), "lecture7.ipynb"),
        (("notes (1).md", "notes.md"), "notes.md"),
        (("Copy of notes.md", "notes.md"), "notes.md"),
        (("slides.pdf", "slides.pptx"), "slides.pptx"),
        (("lecture.html", "lecture.py", "lecture.ipynb"), "lecture.ipynb"),
        (("lecture_1/regression.ipynb", "lecture_2/lecture2.ipynb"), "lecture_2/lecture2.ipynb"),
        (("lecture_1/data.txt", "lecture_2/data.txt"), "lecture_1/data.txt"),
    ],
)
def test_the_one_that_is_kept_is_no_copy_and_of_the_better_format(paths, kept):
    same = sketch_of(lecture(range(20)))
    assert originals([(path, same) for path in paths]) == {path: kept for path in paths if path != kept}


def test_of_two_with_like_names_the_one_with_more_in_it_is_kept():
    more, less = sketch_of(lecture(range(40))), sketch_of(lecture(range(37)))
    assert resemblance(more, less) > ALIKE
    assert originals([("a.md", less), ("b.md", more)]) == {"a.md": "b.md"}


def test_files_that_share_their_beginning_are_no_duplicates():
    found = originals(
        [(f"{n}.md", sketch_of(lecture([*range(20), *range(100 * n, 100 * n + 8)]))) for n in range(1, 6)]
    )
    assert found == {}


# --- in the index ----------------------------------------------------------------------------------------------------


def stored_chunks(index):
    return json.loads((index / current_name(index) / "manifest.json").read_text("utf-8"))["documents"]


def test_a_copy_adds_nothing_to_the_index_and_is_reported(course, index, embedder):
    alone = refresh([course], index, embedder).chunks
    original = course / "lecture_09" / "lecture.md"
    (course / "lecture_09" / "lecture_original.md").write_bytes(original.read_bytes())
    report = refresh([course], index, embedder)
    assert (report.files, report.chunks, report.added, report.removed) == (3, alone, 0, 0)
    assert report.skipped == (
        ("lecture_09/lecture_original.md", "says the same as lecture_09/lecture.md, cited with it"),
    )
    assert {o.path: o.outcome for o in report.outcomes}["lecture_09/lecture_original.md"] == "duplicate"


def test_a_citation_names_both_places(course, index, embedder):
    original = course / "lecture_09" / "lecture.md"
    (course / "lecture_09" / "lecture_original.md").write_bytes(original.read_bytes())
    refresh([course], index, embedder)
    found = KnowledgeBase.open(index, embedder).search("why do we decay epsilon")[0]
    assert (found.path, found.also) == ("lecture_09/lecture.md", ("lecture_09/lecture_original.md",))


def test_a_second_ingest_with_a_copy_changes_nothing_and_reads_nothing(course, index, embedder, monkeypatch):
    (course / "copy.md").write_bytes((course / "lecture_02" / "lecture.md").read_bytes())
    refresh([course], index, embedder)
    before = current_name(index)
    monkeypatch.setattr(
        "knowledge.refresh.read_document", lambda *_: pytest.fail("an unchanged file was read again")
    )
    report = refresh([course], index, embedder)
    assert (report.unchanged, report.changed, current_name(index)) == (3, False, before)


def test_a_copy_stands_for_itself_when_the_original_is_gone(course, index, embedder):
    original = course / "lecture_02" / "lecture.md"
    (course / "lecture_02" / "lecture copy.md").write_bytes(original.read_bytes())
    refresh([course], index, embedder)
    original.unlink()
    report = refresh([course], index, embedder)
    assert (report.files, report.added, report.removed) == (3, 1, 1)
    found = KnowledgeBase.open(index, embedder).search("mean of the squared residuals")[0]
    assert (found.path, found.also) == ("lecture_02/lecture copy.md", ())


def test_of_a_near_copy_only_what_it_says_besides_is_kept(tmp_path, index, embedder):
    folder = tmp_path / "notes"
    write(folder, "memory.md", lecture(range(40)))
    write(folder, "memory_old.md", lecture([*range(39), 777]))
    report = refresh([folder], index, embedder)
    outcome = {o.path: o for o in report.outcomes}["memory_old.md"]
    assert (outcome.outcome, outcome.chunks) == ("added", 1)
    assert outcome.why == "says the same as memory.md but for this much"
    base = KnowledgeBase.open(index, embedder)
    assert base.search(sentence(777))[0].path == "memory_old.md"
    assert base.search(sentence(3))[0].path == "memory.md"


def test_what_a_near_copy_says_besides_follows_the_original(tmp_path, index, embedder):
    folder = tmp_path / "notes"
    write(folder, "memory.md", lecture(range(40)))
    write(folder, "memory_old.md", lecture([*range(39), 777]))
    refresh([folder], index, embedder)
    write(folder, "memory.md", lecture([*range(39), 777, 39]))  # now the original says it too
    report = refresh([folder], index, embedder)
    assert {o.path: o.outcome for o in report.outcomes} == {
        "memory.md": "updated",
        "memory_old.md": "duplicate",
    }
    (document,) = stored_chunks(index)
    assert (document["path"], document["also"]) == ("memory.md", ["memory_old.md"])
