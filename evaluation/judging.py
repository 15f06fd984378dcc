"""`python -m evaluation.judging FOLDER COURSE`: how well is a course of somebody else searched?

Indexes FOLDER, a copy of a public course, and asks the questions that `questions_judging.jsonl.gz` has over it, of the
tutor's search and of a stock pipeline. Their writers knew the course and not the search, and nothing is fitted on them.
The evidence is not quoted, since it is other people's text: a mark is the length of one, white space left out, and its
checksum. What was found is kept in `judged.json`, from which `make eval` tells it.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

from evaluation.report import percent, table
from evaluation.stock import StockPipeline
from ingest import make_embedder
from knowledge.question_file import Question, squeeze
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase
from tutor.checking.scores import DEPTH, Chunk, Found, judge, scores

JUDGED = Path(__file__).with_name("judged.json")
JUDGING = Path(__file__).with_name("questions_judging.jsonl.gz")
Mark = tuple[int, int]  # characters of the evidence without white space, and their checksum
Asked = tuple[str, Question, frozenset[Mark]]  # style, question, its evidence


def questions_over(course: str) -> list[Asked]:
    """Raises ValueError, with the courses that there are, where there is none of that name."""
    with gzip.open(JUDGING, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = [
        (
            row["style"],
            Question(str(number), row["question"], files=tuple(row["file"])),
            frozenset((length, checksum) for length, checksum in row["marks"]),
        )
        for number, row in enumerate(rows, start=1)
        if row["course"] == course
    ]
    if not found:
        names = ", ".join(sorted({row["course"] for row in rows}))
        raise ValueError(f"There are no questions over {course}; there are over {names}.")
    return found


def mark(evidence: str) -> Mark:
    plain = squeeze(evidence)
    return len(plain), crc32(plain.encode())


def holds(marks: Collection[Mark], text: str) -> bool:
    """Whether a stretch of the text is evidence."""
    plain = squeeze(text)
    return any(
        (length, crc32(plain[at : at + length].encode())) in marks
        for length in {length for length, _ in marks}
        for at in range(len(plain) - length + 1)
    )


def judged(asked: Sequence[Asked], search: Callable[[str], list[Chunk]]) -> Iterator[tuple[str, Found]]:
    """Of each question its style, and where its evidence was found."""
    for style, question, marks in asked:

        def held(question: Question, path: str, text: str, marks: Collection[Mark] = marks) -> bool:
            return path in question.files and holds(marks, text)

        yield style, judge(question, search(question.text), held)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a copy of the course, as far as the questions go")
    parser.add_argument("course", help="its name, for example d2l-ai/d2l-en")
    wanted = parser.parse_args(argv)
    try:
        asked = questions_over(wanted.course)
    except ValueError as error:
        parser.error(str(error))
    if absent := sorted(
        {file for _, q, _ in asked for file in q.files if not (wanted.folder / file).exists()}
    ):
        parser.error(f"{wanted.folder} is not the folder of that course: {absent[0]} is not in it")
    embedder = make_embedder(lambda *_: None)
    with TemporaryDirectory(prefix="judging-", ignore_cleanup_errors=True) as name:
        refresh([wanted.folder], Path(name), embedder)
        base, stock = KnowledgeBase.open(Path(name), embedder), StockPipeline(wanted.folder, embedder)
        systems: dict[str, Callable[[str], list[Chunk]]] = {
            "stock": lambda text: stock.search(text, DEPTH),
            "tutor": lambda text: [(p.path, p.text) for p in base.search(text, k=DEPTH)],
        }
        rows = []
        for system, search in systems.items():
            found = list(judged(asked, search))
            for style in ("all", *sorted({style for style, _ in found})):
                s = scores(one for its, one in found if style in ("all", its))
                shares = [
                    percent(s["hit@1"]),
                    percent(s["hit@5"]),
                    f"{s['mrr@10']:.3f}",
                    percent(s["chars4000"]),
                ]
                rows.append([system, style, int(s["questions"]), *shares])
    kept = json.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.is_file() else {}
    kept[wanted.course] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "rows": rows}
    JUDGED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print("\n".join(told({wanted.course: kept[wanted.course]})))
    return 0


def told(kept: Mapping[str, Any]) -> list[str]:
    """What was found over each course, as paragraphs of Markdown."""
    head = ["search", "questions", "how many", "hit@1", "hit@5", "MRR@10", "within 4,000 characters"]
    return [
        f"{course}, on {found['date']}:\n\n{table(head, found['rows'])}" for course, found in kept.items()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
