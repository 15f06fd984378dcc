"""A key, or a login in an address, is in no answer, no error, no log and no traceback, whatever a server does."""

import logging
import traceback

import pytest
from langchain_core.messages import HumanMessage
from models.openai_server import OpenAIServer

from tutor.errors import ProviderError, SessionError, SettingsError
from tutor.models.factory import make_model
from tutor.sessions import SessionStore
from tutor.settings import load_settings

KEY = "fake-key-7"  # short: no pattern would know it for a key
LOGIN = "bob:hunter2pw"


@pytest.fixture
def server():
    server = OpenAIServer(key=KEY)
    yield server
    server.close()


@pytest.fixture
def everything_logged(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def ask(settings):
    model = make_model("openai:scripted-1", settings, None)
    try:
        return "".join(chunk.text for chunk in model.chat.stream([HumanMessage("hi")])), model
    finally:
        model.close()


def refused(settings):
    with pytest.raises(ProviderError) as caught:
        ask(settings)
    return str(caught.value), "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_a_key_that_the_server_writes_back_is_not_repeated(server, everything_logged, status):
    for _ in range(2):  # the client may try once more
        server.fail(status, f"You sent {KEY} as the key, to http://{LOGIN}@gateway")
    said, trace = refused(load_settings(openai_api_key=KEY, openai_base_url=server.url))
    for text in (said, trace):
        assert KEY not in text
        assert "hunter2pw" not in text
    assert "model server" in said
    assert KEY not in everything_logged.text


def test_a_wrong_key_is_not_repeated_from_the_servers_refusal(server, everything_logged):
    said, trace = refused(load_settings(openai_api_key="other-key-77", openai_base_url=server.url))
    assert "refused the API key" in said
    assert "other-key-77" not in said + trace + everything_logged.text


def test_a_server_that_does_not_answer_in_time_is_said_without_the_key(server, everything_logged):
    server.say("slow", pause=30)
    settings = load_settings(openai_api_key=KEY, openai_base_url=server.url, timeout=0.3)
    said, trace = refused(settings)
    assert "took too long" in said
    assert KEY not in said + trace + everything_logged.text


def test_a_login_in_the_address_works_and_is_in_no_log_and_no_label(everything_logged):
    import base64

    server = OpenAIServer(key=KEY)
    address = server.url.replace("http://", f"http://{LOGIN}@")
    seen = []
    real = server._http.RequestHandlerClass._allowed
    basic = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
    server._http.RequestHandlerClass._allowed = lambda self: (
        seen.append(self.headers["Authorization"]) or True
    )
    server.say("Hello.")
    try:
        said, model = ask(load_settings(openai_base_url=address))
    finally:
        server._http.RequestHandlerClass._allowed = real
        server.close()
    assert said == "Hello."
    assert seen == [basic]
    assert "hunter2pw" not in model.label + everything_logged.text


@pytest.mark.parametrize(
    "address",
    [f"http://{LOGIN}@host:port/v1", f"http://{LOGIN}@[::1/v1", f"ftp://{LOGIN}@host/v1", f"http://{LOGIN}@"],
)
def test_an_address_that_cannot_be_used_is_said_without_its_login(address):
    with pytest.raises(SettingsError) as caught:
        load_settings(openai_api_key=KEY, openai_base_url=address)
    said = str(caught.value)
    assert "OPENAI_BASE_URL" in said
    assert "hunter2pw" not in said
    assert KEY not in said


def test_settings_print_no_key():
    settings = load_settings(openai_api_key=KEY, database_url="postgresql://u:dbpass@h/d")
    assert KEY not in f"{settings} {settings!r}"
    assert "dbpass" not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://{LOGIN}@host:port/d",
        f"postgresql+nodriver://{LOGIN}@h/d",
        f"{LOGIN}@h",
        f"nothing://{LOGIN}@h/d",
        f"postgresql+psycopg://{LOGIN}@127.0.0.1:1/d",
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(address):
    with pytest.raises(SessionError) as caught:
        SessionStore(load_settings(database_url=address).sessions_url)
    assert "TUTOR_DATABASE_URL" in str(caught.value)
    assert "hunter2pw" not in "".join(traceback.format_exception(caught.value))


def test_settings_print_no_login_of_any_address():
    settings = load_settings(
        openai_base_url=f"http://{LOGIN}@host/v1",
        chroma_url=f"http://{LOGIN}@host:8000",
        labs_cluster="tcp://host:1",
    )
    assert "hunter2pw" not in f"{settings} {settings!r}"
