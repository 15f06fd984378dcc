"""How good are search, abstention and answers on a list of questions? Shared by `tutor eval` and the evaluation.

A hit is a chunk of the right file that contains the evidence, not just the right file; `chars4000` is a hit within the
first 4,000 characters returned, so that long chunks win nothing. Groundedness is judged sentence by sentence on the
model's own draft, by the check that also takes unsupported sentences out of the answer.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from knowledge.question_file import Question, holds
from knowledge.search import KnowledgeBase
from tutor.events import Done, Event, Notice, Text

DEPTH = 20  # passages; enough to fill 4,000 characters
CHARS = 4000
RAN_A_LAB = "lab"  # the router would have run a lab that nobody asked for
Chunk = tuple[str, str]  # path, text
Held = Callable[[Question, str, str], bool]  # question, path, text
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_MARK = re.compile(r"(?<![\w\])])\[(\d+)\](?!\()")  # not an index such as prices[0], nor a link


class Asked(Protocol):
    """What is asked of a tutor here (`tutor.tutor.Tutor`)."""

    def plan(self, message: str, session_id: str) -> Any: ...
    def reply(self, message: str, session_id: str) -> Iterator[Event]: ...


@dataclass(frozen=True)
class Found:
    """Where the evidence of one question was found; `rank` counts from 1, None where it was not within ten."""

    question: Question
    rank: int | None
    within_chars: bool
    first: Chunk | None


@dataclass(frozen=True)
class Outcome:
    """What became of a question: "answered", "abstained", "failed", or the router's intent where it was no question."""

    question: Question
    what: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """One turn with a model."""

    question: Question
    text: str
    abstained: bool
    quoted: bool  # fell back to quoting the passages
    support: float | None  # share of the sentences of the draft that a passage bears out
    first_text: float | None  # seconds
    seconds: float
    dead_marks: int  # citation numbers that lead nowhere
    marks: int


def judge(question: Question, chunks: Sequence[Chunk], held: Held = holds) -> Found:
    """Where the evidence is among `chunks`, best first; `held` tells whether a text of a file holds it."""
    ranks = (n for n, (path, text) in enumerate(chunks[:10], start=1) if held(question, path, text))
    left, within = CHARS, False
    for path, text in chunks:
        within = within or held(question, path, text[: max(left, 0)])
        left -= len(text)
    return Found(question, next(ranks, None), within, chunks[0] if chunks else None)


def searched(base: KnowledgeBase, question: Question) -> Found:
    """Where the knowledge base has the evidence of one question."""
    return judge(question, [(p.path, p.text) for p in base.search(question.text, k=DEPTH)])


def scores(found: Iterable[Found]) -> dict[str, float]:
    """hit@1, hit@5, MRR@10 and chars4000 as shares of the questions; zeros for none."""
    rows = list(found)
    n = max(len(rows), 1)
    return {
        "questions": len(rows),
        "hit@1": sum(f.rank == 1 for f in rows) / n,
        "hit@5": sum(f.rank is not None and f.rank <= 5 for f in rows) / n,
        "mrr@10": sum(1 / f.rank for f in rows if f.rank) / n,
        "chars4000": sum(f.within_chars for f in rows) / n,
    }


def outcome(tutor: Asked, question: Question) -> Outcome:
    """One question in a session of its own; a lab that the router would run is counted and not run."""
    session = f"evaluation-{question.id}"
    plan = tutor.plan(question.text, session)
    if plan.intent == RAN_A_LAB or plan.alternative is not None:
        return Outcome(question, RAN_A_LAB if plan.alternative is None else "asked back", {"plan": plan.lab})
    done = [event for event in tutor.reply(question.text, session) if isinstance(event, Done)][-1]
    if done.failed:
        return Outcome(question, "failed", {"answer": done.answer})
    if done.intent not in {"question", "other"}:
        return Outcome(question, done.intent, done.details)
    return Outcome(question, "abstained" if done.abstained else "answered", done.details)


def abstention(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares of the outcomes: abstained, and sent elsewhere by the router; zeros for none."""
    n = max(len(outcomes), 1)
    return {
        "questions": len(outcomes),
        "abstained": sum(o.what == "abstained" for o in outcomes) / n,
        "lab": sum(o.what == RAN_A_LAB for o in outcomes) / n,
        "elsewhere": sum(o.what not in {"answered", "abstained", RAN_A_LAB} for o in outcomes) / n,
    }


def ask(tutor: Asked, question: Question, ids: frozenset[str]) -> Answered:
    """One turn, timed. `ids` are those of all passages of the index."""
    started = time.perf_counter()
    first: float | None = None
    quoted = False
    done: Done | None = None
    for event in tutor.reply(question.text, f"evaluation-model-{question.id}"):
        if isinstance(event, Text) and first is None:
            first = time.perf_counter() - started
        elif isinstance(event, Notice):
            quoted = quoted or "the course's own words" in event.message
        elif isinstance(event, Done):
            done = event
    assert done is not None
    dead, marks = dead_marks(done.answer, done.sources, ids)
    return Answered(
        question=question,
        text=done.answer,
        abstained=done.abstained,
        quoted=quoted,
        support=done.details.get("support"),
        first_text=first,
        seconds=time.perf_counter() - started,
        dead_marks=dead,
        marks=marks,
    )


def groundedness(turns: Sequence[Answered]) -> dict[str, float | None]:
    """What the turns come to: shares 0 to 1, seconds as medians over turns with a draft, None without."""
    written = [t for t in turns if t.support is not None]
    n = max(len(turns), 1)
    firsts = [t.first_text for t in written if t.first_text is not None]
    return {
        "turns": len(turns),
        "drafts": len(written),
        "supported": statistics.fmean(t.support or 0.0 for t in written) if written else None,
        "quoted": sum(t.quoted for t in turns) / n,
        "abstained": sum(t.abstained for t in turns) / n,
        "marks": sum(t.marks for t in turns),
        "dead_marks": sum(t.dead_marks for t in turns),
        "first_seconds": statistics.median(firsts) if firsts else None,
        "seconds": statistics.median(t.seconds for t in written) if written else None,
    }


def dead_marks(answer: str, sources: Sequence[Any], ids: frozenset[str]) -> tuple[int, int]:
    """Citation numbers of an answer that name no source, or one that is not in the index; and how many there are."""
    numbers = [int(n) for n in _MARK.findall(_CODE.sub(" ", answer))]
    dead = sum(not (1 <= n <= len(sources) and sources[n - 1].id in ids) for n in numbers)
    return dead, len(numbers)


def passage_ids(base: KnowledgeBase) -> frozenset[str]:
    return frozenset(id for file in base.files() for view in base.section(file.path) for id in view.passages)
