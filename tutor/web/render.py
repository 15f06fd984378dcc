"""One turn as chat messages: pure functions from events to what Gradio's Chatbot shows.

`TurnView` collects the events of a turn and can be asked for its messages at any time, so a streamed
answer, a turn that is joined half-way and one that is read back from the database come out of the same
code. No Gradio in here.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.search import Passage
from labs.base import LabResult
from tutor.events import PASSING, Done, Event, LabFinished, LabProgress, LabStarted, Notice, Sources, Text
from tutor.places import page_name
from tutor.sessions import Turn
from tutor.web import markup
from tutor.web.results import Picture, RunView, picture_html, result_markdown, run_step
from tutor.web.run_actions import actions_html

Message = dict[str, Any]
TARGET = re.compile(r"#passage-(\d{1,6})-(\d{1,3})-([0-9a-f]{8})\Z")


@dataclass
class TurnView:
    """What has happened in a turn so far. `number` is its place in the conversation, from 0."""

    number: int
    question: str
    sources: tuple[Passage, ...] = ()
    runs: dict[str, RunView] = field(default_factory=dict)
    text: str = ""
    early: list[Notice] = field(default_factory=list)  # what was said before the first word of the answer
    notices: list[Notice] = field(default_factory=list)
    suggestions: tuple[str, ...] = ()
    done: bool = False
    failed: bool = False

    @classmethod
    def of_turn(
        cls, number: int, turn: Turn, draw: Callable[[str, LabResult], Sequence[Picture]]
    ) -> TurnView:
        """A turn read back from the database."""
        runs = {
            run.run_id: RunView(
                run.run_id,
                run.result.title,
                run.result.parameters,
                run.chosen,
                1.0,
                elapsed=run.result.seconds,
                result=run.result,
                pictures=draw(run.run_id, run.result),
            )
            for run in turn.runs
        }
        return cls(
            number,
            turn.question,
            sources=turn.sources,
            runs=runs,
            text=turn.answer,
            early=[Notice(message, level) for level, message in turn.notices if level != "info"],
            notices=[
                Notice(message, level)
                for level, message in turn.notices
                if level == "info" and not message.startswith(PASSING)
            ],
            suggestions=turn.suggestions,
            done=True,
            failed=turn.failed,
        )

    def apply(self, event: Event, pictures: Sequence[Picture] = ()) -> None:
        """Take one event in. `pictures` are the drawn charts that belong to a `LabFinished`."""
        match event:
            case Sources(passages):
                self.sources = passages
            case LabStarted(run_id, _, title, parameters, chosen):
                self.runs[run_id] = RunView(run_id, title, parameters, chosen)
            case LabProgress(run_id, fraction, message, elapsed) if run_id in self.runs:
                run = self.runs[run_id]
                run.fraction, run.message, run.elapsed = fraction, message, elapsed
            case LabFinished(run_id, result):
                run = self.runs.setdefault(run_id, RunView(run_id, result.title, result.parameters, {}))
                run.result, run.pictures, run.fraction, run.elapsed = result, pictures, 1.0, result.seconds
                run.parameters, run.title = result.parameters, result.title  # as it reads after a reload
            case Text(delta):
                self.text += delta
            case Notice():
                (self.notices if self.text else self.early).append(event)
            case Done():
                self._finish(event)

    def _finish(self, event: Done) -> None:
        self.text = event.answer
        self.suggestions = event.suggestions
        self.done = True
        self.failed = event.failed
        if (
            not event.sources or not self.sources
        ):  # an answer that turned out not to be in the course names none
            self.sources = event.sources

    @property
    def cited(self) -> frozenset[int] | None:
        """The numbers that the finished answer names; None while it may still name more."""
        if not self.done:
            return None
        return frozenset(
            int(n) for mark in markup.CITATION.findall(self.text) for n in re.findall(r"\d+", mark)
        )

    @property
    def waiting(self) -> bool:
        """Whether there is nothing to look at yet but that the tutor is at work."""
        busy = any(run.result is None for run in self.runs.values())
        return not self.done and not self.text.strip() and not busy

    def messages(self) -> list[Message]:
        """The turn as chat messages: what was asked, then the tutor's, which share one bubble."""
        out: list[Message] = []
        if self.question.strip():
            out.append({"role": "user", "content": markup.typed(self.question)})
        if self.sources:
            out.append(_said(sources_html(self.sources, self.number, self.cited)))
        for run in self.runs.values():
            out.append(run_step(run, self.done))
            if run.result is not None:
                out += [_said(picture_html(picture)) for picture in run.pictures]
                out.append(_said(result_markdown(run.result, self.text)))
                if actions := actions_html(run):
                    out.append(_said(actions))
        # "One moment: reading the course" is of use only until the moment is over, and only the last of them.
        passing = [notice for notice in self.early if notice.passing]
        early = [notice for notice in self.early if notice not in passing]
        out += [_said(notice_html(notice)) for notice in early + (passing[-1:] if self.waiting else [])]
        if self.text.strip() and all(notice.message != self.text for notice in self.early):
            out.append(_said(markup.markdown(self.text, self._cite, growing=not self.done)))
        later = [notice for notice in self.notices if not notice.passing and notice.message != self.text]
        if not self.done:
            later += [notice for notice in self.notices if notice.passing][-1:]
        out += [_said(notice_html(notice)) for notice in later]
        if self.waiting:
            out.append(_said(WORKING))
        if self.done and not any(message["role"] == "assistant" for message in out):
            out.append(
                _said(notice_html(Notice("There is nothing to say to that. Try one of the examples.")))
            )
        if self.done and self.suggestions:
            out[-1]["options"] = [{"value": text, "label": text} for text in self.suggestions]
        return out

    def _cite(self, n: int) -> str | None:
        if not 1 <= n <= len(self.sources):
            return None
        passage = self.sources[n - 1]
        where = html.escape(place(passage), quote=True)
        href = target(self.number, n, passage)
        return f'<a class="t-cite" href="{href}" title="{where}" aria-label="Source {n}">{n}</a>'


