"""Real weights: a 135M model through llama.cpp and, saved as a Hugging Face folder, through transformers."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from hf_folder import save_as_hf_folder
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from tutor.errors import BadSpecError, ModelError, ModelUnavailable, ProviderError
from tutor.models import huggingface, llamacpp
from tutor.models.factory import make_model
from tutor.models.gguf import read_gguf
from tutor.models.spec import parse_spec
from tutor.settings import load_settings


def text_of(loaded, question="What is the capital of France?", **options):
    return "".join(chunk.text for chunk in loaded.chat.stream([HumanMessage(question)], **options))


# --- GGUF through llama.cpp ---


@pytest.fixture(scope="module")
def llama(smollm_gguf, weight_store):
    model = make_model("gguf:smollm2-135m", load_settings(context_tokens=2048), weight_store)
    yield model
    model.close()


def metric(loaded, name):
    """One of llama.cpp's own counters."""
    address = loaded.chat.openai_api_base.removesuffix("/v1")
    key = loaded.chat.openai_api_key.get_secret_value()
    page = httpx.get(f"{address}/metrics", headers={"Authorization": f"Bearer {key}"}, trust_env=False).text
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"llamacpp:{name} "))


@pytest.mark.weights
def test_a_gguf_model_streams_an_answer(llama):
    pieces = [c.text for c in llama.chat.stream("What is the capital of France?", max_tokens=24) if c.text]
    assert len(pieces) > 3
    assert " " in "".join(pieces)
    assert not llama.tool_calls
    assert not llama.capable
    assert llama.label == "SmolLM2 135M (on this computer)"


@pytest.mark.weights
def test_stopping_in_the_middle_frees_the_model_for_the_next_question(llama):
    before = metric(llama, "tokens_predicted_total")
    stream = llama.chat.stream("Write a very long story.", max_tokens=1500, temperature=0.0)
    while not next(stream).text:
        pass
    stream.close()
    deadline = time.monotonic() + 60
    while metric(llama, "requests_processing") > 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert metric(llama, "tokens_predicted_total") - before < 1000
    assert text_of(llama, max_tokens=4)


@pytest.mark.weights
def test_the_local_server_speaks_only_to_who_has_the_key(llama):
    url = str(llama.chat.openai_api_base)
    assert url.startswith("http://127.0.0.1:")
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    assert httpx.post(f"{url}/chat/completions", json=body).status_code == 401


@pytest.mark.weights
def test_a_prompt_longer_than_the_context_is_one_sentence(llama):
    with pytest.raises(ModelError, match="Start a new one"):
        text_of(llama, "word " * 4000)


@pytest.mark.weights
def test_closing_ends_the_server(smollm_gguf):
    model = llamacpp.load(parse_spec("gguf:x"), smollm_gguf, load_settings(context_tokens=1024))
    port = int(model.chat.openai_api_base.rpartition(":")[2].partition("/")[0])
    model.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.weights
def test_the_server_ends_with_a_tutor_that_was_killed(smollm_gguf):
    import psutil

    code = (
        "import sys, time; from pathlib import Path; from tutor.models.llamacpp import LlamaServer\n"
        f"server = LlamaServer(Path({str(smollm_gguf)!r}), 'x', 512, 1)\n"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(llamacpp.__file__)))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}
    ) as tutor:
        child = psutil.Process(int(tutor.stdout.readline()))
        tutor.kill()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.weights
@pytest.mark.parametrize("length", [0, 3, 100, 50_000, 50_000_000, -1])
def test_a_gguf_file_cut_short_is_told_before_it_is_loaded(smollm_gguf, tmp_path, length):
    short = tmp_path / "short.gguf"
    shutil.copy(smollm_gguf, short)
    os.truncate(short, length if length >= 0 else short.stat().st_size - 1)
    with pytest.raises(ModelUnavailable, match=r"short\.gguf") as caught:
        make_model(f"gguf:{short}", load_settings(), _Empty())
    assert "\n" not in str(caught.value)


@pytest.mark.weights
def test_a_gguf_header_says_what_the_model_is(smollm_gguf):
    info = read_gguf(smollm_gguf)
    assert info.architecture == "llama"
    assert info.context == 8192
    assert info.parameters == 134_515_008


