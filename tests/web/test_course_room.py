"""The course room's rendering, and what its handlers do over a real library with a toy embedder."""

from __future__ import annotations

import json
import re
import shutil
import threading
from types import SimpleNamespace

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.golden import Golden, Missed
from knowledge.paths import COURSE
from knowledge.reading import Opened, OpenedSection, Picture
from knowledge.refresh import IngestReport, Outcome, refresh
from knowledge.sources import added_folder, remember, remembered
from tutor.course import Course, Doc, Group, Heading, asked_for, labs_of, question
from tutor.course_files import AddedFile, Kept
from tutor.errors import CourseError, LibraryError
from tutor.library import Library
from tutor.refreshing import Refresher, Refreshing
from tutor.web import figures, passage
from tutor.web.access import Access, programs_refresh
from tutor.web.course_room import desk, hits, reader
from tutor.web.course_room.room import CourseRoom
from tutor.web.toolkit import gr

LECTURE = """# Lecture 9: Bandits

Ten arms.

## Why decay epsilon?

A constant $\\epsilon$ pays forever, said the heron.

![A falling <b>curve</b> for $\\epsilon$](images/curve.svg)

### In code

```python
epsilon = 1 / t  # ![not a picture](images/curve.svg)
```

## Nowhere

![outside](../../secret.png) and ![remote](https://example.org/x.png) and <img src="images/dot.png" alt="a dot">
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><script>window.hacked=1</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small course and its index, made once and copied for each test."""
    home = tmp_path_factory.mktemp("built")
    folder = home / "course"
    (folder / "lecture_09" / "images").mkdir(parents=True)
    (folder / "lecture_09" / "lecture.md").write_text(LECTURE, encoding="utf-8")
    (folder / "lecture_09" / "images" / "curve.svg").write_text(SVG, encoding="utf-8")
    (folder / "lecture_09" / "images" / "dot.png").write_bytes(PNG)
    drawn = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgoAAAAN"}}
    printed = {"output_type": "stream", "name": "stdout", "text": "47 herons\n"}
    cells = [
        {"cell_type": "markdown", "source": "## A run\n\nWatch the reward."},
        {"cell_type": "code", "source": "print(herons)", "outputs": [printed, drawn]},
    ]
    (folder / "lecture_09" / "notebook.ipynb").write_text(notebook(*cells), encoding="utf-8")
    (folder / "birds.txt").write_text(
        "Herons stand on one leg in cold water for a long time.", encoding="utf-8"
    )
    refresh([folder], home / "index", HashEmbedder())
    return home


@pytest.fixture
def course(built, tmp_path):
    (tmp_path / "secret.png").write_bytes(PNG)
    return shutil.copytree(built / "course", tmp_path / "course")


@pytest.fixture
def library(built, tmp_path, course):
    index = shutil.copytree(built / "index", tmp_path / "index")
    remember(index, [course])
    made = Library(index, None, course=[course], embedder=HashEmbedder())
    made.wait()
    return made


def local(**headers):
    return SimpleNamespace(
        headers={"host": "127.0.0.1:7860", **headers}, client=SimpleNamespace(host="127.0.0.1"), username=None
    )


