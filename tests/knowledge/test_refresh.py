import json

import pytest
from course_maker import REGRESSION, CountingEmbedder, markdown_cell
from pdf_maker import pdf

from knowledge import pdf_reader
from knowledge import refresh as refresh_module
from knowledge.embedding import HashEmbedder
from knowledge.errors import (
    BadInputError,
    DamagedIndexError,
    IndexVersionError,
    IndexWriteError,
    IngestBusyError,
    MissingIndexError,
    NothingToIngestError,
    UnreadableModelError,
)
from knowledge.generations import current_name, writer
from knowledge.refresh import FAILED, refresh
from knowledge.search import KnowledgeBase


def ids(index):
    manifest = json.loads((index / current_name(index) / "manifest.json").read_text("utf-8"))
    return [chunk[0] for document in manifest["documents"] for chunk in document["chunks"]]


def test_a_first_ingest_adds_every_file(course, index, embedder):
    report = refresh([course], index, embedder)
    assert (report.files, report.added, report.updated, report.removed, report.unchanged) == (3, 3, 0, 0, 0)
    assert report.chunks == len(ids(index)) == len(embedder.passages)


def test_a_second_ingest_embeds_nothing_and_makes_no_generation(course, index, embedder):
    refresh([course], index, embedder)
    before, embedder.passages = current_name(index), []
    report = refresh([course], index, embedder)
    assert (report.unchanged, report.changed, current_name(index)) == (3, False, before)
    assert embedder.passages == []


def test_a_rebuild_gives_the_same_ids_and_embeds_everything(course, index, embedder):
    refresh([course], index, embedder)
    before, embedder.passages = ids(index), []
    refresh([course], index, embedder, rebuild=True)
    assert ids(index) == before
    assert len(embedder.passages) == len(before)


def test_the_model_is_loaded_while_files_are_read_and_only_where_there_is_something_new(
    course, index, embedder
):
    refresh([course], index, embedder)
    assert embedder.warmed.wait(10)
    embedder.warmed.clear()
    refresh([course], index, embedder)
    assert not embedder.warmed.wait(0.2)


def test_a_scan_is_opened_once_and_loads_no_model_as_long_as_it_stays_the_same(
    course, index, embedder, monkeypatch
):
    scan = course / "lecture_02" / "board.pdf"
    scan.write_bytes(pdf([[]], picture=True))
    first = refresh([course], index, embedder)
    opened = []
    monkeypatch.setattr(
        pdf_reader, "_run", lambda data: opened.append(data) or ([{"why": "opened again"}], True)
    )
    assert embedder.warmed.wait(10)
    embedder.warmed.clear()
    again = refresh([course], index, embedder)
    assert again.skipped == first.skipped
    assert [why.split(" or ")[0] for path, why in again.skipped if path.endswith("board.pdf")] == ["a scan"]
    (course / "lecture_02" / "new.md").write_text("# New\n\nA lecture more, with a line of text.", "utf-8")
    refresh([course], index, embedder)
    assert refresh([course], index, embedder).skipped == first.skipped
    assert not opened
    scan.write_bytes(pdf([[], []], picture=True))
    assert ("lecture_02/board.pdf", "opened again") in refresh([course], index, embedder).skipped


def test_a_reader_that_fails_costs_its_file_alone_and_no_trace_is_shown(
    course, index, embedder, monkeypatch, caplog
):
    (course / "odd.md").write_text("# Odd\n\nA text.", "utf-8")
    read = refresh_module.read_document

    def fails(path, *rest):
        if path == "odd.md":
            raise ZeroDivisionError("in a library")
        return read(path, *rest)

    monkeypatch.setattr(refresh_module, "read_document", fails)
    report = refresh([course], index, embedder)
    assert (report.files, report.added) == (3, 3)
    assert report.skipped == (("odd.md", FAILED),)
    assert "ZeroDivisionError" in caplog.text  # for whoever is told of it
    monkeypatch.setattr(refresh_module, "read_document", read)
    assert refresh([course], index, embedder).added == 1


