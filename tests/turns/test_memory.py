"""A long conversation fits the model, its first run is still known, and nobody else's conversation is in it."""

import json
import threading
from dataclasses import replace

import pytest

from labs.registry import LABS
from tutor.memory import NAME, SHARE, before, recall, reminder, shortened, summarise, tokens, wants_summary
from tutor.models.base import LoadedModel
from tutor.models.factory import make_model
from tutor.models.scripted import ScriptedChatModel
from tutor.models.spec import ModelSpec
from tutor.sessions import Outline, PastRun, Run, SessionStore, Turn
from tutor.settings import load_settings

REWARD = 1.2233489978589667


def a_run(number, **chosen):
    metrics = {"regret": 73.48, "reward_final": REWARD + number, "optimal_final": 0.61}
    return PastRun(number, number, 0, "bandit", chosen, {**LABS["bandit"].defaults, **chosen}, metrics)


def talk(count):
    """A conversation: a run in turn 1 and in every third one, long answers in between."""
    told, runs = [], 0
    for n in range(1, count + 1):
        if n % 3 == 1:
            runs += 1
            told.append(
                Outline(
                    f"run it with epsilon 0.{n}", "Done. " * 40, "lab", (a_run(runs, epsilons=[n / 100]),)
                )
            )
        else:
            told.append(Outline(f"what about topic number {n}?", f"Topic {n} is long. " * 60, "question"))
    return told


@pytest.mark.parametrize("context", [1024, 2048, 4096, 16_384, 131_072])
@pytest.mark.parametrize("count", [0, 1, 5, 60, 400])
def test_what_is_told_of_before_stays_within_its_share(context, count):
    memory = recall(talk(count), LABS, context)
    assert memory.tokens <= context // SHARE
    assert len(memory.turns) <= count


@pytest.mark.parametrize("context", [4096, 16_384])
def test_the_first_run_of_sixty_turns_is_still_told_with_its_number(context):
    memory = recall(talk(60), LABS, context)
    assert f"Run 1: bandit, epsilons=[0.01]: reward_final {REWARD + 1:.4g}" in memory.older
    assert "Run 20" in memory.older + " ".join(answer for _, answer in memory.turns)


def test_a_run_that_is_asked_for_comes_first_and_with_all_its_numbers():
    told = talk(200)
    (wanted,) = told[30].runs
    memory = recall(told, LABS, 2048, wanted=[wanted])
    line = memory.older.splitlines()[1]
    assert line.startswith(f"Run {wanted.number}:")
    assert "regret 73.48" in line


def test_a_short_conversation_is_told_whole():
    memory = recall(talk(2), LABS, 16_384)
    assert memory.older == ""
    assert [asked for asked, _ in memory.turns] == ["run it with epsilon 0.1", "what about topic number 2?"]
    assert "(Run 1: bandit" in memory.turns[0][1]


def test_a_small_model_is_reminded_in_a_line_and_only_where_the_question_leans_on_before():
    model = LoadedModel(ModelSpec("gguf", "x"), ScriptedChatModel(), "Small", context_tokens=4096)
    assert before("what is regret?", talk(60), LABS, model) == ""
    told = before("why was my run so bad?", talk(61), LABS, model)
    assert "Run 21: bandit" in told
    assert tokens(reminder(talk(61), LABS)) <= 60


@pytest.mark.parametrize("most", [1, 5, 20, 100])
def test_a_text_is_cut_to_its_measure(most):
    assert tokens(shortened("many words of a long answer, with $x^2$ in it. " * 30, most)) <= max(most, 2)


# --- a summary in a model's words


@pytest.fixture
def store(tmp_path):
    store = SessionStore(f"sqlite:///{tmp_path}/s.sqlite")
    yield store
    store.close()


def server_model(*answers, context=4096):
    chat = ScriptedChatModel(answers=list(answers))
    return LoadedModel(
        ModelSpec("openai", "x"), chat, "X", tool_calls=True, context_tokens=context, capable=True
    )


