"""Labs and search as LangChain tools. A tool's result has two faces: text for the model, events for the page.

A lab tool takes JSON schema, not a model class, because any one parameter may be a list (a comparison), and because the
lab's own refusal is the clearest: it goes back to the model as text. Plots never go through a prompt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from knowledge.errors import KnowledgeError
from knowledge.search import Passage
from labs.base import Lab
from labs.errors import LabError
from labs.runner import LabRunner
from tutor.errors import LibraryError
from tutor.events import Event, Sources
from tutor.library import Library
from tutor.prompts import place, result_facts
from tutor.schema import lab_schema
from tutor.sessions import Run
from tutor.turns.experiment import one_run

FOUND = 5  # passages that one search hands to the model


@dataclass
class Toolbox:
    """What the tools of one turn share: where events go, and what has been found and run so far."""

    library: Library
    runner: LabRunner
    emit: Callable[[Event], None]
    cancel: threading.Event
    passages: list[Passage] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def search_course(self, query: str) -> str:
        """Numbered passages for the model; the numbers go on from those of earlier searches in this turn."""
        try:
            found = self.library.wait(timeout=120).search(query, k=FOUND)
        except (KnowledgeError, LibraryError) as error:
            return f"The search failed: {error}"
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

    def run_lab(self, lab_id: str, values: Mapping[str, Any]) -> str:
        """Run a lab for the student and give its numbers to the model; a refusal comes back as its sentence."""
        steps = one_run(lab_id, values, self.runner, self.cancel)
        try:
            while True:
                try:
                    self.emit(next(steps))
                except StopIteration as end:
                    run: Run = end.value
                    break
        except LabError as error:
            return f"The lab did not run: {error}"
        with self._lock:
            self.runs.append(run)
        return result_facts(run.result, run.chosen)


def make_tools(box: Toolbox, labs: Mapping[str, Lab]) -> list[BaseTool]:
    """The search tool and one tool a lab, all bound to the turn of `box`."""
    search = StructuredTool.from_function(
        func=box.search_course,
        name="search_course",
        description="Find passages of the course's lectures and notebooks. Returns them numbered, to be cited.",
        args_schema={
            "type": "object",
            "properties": {"query": {"type": "string", "description": "what to look for, in a few words"}},
            "required": ["query"],
        },
    )
    return [search, *(_lab_tool(box, lab) for lab in labs.values())]


def _lab_tool(box: Toolbox, lab: Lab) -> BaseTool:
    def run(**values: Any) -> str:
        return box.run_lab(lab.id, {name: value for name, value in values.items() if value is not None})

    return StructuredTool.from_function(
        func=run,
        name=lab.id,
        description=(
            f"{lab.title}. {lab.learn} Runs the experiment; the student sees the plot. Set only what was named. "
            "Any one parameter may be a list of values, to compare them."
        ),
        args_schema=lab_schema(lab),
    )
