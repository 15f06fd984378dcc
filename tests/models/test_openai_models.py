import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from tutor.errors import MissingKeyError, ModelError, ProviderError
from tutor.models.openai import explain, load
from tutor.models.spec import parse_spec
from tutor.settings import load_settings

KEY = "test-key"


@pytest.fixture
def model(openai_server):
    loaded = load(parse_spec("openai:scripted-1"), settings_for(openai_server))
    yield loaded
    loaded.close()


def settings_for(server, **more):
    return load_settings(**{"openai_api_key": KEY, "openai_base_url": server.url, "timeout": 5.0} | more)


def read(loaded):
    return "".join(chunk.text for chunk in loaded.chat.stream("Why do we decay epsilon?"))


@tool
def run_lab(lab: str) -> str:
    """Run a lab."""
    return lab


def test_an_answer_streams_in_pieces_that_join_to_the_whole(model, openai_server):
    openai_server.say("Because early on we know little: ε = 0.1.")
    pieces = [chunk.text for chunk in model.chat.stream("Why?") if chunk.text]
    assert len(pieces) > 3
    assert "".join(pieces) == "Because early on we know little: ε = 0.1."
    assert openai_server.requests[0]["messages"] == [{"role": "user", "content": "Why?"}]


def test_an_answer_can_be_had_in_one_piece(model, openai_server):
    openai_server.say("Because.")
    assert model.chat.invoke("Why?").content == "Because."


def test_tool_calls_arrive_whole_and_in_parallel(model, openai_server):
    openai_server.call(("run_lab", {"lab": "bandit"}), ("run_lab", {"lab": "regression"}))
    bound = model.chat.bind_tools([run_lab])
    message = None
    for chunk in bound.stream([HumanMessage("Run both.")]):
        message = chunk if message is None else message + chunk
    assert [call["args"] for call in message.tool_calls] == [{"lab": "bandit"}, {"lab": "regression"}]
    assert openai_server.requests[0]["tools"][0]["function"]["name"] == "run_lab"


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (401, "Incorrect API key provided: test-key", "OPENAI_API_KEY"),
        (403, "not for you", "does not let this API key"),
        (404, "no such model", "TUTOR_MODEL"),
        (429, "rate limit", "Wait a minute"),
        (429, "You exceeded your current quota", "used up"),
        (400, "This model's maximum context length is 10 tokens", "Start a new one"),
        (400, "odd request", "odd request"),
        (500, "boom", "error 500"),
        (503, "overloaded", "error 503"),
    ],
)
@pytest.mark.parametrize("streaming", [True, False])
def test_every_refusal_is_one_sentence_that_says_what_to_do(openai_server, status, message, says, streaming):
    loaded = load(parse_spec("openai:scripted-1"), settings_for(openai_server))
    loaded.chat.max_retries = loaded.chat.root_client.max_retries = 0
    loaded.chat.client._client.max_retries = 0
    openai_server.fail(status, message)
    with pytest.raises(ProviderError, match=says) as caught:
        read(loaded) if streaming else loaded.chat.invoke("Why?")
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is not None
    loaded.close()


def test_a_wrong_key_is_refused_and_not_repeated(openai_server):
    loaded = load(parse_spec("openai:scripted-1"), settings_for(openai_server, openai_api_key="sk-wrong"))
    with pytest.raises(ProviderError, match="OPENAI_API_KEY") as caught:
        read(loaded)
    assert "sk-wrong" not in str(caught.value)
    loaded.close()


def test_an_unknown_model_is_named(openai_server):
    loaded = load(parse_spec("openai:gpt-99"), settings_for(openai_server))
    with pytest.raises(ProviderError, match="'gpt-99'"):
        read(loaded)
    loaded.close()


def test_a_rate_limit_that_passes_is_tried_again(model, openai_server):
    openai_server.fail(429, "slow down", retry_after="0")
    openai_server.say("Now then.")
    assert read(model) == "Now then."


@pytest.mark.parametrize("how", ["reset", "quiet", "error"])
def test_a_stream_that_breaks_off_is_never_taken_for_the_answer(model, openai_server, how):
    openai_server.break_off("Epsilon decays bec", how)
    seen = []
    with pytest.raises(ProviderError, match="broke off"):
        seen += [chunk.text for chunk in model.chat.stream("Why?")]


def test_a_server_that_is_silent_is_given_up(openai_server):
    loaded = load(parse_spec("openai:scripted-1"), settings_for(openai_server, timeout=0.2))
    openai_server.say("Too late.", pause=30)
    openai_server.say("Too late again.", pause=30)
    with pytest.raises(ProviderError, match="too long"):
        read(loaded)
    loaded.close()


def test_a_server_that_is_not_there_is_named_without_its_password():
    settings = load_settings(openai_base_url="http://ann:secret@127.0.0.1:9/v1")
    loaded = load(parse_spec("openai:any"), settings)
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1:9 cannot be reached") as caught:
        read(loaded)
    assert "secret" not in str(caught.value)
    loaded.close()


def test_a_consumer_that_stops_hangs_up_on_the_server(model, openai_server):
    openai_server.say("word " * 2000, pause=0.005)
    stream = model.chat.stream("Go on for ever.")
    while not next(stream).text:
        pass
    stream.close()
    assert openai_server.left.wait(10)


def test_without_a_key_and_a_server_the_variable_is_named():
    with pytest.raises(MissingKeyError, match="Set OPENAI_API_KEY"):
        load(parse_spec("openai:gpt-4.1-mini"), load_settings())


def test_a_key_with_a_line_break_is_refused_before_it_is_sent(openai_server):
    with pytest.raises(ProviderError, match="OPENAI_API_KEY"):
        load(parse_spec("openai:x"), settings_for(openai_server, openai_api_key="sk-a\nsk-b"))
    assert openai_server.requests == []


def test_without_a_name_the_servers_first_model_is_taken(openai_server):
    openai_server.models = ("llama-home", "other")
    loaded = load(parse_spec("auto"), settings_for(openai_server))
    assert loaded.spec.name == "llama-home"
    loaded.close()


def test_tool_calls_can_be_switched_off_for_a_server_that_gets_them_wrong(openai_server):
    for setting, expected in (("auto", True), ("yes", True), ("no", False)):
        loaded = load(parse_spec("openai:scripted-1"), settings_for(openai_server, tool_calls=setting))
        assert loaded.tool_calls is expected
        loaded.close()


def test_an_error_of_our_own_is_explained_as_it_is_and_a_bug_is_not_blamed_on_the_server():
    ours = ProviderError("as it is")
    assert explain(ours) is ours
    bug = explain(TypeError("oops"))
    assert isinstance(bug, ModelError)
    assert not isinstance(bug, ProviderError)


def test_messages_of_both_sides_are_sent_in_order(model, openai_server):
    openai_server.say("Yes.")
    model.chat.invoke([HumanMessage("One?"), AIMessage("Two."), HumanMessage("Three?")])
    assert [m["role"] for m in openai_server.requests[0]["messages"]] == ["user", "assistant", "user"]
