"""A question: find passages, show them, answer from them, check every citation.

Without a model the answer is the passages themselves, quoted. With one, its words stream to the student as they come,
and what is final is the checked text: sentences that no passage bears out are taken out.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge.errors import KnowledgeError
from knowledge.search import KnowledgeBase, Passage
from labs.base import Lab
from tutor.checking.citations import CheckedAnswer, check_citations
from tutor.checking.coverage import coverage
from tutor.errors import LibraryError, ModelError
from tutor.events import Event, Notice, Sources, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.prompts import CAPABLE_QUESTION, NOT_COVERED, SMALL_QUESTION, question_prompt
from tutor.turns.draft import Draft
from tutor.turns.evidence import fitted, gather
from tutor.turns.streaming import stream_text
from tutor.turns.wording import not_covered, quoted_answer, quoted_reason

SHOWN = 4  # passages offered to the student and to the model
SEARCHED = 8
SMALL_BUDGET = (
    125  # words of passages for a model on the processor: about 170 tokens, three seconds of reading
)
SHORT_ANSWER = 25  # words; below this, or after a sentence went, the course speaks as well


@dataclass(frozen=True)
class Asked:
    """A question as it is searched: `query` has the earlier question in front where this one only follows it up."""

    text: str
    query: str
    earlier: str | None


def as_asked(message: str, earlier: Sequence[str]) -> Asked:
    """Give a follow-up ("and what about the second one?") the words of the question before it."""
    from knowledge.followups import with_context

    query = with_context(message, earlier)
    return Asked(message, query, earlier[-1] if query != message else None)


def answer_question(
    asked: Asked,
    draft: Draft,
    library: Library,
    model: LoadedModel,
    labs: Mapping[str, Lab],
    cancel: threading.Event,
) -> Iterator[Event]:
    """Yield the events of a question and fill in `draft`."""
    try:
        base = yield from opened(library, cancel)
    except LibraryError as error:
        draft.failed, draft.answer = True, str(error)
        yield Notice(str(error), "error")
        return
    if base is None:
        return
    try:
        found = base.search(asked.query, k=SEARCHED)
    except KnowledgeError as error:
        draft.failed, draft.answer = True, str(error)
        yield Notice(str(error), "error")
        return
    judged = coverage(base.telling(asked.query), found)
    draft.details["coverage"] = {"similarity": round(judged.similarity, 3), "words": round(judged.words, 3)}
    if not judged.covered and not model.capable:
        yield from abstain(draft, found, labs)
        return
    offered = gather(base, found, SHOWN)
    if judged.covered:
        yield Sources(tuple(offered))
    suggest_labs(draft, offered, labs)
    if model.chat is None:
        draft.answer = quoted_answer(offered)
        draft.sources = list(offered)
        yield Text(draft.answer)
    else:
        yield from _with_model(asked, draft, offered if judged.covered else [], library, model, cancel)


def opened(library: Library, cancel: threading.Event) -> Generator[Event, None, KnowledgeBase | None]:
    """Wait for the knowledge base, telling the student why; returns it, or None when the student stopped waiting."""
    base = library.ready
    told = ""
    while base is None and not cancel.is_set():
        try:
            base = library.wait(timeout=0.5)
        except LibraryError:
            if library.status.state == "failed":
                raise
            if library.status.message != told:
                told = library.status.message
                yield Notice(f"One moment: {told[:1].lower()}{told[1:]}.")
    return base


def abstain(draft: Draft, found: Sequence[Passage], labs: Mapping[str, Lab]) -> Iterator[Event]:
    draft.abstained = True
    draft.answer = not_covered(found)
    draft.sources = []
    suggest_labs(draft, found[:2], labs)
    yield Text(draft.answer)


def suggest_labs(draft: Draft, passages: Sequence[Passage], labs: Mapping[str, Lab]) -> None:
    """Offer the experiments of the lectures that the passages come from."""
    for passage in passages:
        for lab in labs.values():
            if passage.lecture in lab.lectures and lab.examples:
                draft.suggest(lab.examples[0])


def _with_model(
    asked: Asked,
    draft: Draft,
    passages: Sequence[Passage],
    library: Library,
    model: LoadedModel,
    cancel: threading.Event,
) -> Iterator[Event]:
    from langchain_core.messages import HumanMessage, SystemMessage

    small = not model.capable
    messages = [
        SystemMessage(SMALL_QUESTION if small else CAPABLE_QUESTION),
        HumanMessage(
            question_prompt(asked.text, fitted(passages, SMALL_BUDGET if small else None), asked.earlier)
        ),
    ]
    written = ""
    try:
        assert model.chat is not None
        for delta in stream_text(model.chat, messages, cancel):
            written += delta
            yield Text(delta)
    except ModelError as error:
        yield Notice(f"{error} Until then, here are the course's own words.", "warning")
    if cancel.is_set():
        draft.answer = written.strip()
        draft.sources = list(passages)
        return
    refused = NOT_COVERED.rstrip(".").lower() in written.lower()
    if small:
        written = written.replace(NOT_COVERED, "")  # code has decided that it does
    checked = check_citations(written, passages, asked.text, library.embed, strict=small)
    draft.details["support"] = round(checked.supported_share, 3)
    draft.abstained = not small and (refused or not passages)
    if not checked.text or (small and not checked.cited):
        # Nothing that the model said could be tied to the course: better its own words than somebody's guess.
        if written.strip():
            yield Notice(
                "The model's answer could not be tied to the course, so here are the course's own words."
            )
        draft.answer = quoted_answer(passages) if passages else NOT_COVERED
        draft.sources = list(passages)
        return
    draft.answer = checked.text
    if small and (checked.unsupported or len(checked.text.split()) < SHORT_ANSWER):
        draft.answer += f"\n\n{quoted_reason(passages[0])}"
    draft.sources = list(passages)
    yield from _said_about(checked, small)


def _said_about(checked: CheckedAnswer, small: bool) -> Iterator[Event]:
    count = len(checked.unsupported)
    if not count:
        return
    sentences = "1 sentence" if count == 1 else f"{count} sentences"
    if small:
        were = "was" if count == 1 else "were"
        yield Notice(
            f"{sentences} of the model's answer {were} taken out: the course does not bear them out."
        )
    else:
        yield Notice("Sentences without a number are the model's general knowledge, not the course.")
