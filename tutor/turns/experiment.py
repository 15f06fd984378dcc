"""An experiment: run the lab elsewhere, show how far it is, then say what *these* numbers mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from labs.base import Lab, LabResult
from labs.errors import BadParameterError, LabCancelled, LabError, UnknownLabError
from labs.registry import get_lab
from labs.runner import LabRunner
from tutor.checking.citations import check_citations
from tutor.checking.harmless import plain_answer
from tutor.checking.numbers import guard_numbers
from tutor.errors import ModelError
from tutor.events import Event, LabFinished, LabProgress, LabStarted, Notice, Sources, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.prompts import RESULT, result_prompt
from tutor.sessions import Run, Turn
from tutor.teaching.blocks import content_words
from tutor.teaching.choosing import is_side_matter
from tutor.teaching.exercises import is_answer_key
from tutor.teaching.next_steps import experiments_of
from tutor.turns.draft import Draft
from tutor.turns.evidence import fitted, gather
from tutor.turns.pump import pump
from tutor.turns.streaming import written as model_writes
from tutor.turns.wording import quoted_reason, result_answer


def run_experiment(
    lab_id: str,
    chosen: Mapping[str, Any],
    draft: Draft,
    runner: LabRunner,
    library: Library,
    model: LoadedModel,
    previous: LabResult | None,
    cancel: threading.Event,
    first: Callable[[LabResult], str] | None = None,
) -> Iterator[Event]:
    """Yield the events of a lab run and fill in `draft`. `previous` is the session's last result of this lab.

    `first` says something about the result ahead of everything else: how a guess did.
    """
    draft.plan = {"lab": lab_id, "parameters": dict(chosen)}
    try:
        run = yield from one_run(lab_id, chosen, runner, cancel, draft.owner)
    except LabCancelled as error:
        draft.answer = str(error)
        yield Notice(draft.answer, "warning")
        return
    except LabError as error:
        draft.failed, draft.answer = True, str(error)
        draft.refused = isinstance(error, BadParameterError | UnknownLabError)
        # A refused value must not be carried into the next message.
        draft.plan = None
        yield Notice(draft.answer, "error")
        return
    draft.runs.append(run)
    lab = get_lab(lab_id)
    opening = first(run.result) if first is not None else ""
    told = "\n\n".join(part for part in (opening, result_answer(run.result, previous)) if part)
    draft.answer = told
    yield Text(told)
    if not cancel.is_set():
        yield from say_why(lab, run, draft, library, model, cancel)
    draft.suggest_new(*_next_runs(lab, run, library), *follow_ups(lab, run.result))


def _next_runs(lab: Lab, run: Run, library: Library) -> list[str]:
    """Two runs that the lab's own lectures suggest: those that change what this run changed come first."""
    base = library.ready
    if base is None:
        return []
    offered = [one.message for lecture in lab.lectures for one in experiments_of(base, lecture)]
    near = content_words(" ".join(run.chosen).replace("_", " "))
    named = [m for m in offered if m.split()[2:3] and m.split()[2].strip(":,") == lab.id]
    return sorted(named, key=lambda message: -len(near & content_words(message)))[:2]


def one_run(
    lab_id: str,
    chosen: Mapping[str, Any],
    runner: LabRunner,
    cancel: threading.Event,
    owner: str = "",
) -> Generator[Event, None, Run]:
    """Run a lab; yields LabStarted, LabProgress and LabFinished and returns the `Run`. `owner`: for the queue.

    Raises
    ------
    LabError
        When the lab refuses the parameters, fails, or was cancelled; nothing else is yielded then.
    """
    lab_run = runner.submit(lab_id, chosen, owner)
    yield LabStarted(lab_run.id, lab_id, lab_run.lab.title, dict(lab_run.parameters), dict(chosen))
    try:
        for update in pump(iter(lab_run.events()), cancel, on_cancel=lab_run.cancel):
            yield LabProgress(lab_run.id, update.fraction, update.message, update.elapsed)
        result = lab_run.result()
    finally:
        # The student may close the page in the middle: then this generator is closed and nobody waits for the run.
        lab_run.cancel()
    run = Run(lab_run.id, dict(chosen), result)
    yield LabFinished(lab_run.id, result)
    return run


def say_why(
    lab: Lab, run: Run, draft: Draft, library: Library, model: LoadedModel, cancel: threading.Event
) -> Iterator[Event]:
    """Add the reason, from the lecture: quoted, or put by a capable model into words that fit this run.

    A small model gets it wrong too often to be asked: of the default model's comments on bandit runs most compared two
    numbers wrongly ("0.06 less than the best") or swapped two terms, which no check of words can see.
    """
    passages = reasons(lab, run.result, library)
    if not passages:
        return
    if model.chat is None or not model.capable:
        yield Sources(tuple(passages[:1]))
        draft.sources = passages[:1]
        why = quoted_reason(passages[0])
        draft.answer = f"{draft.answer}\n\n{why}"
        yield Text(f"\n\n{why}")
        return
    from langchain_core.messages import HumanMessage, SystemMessage

    yield Sources(tuple(passages))
    prompt = result_prompt(lab, run.result, fitted(passages, None))
    written = ""
    try:
        yield Text("\n\n")
        messages = [SystemMessage(RESULT), HumanMessage(prompt)]
        for event in model_writes(model, messages, draft, cancel):
            written += event.delta if isinstance(event, Text) else ""
            yield event
    except ModelError as error:
        yield Notice(f"The model could not comment on this run: {error}", "warning")
    material = " ".join([draft.question, *(passage.text for passage in passages)])
    guarded = guard_numbers(written, [run.result], also=material)
    checked = check_citations(guarded.text, passages, "", library.embed)
    if guarded.removed and not cancel.is_set():
        count = len(guarded.removed)
        what = "1 sentence was" if count == 1 else f"{count} sentences were"
        yield Notice(f"{what} taken out of the model's comment: the numbers were not those of this run.")
    if checked.text:
        draft.answer = f"{draft.answer}\n\n{plain_answer(checked.text)}"
    if checked.cited:
        draft.sources = passages


def reasons(lab: Lab, result: LabResult, library: Library) -> list[Passage]:
    """Passages of the lab's own lectures that may say why a run went as it did; none while the course is not open."""
    base = library.ready
    if base is None:
        return []
    about = (
        " ".join(finding.name.replace("_", " ") for finding in result.findings) or (result.notes or ("",))[0]
    )
    compared = [v for values in result.parameters.values() if isinstance(values, list) for v in values[:4]]
    named = [value.replace("_", " ") for value in compared if isinstance(value, str)]
    if len(named) > 1:  # "policy iteration vs value iteration": what the lecture says of those two
        about = f"{' and '.join(named)} {about}"
    try:
        found = base.search(f"why? {' '.join(lab.topics[:3])} {about}", k=12)
    except KnowledgeError:
        return []
    of_lab = [p for p in found if p.lecture in lab.lectures and p.kind != "code" and p.cell is None]
    return gather(base, [p for p in of_lab if not is_side_matter(p) and not is_answer_key(p)], 2)


def follow_ups(lab: Lab, result: LabResult) -> list[str]:
    """Messages that would change one thing about this run: a finding's advice first, then the lab's own examples."""
    return [example for example in lab.examples if example][:3]


def last_result(history: Sequence[Turn], lab_id: str) -> LabResult | None:
    """The newest result of a lab in these turns, to compare with."""
    runs = (run for turn in reversed(history) for run in reversed(turn.runs) if not run.again)
    return next((run.result for run in runs if run.result.lab == lab_id), None)
