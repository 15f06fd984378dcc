"""The agent loop over a real HTTP server that speaks OpenAI's protocol from a script: every path of a turn."""

import json
import re

import pytest

from tutor.events import LabFinished, LabStarted, Notice, Sources, Text
from tutor.models.factory import make_model
from tutor.planning.agent import STEPS
from tutor.quiz.choose import find, lectures
from tutor.quiz.question import letter
from tutor.settings import load_settings

pytestmark = pytest.mark.weights

BANDIT = {"epsilons": [0.1], "runs": 20, "steps": 50}
OTHER = {"epsilons": [0.3], "runs": 20, "steps": 50}


@pytest.fixture
def served(desk, openai_server):
    """The desk with a model behind the scripted server; `served.server` holds the script and what was asked."""
    settings = load_settings(openai_api_key=openai_server.key, openai_base_url=openai_server.url)
    model = make_model("openai:scripted-1", settings, None)
    desk.models.current, desk.server = model, openai_server
    yield desk
    model.close()


def said(request, role):
    return [m["content"] for m in request["messages"] if m["role"] == role]


def streamed(events):
    return "".join(e.delta for e in events if isinstance(e, Text))


def notices(events):
    return " ".join(e.message for e in events if isinstance(e, Notice))


def test_each_step_is_told_and_the_announcement_is_not_part_of_the_answer(served):
    served.server.call(("search_course", {"query": "decay epsilon"}), text="Let me look that up.")
    served.server.say("Early on the estimates are poor, so exploring pays.")
    events = served.say("why do we decay epsilon?")
    assert "One moment: I look in the course for “decay epsilon”." in notices(events)
    order = [type(e) for e in events]
    assert order.index(Notice) < order.index(Sources)
    assert streamed(events) == "Let me look that up.\n\nEarly on the estimates are poor, so exploring pays."
    assert events[-1].answer == "Early on the estimates are poor, so exploring pays [1]."
    assert events[-1].details["steps"] == [{"tool": "search_course", "arguments": {"query": "decay epsilon"}}]


def test_tools_may_be_called_side_by_side(served):
    served.server.call(
        ("search_course", {"query": "regret"}), ("bandit", BANDIT), ("show_source", {"name": "bandit"})
    )
    served.server.say("Regret is the reward that was lost by not pulling the best arm from the start.")
    events = served.say("what is regret? run the bandit and show its code")
    assert {s["tool"] for s in events[-1].details["steps"]} == {"search_course", "bandit", "show_source"}
    answers = said(served.server.requests[1], "tool")
    assert len(answers) == 3
    assert any("def " in text for text in answers)
    assert any(text.startswith("Run 1.") for text in answers)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("bandit", {"arms": 1}, "The lab did not run"),
        ("bandit", {"alarms": 3}, "The lab did not run"),
        ("search_course", {}, "it needs a query"),
        ("search_course", {"query": 7}, "it needs a query"),
        ("search_course", "query = regret", "malformed or truncated"),
        ("compare_runs", {"first": 1, "second": 2}, "this conversation has no run so far"),
        ("compare_runs", {"first": "one"}, "a whole number"),
        ("show_run", {"number": 5}, "there is no run 5"),
        ("show_source", {"name": "../../etc/passwd"}, "name is one of"),
        ("show_source", {"name": "3"}, "there is no passage 3"),
        ("ask_quiz", {"lecture": 77}, "no questions on lecture 77"),
        ("open_file", {"path": "/etc/passwd"}, "open_file"),
    ],
)
def test_a_wrong_call_goes_back_to_the_model_and_the_turn_ends_well(served, name, arguments, told):
    served.server.call((name, arguments))
    served.server.say("That cannot be done.")
    events = served.say("run something please")
    (answer,) = said(served.server.requests[1], "tool")
    assert told in answer
    assert "Traceback" not in answer
    assert not events[-1].failed
    assert events[-1].answer == "That cannot be done."


def test_the_last_step_has_no_tools_and_ends_in_words(served):
    for _ in range(STEPS - 1):
        served.server.call(("search_course", {"query": "regret"}))
    served.server.say("Regret is the reward that was lost by not pulling the best arm from the start.")
    events = served.say("what is regret?")
    assert len(served.server.requests) == STEPS
    assert "tools" not in served.server.requests[-1]
    assert "last step" in said(served.server.requests[-1], "system")[0]
    assert events[-1].answer.endswith("from the start [1].")
    assert not events[-1].failed


def test_a_model_that_never_ends_is_stopped_and_the_course_answers(served):
    for _ in range(20):
        served.server.call(("search_course", {"query": "regret"}))
    events = served.say("what is regret?")
    assert f"I stopped after {STEPS} steps" in notices(events)
    assert "Regret is the reward that was lost" in events[-1].answer
    assert not events[-1].failed


def test_a_model_that_says_nothing_gives_way_to_the_course(served):
    served.server.say("")
    events = served.say("what is regret?")
    assert "Regret is the reward that was lost" in events[-1].answer
    assert "without a language model" in notices(events)


