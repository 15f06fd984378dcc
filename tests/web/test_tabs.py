"""What draws into a tab ends when the tab is left, and is known to have ended."""

import threading

import pytest

from tutor.web.tabs import TabStreams


@pytest.fixture
def streams() -> TabStreams:
    return TabStreams()


def draw(streams: TabStreams, tab: str, began: threading.Event, ended: list[str]) -> threading.Thread:
    """A stream that draws until it has to end."""

    def work() -> None:
        with streams.drawing(tab, "talk") as left:
            began.set()
            left.wait(20)
            ended.append(tab)

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(20)
    return thread


def test_leaving_a_tab_waits_until_its_streams_have_ended(streams):
    ended: list[str] = []
    threads = [draw(streams, "mine", threading.Event(), ended) for _ in range(3)]
    assert streams.leave("mine", "talk", wait=20)
    assert ended == ["mine"] * 3
    for thread in threads:
        thread.join(20)


def test_leaving_one_tab_lets_the_others_draw_on(streams):
    ended: list[str] = []
    other = draw(streams, "other", threading.Event(), ended)
    mine = draw(streams, "mine", threading.Event(), ended)
    assert streams.leave("mine", "talk", wait=20)
    assert ended == ["mine"]
    assert other.is_alive()
    assert streams.leave("other", "talk", wait=20)
    for thread in (mine, other):
        thread.join(20)


def test_a_stream_that_does_not_end_is_told(streams):
    with streams.drawing("mine", "talk") as left:
        assert not streams.leave("mine", "talk", wait=0.01)
        assert left.is_set()
    assert streams.leave("mine", "talk", wait=0.01)


def test_what_begins_late_draws_nothing_of_a_conversation_that_was_left(streams):
    assert streams.leave("mine", "talk", wait=0.01)
    with streams.drawing("mine", "talk") as left:
        assert left.is_set()
    with streams.drawing("mine", "another talk") as left, streams.drawing("other", "talk") as elsewhere:
        assert not left.is_set()
        assert not elsewhere.is_set()


def test_a_conversation_that_is_opened_again_draws(streams):
    streams.enter("mine", "talk")  # for the first time
    assert streams.leave("mine", "talk", wait=0.01)
    streams.enter("mine", "talk")
    with streams.drawing("mine", "talk") as left:
        assert not left.is_set()


def test_tabs_of_long_ago_are_forgotten(streams, monkeypatch):
    monkeypatch.setattr("tutor.web.tabs.KEPT", 2)
    for tab in ("first", "second", "third"):
        assert streams.leave(tab, "talk", wait=0.01)
    with streams.drawing("first", "talk") as forgotten, streams.drawing("third", "talk") as known:
        assert not forgotten.is_set()
        assert known.is_set()
