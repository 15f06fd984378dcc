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
        with streams.drawing(tab) as left:
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
    assert streams.leave("mine", wait=20)
    assert ended == ["mine"] * 3
    for thread in threads:
        thread.join(20)


def test_leaving_one_tab_lets_the_others_draw_on(streams):
    ended: list[str] = []
    other = draw(streams, "other", threading.Event(), ended)
    mine = draw(streams, "mine", threading.Event(), ended)
    assert streams.leave("mine", wait=20)
    assert ended == ["mine"]
    assert other.is_alive()
    assert streams.leave("other", wait=20)
    for thread in (mine, other):
        thread.join(20)


def test_a_stream_that_does_not_end_is_told(streams):
    with streams.drawing("mine") as left:
        assert not streams.leave("mine", wait=0.01)
        assert left.is_set()
    assert streams.leave("mine", wait=0.01)


def test_a_stream_that_begins_after_a_tab_was_left_draws(streams):
    assert streams.leave("mine", wait=0.01)
    with streams.drawing("mine") as left:
        assert not left.is_set()
