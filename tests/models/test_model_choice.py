"""Another model while the page is open: what can be chosen, what was typed, and what happens to the one in use."""

import gc
import logging
import threading

import pytest
from models.openai_server import OpenAIServer

from knowledge.weights import WeightStore
from tutor.errors import BadSpecError, ModelUnavailable, SettingsError
from tutor.models import choice
from tutor.models.base import LoadedModel, no_model
from tutor.models.host import ModelHost
from tutor.models.scripted import ScriptedChatModel
from tutor.models.spec import ModelSpec
from tutor.settings import load_settings

KEY = "test-key"
WRONG = "sk-not-the-right-one-0123456789abcdef"


def toy(name, closed=None):
    chat = ScriptedChatModel(answers=["hi"])
    close = (closed or threading.Event()).set
    return LoadedModel(ModelSpec("gguf", name), chat, name.title(), _close=close)


class Shop:
    """A factory with a model for every name; one called "slow" waits, one called "broken" fails."""

    def __init__(self):
        self.go, self.slow = threading.Event(), threading.Event()
        self.closed = {}
        self.settings = []

    def __call__(self, spec, settings, store, progress):
        self.settings.append(settings)
        if spec.name == "broken":
            raise ModelUnavailable("The file is damaged. Download it again.")
        if spec.name == "slow":
            progress(1, 4, "downloading slow")
            self.slow.set()
            while not self.go.wait(0.01):
                progress(1, 4, "downloading slow")
        closed = self.closed[spec.name] = threading.Event()
        return toy(spec.name, closed)


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def host(shop, tmp_path):
    host = ModelHost(load_settings(model="gguf:first"), WeightStore(tmp_path), make=shop)
    host.wait(10)
    yield host
    shop.go.set()
    host.close()


@pytest.fixture
def server():
    server = OpenAIServer(KEY)
    yield server
    server.close()


def settle(host):
    assert host._ended.wait(10)
    return host.current


# ---- the host


def test_the_model_in_use_answers_until_the_new_one_is_ready(host, shop):
    host.choose("gguf:slow")
    assert shop.slow.wait(10)
    assert host.current.label == "First"
    assert host.status.state == "downloading"
    assert host.wanted == ModelSpec("gguf", "slow")
    shop.go.set()
    assert settle(host).label == "Slow"
    assert host.status.state == "ready"


def test_a_model_that_cannot_be_had_leaves_the_old_one_and_says_why(host):
    host.choose("gguf:broken")
    assert settle(host).label == "First"
    assert host.status.state == "ready"
    assert "damaged" in host.trouble
    host.choose("gguf:second")
    assert settle(host).label == "Second"
    assert host.trouble == ""


def test_the_old_model_is_closed_when_its_last_turn_is_over(host, shop):
    turn = host.current
    host.choose("gguf:second")
    settle(host)
    assert not shop.closed["first"].is_set()
    assert turn.chat is not None
    del turn
    gc.collect()
    assert shop.closed["first"].is_set()
    assert not shop.closed["second"].is_set()


def test_only_the_newest_choice_takes_over(host, shop):
    host.choose("gguf:slow")
    assert shop.slow.wait(10)
    late = host._thread
    host.choose("gguf:second")
    assert settle(host).label == "Second"
    shop.go.set()
    late.join(10)
    assert host.current.label == "Second"


def test_none_is_a_choice_that_holds(host):
    host.choose("none")
    assert host.current.chat is None
    assert host.status.state == "none"
    assert host.wait(10).chat is None  # waiting does not bring the old one back


def test_a_name_that_is_none_changes_nothing(host):
    with pytest.raises(BadSpecError):
        host.choose("gpt")
    assert host.current.label == "First"


def test_closing_closes_what_was_replaced_too(host, shop):
    turn = host.current
    host.choose("gguf:second")
    settle(host)
    host.close()
    assert shop.closed["first"].is_set()
    assert shop.closed["second"].is_set()
    assert turn.label == "First"


# ---- a server that is typed in


def real_host(tmp_path):
    return ModelHost(load_settings(model="none", home=tmp_path), WeightStore(tmp_path))


