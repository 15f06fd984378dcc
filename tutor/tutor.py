"""The tutor: one message in, the events of one turn out. The one place where a turn is told.

    message ─► a model with tool calls ─► planning/agent.py: the model decides, tools search and run labs
            └► otherwise ─► planning/router.py decides ─► turns/question.py, turns/experiment.py, turns/talk.py

Knows no page, no command line and no vendor. Everything it needs is handed to it.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from knowledge.decoding import printable
from knowledge.errors import KnowledgeError
from labs.base import Lab
from labs.registry import LABS
from labs.runner import LabRunner
from tutor import memory
from tutor.courses import Courses
from tutor.errors import ClosingError, DatabaseAwayError, MessageError, ModelError, SessionError, TutorError
from tutor.events import Done, Event, Notice
from tutor.facts import REFUSED, TurnFacts, Watch, Watcher, short
from tutor.intake import Intake
from tutor.library import Library
from tutor.models.base import LoadedModel, no_model
from tutor.planning import own_files
from tutor.planning.conversation import plan_of_past
from tutor.planning.past_runs import PastRuns
from tutor.planning.plan import KNOWN
from tutor.planning.router import Plan, Router
from tutor.planning.sense import Sense
from tutor.progress import ProgressStore
from tutor.sessions import Run, SessionStore, Turn, check_session_id
from tutor.turns import talk
from tutor.turns.draft import PROGRAMS, Draft
from tutor.turns.experiment import last_result, run_experiment
from tutor.turns.own_file import look_at_file
from tutor.turns.past_runs import answer_past_runs
from tutor.turns.practice import Practice
from tutor.turns.question import answer_question, as_asked, surely_covered
from tutor.turns.wording import result_answer

log = logging.getLogger(__name__)
turn_log = logging.getLogger("tutor.turn")  # one line a turn

LONGEST_MESSAGE = 4000  # characters
REMEMBERED = 12  # turns that are read back for a new one

STOPPED = "Stopped. Nothing is lost: ask again, or change something."


class Models(Protocol):
    """Whatever holds the chat model of the moment; `tutor.models.host.ModelHost` does."""

    @property
    def current(self) -> LoadedModel: ...


class Tutor:
    """Answers messages. Safe to share between threads; each turn keeps its state to itself."""

    def __init__(
        self,
        library: Library,
        runner: LabRunner,
        models: Models,
        sessions: SessionStore,
        labs: Mapping[str, Lab] = LABS,
        courses: Courses | None = None,
    ) -> None:
        """`courses` gives the library of a conversation that is in another course than `library`."""
        self.library = library
        self.courses = courses
        self.runner = runner
        self.models = models
        self.sessions = sessions
        self.labs = labs
        self.progress = ProgressStore(sessions)
        self.router = Router(labs, Sense(self._embedder))
        self.past_runs = PastRuns(labs)
        self.practice = Practice(library, runner, sessions, self.progress, labs)
        self.intake = Intake()
        self.watchers: list[Watcher] = []  # told of each turn that is over; they must not raise

    def _embedder(self) -> Any:
        """The model that the course is searched with, once it is there; nothing is waited for."""
        return self.library.embedder if self.library.ready is not None else None

    def history(self, session_id: str) -> list[Turn]:
        """The saved turns of a session, oldest first."""
        check_session_id(session_id)
        return self.sessions.turns(session_id)

    def plan(self, message: str, session_id: str) -> Plan:
        """What would be done with a message in this session, without doing it."""
        return self._plan(message, session_id, self.sessions.turns(session_id, last=REMEMBERED))

    def _plan(self, message: str, session_id: str, history: Sequence[Turn]) -> Plan:
        questions = [turn.question for turn in history]
        last = self.sessions.last_plan(session_id) or {}
        said = [own_files.read_message(text, questions[:at]) for at, text in enumerate(questions)]
        own = own_files.read_message(message, questions)
        earlier = [
            one.rest
            for turn, one in zip(history, said, strict=True)
            if not own_files.just_added(turn.question) and not (turn.plan or {}).get("past")
        ]
        before = (last.get("lab"), last.get("parameters"))
        if (past := self.past_runs.read(message, self.sessions.outline(session_id))) is not None:
            return plan_of_past(past, self.router)
        if own.meant:
            plan = self.router.plan(own.rest, earlier, *before)
            if plan.intent == "lab" and plan.lab is not None:
                chosen = own_files.with_own_file(self.labs[plan.lab], dict(plan.parameters), own)
                return replace(plan, parameters=chosen)
        return self.router.plan(message, earlier, *before)

    def keep_run(self, session_id: str, run: Run) -> bool:
        """Put a run that was made outside the conversation into it, as a turn; False where it stands there already.

        The turn says what was run by its link, so that a later message can explain it, compare it and go on from it.
        """
        check_session_id(session_id)
        history = self.sessions.turns(session_id, last=REMEMBERED)
        if any(known.run_id == run.run_id for turn in history for known in turn.runs):
            return False
        lab = self.labs[run.result.lab]
        told = result_answer(run.result, last_result(history, lab.id))
        turn = Turn(
            question=f"I ran this in Labs: {run.result.permalink()}",
            answer=told,
            intent="lab",
            model=self.models.current.label,
            seconds=round(run.result.seconds, 3),
            runs=(run,),
            plan={"lab": lab.id, "parameters": dict(run.chosen)},
        )
        self.sessions.save(session_id, turn)
        return True

    def reply(self, message: str, session_id: str, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Yield what happens in one turn, ending in exactly one `Done`.

        Setting `cancel` stops the model and a running lab within a second, and ends a wait in a queue at once; the turn
        still ends in `Done`. Failures that a student can act on arrive as a `Notice`; a bug arrives as a plain apology
        and is logged in full.

        Raises
        ------
        SessionError
            When `session_id` cannot name a session.
        """
        check_session_id(session_id)
        message = printable(message)  # half of an emoji, say: no database would take it
        try:
            check_message(message)
            self.intake.enter()
        except (MessageError, ClosingError) as error:
            yield Notice(str(error), "error")
            self._tell(TurnFacts(short(session_id), "other", REFUSED, self.models.current.label))
            yield Done(str(error), "other", self.models.current.label, 0.0, failed=True)
            return
        try:
            yield from self._turn(
                Draft(question=message.strip(), session_id=session_id), cancel or threading.Event()
            )
        finally:
            self.intake.leave()
        self._remember(session_id)  # the answer is out: nobody waits for it

    def _turn(self, draft: Draft, cancel: threading.Event) -> Iterator[Event]:
        """A turn that was let in, to its `Done`."""
        started, watch = time.monotonic(), Watch()
        try:
            draft.owner = self.sessions.owner_of(draft.session_id) or PROGRAMS
            for event in self._in_course_of(draft.session_id)._events(draft, cancel):
                watch.see(event)
                if isinstance(event, Notice) and not event.passing:
                    draft.notices.append((event.level, event.message))
                yield event
        except TutorError as error:
            draft.failed, draft.answer = True, draft.answer or str(error)
            draft.notices.append(("error", str(error)))
            yield Notice(str(error), "error")
        except Exception:
            log.exception("a turn failed")
            sorry = "Sorry, something went wrong on my side. Your message is kept; try it again or put it differently."
            draft.failed, draft.answer = True, draft.answer or sorry
            draft.notices.append(("error", sorry))
            yield Notice(sorry, "error")
        if cancel.is_set():
            draft.notices.append(("info", STOPPED))
            yield Notice(STOPPED)
        seconds = time.monotonic() - started
        yield from self._save(draft, seconds)
        self._tell(watch.facts(draft, cancel.is_set()))
        yield _done(draft, seconds)

    def _tell(self, facts: TurnFacts) -> None:
        """One line in the log, and a word to whoever counts."""
        turn_log.info("%s", facts.sentence(), extra={"turn": facts})
        for watcher in self.watchers:
            watcher(facts)

    def _in_course_of(self, session_id: str) -> Tutor:
        """This tutor where the conversation is in its course, else a twin that shares all but the library."""
        library = self.library if self.courses is None else self.courses.of(session_id)
        if library is self.library:
            return self
        twin = copy.copy(self)
        twin.library = library
        twin.practice = Practice(library, self.runner, self.sessions, self.progress, self.labs)
        return twin

    def _events(self, draft: Draft, cancel: threading.Event) -> Iterator[Event]:
        model = self.models.current
        draft.model = model.label
        if (name := own_files.just_added(draft.question)) is not None:
            yield from look_at_file(draft, name, self.labs)
            return
        history = self.sessions.turns(draft.session_id, last=REMEMBERED)
        with draft.stage("route"):
            plan = self._plan(draft.question, draft.session_id, history)
        draft.earlier = [turn.question for turn in history]

        def replan(message: str) -> Plan:
            return self._plan(message, draft.session_id, history)

        if (steps := self.practice.steps(draft, plan, replan, history, model, cancel)) is not None:
            yield from steps
            return
        if model.tool_calls and model.chat is not None:
            from tutor.planning.agent import (
                run_agent,
            )  # LangChain costs a second, and only such a model needs it

            try:
                yield from run_agent(
                    draft,
                    plan,
                    model,
                    self.library,
                    self.runner,
                    self.labs,
                    self.sessions,
                    self.progress,
                    cancel,
                )
                return
            except ModelError as error:
                draft.details["model_error"] = str(error)
                yield Notice(f"{error} Meanwhile I go on without a language model.", "error")
                model = no_model()
                draft.model = model.label
        yield from self._routed(draft, plan, history, model, cancel)

    def _routed(
        self,
        draft: Draft,
        plan: Plan,
        history: Sequence[Turn],
        model: LoadedModel,
        cancel: threading.Event,
    ) -> Iterator[Event]:
        if plan.intent in ("smalltalk", "meta") and plan.confidence < KNOWN and plan.alternative is None:
            with suppress(KnowledgeError):  # it only sounded like talk, and the course answers it
                if surely_covered(draft.question, self.library):
                    plan = replace(plan, intent="question")
        draft.intent = plan.intent
        draft.details["plan"] = {"intent": plan.intent, "lab": plan.lab, "parameters": dict(plan.parameters)}
        if plan.past is not None:
            yield from answer_past_runs(
                plan.past, draft, self.sessions, self.library, model, self.labs, cancel
            )
        elif plan.alternative is not None:
            yield from talk.which_one(draft, plan, self.labs)
        elif plan.intent == "lab" and plan.lab is not None:
            previous = last_result(history, plan.lab)
            yield from run_experiment(
                plan.lab, plan.parameters, draft, self.runner, self.library, model, previous, cancel
            )
        elif plan.intent == "smalltalk":
            yield from talk.small_talk(draft, self.labs)
        elif plan.intent == "meta":
            yield from talk.about_the_tutor(draft, self.labs, self.library, model.label)
        else:
            questions = [turn.question for turn in history[-3:] if turn.intent != "lab"]
            asked = as_asked(draft.question, questions)
            draft.before = self._before(draft, model)
            yield from answer_question(asked, draft, self.library, model, self.labs, cancel)

    def _before(self, draft: Draft, model: LoadedModel) -> str:
        """What a model without tools is told of the conversation: one line, where it can read little."""
        if model.chat is None:
            return ""
        told = self.sessions.outline(draft.session_id)
        summary = self.sessions.settings_of(draft.session_id).get(memory.NAME)
        return memory.before(draft.question, told, self.labs, model, summary)

    def _remember(self, session_id: str) -> None:
        """Have the older part of a long conversation summarised beside it, where the model can do that."""
        try:
            memory.summarise_later(session_id, self.sessions, self.models.current)
        except Exception as error:
            log.warning("a conversation could not be summarised (%s)", type(error).__name__)

    def _save(self, draft: Draft, seconds: float) -> Iterator[Event]:
        turn = Turn(
            question=draft.question,
            answer=draft.answer,
            intent=draft.intent,
            model=draft.model,
            seconds=round(seconds, 3),
            abstained=draft.abstained,
            failed=draft.failed,
            sources=tuple(draft.sources),
            runs=tuple(draft.runs),
            notices=tuple(draft.notices),
            suggestions=tuple(draft.suggestions),
            plan=draft.plan,
            quiz=draft.quiz,
        )
        try:
            self.sessions.save(draft.session_id, turn)
        except Exception as error:
            if isinstance(error, SessionError) and not isinstance(error, DatabaseAwayError):
                raise
            log.exception("a turn could not be saved")
            yield Notice(
                "This turn could not be saved, so it will be gone after a reload. Free some disk space and ask again.",
                "warning",
            )


def check_message(message: str) -> None:
    """Raise MessageError for a message that is empty or too long to be one."""
    if not message.strip():
        raise MessageError(
            "Your message was empty. Type a question, or what you would like to try, and press Enter."
        )
    if len(message) > LONGEST_MESSAGE:
        raise MessageError(
            f"Your message has {len(message):,} characters, and {LONGEST_MESSAGE:,} are the most that I can read. "
            "Send the part that your question is about."
        )


def _done(draft: Draft, seconds: float) -> Done:
    if draft.abstained and draft.nearest is not None:
        near = draft.nearest
        draft.details["nearest"] = {
            "path": near.path,
            "lecture": near.lecture,
            "heading": list(near.heading),
        }
    return Done(
        answer=draft.answer,
        intent=draft.intent,
        model=draft.model,
        seconds=round(seconds, 3),
        abstained=draft.abstained,
        sources=tuple(draft.sources),
        results=tuple(run.result for run in draft.runs),
        suggestions=tuple(draft.suggestions),
        failed=draft.failed,
        details=draft.details,
    )
