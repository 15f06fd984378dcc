"""Modes: which messages switch them, and that a session keeps its own."""

import pytest

from tutor.errors import MessageError
from tutor.sessions import SessionStore
from tutor.teaching.modes import (
    MODES,
    get_mode,
    get_predict,
    mode_wanted,
    predict_wanted,
    set_mode,
    set_predict,
)


@pytest.fixture
def sessions(tmp_path):
    store = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    yield store
    store.close()


@pytest.mark.parametrize(
    ("message", "mode"),
    [
        ("use socratic mode", "socratic"),
        ("exam mode", "exam"),
        ("Exam mode please!", "exam"),
        ("explain mode please", "explain"),
        ("could you switch to socratic mode", "socratic"),
        ("let's go back to normal mode", "explain"),
        ("leave exam mode", "explain"),
        ("stop the exam", "explain"),
    ],
)
def test_a_wish_for_a_mode_is_understood(message, mode):
    assert mode_wanted(message).id == mode


@pytest.mark.parametrize(
    "message",
    [
        "what is exam mode?",
        "which mode has the best score",
        "set the test size to 0.3",
        "explain the mode of a distribution",
        "what is the Socratic method",
        "run the bandit in test",
    ],
)
def test_a_question_about_a_mode_or_a_setting_switches_nothing(message):
    assert mode_wanted(message) is None


@pytest.mark.parametrize("message", ["let me predict first", "Let me guess first.", "turn predictions on"])
def test_a_wish_to_guess_before_runs_is_understood(message):
    assert predict_wanted(message) is True


@pytest.mark.parametrize(
    "message", ["no more predictions", "stop asking me to guess", "turn off predictions"]
)
def test_a_wish_to_guess_no_longer_is_understood(message):
    assert predict_wanted(message) is False


@pytest.mark.parametrize("message", ["predict the price of Apple", "what does it predict?", "run the bandit"])
def test_a_message_about_predicting_is_no_wish_to_guess(message):
    assert predict_wanted(message) is None


def test_each_session_keeps_its_own_mode_and_a_new_one_explains(sessions):
    assert get_mode(sessions, "a") == "explain"
    assert set_mode(sessions, "a", "Exam").id == "exam"
    set_predict(sessions, "a", True)
    assert (get_mode(sessions, "a"), get_predict(sessions, "a")) == ("exam", True)
    assert (get_mode(sessions, "b"), get_predict(sessions, "b")) == ("explain", False)


def test_an_unknown_mode_is_refused_with_the_ones_there_are(sessions):
    with pytest.raises(
        MessageError, match=r"no mode called 'strict'\. Choose one of explain, socratic, exam"
    ):
        set_mode(sessions, "a", "strict")
    assert get_mode(sessions, "a") == "explain"


def test_every_mode_says_in_one_sentence_what_it_does():
    assert [mode.id for mode in MODES] == ["explain", "socratic", "exam"]
    assert all(mode.line.endswith(".") and len(mode.line.split()) < 25 for mode in MODES)
