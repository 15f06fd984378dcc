"""The turn of a model that calls tools reliably: LangChain's agent loop, told as events.

The loop runs in a thread of its own. Its text and the events of its tools meet in one queue, in the order in which they
happen, so the student sees steps, sources and lab progress while the model waits for them. What the model wrote is
checked when the loop is over: numbers against runs, sentences against passages, links and markup taken out.
"""

from __future__ import annotations

import contextvars
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from labs.base import Lab
from labs.runner import LabRunner
from tutor.checking.citations import check_citations
from tutor.checking.harmless import plain_answer
from tutor.checking.numbers import guard_numbers
from tutor.errors import ModelError
from tutor.events import Event, Notice, Text
from tutor.library import Library
from tutor.memory import NAME, Memory, recall, run_line, tokens
from tutor.models.base import LoadedModel
from tutor.models.line import ModelLine, waiting_words
from tutor.planning.acts import RUN
from tutor.planning.plan import Plan
from tutor.planning.text import tokens_of
from tutor.planning.vocabulary import words
from tutor.progress import ProgressStore
from tutor.prompts import CAPABLE, NOT_COVERED, taught
from tutor.schema import short_schema
from tutor.sessions import PastRun, SessionStore
from tutor.tools import FOUND, Toolbox, make_tools
from tutor.turns.draft import Draft
from tutor.turns.evidence import gather
from tutor.turns.experiment import follow_ups
from tutor.turns.pump import pump
from tutor.turns.question import suggest_labs
from tutor.turns.streaming import MarkupFilter, text_of, without_markup
from tutor.turns.wording import quoted_answer

STEPS = 6  # calls of the model in one turn; the last one has no tools, so that it ends in words
ANSWER_TOKENS = 1024  # kept free for what the model writes
ANNOUNCED = 25  # words; a shorter text beside a tool call only says what comes ("Let me look that up.")
LAST_STEP = "\n\nThis is your last step: answer now, from what you have."
_END = object()
# Beside the verbs of running: words by which a student asks to see something happen, or agrees to it.
_INVITES = RUN | words(
    "try compare plot show see experiment lab simulation visualise graph test yes yeah yep sure ok okay please go again"
)


@dataclass
class _Said:
    """What one call of the model wrote, and whether it called tools."""

    text: str = ""
    called: bool = False


@dataclass
class _Turn:
    """What the steps of one agent turn share."""

    draft: Draft
    box: Toolbox
    memory: Memory
    said: list[_Said] = field(default_factory=lambda: [_Said()])

    @property
    def written(self) -> str:
        """The answer: what was said, without the announcements before a tool call."""
        texts = [(one, without_markup(one.text).strip()) for one in self.said]
        last = max((n for n, (_, text) in enumerate(texts) if text), default=0)
        kept = [
            text
            for n, (one, text) in enumerate(texts)
            if text and not (one.called and n < last and len(text.split()) <= ANNOUNCED)
        ]
        return "\n\n".join(kept)


def run_agent(
    draft: Draft,
    plan: Plan,
    model: LoadedModel,
    library: Library,
    runner: LabRunner,
    labs: Mapping[str, Lab],
    sessions: SessionStore,
    progress: ProgressStore,
    cancel: threading.Event,
) -> Iterator[Event]:
    """Yield the events of one agent turn and fill in `draft`. `plan` is what the router makes of the message.

    Raises
    ------
    ModelError
        When the model failed before it said or did anything: the caller goes on without it.
    """
    happened: queue.Queue[Any] = queue.Queue()
    told = sessions.outline(draft.session_id)
    past = [run for turn in told for run in turn.runs]
    offered = labs_offered(plan, past, labs, model.context_tokens)
    box = Toolbox(
        library,
        runner,
        happened.put,
        cancel,
        offered,
        sessions,
        progress,
        draft,
        past=past,
        invited=invited(draft, plan),
    )
    tools = make_tools(box)
    free = model.context_tokens - _fixed(tools) - tokens(draft.question) - ANSWER_TOKENS
    wanted = plan.past.runs if plan.past is not None else ()
    summary = sessions.settings_of(draft.session_id).get(NAME)
    memory = recall(told, labs, min(model.context_tokens, max(0, 2 * free)), summary, wanted)
    box.room = max(0, free - memory.tokens)
    turn = _Turn(draft, box, memory)
    context = contextvars.copy_context()  # what is logged there belongs to the same turn
    threading.Thread(
        target=context.run, args=(_loop, model, turn, tools, happened), name="agent", daemon=True
    ).start()
    yield from _told(turn, happened, cancel)
    yield from _finish(turn, plan, labs, library, cancel)