def test_a_pdf_that_was_not_read_in_time_is_tried_again(course, index, embedder, monkeypatch):
    (course / "board.pdf").write_bytes(pdf([[]], picture=True))
    records, _ = pdf_reader._run(pdf([[]], picture=True))
    monkeypatch.setattr(pdf_reader, "_run", lambda data: (records, False))
    refresh([course], index, embedder)
    opened = []
    monkeypatch.setattr(pdf_reader, "_run", lambda data: opened.append(data) or (records, False))
    refresh([course], index, embedder)
    assert len(opened) == 1


def test_a_model_that_cannot_be_loaded_is_an_error_once_and_no_traceback_besides(course, index, capfd):
    class Broken(CountingEmbedder):
        def warm_up(self):
            raise UnreadableModelError(index, OSError("the weights are damaged"))

        def embed_passages(self, texts, progress=None):
            self.warm_up()

    with pytest.raises(UnreadableModelError, match="the weights are damaged"):
        refresh([course], index, Broken())
    assert capfd.readouterr() == ("", "")


def test_an_edit_embeds_only_the_passage_that_changed(course, index, embedder):
    refresh([course], index, embedder)
    embedder.passages = []
    file = course / "lecture_02" / "lecture.md"
    file.write_text(file.read_text("utf-8").replace("squared residuals", "squared errors"), encoding="utf-8")
    report = refresh([course], index, embedder)
    assert (report.updated, report.unchanged) == (1, 2)
    assert len(embedder.passages) == 1
    assert "squared errors" in embedder.passages[0]
    best = KnowledgeBase.open(index, embedder).search("mean of the squared errors")[0]
    assert best.path == "lecture_02/lecture.md"


def test_a_cell_put_in_front_embeds_only_itself(course, index, embedder):
    refresh([course], index, embedder)
    embedder.passages = []
    file = course / "lecture_09" / "notebook.ipynb"
    data = json.loads(file.read_text("utf-8"))
    data["cells"].insert(
        0, markdown_cell("# Hands on\n\n## Before we start\n\n" + "Install the packages. " * 12)
    )
    file.write_text(json.dumps(data), encoding="utf-8")
    refresh([course], index, embedder)
    assert len(embedder.passages) == 1


def test_a_file_that_is_gone_is_forgotten_and_a_new_one_found(course, index, embedder):
    refresh([course], index, embedder)
    (course / "lecture_02" / "lecture.md").unlink()
    (course / "new.md").write_text("# Pooling\n\nPooling halves the image.", encoding="utf-8")
    report = refresh([course], index, embedder)
    assert (report.files, report.added, report.removed, report.unchanged) == (3, 1, 1, 2)
    base = KnowledgeBase.open(index, embedder)
    assert base.search("pooling")[0].path == "new.md"
    assert "lecture_02/lecture.md" not in [file.path for file in base.files()]


def test_broken_files_are_reported_and_stop_nothing(course, index, embedder):
    (course / "broken.ipynb").write_text('{"cells": [')
    (course / "empty.md").write_text("")
    (course / "list.ipynb").write_text("[1, 2, 3]")
    (course / "noise.md").write_bytes(b"\x00\x01\x02")
    (course / "slides.pdf").write_bytes(b"%PDF-1.7")
    (course / "latin.md").write_bytes("# Größe\n\nDas Maß aller Dinge.".encode("latin-1"))
    report = refresh([course], index, embedder)
    assert report.files == 4
    assert {path for path, _ in report.skipped} == {
        "broken.ipynb", "empty.md", "list.ipynb", "noise.md", "slides.pdf",
    }  # fmt: skip
    assert all(why for _, why in report.skipped)
    remarks = {outcome.path: outcome.why for outcome in report.outcomes if outcome.outcome == "added"}
    assert remarks.pop("latin.md") == "not UTF-8: read as Windows-1252"
    assert set(remarks.values()) == {""}
    again = refresh([course], index, embedder)
    assert {o.path: o.why for o in again.outcomes if o.outcome == "unchanged"}["latin.md"]


