"""The index with its vectors in a Chroma server: a real one, in a process of its own on this computer."""

import contextlib
import json
import logging
import shutil
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from chroma import ChromaServer

from knowledge import vector_server
from knowledge.embedding import HashEmbedder
from knowledge.errors import VectorServerError
from knowledge.generations import current_name
from knowledge.index import connect
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase
from knowledge.vector_server import NOTE, ServerVectors

TOPICS = ("gradient", "bandit", "kernel", "entropy", "policy", "variance", "epsilon", "attention")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server") / "chroma"
    folder.mkdir()
    server = ChromaServer(folder)
    yield server
    server.stop()


@pytest.fixture
def server(running, monkeypatch):
    if running.process is None:
        running.start()
    monkeypatch.setenv("TUTOR_CHROMA_URL", running.url)
    return running


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    write(folder, "first")
    return folder


def write(folder, word):
    for number, topic in enumerate(TOPICS):
        text = (
            f"# About {topic}\n\nThe {topic} is {word} explained in part {number}, with {topic} examples.\n"
        )
        (folder / f"{topic}.md").write_text(text, encoding="utf-8")


def collections(url):
    with contextlib.closing(connect(url, 5.0)) as client:
        return {
            c.name: (c.metadata["index"], c.count()) for c in client.list_collections(limit=500, offset=0)
        }


def of(index, url):
    mark = (index / "server.id").read_text()
    return {name for name, c in collections(url).items() if c[0] == mark}


def collection(index, generation=None):
    note = index / (generation or current_name(index)) / NOTE
    return json.loads(note.read_text())["collection"]


def places(base, query, k=5):
    return [(p.path, p.best_sentence, p.score) for p in base.search(query, k)]


def test_the_vectors_are_in_the_server_and_answer_as_a_folder_does(
    server, course, index, tmp_path, monkeypatch
):
    refresh([course], index, HashEmbedder())
    assert not list(index.glob("gen-*/chroma"))
    assert collections(server.url)[collection(index)][1] == len(TOPICS)
    base = KnowledgeBase.open(index, HashEmbedder())
    assert base.trouble == ""
    monkeypatch.delenv("TUTOR_CHROMA_URL")
    refresh([course], tmp_path / "folder", HashEmbedder())
    local = KnowledgeBase.open(tmp_path / "folder", HashEmbedder())
    for query in ("bandit examples", "what is the entropy?", "variance and epsilon"):
        assert places(base, query) == places(local, query)


def test_the_server_itself_is_asked_and_its_distances_are_cosines(server, course, index):
    refresh([course], index, HashEmbedder())
    chunks = len(TOPICS)
    vectors = ServerVectors(index / current_name(index), chunks, server.url, connect)
    asked = HashEmbedder().embed(["attention examples"])[0]
    found = vectors.nearest(asked, chunks)
    with np.load(index / current_name(index) / "vectors.npz") as data:
        expected = sorted((data["vectors"] @ asked).tolist(), reverse=True)
    assert found is not None
    assert [cosine for _, cosine in found] == pytest.approx(expected, abs=1e-5)


def test_another_copy_of_the_tutor_sees_a_refresh_and_old_collections_go(server, course, index):
    refresh([course], index, HashEmbedder())
    other = KnowledgeBase.open(index, HashEmbedder())
    for turn in ("second", "third", "fourth"):
        write(course, turn)
        refresh([course], index, HashEmbedder())
        assert turn in other.search("bandit examples")[0].text
    assert other.trouble == ""
    kept = {collection(index, folder.name) for folder in index.glob("gen-*")}
    assert of(index, server.url) == kept
    assert len(kept) == 2  # the current one, and the one that a search under way may still use


def test_two_indexes_on_one_server_leave_each_other_alone(server, course, index, tmp_path):
    refresh([course], index, HashEmbedder())
    before = of(index, server.url)
    for turn in ("a", "b", "c"):
        write(course, turn)
        refresh([course], tmp_path / "another", HashEmbedder())
    assert of(index, server.url) == before


def test_an_index_that_moves_to_a_server_or_back_is_brought_there_by_a_refresh(
    server, course, index, monkeypatch
):
    monkeypatch.delenv("TUTOR_CHROMA_URL")
    refresh([course], index, HashEmbedder())
    before = places(KnowledgeBase.open(index, HashEmbedder()), "kernel")
    monkeypatch.setenv("TUTOR_CHROMA_URL", server.url)
    assert places(KnowledgeBase.open(index, HashEmbedder()), "kernel") == before
    refresh([course], index, HashEmbedder())
    assert current_name(index) == "gen-2"
    assert (index / "gen-2" / NOTE).is_file()
    assert places(KnowledgeBase.open(index, HashEmbedder()), "kernel") == before
    monkeypatch.delenv("TUTOR_CHROMA_URL")
    assert places(KnowledgeBase.open(index, HashEmbedder()), "kernel") == before  # complete without it
    refresh([course], index, HashEmbedder())
    assert (index / "gen-3" / "chroma").is_dir()


