"""What is said to small talk."""

from __future__ import annotations

import pytest

from labs.registry import LABS
from tutor.turns.draft import Draft
from tutor.turns.talk import small_talk


@pytest.mark.parametrize(
    ("message", "earlier", "begins"),
    [
        ("hi there!", [], "Hello!"),
        ("Good afternoon. I taught Latin for thirty-eight years.", [], "Hello!"),
        ("hello again", ["run the bandit"], "Hello!"),
        ("Sobering.", ["run the bandit"], "Shall we go on?"),
        ("Sobering.", [], "Hello!"),  # nothing to go on with
        ("Hm.", ["what is a loss"], "Shall we go on?"),
        ("I am a nurse, and I have to be honest, maths frightens me", [], "Many people begin that way"),
        ("i’m rubbish at maths", [], "Many people begin that way"),
        ("useless. absolutely useless.", ["explain it properly"], "I am sorry"),
        ("thanks a lot", ["what is a loss"], "You are welcome"),
        ("Right, I must start my shift now. Good night and thanks", ["x"], "Goodbye"),
        ("gotta dash, laters", ["x"], "Goodbye"),
    ],
)
def test_small_talk_is_answered_to_what_it_says(message, earlier, begins):
    draft = Draft(message, "s")
    draft.earlier = earlier
    (event,) = small_talk(draft, LABS)
    assert draft.answer.startswith(begins)
    assert event.delta == draft.answer
    assert draft.suggestions
