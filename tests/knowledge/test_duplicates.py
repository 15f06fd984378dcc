"""The same lecture twice: told by its text, indexed once, cited with both places."""

import json
import random

import pytest
from course_maker import code_cell, markdown_cell, notebook
from pdf_maker import column, pdf

from knowledge.chunking import chunk_document
from knowledge.documents import read_document
from knowledge.duplicates import ALIKE, SKETCH, about, figures, news, originals, resemblance, sketch
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


# --- what was corrected ----------------------------------------------------------------------------------------------


def cut(text, path="a.md", limit=64):
    return chunk_document(read_document(path, text.encode()), lambda part: len(part.split()), limit)


DUE = "The homework on margins is due on 12 May at noon, and late work loses one mark for each day."
NOTICE = f"# Margins\n\n{sentence(1)}\n\n## Deadline\n\n{DUE}\n\n## Widths\n\n{sentence(2)}"


@pytest.mark.parametrize("path", ["revised.md", "revised.html"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("12 May", "19 May"),
        ("12 May", "12 June"),
        ("12 May", "19 June"),
        ("one mark", "two marks"),
        ("on 12 May at noon", "on 12 May at 10:30"),
    ],
)
def test_a_number_or_a_date_that_was_changed_is_news_in_every_format(path, before, after):
    there, now = NOTICE.replace("noon", "9:30") if "10:30" in after else NOTICE, NOTICE.replace(before, after)
    original = cut(f"{there}\n\n{sentence(3)}")
    copy = cut(
        f"{now}\n\n{sentence(3)}" if path.endswith(".md") else as_html(f"{now}\n\n{sentence(3)}"), path
    )
    assert "".join(chunk.text for chunk in news(copy, original)).count(after) == 1


def as_html(text):
    parts = [part.lstrip("# ") if part.startswith("#") else f"<p>{part}</p>" for part in text.split("\n\n")]
    return "".join(part if part.startswith("<p>") else f"<h2>{part}</h2>" for part in parts)


def test_dates_that_were_all_moved_are_news_where_each_of_them_stands():
    def part(number):
        return " ".join(sentence(10 * number + more) for more in range(5))

    weeks = "\n\n".join(
        f"## Part {n}\n\nHomework {n} is due on {7 * n} May at noon. {part(n)}" for n in range(1, 4)
    )
    moved = weeks.replace("21 May", "28 May").replace("14 May", "21 May").replace("7 May", "14 May")
    copy, original = cut(as_html(moved), "moved.html"), cut(weeks)
    kept = [chunk.text for chunk in news(copy, original)]
    assert [day in text for day, text in zip(("14 May", "21 May", "28 May"), kept, strict=True)] == [True] * 3


def test_a_date_in_a_heading_is_news_and_the_number_of_a_section_is_not():
    text = f"# Margins\n\n## 2.1 Hand in the homework by 12 May\n\n{sentence(1)}"
    assert news(cut(text.replace("12 May", "19 May")), cut(text))
    assert news(cut(text.replace("2.1 Hand", "3.1 Hand")), cut(text)) == []


def test_markers_of_lists_and_numbers_of_pages_are_no_news():
    steps = "Do these in turn:\n\n1. Fit the model to lecture 3.\n2. Measure it on set 5.\n3. Compute the mean of all."
    page = steps.replace("\n1. ", "\n").replace("\n2. ", "\n").replace("\n3. ", "\n")
    assert news(cut(as_html(page), "a.html"), cut(steps)) == []
    assert news(cut(steps), cut(as_html(page), "a.html")) == []
    long = [sentence(number) for number in range(12)]
    with_page = " ".join((*long[:7], "17", *long[7:]))
    assert news(cut(as_html(with_page), "a.html"), cut(" ".join(long))) == []


