"""The page over a hostile course and a hostile model: `python hostile_server.py PORT FOLDER WEIGHTS`.

Every text that can reach the page carries something that would run if the page let it. What the real tutor would take
out of an answer before it is shown is shown here as it is: the page has to stand alone.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "web")]

from page_fakes import FakeModelHost, bandit_result, passage  # noqa: E402

from labs.base import Finding, Table  # noqa: E402
from labs.charts import Chart, Line, Panel  # noqa: E402
from labs.runner import LabRunner  # noqa: E402
from tutor.events import Done, LabFinished, LabProgress, LabStarted, Notice, Sources, Text  # noqa: E402
from tutor.models.base import no_model  # noqa: E402
from tutor.sessions import Run, SessionStore, Turn  # noqa: E402
from tutor.tutor import Tutor  # noqa: E402
from tutor.web import app  # noqa: E402

SHORT = "<img src=x onerror=hacked=1>"
EVIL = " ".join((
    '<img src=x onerror="window.hacked=1">', "<script>window.hacked=1</script>", "<svg/onload=window.hacked=1>",
    '<svg><script>window.hacked=1</script><animate onbegin="window.hacked=1" attributeName=x dur=1s></svg>',
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>", '<iframe src="javascript:parent.hacked=1"></iframe>',
    '<a href="javascript:window.hacked=1">press</a>', "[press](javascript:window.hacked=1)",
    "[press](data:text/html,<script>opener.hacked=1</script>)",
    "![x](x\"onerror=\"window.hacked=1)",
    '<details open ontoggle="window.hacked=1"><summary>x</summary></details>', '<body onload="window.hacked=1">',
    '<input autofocus onfocus="window.hacked=1">',
    '<form action="javascript:window.hacked=1"><button>go</button></form>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hacked=1&gt;">',
    "<noscript><p title=\"</noscript><img src=x onerror=hacked=1>\">", "<object data='javascript:hacked=1'></object>",
    '<video><source onerror="window.hacked=1"></video>', '<base href="https://example.org/">',
    '<meta http-equiv="refresh" content="0;url=javascript:hacked=1">',
    '<link rel=stylesheet href="https://example.org/x.css">',
    "<style>@import 'https://example.org/x.css'; body{display:none}</style>",
    "<template><img src=x onerror=hacked=1></template>",
    "$\\href{javascript:window.hacked=1}{press}$", "$$\\htmlData{x=1}{y} \\url{javascript:hacked=1}$$",
    "$\\includegraphics{https://example.org/x.png}$", "${window.hacked=1}", "{{constructor.constructor('hacked=1')()}}",
    "&lt;img src=x onerror=hacked=1&gt;", "`<img src=x onerror=hacked=1>`", "\"><img src=x onerror=hacked=1>",
    "'-(window.hacked=1)-'", "</textarea><img src=x onerror=hacked=1>", "<!--><img src=x onerror=hacked=1>-->",
))  # fmt: skip


def write_course(folder: Path) -> None:
    """Markdown, a notebook, HTML, and names of files and folders."""
    place = folder / "lecture_01" / SHORT.replace("/", "")
    place.mkdir(parents=True)
    lines = EVIL.replace("> ", ">\n\n")
    text = f"# Bandits {SHORT}\n\n## Why decay {SHORT}\n\n{lines}\n\n{EVIL}\n\nWe decay epsilon {EVIL}\n\n"
    text += "## Plain\n\nText.\n"
    (place / "evil.md").write_text(text)
    (folder / "lecture_01" / f"{SHORT}.md").write_text(f"# {SHORT}\n\nA file with a name. {EVIL}\n")
    (folder / "lecture_01" / "page.html").write_text(f"<h1>{SHORT}</h1><p>HTML of a lecture {EVIL}</p>")
    markup = f"<table><tr><td>{EVIL}</td></tr></table>"
    outputs = [
        {"output_type": "display_data", "data": {"text/html": markup}},
        {"output_type": "stream", "name": "stdout", "text": EVIL},
        {"output_type": "error", "ename": SHORT, "evalue": EVIL, "traceback": [EVIL]},
        {"output_type": "execute_result", "data": {"text/markdown": EVIL, "application/javascript": "hacked=1"}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload='hacked=1'/>"}},
    ]  # fmt: skip
    book = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": f"# Notebook {SHORT}\n\n{EVIL}"},
            {
                "cell_type": "code",
                "metadata": {},
                "source": f"# {SHORT}\nx = 1  # {EVIL}",
                "outputs": outputs,
            },
            {"cell_type": "raw", "metadata": {}, "source": EVIL},
        ],
        "metadata": {"kernelspec": {"name": SHORT, "language": SHORT}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "lecture_01" / "book.ipynb").write_text(json.dumps(book))


def hostile_result() -> Any:
    chart = Chart("reward", EVIL, (Panel(SHORT, EVIL, (Line("step", "reward_0", label=EVIL),), title=SHORT),))
    return replace(
        bandit_result(),
        title=EVIL,
        charts=(chart,),
        tables=(Table(EVIL, (SHORT, EVIL), ((EVIL, SHORT),)),),
        notes=(EVIL,),
        findings=(Finding("x", EVIL, EVIL),),
        metrics={f"reward[{SHORT}]": 1.0, SHORT: 2.0},
    )


class HostileTutor(Tutor):
    """The real tutor, which to "evil" says what no tutor would."""

    def reply(self, message: str, session_id: str, cancel: threading.Event | None = None) -> Iterator[Any]:
        if not message.startswith("evil"):
            yield from super().reply(message, session_id, cancel)
            return
        sources = (passage(1, EVIL, EVIL, (EVIL, SHORT)), passage(2, EVIL, SHORT, (SHORT,), cell=1))
        result = hostile_result()
        run_id = "evil-1"
        yield Sources(sources)
        yield Notice(EVIL, "warning")
        yield LabStarted(run_id, "bandit", EVIL, {"arms": SHORT}, {SHORT: EVIL})
        yield LabProgress(run_id, 0.5, EVIL, 0.1)
        yield LabFinished(run_id, result)
        for piece in EVIL.split("w"):  # a tag is cut in the middle by a stream
            yield Text(piece + "w")
        cell = EVIL.replace("|", "")
        table = f"| a | {SHORT} |\n|---|---|\n| {cell} | b |"
        answer = f"{EVIL} [1]\n\n```html\n{EVIL}\n```\n\n{table}\n\n{EVIL} [2]"
        asks = (SHORT, EVIL[:80])
        turn = Turn(
            message, answer, "question", SHORT, sources=sources, runs=(Run(run_id, {SHORT: EVIL}, result),),
            notices=(("warning", EVIL),), suggestions=asks,
        )  # fmt: skip
        self.sessions.save(session_id, turn)
        yield Done(answer, "question", SHORT, 1.0, sources=sources, results=(result,), suggestions=asks)


def main(port: str, folder: str, weights: str) -> None:
    from knowledge.embedding import Embedder
    from tutor.library import Library
    from tutor.settings import load_settings

    home = Path(folder)
    write_course(home / "course")
    library = Library(home / "index", None, course=(home / "course",), embedder=Embedder(Path(weights)))
    settings = load_settings(home=home, model="none", host="127.0.0.1", port=int(port))
    runner = LabRunner(workers=1, time_limit=120)
    store = SessionStore(f"sqlite:///{home / 'sessions.sqlite'}")
    tutor = HostileTutor(library, runner, SimpleNamespace(current=no_model()), store)  # type: ignore[arg-type]
    try:
        app.serve(
            tutor, settings, library, FakeModelHost(message=EVIL, label=EVIL),
            on_ready=lambda _: library.start(), stop=threading.Event(),
        )  # fmt: skip
    finally:
        runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
