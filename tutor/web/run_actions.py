"""What can be done with a run in the chat, as a row of links under it: a chat message may hold nothing livelier.

A click on one becomes a request of the page's script (assets/chat.js), which `run_desk.py` answers. Pure functions.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from labs.registry import LABS
from tutor.web.results import Picture, RunView

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def actions_html(run: RunView) -> str:
    """The row of links under a finished run; "" for one that has no result or is of a lab that is gone."""
    result = run.result
    if result is None or result.lab not in LABS or not _RUN_ID.fullmatch(run.run_id):
        return ""
    links = [
        _link(run, "change", "Change a setting"),
        _link(run, "explain", "Explain"),
        _link(run, "compare", "Compare with the run before"),
        *(_save(picture, result.lab) for picture in run.pictures[:1]),
        _link(run, "csv", "CSV"),
        _link(run, "notebook", "Notebook"),
        _link(run, "link", "Copy link"),
    ]
    return f'<div class="t-actions" role="group" aria-label="What to do with this run">{"".join(links)}</div>'


def _link(run: RunView, what: str, words: str) -> str:
    return (
        f'<a class="t-act" role="button" href="#run-{what}-{html.escape(run.run_id, quote=True)}">{words}</a>'
    )


def _save(picture: Picture, lab: str) -> str:
    href = html.escape(f"gradio_api/file={quote(picture.path)}", quote=True)
    return f'<a class="t-act" href="{href}" download="{html.escape(lab, quote=True)}.png">Picture</a>'
