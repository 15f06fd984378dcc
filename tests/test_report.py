"""The teachers' report over a real database: what is in it, what is never in it, and who may see it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from web.page_fakes import passage

from knowledge.search import FileInfo, SectionView
from tutor.errors import MessageError
from tutor.events import Done
from tutor.feedback import BAD, GOOD, FeedbackStore
from tutor.owners import Owners
from tutor.progress import ProgressStore
from tutor.report import ReportStore, anonymous, parse_since
from tutor.sessions import SessionStore, Turn


class Course:
    """Three sections: one that is cited, one that shares a passage with it, one that is not."""

    def files(self):
        return [FileInfo("lecture_09/lecture.md", "Bandits", 9, 3, 3)]

    def section(self, path):
        return [
            SectionView(("Exploration", "Decaying epsilon"), None, None, "prose", "…", ("p1", "p2")),
            SectionView(("Exploration", "A schedule"), None, None, "prose", "…", ("p2",)),
            SectionView(("Regret",), None, None, "prose", "…", ("p3",)),
        ]


@pytest.fixture
def sessions(tmp_path):
    store = SessionStore(f"sqlite:///{tmp_path / 's.sqlite'}")
    yield store
    store.close()


@pytest.fixture
def store(sessions):
    return ReportStore(sessions)


def done(answer="Because [1].", abstained=False, nearest=None, sources=(), failed=False):
    details = {"nearest": nearest} if nearest else {}
    return Done(
        answer, "question", "none", 1.0, abstained=abstained, sources=sources, failed=failed, details=details
    )


P1 = passage(1, "text", "text", ("Exploration", "Decaying epsilon"))
P3 = passage(3, "text", "text", ("Regret",))
NEAR = {"path": "lecture_09/lecture.md", "lecture": 9, "heading": ["Exploration", "A schedule"]}


def test_what_was_not_answered_stands_under_the_nearest_heading_and_most_asked_comes_first(store):
    for session, question, near in (
        ("s1", "What is softmax exploration?", NEAR),
        ("s2", "what about  UCB", NEAR),
        ("s2", "what about UCB", NEAR),
        ("s3", "Who won?", None),
    ):
        store.record(session, hash(question) % 1000, question, done(abstained=True, nearest=near))
    first, second = store.report(None).unanswered
    assert (first.lecture, first.heading, first.count) == (9, "A schedule", 3)
    assert first.questions == ("what about UCB", "What is softmax exploration?")
    assert (second.heading, second.questions) == ("Nothing near it", ("Who won?",))


def test_only_what_an_answer_names_counts_as_cited(store):
    store.record("s1", 0, "why decay?", done(sources=(P1, P3)))  # [1] only
    report = store.report(Course())
    assert (report.sections, report.passages, report.passages_never_cited) == (3, 3, 1)
    assert [(u.heading, u.lecture, u.passages) for u in report.never_cited] == [("Regret", 9, 1)]
    store.record("s1", 1, "and regret?", done("Both [1, 2].", sources=(P1, replace(P3, id="another id now"))))
    assert store.report(Course()).never_cited == ()


def test_thumbs_down_come_with_their_reasons_and_only_of_turns_that_were_told_of(store, sessions):
    thumbs = FeedbackStore(sessions)
    for turn, verdict in enumerate((GOOD, BAD, "It is wrong", "It is wrong")):
        store.record("s1", turn, f"question {turn}", done(sources=(P1,)))
        thumbs.rate("s1", turn, verdict)
    thumbs.rate("s-before", 0, "Too long")  # given while the report was off
    report = store.report(None)
    assert (report.thumbs_up, report.thumbs_down, report.reasons) == (1, 3, {"It is wrong": 2})
    assert [(d.question, d.reason) for d in report.disliked] == [
        ("question 1", ""), ("question 2", "It is wrong"), ("question 3", "It is wrong"),
    ]  # fmt: skip


def test_nothing_in_it_says_who_it_was(store, sessions):
    FeedbackStore(sessions).rate("session-of-ada", 0, BAD)
    asked = "My name is Ada Lovelace, ada@uni.example, matriculation 0123 456 789: what is a GAN?"
    store.record("session-of-ada", 0, asked, done(abstained=True, nearest=NEAR))
    told = json.dumps(store.report(Course()).to_dict())
    assert "what is a GAN?" in told
    for secret in ("session-of-ada", "Ada", "Lovelace", "uni.example", "456"):
        assert secret not in told
    assert anonymous("epsilon 0.1, 1000 steps, 10 arms") == "epsilon 0.1, 1000 steps, 10 arms"
    assert len(anonymous("word " * 500)) < 310


def test_what_failed_and_small_talk_are_no_matter_of_the_report(store):
    store.record("s1", 0, "hello", done("Hello!"))
    store.record("s1", 1, "why?", done(abstained=True, failed=True))
    assert store.report(None).turns == 0


def test_it_is_of_one_course_and_of_a_time(store, sessions):
    ReportStore(sessions, "stats").record("s1", 0, "what is a mean?", done(abstained=True))
    assert store.report(None).turns == 0
    store.record("s2", 0, "why?", done(abstained=True))
    assert store.report(None, datetime.now(UTC) - timedelta(days=1)).turns == 1
    assert store.report(None, datetime.now(UTC) + timedelta(days=1)).turns == 0


def test_a_student_who_clears_their_data_is_in_no_report_any_more(store, sessions):
    owners = Owners(sessions, ProgressStore(sessions))
    for session in ("mine-one", "mine-two"):
        sessions.save(session, Turn("q", "a", "question", "none"))
        assert owners.claim(session, "ada")
        store.record(session, 0, "what is a GAN?", done(abstained=True))
    owners.delete("ada", "mine-one")
    assert store.report(None).turns == 1
    owners.erase("ada")
    assert store.report(None).turns == 0


def test_times_are_dates_or_days_back():
    now = datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert parse_since("7d", now) == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert parse_since("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_since(None) is parse_since("") is None
    with pytest.raises(MessageError, match="'last week' is no time"):
        parse_since("last week")


def test_the_room_is_for_teachers_and_escapes_what_students_typed(store, sessions):
    from tutor.web.report_room import REFUSED, ReportRoom

    evil = "<img src=x onerror=alert(1)> ${window.x} what is a GAN?"
    store.record("s1", 0, evil, done(abstained=True, nearest={**NEAR, "heading": ["<b>bold</b>"]}))
    site = SimpleNamespace(
        tutor=SimpleNamespace(sessions=sessions),
        settings=SimpleNamespace(course=None),
        conversations=SimpleNamespace(on_done=[]),
        access=SimpleNamespace(teacher=lambda request: request == "teacher"),
        knowledge=SimpleNamespace(ready=None),
    )
    room = ReportRoom(site)
    assert REFUSED in room.show("", "student")
    assert "GAN" not in room.show("", "student")
    assert not room.open("student")["visible"]
    assert room.open("teacher")["visible"]
    shown = room.show("", "teacher")
    assert "what is a GAN?" in shown
    assert "<img" not in shown
    assert "<b>bold" not in shown
    assert "${" not in shown
    site.conversations.on_done[0]("s2", 0, "noted?", done(abstained=True))
    assert store.report(None).turns == 2
