import dataclasses
import re

import pytest
from page_fakes import ANSWER, PASSAGES, FakeKnowledge, FakeModelHost, bandit_result

from labs.base import LabResult
from tutor.events import Done, LabFinished, LabProgress, LabStarted, Notice, Sources, Text
from tutor.sessions import Run, Turn
from tutor.web import passage, render, results, status
from tutor.web.render import TurnView
from tutor.web.results import Picture


def text_of(messages):
    return "\n".join(m["content"] for m in messages if isinstance(m["content"], str))


def done(answer="", **more):
    return Done(answer, "question", "fake", 0.1, **more)


def test_before_anything_has_happened_the_question_and_a_sign_of_work_are_shown():
    messages = TurnView(0, "why?").messages()
    assert messages[0]["role"] == "user"
    assert messages[1]["content"] == render.WORKING


def test_sources_are_shown_before_the_first_word():
    view = TurnView(3, "why?")
    view.apply(Sources(PASSAGES))
    chips = view.messages()[1]["content"]
    assert re.findall(r"<b>(\d)</b>", chips) == ["1", "2", "3", "4"]
    assert "Lecture 9 · Decaying epsilon" in chips
    assert "notebook.ipynb, cell 6" in chips
    assert "<b>bold" not in chips
    assert view.waiting


def test_numbers_in_the_text_and_chips_open_the_same_passage():
    view = TurnView(2, "why?", sources=PASSAGES)
    view.apply(Text("Because it pays [2]."))
    shown = text_of(view.messages())
    assert shown.count(f'href="{render.target(2, 2, PASSAGES[1])}"') == 2


def test_a_number_without_a_source_is_no_link():
    view = TurnView(0, "why?", sources=PASSAGES)
    view.apply(Text("So it is [9]."))
    assert "[9]" in text_of(view.messages())


def test_the_final_answer_replaces_what_was_streamed():
    view = TurnView(0, "why?")
    view.apply(Text("made up"))
    view.apply(done("checked"))
    assert "made up" not in text_of(view.messages())
    assert "checked" in text_of(view.messages())


def test_sources_that_the_finished_answer_does_not_name_step_back():
    view = TurnView(0, "why?")
    view.apply(Sources(PASSAGES))
    assert "t-aside" not in text_of(view.messages())
    view.apply(done("It pays [1].", sources=PASSAGES))
    assert text_of(view.messages()).count("t-aside") == 3


def test_an_answer_that_is_not_in_the_course_shows_no_sources():
    view = TurnView(0, "why?")
    view.apply(Sources(PASSAGES))
    view.apply(done("The course does not cover this.", abstained=True))
    assert "t-source" not in text_of(view.messages())


def test_a_running_lab_shows_progress_and_settings_and_is_pending():
    view = TurnView(0, "run it")
    result = bandit_result()
    view.apply(LabStarted("r1", "bandit", result.title, result.parameters, {"epsilons": [0, 0.01, 0.1]}))
    view.apply(LabProgress("r1", 0.43, "step 430 of 1,000", 0.6))
    step = view.messages()[1]
    assert step["metadata"]["status"] == "pending"
    assert 'value="43"' in step["content"]
    assert "43%" in step["content"]
    assert "step 430 of 1,000" in step["content"]
    assert "0.6 s" in step["content"]
    assert '<div class="t-chosen"><dt>epsilons</dt><dd>0, 0.01, 0.1</dd>' in step["content"]
    assert not view.waiting


def test_a_finished_lab_shows_picture_metrics_notes_and_findings():
    view = TurnView(0, "run it")
    result = bandit_result()
    view.apply(LabStarted("r1", "bandit", result.title, result.parameters, {}))
    view.apply(LabFinished("r1", result), [Picture("/x/y.png", "Rewards by step.")])
    step, picture, numbers = view.messages()[1:4]
    assert step["metadata"] == {"title": "Ran: The k-armed bandit", "status": "done", "log": "1.2 s"}
    assert 'src="gradio_api/file=/x/y.png"' in picture["content"]
    assert 'alt="Rewards by step."' in picture["content"]
    assert "epsilon greedy, epsilon=0.1" in numbers["content"]
    assert "76.0%" in numbers["content"]  # the lab says that this metric is a percentage
    assert r"- With \(\epsilon = 0.1\)" in numbers["content"]
    assert "Try epsilon 0.05." in numbers["content"]


def test_a_lab_that_ended_without_a_result_says_stopped():
    view = TurnView(0, "run it")
    view.apply(LabStarted("r1", "bandit", "Bandit", {}, {}))
    view.apply(LabProgress("r1", 0.2, "step", 0.5))
    view.apply(done("I stopped it."))
    assert view.messages()[1]["metadata"]["title"] == "Stopped: Bandit"
    assert view.messages()[1]["metadata"]["status"] == "done"


def test_metrics_of_variants_become_rows_and_a_missing_one_a_dash():
    columns, rows = results.metric_rows({"a[x=1]": 1.0, "b[x=1]": 2.0, "a[x=2, y=[1, 2]]": 3.0})
    assert columns == ["a", "b"]
    assert rows == [("x=1", [1.0, 2.0]), ("x=2, y=[1, 2]", [3.0, None])]
    assert results.number(None) == results.number(float("nan")) == "–"


def test_a_single_run_lists_its_metrics_downwards():
    result = LabResult("gone", "A lab", {}, 0, {"mse_test": 0.12345, "loss": float("inf")})
    shown = results.metrics_html(result)
    assert '<th scope="row">mse test</th><td>0.1235</td>' in shown
    assert "<td>–</td>" in shown