@pytest.mark.parametrize("leave", [[], ["only.pdf"], ["broken.ipynb"]])
def test_a_folder_without_course_text_never_empties_the_knowledge_base(
    course, index, embedder, tmp_path, leave
):
    refresh([course], index, embedder)
    before = ids(index)
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in leave:
        (bare / name).write_text("nothing")
    with pytest.raises(NothingToIngestError, match="left as it was"):
        refresh([bare], index, embedder)
    assert ids(index) == before
    assert KnowledgeBase.open(index, embedder).search("epsilon")


def test_an_index_of_another_embedder_is_refused_and_a_refresh_mends_it(course, index, embedder):
    class Other(HashEmbedder):
        name = "other-model"

    refresh([course], index, Other())
    with pytest.raises(IndexVersionError, match=r"other-model.*ingest\.py --rebuild"):
        KnowledgeBase.open(index, embedder)
    report = refresh([course], index, embedder)
    assert report.added == 3
    assert KnowledgeBase.open(index, embedder).chunk_count == report.chunks


def test_an_index_of_another_version_is_refused_and_a_refresh_mends_it(course, index, embedder):
    refresh([course], index, embedder)
    manifest = index / current_name(index) / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"schema": ', '"schema": 99'), encoding="utf-8")
    with pytest.raises(IndexVersionError, match="--rebuild"):
        KnowledgeBase.open(index, embedder)
    refresh([course], index, embedder)
    assert KnowledgeBase.open(index, embedder).search("epsilon")


def test_two_writers_do_not_meet(course, index, embedder):
    with writer(index), pytest.raises(IngestBusyError, match="already writing"):
        refresh([course], index, embedder)


def test_an_index_folder_that_is_a_file_is_bad_input(course, index, embedder):
    index.write_text("not a folder")
    with pytest.raises(BadInputError, match="is a file"):
        refresh([course], index, embedder)


def test_a_failure_while_building_leaves_the_old_index_and_nothing_else(course, index, embedder, monkeypatch):
    refresh([course], index, embedder)
    before = sorted(path.name for path in index.iterdir())
    (course / "new.md").write_text("# New\n\nNew words.", encoding="utf-8")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("knowledge.refresh.write_manifest", fail)
    with pytest.raises(Exception, match="No space left") as error:
        refresh([course], index, embedder)
    assert "old index still answers" in str(error.value)
    assert sorted(path.name for path in index.iterdir()) == before
    assert KnowledgeBase.open(index, embedder).search("epsilon")


def test_a_folder_that_may_not_be_written_to_is_told_without_an_index_that_is_not_there(
    course, index, embedder, monkeypatch
):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.mkdir", refuse)
        with pytest.raises(IndexWriteError) as error:
            refresh([course], index, embedder)
    assert str(error.value) == (
        f"The knowledge base in {str(index)!r} could not be written (Permission denied). "
        "Choose a folder that you may write to, with --index or TUTOR_INDEX."
    )


def test_a_full_disk_that_chroma_reports_is_one_sentence(course, index, embedder, monkeypatch):
    def fail(*_):
        raise RuntimeError("database or disk is full")

    monkeypatch.setattr("knowledge.index._fill", fail)
    with pytest.raises(IndexWriteError, match="disk is full"):
        refresh([course], index, embedder)
    assert not list(index.glob("gen-*"))


@pytest.mark.parametrize(
    "file", ["manifest.json", "vectors.npz", "chroma/chroma.sqlite3", "bm25/vocab.index.json"]
)
@pytest.mark.parametrize("how", ["gone", "cut short"])
def test_a_damaged_index_says_how_to_build_it_again_and_that_works(course, index, embedder, file, how):
    refresh([course], index, embedder)
    broken = index / "gen-1" / file
    if how == "gone":
        broken.unlink()
    else:
        broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(DamagedIndexError, match=r"python ingest\.py --rebuild"):
        KnowledgeBase.open(index, embedder)
    refresh([course], index, embedder, rebuild=True)
    assert KnowledgeBase.open(index, embedder).search("epsilon")


