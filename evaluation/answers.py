"""Are the answers right? Abstention without a model, groundedness with one, through the whole tutor.

Abstention: an off-course question must end in "the course does not cover this"; one that the lectures answer must not.
Groundedness: what a model wrote is judged sentence by sentence against the passages that it was given, by the same
check that takes unsupported sentences out of the answer; so the share is that of the model's own draft.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

from evaluation.course import Course
from evaluation.questions import BLIND, EVERYDAY, SPLITS, Question, load_covered, load_questions
from evaluation.report import Section, percent, table
from labs.runner import LabRunner
from tutor.checking.scores import Outcome, abstention, ask, groundedness, outcome, passage_ids
from tutor.models.base import LoadedModel, no_model
from tutor.sessions import SessionStore
from tutor.tutor import Tutor

SAMPLE = 12  # questions of the test split for a model: minutes on two cores
GROUPS = {"l2": "lecture 2", "l9": "lecture 9", "world": "other subjects", "ml": "machine learning"}


def sample(questions: Sequence[Question], size: int = SAMPLE) -> list[Question]:
    """The same answerable test questions every time: evenly spaced ones of each lecture, in turn."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        if question.split == "test" and not question.off:
            groups.setdefault(question.group, []).append(question)
    each = -(-size // max(len(groups), 1))
    spaced = [[g[i * len(g) // min(each, len(g))] for i in range(min(each, len(g)))] for g in groups.values()]
    return [column[i] for i in range(each) for column in spaced if i < len(column)][:size]


def measure(course: Course, load: Callable[[], LoadedModel]) -> Iterator[Section]:
    """First without a model, on every question; then with the one that `load` gives, on a sample."""
    questions = load_questions()
    with tutor_with(course, no_model()) as tutor:
        yield _abstention_section(
            [outcome(tutor, q) for q in [*questions, *load_covered(BLIND), *load_covered(EVERYDAY)]]
        )
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


def _abstention_section(outcomes: Sequence[Outcome]) -> Section:
    rows = []
    for split in (*SPLITS, "blind", "everyday"):
        mine = [o for o in outcomes if o.question.split == split]
        sets = {
            "off-course, all": [o for o in mine if o.question.off],
            **{
                f"off-course, {GROUPS[g]}": [
                    o for o in mine if o.question.group.removeprefix(f"{split}-") == g
                ]
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
            "Neither counts as abstained. The constants in "
            "`tutor/checking/coverage.py` were fitted on the dev split by `python -m evaluation.calibration`; an "
            "embedded model abstains by the same rule, so these numbers are its own as well. Test questions numbered "
            "501 to 599 were held back until the rule was first fitted (86.2% of the off-course ones of the whole test "
            "split abstained, 6.0% of the answerable ones refused); the misses among them were then read. Those of the "
            "other test questions have not been looked at.",
            "The blind questions (`coverage_blind.jsonl`, 60 off-course and 52 that the course answers) were written "
            "before the rule was tried on them. At first look 90.0% of the off-course ones were abstained from (other "
            "subjects 86.7%, machine learning 93.3%), 5.8% of the answerable ones refused, 1.9% taken for a question "
            "about the tutor. Three causes were then mended, so what the table says of them is no longer blind.",
            "The everyday questions (`coverage_everyday.jsonl`, 80 off-course and 140 that the course answers) mostly "
            "do without the course's terms, as somebody asks who has not met them yet. At first look 86.2% of the "
            "off-course ones were abstained from, 10.7% of the answerable ones refused. Nine of the refused were read, "
            "and two causes mended (contractions without an apostrophe, and the word chatbot).",
            table(["split", "questions", "how many", "abstained", "bar", "a lab", "elsewhere"], rows),
        ],
        wrong,
    )


def _groundedness_section(course: Course, model: LoadedModel, questions: Sequence[Question]) -> Section:
    ids = passage_ids(course.library.wait())
    with tutor_with(course, model) as tutor:
        turns = [ask(tutor, q, ids) for q in questions]
    found = groundedness(turns)
    supports = [t.support for t in turns if t.support is not None]
    rows = [
        ["turns", len(turns)],
        ["turns for which the model wrote a draft", found["drafts"]],
        ["sentences of the drafts that a passage supports (mean over turns)", mean_and_error(supports)],
        ["turns that fell back to quoting the course", percent(found["quoted"])],
        ["turns abstained, wrongly", percent(found["abstained"])],
        ["citation numbers in final answers", found["marks"]],
        ["of them leading nowhere", found["dead_marks"]],
        ["seconds to the first text of a draft, median", _seconds(found["first_seconds"])],
        ["seconds for such a whole turn, median", _seconds(found["seconds"])],
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


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
