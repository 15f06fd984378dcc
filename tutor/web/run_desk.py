"""What the links under a run in the chat do: take it along as a file, change it in the labs room, copy its link."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from labs.base import LabResult
from tutor.run_files import curves_csv, notebook_json
from tutor.web.live import Conversations
from tutor.web.results import RunView

log = logging.getLogger(__name__)
GONE = "That run is not part of this conversation any more. Reload the page, or run it again."
BROKE = "The file could not be made. Try it again; the log says more."


class RunDesk:
    """Answers the chat's script: `{"what": ..., "run": ...}` in, plain JSON out; `{"said": ...}` where it cannot."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def answer(self, session_id: str | None, call: Mapping[str, Any]) -> dict[str, Any]:
        run = self._run(session_id, str(call.get("run"))) if session_id is not None else None
        if run is None or run.result is None:
            return {"said": GONE}
        try:
            return _done(str(call.get("what")), run, run.result)
        except Exception:  # the last door: a fault becomes a sentence on the page
            log.exception("a run could not be made into a file")
            return {"said": BROKE}

    def _run(self, session_id: str, run_id: str) -> RunView | None:
        conversation = self._conversations.get(session_id)
        views = conversation.turns + ([conversation.live.view] if conversation.live is not None else [])
        return next((view.runs[run_id] for view in reversed(views) if run_id in view.runs), None)


def _done(what: str, run: RunView, result: LabResult) -> dict[str, Any]:
    if what == "csv":
        return {"name": f"{result.lab}.csv", "type": "text/csv", "text": curves_csv(result)}
    if what == "notebook":
        return {
            "name": f"{result.lab}.ipynb",
            "type": "application/x-ipynb+json",
            "text": notebook_json(result),
        }
    if what == "change":
        return {"lab": result.lab, "params": {**dict(run.chosen), "seed": result.seed}}
    if what == "link":
        return {"copy": result.permalink()}
    return {"said": GONE}
