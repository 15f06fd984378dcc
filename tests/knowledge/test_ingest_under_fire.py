"""The ingest is killed, starved of disk, robbed of its files and run twice at once, while readers go on asking.

Every passage of the course carries the number of its edition, and some files are there only in every other edition:
one look tells whether the index holds one edition whole. `make test` has a few rounds of each, `make test-slow` the
hundred.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from knowledge.embedding import HashEmbedder
from knowledge.generations import current_name
from knowledge.search import KnowledgeBase
from knowledge.sources import remembered

ROOT = Path(__file__).resolve().parents[2]
ANIMALS = ("quokka", "walrus", "ibex", "lemur", "heron", "otter", "bison", "gecko")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def words(edition, sections=6):
    """The files of an edition: name -> text. The last two animals are there in odd editions only."""
    there = ANIMALS if edition % 2 else ANIMALS[:-2]
    return {
        f"part_{number:02d}/{animal}.md": f"# The {animal}\n\n"
        + "\n\n".join(
            f"## Habit {section}\n\nThe {animal} eats plant number {section * 7 + number} in edition{edition}, "
            f"and sleeps {section + number} hours; {' '.join(f'{animal}{section}x{n}' for n in range(12))}."
            for section in range(sections)
        )
        for number, animal in enumerate(there)
    }


def write(folder, edition):
    """Put an edition into a folder, each file in one step, and take out what it does not have."""
    wanted = words(edition)
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).as_posix() not in wanted:
            old.unlink()
    for name, text in wanted.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    return folder


def editions(texts):
    return {int(number) for text in texts for number in re.findall(r"edition(\d+)", text)}


def held(index):
    """The one edition that an index holds, opened anew; fails for a mixture, a gap, or anything that cannot be read."""
    base = KnowledgeBase.open(index, HashEmbedder())
    sections = {file.path: base.section(file.path) for file in base.files()}
    (edition,) = editions(view.text for views in sections.values() for view in views)
    assert set(sections) == set(words(edition))
    for path, text in words(edition).items():
        shown = "\n".join(view.text for view in sections[path])
        assert re.findall(r"Habit|eats.*", shown) == re.findall(r"eats.*", text)
    assert one_edition(base.search("which plant does the ibex eat", k=12)) == edition
    return edition


def one_edition(passages):
    assert passages
    (edition,) = editions(passage.text for passage in passages)
    assert {passage.path for passage in passages} <= set(words(edition))
    return edition


class Driver:
    """Ingests in processes of their own: see ingest_driver.py."""

    def __init__(self):
        script = Path(__file__).with_name("ingest_driver.py")
        self._program = subprocess.Popen(
            [sys.executable, str(script)], cwd=ROOT, env=ENVIRONMENT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, index, *folders, kill_after=None, kill_at=None, largest_file=None):
        request = {
            "ingests": [[str(folder)] for folder in folders],
            "index": str(index),
            "kill_after": kill_after,
            "kill_at": kill_at,
            "largest_file": largest_file,
        }
        self._program.stdin.write(json.dumps(request) + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def close(self):
        self._program.stdin.close()
        self._program.wait(60)
        self._program.stdout.close()


class Readers:
    """Threads and processes that ask without end; each answer must be of one edition, and never of an older one."""

    def __init__(self, index, threads, processes):
        self.faults, self.answers, self._stop = [], Counter(), threading.Event()
        shared = KnowledgeBase.open(index, HashEmbedder())
        bases = [
            shared if number % 2 else KnowledgeBase.open(index, HashEmbedder()) for number in range(threads)
        ]
        self._threads = [
            threading.Thread(target=self._read, args=(number, base)) for number, base in enumerate(bases)
        ]
        code = "import sys, pathlib, test_ingest_under_fire as t; t.read_on(pathlib.Path(sys.argv[1]))"
        env = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join((str(ROOT), str(Path(__file__).parent)))}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(index)], cwd=ROOT, env=env, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for _ in range(processes)
        ]  # fmt: skip

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        for process in self._processes:
            assert process.stdout.readline() == "reading\n"
        return self

    def _read(self, number, base):
        last = 0
        while not self._stop.wait(0.01):
            try:
                edition = one_edition(base.search(f"habit of the {random.choice(ANIMALS[:6])}", k=8))
                assert edition >= last
                last = edition
                self.answers[number] += 1
            except Exception as error:
                self.faults.append(repr(error))
                return

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for number, process in enumerate(self._processes):
            said, _ = process.communicate("stop\n", timeout=60)
            if process.returncode:
                self.faults.append(said)
            else:
                self.answers[f"process {number}"] = int(said)

    def check(self):
        assert self.faults == []
        assert len(self.answers) == len(self._threads) + len(self._processes)
        assert min(self.answers.values()) > 0


def read_on(index):
    """What a reader process does until something arrives on its standard input; prints how often it was answered."""
    base, stop, last, count = KnowledgeBase.open(index, HashEmbedder()), threading.Event(), 0, 0
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    print("reading", flush=True)
    while not stop.wait(0.01):
        edition = one_edition(base.search(f"habit of the {random.choice(ANIMALS[:6])}", k=8))
        assert edition >= last, f"{edition} after {last}"
        last, count = edition, count + 1
    print(count, flush=True)


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.close()


def is_clean(index, most=2):
    """Nothing is left over, but for a generation that a reader may still have had open."""
    names = {path.name for path in index.iterdir()}
    generations = {name for name in names if name.startswith("gen-")}
    assert names - generations == {"CURRENT", "ingest.lock"}
    assert len(generations) <= most
    assert current_name(index) in generations


def tell(record_property, **counts):
    """For those who ask how often what happened: `pytest -s` prints it, `--junitxml` keeps it."""
    record_property("happened", json.dumps(counts))
    print(json.dumps(counts))


def rounds_of(few, many, *marks):
    return pytest.mark.parametrize("rounds", [few, pytest.param(many, marks=[pytest.mark.slow, *marks])])


@rounds_of(6, 100, pytest.mark.timeout(900))
def test_killed_at_any_moment_the_index_holds_one_edition_whole(
    rounds, tmp_path, index, driver, record_property
):
    """SIGKILL at random moments, from the first file read to the last folder removed; readers ask all the while.

    Every other kill is at one of the steps on the disk, those of the end as often as all others.
    """
    course, chance, happened = tmp_path / "course", random.Random(rounds), Counter()
    (first,) = driver(index, write(course, 1))
    assert first["how"] == "done", first
    driver(index, write(course, 2))
    (usual,) = driver(index, write(course, 3))  # the first one that has an old generation to remove
    current = held(index)
    with Readers(index, *((5, 3) if rounds > 50 else (2, 1))) as readers:
        for edition in range(4, rounds + 4):
            write(course, edition)
            steps = usual["steps"]
            when = (
                {"kill_at": chance.randint(chance.choice((1, steps - 40)), steps)}
                if edition % 2
                else {"kill_after": chance.uniform(0, 1.3 * usual["seconds"])}
            )
            (how,) = driver(index, course, **when)
            assert how["how"] in ("killed", "done"), how
            now = held(index)
            assert now in (current, edition)
            assert how["how"] == "killed" or now == edition
            left = [
                path.name for path in index.glob("gen-*") if _number(path.name) > _number(current_name(index))
            ]
            happened[_what(how["how"], now == edition, bool(left))] += 1
            current = now
            if edition % 10 == 0:  # the next ingest repairs what is left over
                (mended,) = driver(index, course)
                assert (mended["how"], held(index)) == ("done", edition), mended
                current = edition
    readers.check()
    (last,) = driver(index, course)
    assert (last["how"], held(index)) == ("done", edition)
    driver(index, write(course, edition + 1))
    is_clean(index)
    tell(record_property, **happened, answers=sum(readers.answers.values()))


@rounds_of(3, 30, pytest.mark.timeout(900))
def test_a_full_disk_is_one_sentence_and_costs_nothing(rounds, tmp_path, driver, record_property, small_disk):
    """A disk of its own is filled so far that a random part of the new generation finds room."""
    disk, index = small_disk, small_disk / "index"
    course, chance, happened = tmp_path / "course", random.Random(rounds), Counter()
    assert driver(index, write(course, 1))[0]["how"] == "done"
    size = sum(file.stat().st_size for file in (index / current_name(index)).rglob("*") if file.is_file())
    base = KnowledgeBase.open(index, HashEmbedder())
    current = 1
    for edition in range(2, rounds + 2):
        write(course, edition)
        ballast = disk / "ballast"
        fill(ballast, leave=chance.uniform(0, 1.2 * size))
        (outcome,) = driver(index, course)
        assert outcome["how"] in ("IndexWriteError", "done"), outcome
        if outcome["how"] != "done":
            assert re.search(
                r"(full|No space left|disk I/O).*old index still answers", outcome["message"], re.S
            )
            assert [path.name for path in index.glob("gen-*")].count(current_name(index)) == 1
            assert not (index / "CURRENT.new").exists()
        now = edition if outcome["how"] == "done" else current
        assert held(index) == one_edition(base.search("habit of the walrus")) == now
        happened[outcome["how"]] += 1
        ballast.unlink()
        assert driver(index, course)[0]["how"] == "done"
        current = held(index)
        assert current == edition
        one_edition(base.search("habit of the walrus"))
    assert happened["IndexWriteError"] > rounds // 3
    del base
    driver(index, write(course, edition + 1))
    is_clean(index, most=3)
    tell(record_property, **happened)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB in memory, where the system lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a disk of its own needs the right to mount one; the next test limits files instead")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(ballast, leave):
    free = shutil.disk_usage(ballast.parent).free
    with ballast.open("wb") as file:
        for _ in range(max(0, int((free - leave) // 4096))):
            file.write(bytes(4096))


@rounds_of(4, 40, pytest.mark.timeout(600))
def test_files_that_cannot_grow_cost_nothing(rounds, tmp_path, index, driver, record_property):
    """The system refuses each file beyond a random size, as a quota does; this needs no rights."""
    course, chance, happened = tmp_path / "course", random.Random(rounds), Counter()
    assert driver(index, write(course, 1))[0]["how"] == "done"
    largest = max(file.stat().st_size for file in (index / current_name(index)).rglob("*") if file.is_file())
    for edition in range(2, rounds + 2):
        before = held(index)
        (outcome,) = driver(index, write(course, edition), largest_file=int(chance.uniform(0, 1.1 * largest)))
        assert outcome["how"] in ("IndexWriteError", "done"), outcome
        assert held(index) == (edition if outcome["how"] == "done" else before)
        happened[outcome["how"]] += 1
    assert happened["IndexWriteError"] > rounds // 3
    assert driver(index, course)[0]["how"] == "done"
    assert held(index) == edition
    is_clean(index)
    tell(record_property, **happened)


@rounds_of(3, 40, pytest.mark.timeout(600))
def test_of_two_ingests_at_once_one_wins_and_its_course_is_there_whole(
    rounds, tmp_path, index, driver, record_property
):
    """Two courses take each other's place; what a refresh reads afterwards belongs to the one that is there."""
    happened = Counter()
    folders = [tmp_path / "even", tmp_path / "odd"]
    for number in range(rounds):
        for folder, edition in zip(folders, (2 * number + 2, 2 * number + 3), strict=True):
            write(folder, edition)
        outcomes = driver(index, *folders)
        assert {outcome["how"] for outcome in outcomes} <= {"done", "IngestBusyError"}, outcomes
        assert any(outcome["how"] == "done" for outcome in outcomes)
        edition = held(index)
        assert edition in (2 * number + 2, 2 * number + 3)
        winner = folders[edition % 2]
        assert outcomes[edition % 2]["how"] == "done"
        assert remembered(index).paths == (winner.resolve(),)
        happened[" and ".join(sorted(outcome["how"] for outcome in outcomes))] += 1
    is_clean(index)
    tell(record_property, **happened)


