"""A question: find passages, show them, answer from them, check every citation.

Without a model the answer is the passages themselves, quoted. With one, its words stream to the student as they come,
and what is final is the checked text: sentences that no passage bears out are taken out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from knowledge.errors import KnowledgeError
from knowledge.search import KnowledgeBase, Passage
from labs.base import Lab
from tutor.checking.citations import CheckedAnswer, check_citations
from tutor.checking.coverage import Coverage, coverage
from tutor.checking.harmless import plain_answer
from tutor.checking.orders import without_orders
from tutor.checking.sentences import split_sentences
from tutor.errors import LibraryError, ModelError
from tutor.events import Event, Notice, Sources, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.places import explain
from tutor.prompts import (
    CAPABLE_QUESTION,
    NOT_COVERED,
    SMALL_EXAMPLES,
    SMALL_QUESTION,
    question_prompt,
    small_question_prompt,
    taught,
)
from tutor.teaching.answer import shape
from tutor.teaching.blocks import content_words
from tutor.teaching.choosing import best_first
from tutor.teaching.glossaries import compared_lines, glossary_line
from tutor.teaching.next_steps import Experiment, experiment_for, follow_ups
from tutor.turns.draft import Draft
from tutor.turns.evidence import fitted, gather, notes
from tutor.turns.streaming import written as model_writes
from tutor.turns.wording import (
    not_covered,
    perhaps_meant,
    quote,
    quoted_answer,
    quoted_reason,
    shaped_words,
    source_line,
    try_it,
)

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

SHOWN = 4  # passages offered to the student and to the model
SEARCHED = 8  # passages by which it is judged whether the course covers the question
LOOKED_AT = 14  # passages among which the one that explains best is chosen
SURE = 0.35  # chance that a passage answers; no small talk of 271 labelled messages reached it, 6 of 7 questions did
SMALL_BUDGET = 150  # words and signs of notes for a model on the processor: about five seconds of reading
MOST_SENTENCES = 3  # of a small model
SHORT_ANSWER = 25  # words; below this, or after a sentence went, the course speaks as well


# How simply it should be said is no part of what is asked: an answer is written for beginners anyway.
_SIMPLY = re.compile(
    r"[,\s]*\b(?:(?:as|like)(?: if)? (?:i'?m|i am|i was|i were) (?:an? )?(?:five|5|six|6|ten|10|child|kid|beginner)"
    r"(?:[ -]years?[ -]old)?|eli5|to an? (?:child|kid|beginner|(?:five|5)[ -]year[ -]old)"
    r"|(?:in|using) (?:very |really )?(?:plain|simple|easy|everyday) (?:words|terms|english|language)"
    r"|for (?:dummies|beginners))\b",
    re.IGNORECASE,
)


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
    follows = query != message
    return Asked(message, _SIMPLY.sub("", query).strip() or query, earlier[-1] if follows else None)


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
        with draft.stage("search"):
            found = base.search(asked.query, k=LOOKED_AT)
    except KnowledgeError as error:
        draft.failed, draft.answer = True, str(error)
        yield Notice(str(error), "error")
        return
    judged = judge(asked, base, library, found[:SEARCHED])
    draft.details["coverage"] = {
        "similarity": round(judged.similarity, 3),
        "words": round(judged.words, 3),
        "chance": round(judged.chance, 3),
        "missing": list(judged.missing),
    }
    if not judged.covered and not model.capable:
        yield from abstain(draft, found[:SEARCHED], labs, judged.missing)
        return
    offered = offer(asked, base, found)
    if judged.covered:
        yield Sources(tuple(offered))
    if not offered:  # only exercises and their answers speak of it
        yield from abstain(draft, found[:SEARCHED], labs)
        return
    best = offered[0]
    run = experiment_for(base, best, asked.query, labs, draft.earlier) if judged.covered else None
    draft.suggest_new(*follow_ups(base, best, asked.query, labs, draft.earlier))
    if model.chat is None:
        parts = [quoted_answer(offered, asked.query, base, library.embed), try_it(run)]
        draft.answer = "\n\n".join(part for part in parts if part)
        draft.sources = list(offered)
        yield Text(draft.answer)
    else:
        shown = offered if judged.covered else []
        yield from _with_model(asked, draft, shown, library, model, cancel)
        if not model.capable and not cancel.is_set():
            yield from _round_off(draft, asked, base, run)


def judge(asked: Asked, base: KnowledgeBase, library: Library, found: Sequence[Passage]) -> Coverage:
    """Whether the course covers the question."""
    return coverage(asked.query, base.telling(asked.query), found, library.embedder.is_word, library.embed)


def offer(asked: Asked, base: KnowledgeBase, found: Sequence[Passage]) -> list[Passage]:
    """The passages to answer from, the one that explains best in front; never exercises with their answers."""
    ordered = best_first(asked.query, found)
    if ordered and not shaped_words(ordered[0], asked.query, base):
        ordered.sort(key=lambda passage: not shaped_words(passage, asked.query, base))
    return gather(base, ordered, SHOWN)


def covered_passages(asked: Asked, base: KnowledgeBase, library: Library) -> list[Passage]:
    """The passages that would answer a question; empty where the course does not cover it."""
    found = base.search(asked.query, k=LOOKED_AT)
    return offer(asked, base, found) if judge(asked, base, library, found[:SEARCHED]).covered else []


def surely_covered(message: str, library: Library) -> bool:
    """Whether the course answers a message beyond doubt, one that sounds like small talk too; nothing is waited for."""
    base = library.ready
    if base is None:
        return False
    found = base.search(message, k=LOOKED_AT)
    sure = bool(found) and found[0].probability >= SURE
    return sure and judge(Asked(message, message, None), base, library, found[:SEARCHED]).covered


def _round_off(draft: Draft, asked: Asked, base: KnowledgeBase, run: Experiment | None) -> Iterator[Event]:
    """Behind a small model's few sentences: the formula with its symbols, and the run to try."""
    parts = []
    if draft.sources and "$$" not in draft.answer:
        best = draft.sources[0]
        cut = shape(asked.query, best, base, base.telling(asked.query))
        formula = cut.formula_with_symbols()
        if formula:
            parts.append(f"{quote(formula)}\n\n{source_line([best])}")
    parts.append(try_it(run))
    more = "\n\n".join(part for part in parts if part)
    if more and draft.answer:
        draft.answer += f"\n\n{more}"
        yield Text(f"\n\n{more}")


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