@pytest.fixture
def room(library, tmp_path):
    access = Access()
    access.launched("127.0.0.1", share=False, sign_in=False)
    settings = SimpleNamespace(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", course=None)
    return CourseRoom(SimpleNamespace(tutor=None, knowledge=library, settings=settings, access=access))


def wish(**data):
    return SimpleNamespace(_data=data)


def opened(room, path, **more):
    return list(room.read(wish(document=path, **more)))[-1]


# ---- reading


def test_a_lecture_is_shown_with_its_pictures_code_and_anchors(room):
    _, head, page = opened(room, "lecture_09/lecture.md")
    assert 'data-path="lecture_09/lecture.md"' in head
    assert '<section class="t-sec" id="t-s-0">' in page
    assert re.search(r'<img src="data:image/svg\+xml;base64,[\w+/=]+" alt="A falling &lt;b&gt;curve', page)
    assert r"A constant \(\epsilon\) pays forever" in page
    assert "![not a picture](images/curve.svg)" in page  # in a listing it is text, as it was written
    assert "@@" not in page


def test_pictures_outside_the_course_and_of_other_hosts_are_only_words(room):
    _, _, page = opened(room, "lecture_09/lecture.md")
    assert "*(picture: outside)*" in page
    assert "*(picture: remote)*" in page
    assert "https://example.org" not in page
    assert "data:image/png;base64," in page  # the one inside, named by an HTML tag


def test_a_link_that_leads_out_of_the_course_is_not_followed(room, course, tmp_path):
    (course / "lecture_09" / "images" / "dot.png").unlink()
    (course / "lecture_09" / "images" / "dot.png").symlink_to(tmp_path / "secret.png")
    assert "data:image/png" not in opened(room, "lecture_09/lecture.md")[2]


def test_a_file_that_only_says_it_is_a_picture_is_not_sent(room, course):
    (course / "lecture_09" / "images" / "dot.png").write_text("root:x:0:0", encoding="utf-8")
    assert "data:image/png" not in opened(room, "lecture_09/lecture.md")[2]


def test_a_notebook_shows_its_cells_outputs_and_drawings(room):
    _, head, page = opened(room, "lecture_09/notebook.ipynb")
    assert "aria-current=page>Notebook" in head
    assert "cell 1" in page
    assert "```python\nprint(herons)\n```" in page
    assert '<div class="t-output">\n\n```text\n47 herons\n```' in page
    assert "A figure that this cell drew" in page


def test_a_passage_is_opened_at_its_section_with_its_sentence_marked(room, library):
    hit = library.ready.search("what does a constant epsilon cost, said the heron", k=1)[0]
    _, head, page = opened(room, hit.path, passage=hit.id, mark=hit.best_sentence)
    target = int(re.search(r'data-target="(\d+)"', head)[1])
    shown = page.split(f'id="t-s-{target}"')[1].split("</section>")[0]
    assert "<mark>A constant" in shown
    assert page.count("<mark>") == 1


def test_a_document_that_is_gone_or_never_was_is_refused_in_words(room, monkeypatch):
    said = []
    monkeypatch.setattr("tutor.web.course_room.room.gr.Warning", said.append)
    shown = opened(room, "../../etc/passwd")
    assert "not in the course" in said[0]
    assert not any(isinstance(part, str) for part in shown)


def test_a_changed_file_says_so_and_a_lost_one_shows_what_the_index_keeps(room, course):
    file = course / "lecture_09" / "lecture.md"
    file.write_text(LECTURE.replace("Ten arms", "Twelve arms"), encoding="utf-8")
    _, head, page = opened(room, "lecture_09/lecture.md")
    assert reader.CHANGED in head
    assert "Twelve arms" in page
    file.unlink()
    _, head, page = opened(room, "lecture_09/lecture.md")
    assert reader.MISSING in head
    assert "Ten arms" in page


def test_entering_brings_the_contents_and_the_last_place(room):
    contents, head, _ = list(room.read(wish(enter=True, document="birds.txt", section=0)))[-1]
    assert 'data-path="lecture_09/lecture.md"' in contents
    assert ">Why decay epsilon?</button>" in contents
    assert 'data-path="birds.txt"' in head
    assert 'data-target="0"' in head
    _, head, _ = list(room.read(wish(enter=True, document="left/the/course.md")))[-1]
    assert 'data-path="lecture_09/lecture.md"' in head


def test_a_course_that_is_still_being_read_says_how_far_it_is(tmp_path, monkeypatch):
    status = SimpleNamespace(state="building", message="Embedding {x}", fraction=0.4)
    waiting = SimpleNamespace(ready=None, status=status)
    room = CourseRoom(SimpleNamespace(tutor=None, settings=None, knowledge=waiting))
    steps = room.read(wish(enter=True))
    assert "Embedding &#123;x}… 40%" in next(steps)[1]
    waiting.status = SimpleNamespace(state="failed", message="No network.", fraction=0.0)
    assert "No network." in next(steps)[1]
    assert list(steps) == []


# ---- what goes with a lecture


def doc(path="lecture_09/lecture.md", **more):
    values = {
        "title": "Bandits",
        "kind": "Text",
        "lecture": 9,
        "headings": (),
        "chunks": 1,
        "shipped": True,
        "added": False,
    }
    return Doc(path, **{**values, **more})


def section(text="x", heading=("Why?",), **more):
    values = {"cell": None, "page": None, "kind": "prose", "passages": ()}
    return OpenedSection(heading, text=text, **{**values, **more})


def test_quiz_and_labs_are_offered_with_the_lectures_that_ship_and_no_others():
    own = doc(shipped=False)
    assert 'data-ask="Quiz me on lecture 9"' in reader.head(
        Group(9, "Bandits", (doc(),)), doc(), Opened(()), None
    )
    assert 'data-lab="bandit"' in reader.head(Group(9, "Bandits", (doc(),)), doc(), Opened(()), None)
    head = reader.head(Group(9, "Bandits", (own,)), own, Opened(()), None)
    assert "data-ask" not in head
    assert "data-lab" not in head
    assert ("bandit", "The k-armed bandit") in [(lab, "The k-armed bandit") for lab, _ in labs_of(9)]
    assert labs_of(None) == []


def test_the_question_about_a_section_names_it_and_where_it_is():
    assert question(doc(), section(heading=("Why do we decay epsilon?",))) == (
        'Explain "Why do we decay epsilon?" in lecture 9'
    )
    assert question(doc(), section(heading=("Exercises", 'The "best" arm'))) == (
        "Explain \"The 'best' arm\" in lecture 9"
    )
    assert (
        question(doc(), section(heading=("Exercises", "Answers")))
        == 'Explain "Exercises: Answers" in lecture 9'
    )
    assert question(doc(lecture=None, title="Herons"), section(heading=())) == 'Explain "Herons"'


def test_markup_in_names_and_texts_is_shown_and_not_obeyed():
    evil = "<img src=x onerror=alert(1)>{x}${y}"
    bad = doc(title=evil, path=f"{evil}.md", headings=(Heading(evil, 0, 0),), lecture=None)
    group = Group(None, evil, (bad,))
    opened = Opened((section(evil, heading=(evil,)),))
    page, _ = reader.page(bad, opened, [0], evil)
    for shown in (reader.head(group, bad, opened, 0), reader.contents([group]), page):
        assert "<img" not in shown
    for shown in (reader.head(group, bad, opened, 0), reader.contents([group])):
        assert "{" not in shown
        assert "$" not in shown


def test_pictures_stand_where_they_were_and_one_that_cannot_be_shown_is_words():
    text = "Before\n\n[Picture: @@0@@a curve]\n\nin a line [Picture: @@1@@a dot] here, [Picture: plain]"
    shown = figures.with_figures(
        text, {0: Picture("a curve", "data:image/png;base64,xx"), 1: Picture("a dot")}
    )
    assert '<figure class="t-pic"><img src="data:image/png;base64,xx" alt="a curve"></figure>' in shown
    assert "in a line *(picture: a dot)* here, *(picture: plain)*" in shown


# ---- searching


def test_hits_mark_the_words_and_carry_their_place(room):
    page = room.search("herons in cold water")
    assert "<mark>Herons</mark> stand on one leg" in page
    packed = re.search(r'class="t-hit-open" value="([^"]+)"', page)[1]
    place = json.loads(packed.replace("&quot;", '"'))
    assert place["path"] == "birds.txt"
    assert place["mark"].startswith("Herons stand")
    assert "t-found-head" in room.search("  ")


def test_words_are_marked_by_their_stem_and_formulas_are_left_alone():
    words = asked_for("Decaying rates decay; $decay$", {"decay"})
    assert words == {"decaying", "decay"}
    assert hits.highlighted("Decaying, $decay$ and `decay`", words) == (
        r"<mark>Decaying</mark>, \(decay\) and `decay`"
    )


def test_a_query_is_shown_as_it_was_typed():
    assert "<b>" not in hits.page("<b>herons</b>", [])
    found = hits.page("<b>herons</b>", [SimpleNamespace(passage=None, words=frozenset())][:0])
    assert "Nothing in the course" in found


# ---- refreshing


def run(handler, *arguments):
    return list(handler(*arguments))


def test_a_refresh_tells_how_far_it_is_and_what_became_of_each_file(room, course):
    (course / "new.md").write_text("# Storks\n\nStorks nest on chimneys in the village.", encoding="utf-8")
    (course / "table.csv").write_text("a,b", encoding="utf-8")
    steps = run(room.start_refresh, local())
    reports = [step[3] for step in steps if isinstance(step[3], str) and step[3]]
    assert 'data-outcome="added"' in reports[-1]
    assert "new.md" in reports[-1]
    assert "a data file, not course text" in reports[-1]
    assert "4</dd>" in steps[-1][4]  # files, in what is told of the course
    assert "Storks" in steps[-1][5]  # and the contents are those of now
    assert "Storks" in opened(room, "new.md")[1]


def test_the_old_index_answers_while_a_refresh_runs_and_a_second_one_is_refused(
    room, library, course, monkeypatch
):
    began, go_on = threading.Event(), threading.Event()
    embed = HashEmbedder.embed_passages

    def slow(self, texts, progress=None):
        began.set()
        assert go_on.wait(20)
        return embed(self, texts, progress)

    monkeypatch.setattr(HashEmbedder, "embed_passages", slow)
    (course / "new.md").write_text("# Storks\n\nStorks nest on chimneys.", encoding="utf-8")
    first = room.start_refresh(local())
    next(first)
    assert began.wait(20)
    assert library.ready.search("cold water on one leg", k=1)[0].path == "birds.txt"
    refused = run(room.start_refresh, local())[-1][0]
    assert "A refresh is under way already" in refused
    assert "Storks" not in str(library.ready.search("storks", k=3))
    go_on.set()
    list(first)
    assert library.ready.search("storks", k=1)[0].path == "new.md"


def test_a_refresh_that_fails_says_why_and_leaves_everything(room, library, course):
    for file in course.rglob("*.*"):
        if file.is_file():
            file.unlink()
    steps = run(room.start_refresh, local())
    assert any("No readable course text" in str(step[1]) for step in steps)
    assert len(library.ready.files()) == 3


def test_a_fault_in_a_refresh_is_told_and_the_next_one_can_run():
    def work(paths, progress):
        if not paths:
            raise RuntimeError("a fault for the test")
        return "report"

    refresher = Refresher(work)
    with pytest.raises(Exception, match="a fault for the test"):
        refresher.run([])
    assert refresher.run(["x"]) == "report"
    assert refresher.state.number == 2


def test_what_is_told_of_a_refresh_is_escaped_and_complete():
    outcomes = (Outcome("<b>{a}$.md", "added", "", 3), Outcome("b.csv", "skipped", "a data file", 0))
    shown = desk.report(IngestReport(2, 30, 1, 0, 0, 0, (("b.csv", "a data file"),), 0.4, outcomes))
    assert "&lt;b&gt;&#123;a}&#36;.md" in shown
    assert "2 files, 30 passages, 0.4 s: 1 added, 1 left out." in shown
    running = desk.progress(Refreshing(1, True, "Embedding", 0.25))
    assert 'value="25"' in running
    assert "The chat goes on" in running
    assert desk.progress(Refreshing()) == desk.report(None) == ""
    assert "Kept: a.md." in desk.kept(Kept(("a.md",), (("b.zip", "an archive"),)))
    assert desk.moment("2026-11-02T07:05:00+00:00") == "2 November 2026, 07:05 UTC"
    row = desk.added([AddedFile("<i>.md", 1_500_000)], ["/c"], "/c", True)
    assert "1.5 MB" in row
    assert "<i>.md" not in row
    assert "data-course-drop" not in row  # the course that ships stays


def test_golden_questions_that_broke_are_shown_with_the_way_out():
    broken = (Missed("why <decay>?", "nothing was found"),)
    worse = Golden(
        4, 0.5, 0.75, broken, broken, ("Line 2 of golden.jsonl: this is not JSON.",), promoted=False
    )
    shown = desk.report(IngestReport(2, 30, 1, 0, 0, 0, (), 0.4, (), worse))
    assert shown.index('role="alert"') < shown.index("What the refresh found")
    assert "of 4 golden questions it finds 2, and the one in place finds 3" in shown
    assert "--accept" in shown
    assert "Found before and not any more: 1" in shown
    assert "<b>why &lt;decay&gt;?</b>: nothing was found" in shown
    assert "Golden questions that cannot be used: 1" in shown
    fine = desk.report(IngestReport(2, 30, 1, 0, 0, 0, (), 0.4, (), Golden(4, 1.0, 1.0)))
    assert "Golden questions: 100% of 4 found among the first 5 passages (100% before)." in fine
    assert "What the refresh did" in fine


def test_a_refresh_on_the_page_that_is_refused_leaves_the_course_as_it_was(tmp_path, course):
    (course / "golden.jsonl").write_text(
        json.dumps({"question": "cassowary", "file": "cassowary.md", "evidence": "A cassowary runs"}),
        encoding="utf-8",
    )
    (course / "cassowary.md").write_text("# Birds\n\nA cassowary runs.", encoding="utf-8")
    library = Library(tmp_path / "guarded", None, course=[course], embedder=HashEmbedder())
    library.wait()
    files = [file.path for file in library.ready.files()]
    (course / "cassowary.md").unlink()
    report = library.refresher.run(library.sources)
    assert (report.promoted, [b.question for b in report.golden.broken]) == (False, ["cassowary"])
    assert [file.path for file in library.ready.files()] == files
    assert library.ready.search("cassowary")[0].path == "cassowary.md"


# ---- adding and removing


def test_an_added_file_is_kept_read_and_can_be_removed_again(room, library, tmp_path, course):
    upload = tmp_path / "up" / "storks.md"
    upload.parent.mkdir()
    upload.write_text(
        "# Storks\n\nStorks nest on chimneys, 12 of them.\n\n![s](pics/s.svg)", encoding="utf-8"
    )
    (tmp_path / "up" / "s.svg").write_text(SVG, encoding="utf-8")
    (tmp_path / "up" / "all.zip").write_bytes(b"PK")
    before = sorted(course.rglob("*"))
    steps = run(room.add_files, [str(file) for file in sorted((tmp_path / "up").iterdir())], local())
    said = " ".join(str(step[0]) for step in steps)
    assert "Kept: s.svg, storks.md." in said
    assert "all.zip</b>: an archive is not opened" in said
    assert library.ready.search("how many storks nest on chimneys", k=1)[0].path == "storks.md"
    assert "data:image/svg+xml" in opened(room, "storks.md")[2]  # found beside it, though its folder is lost
    assert sorted(course.rglob("*")) == before
    run(room.remove, wish(file="storks.md"), local())
    assert "storks.md" not in [file.path for file in library.ready.files()]
    assert not (added_folder(library.index_dir) / "storks.md").exists()


def test_a_folder_is_added_remembered_and_dropped(room, library, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "owls.md").write_text("# Owls\n\nOwls hunt at night.", encoding="utf-8")
    run(room.add_folder, str(other), local())
    assert "owls.md" in [file.path for file in library.ready.files()]
    assert other.resolve() in remembered(library.index_dir).paths
    again = Library(library.index_dir, None, course=[COURSE], embedder=HashEmbedder())
    assert again.sources == library.sources  # a restart knows what the course is made of
    run(room.remove, wish(folder=str(other.resolve())), local())
    assert "owls.md" not in [file.path for file in library.ready.files()]


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("", "Give the path"),
        ("relative/path", "not a full path"),
        ("/nowhere/at/all", "There is no folder"),
        ("/", "much more than a course"),
        ("{home}", "much more than a course"),
        ("{data}", "its own data"),
        ("{empty}", "nothing to read"),
        ("{course}", "part of the course already"),
    ],
)
def test_a_folder_of_no_use_is_refused_in_one_sentence(
    room, library, course, tmp_path, folder, words, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("home", "data", "empty"):
        (tmp_path / name).mkdir()
    typed = folder.format(course=course, **{name: tmp_path / name for name in ("home", "data", "empty")})
    steps = run(room.add_folder, typed, local())
    assert words in str(steps[0][0])
    assert library.refresher.state.number == 0


# ---- who may


STRANGERS = {
    "another computer": SimpleNamespace(
        headers={"host": "127.0.0.1"}, client=SimpleNamespace(host="10.0.0.7"), username=None
    ),
    "a proxy": local(**{"x-forwarded-for": "10.0.0.7"}),
    "a name that was pointed here": local(host="evil.example:7860"),
    "nobody knows": None,
}


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_are_refused_on_the_server_and_nothing_happens(room, library, tmp_path, who, monkeypatch):
    said = []
    monkeypatch.setattr("tutor.web.course_room.room.gr.Warning", said.append)
    file = tmp_path / "new.md"
    file.write_text("# New\n\nText.", encoding="utf-8")
    request = STRANGERS[who]
    run(room.start_refresh, request)
    run(room.add_files, [str(file)], request)
    run(room.add_folder, str(tmp_path), request)
    run(room.remove, wish(file="new.md"), request)
    assert len(said) == 4
    assert library.refresher.state.number == 0
    assert not added_folder(library.index_dir).exists()
    shown = run(room.open_desk, request)[-1]
    assert shown[1]["visible"] is False
    assert "Files" in shown[0]  # what is in the index is for everybody


def test_where_people_sign_in_their_names_decide(tmp_path):
    access = Access(frozenset({"ada"}))
    access.launched("0.0.0.0", share=True, sign_in=True)
    ada, bob = local(), local()
    ada.username, bob.username = "ada", "bob"
    assert access.teacher(ada)
    assert not access.teacher(bob)
    assert not access.teacher(local())
    assert not access.local(ada)  # a folder of this computer is nobody's but whoever sits at it


@pytest.mark.parametrize(
    ("host", "share", "allowed"),
    [
        ("127.0.0.1", False, True),
        ("localhost", False, True),
        ("::1", False, True),
        ("0.0.0.0", False, False),
        ("127.0.0.1", True, False),
    ],
)
def test_without_signing_in_only_a_page_for_this_computer_alone_lets_one(host, share, allowed):
    access = Access()
    assert not access.teacher(local())  # before it is launched
    access.launched(host, share, sign_in=False)
    assert access.teacher(local()) is allowed
    assert access.teacher(local(host="[::1]:7860")) is allowed


def test_the_settings_name_the_teachers(monkeypatch):
    from tutor.settings import load_settings
    from tutor.web.access import teacher_names

    monkeypatch.setenv("TUTOR_TEACHERS", " ada, grace ,")
    assert teacher_names(load_settings()) == {"ada", "grace"}
    assert teacher_names(SimpleNamespace()) == frozenset()


def test_contents_are_grouped_by_lecture_and_the_rest_comes_last(library):
    groups = Course(library).contents(library.ready)
    assert [(group.lecture, [doc.path for doc in group.documents]) for group in groups] == [
        (9, ["lecture_09/lecture.md", "lecture_09/notebook.ipynb"]),
        (None, ["birds.txt"]),
    ]
    assert [(h.name, h.depth) for h in groups[0].documents[0].headings] == [
        ("Why decay epsilon?", 0), ("In code", 1), ("Nowhere", 0),
    ]  # fmt: skip


# ---- the source beside the chat


def test_the_room_shows_the_course_of_the_conversation_and_comes_again_only_when_that_changed(
    room, library, tmp_path
):
    folder = tmp_path / "sea"
    folder.mkdir()
    (folder / "notes.md").write_text("# Waves\n\nA wave carries energy.\n", encoding="utf-8")
    refresh([folder], tmp_path / "index" / "courses" / "sea", HashEmbedder())
    sea = Library(tmp_path / "index" / "courses" / "sea", None, build=False, beside=library)
    sea.wait()
    mine, other = "a" * 24, "b" * 24
    room._site.tutor = SimpleNamespace(
        courses=SimpleNamespace(
            of=lambda session: sea if session == mine else library,
            name_of=lambda session: "sea" if session == mine else "",
        )
    )
    contents, head, page = list(room.read(wish(enter=True), mine))[-1]
    assert "Waves" in head
    assert 'data-course="sea"' in head
    assert "carries energy" in page
    assert "Bandits" not in contents
    assert "energy" in room.search("wave", mine)
    assert "sea" in run(room.open_desk, local(), mine)[-1][0]
    assert [type(part) for part in list(room.read(wish(enter=True, have="sea"), mine))[-1]] == [
        type(gr.skip())
    ] * 3
    contents, head, _ = list(room.read(wish(enter=True, have="sea"), other))[-1]
    assert "Bandits" in contents
    assert 'data-course=""' in head
    # A teacher who stands in the other course changes that one.
    (folder / "tides.md").write_text("# Tides\n\nThe moon pulls.\n", encoding="utf-8")
    run(room.start_refresh, local(), mine)
    assert sorted(file.path for file in sea.ready.files()) == ["notes.md", "tides.md"]
    assert "tides.md" not in [file.path for file in library.ready.files()]


def test_a_conversation_whose_course_is_gone_says_so(room):
    def gone(session):
        raise CourseError("This conversation belongs to the course 'sea', which is gone.")

    room._site.tutor = SimpleNamespace(courses=SimpleNamespace(of=gone, name_of=lambda session: "sea"))
    assert "which is gone" in list(room.read(wish(enter=True), "a" * 24))[-1][1]
    assert "which is gone" in room.search("wave", "a" * 24)


def test_an_opened_source_shows_the_pictures_of_its_section_and_the_way_into_the_course(library):
    source = library.ready.search("what does a constant epsilon cost, said the heron", k=1)[0]
    head = passage.heading_html(source, 1)
    assert 'data-course-open="lecture_09/lecture.md"' in head
    assert f'data-course-passage="{source.id}"' in head
    assert "$" not in head
    shown = passage.body_markdown(source, passage.sections(library, source.path))
    assert "<mark>A constant" in shown
    assert '<img src="data:image/svg+xml;base64,' in shown
    assert "@@" not in shown


def test_a_source_that_has_left_the_course_is_shown_by_its_own_words(library):
    source = library.ready.search("cold water on one leg", k=1)[0]
    assert passage.sections(library, "left.md") == ()
    assert "<mark>Herons stand" in passage.body_markdown(source, ())


# ---- programs


def test_programs_may_refresh_only_where_somebody_at_this_computer_might(library):
    access = Access()
    refresh_course = programs_refresh(library, access)
    with pytest.raises(LibraryError, match="Only a teacher"):
        refresh_course(lambda fraction, what: None)
    access.launched("127.0.0.1", share=False, sign_in=False)
    told = []
    report = refresh_course(lambda fraction, what: told.append(what))
    assert report["unchanged"] == 3
    assert "Reading" in told
    assert programs_refresh(SimpleNamespace(), access) is None


def test_the_section_that_a_question_quotes_comes_first(library):
    course = Course(library)
    _, known = course.doc(library.ready, "lecture_09/notebook.ipynb")
    (first, *_) = course.open(known.path).sections
    found = library.ready.search(question(known, first), k=3)[0]
    assert (found.path, found.heading) == ("lecture_09/notebook.ipynb", ("A run",))
