"""The page's API for programs: the named endpoints that `gradio_client` calls. docs/api.md shows them at work.

`/ask`, `/search`, `/run_lab`, `/list_labs`, and `/refresh` where the page may refresh the course. Everything else on
the page is private. Each answers with JSON data; figures come beside it as files. The three that take long stream:
while they work they yield `{"progress": 0.4, "doing": "..."}`, and what they yield last is the answer.
"""

# No postponed annotations here: Gradio reads the types of the endpoints for the schema of the API.
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from knowledge.errors import KnowledgeError
from labs.errors import LabError
from tutor.errors import TutorError
from tutor.owners import named_owner
from tutor.service import Reply, Service, Tell
from tutor.web.limits import Limits, Visitor
from tutor.web.pictures import Pictures
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
APOLOGY = "Something went wrong on the tutor's side. Try again; the log says more."
PACE = 0.2  # seconds between two reports of progress
Refresh = Callable[[Tell], dict[str, Any]]
Work = Callable[[Tell, threading.Event], Reply]


def add_endpoints(
    service: Service, pictures: Pictures, refresh: Refresh | None, limits: Limits | None = None
) -> None:
    """Give the page that is being built its public endpoints; without `refresh`, that one is not offered."""

    limits = limits or Limits()

    def files(answer: Reply) -> list[gr.FileData]:
        paths = [picture.path for run, result in answer.runs for picture in pictures.draw(run, result)]
        return [gr.FileData(path=path) for path in paths]

    def ask(request: gr.Request, message: str, session: str = "") -> Any:
        """One turn with the tutor: the answer with its sources, and the figures of a lab that it ran."""
        owner = named_owner(request.username) if request.username else None
        _within(lambda: limits.message(_visitor(request)))
        for step in _steps(lambda tell, cancel: service.ask(message, session, tell, cancel, owner)):
            yield (step.data, files(step)) if isinstance(step, Reply) else (step, [])

    def run_lab(request: gr.Request, lab: str, parameters: dict[str, Any] | None = None) -> Any:
        """Run a lab: its metrics, tables, notes and findings, and its figures."""
        _within(lambda: limits.run(_visitor(request)))
        for step in _steps(lambda tell, cancel: service.run_lab(lab, parameters, tell, cancel)):
            yield (step.data, files(step)) if isinstance(step, Reply) else (step, [])

    def search(request: gr.Request, query: str, k: int = 6) -> dict[str, Any]:
        """The k passages of the course that fit the query best, best first."""
        _within(lambda: limits.message(_visitor(request)))
        return _spoken(lambda: service.search(query, k)).data

    def list_labs() -> dict[str, Any]:
        """Every lab with the JSON schema of its parameters."""
        return _spoken(service.list_labs).data

    # They yield, and what each step holds is what Gradio should know.
    streamed: tuple[Callable[..., Any], ...] = (ask, run_lab)
    for function in streamed:
        function.__annotations__["return"] = tuple[dict[str, Any], list[gr.FileData]]
    others: tuple[Callable[..., Any], ...] = (search, list_labs)
    for function in streamed + others:
        # Apart from each other: runs that wait for a worker must not hold up a question.
        place, at_once = ("programs-runs", 16) if function is run_lab else ("programs", 32)
        gr.api(function, api_name=function.__name__, concurrency_limit=at_once, concurrency_id=place)
    if refresh is not None:
        _add_refresh(refresh)


def _visitor(request: Any) -> Visitor:
    return Visitor(str(request.username or ""), str(getattr(request.client, "host", "") or ""))


def _within(check: Callable[[], None]) -> None:
    try:
        check()
    except TutorError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _add_refresh(refresh: Refresh) -> None:
    def refresh_course() -> Any:
        """Read the course's files again and say what became of each."""
        for step in _steps(lambda tell, _: Reply(refresh(tell))):
            yield step.data if isinstance(step, Reply) else step

    refresh_course.__annotations__["return"] = dict[str, Any]
    gr.api(refresh_course, api_name="refresh", concurrency_limit=1)


def _steps(work: Work) -> Iterator[dict[str, Any] | Reply]:
    """Do the work in a thread; yields how far it is, at most a few times a second, and then the reply.

    A caller who goes away closes this generator, which cancels the work.
    """
    told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    cancel = threading.Event()
    outcome: list[Reply | Exception] = []

    def run() -> None:
        try:
            outcome.append(_spoken(lambda: work(lambda f, what: told.put(_step(f, what)), cancel)))
        except Exception as error:
            outcome.append(error)
        finally:
            told.put(None)

    threading.Thread(target=run, name="api-call", daemon=True).start()
    try:
        while (step := _newest(told)) is not None:
            yield step
            time.sleep(PACE)
    finally:
        cancel.set()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    yield outcome[0]


def _newest(told: queue.SimpleQueue[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Waits for something to tell, and skips to the latest; None when the work is over."""
    step = told.get()
    while step is not None and not told.empty():
        step = told.get()
    return step


def _step(fraction: float, what: str) -> dict[str, Any]:
    return {"progress": round(float(fraction), 4), "doing": what}


def _spoken(call: Callable[[], Reply]) -> Reply:
    """The reply, or an error whose message is fit for the caller."""
    try:
        return call()
    except (TutorError, LabError, KnowledgeError) as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception:
        log.exception("a call of the API failed")
        raise gr.Error(APOLOGY, print_exception=False) from None