def invited(draft: Draft, plan: Plan) -> bool:
    """Whether the student's own words allow an experiment. What a lecture says about running one does not count."""
    other = plan.alternative
    if plan.intent == "lab" or (other is not None and other.intent == "lab"):
        return True
    return any(token.text in _INVITES for token in tokens_of(draft.question))


def labs_offered(
    plan: Plan, past: Sequence[PastRun], labs: Mapping[str, Lab], context_tokens: int
) -> Mapping[str, Lab]:
    """The labs that a model is given as tools: all of them, or, where their schemas would fill half of a small
    context, those that the message and the last run are about."""
    whole = sum(tokens(json.dumps(short_schema(lab))) for lab in labs.values())
    if whole <= context_tokens // 2:
        return labs
    named = [plan.lab, plan.alternative.lab if plan.alternative else None, *(run.lab for run in past[-1:])]
    return {lab: labs[lab] for lab in dict.fromkeys(named) if lab is not None and lab in labs}


def _fixed(tools: list[BaseTool]) -> int:
    """Tokens that every call costs: the instructions and the tools' schemas."""
    return tokens(CAPABLE) + tokens(json.dumps([convert_to_openai_tool(tool) for tool in tools]))


def _told(turn: _Turn, happened: queue.Queue[Any], cancel: threading.Event) -> Iterator[Event]:
    """The events of the loop while it goes on; how it ended, in words."""
    begun = False
    try:
        for item in pump(iter(happened.get, _END), cancel):
            if isinstance(item, Exception):
                raise item
            if isinstance(item, _Said):
                turn.said[-1].called = item.called
                turn.said.append(_Said())
                continue
            begun = True
            if isinstance(item, Text):
                turn.said[-1].text += item.delta
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
        turn.draft.failed = True
        yield Notice(str(error), "error")


def _finish(
    turn: _Turn, plan: Plan, labs: Mapping[str, Lab], library: Library, cancel: threading.Event
) -> Iterator[Event]:
    """Check what was written against what was found and run."""
    draft, box = turn.draft, turn.box
    written = turn.written
    draft.runs = [*box.runs, *box.shown]
    draft.intent = "lab" if box.runs else "question"
    draft.details["steps"] = list(box.steps)
    if box.runs:
        last = box.runs[-1]
        draft.plan = {"lab": last.result.lab, "parameters": dict(last.chosen)}
        draft.suggest(*follow_ups(labs[last.result.lab], last.result))
    elif plan.past is not None:
        draft.plan = {"past": [run.number for run in plan.past.runs]}
    if draft.runs or plan.past is not None:
        guarded = guard_numbers(written, [run.result for run in draft.runs], also=_known(turn, labs))
        if guarded.removed and not cancel.is_set():
            yield Notice(
                "A sentence with a number that is not of this run was taken out of the model's comment."
            )
        written = guarded.text
    draft.nearest = next(iter(box.passages), None)
    draft.abstained = NOT_COVERED.rstrip(".").lower() in written.lower()
    checked = check_citations(written, box.passages, draft.question, library.embed if box.passages else None)
    draft.answer = plain_answer(checked.text)
    draft.sources = list(box.passages) if checked.cited else []
    draft.details["support"] = round(checked.supported_share, 3)
    if box.passages:
        suggest_labs(draft, box.passages[:2], labs)
    if box.asked is not None:
        _with_question(draft, box.asked)
    if not draft.answer and not cancel.is_set():
        yield from _without_words(draft, box)


def _known(turn: _Turn, labs: Mapping[str, Lab]) -> str:
    """Numbers that may be said beside those of the runs: the student's, the passages', and what was said before."""
    earlier = [part for pair in turn.memory.turns for part in pair]
    runs = [run_line(run, labs, count=len(run.metrics)) for run in turn.box.past]
    passages = [passage.text for passage in turn.box.passages]
    return " ".join([turn.draft.question, turn.memory.older, *earlier, *runs, *passages])


def _with_question(draft: Draft, asked: Draft) -> None:
    """The quiz question that code has chosen, behind what the model said before it."""
    draft.quiz, draft.intent = asked.quiz, asked.intent
    draft.answer = f"{draft.answer}\n\n{asked.answer}".strip()
    draft.suggestions = list(asked.suggestions)