def test_a_turn_from_the_database_looks_like_the_one_that_was_streamed():
    result = bandit_result()
    pictures = [Picture("/x/y.png", "alt")]
    live = TurnView(0, "run it")
    live.apply(Sources(PASSAGES))
    live.apply(LabStarted("r1", "bandit", result.title, result.parameters, {"arms": 10}))
    live.apply(LabFinished("r1", result), pictures)
    live.apply(done(ANSWER, sources=PASSAGES, results=(result,), suggestions=("Now with 20 arms",)))
    turn = Turn(
        "run it", ANSWER, "lab", "fake", sources=PASSAGES, runs=(Run("r1", {"arms": 10}, result),),
        suggestions=("Now with 20 arms",),
    )  # fmt: skip
    assert TurnView.of_turn(0, turn, lambda _id, _result: pictures).messages() == live.messages()


def test_suggestions_hang_on_the_last_message_as_options():
    view = TurnView(0, "why?")
    view.apply(done("Because.", suggestions=("What is regret?",)))
    assert view.messages()[-1]["options"] == [{"value": "What is regret?", "label": "What is regret?"}]


def test_a_notice_that_is_also_the_answer_is_said_once():
    view = TurnView(0, "x")
    view.apply(Notice("Too long.", "warning"))
    view.apply(done("Too long.", failed=True))
    assert text_of(view.messages()).count("Too long.") == 1


def test_one_moment_is_said_until_the_moment_is_over():
    view = TurnView(0, "why?")
    view.apply(Notice("One moment: fetching the weights."))
    view.apply(Notice("One moment: reading the course."))
    assert "fetching" not in text_of(view.messages())
    assert "reading the course" in text_of(view.messages())
    view.apply(Text("Because."))
    assert "One moment" not in text_of(view.messages())


def test_a_notice_is_shown_as_written_whatever_is_in_it():
    shown = render.notice_html(Notice("<script>x</script> `a` *b* [1]", "error"))
    assert "<script>" not in shown
    assert "`" not in shown
    assert 'role="alert"' in shown


def test_an_empty_message_has_no_bubble_of_its_own():
    view = TurnView(0, "  ")
    view.apply(Notice("Type a question.", "warning"))
    view.apply(done("Type a question.", failed=True))
    assert [m["role"] for m in view.messages()] == ["assistant"]


# ---- an opened passage


def test_a_passage_opens_between_its_neighbours_with_the_best_sentence_marked():
    shown = passage.body_markdown(PASSAGES[0], FakeKnowledge().section(PASSAGES[0].path))
    assert (
        r"<mark>A constant \(\epsilon\) therefore pays forever for what it learnt long ago.</mark>" in shown
    )
    assert "Before this: Exploration" in shown
    assert "After this: A schedule" in shown


def test_a_passage_of_a_notebook_opens_at_its_cell():
    shown = passage.body_markdown(PASSAGES[2], FakeKnowledge().section(PASSAGES[2].path))
    assert "epsilon = epsilon0" in shown
    assert shown.index("First the imports.") < shown.index("epsilon = epsilon0")
    assert "cell 6" in passage.heading_html(PASSAGES[2], 3)


def test_a_passage_whose_file_is_gone_is_still_shown():
    assert "<mark>" in passage.body_markdown(PASSAGES[0], ())


def test_a_sentence_is_found_though_it_is_wrapped_and_emphasised_differently():
    text = "One. The **learning\nrate** sets the size of the step. Three."
    assert "<mark>The **learning\nrate** sets the size of the step.</mark>" in passage.mark(
        text, "The learning rate sets the size of the step."
    )


def test_code_stays_whole_and_its_line_is_named_above_it():
    code = "```python\nfor step in range(steps):\n    pull(arm < k)\n```"
    shown = passage.mark(code, "pull(arm < k)")
    assert shown.endswith(code)
    assert "<mark><code>pull(arm &lt; k)</code></mark>" in shown


def test_nothing_hostile_in_a_lecture_reaches_the_panel():
    hostile = dataclasses.replace(PASSAGES[3], title="<img src=x onerror=y>", heading=("<script>x</script>",))
    shown = passage.heading_html(hostile, 4) + passage.body_markdown(
        hostile, FakeKnowledge().section(hostile.path)
    )
    assert not re.search(r"<(script|img|style)", shown)
    assert "example.org" not in shown


# ---- the model's state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("none", "No language model: quoting the lectures"),
        ("ready", "Model: Qwen2.5-Coder 1.5B (on this computer)"),
        ("downloading", "Downloading the model… 43%"),
        ("failed", "The disk is full. Free 1.2 GB, then restart"),
    ],
)
def test_the_pill_says_which_model_is_in_use(state, words):
    host = FakeModelHost(
        state, 0.43, "The disk is full. Free 1.2 GB, then restart." if state == "failed" else ""
    )
    assert words in status.model_html(host)
    assert status.busy(host.status) == (state == "downloading")


def test_a_model_that_has_just_taken_over_says_so():
    host = FakeModelHost("ready")
    assert "now answering" in status.model_html(host, before="loading")
    assert "now answering" not in status.model_html(host, before="ready")


def test_an_opened_source_names_the_copies_of_its_file():
    copied = dataclasses.replace(PASSAGES[0], also=("lecture_09/<b>copy</b>.md",))
    shown = passage.heading_html(copied, 1)
    assert "also in <code>lecture_09/&lt;b&gt;copy&lt;/b&gt;.md</code>" in shown
    assert "also in" not in passage.heading_html(PASSAGES[0], 1)
