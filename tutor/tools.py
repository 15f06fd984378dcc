"""Everything a model with tool calls may do, as LangChain tools. A tool's result has two faces: text for the model,
events for the student.

Each tool takes JSON schema, not a model class, because any one parameter of a lab may be a list (a comparison), and
because the lab's own refusal is the clearest: it goes back to the model as text. Plots never go through a prompt, a
quiz's key never leaves code, and nothing here runs, opens or fetches what a message or a lecture names.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from labs.base import Lab, LabResult
from labs.errors import LabError
from labs.runner import LabRunner
from labs.sweep import compare
from tutor.errors import TutorError
from tutor.events import Event, LabFinished, Notice, Sources
from tutor.library import Library
from tutor.memory import shortened, tokens
from tutor.planning.plan import Plan
from tutor.progress import ProgressStore
from tutor.prompts import place, result_facts
from tutor.quiz.choose import lectures
from tutor.schema import short_schema
from tutor.sessions import PastRun, Run, SessionStore
from tutor.teaching.exercises import is_answer_key
from tutor.turns import quiz
from tutor.turns.draft import Draft
from tutor.turns.experiment import one_run
from tutor.turns.past_runs import comparison_words

log = logging.getLogger(__name__)

FOUND = 5  # passages that one search hands to the model
LEAST = 60  # tokens that a tool's answer gets even where the model's context is nearly full
SOURCE_TOKENS = 1500  # of a lab's code in one answer

NOT_INVITED = (
    "The student has not asked for an experiment, so it was not run. Answer the question from the passages; you may "
    "suggest this experiment in words."
)


class BadArgumentsError(Exception):
    """A model called a tool wrongly; the message tells it how to call it."""


@dataclass
class Toolbox:
    """What the tools of one turn share: where events go, and what has been found, run and shown so far.

    `past` are the session's runs of before. `room` is how many tokens the tools may still hand to the model.
    `invited`: the student's own words allow an experiment; a lecture's do not.
    """

    library: Library
    runner: LabRunner
    emit: Callable[[Event], None]
    cancel: threading.Event
    labs: Mapping[str, Lab]
    sessions: SessionStore
    progress: ProgressStore
    draft: Draft
    past: Sequence[PastRun] = ()
    room: int = 8000
    invited: bool = True
    passages: list[Passage] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    shown: list[Run] = field(default_factory=list)
    asked: Draft | None = None  # the quiz question that was asked
    steps: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, name: str, arguments: Mapping[str, Any], work: Callable[[], str], told: str = "") -> str:
        """One step: told to the student, done, and its text cut to the room that is left. Never raises."""
        with self._lock:
            self.steps.append({"tool": name, "arguments": json.loads(json.dumps(arguments, default=str))})
        if told:
            self.emit(Notice(f"One moment: {told}"))
        try:
            text = work()
        except BadArgumentsError as error:
            text = f"{name} was called wrongly: {error}"
        except LabError as error:
            text = f"The lab did not run: {error}"
        except (KnowledgeError, TutorError) as error:
            text = f"{name} failed: {error}"
        except Exception:
            log.exception("the tool %s failed", name)
            text = f"{name} failed. Go on without it, and tell the student."
        with self._lock:
            text = shortened(text, max(LEAST, self.room))
            self.room -= tokens(text)
        return text

    # ---- the course

    def search_course(self, query: str) -> str:
        """Numbered passages for the model; the numbers go on from those of earlier searches in this turn."""
        # Worked answers are for the exercise's own turn, where the student asks for each hint.
        base = self.library.wait(timeout=120)
        with self.draft.stage("search"):
            searched = base.search(query, k=FOUND + 3)
        found = [passage for passage in searched if not is_answer_key(passage)][:FOUND]
        with self._lock:
            known = {p.id: number for number, p in enumerate(self.passages, start=1)}
            numbers = []
            for passage in found:
                if passage.id not in known:
                    self.passages.append(passage)
                    known[passage.id] = len(self.passages)
                numbers.append(known[passage.id])
            self.emit(Sources(tuple(self.passages)))
        if not found:
            return "The course has nothing on this."
        return "\n\n".join(
            f"[{number}] {place(passage)}\n{passage.text}"
            for number, passage in zip(numbers, found, strict=True)
        )

    def show_source(self, name: str) -> str:
        """The teaching code of a lab, or a passage that was found in this turn, by its number."""
        number = re.fullmatch(r"(?:passage )?\[?(\d{1,3})\]?", name.strip())
        if number is not None:
            at = int(number[1])
            if not 1 <= at <= len(self.passages):
                raise BadArgumentsError(
                    f"there is no passage {at}; {len(self.passages)} were found so far. Search first."
                )
            return f"[{at}] {place(self.passages[at - 1])}\n{self.passages[at - 1].text}"
        if name not in self.labs:
            raise BadArgumentsError(f"name is one of {', '.join(self.labs)}, or the number of a passage.")
        return shortened_code(self.labs[name].source(), SOURCE_TOKENS)

    # ---- labs

    def run_lab(self, lab_id: str, values: Mapping[str, Any]) -> str:
        """Run a lab for the student and give its numbers to the model; a refusal comes back as its sentence."""
        if not self.invited:
            return NOT_INVITED
        known = next((r for r in self.runs if r.result.lab == lab_id and r.chosen == dict(values)), None)
        if known is not None:
            return f"This has just been run.\n{result_facts(known.result, known.chosen)}"
        steps = one_run(lab_id, values, self.runner, self.cancel, self.draft.owner)
        while True:
            try:
                self.emit(next(steps))
            except StopIteration as end:
                run: Run = end.value
                break
        with self._lock:
            self.runs.append(run)
            number = len(self.past) + len(self.runs)
        return f"Run {number}.\n{result_facts(run.result, run.chosen)}"

    def all_runs(self) -> list[PastRun]:
        """The session's runs with those of this turn, in order."""
        new = [
            PastRun(
                len(self.past) + n,
                0,
                0,
                run.result.lab,
                run.chosen,
                run.result.parameters,
                dict(run.result.metrics),
            )
            for n, run in enumerate(self.runs, start=1)
        ]
        return [*self.past, *new]

    def _run(self, number: Any) -> tuple[PastRun, LabResult]:
        """A run by its number, or from the end by a negative one (-1 is the last)."""
        runs = self.all_runs()
        if isinstance(number, bool) or not isinstance(number, int):
            raise BadArgumentsError(f"a run is named by a whole number, and {number!r} is none.")
        at = number - 1 if number > 0 else len(runs) + number
        if number == 0 or not 0 <= at < len(runs):
            have = "no run" if not runs else f"{len(runs)} run{'s' if len(runs) != 1 else ''}"
            raise BadArgumentsError(f"there is no run {number}: this conversation has {have} so far.")
        if at >= len(self.past):
            return runs[at], self.runs[at - len(self.past)].result
        return runs[at], self.sessions.load_run(self.draft.session_id, runs[at]).result

    def compare_runs(self, first: Any, second: Any) -> str:
        """Two runs of one lab: overlaid for the student, the differences in numbers for the model."""
        (one, a), (two, b) = self._run(first), self._run(second)
        if one.number == two.number:
            raise BadArgumentsError(f"{first} and {second} are the same run; name two different ones.")
        result = compare(self.labs[one.lab], a, b)
        self._show(Run(f"compared-{secrets.token_hex(6)}", {}, result, again=True))
        return comparison_words([one, two], result, self.labs)

    def show_run(self, number: Any) -> str:
        """An earlier run once more."""
        past, result = self._run(number)
        self._show(Run(f"again-{secrets.token_hex(6)}", past.chosen, result, again=True))
        return f"Run {past.number}, lab {past.lab}.\n{result_facts(result, past.chosen)}"

    def _show(self, run: Run) -> None:
        with self._lock:
            self.shown.append(run)
        self.emit(LabFinished(run.run_id, run.result))

    # ---- the quiz

    def ask_quiz(self, lecture: Any = None) -> str:
        """Put a question to the student. What comes back to the model holds neither the question nor its key."""
        if lecture is not None and (isinstance(lecture, bool) or not isinstance(lecture, int)):
            raise BadArgumentsError(f"lecture is a whole number, and {lecture!r} is none.")
        if lecture is not None and lecture not in lectures():
            raise BadArgumentsError(
                f"there are no questions on lecture {lecture}; there are on {', '.join(map(str, lectures()))}."
            )
        with self._lock:
            if self.asked is None:
                asked = Draft(self.draft.question, self.draft.session_id)
                for _event in quiz.start(asked, Plan("quiz", lecture=lecture), self.progress):
                    pass
                self.asked = asked
        return (
            "The student has been asked a question. Say nothing about it: the tutor grades the answer itself."
        )