def _without_words(draft: Draft, box: Toolbox) -> Iterator[Event]:
    """The model did its steps and said nothing that can stand: what was found speaks for itself."""
    if box.runs:
        draft.answer = " ".join(box.runs[-1].result.notes)
    elif box.shown:
        draft.answer = " ".join(box.shown[-1].result.notes)
    elif box.passages:
        base = box.library.ready
        found = gather(base, box.passages, FOUND) if base is not None else list(box.passages)
        draft.answer, draft.sources = quoted_answer(found, draft.question, base), found
        yield Notice("The model gave no answer of its own, so here are the course's own words.")
    else:
        raise ModelError("The model gave no answer.")


class _StepLimit(Exception):  # noqa: N818 - not an error: the agreed end of a long turn
    pass


class _Manners(AgentMiddleware[Any, Any, Any]):
    """Ends a turn politely, and gives calls that cannot be read back to the model.

    The last call gets no tools, so the model has to answer with what it has. Arguments that are no JSON come back to
    the model with the next call as a refusal; LangChain itself would take such a message for the final answer.
    """

    def __init__(self, turn: _Turn, line: ModelLine | None) -> None:
        super().__init__()
        self.calls = 0
        self._turn, self._line = turn, line

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        self.calls += 1
        if self.calls > STEPS:
            raise _StepLimit
        if self.calls == STEPS:
            request = request.override(tools=[], system_message=SystemMessage(CAPABLE + LAST_STEP))
        if self._line is None:
            return handler(request)
        box, draft = self._turn.box, self._turn.draft
        with self._line.join(draft.owner) as ticket:
            for place in ticket.places(box.cancel):
                box.emit(Notice(waiting_words(place)))
            if not ticket.admitted:
                raise _StepLimit  # stopped while it waited: nobody listens any more
            return handler(request)

    @hook_config(can_jump_to=["model"])
    def after_model(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        last = state["messages"][-1]
        if isinstance(last, AIMessage) and last.invalid_tool_calls and not last.tool_calls:
            return {"jump_to": "model"}
        return None


def messages_of(memory: Memory, question: str) -> list[BaseMessage]:
    """What was said before and the new message, for a chat model."""
    messages: list[BaseMessage] = []
    for asked, answered in memory.turns:
        messages += [HumanMessage(asked), AIMessage(answered)]
    messages.append(HumanMessage(question))
    if memory.older:
        messages[0] = HumanMessage(f"({memory.older})\n\n{messages[0].text}")
    return messages


def _loop(model: LoadedModel, turn: _Turn, tools: list[BaseTool], happened: queue.Queue[Any]) -> None:
    """Run LangChain's agent and put what it says into `happened`, ending with `_END` whatever comes."""
    try:
        from langchain.agents import create_agent

        assert model.chat is not None
        agent = create_agent(
            model.chat,
            tools,
            system_prompt=taught(CAPABLE, turn.draft.mode),
            middleware=[_Manners(turn, model.line)],
        )
        asked: Any = {"messages": messages_of(turn.memory, turn.draft.question)}
        hide, new = MarkupFilter(), False
        for kind, data in agent.stream(asked, stream_mode=["messages", "updates"]):
            if turn.box.cancel.is_set() or turn.box.asked is not None:
                break
            shown = ""
            if kind == "messages":
                chunk = data[0]
                if isinstance(chunk, AIMessageChunk | AIMessage):  # a tool's answer is shown by its events
                    turn.draft.used(chunk.usage_metadata)
                    shown = hide.feed(text_of(chunk))
            elif (message := _ended(data)) is not None:
                shown = hide.finish()
            if shown.strip() or (shown and not new):
                happened.put(Text(f"\n\n{shown.lstrip()}" if new else shown))
                new = False
            if kind == "updates" and message is not None:
                happened.put(_Said(called=bool(message.tool_calls or message.invalid_tool_calls)))
                hide, new = MarkupFilter(), True
    except Exception as error:
        happened.put(error)
    finally:
        happened.put(_END)


def _ended(update: Any) -> AIMessage | None:
    """The message that a call of the model has ended with, from one of the graph's updates."""
    messages = (update.get("model") or {}).get("messages") or [] if isinstance(update, dict) else []
    return next((m for m in reversed(messages) if isinstance(m, AIMessage)), None)
