"""Every lab run through the page, by its link, in a real browser: progress, picture, words, metrics."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "labs"))

from small import SMALL
from test_story import serve  # noqa: F401 - a fixture

from labs.permalink import format_permalink
from labs.registry import LABS


@pytest.mark.slow
@pytest.mark.weights
def test_every_lab_runs_through_the_page(serve, visit):  # noqa: F811
    me = visit(serve("none").url)
    for lab in LABS.values():
        link = format_permalink(lab.id, {**lab.defaults, **SMALL[lab.id]})
        pictures = me.page.locator("#chat .t-day").count()
        me.ask(link)
        me.page.wait_for_function(
            f"document.querySelectorAll('#chat .t-day').length > {pictures}", timeout=120_000
        )
        me.page.wait_for_selector("#ask .submit-button", timeout=120_000)
        last = "#chat .bot-row >> nth=-1"
        figures = me.page.locator("#chat .t-day")
        for at in range(pictures, figures.count()):  # a figure is fetched when it comes near
            figures.nth(at).scroll_into_view_if_needed()
            me.page.wait_for_function(f"document.querySelectorAll('#chat .t-day')[{at}].naturalWidth > 300")
        assert len(me.page.get_attribute("#chat .t-day >> nth=-1", "alt")) > 60, lab.id
        # The step, folded when the run is over, says in a line what came out.
        assert "Ran: " in (me.page.locator("#chat .thought-group >> nth=-1").text_content() or ""), lab.id
        assert "Sorry" not in me.page.inner_text(last), lab.id
        me.page.locator("#chat .t-day >> nth=-1").scroll_into_view_if_needed()
        me.shot(f"lab-{lab.id}")
    assert me.overflow() == []
    assert me.faults == []
    assert me.foreign == []
