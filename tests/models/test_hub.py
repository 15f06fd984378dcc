import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest

from knowledge.downloads import NoSourceError, hub_answers
from knowledge.pins import Pin, WeightFile
from knowledge.weights import WeightStore

CONTENT = {name: bytes(range(256)) * size for name, size in (("a.bin", 40_000), ("b.json", 3))}


class Hub:
    """A hub with two files. `cuts` says after how many bytes the next downloads break off."""

    def __init__(self):
        self.cuts, self.ranges, self.status = [], [], 200
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_HEAD(self):
                self.send_response(hub.status)
                self.end_headers()

            def do_GET(self):
                data = CONTENT[self.path.rpartition("/")[2]]
                asked = self.headers.get("Range")
                hub.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                end = hub.cuts.pop(0) if hub.cuts else len(data)
                self.wfile.write(data[start:end])

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def hub(monkeypatch):
    hub = Hub()
    monkeypatch.setattr(
        huggingface_hub, "hf_hub_url", lambda repo, name, revision: f"{hub.url}/{repo}/{revision}/{name}"
    )
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield hub
    hub.http.shutdown()
    hub.http.server_close()


@pytest.fixture
def store(tmp_path):
    files = tuple(WeightFile(n, len(data), hashlib.sha256(data).hexdigest()) for n, data in CONTENT.items())
    pin = Pin("both", "org/both", "abc123", "MIT", files, None, "embedding", "for tests")
    return WeightStore(tmp_path / "weights", pins={"both": pin})


def test_a_folder_comes_from_the_hub_at_its_pinned_revision(hub, store):
    folder = store.fetch("both")
    assert {path.name for path in folder.iterdir()} == {"a.bin", "b.json", "verified.json"}
    assert (folder / "a.bin").read_bytes() == CONTENT["a.bin"]


def test_a_download_that_breaks_off_goes_on_by_range(hub, store):
    hub.cuts = [5_000_000, 9_000_000]
    assert (store.fetch("both") / "a.bin").read_bytes() == CONTENT["a.bin"]
    assert hub.ranges[0] is None
    assert [asked for asked in hub.ranges if asked] == ["bytes=5000000-", "bytes=9000000-"]


def test_a_hub_that_keeps_breaking_off_is_given_up_and_gone_on_with_later(hub, store):
    hub.cuts = [1_000_000, 2_000_000, 3_000_000]
    with pytest.raises(NoSourceError, match=r"broke off.*3 MB that have arrived are kept"):
        store.fetch("both")
    hub.ranges.clear()
    assert (store.fetch("both") / "a.bin").read_bytes() == CONTENT["a.bin"]
    assert hub.ranges[0] == "bytes=3000000-"


def test_a_hub_that_is_not_there_is_noticed_and_leaves_nothing(hub, store):
    hub.status = 503
    with pytest.raises(NoSourceError, match="does not answer"):
        store.fetch("both")
    assert [path.name for path in store.folder.iterdir()] == ["both.lock"]


def test_the_hubs_offline_switch_is_respected(hub, store, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NoSourceError, match="HF_HUB_OFFLINE is set"):
        store.fetch("both")
    assert hub.ranges == []


def test_a_hub_that_swallows_every_packet_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr("knowledge.downloads.PROBE_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert not hub_answers(f"http://127.0.0.1:{silent.getsockname()[1]}/x")
