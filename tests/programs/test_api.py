"""The page's endpoints, called as a program would: with gradio_client over HTTP."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError


@pytest.fixture
def client(url, tmp_path, monkeypatch):
    # The client asks the Hugging Face hub about itself, unless it is told that there is no network.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with closing(
        Client(url, verbose=False, analytics_enabled=False, download_files=tmp_path / "downloads")
    ) as client:
        yield client


def test_only_the_named_endpoints_are_public(client):
    info = client.view_api(return_format="dict", print_info=False)
    assert set(info["named_endpoints"]) == {"/ask", "/search", "/run_lab", "/list_labs", "/refresh"}
    assert info["unnamed_endpoints"] == {}


def test_ask_search_and_list(client):
    answer, figures = client.predict("Why do we decay epsilon?", api_name="/ask")
    assert answer["sources"][0]["file"] == "lecture_09/lecture.md"
    assert figures == []
    again, _ = client.predict("what is regret?", answer["session"], api_name="/ask")
    assert again["session"] == answer["session"]
    assert client.predict("loss", 1, api_name="/search")["passages"][0]["file"] == "lecture_02/lecture.md"
    assert len(client.predict(api_name="/list_labs")["labs"]) == 11


def test_the_course_is_refreshed_and_each_file_accounted_for(client):
    report = client.predict(api_name="/refresh")
    assert report["files"] == 2
    assert report["unchanged"] == 2


def test_somebody_elses_conversation_is_not_gone_on_with(client, url):
    answer, _ = client.predict("hello", api_name="/ask")
    claimed = f"{answer['session']}~{'v' * 24}"  # as a browser shows it
    handler = next(n for n, one in enumerate(client.config["dependencies"]) if one["api_name"] == "restore")
    body = {"data": [claimed], "fn_index": handler, "session_hash": "abcdef"}
    httpx.post(url + "gradio_api/queue/join", json=body).raise_for_status()
    with httpx.stream("GET", url + "gradio_api/queue/data?session_hash=abcdef", timeout=30) as events:
        next(line for line in events.iter_lines() if "process_completed" in line)
    with pytest.raises(AppError, match="somebody else"):
        client.predict("hello again", answer["session"], api_name="/ask")


def test_a_run_streams_its_progress_and_ends_in_numbers_and_pictures(client):
    job = client.submit("bandit", {"runs": 3000, "steps": 400}, api_name="/run_lab")
    result, figures = job.result(timeout=120)
    assert result["lab"] == "bandit"
    assert len(figures) == len(result["charts"])
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in figures)
    steps = [data for data, _ in job.outputs()[:-1]]
    assert steps
    assert all(0 <= step["progress"] <= 1 and step["doing"] for step in steps)


@pytest.mark.parametrize(
    ("endpoint", "given", "says"),
    [
        ("/search", [""], "empty"),
        ("/run_lab", ["nothing", {}], "no lab called 'nothing'"),
        ("/run_lab", ["bandit", {"arms": -1}], "arms=-1"),
        ("/ask", ["hello", "../.."], "session"),
    ],
)
def test_bad_input_comes_back_as_one_sentence(client, endpoint, given, says):
    with pytest.raises(AppError, match=says) as caught:
        client.predict(*given, api_name=endpoint)
    assert "Traceback" not in str(caught.value)
