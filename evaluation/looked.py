"""What search finds for questions whose answers are known: what the question encoder and the ranking are fitted on.

A course is an index and a file of questions in the format of `tutor eval` (`knowledge.question_file`), or an index of a
public course that `questions_elsewhere.jsonl.gz` has questions over ("lectures": of the course that ships). There the
evidence is not quoted, since it is other people's text, but marked by checksums of stretches of it. Courses that are to
judge the search must not be among them.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np

from knowledge.chunking import Chunk
from knowledge.embedding import Embedder
from knowledge.generations import current_name
from knowledge.question_file import Question, holds, read_questions, squeeze
from knowledge.search import CANDIDATES, Generation

ELSEWHERE = Path(__file__).with_name("questions_elsewhere.jsonl.gz")
STRETCH = 40  # characters, white space left out, of which a checksum is taken
Asked = tuple[str, Callable[[Chunk], bool]]  # a question, and whether a passage holds evidence


@dataclass(frozen=True)
class Looked:
    """One question, and the candidates of the first search."""

    question: str
    worded: str  # as the embedding model reads it
    rows: np.ndarray  # (candidates,) the passages
    right: np.ndarray  # (candidates,) bool: holds evidence
    measures: dict[str, np.ndarray]  # name -> (candidates,)


@dataclass(frozen=True)
class Course:
    generation: Generation
    looked: Sequence[Looked]


def courses_of(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None
) -> tuple[argparse.Namespace, list[list[str]]]:
    """What a command was given: its options, and pairs of an index and questions."""
    parser.add_argument(
        "pairs", nargs="+", metavar="INDEX QUESTIONS",
        help="the folder of an index, and a file of questions over it or the name of a public course",
    )  # fmt: skip
    wanted = parser.parse_args(argv)
    if len(wanted.pairs) % 2:
        parser.error(f"each index needs questions; {len(wanted.pairs)} words were given")
    return wanted, [wanted.pairs[at : at + 2] for at in range(0, len(wanted.pairs), 2)]


def read(
    index: Path, questions: str, embedder: Embedder, held_back: bool = False, missed: bool = False
) -> Course:
    """The questions whose evidence is among the candidates.

    `questions` is a file, or the name of a public course; of those, `held_back` takes the part that the question
    encoder was not trained on. With `missed`, evidence that the first search does not find is put among them.
    Raises OSError, KnowledgeError, or ValueError where there are no questions of that name.
    """
    generation = Generation(index / current_name(index), embedder)
    asked = (
        of_file(Path(questions), generation) if Path(questions).is_file() else elsewhere(questions, held_back)
    )
    looked = [look(text, holds_it, generation, embedder, missed) for text, holds_it in asked]
    if not looked:
        raise ValueError(f"There is no file {questions}, and no course of that name in {ELSEWHERE.name}.")
    return Course(generation, [one for one in looked if one.right.any()])


def of_file(file: Path, generation: Generation) -> Iterator[Asked]:
    texts: dict[str, str] = {}
    for chunk in generation.chunks:
        texts[chunk.path] = texts.get(chunk.path, "") + "\n" + chunk.text
    questions, wrong = read_questions(file, texts, texts.__getitem__)
    for sentence in wrong:
        print(sentence)
    yield from (of_question(question) for question in questions if not question.off)


def of_question(question: Question) -> Asked:
    return question.text, lambda chunk: holds(question, chunk.path, chunk.text)


def elsewhere(course: str, held_back: bool) -> Iterator[Asked]:
    def holder(files: Collection[str], marks: Collection[int]) -> Callable[[Chunk], bool]:
        return lambda chunk: chunk.path in files and not checksums(chunk.text).isdisjoint(marks)

    with gzip.open(ELSEWHERE, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["course"] == course and bool(row.get("held_back")) == held_back:
                yield row["question"], holder(row["file"], row["marks"])


@lru_cache(maxsize=20_000)
def checksums(text: str) -> frozenset[int]:
    """Of every stretch of a text."""
    plain = squeeze(text)
    starts = range(max(1, len(plain) - STRETCH + 1))
    return frozenset(crc32(plain[at : at + STRETCH].encode()) for at in starts)


def look(
    text: str,
    holds_it: Callable[[Chunk], bool],
    generation: Generation,
    embedder: Embedder,
    missed: bool = False,
) -> Looked:
    text = " ".join(text.split())
    worded = generation.worded(text)
    also = [row for row, chunk in enumerate(generation.chunks) if holds_it(chunk)] if missed else []
    ranking, found = generation.look(text, embedder.embed_query(worded), CANDIDATES, also)
    right = np.array([holds_it(generation.chunks[row]) for row in found.rows], bool)
    return Looked(text, worded, np.array(found.rows), right, ranking.measures(found))
