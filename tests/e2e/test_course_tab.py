"""The Course tab in a real browser, as a teacher and a student use it: a course of one's own, no chat model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pages import ROOT, Server, free_port, start

from knowledge.embedding import Embedder
from knowledge.paths import COURSE, course_folder
from knowledge.refresh import refresh
from knowledge.weights import WeightStore, default_folder

WEIGHTS = default_folder()
HERONS = """# Herons of the lake

## How many herons nest on Quillmere?

In the spring of 2031 exactly 47 herons nested on the island of Quillmere, and the warden counted them twice.

![The island seen from the north](island.svg)
"""
GEESE = """# Geese of the coast

## How many geese winter on Northsand?

In the winter of 2030 exactly 312 geese wintered on the flats of Northsand, says the keeper of the light.
"""
ISLAND = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60" onload="top.hacked=1">'
    '<script>top.hacked=1</script><rect width="120" height="60" fill="teal"/></svg>'
)


@pytest.fixture(scope="module")
def own_course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ingest.py FOLDER --course lake`, then `tutor serve --course lake`: as docs/teachers.md has it."""
    if WeightStore(WEIGHTS, offline=True).path("all-minilm-l6-v2") is None:
        why = "no embedding weights here: run `python -m knowledge.weights fetch`"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    home = tmp_path_factory.mktemp("lake")
    folder = home / "my-course"
    shutil.copytree(COURSE / "lecture_09", folder / "lecture_09")
    env = {"TUTOR_HOME": str(home / "tutor"), "TUTOR_WEIGHTS": str(WEIGHTS), "TUTOR_OFFLINE": "1"}
    command = [sys.executable, "ingest.py", str(folder), "--course", "lake"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True, capture_output=True)
    other = home / "birds"
    other.mkdir()
    (other / "geese.md").write_text(GEESE, encoding="utf-8")
    weights = WeightStore(WEIGHTS, offline=True).path("all-minilm-l6-v2")
    refresh([other], course_folder(home / "tutor" / "data" / "index", "sea birds"), Embedder(weights))
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "tutor",
        "serve",
        "--port",
        str(port),
        "--model",
        "none",
        "--course",
        "lake",
    ]
    server = start(command, port, home, env)
    yield server
    server.stop()


def enter(me) -> None:
    me.page.click('#rooms [role="tab"] >> text=Course')
    me.page.wait_for_selector("#course-page .t-sec", timeout=120_000)


@pytest.mark.weights
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_lecture_is_read_searched_and_asked_about(own_course, visit, width, dark):
    me = visit(own_course.url, width=width, dark=dark)
    enter(me)
    page = me.page
    page.wait_for_selector("#course-page .katex")
    assert page.locator("#course-page .katex-error").count() == 0
    page.wait_for_function("document.querySelector('#course-page .t-pic img').naturalWidth > 100")
    assert me.overflow() == []
    me.shot(f"course-{width}-reading")

    if width < 500:
        assert not page.is_visible("#course-contents nav")
        page.click(".t-menu")
        me.shot(f"course-{width}-contents")
        assert me.overflow() == []
    page.click("#course-contents button >> text=Notebook")
    page.focus("#course-query input")  # whoever types by the time that it arrives goes on typing
    page.wait_for_selector("#course-head [data-path='lecture_09/notebook.ipynb']")
    page.wait_for_selector("#course-page .code_wrap .copy_code_button", state="attached")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.closest('#course-query') !== null")
    assert page.locator("#course-page .t-output").count() > 3
    assert me.overflow() == []

    page.fill("#course-query input", "why do we decay epsilon")
    page.press("#course-query input", "Enter")
    page.wait_for_selector(".t-hit mark >> text=/decay/i")
    me.shot(f"course-{width}-hits")
    assert me.overflow() == []
    page.focus(".t-hit-open >> nth=0")
    page.keyboard.press("Enter")  # the keyboard is enough
    page.wait_for_selector("#course-page mark")
    page.wait_for_function(
        "(() => { const box = document.querySelector('#course-page mark').getBoundingClientRect();"
        " return box.top > 100 && box.bottom < innerHeight })()"
    )
    me.shot(f"course-{width}-marked")

    page.click(".t-sec:has(mark) .t-sec-ask, .t-sec-ask >> nth=3")
    page.wait_for_selector("#chat .t-source")
    me.finished()
    assert "Lecture 9" in page.inner_text("#chat .t-sources")