def test_numbers_between_the_symbols_of_a_formula_are_no_news():
    def text(formula):
        return " ".join((*(sentence(number) for number in range(9)), formula, sentence(9)))

    assert news(cut(as_html(text("g a b c 2 d e f")), "a.html"), cut(text("h a b c 1 d e f"))) == []
    assert news(cut(as_html(text("a bandit costs 2 marks")), "a.html"), cut(text("a bandit costs 1 mark")))


def test_a_german_date_that_looks_like_the_marker_of_a_list_is_a_date():
    text = f"# Termine\n\n{sentence(1)}\n\n12. Mai um zehn Uhr: Abgabe der Übung. {sentence(2)}"
    assert news(cut(as_html(text.replace("12. Mai", "19. Mai")), "a.html"), cut(text))


def test_figures_are_numbers_months_and_days():
    assert figures("On Friday, 12 May, at 10:30, w2 grows by 3rd order.") == {
        "friday",
        "12",
        "may",
        "10",
        "30",
        "3rd",
    }


def test_two_passages_are_about_the_same_when_the_shorter_one_is_mostly_in_the_other():
    assert about(frozenset("abc"), frozenset("abcdefghij"))
    assert not about(frozenset("abcd"), frozenset("abxyzuvw"))
    assert not about(frozenset(), frozenset("ab"))


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
    assert (
        outcome.why == "says nearly the same as memory.md: only the one passage that differs is in the index"
    )
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


def own_sentence(number):
    """Words that no other sentence has."""
    letter = "abcdefghijklmnopqrstuvwxyzäöüß"[number]
    return " ".join(f"{word}{letter}" for word in WORDS[:14]) + "."


def revised(folder, name, old="12 May", new="19 May"):
    """A lecture and another version of it, each with the date that it names."""
    lines = [
        lecture(range(3)),
        "## Deadline",
        DUE.replace("12 May", old),
        "## More",
        *(own_sentence(n) for n in range(4, 30)),
    ]
    write(folder, "lecture_01.md", "\n\n".join(lines))
    lines[2] = DUE.replace("12 May", new)
    if name.endswith(".pdf"):
        text = [line for part in lines for line in part.replace("#", "").split("\n") if line.strip()]
        (folder / name).write_bytes(pdf([column(*text)]))
    else:
        write(folder, name, "\n\n".join(lines))


@pytest.mark.parametrize("name", ["lecture_01_v2.md", "lecture_01_revised.pdf"])
def test_a_revision_is_found_with_its_date_and_no_passage_names_a_file_that_says_otherwise(
    tmp_path, index, embedder, name
):
    folder = tmp_path / "notes"
    folder.mkdir()
    revised(folder, name)
    report = refresh([folder], index, embedder)
    assert {item.path: (item.outcome, item.why) for item in report.outcomes}[name] == (
        "added",
        "says nearly the same as lecture_01.md: only the one passage that differs is in the index",
    )
    base = KnowledgeBase.open(index, embedder)
    found = [
        passage for passage in base.search("homework on margins due at noon") if "homework" in passage.text
    ]
    assert {passage.path: ("12 May" in passage.text, "19 May" in passage.text) for passage in found} == {
        "lecture_01.md": (True, False),
        name: (False, True),
    }
    assert [passage.also for passage in found] == [(), ()]
    # What both say word for word is cited with both.
    other = base.search(own_sentence(25))[0]
    assert (other.path, other.also) == ("lecture_01.md", (name,))


def test_passages_of_different_courses_that_differ_in_a_number_are_both_found(tmp_path, index, embedder):
    folder = tmp_path / "notes"
    for name, day in (("monday.md", "12 May"), ("tuesday.md", "13 May")):
        own = " ".join(f"{name[:6]}word{number}" for number in range(80))
        write(folder, name, f"# {name}\n\n## Deadline\n\n{DUE.replace('12 May', day)}\n\n## More\n\n{own}")
    refresh([folder], index, embedder)
    found = KnowledgeBase.open(index, embedder).search("homework on margins due at noon")
    assert {(passage.path, passage.also) for passage in found if "homework" in passage.text} == {
        ("monday.md", ()),
        ("tuesday.md", ()),
    }
