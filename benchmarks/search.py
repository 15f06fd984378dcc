"""Search, as the course grows, and routing.

Larger courses are made of the shipped one: its passages again and again in other files, a third of their words changed
for others of the course, and their vectors (of passages and of words) turned by noise as real neighbours differ. That
measures the cost of size; it says nothing of how well a larger course is searched. Embedding so many real texts would
take an hour.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.page import QUESTIONS
from benchmarks.rows import Row, median_seconds, peak_megabytes
from benchmarks.setting import course
from knowledge.chunking import Chunk
from knowledge.embedding import Embedded, Embedder
from knowledge.generations import current_name, next_generation, writer
from knowledge.index import read_vectors, write_vectors
from knowledge.lexical import write_lexical
from knowledge.manifest import Manifest, StoredDocument, read_manifest, write_manifest
from knowledge.search import KnowledgeBase
from knowledge.weights import WeightStore, default_folder
from labs.registry import LABS
from tutor.commands.serve import one_core_for_products
from tutor.planning.router import Router
from tutor.planning.sense import installed

NOTES = (
    "Courses of 500 passages and more are made of the shipped one: its passages repeated with a third of their words "
    "changed and their real vectors turned by noise (cosine 0.8 with the original), since embedding 100,000 real texts "
    "takes an hour. They show what size costs, not how well a larger course is searched."
)
SIZES = (500, 10_000, 100_000)
MILLISECONDS, AT = 30, 10_000  # at most so many at the median over a course of that size
CHANGED = 1 / 3  # of the words of a passage
NOISE = (
    0.75  # length of what is added to a vector of length 1: a cosine of 0.8 with the one that it came from
)
SAID = (
    "please",
    "really",
    "exactly",
    "simply",
    "then",
    "now",
    "again",
    "today",
    "here",
    "maybe",
)  # with each question
MESSAGES = (
    "run the bandit with epsilon 0, 0.01 and 0.1",
    "now with twenty arms",
    "why do we decay epsilon?",
    "fit a curve of degree 9 with ridge and alpha of a half",
    "thanks!",
)


def measure() -> Iterator[Row]:
    one_core_for_products()  # as the server does
    with course() as library:
        base, embedder = library.wait(), library.embedder
        query = iter([f"{word}, {question}" for word in SAID for question in QUESTIONS])
        embed = median_seconds(lambda: embedder.embed([next(query)]), 30)
        query = iter([f"{question} {word}" for word in SAID for question in QUESTIONS])
        search = median_seconds(lambda: base.search(next(query), k=8), 30)
        yield Row(
            f"search over {base.chunk_count} passages, median", search * 1000, "ms", "embedding the question alone",
            search / embed, "at most 30 ms", search <= 0.03,
        )  # fmt: skip
        real = library.index_dir
        sizes = [int(size) for size in os.environ.get("BENCH_SIZES", "").split()] or SIZES
        for size in sizes:
            yield from _at(size, real)
    started = time.perf_counter()
    router = Router(LABS, installed(WeightStore(default_folder())))
    yield Row("router ready", (time.perf_counter() - started) * 1000, "ms")
    router.plan(MESSAGES[0])
    # Each is another text, since the last messages are remembered.
    message = (f"{text}{' ' * at}" for at, text in enumerate(MESSAGES * 20))
    route = median_seconds(lambda: router.plan(next(message), MESSAGES[:1]), 50)
    yield Row("routing a message, median", route * 1000, "ms", "", None, "at most 20 ms", route <= 0.02)


def _at(size: int, real: Path) -> Iterator[Row]:
    """One size, in processes of their own, so that the memory is that of searching it and no more."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        for step in ("grow", "ask"):
            command = [sys.executable, "-m", "benchmarks.search", step, str(index), str(real), str(size)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = json.loads(said.splitlines()[-1])
        disk = sum(path.stat().st_size for path in index.rglob("*") if path.is_file()) / 1024**2
    met = found["median"] <= MILLISECONDS if size == AT else None
    yield Row(
        f"search over {size:,} passages, median (95th percentile {found['p95']:.0f} ms, {found['cpu']:.0f} ms of "
        "processor time)", found["median"], "ms",
        "embedding the question alone", found["median"] / found["embedding"],
        f"at most {MILLISECONDS} ms" if size == AT else "", met,
    )  # fmt: skip
    yield Row(
        f"opening it ({disk:.0f} MB on disk, {found['megabytes']:.0f} MB of memory)", found["opening"], "s"
    )


def grow(index: Path, real: Path, size: int) -> None:
    """An index of `size` passages made of the one in `real`, into `index`."""
    folder = real / current_name(real)
    manifest = read_manifest(folder, Embedder.name)
    vectors, words, owners = read_vectors(folder)
    starts = np.searchsorted(owners, np.arange(len(vectors) + 1))
    embedded = [Embedded(vector, words[starts[row] : starts[row + 1]]) for row, vector in enumerate(vectors)]
    random = np.random.default_rng(0)
    vocabulary = sorted({word for chunk in manifest.chunks for word in _WORD.findall(chunk.text)})
    documents: list[StoredDocument] = []
    made: list[Embedded] = []
    copy = 0
    while len(made) < size:
        row = 0
        for document in manifest.documents:
            taken = document.chunks[: size - len(made)]
            chunks = tuple(_changed(chunk, copy, vocabulary, random) for chunk in taken)
            made += [_turned(embedded[row + place], random) for place in range(len(taken))]
            row += len(document.chunks)
            if chunks:
                bare = tuple(replace(section, text="") for section in document.sections)
                documents.append(replace(document, path=chunks[0].path, sections=bare, chunks=chunks))
        copy += 1
    larger = Manifest(manifest.embedder, manifest.built_at, tuple(documents))
    with writer(index), next_generation(index) as new:
        write_vectors(new, larger.chunks, made)
        write_lexical(new, larger.chunks)
        write_manifest(larger, new)


_WORD = re.compile(r"[A-Za-z]{4,}")


def _changed(chunk: Chunk, copy: int, vocabulary: Sequence[str], random: np.random.Generator) -> Chunk:
    def other(found: re.Match[str]) -> str:
        return vocabulary[random.integers(len(vocabulary))] if random.random() < CHANGED else found[0]

    head, _, body = chunk.embedded.partition("\n")
    return replace(
        chunk,
        id=f"{chunk.id}-{copy}",
        path=f"copy_{copy:03}/{chunk.path}",
        text=_WORD.sub(other, chunk.text),
        embedded=f"{head}\n{_WORD.sub(other, body)}",
    )


def _turned(item: Embedded, random: np.random.Generator) -> Embedded:
    def turn(rows: np.ndarray) -> np.ndarray:
        lengths = np.linalg.norm(rows, axis=-1, keepdims=True).clip(1e-9)
        noise = random.normal(size=rows.shape) * NOISE / np.sqrt(rows.shape[-1])
        turned = rows / lengths + noise
        found: np.ndarray = turned / np.linalg.norm(turned, axis=-1, keepdims=True)
        return found

    words = np.rint(turn(item.words.astype(np.float32)) * 127).astype(np.int8)
    return Embedded(turn(item.vector).astype(np.float32), words)


def ask(index: Path) -> dict[str, float]:
    """Seconds to open, milliseconds to search and to embed, megabytes of memory at their peak."""
    one_core_for_products()
    embedder = Embedder(WeightStore(default_folder()).fetch(Embedder.name))
    embedder.warm_up()
    started = time.perf_counter()
    base = KnowledgeBase(index, embedder)
    opening = time.perf_counter() - started
    base.search("warm up", k=8)
    times, cpu = [], time.process_time()
    # Other questions each time, since the last ones' vectors are remembered, and each one word longer.
    for word in SAID:
        for question in QUESTIONS:
            started = time.perf_counter()
            base.search(f"{question} {word}", k=8)
            times.append(1000 * (time.perf_counter() - started))
    cpu = 1000 * (time.process_time() - cpu) / len(times)
    # Never asked before: what was asked a moment ago is remembered.
    asked = iter([f"{word}, {question}" for word in SAID for question in QUESTIONS])
    embedding = 1000 * median_seconds(lambda: embedder.embed([next(asked)]), len(QUESTIONS) * len(SAID))
    return {
        "opening": opening,
        "median": float(np.median(times)),
        "p95": float(np.percentile(times, 95)),
        "cpu": cpu,
        "embedding": embedding,
        "megabytes": peak_megabytes(),
    }


if __name__ == "__main__":
    step, where, source, count = sys.argv[1:]
    if step == "grow":
        grow(Path(where), Path(source), int(count))
    else:
        print(json.dumps(ask(Path(where))))
