"""The doctor is given each common fault, and names it with its fix."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from filelock import FileLock

from knowledge.refresh import refresh
from knowledge.weights import WeightStore
from tutor.checkup import course, machine, services
from tutor.cli import main
from tutor.settings import load_settings

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def weights(tmp_path, minilm_dir):
    """A store with the real embedding model in it, of which a test may spoil a copy."""
    shutil.copytree(minilm_dir, tmp_path / "weights" / "all-minilm-l6-v2")
    return WeightStore(tmp_path / "weights", offline=True)


@pytest.fixture
def index(tmp_path, minilm_dir):
    from knowledge.embedding import Embedder

    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "one.md").write_text(
        "# One\n\nA residual is what is left over.\n", encoding="utf-8"
    )
    refresh([tmp_path / "course"], tmp_path / "index", Embedder(minilm_dir))
    return tmp_path / "index"


def settings(tmp_path, **more):
    return load_settings(
        home=tmp_path / "home", index=tmp_path / "index", weights=tmp_path / "weights", **more
    )


def failed(check, *said, fix):
    assert not check.ok, check
    for words in said:
        assert words in check.detail
    assert fix in check.fix


def test_an_old_python_is_refused_by_the_doctor_and_before_anything_is_imported():
    failed(machine.python((3, 10, 4)), "3.10.4 is too old", fix="Python 3.11")
    code = "import sys; sys.version_info = (3, 10, 4); sys.version = '3.10.4 (old)'; import tutor.cli"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (out.returncode, out.stderr) == (2, "Python 3.11 or later is needed, and this is 3.10.4.\n")


def test_a_missing_package_is_named():
    failed(machine.python(packages=("torch", "nowhere_at_all")), "nowhere_at_all", fix="make setup")


def test_a_misspelt_setting_is_named_with_the_right_one(tmp_path):
    (tmp_path / ".env").write_text("# mine\nTUTOR_PROT=8000\nexport TUTOR_HOST=127.0.0.1\n")
    failed(machine.settings_names((), tmp_path / ".env"), "TUTOR_PROT", fix="TUTOR_PORT")
    assert machine.settings_names(("TUTOR_HOME", "PATH"), tmp_path / "none").ok


def test_a_bad_value_in_the_settings_is_reported_and_nothing_else_is_tried(monkeypatch, capsys):
    monkeypatch.setenv("TUTOR_LAB_WORKERS", "many")
    assert main(["doctor", "--json"]) == 2
    out, err = capsys.readouterr()
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert not checks["settings"]["ok"]
    assert "TUTOR_LAB_WORKERS" in checks["settings"]["detail"]
    assert "TUTOR_LAB_WORKERS" in err


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be")
    failed(machine.folders(settings(tmp_path)), "cannot be written", fix="TUTOR_HOME")


def test_a_disk_that_is_full_or_nearly_full(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 50_000_000))
    failed(machine.disk(settings(tmp_path)), "full", "50 MB", fix="Free 3 GB")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 2 * 10**9))
    nearly = machine.disk(settings(tmp_path))
    assert (nearly.ok, nearly.detail) == (True, "nearly full: 2.0 GB free")
    assert "Free 3 GB" in nearly.fix


def test_too_little_memory_for_the_model(tmp_path, monkeypatch, smollm_gguf):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=550_000_000))
    store = WeightStore(tmp_path / "weights", offline=True)
    failed(
        machine.memory(settings(tmp_path, model=f"gguf:{smollm_gguf}"), store), "0.6 GB", fix="smaller model"
    )
    assert machine.memory(settings(tmp_path, model="none"), store).ok


def test_a_port_that_is_taken(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        failed(machine.port(settings(tmp_path, port=port)), str(port), fix="--port")
    assert machine.port(settings(tmp_path, port=port)).ok


def test_weights_that_are_missing_cut_short_or_not_the_published_ones(tmp_path, weights):
    assert course.embedding(weights).ok
    failed(course.embedding(WeightStore(tmp_path / "none")), "not fetched", fix="tutor model pull all-minilm")
    file = tmp_path / "weights" / "all-minilm-l6-v2" / "config.json"
    before = file.stat()
    file.write_text("x" * before.st_size)
    os.utime(file, (before.st_atime, before.st_mtime))
    assert weights.path("all-minilm-l6-v2") is not None  # size and time are as they were
    failed(course.embedding(weights), "another SHA-256", fix="Delete the folder")
    file.write_text("{}")
    failed(course.embedding(weights), "2 bytes", fix="tutor model pull")


def test_an_index_that_is_missing_damaged_or_of_another_version(tmp_path, weights, index):
    chosen = settings(tmp_path)
    assert course.index(chosen, weights).ok
    manifest = next(index.rglob("manifest.json"))
    whole = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(whole), "schema": 1}))
    failed(course.index(chosen, weights), "format 1", fix="python ingest.py --rebuild")
    manifest.write_text(whole[:200])
    failed(course.index(chosen, weights), "damaged", fix="python ingest.py --rebuild")
    shutil.rmtree(index)
    failed(course.index(chosen, weights), "no knowledge base", fix="python ingest.py")
    failed(
        course.index(settings(tmp_path, course="stats"), weights),
        "stats",
        fix="ingest.py FOLDER --course stats",
    )


def test_an_ingest_that_hangs_is_named_and_a_left_lock_file_is_no_fault(tmp_path, index):
    store, chosen = WeightStore(tmp_path / "weights"), settings(tmp_path)
    lock = index / "ingest.lock"
    lock.touch()
    assert course.locks(chosen, store).ok
    code = "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); "
    other = subprocess.Popen(
        [sys.executable, "-c", code + "sys.stdin.read()", str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout.readline() == b"held\n"
        found = course.locks(chosen, store)
        failed(found, "an ingest holds", fix="end ")
        if Path("/proc/locks").exists():
            assert str(other.pid) in found.fix
    assert course.locks(chosen, store).ok
    with FileLock(_made(tmp_path / "weights" / "smollm2-135m.lock")):
        failed(course.locks(chosen, store), "a download holds", fix="end ")


def _made(path):
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def test_a_model_that_is_misspelt_missing_or_no_model(tmp_path):
    store = WeightStore(tmp_path / "weights")

    def check(model, **more):
        return services.chat_model(settings(tmp_path, model=model, **more), store)

    failed(check("bogus:x"), "bogus:x", fix="TUTOR_MODEL=auto")
    failed(check("auto"), "not fetched", fix="TUTOR_MODEL=none")
    failed(check("openai:gpt-4.1"), "OPENAI_API_KEY is not set", fix="Set OPENAI_API_KEY")
    (tmp_path / "x.gguf").write_text("no model")
    failed(check(f"gguf:{tmp_path / 'x.gguf'}"), "x.gguf", fix="tutor model list")
    assert check("none").ok


def test_a_server_that_refuses_the_key_is_not_there_or_has_another_model(tmp_path, openai_server):
    store = WeightStore(tmp_path / "weights")

    def check(**more):
        return services.chat_model(settings(tmp_path, **more), store)

    well = {"openai_api_key": openai_server.key, "openai_base_url": openai_server.url}
    assert check(**well, model="openai:scripted-1").ok
    failed(check(**well, model="openai:gpt-17"), "gpt-17", fix="scripted-1")
    refused = check(openai_api_key="wrong-key-of-mine", openai_base_url=openai_server.url)
    failed(refused, "refused the API key", fix="OPENAI_API_KEY")
    assert "wrong-key" not in refused.detail + refused.fix
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        failed(check(openai_base_url=f"{nobody}/v1"), "cannot be reached", fix="OPENAI_BASE_URL")
        failed(services.chroma(settings(tmp_path, chroma_url=nobody)), "no Chroma", fix="TUTOR_CHROMA_URL")
        dask = nobody.replace("http", "tcp")
        failed(services.cluster(settings(tmp_path, labs_cluster=dask)), "no scheduler", fix="LABS_CLUSTER")
    assert services.chroma(settings(tmp_path)) is None
    assert services.cluster(settings(tmp_path)) is None


def test_a_database_that_is_damaged_locked_or_not_there(tmp_path):
    chosen = settings(tmp_path)
    assert services.sessions(chosen).ok
    file = chosen.data_dir / "sessions.sqlite"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    failed(services.sessions(chosen), "locked by another program", fix="End the program")
    holder.execute("ROLLBACK")
    holder.close()
    file.write_bytes(b"this is no database at all, whatever its name" * 100)
    failed(services.sessions(chosen), "damaged", fix="back-up")
    file.unlink()
    for beside in chosen.data_dir.glob("sessions.sqlite-*"):
        beside.unlink()
    file.mkdir()
    failed(services.sessions(chosen), fix="TUTOR_DATABASE_URL")
    unknown = settings(tmp_path, database_url="nosuchthing://ada:secret@localhost/x")
    failed(services.sessions(unknown), fix="TUTOR_DATABASE_URL")
    assert "secret" not in services.sessions(unknown).detail


def test_a_database_of_a_newer_version(tmp_path):
    chosen = settings(tmp_path)
    assert services.sessions(chosen).ok
    with sqlite3.connect(chosen.data_dir / "sessions.sqlite") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    failed(services.sessions(chosen), "newer version", fix="Install the newer version")


def test_labs_that_cannot_run(monkeypatch):
    from labs import process

    monkeypatch.setattr(process, "BOOT", "raise SystemExit('the worker is broken')")
    failed(services.labs(), "the worker is broken", fix="tutor lab run")
