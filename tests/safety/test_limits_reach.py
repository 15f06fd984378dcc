"""The limits hold at every door: the chat, the labs room, uploads, the API, the tools, and uploads of any kind."""

import base64
from types import SimpleNamespace

import httpx
import pytest
from aside import alone
from cases import NoRunner
from page_fakes import FakeKnowledge, FakeModelHost, FakeTutor

from labs.registry import LABS
from tutor.intake import Intake
from tutor.owners import Owners
from tutor.web import gate
from tutor.web.access import Access
from tutor.web.chat import ChatRoom
from tutor.web.lab_room.room import LabDesk
from tutor.web.limits import Limits, Visitor
from tutor.web.live import Conversations
from tutor.web.mcp_server import McpRoom
from tutor.web.pictures import Pictures
from tutor.web.sign_in import address
from tutor.web.site import Site

ME, OTHER = "student-0123456789", "another-0123456789"


@pytest.fixture
def site(tmp_path):
    tutor = FakeTutor(pause=0)
    tutor.labs, tutor.runner, tutor.intake = LABS, NoRunner(), Intake()
    conversations = Conversations(tutor, Pictures(tmp_path))
    owners = Owners(tutor.sessions, tutor.progress)
    limits = Limits(messages=2, runs=1, uploads=1)
    return Site(
        tutor, SimpleNamespace(), FakeKnowledge(), FakeModelHost(), conversations, owners, Access(), limits
    )


def test_a_chat_takes_so_many_messages_and_says_when_to_go_on(site, monkeypatch):
    told = []
    monkeypatch.setattr("tutor.web.chat.gr.Warning", told.append)
    room = ChatRoom(site, [])
    for _ in range(2):
        list(room.ask("why decay epsilon?", ME))
    assert told == []
    list(room.ask("and again", ME))
    assert len(told) == 1
    assert "2 messages a minute" in told[0]
    assert "Wait" in told[0]
    list(room.ask("hello", OTHER))  # nobody else is kept waiting
    assert len(told) == 1
    assert [question for _, question in site.tutor.asked] == ["why decay epsilon?"] * 2 + ["hello"]


def test_the_labs_room_takes_so_many_runs_and_tables(site, tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    desk = LabDesk(site)
    refused = desk.answer({"do": "start", "session": ME, "lab": "bandit", "form": {"arms": {"value": "x"}}})
    assert "arms" in refused["said"]
    said = [
        desk.answer({"do": "start", "session": ME, "lab": "bandit", "form": {}})["said"] for _ in range(2)
    ]
    assert "1 lab runs a minute" in said[-1]
    data = base64.b64encode(b"a,b\n" + b"1,2\n" * 20).decode()
    first, second = (
        desk.answer({"do": "own", "session": ME, "name": "a.csv", "data": data}) for _ in range(2)
    )
    assert first["csv"]
    assert "1 uploads a minute" in second["said"]


def test_programs_are_counted_by_name_and_address(site):
    class Service:
        def search(self, **_):
            return SimpleNamespace(data={})

    room = McpRoom(Service(), LABS, limits=Limits(messages=1))

    def call(name, where):
        async def go():
            address.set(where)
            session = SimpleNamespace(report_progress=None)
            return await room._call("search", {"query": "loss"}, session, name)

        return alone(go())

    assert call("ada", "192.0.2.1")[1] == ""
    assert "1 messages a minute" in call("ada", "192.0.2.9")[1]
    assert call("bob", "192.0.2.1")[1] == ""
    assert [call(None, "192.0.2.7")[1] for _ in range(10)] == [""] * 10
    assert "Wait" in call(None, "192.0.2.7")[1]
    assert [call(None, "127.0.0.1")[1] for _ in range(30)] == [""] * 30  # a program of this computer


def test_uploads_are_counted_and_have_room(tmp_path):
    rules = gate.Rules(Access(), Limits(uploads=1), tmp_path, local=False, room=1000)

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def post(where, size=10):
        async def go():
            transport = httpx.ASGITransport(gate.Gate(app, rules), client=(where, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://tutor.example.edu") as client:
                return await client.post("/gradio_api/upload", content=b"x" * size)

        return alone(go())

    assert [post("192.0.2.1").status_code for _ in range(11)] == [200] * 10 + [429]
    assert "uploads a minute" in post("192.0.2.1").json()["detail"]
    assert post("192.0.2.2").status_code == 200
    assert post("192.0.2.3", gate.LARGEST_UPLOAD + 1).status_code == 413
    (tmp_path / "filled").write_bytes(b"x" * 1001)
    assert post("192.0.2.4").status_code == 507


def test_a_limit_of_none_counts_nothing():
    free = Limits()
    for _ in range(1000):
        free.message(Visitor("a", "192.0.2.1"))
        free.run(Visitor("a", "192.0.2.1"))