MARKUP = [
    '<tool_call>{"name": "bandit", "arguments": {}}</tool_call>',
    '<function=bandit>{"arms": 3}</function>',
    "<|tool_call_start|>[bandit(arms=3)]<|tool_call_end|>",
    '{"name": "bandit", "arguments": {"arms": 3}}',
    "<think>The student wants a run.</think>",
]


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_for_tools_is_never_shown_not_even_half_of_it(served, markup):
    served.server.say(f"Regret grows. {markup} It never falls.")
    events = served.say("what is regret?")
    for text in (streamed(events), events[-1].answer):
        assert text.split() == ["Regret", "grows.", "It", "never", "falls."]
    served.server.say(f"Regret grows. {markup[: len(markup) // 2]}")
    half = served.say("what is regret?")
    assert streamed(half).strip() == half[-1].answer == "Regret grows."


def test_a_server_that_breaks_off_is_said_and_what_came_is_kept(served):
    served.server.break_off("Regret is the reward that was")
    events = served.say("what is regret?")
    assert "broke off" in notices(events)
    assert events[-1].answer.startswith("Regret is the reward that was")
    assert events[-1].failed


def test_two_runs_are_compared_by_the_tool_with_their_own_numbers(served):
    served.server.call(("bandit", BANDIT))
    served.server.say("Done.")
    served.say("run the bandit with epsilon 0.1")
    served.server.call(("bandit", OTHER))
    served.server.call(("compare_runs", {"first": 1, "second": -1}))
    served.server.say("The second run explored more. Its reward was 77.7.")
    events = served.say("run it with epsilon 0.3 and compare both")
    (comparison,) = [text for text in said(served.server.requests[-1], "tool") if "differ in" in text]
    finished = [e.result for e in events if isinstance(e, LabFinished)]
    assert len(finished) == 2
    reward = finished[0].metrics["reward_final"]
    assert f"{reward:.4g}" in comparison
    assert events[-1].answer == "The second run explored more."  # 77.7 is no number of any run
    assert [run.number for turn in served.tutor.sessions.outline("s1") for run in turn.runs] == [1, 2]


def test_the_same_call_twice_in_a_turn_runs_once(served):
    served.server.call(("bandit", BANDIT))
    served.server.call(("bandit", BANDIT))
    served.server.say("Done.")
    events = served.say("run the bandit with epsilon 0.1")
    assert sum(isinstance(e, LabStarted) for e in events) == 1


def test_a_quiz_question_comes_from_code_and_the_model_never_sees_its_key(served):
    served.server.call(("ask_quiz", {"lecture": lectures()[-1]}), text="Here is one for you.")
    served.server.say("The answer is B.")
    events = served.say("test me a bit, would you?")
    state = served.tutor.history("s1")[-1].quiz
    question = find(state["id"], state["seed"])
    assert question.prompt in events[-1].answer
    assert "The answer is B" not in streamed(events) + events[-1].answer
    seen = json.dumps(served.server.requests, ensure_ascii=False)
    assert question.solution not in seen
    assert question.prompt not in seen
    number = f"{question.answer:.{question.decimals}f}" if question.kind == "number" else None
    right = number or letter(next(i for i, option in enumerate(question.options) if option.right))
    asked_before = len(served.server.requests)
    assert served.say(right)[-1].answer.startswith("Right")
    assert len(served.server.requests) == asked_before  # graded by code


def test_a_lab_that_only_a_lecture_asks_for_is_not_run(served):
    served.server.call(("bandit", BANDIT))
    served.server.say("Early on the estimates are poor, so exploring pays.")
    events = served.say("why does epsilon matter?")
    assert not any(isinstance(e, LabStarted) for e in events)
    assert "has not asked for an experiment" in said(served.server.requests[1], "tool")[0]


def test_a_small_context_offers_the_labs_that_are_spoken_of(served, openai_server):
    settings = load_settings(
        openai_api_key=openai_server.key, openai_base_url=openai_server.url, context_tokens=4096
    )
    served.models.current.close()
    served.models.current = make_model("openai:scripted-1", settings, None)
    openai_server.call(("bandit", BANDIT))
    openai_server.say("Exploring paid off.")
    events = served.say("run the bandit with epsilon 0.1")
    names = {tool["function"]["name"] for tool in openai_server.requests[0]["tools"]}
    assert names == {"search_course", "compare_runs", "show_run", "show_source", "ask_quiz", "bandit"}
    assert events[-1].answer == "Exploring paid off."
    served.models.current.close()


def test_no_tool_takes_a_path_or_code(served):
    served.server.say("Hello.")
    served.say("hello there, show me things")
    for tool in served.server.requests[0]["tools"]:
        names = " ".join(tool["function"]["parameters"]["properties"])
        assert not re.search(r"\b(?:path|file|code|command|url|script)\b", names), tool["function"]["name"]


# --- a model on this computer, behind the llama.cpp server


@pytest.mark.slow
def test_the_loop_ends_well_with_a_real_model_that_calls_tools_badly(desk, weight_store):
    """The small weights write nonsense for an answer; what counts is that the turn is whole and clean."""
    pytest.importorskip("xllamacpp")
    if weight_store.path("smollm2-135m") is None:
        pytest.skip("the weights smollm2-135m are not here")
    settings = load_settings(tool_calls="yes", context_tokens=2048)
    model = make_model("gguf:smollm2-135m", settings, weight_store)
    assert model.tool_calls
    desk.models.current = model
    try:
        for message in ("why do we decay epsilon?", "hello, who are you?"):
            done = desk.say(message)[-1]
            assert done.answer
            assert "<tool" not in done.answer
            assert "<|" not in done.answer
    finally:
        model.close()
    assert len(desk.tutor.history("s1")) == 2
