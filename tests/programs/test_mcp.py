"""The MCP server, called with the protocol's own client over HTTP."""

import base64
from types import SimpleNamespace

import httpx
import pytest
from aside import alone
from mcp.client.client import Client

from tutor.web.mcp_server import McpRoom
from tutor.web.sign_in import basic


def talk(url, *calls):
    """The tools, and the result of each call (name, arguments)."""

    async def run():
        async with Client(url) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, given) for name, given in calls]

    return alone(run())


def test_the_tools_say_exactly_what_they_take(url):
    tools, _ = talk(url + "mcp")
    schemas = {tool.name: tool.input_schema for tool in tools}
    assert set(schemas) == {"ask", "search", "list_labs", "run_lab", "refresh"}
    assert schemas["ask"]["required"] == ["message"]
    assert schemas["search"]["properties"]["k"]["maximum"] == 50
    run = schemas["run_lab"]["properties"]
    assert "bandit" in run["lab"]["enum"]
    bandit = next(one for one in run["parameters"]["anyOf"] if one["title"] == "bandit")
    assert bandit["properties"]["policies"]["items"]["enum"]
    assert all(tool.description for tool in tools)


def test_answers_are_data_and_words(url):
    _, (asked, found, labs) = talk(
        url + "mcp",
        ("ask", {"message": "Why do we decay epsilon?"}),
        ("search", {"query": "what is a loss", "k": 1}),
        ("list_labs", {}),
    )
    assert asked.structured_content["sources"][0]["file"] == "lecture_09/lecture.md"
    assert len(found.structured_content["passages"]) == 1
    assert len(labs.structured_content["labs"]) == 11
    assert not any(result.is_error for result in (asked, found, labs))


def test_pictures_are_drawn_where_the_page_draws_its_own():
    result = SimpleNamespace(charts=("rewards", "regret"))
    room = McpRoom(SimpleNamespace(), {}, png=lambda run, chart: f"{chart} of {run is result}".encode())
    drawn = room._figures(SimpleNamespace(runs=[("r", result)]))
    assert [base64.b64decode(each) for each in drawn] == [b"rewards of True", b"regret of True"]


def test_a_run_reports_how_far_it_is_and_sends_its_pictures(url):
    steps = []

    async def heard(progress, total, message):
        steps.append((progress, total, message))

    async def run(url):
        async with Client(url) as client:
            given = {"lab": "bandit", "parameters": {"runs": 3000, "steps": 400}}
            return await client.call_tool("run_lab", given, progress_callback=heard)

    result = alone(run(url + "mcp"))
    pictures = [item for item in result.content if item.type == "image"]
    assert len(pictures) == len(result.structured_content["charts"])
    assert base64.b64decode(pictures[0].data).startswith(b"\x89PNG")
    assert steps
    assert all(0 <= progress <= total == 1 and message for progress, total, message in steps)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("search", {}, "needs 'query'"),
        ("search", {"query": 5}, "type string"),
        ("search", {"query": "loss", "k": True}, "type integer"),
        ("search", {"query": "loss", "deep": 1}, "no 'deep'"),
        ("run_lab", {"lab": "nothing"}, "no lab called 'nothing'"),
        ("run_lab", {"lab": "bandit", "parameters": {"arms": 0}}, "arms=0"),
        ("rm", {}, "no tool 'rm'"),
        ("ask", {"message": "hi", "session": "../.."}, "session"),
    ],
)
def test_bad_input_comes_back_as_one_sentence(url, name, given, says):
    _, (result,) = talk(url + "mcp", (name, given))
    assert result.is_error
    assert says in result.content[0].text
    assert "Traceback" not in result.content[0].text


def test_a_page_of_another_host_cannot_call_it(url):
    url += "mcp"
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    assert httpx.post(url, json=body, headers=accept).status_code == 200
    lured = httpx.post(url, json=body, headers={**accept, "host": "evil.example"})
    assert lured.status_code in (403, 421)
    crossed = httpx.post(url, json=body, headers={**accept, "origin": "http://evil.example"})
    assert crossed.status_code == 403


def test_where_the_page_has_passwords_so_has_this(guarded_url):
    url = guarded_url + "mcp"
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"accept": "application/json, text/event-stream"}
    assert httpx.post(url, json=body, headers=headers).status_code == 401
    assert httpx.post(url, json=body, headers=headers, auth=("ada", "one")).status_code == 401
    let_in = httpx.post(url, json=body, headers=headers, auth=("ada", "one:two"))
    assert let_in.status_code == 200
    assert "search" in let_in.text
    assert "refresh" not in let_in.text  # that is for somebody at this computer, on a page for nobody else


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer YWRhOm9uZQ==", "Basic YWRhOg=="])
def test_what_is_no_password_is_none(header):
    assert basic(header) is None
