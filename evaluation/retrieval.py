"""Does search find the passage that holds the answer? Scored against a stock pipeline on the same questions.

A hit is a chunk of the right file that contains the evidence, not just the right file. `chars4000` is a hit within the
first 4,000 characters returned, so that long chunks win nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from evaluation import judging
from evaluation.course import Course
from evaluation.questions import SPLITS, load_questions
from evaluation.report import Section, percent, table
from evaluation.stock import StockPipeline
from tutor.checking.scores import DEPTH, Chunk, judge, scores


def measure(course: Course) -> Section:
    questions = [q for q in load_questions() if not q.off]
    base = course.library.wait()
    stock = StockPipeline(course.folder, course.embedder)

    def ours(query: str) -> list[Chunk]:
        return [(p.path, p.text) for p in base.search(query, k=DEPTH)]

    systems: dict[str, Callable[[str], list[Chunk]]] = {
        "stock (1000/200 characters, MiniLM, cosine)": lambda query: stock.search(query, DEPTH),
        "tutor": ours,
    }
    results = {name: [judge(q, search(q.text)) for q in questions] for name, search in systems.items()}
    rows: list[list[Any]] = []
    for split in SPLITS:
        for name, found in results.items():
            s = scores(f for f in found if f.question.split == split)
            shares = [percent(s["hit@1"]), percent(s["hit@5"]), f"{s['mrr@10']:.3f}", percent(s["chars4000"])]
            rows.append([split, name, int(s["questions"]), *shares])
    misses = [f for f in results["tutor"] if f.question.split == "dev" and f.rank != 1]
    misses.sort(key=lambda f: -(f.rank or 99))
    return Section(
        "Retrieval",
        [
            f"Index: {base.chunk_count} chunks of {len(base.files())} files. Stock pipeline: {len(stock.chunks)} "
            "chunks. A hit is a chunk of the right file that contains the evidence; another chunk that answers the "
            "question in other words is a miss. The weights of the ranking were fitted on dev questions here and "
            "on questions over other courses; the question encoder was trained on the dev questions, on others over "
            "these lectures and on questions over 29 public courses. So dev scores are training scores; the "
            "test questions tuned nothing.",
            table(
                ["split", "pipeline", "questions", "hit@1", "hit@5", "MRR@10", "within 4,000 characters"],
                rows,
            ),
            *_elsewhere(),
        ],
        [
            f"{f.question.id} rank {f.rank or '> 10'}: {f.question.text} (first: {_short(f.first)})"
            for f in misses
        ],
    )


def _elsewhere() -> list[str]:
    """What `python -m evaluation.judging` last found over courses of others."""
    if not judging.JUDGED.is_file():
        return []
    return [
        "**Courses of others**, as `python -m evaluation.judging FOLDER COURSE` found them: the questions "
        "(`questions_judging.jsonl.gz`) are by writers who knew the course and not the search, and neither the "
        "question encoder nor the ranking was fitted on them. Those written first (220 and 110) were watched while the "
        "encoder was trained.",
        *judging.told(json.loads(judging.JUDGED.read_text(encoding="utf-8"))),
    ]


def _short(chunk: Chunk | None) -> str:
    return "nothing" if chunk is None else f"{chunk[0]}: {' '.join(chunk[1].split())[:70]}"