WORKING = (
    '<span class="t-working" role="status" aria-label="The tutor is working">'
    "<span></span><span></span><span></span></span>"
)


def _said(content: str) -> Message:
    return {"role": "assistant", "content": content}


# ---- sources


def target(turn: int, n: int, passage: Passage) -> str:
    """The link that opens a passage: turn, number, and a check that it is still the same one."""
    return f"#passage-{turn}-{n}-{hashlib.sha256(passage.id.encode()).hexdigest()[:8]}"


def place(passage: Passage) -> str:
    """Where a passage stands, in words: "Lecture 9 · Decaying epsilon"."""
    lecture = f"Lecture {passage.lecture}" if passage.lecture is not None else passage.title
    heading = next((part for part in reversed(passage.heading) if part.strip()), "")
    return " · ".join(part for part in (lecture, markup.label(heading)) if part)


def locator(passage: Passage) -> str:
    """The file and the spot in it: "notebook.ipynb, cell 12", counted from 0 as everywhere in the tutor."""
    name = passage.path.rsplit("/", 1)[-1]
    spot = f", cell {passage.cell}" if passage.cell is not None else ""
    return name + spot + (f", {page_name(passage.path, passage.page)}" if passage.page is not None else "")


def sources_html(sources: Sequence[Passage], turn: int, cited: Collection[int] | None = None) -> str:
    """Numbered chips. Once the answer is finished, those that it does not name step back."""
    chips = []
    for n, passage in enumerate(sources, start=1):
        aside = " t-aside" if cited and n not in cited else ""
        title = html.escape(
            f"{passage.path}{'' if passage.cell is None else f', cell {passage.cell}'}", quote=True
        )
        chips.append(
            f'<a class="t-source{aside}" href="{target(turn, n, passage)}" title="{title}">'
            f"<b>{n}</b><span>{place(passage)}</span><i>{html.escape(locator(passage))}</i></a>"
        )
    return f'<div class="t-sources" role="group" aria-label="Sources">{"".join(chips)}</div>'


def notice_html(notice: Notice) -> str:
    """A sentence that the student should see. Its level is told by colour, and by a word for listeners."""
    level = notice.level if notice.level in ("info", "warning", "error") else "info"
    word = {"info": "", "warning": "Careful: ", "error": "Sorry: "}[level]
    hidden = f'<span class="t-hidden">{word}</span>' if word else ""
    role = ' role="alert"' if level == "error" else ""
    text = html.escape(notice.message).replace("\\", "&#92;").replace("\n", "<br>")
    text = re.sub(r"([*_`~\[\]])", lambda m: f"&#{ord(m[1])};", text)
    return f'<div class="t-notice t-{level}"{role}>{hidden}{text}</div>'