def test_only_the_current_generation_and_the_one_before_are_kept(course, index, embedder):
    for turn in range(4):
        (course / "turn.md").write_text(f"# Turn\n\nTurn number {turn}.", encoding="utf-8")
        refresh([course], index, embedder)
    assert sorted(path.name for path in index.glob("gen-*")) == ["gen-3", "gen-4"]
    assert current_name(index) == "gen-4"


def test_leftovers_of_a_killed_ingest_are_cleaned_even_when_nothing_changed(course, index, embedder):
    refresh([course], index, embedder)
    (index / "gen-2" / "chroma").mkdir(parents=True)
    refresh([course], index, embedder)
    assert [path.name for path in index.glob("gen-*")] == ["gen-1"]


def test_no_index_names_the_command_that_makes_one(index, embedder):
    with pytest.raises(MissingIndexError, match=r"python ingest\.py"):
        KnowledgeBase.open(index, embedder)


def test_progress_is_told_from_reading_to_writing(course, index, embedder):
    told = []
    refresh([course], index, embedder, progress=lambda what, done, total: told.append((what, done, total)))
    assert [what for what, done, total in told if done == total] == [
        "Reading", "Cutting into passages", "Embedding", "Writing",
    ]  # fmt: skip


def test_every_file_has_an_outcome_and_the_counts_add_up(course, index, embedder):
    (course / "plot.png").write_bytes(b"x")
    first = refresh([course], index, embedder)
    assert {(o.path, o.outcome, o.chunks > 0) for o in first.outcomes} == {
        ("lecture_02/lecture.md", "added", True),
        ("lecture_09/lecture.md", "added", True),
        ("lecture_09/notebook.ipynb", "added", True),
        ("plot.png", "skipped", False),
    }
    assert sum(outcome.chunks for outcome in first.outcomes) == first.chunks
    (course / "lecture_02" / "lecture.md").write_text(f"{REGRESSION}\nMore on slopes.", encoding="utf-8")
    (course / "lecture_09" / "notebook.ipynb").unlink()
    second = refresh([course], index, embedder)
    assert {o.path: o.outcome for o in second.outcomes} == {
        "lecture_02/lecture.md": "updated",
        "lecture_09/lecture.md": "unchanged",
        "lecture_09/notebook.ipynb": "removed",
        "plot.png": "skipped",
    }
    assert (second.added, second.updated, second.unchanged, second.removed) == (0, 1, 1, 1)


def test_all_formats_land_in_one_index_and_pages_are_cited(course, index, embedder):
    from pdf_maker import column, pdf

    (course / "slides.pdf").write_bytes(
        pdf([column("Nothing here."), column("Kangaroos jump over barriers.")])
    )
    (course / "fit.py").write_text('def fit_wombat(x):\n    """Wombats dig tunnels."""\n', encoding="utf-8")
    (course / "page.html").write_text("<h1>Page</h1><p>Echidnas have spines.</p>", encoding="utf-8")
    (course / "notes.txt").write_text("Platypuses lay eggs.", encoding="utf-8")
    report = refresh([course], index, embedder)
    assert (report.files, report.skipped) == (7, ())
    base = KnowledgeBase.open(index, embedder)
    asked = {"kangaroos barriers": "slides.pdf", "wombats tunnels": "fit.py", "echidnas spines": "page.html",
             "platypuses eggs": "notes.txt"}  # fmt: skip
    found = {question: base.search(question)[0] for question in asked}
    assert {question: passage.path for question, passage in found.items()} == asked
    assert found["kangaroos barriers"].page == 2


def test_counting_embedder_counts():
    embedder = CountingEmbedder()
    embedder.embed(["a query"])
    embedder.embed_passages(["a passage"])
    assert embedder.passages == ["a passage"]
