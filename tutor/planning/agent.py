"""The turn of a model that calls tools reliably: LangChain's agent loop, told as events.

The loop runs in a thread of its own. Its text and the events of its tools meet in one queue, in the order in which they
happen, so the student sees sources and lab progress while the model waits for them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage

from labs.base import Lab
from labs.runner import LabRunner
from tutor.checking.citations import check_citations
from tutor.checking.numbers import guard_numbers
from tutor.events import Event, Notice, Text
from tutor.library import Library
from tutor.models.base import LoadedModel
from tutor.prompts import CAPABLE, NOT_COVERED
from tutor.sessions import Turn
from tutor.tools import Toolbox, make_tools
from tutor.turns.draft import Draft
from tutor.turns.experiment import follow_ups
from tutor.turns.pump import pump
from tutor.turns.question import suggest_labs
from tutor.turns.streaming import MarkupFilter, text_of

STEPS = 6  # calls of the model in one turn
_END = object()


def run_agent(
    draft: Draft,
    model: LoadedModel,
    library: Library,
    runner: LabRunner,
    labs: Mapping[str, Lab],
    history: Sequence[Turn],
    cancel: threading.Event,
) -> Iterator[Event]:
    """Yield the events of one agent turn and fill in `draft`.

    Raises
    ------
    ModelError
        When the model failed before it said or did anything: the caller goes on without it.
    """
    happened: queue.Queue[Any] = queue.Queue()
    box = Toolbox(library, runner, happened.put, cancel)
    messages = [*remembered(history, model.context_tokens), HumanMessage(draft.question)]
    worker = threading.Thread(
        target=_loop, args=(model, box, labs, messages, happened), name="agent", daemon=True
    )
    worker.start()
    written = ""
    begun = False
    try:
        for item in pump(iter(happened.get, _END), cancel):
            if isinstance(item, Exception):
                raise item
            begun = True
            if isinstance(item, Text):
                written += item.delta
            yield item
    except _StepLimit:
        yield Notice(
            f"I stopped after {STEPS} steps. Ask for one thing at a time, and I will go on from here.",
            "warning",
        )
    except Exception as problem:
        from tutor.models.openai import explain

        error = explain(problem)
        if not begun:
            raise error from problem
        draft.failed = True
        yield Notice(str(error), "error")
    yield from _finish(draft, written, box, labs, library, cancel)


def _finish(
    draft: Draft,
    written: str,
    box: Toolbox,
    labs: Mapping[str, Lab],
    library: Library,
    cancel: threading.Event,
) -> Iterator[Event]:
    """Check what was written against what was found and run."""
    draft.runs = list(box.runs)
    draft.intent = "lab" if box.runs else "question"
    if box.runs:
        last = box.runs[-1]
        draft.plan = {"lab": last.result.lab, "parameters": dict(last.chosen)}
        known = " ".join([draft.question, *(p.text for p in box.passages)])
        guarded = guard_numbers(written, [run.result for run in box.runs], also=known)
        if guarded.removed and not cancel.is_set():
            yield Notice(
                "A sentence with a number that is not of this run was taken out of the model's comment."
            )
        written = guarded.text
        draft.suggest(*follow_ups(labs[last.result.lab], last.result))
    draft.abstained = NOT_COVERED.rstrip(".").lower() in written.lower()
    checked = check_citations(written, box.passages, draft.question, library.embed if box.passages else None)
    draft.answer = checked.text
    draft.sources = list(box.passages) if checked.cited else []
    draft.details["support"] = round(checked.supported_share, 3)
    if box.passages:
        suggest_labs(draft, box.passages[:2], labs)
    if not draft.answer and box.runs:
        draft.answer = " ".join(box.runs[-1].result.notes)
    if not draft.answer and not cancel.is_set():
        draft.failed = True
        draft.answer = "The model gave no answer. Ask again, or put the question in other words."
        yield Notice(draft.answer, "error")


def remembered(history: Sequence[Turn], context_tokens: int) -> list[BaseMessage]:
    """The newest turns that fit a quarter of the model's context, as messages (about four characters a token)."""
    room = context_tokens  # characters: a quarter of the tokens, times four
    kept: list[BaseMessage] = []
    for turn in reversed(history):
        settings = f"\n(Ran {turn.plan['lab']} with {dict(turn.plan['parameters'])}.)" if turn.plan else ""
        answer = f"{turn.answer}{settings}"
        room -= len(turn.question) + len(answer)
        if room < 0:
            break
        kept += [AIMessage(answer), HumanMessage(turn.question)]
    return kept[::-1]


class _StepLimit(Exception):  # noqa: N818 - not an error: the agreed end of a long turn
    pass


def _loop(
    model: LoadedModel,
    box: Toolbox,
    labs: Mapping[str, Lab],
    messages: list[BaseMessage],
    happened: queue.Queue[Any],
) -> None:
    """Run LangChain's agent and put what it says into `happened`, ending with `_END` whatever comes."""
    try:
        from langchain.agents import create_agent
        from langchain.agents.middleware import ModelCallLimitMiddleware
        from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError

        assert model.chat is not None
        limit = ModelCallLimitMiddleware(run_limit=STEPS, exit_behavior="error")
        agent = create_agent(model.chat, make_tools(box, labs), system_prompt=CAPABLE, middleware=[limit])
        hide, message_id = MarkupFilter(), None
        try:
            asked: Any = {"messages": messages}
            for chunk, _where in agent.stream(asked, stream_mode="messages"):
                if box.cancel.is_set():
                    break
                if not isinstance(chunk, AIMessageChunk | AIMessage):
                    continue  # a tool's answer: the student sees its events instead
                text = text_of(chunk)
                if not text:
                    continue
                shown = hide.feed(text)
                if message_id is not None and chunk.id != message_id and shown:
                    shown = f"\n\n{shown}"
                message_id = chunk.id if shown else message_id
                if shown:
                    happened.put(Text(shown))
            rest = hide.finish()
            if rest:
                happened.put(Text(rest))
        except ModelCallLimitExceededError:
            happened.put(_StepLimit())
    except Exception as error:
        happened.put(error)
    finally:
        happened.put(_END)
