"""Ingest from scratch and unchanged, against LangChain's loaders, splitter and Chroma; how cost grows with size.

Each is a process of its own, timed from its start to its end, so that its peak memory is its own and loading the
libraries counts for both. The stock pipeline reads the same Markdown, notebooks and texts, cuts them at 1000 characters
with 200 of overlap, and embeds with the same model through sentence-transformers. `BENCH_FOLDERS` names folders of
further courses (separated as in PATH).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row, peak_megabytes
from knowledge.paths import COURSE
from knowledge.weights import WeightStore, default_folder

NOTES = (
    "Each run is a process of its own, timed from start to end. LangChain: NotebookLoader and TextLoader, "
    "RecursiveCharacterTextSplitter (1000 characters, overlap 200), Chroma, the same model through "
    "sentence-transformers in float32. A ratio is how many times faster ours is (for memory: ours to theirs)."
)
SIZE, OVERLAP = 1000, 200
FASTER, UNCHANGED = 2, 20  # times, at least


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu: float  # seconds of processor time, of all cores
    megabytes: float  # peak of resident memory
    passages: int


def measure() -> Iterator[Row]:
    further = [Path(name) for name in os.environ.get("BENCH_FOLDERS", "").split(os.pathsep) if name]
    for folder, name in ((COURSE, "the shipped course"), *((path, path.name) for path in further)):
        yield from _compared(folder, name)
    with tempfile.TemporaryDirectory() as place:
        lectures = sorted(path for path in COURSE.iterdir() if path.is_dir())
        for count in (1, 3, 6):
            part = Path(place) / f"course_{count}"
            for lecture in lectures[:count]:
                shutil.copytree(lecture, part / lecture.name)
            yield _row(
                f"ingest of {count} of its lectures", _run("tutor", part, Path(place) / f"index_{count}")
            )


def _compared(folder: Path, name: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        stock = _run("stock", folder, Path(place) / "stock")
        ours = _run("tutor", folder, Path(place) / "ours")
        again = _run("tutor", folder, Path(place) / "ours")
    yield _row(f"LangChain's loaders, splitter and Chroma on {name}", stock)
    yield _row(
        f"ingest of {name} from scratch", ours, f"LangChain: {stock.seconds:.3g} s", stock.seconds / ours.seconds,
        f"at least {FASTER} times faster", stock.seconds >= FASTER * ours.seconds,
    )  # fmt: skip
    yield Row(
        f"its peak memory (LangChain's: {stock.megabytes:.0f} MB)",
        ours.megabytes,
        "MB",
        "LangChain's",
        ours.megabytes / stock.megabytes,
    )
    yield _row(
        f"ingest of {name}, unchanged", again, f"LangChain: {stock.seconds:.3g} s", stock.seconds / again.seconds,
        f"at least {UNCHANGED} times faster", stock.seconds >= UNCHANGED * again.seconds,
    )  # fmt: skip


def _row(
    name: str,
    run: Run,
    baseline: str = "",
    ratio: float | None = None,
    target: str = "",
    met: bool | None = None,
) -> Row:
    told = f"{name} ({run.passages} passages, {run.cpu:.3g} s of processor time, peak {run.megabytes:.0f} MB)"
    return Row(told, run.seconds, "s", baseline, ratio, target, met)


def _run(way: str, folder: Path, index: Path) -> Run:
    command = [sys.executable, "-m", "benchmarks.ingest", way, str(folder), str(index)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    passages, peak = said.split()[-2:]
    return Run(seconds, used.ru_utime + used.ru_stime, float(peak), int(passages))


def _model_folder() -> Path:
    from knowledge.embedding import Embedder

    return WeightStore(default_folder()).fetch(Embedder.name)


def _tutor(folder: Path, index: Path) -> int:
    from knowledge.embedding import Embedder
    from knowledge.refresh import refresh

    return refresh([folder], index, Embedder(_model_folder())).chunks


def _stock(folder: Path, index: Path) -> int:
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import NotebookLoader, TextLoader
    from langchain_core.embeddings import Embeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from benchmarks.embedding import stock_model

    model = stock_model(_model_folder())

    class SentenceTransformers(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            found: list[list[float]] = model.encode(texts).tolist()
            return found

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    documents = []
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".ipynb":
            documents += NotebookLoader(str(file)).load()
        elif file.suffix in (".md", ".txt", ".py"):
            documents += TextLoader(str(file), autodetect_encoding=True).load()
    parts = RecursiveCharacterTextSplitter(chunk_size=SIZE, chunk_overlap=OVERLAP).split_documents(documents)
    Chroma.from_documents(parts, SentenceTransformers(), persist_directory=str(index))
    return len(parts)


if __name__ == "__main__":
    way, folder, index = sys.argv[1:]
    print({"tutor": _tutor, "stock": _stock}[way](Path(folder), Path(index)), peak_megabytes())
