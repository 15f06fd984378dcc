"""`tutor ask`, `tutor search`, `tutor route`: one turn, retrieval alone, understanding alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from knowledge.search import KnowledgeBase
from labs.registry import LABS
from tutor.commands.figures import save_figures
from tutor.commands.output import Progress, WrongCallError, put_json, say, tell
from tutor.events import Done, LabFinished, LabProgress, LabStarted, Notice, Text
from tutor.places import page_name
from tutor.plain import answer_json, passage_json
from tutor.planning.conversation import plan_last
from tutor.planning.past_runs import PastRuns
from tutor.planning.router import Router
from tutor.settings import Settings
from tutor.turns.wording import place
from tutor.tutor import Tutor


def in_course(settings: Settings, session: str, asked: str | None, course: str) -> Settings:
    """The settings for going on with a conversation: it stays in the course in which it began.

    `asked` is the course that the command named, `course` the one of the conversation; "" is the default one.
    """
    if asked is not None and (settings.course or "") != course:
        began = f"the course {course!r}" if course else "the default course"
        raise WrongCallError(
            f"The conversation {session!r} began in {began}. Leave out --course, or begin another one."
        )
    return settings.model_copy(update={"course": course or None})


def ask(tutor: Tutor, question: str, session: str, figures: Path, as_json: bool) -> int:
    """One turn. Exit status 1 where the turn failed, 2 where the message itself could not be used."""
    progress = Progress(quiet=as_json)
    done: Done | None = None
    streamed = ""
    pictures: dict[int, dict[str, str]] = {}
    finished = 0
    for event in tutor.reply(question, session):
        if isinstance(event, Text) and not as_json:
            progress.clear()
            streamed += event.delta
            print(event.delta, end="", flush=True)
        elif isinstance(event, LabStarted) and not as_json:
            tell(f"Running: {event.title}")
        elif isinstance(event, LabProgress):
            progress(event.fraction, event.message)
        elif isinstance(event, LabFinished):
            progress.clear()
            pictures[finished] = save_figures(event.result, figures / event.run_id)
            finished += 1
        elif isinstance(event, Notice):
            progress.clear()
            tell(event.message)
        elif isinstance(event, Done):
            done = event
    assert done is not None
    if as_json:
        put_json(answer_json(done, {n: list(files.values()) for n, files in pictures.items()}))
    else:
        _print_rest(done, streamed, pictures)
    if done.failed:
        return 2 if done.seconds == 0.0 else 1
    return 0


def _print_rest(done: Done, streamed: str, pictures: dict[int, dict[str, str]]) -> None:
    if streamed.strip() != done.answer.strip() and done.answer and not done.failed:
        say(f"\n\nChecked answer:\n{done.answer}")
    elif streamed:
        say("")
    for number, passage in enumerate(done.sources, start=1):
        where = f", {page_name(passage.path, passage.page)}" if passage.page is not None else ""
        say(f"[{number}] {place(passage)}: {passage.path}{where}")
    for index, result in enumerate(done.results):
        say("\n" + "\n".join(f"{name} = {value:.6g}" for name, value in result.metrics.items()))
        for path in pictures.get(index, {}).values():
            say(f"picture: {path}")


def search(base: KnowledgeBase, query: str | None, file: Path | None, k: int, as_json: bool) -> int:
    """Retrieval alone: one query, or a JSON line for each line of a file."""
    if file is not None:
        for line in _lines(file, "question"):
            found = base.search(str(line["question"]), k=k)
            put_json({"id": line.get("id"), "chunks": [passage_json(p) for p in found]})
        return 0
    found = base.search(_given(query, "search"), k=k)
    if as_json:
        put_json({"query": query, "chunks": [passage_json(p) for p in found]})
        return 0
    for number, passage in enumerate(found, start=1):
        say(f"[{number}] {place(passage)}: {passage.path} (score {passage.score:.3f})")
        say("    " + " ".join(passage.text.split())[:240])
    if not found:
        say("Nothing found.")
    return 0


def route(router: Callable[[], Router], text: str | None, file: Path | None, as_json: bool) -> int:
    """What would be done with a message, or with the last turn of each line of a file."""
    past = cache(lambda: PastRuns(LABS))
    if file is not None:
        for line in _lines(file, "turns"):
            turns = line["turns"]
            if not isinstance(turns, list) or not turns or not all(isinstance(t, str) for t in turns):
                raise WrongCallError(
                    f'In {file}, "turns" of {line.get("id")!r} must be a list of at least one text.'
                )
            plan = plan_last(turns, router(), LABS, past())
            put_json({"id": line.get("id"), **plan_json(plan)})
        return 0
    plan = plan_last([_given(text, "route")], router(), LABS, past())
    if as_json:
        put_json(plan_json(plan))
        return 0
    say(f"intent: {plan.intent}")
    if plan.lab:
        say(f"lab: {plan.lab}")
        for name, value in plan.parameters.items():
            say(f"  {name} = {json.dumps(value, ensure_ascii=False)}")
    return 0


def plan_json(plan: Any) -> dict[str, Any]:
    is_lab = plan.intent == "lab"
    return {
        "intent": plan.intent,
        "lab": plan.lab if is_lab else None,
        "parameters": dict(plan.parameters) if is_lab else {},
    }


def _given(text: str | None, command: str) -> str:
    if text is None or not text.strip():
        raise WrongCallError(
            f'Nothing to work on. Give a text in quotes, as in: tutor {command} "why do we decay epsilon?"'
        )
    return text


def _lines(file: Path, field: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a .jsonl file, each of which must have `field`."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise WrongCallError(
            f"{file} cannot be read ({reason}). Give a file with one JSON object a line."
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise WrongCallError(
                f"Line {number} of {file} is not JSON ({error.msg}). Each line must be one object."
            ) from error
        if not isinstance(value, dict) or field not in value:
            raise WrongCallError(
                f'Line {number} of {file} has no "{field}". Each line must have "id" and "{field}".'
            )
        yield value
