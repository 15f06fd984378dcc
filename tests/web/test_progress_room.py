"""The progress room: pictures whose words and buttons follow from the numbers."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from page_fakes import FakeKnowledge, FakeTutor

from tutor.owners import Owners, browser_owner
from tutor.progress import Due, LectureProgress, PredictionProgress
from tutor.quiz.question import Question
from tutor.web.progress_room import ProgressRoom
from tutor.web.progress_views import Known, room_html
from tutor.web.site import presented

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)  # a Wednesday
TITLES = {1: "Introduction", 2: "", 9: "Bandits <b>${x}</b>"}


def known(lectures=(), coming=(), predictions=(), titles=TITLES):
    return Known(tuple(lectures), tuple(coming), tuple(predictions), titles)


def bandits(mastery=0.5, right=4, answered=8):
    return LectureProgress(9, mastery, answered, right, (("regret", 0.25), ("ucb", 1.0)))


def labels(page):
    return re.findall(r'role="img" aria-label="([^"]*)"', page)


def buttons(page):
    return dict(re.findall(r'data-ask="([^"]*)"[^>]*>([^<]*)<', page))


def test_an_empty_room_says_how_to_begin():
    page = room_html(known(), NOW)
    assert "starts with one answer" in page
    assert buttons(page) == {"Quiz me": "Start a quiz", "Quiz me on lecture 1": "Begin with lecture 1"}


def test_every_bar_says_its_numbers_in_words():
    page = room_html(known([bandits()]), NOW)
    assert "4 of 8 graded answers right." in page
    assert labels(page) == [
        "Lecture 1 · Introduction: not tried yet",
        "Lecture 2: not tried yet",
        "Lecture 9 · Bandits &lt;b&gt;&#36;&#123;x&#125;&lt;/b&gt;: mastery 50%, 4 of 8 right, weakest: regret",
    ]
    assert "width:50%" in page
    assert "${" not in page


def test_strong_lectures_are_named_and_the_weakest_comes_next():
    page = room_html(known([bandits(1.0, 8), LectureProgress(1, 0.25, 3, 1, (("axes", 0.0),))]), NOW)
    assert re.search(r"Strong</h3><strong>1</strong><p>Lecture 9\.", page)
    assert re.search(r"Next</h3><strong>Lecture 1</strong>", page)
    assert "weakest at axes" in page


def test_when_all_tried_are_strong_the_next_is_new_and_then_there_is_none():
    page = room_html(known([bandits(1.0, 8)]), NOW)
    assert re.search(
        r"Next</h3><strong>Lecture 1</strong><p>Lecture 1 · Introduction: you have not tried", page
    )
    assert "All strong" in room_html(known([bandits(1.0, 8)], titles={9: ""}), NOW)


def test_due_reviews_are_listed_with_a_button():
    coming = [Due(9, f"skill {n}", NOW - timedelta(days=2)) for n in range(6)]
    page = room_html(known([bandits()], coming), NOW)
    assert buttons(page)["Quiz me on what is due"] == "Review what is due"
    assert "and 2 more" in page
    assert "6 due" in page
    assert "Reviews ahead: 6 today." in labels(page)


def test_reviews_ahead_are_columns_by_day():
    coming = [Due(9, "a", NOW + timedelta(hours=2)), Due(9, "b", NOW + timedelta(days=1)),
              Due(9, "c", NOW + timedelta(days=3)), Due(9, "d", NOW + timedelta(days=60))]  # fmt: skip
    page = room_html(known([bandits()], coming), NOW)
    assert "Quiz me on what is due" not in page
    assert "Nothing is due. The next review comes today." in page
    assert "Reviews ahead: 1 today, 1 tomorrow, 1 on Saturday; 1 later." in labels(page)
    assert len(re.findall(r'<rect class="t-col-none"', page)) == 11


def test_guesses_are_drawn_by_lab():
    page = room_html(
        known(predictions=[PredictionProgress("bandit", 3, 0.62), PredictionProgress("gone", 1, 0)]), NOW
    )
    assert any("mean score 62% over 3 guesses" in label for label in labels(page))
    assert "gone: mean score 0% over 1 guess" in labels(page)
    assert "No graded answer yet, 4 guesses before runs." in page


@pytest.fixture
def tutor():
    return FakeTutor()


@pytest.fixture
def room(tutor):
    owners = Owners(tutor.sessions, tutor.progress)
    return ProgressRoom(SimpleNamespace(tutor=tutor, knowledge=FakeKnowledge(), owners=owners))


def question(skill="regret"):
    return Question(f"{skill}-9", 9, "number", "?", "!", "h", answer=1.0, skill=skill)


def test_progress_is_the_visitor_s_and_not_one_conversation_s(tutor, room):
    owners, secret, other = room._site.owners, "mine" * 6, "your" * 6
    tutor.progress.record("old" * 8, question(), True, now=NOW)  # before there were owners
    for session in ("old" * 8, "new" * 8):
        page = room.show(presented(f"{session}~{secret}", owners))
        assert "1 of 1 graded answer right" in page
    assert "starts with one answer" in room.show(presented(f"{'x' * 24}~{other}", owners))
    assert "lost its conversation" in room.show(presented(f"{'new' * 8}~{other}", owners))


def test_answers_of_two_sessions_become_one_card_as_if_given_in_one(tutor):
    owners, me = Owners(tutor.sessions, tutor.progress), browser_owner("mine" * 6)
    times = [NOW, NOW + timedelta(days=3), NOW + timedelta(days=9)]
    for session, moment, right in zip(
        ("a" * 20, "b" * 20, "a" * 20), times, (True, False, True), strict=True
    ):
        tutor.progress.record(session, question(), right, now=moment)
        tutor.progress.record("whole" * 4, question(), right, now=moment)
    for session in ("a" * 20, "b" * 20):
        assert owners.claim(session, me)
    assert tutor.progress.coming("a" * 20) == tutor.progress.coming("whole" * 4)
    assert tutor.progress.lectures(me) == tutor.progress.lectures("whole" * 4)
    tutor.progress.record("b" * 20, question(), True, now=NOW + timedelta(days=20))
    assert tutor.progress.lectures("a" * 20)[0].answered == 4
