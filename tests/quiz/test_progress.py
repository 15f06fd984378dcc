"""Mastery from graded answers, and reviews that come back."""

from datetime import UTC, datetime, timedelta

import pytest

from tutor.progress import ProgressStore
from tutor.quiz.question import Question
from tutor.sessions import SessionStore

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def question(skill, lecture=9):
    return Question(f"{skill}-{lecture}", lecture, "number", "?", "!", "h", answer=1.0, skill=skill)


@pytest.fixture
def store(tmp_path):
    sessions = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    yield ProgressStore(sessions)
    sessions.close()


def test_nothing_is_known_before_the_first_answer(store):
    assert store.lectures("s") == []
    assert store.due("s") == []


def test_mastery_counts_graded_answers_and_one_right_answer_is_not_mastery(store):
    store.record("s", question("regret"), True, now=NOW)
    first = store.lectures("s")[0]
    assert (first.lecture, first.answered, first.right, first.mastery) == (9, 1, 1, 0.25)
    for _ in range(3):
        store.record("s", question("regret"), True, now=NOW)
    assert store.lectures("s")[0].mastery == 1.0
    store.record("s", question("ucb"), False, now=NOW)
    now = store.lectures("s")[0]
    assert now.mastery == pytest.approx(4 / 5)
    assert now.skills[0] == ("ucb", 0.0)


def test_only_the_newest_answers_count_for_mastery(store):
    for right in [False] * 10 + [True] * 8:
        store.record("s", question("regret"), right, now=NOW)
    assert store.lectures("s")[0].mastery == 1.0


def test_an_answer_that_needed_hints_counts_half(store):
    for _ in range(4):
        store.record("s", question("regret"), True, hints=2, now=NOW)
    assert store.lectures("s")[0].mastery == 0.5


def test_a_wrong_answer_is_due_sooner_than_a_right_one_and_reviews_grow_apart(store):
    store.record("s", question("right"), True, now=NOW)
    store.record("s", question("wrong"), False, now=NOW)
    by_skill = {card.skill: card.due for card in store.coming("s")}
    assert NOW < by_skill["wrong"] < by_skill["right"]
    assert store.due("s", now=NOW) == []
    later = NOW + timedelta(hours=1)
    assert [card.skill for card in store.due("s", now=later)] == ["wrong", "right"]
    gaps, at = [], NOW
    for _ in range(5):
        at = next(card.due for card in store.coming("s") if card.skill == "right")
        store.record("s", question("right"), True, now=at)
        gaps.append(next(card.due for card in store.coming("s") if card.skill == "right") - at)
    assert gaps == sorted(gaps)
    assert gaps[-1] > timedelta(days=20)


def test_sessions_see_only_their_own_and_a_restart_forgets_nothing(store, tmp_path):
    store.record("one", question("regret"), True, now=NOW)
    again = ProgressStore(SessionStore(f"sqlite:///{tmp_path}/s.sqlite"))
    assert again.lectures("one")[0].answered == 1
    assert again.lectures("two") == []
    assert again.asked("one") == ["regret-9"]
