"""What search finds for questions whose answers are known: what the question encoder and the ranking are fitted on.

A course is an index and a file of questions in the format of `tutor eval` (`knowledge.question_file`). Courses that
are to judge the search must not be among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.embedding import Embedder
from knowledge.generations import current_name
from knowledge.question_file import Question, holds, read_questions
from knowledge.search import CANDIDATES, Generation


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


def read(index: Path, file: Path, embedder: Embedder) -> Course:
    """The questions of a file whose evidence is among the candidates. Raises OSError and KnowledgeError."""
    generation = Generation(index / current_name(index), embedder)
    texts: dict[str, str] = {}
    for chunk in generation.chunks:
        texts[chunk.path] = texts.get(chunk.path, "") + "\n" + chunk.text
    questions, wrong = read_questions(file, texts, texts.__getitem__)
    for sentence in wrong:
        print(sentence)
    found = [look(q, generation, embedder) for q in questions if not q.off]
    return Course(generation, [one for one in found if one.right.any()])


def look(question: Question, generation: Generation, embedder: Embedder) -> Looked:
    text = " ".join(question.text.split())
    worded = generation.worded(text)
    ranking, found = generation.look(text, embedder.embed_query(worded), CANDIDATES)
    chunks = [generation.chunks[row] for row in found.rows]
    right = np.array([holds(question, chunk.path, chunk.text) for chunk in chunks], bool)
    return Looked(text, worded, np.array(found.rows), right, ranking.measures(found))