def fill(store, count, session="s"):
    for n in range(count):
        store.save(session, Turn(f"my question {n}", f"The answer {n} is long. " * 60, "question", "none"))


def test_a_summary_is_kept_checked_and_used(store):
    fill(store, 30)
    model = server_model("The student is Anna. She scored 98765 points. See [this](https://evil.example).")
    assert wants_summary(store.outline("s"), model, None)
    summarise("s", store, model)
    kept = store.settings_of("s")[NAME]
    assert kept["text"].startswith("The student is Anna.")
    assert "98765" not in kept["text"]  # nobody said that number
    assert "evil.example" not in kept["text"]
    assert "Anna" in recall(store.outline("s"), LABS, 4096, kept).older
    assert not wants_summary(store.outline("s"), model, kept)
    assert tokens(str(model.chat.seen[0])) < 4096
    assert store.settings_of("other").get(NAME) is None


def test_a_model_on_this_computer_is_not_asked_for_a_summary(store):
    fill(store, 30)
    model = replace(server_model(), spec=ModelSpec("gguf", "big"))
    assert not wants_summary(store.outline("s"), model, None)


def test_a_summary_that_fails_leaves_the_old_one(store, caplog):
    fill(store, 30)
    store.choose("s", NAME, {"upto": 3, "text": "Anna is afraid of maths."})
    summarise("s", store, server_model(RuntimeError("the secret is fake-key-7")))
    assert store.settings_of("s")[NAME]["text"] == "Anna is afraid of maths."
    assert "fake-key-7" not in caplog.text


# --- over a server, sixty turns long


@pytest.mark.weights
def test_sixty_turns_fit_the_model_and_the_first_result_can_still_be_used(desk, openai_server):
    settings = load_settings(openai_api_key=openai_server.key, openai_base_url=openai_server.url)
    model = make_model("openai:scripted-1", settings, None)
    desk.models.current = model
    values = {"epsilons": [0.1], "runs": 20, "steps": 50}
    result = LABS["bandit"].execute(values)
    desk.tutor.sessions.save("other", Turn("my name is Zelda", "Hello Zelda.", "question", "none"))
    plan = {"lab": "bandit", "parameters": values}
    desk.tutor.sessions.save(
        "s1", Turn("run it", "Done.", "lab", "none", runs=(Run("r", values, result),), plan=plan)
    )
    openai_server.script.clear()
    for n in range(59):
        desk.tutor.sessions.save(
            "s1", Turn(f"tell me about point {n}", f"Point {n} is this. " * 80, "question", "none")
        )
    reward = result.metrics["reward_final"]
    openai_server.say(f"Your first run ended with a reward of {reward:.3f}. The next one got 55.5.")
    openai_server.say("The student is called Anna.")  # the summary of what is old, asked for afterwards
    try:
        done = desk.say("what reward did my first run get?")[-1]
        for thread in [t for t in threading.enumerate() if t.name == "summary"]:
            thread.join(20)
    finally:
        model.close()
    request = openai_server.requests[0]
    assert (
        tokens(json.dumps(request["messages"])) + tokens(json.dumps(request["tools"])) < model.context_tokens
    )
    history = json.dumps(request["messages"])
    assert f"reward_final {reward:.4g}" in history
    assert "Zelda" not in history
    assert "point 58" in history
    assert done.answer == f"Your first run ended with a reward of {reward:.3f}."  # 55.5 is no number of a run
    assert len(openai_server.requests) == 2
    assert tokens(json.dumps(openai_server.requests[1])) < model.context_tokens
    assert desk.tutor.sessions.settings_of("s1")[NAME]["text"] == "The student is called Anna."


@pytest.mark.weights
def test_the_conversation_is_remembered_after_a_restart(desk):
    chat = desk.use("Hello Anna.", "You are Anna.", tool_calls=True)
    desk.say("hi, I am Anna")
    desk.tutor.sessions.close()
    desk.reopened()
    desk.say("who am I?")
    assert any("I am Anna" in str(m.content) for m in chat.seen[1])
