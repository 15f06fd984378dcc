"""`tutor eval`: a teacher's own questions, put to search, to the router with the abstention check, and to a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from knowledge.question_file import FORMAT, Question, read_questions
from knowledge.search import KnowledgeBase
from labs.runner import LabRunner
from tutor.checking.scores import (
    Answered,
    Found,
    Outcome,
    abstention,
    ask,
    groundedness,
    outcome,
    passage_ids,
    scores,
    searched,
)
from tutor.commands.output import Progress, WrongCallError, put_json, say, tell
from tutor.library import Library
from tutor.models.base import LoadedModel, no_model
from tutor.sessions import SessionStore
from tutor.tutor import Tutor

MISSES = 20  # shown without --json


@dataclass(frozen=True)
class Report:
    found: list[Found]  # of the questions that the course answers
    outcomes: list[Outcome]
    turns: list[Answered]
    model: str

    def of(self, off: bool) -> list[Outcome]:
        return [o for o in self.outcomes if o.question.off == off]


def evaluate(library: Library, load: Callable[[], LoadedModel], file: Path, turns: int, as_json: bool) -> int:
    """Score the questions of `file`; at most `turns` of them are put to the model as well, evenly spaced."""
    progress = Progress(quiet=as_json)
    base = library.wait(tick=lambda status: progress(status.fraction, status.message))
    questions, wrong = _read(file, base)
    progress.clear()
    for sentence in wrong:
        tell(sentence)
    if not questions:
        raise WrongCallError(f"{file} has no question that can be used. {FORMAT}")
    report = _measure(library, base, load, questions, turns, progress)
    progress.clear()
    if as_json:
        put_json(_as_json(report, wrong))
    else:
        _print(report)
    return 2 if wrong else 0


def _read(file: Path, base: KnowledgeBase) -> tuple[list[Question], list[str]]:
    def text_of(path: str) -> str:
        return "\n".join(view.text for view in base.section(path))

    try:
        return read_questions(file, (info.path for info in base.files()), text_of)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise WrongCallError(f"{file} cannot be read ({reason}). {FORMAT}") from error


def _measure(
    library: Library,
    base: KnowledgeBase,
    load: Callable[[], LoadedModel],
    questions: Sequence[Question],
    turns: int,
    progress: Progress,
) -> Report:
    found, outcomes = [], []
    with _tutor(library, no_model()) as tutor:
        for done, question in enumerate(questions):
            progress(done / len(questions), "Searching")
            if not question.off:
                found.append(searched(base, question))
            outcomes.append(outcome(tutor, question))
    answered: list[Answered] = []
    model = load()
    try:
        if model.chat is not None:
            ids, chosen = passage_ids(base), spaced([q for q in questions if not q.off], turns)
            with _tutor(library, model) as tutor:
                for done, question in enumerate(chosen):
                    progress(done / len(chosen), "Answering")
                    answered.append(ask(tutor, question, ids))
        return Report(found, outcomes, answered, model.label)
    finally:
        model.close()


def spaced(questions: Sequence[Question], count: int) -> list[Question]:
    """At most `count` of the questions, evenly spaced, always the same."""
    count = min(count, len(questions))
    return [questions[i * len(questions) // count] for i in range(count)]


@contextmanager
def _tutor(library: Library, model: LoadedModel) -> Iterator[Tutor]:
    """A tutor whose conversations are forgotten."""
    runner = LabRunner(workers=1)
    with TemporaryDirectory(prefix="tutor-eval-", ignore_cleanup_errors=True) as folder:
        try:
            sessions = SessionStore(f"sqlite:///{Path(folder) / 'sessions.db'}")
            yield Tutor(library, runner, SimpleNamespace(current=model), sessions)
        finally:
            runner.close()


def _as_json(report: Report, wrong: Sequence[str]) -> dict[str, Any]:
    ranks = {f.question.id: f.rank for f in report.found}
    return {
        "retrieval": scores(report.found),
        "abstention": {"off_course": abstention(report.of(True)), "answerable": abstention(report.of(False))},
        "groundedness": groundedness(report.turns) if report.turns else None,
        "model": report.model,
        "questions": [
            {
                "line": int(o.question.id),
                "question": o.question.text,
                "answerable": not o.question.off,
                "rank": ranks.get(o.question.id),
                "outcome": o.what,
            }
            for o in report.outcomes
        ],
        "wrong_lines": list(wrong),
    }


def _print(report: Report) -> None:
    on, off = report.of(False), report.of(True)
    say(f"Questions: {len(on)} that the course answers, {len(off)} that it does not.\n")
    if on:
        s = scores(report.found)
        say(
            f"Search        the passage is first: {_share(s['hit@1'])}, among the first five: {_share(s['hit@5'])}"
        )
        say(f"              MRR@10 {s['mrr@10']:.3f}, within 4,000 characters: {_share(s['chars4000'])}")
        say(f"Answerable    {_went(abstention(on))}")
    if off:
        say(f"Off course    {_went(abstention(off))}")
    if report.turns:
        _print_turns(report)
    misses = list(_misses(report))
    if misses:
        say("\nLook at these:")
        for line in misses[:MISSES]:
            say(f"- {line}")
        if len(misses) > MISSES:
            say(f"- and {len(misses) - MISSES} more (all of them with --json)")


def _went(shares: dict[str, float]) -> str:
    more = [
        f"{name} {_share(shares[key])}"
        for name, key in (("taken for a lab", "lab"), ("elsewhere", "elsewhere"))
    ]
    return f"refused {_share(shares['abstained'])}, {', '.join(more)}"


def _print_turns(report: Report) -> None:
    g = groundedness(report.turns)
    say(f"\nAnswers of {report.model}, {g['turns']} turns")
    say(f"              sentences of its drafts that a passage supports: {_share(g['supported'])}")
    say(f"              fell back to quoting: {_share(g['quoted'])}, abstained: {_share(g['abstained'])}")
    say(f"              citations: {g['marks']}, leading nowhere: {g['dead_marks']}")
    if g["seconds"] is not None:
        say(
            f"              median seconds: {g['first_seconds']:.1f} to the first words, {g['seconds']:.1f} in all"
        )


def _misses(report: Report) -> Iterator[str]:
    ranks = {f.question.id: f.rank for f in report.found}
    for o in report.outcomes:
        where = f"line {o.question.id}: {o.question.text}"
        if o.question.off and o.what != "abstained":
            yield f"{where} (not refused: {o.what})"
        elif not o.question.off and o.what != "answered":
            yield f"{where} ({'refused' if o.what == 'abstained' else o.what})"
        elif not o.question.off and ranks[o.question.id] not in range(1, 6):
            yield f"{where} (the passage is not among the first five)"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}%"