@pytest.mark.slow
def test_a_killed_ingest_leaves_nothing_that_the_next_one_does_not_remove(server, course, index, tmp_path):
    refresh([course], index, HashEmbedder())
    slow = (
        "import sys, time; from pathlib import Path; from knowledge import vector_server\n"
        "from knowledge.embedding import HashEmbedder; from knowledge.refresh import refresh\n"
        "def whole(*_): print('brought', flush=True); time.sleep(60)\n"
        "vector_server._whole = whole\n"
        "refresh([Path(sys.argv[1])], Path(sys.argv[2]), HashEmbedder(), rebuild=True)\n"
    )
    root = str(vector_server.Path(vector_server.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", slow, str(course), str(index)], stdout=subprocess.PIPE, cwd=root
    ) as ingest:
        assert ingest.stdout.readline().strip() == b"brought"
        ingest.kill()
    base = KnowledgeBase.open(index, HashEmbedder())
    assert len(of(index, server.url)) == 2  # the half-made one is there, and no reader looks at it
    assert current_name(index) == "gen-1"
    assert base.search("policy")
    refresh([course], index, HashEmbedder())
    assert of(index, server.url) == {collection(index)}


def test_a_server_that_dies_costs_one_line_in_the_log_and_no_answer(
    server, course, index, caplog, monkeypatch
):
    monkeypatch.setattr(vector_server, "PAUSE", 0.2)
    refresh([course], index, HashEmbedder())
    base = KnowledgeBase.open(index, HashEmbedder())
    before = places(base, "gradient examples")
    server.stop()
    with caplog.at_level(logging.WARNING, "knowledge.vector_server"):
        for _ in range(20):
            assert places(base, "gradient examples") == before
    told = [record.message for record in caplog.records if "does not serve" in record.message]
    assert len(told) == 1
    assert "searches are answered from memory" in told[0]
    assert base.trouble.startswith(f"The Chroma server at {server.url} does not serve")
    # a copy that starts meanwhile opens the course as well
    assert places(KnowledgeBase.open(index, HashEmbedder()), "gradient examples") == before
    with pytest.raises(VectorServerError, match="Start it"):
        refresh([course], index, HashEmbedder(), rebuild=True)
    assert current_name(index) == "gen-1"
    assert [folder.name for folder in index.glob("gen-*")] == ["gen-1"]
    server.start()
    until(lambda: places(base, "gradient examples") == before and base.trouble == "")


def test_vectors_that_the_server_lost_are_brought_there_again_by_a_refresh(server, course, index):
    refresh([course], index, HashEmbedder())
    with contextlib.closing(connect(server.url, 5.0)) as client:
        client.delete_collection(collection(index))
    base = KnowledgeBase.open(index, HashEmbedder())
    assert "does not serve" in base.trouble
    assert base.search("entropy")[0].path == "entropy.md"
    refresh([course], index, HashEmbedder())
    assert base.search("entropy")
    assert base.trouble == ""


def test_a_server_that_takes_a_question_and_never_answers_holds_nobody_up(course, index, monkeypatch):
    refresh([course], index, HashEmbedder())
    shutil.rmtree(index / "gen-1" / "chroma")
    monkeypatch.setattr(vector_server, "ASK_LIMIT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("TUTOR_CHROMA_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")
        base = KnowledgeBase.open(index, HashEmbedder())
        assert base.search("entropy")[0].path == "entropy.md"
        assert "timed out" in base.trouble
        with pytest.raises(VectorServerError):
            refresh([course], index, HashEmbedder())


def test_a_password_in_the_address_is_not_shown():
    with pytest.raises(VectorServerError) as error:
        connect("http://somebody:secret@127.0.0.1:9", 1.0)
    assert "secret" not in str(error.value)


@pytest.mark.slow
def test_readers_during_twelve_refreshes_see_one_course_or_the_other(server, course, index):
    refresh([course], index, HashEmbedder())
    base = KnowledgeBase.open(index, HashEmbedder())
    mixed, over = [], threading.Event()

    def read():
        while not over.is_set():
            texts = [p.text for p in base.search("explained examples", k=len(TOPICS))]
            words = {word for text in texts for word in text.split() if word.startswith("turn")}
            if len(words) > 1 or not texts:
                mixed.append(words)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(12):
        write(course, f"turn{turn}")
        refresh([course], index, HashEmbedder())
    over.set()
    for reader in readers:
        reader.join(30)
    assert mixed == []
    assert base.trouble == ""


def until(true, limit=30.0):
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
