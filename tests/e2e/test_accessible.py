"""Every room passes axe, the accessibility checker, in light and dark, on a desk and on a phone."""

import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import free_port, start

ROOMS = ("chat", "labs", "course", "progress", "settings")


def faults(page):
    """Serious and critical violations, as lines that say where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:5]
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_axe_finds_nothing_serious_in_any_room(shared_page, visit, width, dark):
    me = visit(shared_page.url, width=width, dark=dark)
    me.answered("why do we decay epsilon?")
    me.answered("run the bandit")
    wrong = {}
    for room in ROOMS:
        me.page.evaluate("(name) => window.tutorRoom(name)", room)
        me.still(f"#room-{room}")  # what a room shows comes after it is opened
        wrong[room] = faults(me.page)
        me.shot(f"axe-{room}-{width}-{'dark' if dark else 'light'}")
    assert wrong == {room: [] for room in ROOMS}


@pytest.fixture
def reporting_page(tmp_path):
    port = free_port()
    script = str(Path(__file__).with_name("rooms_server.py"))
    server = start([sys.executable, script, str(port), str(tmp_path)], port, tmp_path, {"TUTOR_REPORT": "on"})
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing_serious_in_the_teachers_report(reporting_page, visit, width, dark):
    me = visit(reporting_page.url, width=width, dark=dark)
    me.answered("why do we decay epsilon?")
    me.page.evaluate("window.tutorRoom('report')")
    me.page.wait_for_selector("#report-view .t-report-note")
    me.still("#room-report")
    assert "1 question of the chat" in me.page.inner_text("#report-view")
    me.shot(f"axe-report-{width}-{'dark' if dark else 'light'}")
    assert faults(me.page) == []