@rounds_of(4, 40, pytest.mark.timeout(600))
def test_killed_while_one_course_takes_the_place_of_another(rounds, tmp_path, index, driver, record_property):
    """The note of what was read is swapped with the index: the next refresh must not bring the other course back."""
    chance, happened = random.Random(rounds), Counter()
    folders = [write(tmp_path / "even", 2), write(tmp_path / "odd", 3)]
    for folder in (*folders, *folders):
        (usual,) = driver(index, folder)
    for _ in range(rounds):
        wanted = 1 - held(index) % 2
        (outcome,) = driver(
            index, folders[wanted], kill_at=chance.randint(usual["steps"] - 40, usual["steps"])
        )
        there = held(index) % 2
        assert remembered(index).paths == (folders[there].resolve(),)
        happened[_what(outcome["how"], there == wanted, True)] += 1
        if there != wanted:
            assert driver(index, folders[wanted])[0]["how"] == "done"
    tell(record_property, **happened)


@rounds_of(3, 40, pytest.mark.timeout(600))
def test_files_that_go_come_and_change_while_they_are_read(rounds, tmp_path, index, driver, record_property):
    """Somebody works in the folder during the ingest: it ends well, and once the folder rests it is there exactly."""
    course, chance, happened = tmp_path / "course", random.Random(rounds), Counter()
    assert driver(index, write(course, 1))[0]["how"] == "done"
    stop = threading.Event()

    def disturb():
        edition = 2
        while not stop.wait(0.003):
            edition += 1
            name, text = chance.choice(list(words(edition).items()))
            file = course / name
            deed = chance.choice(("remove", "remove the folder", "write", "cut short"))
            if deed == "remove":
                file.unlink(missing_ok=True)
            elif deed == "remove the folder":
                shutil.rmtree(file.parent, ignore_errors=True)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text if deed == "write" else text[: len(text) // 2], encoding="utf-8")
            happened[deed] += 1

    vandal = threading.Thread(target=disturb)
    vandal.start()
    try:
        for _ in range(rounds):
            (outcome,) = driver(index, course)
            # With every file gone at the same moment there is nothing to read, and the old course stays.
            assert outcome["how"] in ("done", "NothingToIngestError"), outcome
            happened[outcome["how"]] += 1
            base = KnowledgeBase.open(index, HashEmbedder())
            for file in base.files():  # each file as it was at one moment, with all of its passages
                assert base.section(file.path)
            assert base.search("which plant does the ibex eat", k=12)
    finally:
        stop.set()
        vandal.join()
    assert driver(index, write(course, 10**6))[0]["how"] == "done"
    assert held(index) == 10**6
    tell(record_property, **happened)


def _number(name):
    return int(name.removeprefix("gen-"))


def _what(how, swapped, left):
    if how == "done":
        return "over before the kill"
    return (
        "killed after the swap" if swapped else "killed before the swap" if left else "killed before writing"
    )