class _Empty:
    """A store without weights."""

    pins: dict = {}  # noqa: RUF012


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GGUF", "cut short"),
        (b"PK\x03\x04 a zip", "not a GGUF file"),
        (b"GGUF\x09\0\0\0" + bytes(16), "version 9"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 16, "damaged"),
    ],
)
def test_a_file_that_is_no_model_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=says):
        make_model(f"gguf:{path}", load_settings(), _Empty())


def test_a_gguf_path_that_is_not_there_or_a_folder_is_one_sentence(tmp_path):
    with pytest.raises(ModelUnavailable, match="There is no model file"):
        make_model(f"gguf:{tmp_path / 'no.gguf'}", load_settings(), _Empty())
    with pytest.raises(ModelUnavailable, match="hf:FOLDER"):
        make_model(f"gguf:{tmp_path}", load_settings(), _Empty())


def test_a_file_that_llama_cpp_refuses_is_one_sentence(tmp_path):
    path = tmp_path / "empty.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + bytes(16))  # a whole file with nothing in it
    with pytest.raises(ModelUnavailable, match=r"llama\.cpp could not load empty\.gguf"):
        make_model(f"gguf:{path}", load_settings(), _Empty())


@pytest.mark.slow
@pytest.mark.weights
def test_the_default_model_answers_from_a_passage_and_admits_what_is_not_there(qwen_gguf, weight_store):
    model = make_model("auto", load_settings(), weight_store)
    system = "Answer in one sentence, only from the passage. If it is not in there, say: I do not know."
    passage = "Passage: The exploration rate of Zorblax's agent decays from 0.9 to 0.05 over 300 episodes.\n"
    said = [
        model.chat.invoke([SystemMessage(system), HumanMessage(passage + question)], max_tokens=60).text
        for question in ("Over how many episodes does the rate decay?", "Who was the first man on the moon?")
    ]
    model.close()
    assert "300" in said[0]
    assert "not know" in said[1]


# --- A Hugging Face folder through transformers ---


@pytest.fixture(scope="module")
def hf_folder(smollm_gguf, tmp_path_factory):
    """The 135M model in Hugging Face's native format."""
    return save_as_hf_folder(smollm_gguf, tmp_path_factory.mktemp("hf") / "SmolLM2-135M-Instruct")


@pytest.fixture(scope="module")
def transformer(hf_folder, weight_store):
    model = make_model(f"hf:{hf_folder}", load_settings(), weight_store)
    yield model
    model.close()


@pytest.mark.weights
def test_a_hugging_face_folder_streams_an_answer(transformer):
    pieces = [
        chunk.text for chunk in transformer.chat.stream("What is the capital of France?", max_tokens=24)
    ]
    assert len([piece for piece in pieces if piece]) > 3
    assert "Paris" in "".join(pieces)
    assert transformer.label == "SmolLM2-135M-Instruct (on this computer)"
    assert not transformer.tool_calls


@pytest.mark.weights
def test_both_runtimes_of_one_model_find_the_same_first_words_likely(transformer, llama):
    import torch

    question = [HumanMessage("What is the capital of France?")]
    message = llama.chat.invoke(question, max_tokens=1, logprobs=True, top_logprobs=4)
    rows = message.response_metadata["logprobs"]["content"][0]["top_logprobs"]
    chat = transformer.chat
    with torch.no_grad():
        scores = chat._model(**chat._encode(question)).logits[0, -1].float().log_softmax(-1)
    best = {chat._tokenizer.decode(index): value.item() for value, index in zip(*scores.topk(4), strict=True)}
    theirs = {row["token"]: row["logprob"] for row in rows}
    shared = best.keys() & theirs.keys()
    assert len(shared) >= 3  # of nearly equal ones, processors that round differently choose differently
    assert {word: best[word] for word in shared} == pytest.approx(
        {word: theirs[word] for word in shared}, abs=0.5
    )


@pytest.mark.weights
def test_a_closed_stream_stops_the_computation(transformer):
    stream = transformer.chat.stream("Write a very long story.", max_tokens=2000)
    while not next(stream).text:
        pass
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "transformers"]
    assert text_of(transformer, max_tokens=4)


