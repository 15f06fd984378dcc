"""A tab that has gone on to another conversation shows nothing more of the one it left, whatever came first."""

import threading
from types import SimpleNamespace

import pytest
from page_fakes import FakeKnowledge, FakeModelHost, FakeTutor

from tutor.owners import Owners
from tutor.web.chat import ChatRoom
from tutor.web.live import Conversations
from tutor.web.pictures import Pictures
from tutor.web.site import Site

OLD, NEW = "student-old-0123456789", "student-new-0123456789"


@pytest.fixture
def room(tmp_path):
    tutor = FakeTutor(pause=0.01)
    site = Site(
        tutor,
        SimpleNamespace(),
        FakeKnowledge(),
        FakeModelHost(),
        Conversations(tutor, Pictures(tmp_path)),
        Owners(tutor.sessions, tutor.progress),
    )
    return ChatRoom(site, [])


def words(drawn):
    """What of the conversation was sent to the page."""
    return [message["content"] for messages, _ in drawn if isinstance(messages, list) for message in messages]


def test_what_the_page_asked_for_as_it_opened_does_not_come_back_later(room):
    list(room.ask("why do we decay epsilon?", OLD))
    room.fresh(OLD)
    assert words(room.restore(OLD)) == []
    assert "why a new one?" in str(words(room.ask("why a new one?", NEW)))
    assert "decay" in str(words(room.redraw(OLD)))


def test_a_question_overtaken_by_new_conversation_is_answered_and_not_shown(room):
    room.fresh(OLD)
    assert words(room.ask("why do we decay epsilon?", OLD)) == []
    room._conversations.get(OLD).live.join(20)
    assert "decay" in str(words(room.redraw(OLD)))


def test_a_running_answer_is_left_at_once(room):
    drawing, drawn = threading.Event(), []

    def page():
        for piece in room.ask("slow one", OLD):
            drawn.append(piece)
            drawing.set()

    thread = threading.Thread(target=page)
    thread.start()
    assert drawing.wait(20)
    empty, _ = room.fresh(OLD)
    before = len(drawn)
    thread.join(20)
    assert empty == []
    assert len(drawn) == before
