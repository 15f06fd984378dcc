"""Are the answers right? Abstention without a model, groundedness with one, through the whole tutor.

Abstention: an off-course question must end in "the course does not cover this"; one that the lectures answer must not.
Groundedness: what a model wrote is judged sentence by sentence against the passages that it was given, by the same
check that takes unsupported sentences out of the answer; so the share is that of the model's own draft.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from evaluation.course import Course
from evaluation.questions import SPLITS, Question, load_questions
from evaluation.report import Section, percent, table
from knowledge.search import KnowledgeBase
from labs.runner import LabRunner
from tutor.events import Done, Notice, Text
from tutor.models.base import LoadedModel, no_model
from tutor.sessions import SessionStore
from tutor.tutor import Tutor

SAMPLE = 12  # questions of the test split for a model: minutes on two cores
RAN_A_LAB = "lab"  # the router would have run a lab that nobody asked for
GROUPS = {"l2": "lecture 2", "l9": "lecture 9", "world": "other subjects", "ml": "machine learning"}
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_MARK = re.compile(r"(?<![\w\])])\[(\d+)\](?!\()")  # not an index such as prices[0], nor a link


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


def sample(questions: Sequence[Question], size: int = SAMPLE) -> list[Question]:
    """The same answerable test questions every time: evenly spaced ones of each lecture, in turn."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        if question.split == "test" and not question.off:
            groups.setdefault(question.group, []).append(question)
    each = -(-size // max(len(groups), 1))
    spaced = [[g[i * len(g) // min(each, len(g))] for i in range(min(each, len(g)))] for g in groups.values()]
    return [column[i] for i in range(each) for column in spaced if i < len(column)][:size]


def dead_marks(answer: str, sources: Sequence[Any], ids: frozenset[str]) -> tuple[int, int]:
    """Citation numbers of an answer that name no source, or one that is not in the index; and how many there are."""
    numbers = [int(n) for n in _MARK.findall(_CODE.sub(" ", answer))]
    dead = sum(not (1 <= n <= len(sources) and sources[n - 1].id in ids) for n in numbers)
    return dead, len(numbers)


def abstention(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares of the outcomes: abstained, and sent elsewhere by the router; zeros for none."""
    n = max(len(outcomes), 1)
    return {
        "questions": len(outcomes),
        "abstained": sum(o.what == "abstained" for o in outcomes) / n,
        "lab": sum(o.what == RAN_A_LAB for o in outcomes) / n,
        "elsewhere": sum(o.what not in {"answered", "abstained", RAN_A_LAB} for o in outcomes) / n,
    }


def measure(course: Course, load: Callable[[], LoadedModel]) -> Iterator[Section]:
    """First without a model, on every question; then with the one that `load` gives, on a sample."""
    questions = load_questions()
    with tutor_with(course, no_model()) as tutor:
        yield _abstention_section([outcome(tutor, q) for q in questions])
    model = load()
    try:
        yield _groundedness_section(course, model, sample(questions))
    finally:
        model.close()


@contextmanager
def tutor_with(course: Course, model: LoadedModel) -> Iterator[Tutor]:
    runner = LabRunner(workers=1)
    try:
        sessions = SessionStore(f"sqlite:///{course.scratch / 'sessions.db'}")
        yield Tutor(course.library, runner, SimpleNamespace(current=model), sessions)
    finally:
        runner.close()


def outcome(tutor: Tutor, question: Question) -> Outcome:
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


def _abstention_section(outcomes: Sequence[Outcome]) -> Section:
    rows = []
    for split in SPLITS:
        mine = [o for o in outcomes if o.question.split == split]
        sets = {
            "off-course, all": [o for o in mine if o.question.off],
            **{
                f"off-course, {GROUPS[g]}": [o for o in mine if o.question.group == g]
                for g in ("world", "ml")
            },
            "answered by the lectures": [o for o in mine if not o.question.off],
        }
        for name, chosen in sets.items():
            s = abstention(chosen)
            bar = "at least 90%" if name == "off-course, all" else "at most 5%" if "answered" in name else ""
            rows.append(
                [
                    split,
                    name,
                    int(s["questions"]),
                    percent(s["abstained"]),
                    bar,
                    percent(s["lab"]),
                    percent(s["elsewhere"]),
                ]
            )
    wrong = [
        f"{o.question.id} {o.what} {o.details.get('coverage', '')}: {o.question.text}"
        for o in outcomes
        if o.question.split == "dev" and o.what != ("abstained" if o.question.off else "answered")
    ]
    return Section(
        "Abstention, without a model",
        [
            'Each question goes through the whole tutor in a session of its own. *Abstained* means the answer "the '
            'course does not cover this". *A lab* means that the router would have run an experiment that nobody asked '
            "for; *elsewhere*, that it took the message for small talk or a question about the tutor, or asked back. "
            "Neither counts as abstained. The thresholds in "
            "`tutor/checking/coverage.py` were set on the dev split alone; an embedded model abstains by the same "
            "thresholds, so these numbers are its own as well.",
            table(["split", "questions", "how many", "abstained", "bar", "a lab", "elsewhere"], rows),
        ],
        wrong,
    )


def ask(tutor: Tutor, question: Question, ids: frozenset[str]) -> Answered:
    """One turn, timed."""
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


def passage_ids(base: KnowledgeBase) -> frozenset[str]:
    return frozenset(id for file in base.files() for view in base.section(file.path) for id in view.passages)


def _groundedness_section(course: Course, model: LoadedModel, questions: Sequence[Question]) -> Section:
    ids = passage_ids(course.library.wait())
    with tutor_with(course, model) as tutor:
        turns = [ask(tutor, q, ids) for q in questions]
    supports = [t.support for t in turns if t.support is not None]
    written = [t for t in turns if t.support is not None]
    firsts = [t.first_text for t in written if t.first_text is not None]
    rows = [
        ["turns", len(turns)],
        ["turns for which the model wrote a draft", len(written)],
        ["sentences of the drafts that a passage supports (mean over turns)", mean_and_error(supports)],
        [
            "turns that fell back to quoting the course",
            percent(sum(t.quoted for t in turns) / max(len(turns), 1)),
        ],
        ["turns abstained, wrongly", percent(sum(t.abstained for t in turns) / max(len(turns), 1))],
        ["citation numbers in final answers", sum(t.marks for t in turns)],
        ["of them leading nowhere", sum(t.dead_marks for t in turns)],
        ["seconds to the first text of a draft, median", _median(firsts)],
        ["seconds for such a whole turn, median", _median([t.seconds for t in written])],
    ]
    note = f" ({model.note})" if model.note else ""
    return Section(
        f"Groundedness, with {model.label}",
        [
            f"A fixed sample of {len(turns)} answerable test questions. The support of a sentence is measured by "
            f"`check_citations`, which also takes unsupported sentences out of a small model's answer: what a student "
            f"keeps is supported by construction, and the share below is that of the draft. A draft of which nothing "
            f"is supported is replaced by the passages themselves: a fall-back. The model samples its "
            f"words, so these numbers move from run to run, and much with so few turns.{note}",
            table(["measure", "value"], rows),
        ],
    )


def mean_and_error(shares: Sequence[float]) -> str:
    """The mean with its standard error, since a sample of a dozen turns says little by itself."""
    if len(shares) < 2:
        return percent(shares[0] if shares else None)
    error = statistics.stdev(shares) / len(shares) ** 0.5
    return f"{percent(statistics.fmean(shares))} ± {percent(error)}"


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "–"