@pytest.mark.weights
def test_a_conversation_with_tool_results_is_accepted(transformer):
    messages = [
        SystemMessage("You are brief."),
        HumanMessage("Run it."),
        AIMessage("", tool_calls=[{"name": "run", "args": {}, "id": "1"}]),
        ToolMessage("done", tool_call_id="1"),
        AIMessage("It ran."),
    ]
    assert isinstance(transformer.chat.invoke(messages, max_tokens=4).text, str)


@pytest.mark.weights
def test_a_prompt_that_is_too_long_for_transformers_is_one_sentence(transformer):
    with pytest.raises(ModelError, match="Start a new one"):
        text_of(transformer, "word " * 9000)


@pytest.mark.weights
def test_a_hugging_face_folder_with_damaged_or_missing_weights_is_one_sentence(hf_folder, tmp_path):
    folder = shutil.copytree(hf_folder, tmp_path / "copy")
    os.truncate(folder / "model.safetensors", 1_000_000)
    with pytest.raises(ModelUnavailable, match="Download it again"):
        make_model(f"hf:{folder}", load_settings(), _Empty())
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="safetensors"):
        make_model(f"hf:{folder}", load_settings(), _Empty())


def test_a_folder_without_a_config_is_one_sentence(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"has no config\.json"):
        make_model(f"hf:{tmp_path}", load_settings(), _Empty())


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ModelUnavailable, match="There is no folder"):
        make_model(f"hf:{tmp_path / 'no'}", load_settings(), _Empty())


def test_a_name_without_an_organisation_is_a_bad_spec():
    with pytest.raises(BadSpecError, match="ORG/NAME"):
        make_model("hf:smollm", load_settings(), _Empty())


def test_a_hub_that_does_not_answer_is_noticed_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr("knowledge.downloads.hub_answers", lambda url: False)
    with pytest.raises(ModelUnavailable, match="hub does not answer"):
        make_model("hf:nobody/nothing", load_settings(), _Empty())
    with pytest.raises(ModelUnavailable, match="TUTOR_OFFLINE"):
        make_model("hf:nobody/nothing", load_settings(offline=True), _Empty())


def test_roles_alternate_and_tool_results_become_the_users_words():
    messages = [HumanMessage("a"), ToolMessage("b", tool_call_id="1"), AIMessage("c"), SystemMessage("d")]
    assert huggingface.as_turns(messages) == [
        {"role": "user", "content": "a\n\nb"},
        {"role": "assistant", "content": "c"},
        {"role": "system", "content": "d"},
    ]


# --- openai: over HTTP, against llama.cpp's server ---


@pytest.fixture(scope="module")
def server(smollm_gguf):
    server = llamacpp.LlamaServer(smollm_gguf, "smollm2-135m", context=2048, threads=1)
    yield server
    server.close()


@pytest.mark.weights
def test_the_openai_model_streams_from_a_server_of_ones_own(server, weight_store):
    settings = load_settings(openai_base_url=f"{server.address}/v1", openai_api_key=server.key)
    loaded = make_model("openai:smollm2-135m", settings, weight_store)
    try:
        pieces = [chunk.content for chunk in loaded.chat.stream("Say hello.") if chunk.content]
    finally:
        loaded.close()
    assert len(pieces) > 3
    assert "".join(pieces).strip()


@pytest.mark.weights
def test_openais_own_client_streams_from_the_server_and_is_refused_without_its_key(server):
    import openai

    with openai.OpenAI(base_url=f"{server.address}/v1", api_key=server.key, max_retries=0) as client:
        stream = client.chat.completions.create(
            model="smollm2-135m",
            messages=[{"role": "user", "content": "Say hello."}],
            stream=True,
            max_tokens=20,
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text.strip()
    with (
        openai.OpenAI(base_url=f"{server.address}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.chat.completions.create(model="smollm2-135m", messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.weights
def test_a_wrong_key_is_one_sentence_that_repeats_no_key(server, weight_store):
    settings = load_settings(openai_base_url=f"{server.address}/v1", openai_api_key="sk-wrong-key")
    loaded = make_model("openai:smollm2-135m", settings, weight_store)
    try:
        with pytest.raises(ProviderError) as caught:
            list(loaded.chat.stream("Say hello."))
    finally:
        loaded.close()
    assert "OPENAI_API_KEY" in str(caught.value)
    assert "sk-wrong-key" not in str(caught.value)
