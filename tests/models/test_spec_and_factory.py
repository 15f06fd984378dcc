import dataclasses

import pytest

from knowledge.weights import PINS, WeightStore
from tutor.errors import BadSpecError, ModelUnavailable
from tutor.models import llamacpp
from tutor.models.base import LoadedModel, no_model
from tutor.models.factory import make_model
from tutor.models.spec import ModelSpec, parse_spec
from tutor.models.store import DEFAULT, list_rows, pull
from tutor.settings import load_settings


@pytest.fixture
def store(tmp_path):
    return WeightStore(tmp_path / "weights", offline=True)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("none", "none", ""),
        (" AUTO ", "auto", ""),
        ("openai:gpt-4.1-mini", "openai", "gpt-4.1-mini"),
        ("openai:llama3:8b", "openai", "llama3:8b"),
        ("hf:Org/Name", "hf", "Org/Name"),
        ("gguf:/models/My Model.gguf", "gguf", "/models/My Model.gguf"),
        ("GGUF:C:\\models\\m.gguf", "gguf", "C:\\models\\m.gguf"),
    ],
)
def test_a_spec_is_read_and_written(text, kind, name):
    assert parse_spec(text) == ModelSpec(kind, name)
    assert parse_spec(str(parse_spec(text))) == parse_spec(text)


@pytest.mark.parametrize("text", ["", "gpt-4", "openai:", "gguf", "none:x", "ollama:llama3", ":", "hf: "])
def test_a_bad_spec_lists_what_is_allowed(text):
    with pytest.raises(BadSpecError, match="openai:NAME, hf:ORG/NAME") as caught:
        parse_spec(text)
    assert repr(text) in str(caught.value)


def test_none_is_a_model_that_says_nothing(store):
    model = make_model("none", load_settings(), store)
    assert model.chat is None
    assert model.label == "no model"
    model.close()


def test_auto_takes_a_server_where_a_key_is_set(store):
    model = make_model("auto", load_settings(openai_api_key="sk-x"), store)
    assert model.spec.kind == "openai"
    assert model.capable
    assert model.tool_calls
    model.close()


def test_auto_without_anything_is_no_model_with_the_reason(store):
    model = make_model("auto", load_settings(), store)
    assert model.chat is None
    assert "tutor model pull qwen2.5-coder-1.5b" in model.note


def test_auto_takes_the_embedded_default_when_it_can_be_had(store, monkeypatch):
    monkeypatch.setattr(store, "fetch", lambda name, progress=None: store.folder / f"{name}.gguf")
    asked = []

    def load(spec, path, settings, label):
        asked.append((spec, path.name))
        return LoadedModel(spec, None, label)

    monkeypatch.setattr(llamacpp, "load", load)
    assert make_model("auto", load_settings(), store).label == "Qwen2.5-Coder 1.5B (on this computer)"
    assert asked == [(ModelSpec("gguf", DEFAULT), f"{DEFAULT}.gguf")]


def test_an_explicit_model_that_is_missing_is_an_error_and_not_silence(store):
    with pytest.raises(ModelUnavailable, match="TUTOR_OFFLINE"):
        make_model(f"gguf:{DEFAULT}", load_settings(), store)


def test_an_unknown_gguf_name_lists_the_known_ones(store):
    with pytest.raises(ModelUnavailable, match=r"qwen2\.5-coder-1\.5b.*\.gguf file"):
        make_model("gguf:qwen3", load_settings(), store)


def test_the_list_shows_every_pin_and_what_is_here(store):
    rows = {row.name: row for row in list_rows(store)}
    assert rows.keys() == PINS.keys()
    assert rows[DEFAULT].spec == f"gguf:{DEFAULT}"
    assert rows["all-minilm-l6-v2"].spec == ""
    assert not any(row.here for row in rows.values())


def test_pull_takes_a_spec_as_well_as_a_name_and_says_why_it_fails(store):
    with pytest.raises(ModelUnavailable, match="TUTOR_OFFLINE"):
        pull(store, f"gguf:{DEFAULT}")


def test_closing_a_model_twice_does_no_harm():
    model = dataclasses.replace(no_model(), note="x")
    model.close()
    model.close()
