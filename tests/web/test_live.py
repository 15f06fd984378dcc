import html
import re
import threading
import time

import pytest
from page_fakes import PASSAGES, FakeTutor

from tutor.web import render
from tutor.web.live import APOLOGY, Conversations
from tutor.web.pictures import Pictures


@pytest.fixture
def tutor():
    return FakeTutor(pause=0.0)


@pytest.fixture
def conversations(tutor, tmp_path):
    return Conversations(tutor, Pictures(tmp_path))


def finish(conversations, session, message):
    conversation, live = conversations.ask(session, message)
    last = list(live.follow(pause=0.0))[-1]
    live.join(10)
    conversations.settle(conversation)
    return last


def test_a_turn_ends_among_those_that_are_over(conversations):
    finish(conversations, "a" * 20, "why?")
    conversation = conversations.get("a" * 20)
    assert conversation.live is None
    assert [view.question for view in conversation.turns] == ["why?"]


def test_a_second_message_waits_for_the_first(conversations, tutor):
    tutor.pause = 0.01
    _, live = conversations.ask("a" * 20, "slow one")
    assert conversations.ask("a" * 20, "why?") is None
    assert conversations.ask("b" * 20, "why?") is not None
    live.cancel()
    live.join(10)
    assert conversations.ask("a" * 20, "why?") is not None


def test_stop_ends_a_long_run(conversations, tutor):
    tutor.pause = 0.01
    _, live = conversations.ask("a" * 20, "slow one")
    assert conversations.stop("a" * 20)
    live.join(10)
    assert live.view.done
    assert "I stopped the experiment." in live.view.text
    assert not conversations.stop("a" * 20)


def test_a_page_that_comes_late_sees_the_turn_from_its_beginning(conversations, tutor):
    tutor.pause = 0.01
    _, live = conversations.ask("a" * 20, "run the bandit")
    time.sleep(0.05)
    late = conversations.open("a" * 20)
    assert late.live is live
    last = list(live.follow(pause=0.0))[-1]
    assert any("t-picture" in m["content"] for m in last)


def test_a_page_that_reads_slowly_loses_no_turn_that_begins_meanwhile(conversations, tutor, monkeypatch):
    reading, read = threading.Event(), threading.Event()
    history = tutor.history

    def slow_history(session_id):
        saved = history(session_id)
        reading.set()
        read.wait(20)
        return saved

    monkeypatch.setattr(tutor, "history", slow_history)
    opened = []
    page = threading.Thread(target=lambda: opened.append(conversations.open("a" * 20)))
    page.start()
    assert reading.wait(20)
    monkeypatch.setattr(tutor, "history", history)
    tutor.pause = 0.01
    _, live = conversations.ask("a" * 20, "slow one")
    read.set()
    page.join(20)
    assert opened[0].live is live
    assert conversations.stop("a" * 20)
    live.join(10)


def test_nobody_has_to_follow_for_a_turn_to_be_finished(conversations, tutor):
    _, live = conversations.ask("a" * 20, "why?")
    live.join(10)
    assert len(tutor.turns["a" * 20]) == 1


def test_a_fault_becomes_a_sentence_in_the_chat(conversations, caplog):
    last = finish(conversations, "a" * 20, "boom")
    assert html.escape(APOLOGY) in last[-1]["content"]
    assert "a fault for the test" not in last[-1]["content"]
    assert "a fault for the test" in caplog.text


def test_two_sessions_do_not_see_each_other(conversations):
    finish(conversations, "a" * 20, "why a?")
    finish(conversations, "b" * 20, "why b?")
    assert "why a?" not in str(conversations.get("b" * 20).messages())
    href = render.target(0, 1, PASSAGES[0])
    assert conversations.passage("a" * 20, href) is not None
    assert conversations.passage("c" * 20, href) is None


def test_a_conversation_survives_a_restart(conversations, tutor, tmp_path):
    finish(conversations, "a" * 20, "why?")
    finish(conversations, "a" * 20, "run the bandit")
    again = Conversations(tutor, Pictures(tmp_path)).open("a" * 20)
    before, after = conversations.get("a" * 20).messages(), again.messages()

    def without_files(messages):
        return [{**m, "content": re.sub(r"file=[^\"]*", "", m["content"])} for m in messages]

    assert without_files(after) == without_files(before)


def test_a_link_to_another_passage_opens_nothing(conversations):
    finish(conversations, "a" * 20, "why?")
    session = "a" * 20
    good = render.target(0, 2, PASSAGES[1])
    assert conversations.passage(session, good) == (PASSAGES[1], 2)
    assert conversations.passage(session, render.target(0, 1, PASSAGES[1])) is None
    assert conversations.passage(session, good[:-1]) is None
    assert conversations.passage(session, render.target(7, 2, PASSAGES[1])) == (
        PASSAGES[1],
        2,
    )  # numbers moved


def test_only_the_last_turn_offers_suggestions(conversations):
    finish(conversations, "a" * 20, "why?")
    finish(conversations, "a" * 20, "why again?")
    messages = conversations.get("a" * 20).messages()
    assert [i for i, m in enumerate(messages) if "options" in m] == [len(messages) - 1]


def test_many_followers_of_one_turn_all_see_its_end(conversations, tutor):
    tutor.pause = 0.001
    _, live = conversations.ask("a" * 20, "why?")
    ends = []
    followers = [
        threading.Thread(target=lambda: ends.append(list(live.follow(pause=0.0))[-1])) for _ in range(8)
    ]
    for follower in followers:
        follower.start()
    for follower in followers:
        follower.join(20)
    assert len(ends) == 8
    assert all(end == live.view.messages() for end in ends)


def test_a_follower_that_is_told_to_leave_ends_while_the_turn_goes_on(conversations, tutor):
    tutor.pause = 0.05
    _, live = conversations.ask("a" * 20, "why?")
    left = threading.Event()
    seen = live.follow(pause=0.0, left=left)
    next(seen)
    left.set()
    assert list(seen) == []
    live.join(20)
    assert live.view.done
    assert not live.view.failed


def test_stop_all_ends_every_turn_under_way(conversations, tutor):
    tutor.pause = 0.01
    turns = [conversations.ask(name * 20, "slow one")[1] for name in "ab"]
    conversations.stop_all()
    for turn in turns:
        turn.join(10)
        assert turn.view.done


def test_whoever_wants_to_know_is_told_of_the_end_of_each_turn(conversations):
    told = []
    conversations.on_done.append(lambda *what: told.append(what))
    finish(conversations, "a" * 20, "why?")
    finish(conversations, "a" * 20, "and now?")
    assert [(session[0], turn, question) for session, turn, question, _ in told] == [
        ("a", 0, "why?"),
        ("a", 1, "and now?"),
    ]
    assert told[0][3].sources == PASSAGES
