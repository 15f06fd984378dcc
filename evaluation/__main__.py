"""`python -m evaluation [routing] [retrieval] [answers] [labs] [--model SPEC]`: quality in tables.

Without names everything is measured and docs/evaluation.md written; with names those tables are only printed, with the
dev questions that went wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from evaluation.questions import LECTURES, SPLITS, load_questions
from evaluation.report import Section, table
from tutor.models.base import LoadedModel

PARTS = ("routing", "retrieval", "answers", "labs")
OUT = Path(__file__).parent.parent / "docs" / "evaluation.md"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Measure the tutor's quality.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when none is named"
    )
    parser.add_argument(
        "--model", default="auto", metavar="SPEC", help="the chat model for groundedness (auto)"
    )
    parsed = parser.parse_args(arguments)
    if unknown := [part for part in parsed.parts if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    sections = []
    for section in _sections(parsed.parts or PARTS, parsed.model):
        sections.append(section)
        print(section.markdown(), flush=True)
        for miss in section.misses:
            print(f"  - {miss}")
        print(flush=True)
    if not parsed.parts:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(
            "\n".join([heading(parsed.model), *(s.markdown() for s in sections)]), encoding="utf-8"
        )
        print(f"Written: docs/{OUT.name}")
    return 0


def _sections(parts: Sequence[str], spec: str) -> Iterator[Section]:
    from evaluation import answers, published, retrieval, understanding
    from evaluation.course import indexed_course

    if "routing" in parts:
        yield understanding.measure()
    with ExitStack() as stack:
        if {"retrieval", "answers"} & set(parts):
            course = stack.enter_context(indexed_course())
        if "retrieval" in parts:
            yield retrieval.measure(course)
        if "answers" in parts:
            yield from answers.measure(course, lambda: _model(spec))
    if "labs" in parts:
        yield published.measure()


def _model(spec: str) -> LoadedModel:
    from knowledge.weights import WeightStore, default_folder
    from tutor.models.factory import make_model
    from tutor.settings import load_settings

    return make_model(spec, load_settings(model=spec), WeightStore(default_folder()))


def heading(spec: str) -> str:
    questions = load_questions()
    numbers = [name.removeprefix("lecture_").lstrip("0") for name in LECTURES]
    groups = (*(f"l{number}" for number in numbers), "world", "ml")
    rows = [
        [split, *(sum(q.split == split and q.group == g for q in questions) for g in groups)]
        for split in SPLITS
    ]
    return f"""# Evaluation

Written by `make eval` on {datetime.now(UTC):%Y-%m-%d}, chat model `{spec}`, {os.cpu_count()} cores.

## What was measured on what

The questions (`evaluation/questions.jsonl`) are put as beginners put them: vague, misspelt, by symbol, by code, by
number. They were written over lectures {numbers[0]} to {numbers[-1]}, which the index holds; a machine-learning topic
that none of them covers counts as off-course. A hash of a question's id decides its split, made before any score was
seen.

{table(["split", *(f"lecture {n}" for n in numbers), "off: other subjects", "off: machine learning"], rows)}

- **Dev** questions set the thresholds for abstaining: their abstention scores are training scores.
- **Test** questions tuned nothing: their totals were printed along the way, but no miss of search or of abstention was
  looked at. Their scores are what to expect of new questions of this kind.
- All were written with the lectures alongside; a class of students will ask some that nobody thought of.
"""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
