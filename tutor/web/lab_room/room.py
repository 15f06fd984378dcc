"""The labs room: a gallery of experiments, and for each a form, its runs and their figures.

The room is one element. Its script (assets/labs.js) asks `LabDesk.answer` for HTML and data, one small request at a
time, and draws the figures itself: nothing is built before it is opened, and what a student has typed is never
redrawn under their hands. A run is started and then asked after; it goes on when the page is closed.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labs import own_data
from labs.base import Lab, LabResult
from labs.errors import LabError, UnknownLabError
from labs.permalink import format_permalink
from tutor.errors import TutorError
from tutor.lab_guesses import Guesses
from tutor.lab_presets import presets
from tutor.lab_runs import LabRunError, LabRuns, RunState
from tutor.run_files import curves_csv, notebook_json
from tutor.run_shelf import RunShelf
from tutor.sessions import Run
from tutor.web.lab_room import form, views
from tutor.web.site import Header, Session, Site, presented, valid, visitor
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
LOST = "This page has lost its session. Reload it, and try again."
BROKE = "Something went wrong on the tutor's side. Try it again; the log says more."
TALKING = "The tutor is still answering in the chat. Wait until it has finished, then ask about this run."
EXPLAIN = "Explain this run."
SAID = 40  # turns of the conversation in which runs are looked for


class LabDesk:
    """Answers the room's script: a mapping with `do` and `session` in, plain JSON out. Knows no components."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._made: tuple[LabRuns, Guesses] | None = None
        self._doing: Mapping[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
            "gallery": self._gallery,
            "open": self._open,
            "link": self._link,
            "preset": self._preset,
            "predict": self._predict,
            "start": self._start,
            "state": self._state,
            "stop": self._stop,
            "result": self._result,
            "compare": self._compare,
            "file": self._file,
            "code": self._code,
            "keep": self._keep,
            "own": self._own,
        }
        site.conversations.on_forget.append(self._forget)

    def answer(self, call: Any) -> dict[str, Any]:
        """One request. What cannot be done comes back as `{"said": one sentence}`, never as an error."""
        call = call if isinstance(call, dict) else {}
        session = valid(call.get("session"))
        doing = self._doing.get(str(call.get("do")))
        if session is None or doing is None:
            return {"said": LOST}
        try:
            return doing(session, call)
        except (LabError, TutorError) as error:
            return {"said": str(error)}
        except Exception:  # the last door: a fault becomes a sentence on the page
            log.exception("the labs room failed at %s", call.get("do"))
            return {"said": BROKE}

    @property
    def _runs(self) -> LabRuns:
        return self._kept[0]

    @property
    def _guesses(self) -> Guesses:
        return self._kept[1]

    @property
    def _kept(self) -> tuple[LabRuns, Guesses]:
        """Made when first needed, once: a page on which nobody opens the room needs none of it."""
        with self._lock:
            if self._made is None:
                tutor = self._site.tutor
                runs = LabRuns(
                    tutor.runner,
                    RunShelf(tutor.sessions),
                    self._runs_of_chat,
                    tutor.sessions.person,
                    tutor.intake,
                )
                self._made = runs, Guesses(runs, tutor.progress)
            return self._made

    def _forget(self, session: str) -> None:
        """A conversation is being removed: what runs for it ends."""
        if self._made is not None:
            self._runs.forget(session)
            self._guesses.forget(session)

    def _runs_of_chat(self, session: str) -> Sequence[Run]:
        turns = self._site.tutor.sessions.turns(session, last=SAID)
        return [run for turn in turns for run in turn.runs if not run.again]  # a comparison is no run

    def _lab(self, call: Mapping[str, Any]) -> Lab:
        labs: Mapping[str, Lab] = self._site.tutor.labs
        named = call.get("lab")
        if not isinstance(named, str) or named not in labs:
            raise UnknownLabError(str(named)[:60], labs)
        return labs[named]

    # ---- opening

    def _gallery(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        said = str(call.get("said") or "")[:500]
        return {"html": views.gallery_html(self._site.tutor.labs.values(), said)}

    def _open(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """A lab with its form, filled with `params` where there are any; refused values stay in their fields."""
        lab = self._lab(call)
        params = call.get("params")
        chosen = dict(params) if isinstance(params, dict) else {}
        said = _refusal(lab, chosen)
        known = {info.name for info in lab.parameters}
        page = views.lab_html(lab, {name: value for name, value in chosen.items() if name in known})
        running = self._runs.running(session)
        return {
            "html": page,
            "lab": lab.id,
            "title": lab.title,
            "history": views.history_html(self._runs.runs(session, lab.id)),
            "running": running is not None and running[0] == lab.id,
            "refusal": said,
        }

    def _link(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """What the page's address names: its lab, opened with the form as it was; nothing runs by a link alone."""
        try:
            named = form.read_query(str(call.get("search") or ""))
            return {} if named is None else self._open(session, {"lab": named[0], "params": named[1]})
        except LabError as error:
            return self._gallery(session, {"said": str(error)})

    def _preset(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """The form filled with a story's values; with no story, as it is by default."""
        lab = self._lab(call)
        at = call.get("preset")
        stories = presets(lab)
        chosen = stories[at].values if isinstance(at, int) and 0 <= at < len(stories) else {}
        return {"html": form.form_html(lab, views.common(lab), chosen)}

    def _code(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        return {"html": views.core_html(self._lab(call))}

    def _own(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """A student's own CSV, kept under a name that labs take; its content came with the request, never a path."""
        self._site.limits.upload(visitor(session))
        title = Path(str(call.get("name") or "data.csv")).name[:80]
        try:
            data = base64.b64decode(str(call.get("data") or ""), validate=True)
        except ValueError:
            raise LabRunError(f"{title!r} did not arrive whole. Choose the file again.") from None
        with TemporaryDirectory() as folder:
            path = Path(folder) / "own.csv"
            path.write_bytes(data)
            return {"csv": own_data.keep(path, title)}

    # ---- running

    def _chosen(self, call: Mapping[str, Any]) -> tuple[Lab, dict[str, Any]]:
        lab = self._lab(call)
        raw = call.get("form")
        return lab, form.read_form(lab, raw if isinstance(raw, dict) else {})

    def _predict(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        lab, chosen = self._chosen(call)
        asked = self._guesses.question(session, lab.id, chosen)
        return {"html": views.question_html(asked) if asked is not None else ""}

    def _start(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        lab, chosen = self._chosen(call)
        told = call.get("guess")
        asked = guess = None
        if isinstance(told, str):
            asked = self._guesses.question(session, lab.id, chosen)
            guess = self._guesses.read(asked, told) if asked is not None else None
        lab.validate(chosen)  # what is refused anyway does not count
        self._site.limits.run(visitor(session))
        state = self._runs.start(session, lab.id, chosen)
        if asked is not None and guess is not None:
            self._guesses.keep(session, state.run_id, asked, guess)
        link = form.query(format_permalink(lab.id, lab.validate(chosen).parameters))
        return {**_state(state), "link": link}

    def _state(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        state = self._runs.state(session)
        return _state(state) if state is not None else {"state": "none"}

    def _stop(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        self._runs.stop(session)
        return {}

    # ---- results

    def _result(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        run = self._runs.run(session, str(call.get("run")))
        lab = self._lab({"lab": run.result.lab})
        told = _drawn(run.result) | {
            "html": views.result_html(run, run.result, self._guesses.outcome(session, run)),
            "history": views.history_html(self._runs.runs(session, lab.id), run.run_id),
            "link": form.query(run.result.permalink()),
        }
        if call.get("fill"):
            told["fields"] = form.form_html(lab, views.common(lab), run.chosen)
        return told

    def _compare(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        result = self._runs.compare(session, _names(call.get("runs")))
        return _drawn(result) | {"html": views.result_html(None, result, None)}

    def _file(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """A run as a file: nothing is written here, the browser saves what it is sent."""
        names = _names(call.get("runs"))
        alone = len(names) == 1
        result = self._runs.run(session, names[0]).result if alone else self._runs.compare(session, names)
        kind = call.get("kind")
        if kind == "csv":
            return {"name": f"{result.lab}.csv", "type": "text/csv", "text": curves_csv(result)}
        if kind == "notebook":
            mime = "application/x-ipynb+json"
            return {"name": f"{result.lab}.ipynb", "type": mime, "text": notebook_json(result)}
        return self._png(result, str(call.get("chart")))

    def _png(self, result: LabResult, name: str) -> dict[str, Any]:
        chart = next((chart for chart in result.charts if chart.name == name), None)
        if chart is None:
            raise LabRunError(
                "That figure is not part of this run. Open the run again, and choose one of its figures."
            )
        data = base64.b64encode(self._site.conversations.pictures.png(result, chart)).decode("ascii")
        return {"name": f"{result.lab}-{name}.png", "type": "image/png", "base64": data}

    def _keep(self, session: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """Put a run into the conversation, so that the tutor can speak of it."""
        run = self._runs.run(session, str(call.get("run")))
        live = self._site.conversations.get(session).live
        if live is not None and not live.view.done:
            raise LabRunError(TALKING)
        if self._site.tutor.keep_run(session, run):
            self._site.conversations.open(session)
        return {"ask": EXPLAIN}


class LabRoom:
    """Builds the room inside the current tab: one element, whose script does the rest."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._desk = LabDesk(site)

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the room's element; the visitor's session comes with every request of its script."""
        desk, owners = self._desk, self._site.owners

        def labs_desk(call: Any) -> dict[str, Any]:
            # Gradio marks the function that it is handed, which a bound method does not allow.
            call = call if isinstance(call, dict) else {}
            return desk.answer({**call, "session": presented(call.get("session"), owners)})

        gr.HTML(
            SHELL,
            elem_id="lab-room",
            js_on_load=LOADED,
            server_functions=[labs_desk],
            apply_default_css=False,
        )


SHELL = '<div class="t-lab-room" data-part="room" aria-busy="true"></div>'
LOADED = "window.tutorLabRoom(element, server.labs_desk);"


def _refusal(lab: Lab, chosen: Mapping[str, Any]) -> str:
    try:
        lab.validate(chosen)
    except LabError as error:
        return str(error)
    return ""


def _state(state: RunState) -> dict[str, Any]:
    return {
        "run": state.run_id,
        "state": state.state,
        "fraction": round(state.fraction, 3),
        "message": state.message,
        "elapsed": round(state.elapsed, 1),
        "ended": state.said,
    }


def _drawn(result: LabResult) -> dict[str, Any]:
    return {"charts": views.charts_json(result), "title": result.title}


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value)] if value else []