def shortened_code(code: str, most: int) -> str:
    """Whole lines of a source, as many as fit."""
    lines, left = [], most
    for line in code.splitlines():
        left -= tokens(line) + 1
        if left < 0:
            lines.append("# … (the rest is in the lab's notebook)")
            break
        lines.append(line)
    return "\n".join(lines)


def make_tools(box: Toolbox) -> list[BaseTool]:
    """Search, the quiz, earlier runs, sources, and one tool a lab, all bound to the turn of `box`."""
    number = {"type": "integer", "description": "a run's number in this conversation; -1 is the last one"}

    def search(query: Any = None, **_more: Any) -> str:
        def work() -> str:
            if not isinstance(query, str) or not query.strip():
                raise BadArgumentsError('it needs a query in words, such as {"query": "decaying epsilon"}.')
            return box.search_course(query[:300])

        return box.use(
            "search_course", {"query": query}, work, f"I look in the course for “{_plain(query)}”."
        )

    def compare_runs(first: Any = None, second: Any = None, **_more: Any) -> str:
        given = {"first": first, "second": second}
        return box.use("compare_runs", given, lambda: box.compare_runs(first, second), "I compare two runs.")

    def show_run(number: Any = None, **_more: Any) -> str:
        return box.use(
            "show_run", {"number": number}, lambda: box.show_run(number), "I look at an earlier run."
        )

    def show_source(name: Any = "", **_more: Any) -> str:
        return box.use(
            "show_source", {"name": name}, lambda: box.show_source(str(name)), "I read the source."
        )

    def ask_quiz(lecture: Any = None, **_more: Any) -> str:
        return box.use(
            "ask_quiz", {"lecture": lecture}, lambda: box.ask_quiz(lecture), "I choose a question."
        )

    query = {"type": "string", "description": "what to look for, in a few words"}
    name = {"type": "string", "description": f"one of {', '.join(box.labs)}; or the number of a passage"}
    return [
        _tool(
            search,
            "search_course",
            "Find passages of the course's lectures and notebooks. Returns them numbered, to be cited.",
            {"query": query},
            ["query"],
        ),
        _tool(
            compare_runs,
            "compare_runs",
            "Compare two runs of this conversation in numbers; the student sees their curves overlaid.",
            {"first": number, "second": number},
            ["first", "second"],
        ),
        _tool(
            show_run,
            "show_run",
            "An earlier run: its settings and numbers; the student sees its plots again.",
            {"number": number},
            ["number"],
        ),
        _tool(
            show_source,
            "show_source",
            "The teaching code of a lab, or a whole passage that a search has found.",
            {"name": name},
            ["name"],
        ),
        _tool(
            ask_quiz,
            "ask_quiz",
            "Ask the student a quiz question, where they want to be tested. Ends your turn: the tutor shows the "
            "question, keeps the key and grades the answer.",
            {"lecture": {"type": "integer", "description": "a lecture's number; leave out for any"}},
            [],
        ),
        *(_lab_tool(box, lab) for lab in box.labs.values()),
    ]


def _tool(
    func: Callable[..., str], name: str, description: str, properties: dict[str, Any], required: list[str]
) -> BaseTool:
    schema = {"type": "object", "properties": properties, "required": required}
    return StructuredTool.from_function(func=func, name=name, description=description, args_schema=schema)


def _lab_tool(box: Toolbox, lab: Lab) -> BaseTool:
    def run(**values: Any) -> str:
        given = {name: value for name, value in values.items() if value is not None}
        return box.use(lab.id, given, lambda: box.run_lab(lab.id, given))

    return StructuredTool.from_function(
        func=run,
        name=lab.id,
        description=(f"Lab: {lab.title}. {lab.learn}"),
        args_schema=short_schema(lab),
    )


def _plain(text: Any) -> str:
    """A model's words as a student may see them: letters, numbers and simple signs, one short line."""
    return " ".join(re.sub(r"[^\w\s.,'+=-]", " ", str(text)).split())[:60]
