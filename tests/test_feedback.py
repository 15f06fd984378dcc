import pytest

from tutor.errors import MessageError, SessionError
from tutor.feedback import BAD, GOOD, REASONS, FeedbackStore
from tutor.sessions import SessionStore


@pytest.fixture
def store(tmp_path):
    sessions = SessionStore(f"sqlite:///{tmp_path}/sessions.sqlite")
    yield FeedbackStore(sessions)
    sessions.close()


def test_the_last_verdict_on_a_turn_counts(store):
    store.rate("one", 0, GOOD)
    store.rate("one", 2, BAD)
    store.rate("one", 2, REASONS[0])
    assert [(v.turn, v.verdict) for v in store.of("one")] == [(0, GOOD), (2, REASONS[0])]


def test_sessions_do_not_see_each_others(store):
    store.rate("one", 0, GOOD)
    assert store.of("two") == []


def test_what_is_no_verdict_is_refused(store):
    with pytest.raises(MessageError, match="<script>"):
        store.rate("one", 0, "<script>")
    with pytest.raises(SessionError):
        store.rate("../..", 0, GOOD)
    assert store.of("one") == []