@pytest.mark.weights
def test_a_teacher_adds_a_file_and_the_chat_answers_from_it_with_a_citation(own_course, visit, tmp_path):
    (tmp_path / "herons.md").write_text(HERONS, encoding="utf-8")
    (tmp_path / "island.svg").write_text(ISLAND, encoding="utf-8")
    (tmp_path / "everything.zip").write_bytes(b"PK")
    me = visit(own_course.url)
    page = me.page
    enter(me)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#course-contents [data-course-view=desk]")
    page.wait_for_selector("#course-upload")
    files = [str(tmp_path / name) for name in ("herons.md", "island.svg", "everything.zip")]
    with page.expect_file_chooser() as chooser:
        page.click("#course-upload")
    chooser.value.set_files(files)
    page.wait_for_selector("#course-report [data-outcome=added] >> text=herons.md", timeout=120_000)
    assert "everything.zip: an archive is not opened" in page.inner_text("#course-kept")
    me.shot("course-added")

    page.click('#rooms [role="tab"] >> text=Chat')
    me.answered("How many herons nested on Quillmere in 2031?")
    me.says("47 herons")
    page.wait_for_selector("#chat .t-cite")  # drawn a moment after the words
    page.click("#chat .t-cite >> nth=0")
    page.wait_for_selector("#passage-body mark >> text=47 herons")
    page.wait_for_function("document.querySelector('#passage-body img').naturalWidth === 120")
    page.wait_for_timeout(300)
    me.shot("course-passage")
    page.click(".t-to-course")
    page.wait_for_selector("#course-page mark >> text=47 herons")
    page.wait_for_function("document.querySelector('#course-page img').naturalWidth === 120")
    me.shot("course-read-it-there")
    assert page.evaluate("window.hacked") is None  # the drawing's script did not run

    page.click("#course-contents [data-course-view=desk]")
    page.click('[data-course-remove="herons.md"]')
    page.wait_for_selector("#course-report [data-outcome=removed] >> text=herons.md", timeout=120_000)
    page.wait_for_selector("#course-contents >> text=Herons of the lake", state="detached")


@pytest.mark.weights
def test_another_course_is_chosen_for_new_conversations_and_every_room_follows(own_course, visit):
    me = visit(own_course.url)
    page = me.page
    enter(me)
    page.click("#room-settings-button")
    page.wait_for_selector("#settings-course input[value=lake]:checked")
    page.focus("#settings-course input[value=lake]")
    page.keyboard.press("ArrowDown")  # by keyboard, and the focus stays
    page.wait_for_selector("#settings-course [data-coming='sea birds']")
    page.wait_for_function("document.activeElement.value === 'sea birds'")
    # Nothing was said in this conversation yet, so it is in that course from now on.
    page.click("#room-course-button")
    page.wait_for_selector("#course-head h1 >> text=Geese of the coast")
    page.click("#room-chat-button")
    me.answered("How many geese winter on Northsand?")
    page.wait_for_selector("#chat .t-cite")
    me.says("312 geese")
    page.click("#chat .t-cite >> nth=0")
    page.wait_for_selector("#passage-body mark >> text=312 geese")
    page.keyboard.press("Escape")

    page.click("#room-settings-button")
    page.wait_for_selector("#settings-course input[value=lake]")
    page.check("#settings-course input[value=lake]")
    page.wait_for_selector("#settings-course >> text=This conversation stays in sea birds")
    me.shot("settings-course")
    page.click("#settings-course [data-course-begin]")
    page.wait_for_selector("#chat h1")
    page.click("#room-course-button")
    page.wait_for_selector("#course-head h1 >> text=/bandit/i")
    page.click("#past-open")
    page.click(".t-past-open >> text=geese")  # and back to the other conversation
    page.click("#room-course-button")
    page.wait_for_selector("#course-head h1 >> text=Geese of the coast")
