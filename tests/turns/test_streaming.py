import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from tutor.errors import TutorError
from tutor.models.scripted import ScriptedChatModel
from tutor.turns.streaming import MarkupFilter, stream_text


def filtered(text, cuts):
    hide, out, start = MarkupFilter(), "", 0
    for cut in [*sorted(cuts), len(text)]:
        out += hide.feed(text[start:cut])
        start = cut
    return out + hide.finish()


@given(st.sets(st.integers(0, 60)))
def test_tool_markup_is_hidden_however_the_stream_is_cut(cuts):
    text = 'Let me see. <tool_call>{"name": "bandit"}</tool_call> Done < 3.'
    assert filtered(text, {c for c in cuts if c <= len(text)}) == "Let me see.  Done < 3."


def test_markup_that_never_closes_stays_hidden():
    assert filtered("Hello <tool_call>{...", set()) == "Hello "


def test_a_lone_angle_bracket_is_ordinary_text():
    assert filtered("if a <", {3}) == "if a <"


def test_a_scripted_model_streams_its_words():
    model = ScriptedChatModel(answers=["one two three"])
    assert "".join(stream_text(model, [HumanMessage("hi")], threading.Event())) == "one two three"


def test_an_unexpected_failure_of_the_model_becomes_an_error_that_can_be_shown():
    class Broken:
        def stream(self, _messages):
            raise RuntimeError("secret details")
            yield

    with pytest.raises(TutorError) as caught:
        list(stream_text(Broken(), [], threading.Event()))
    assert "secret" not in str(caught.value)