def test_a_right_key_is_asked_for_a_word_and_taken(server, tmp_path):
    server.say("Hello.")
    host = real_host(tmp_path)
    host.choose(*choice.server(load_settings(), server.url, "scripted-1", KEY))
    model = settle(host)
    assert (host.trouble, host.status.state) == ("", "ready")
    assert model.spec == ModelSpec("openai", "scripted-1")
    assert len(server.requests) == 1
    host.close()


def test_a_wrong_key_gives_one_sentence_and_is_written_nowhere(server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    host = real_host(tmp_path)
    spec, settings = choice.server(load_settings(), server.url, "scripted-1", WRONG)
    host.choose(spec, settings)
    assert settle(host).chat is None
    assert host.status.state == "failed"
    assert "refused the key" in host.trouble
    told = host.trouble + host.status.message + caplog.text + repr(settings) + repr(host.__dict__)
    assert WRONG not in told
    assert all(WRONG.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    host.close()


def test_a_name_that_the_server_does_not_know_gives_one_sentence(server, tmp_path):
    server.fail(404, "model not found")
    host = real_host(tmp_path)
    host.choose(*choice.server(load_settings(), server.url, "nothing", KEY))
    settle(host)
    assert "nothing" in host.trouble
    assert "/v1" in host.trouble
    host.close()


def test_a_server_that_is_not_there_gives_one_sentence(tmp_path, server):
    url = server.url
    host = real_host(tmp_path)
    server._http.server_close()
    host.choose(*choice.server(load_settings(timeout=2.0), url, "scripted-1", KEY))
    settle(host)
    assert host.status.state == "failed"
    assert "reached" in host.trouble or "too long" in host.trouble
    host.close()


def test_only_what_was_typed_goes_to_a_typed_address(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    _, settings = choice.server(load_settings(), "http://localhost:1/v1", "m", "")
    assert settings.openai_api_key is None
    _, settings = choice.server(load_settings(), "", "m", "typed")
    assert settings.openai_base_url is None
    assert settings.openai_api_key.get_secret_value() == "typed"


@pytest.mark.parametrize(
    ("address", "name", "key", "word"),
    [
        ("", "m", "", "address"),
        ("localhost:11434", "m", "", "localhost:11434"),
        ("file:///etc/passwd", "m", "", "no address"),
        ("http://", "m", "", "no address"),
        ("http://x:99999/v1", "m", "", "no address"),
        ("", "", WRONG, "Name the model"),
        ("http://x/v1", "m" * 501, WRONG, "500"),
    ],
)
def test_what_cannot_be_a_server_is_refused_without_repeating_the_key(address, name, key, word):
    with pytest.raises(SettingsError, match=word) as caught:
        choice.server(load_settings(), address, name, key)
    assert WRONG not in str(caught.value)


# ---- the list


def test_the_list_has_the_store_s_chat_models_with_their_size(tmp_path):
    found = {one.value: one for one in choice.choices(WeightStore(tmp_path))}
    assert list(found)[:2] == ["auto", "none"]
    assert found["gguf:qwen2.5-coder-1.5b"].bytes > 1e9
    assert not found["gguf:qwen2.5-coder-1.5b"].here
    assert choice.SERVER in found
    assert not any("minilm" in value or "smollm" in value for value in found)


@pytest.mark.parametrize(
    "value", ["gguf:/etc/passwd", "hf:a/b", "openai:x", "", "server", "gguf:smollm2-135m"]
)
def test_the_page_is_no_way_to_any_other_model(value, tmp_path):
    with pytest.raises(SettingsError, match="choose from"):
        choice.chosen(value, WeightStore(tmp_path))


def test_why_says_where_what_is_asked_goes():
    small, far, none = toy("x").spec, ModelSpec("openai", "m"), no_model().spec
    assert "small model" in choice.why(ModelSpec("auto"), small, False)
    assert "leaves this computer" in choice.why(ModelSpec("auto"), small, False)
    assert "goes to that server" in choice.why(far, far, True)
    assert "on the page" in choice.why(far, far, True)
    assert "ask for none" in choice.why(none, none, False)
