"""Skipped outputs cost Gradio nothing, and the browser gets what it would have got."""

from copy import deepcopy

import pytest
from aside import alone
from gradio.state_holder import SessionState

from tutor.web.lean import make_lean
from tutor.web.toolkit import gr

SKIP = gr.skip()
CHAT = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]


def shown(predictions, lean, built=None):
    """(what goes to the browser, what the session remembers of the boxes); `built` takes a word for each new chat."""

    async def make():  # with a loop running, or Gradio opens one and leaves it open
        with gr.Blocks(analytics_enabled=False) as page:
            chat, box, word = gr.Chatbot(), gr.Textbox(), gr.Textbox()
            box.submit(lambda text: None, [box], [chat, box, word])
        if lean:
            make_lean(page)
        state, fn = SessionState(page), page.fns[0]
        real = gr.Chatbot.__init__
        with pytest.MonkeyPatch.context() as patch:
            if built is not None:
                patch.setattr(
                    gr.Chatbot,
                    "__init__",
                    lambda self, *a, **k: (built.append("chat"), real(self, *a, **k))[1],
                )
            sent = await page.postprocess_data(fn, deepcopy(list(predictions)), state)
        return sent, [state[block._id].get_config().get("submit_btn") for block in (box, word)]

    return alone(make())


@pytest.mark.parametrize(
    "predictions",
    [
        (CHAT, SKIP, SKIP),
        (SKIP, SKIP, "new"),
        (SKIP, gr.update(submit_btn="Send"), SKIP),
        (CHAT, gr.update(value="", submit_btn="Send"), "word"),
        (SKIP, SKIP, SKIP),
    ],
)
def test_what_is_sent_and_remembered_is_the_same(predictions):
    assert shown(predictions, lean=True) == shown(predictions, lean=False)


def test_a_skipped_output_is_not_built_anew():
    as_ever, lean = [], []
    shown((SKIP, "text", SKIP), False, as_ever)
    shown((SKIP, "text", SKIP), True, lean)
    assert (as_ever, lean) == (["chat"], [])