def abstain(
    draft: Draft, found: Sequence[Passage], labs: Mapping[str, Lab], missing: Sequence[str] = ()
) -> Iterator[Event]:
    draft.abstained = True
    draft.nearest = next(iter(found), None)
    draft.answer = not_covered(found, missing)
    draft.sources = []
    if meant := perhaps_meant(found, missing):
        draft.suggest(explain(meant.heading, meant.title, meant.lecture))
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
    small = not model.capable
    messages = (
        small_messages(asked, draft, passages, library) if small else capable_messages(asked, draft, passages)
    )
    written = ""
    try:
        for event in model_writes(model, messages, draft, cancel):
            yield event
            written += event.delta if isinstance(event, Text) else ""
            if small and len(kept := split_sentences(written)) > MOST_SENTENCES:
                # It was asked for three, and goes on with whatever is there.
                written = "".join(kept[:MOST_SENTENCES])
                break
    except ModelError as error:
        yield Notice(f"{error} Until then, here are the course's own words.", "warning")
    if cancel.is_set():
        draft.answer = plain_answer(written)
        draft.sources = list(passages)
        return
    refused = NOT_COVERED.rstrip(".").lower() in written.lower()
    if small:
        written = written.replace(NOT_COVERED, "")  # code has decided that it does
    evidence = _with_glossary(asked, passages, library) if small else passages
    checked = check_citations(written, evidence, asked.text, library.embed, strict=small)
    draft.details["support"] = round(checked.supported_share, 3)
    draft.abstained = not small and (refused or not passages)
    draft.nearest = next(iter(passages), None)
    lost = len(checked.unsupported) > len(split_sentences(checked.text))
    beside = small and lost and bool(checked.cited) and not _on_the_point(checked.text, asked.query)
    if not checked.text or beside or (small and not checked.cited):
        # Nothing that the model said could be tied to the course, or only what answers something else: better the
        # course's own words than somebody's guess.
        if written.strip():
            was = "was beside the point" if beside else "could not be tied to the course"
            yield Notice(f"The model's answer {was}, so here are the course's own words.")
        quoted = (
            quoted_answer(passages, asked.query, library.ready, library.embed) if passages else NOT_COVERED
        )
        draft.answer = quoted
        draft.sources = list(passages)
        return
    draft.answer = plain_answer(checked.text)
    alone = len(split_sentences(checked.text)) < 2
    if small and (checked.unsupported or alone or len(checked.text.split()) < SHORT_ANSWER):
        draft.answer += f"\n\n{quoted_reason(passages[0], library.ready, asked.query, library.embed)}"
    draft.sources = list(passages)
    yield from _said_about(checked, small)


def _on_the_point(told: str, question: str) -> bool:
    """Whether what is left of an answer still speaks of what was asked."""
    asked = content_words(question)
    return not asked or bool(asked & content_words(told))


def _with_glossary(asked: Asked, passages: Sequence[Passage], library: Library) -> list[Passage]:
    """What a small model's words are held against: the passages as it was shown them, without orders, with glossary."""
    base = library.ready
    passages = [replace(passage, text=without_orders(passage.text)) for passage in passages]
    if base is None or not passages:
        return list(passages)
    best = passages[0]
    lines = [glossary_line(asked.query, base, best), *compared_lines(asked.query, base, [best])]
    told = "\n\n".join(line for line in lines if line)
    return [replace(best, text=f"{best.text}\n\n{told}") if told else best, *passages[1:]]


def small_messages(
    asked: Asked, draft: Draft, passages: Sequence[Passage], library: Library
) -> list[BaseMessage]:
    """What a small model is told: how it is done, two examples, then notes and the question."""
    from langchain_core.messages import HumanMessage

    base = library.ready
    told = notes(asked.query, passages, base, library.embed, SMALL_BUDGET) if base and passages else ""
    question = small_question_prompt(asked.text, told, asked.earlier, draft.before)
    return [*small_opening(), HumanMessage(question)]


def small_opening() -> list[BaseMessage]:
    """The part of a small model's messages that never changes, which is read once and cached."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    shown = [m for asked, said in SMALL_EXAMPLES for m in (HumanMessage(asked), AIMessage(said))]
    return [SystemMessage(SMALL_QUESTION), *shown]


def capable_messages(asked: Asked, draft: Draft, passages: Sequence[Passage]) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    question = question_prompt(asked.text, fitted(passages, None), asked.earlier, draft.before)
    return [SystemMessage(taught(CAPABLE_QUESTION, draft.mode)), HumanMessage(question)]


def _said_about(checked: CheckedAnswer, small: bool) -> Iterator[Event]:
    count = len(checked.unsupported)
    if not count:
        return
    sentences = "1 sentence" if count == 1 else f"{count} sentences"
    if small:
        were, them = ("was", "it") if count == 1 else ("were", "them")
        yield Notice(
            f"{sentences} of the model's answer {were} taken out: the course does not bear {them} out."
        )
    else:
        yield Notice("Sentences without a number are the model's general knowledge, not the course.")
