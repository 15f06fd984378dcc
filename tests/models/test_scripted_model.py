import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from tutor.models.scripted import ScriptedChatModel


@tool
def search(query: str) -> str:
    """Search the course."""
    return f"found {query}"


def test_answers_are_played_in_order_and_questions_recorded():
    chat = ScriptedChatModel(answers=["one", lambda messages: messages[-1].text.upper()])
    assert [chat.invoke("a").text, chat.invoke("b").text] == ["one", "B"]
    assert [messages[0].text for messages in chat.seen] == ["a", "b"]


def test_a_stream_comes_by_words_and_stops_when_the_reader_does():
    chat = ScriptedChatModel(answers=["one two three four"])
    stream = chat.stream("go")
    assert next(stream).text == "one "
    stream.close()
    assert chat.streamed == 1


def test_an_exception_in_the_script_is_raised_and_a_script_that_ends_says_so():
    chat = ScriptedChatModel(answers=[ValueError("planned")])
    with pytest.raises(ValueError, match="planned"):
        chat.invoke("a")
    with pytest.raises(IndexError, match="asked for one more"):
        chat.invoke("b")


def test_tool_calls_survive_streaming():
    call = {"name": "search", "args": {"query": "ε"}, "id": "1"}
    chat = ScriptedChatModel(answers=[AIMessage("Looking.", tool_calls=[call])])
    whole = None
    for chunk in chat.bind_tools([search]).stream("go"):
        whole = chunk if whole is None else whole + chunk
    assert whole.text == "Looking."
    assert whole.tool_calls[0]["args"] == {"query": "ε"}
    assert chat.tools == [["search"]]


def test_the_agent_loop_runs_a_scripted_tool_call():
    from langchain.agents import create_agent

    call = {"name": "search", "args": {"query": "bandits"}, "id": "1"}
    chat = ScriptedChatModel(answers=[AIMessage("", tool_calls=[call]), "Done."])
    result = create_agent(chat, [search]).invoke({"messages": [{"role": "user", "content": "hi"}]})
    assert result["messages"][-1].text == "Done."
    assert chat.seen[1][-1].text == "found bandits"
