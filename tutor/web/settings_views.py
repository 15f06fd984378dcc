"""The settings room as HTML: cards with forms whose script is assets/settings.js. Pure functions."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from knowledge.paths import DEFAULT
from tutor.models.choice import SERVER, Choice
from tutor.owners import Erased
from tutor.teaching.modes import MODES
from tutor.web import render
from tutor.web.status import busy

_STATES = {
    "ready": "Ready",
    "downloading": "Downloading",
    "loading": "Loading",
    "failed": "Not available",
    "none": "None in use",
}


def said_html(text: str, level: str = "info") -> str:
    """A sentence that answers what was just done."""
    notice = render.notice_html(render.Notice(text, level))
    return f'<div class="t-said" role="status">{_template(notice)}</div>'


# ---- the model


def model_html(status: Any, current: Any, why: str, trouble: str, said: str = "") -> str:
    """Which model answers, how it stands, why it was taken; and why the one asked for last cannot be had."""
    state = status.state if status.state in _STATES else "none"
    name = "No language model" if current.spec.kind == "none" else current.label
    bar = ""
    if busy(status):
        percent = round(100 * status.fraction)
        bar = (
            f'<div class="t-fetch"><progress max="100" value="{percent}" aria-label="Progress of the model">'
            f"</progress><span>{_safe(status.message)}{f' ({percent}%)' if percent else ''}</span></div>"
        )
    failed = render.notice_html(render.Notice(trouble, "error")) if trouble and not busy(status) else ""
    waiting = ' data-busy="true"' if busy(status) else ""
    return _card(
        "Model",
        f'<div class="t-model"{waiting}><p class="t-model-name"><b>{_safe(name)}</b>'
        f'<span class="t-pill t-{state}"><span class="t-dot"></span>{_STATES[state]}</span></p>'
        f'<p class="t-note">{_safe(why)}</p>{bar}{_template(failed)}{said}</div>',
    )


def model_form_html(offered: Sequence[Choice], wanted: str, chosen_here: bool) -> str:
    """The form to take another model: for teachers, and for whoever sits at this computer."""
    options = "".join(_option(one, one.value == wanted) for one in offered)
    shown = "" if wanted == SERVER else " hidden"
    until = (
        "The choice holds until the tutor is started again. To keep it, set TUTOR_MODEL (and OPENAI_BASE_URL, "
        "OPENAI_API_KEY) in the file .env."
    )
    fields = (
        _field("address", "Address", "http://localhost:11434/v1", "Empty for OpenAI itself.", "url")
        + _field("name", "Model", "qwen2.5:7b", "Empty for the first model that the server offers.", "text")
        + _field(
            "key",
            "Key",
            "",
            "Kept in memory only, until the tutor ends. Empty where none is wanted.",
            "password",
        )
    )
    return _card(
        "Use another model",
        f'<form class="t-model-form" data-settings="model" novalidate>'
        f'<fieldset class="t-choices"><legend class="t-hidden">Model</legend>{options}</fieldset>'
        f'<div class="t-server"{shown}>{fields}</div>'
        f'<div class="t-acts"><button type="submit" class="t-act t-main">Use this model</button></div>'
        f'<p class="t-note">{until}</p></form>',
    )


def _option(one: Choice, checked: bool) -> str:
    size = ""
    if one.bytes:
        size = f" {_size(one.bytes)}, " + ("on this computer." if one.here else "to be downloaded first.")
    return _radio("model", one.value, one.title, f"{one.line}{size}", checked)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _field(name: str, label: str, example: str, help_: str, kind: str) -> str:
    complete = "off" if kind != "password" else "new-password"
    return (
        f'<div class="t-field"><label for="model-{name}">{label}</label>'
        f'<input id="model-{name}" name="{name}" type="{kind}" placeholder="{example}" autocomplete="{complete}" '
        f'spellcheck="false" maxlength="500" aria-describedby="model-{name}-help">'
        f'<small id="model-{name}-help">{help_}</small></div>'
    )


# ---- teaching, theme, course


def teaching_html(mode: str, predict: bool, said: str = "") -> str:
    options = "".join(_radio("mode", one.id, one.title, one.line, one.id == mode) for one in MODES)
    checked = " checked" if predict else ""
    return _card(
        "How I teach",
        f'<fieldset class="t-choices" data-settings="mode"><legend class="t-hidden">Teaching mode</legend>'
        f"{options}</fieldset>"
        f'<label class="t-switch"><input type="checkbox" role="switch" data-settings="predict"{checked}>'
        "<span><b>Predict before a run</b><small>I ask what you expect before I run an experiment, and then show how "
        "close you came.</small></span></label>"
        f'<p class="t-kept" role="status">{_safe(said)}</p>',
    )


def course_html(here: str, coming: str, names: Sequence[str], begun: bool = False, said: str = "") -> str:
    """The course that this conversation is in, and the choice for those to come where there are several.

    `here` and `coming` are "" for the default course; `begun`: something was said in this conversation.
    """
    note = '<p class="t-note">The course room shows what is in it.</p>'
    if len(names) < 2:
        return _card("Course", f'<p class="t-model-name"><b>{_course_name(here)}</b></p>{note}{said}')
    options = "".join(
        _radio("course", name, _plain_course(name), _course_line(name), name == (coming or DEFAULT))
        for name in names
    )
    stays = ""
    if begun and here != coming:
        began, then = (_safe(_plain_course(name or DEFAULT)) for name in (here, coming))
        stays = (
            f'<p class="t-kept" role="status">This conversation stays in <b>{began}</b>, in which it began; '
            f"the next one is about <b>{then}</b>.</p>"
            '<div class="t-acts"><button type="button" class="t-act t-main" data-course-begin>'
            "Begin a new conversation</button></div>"
        )
    return _card(
        "Course",
        f'<fieldset class="t-choices" data-settings="course" data-coming="{_safe(coming)}">'
        f'<legend class="t-note">What new conversations are about</legend>{options}</fieldset>{stays}{said}',
    )


def _plain_course(name: str) -> str:
    return "Machine learning" if name == DEFAULT else name


def _course_name(name: str) -> str:
    return "The machine-learning course that comes with the tutor" if name in ("", DEFAULT) else _safe(name)


def _course_line(name: str) -> str:
    return "The course that comes with the tutor." if name == DEFAULT else "Added on this computer."


def data_html(said: str = "", done: bool = False) -> str:
    """What is kept of a visitor, and the button that removes it, which asks once more. `done`: it has."""
    ready = ' data-erased="true"' if done else ""
    return _card(
        "Your data",
        '<p class="t-note">Conversations, lab runs, quiz answers, predictions, your choices and the CSV files that you '
        "added are kept on the computer that runs the tutor, for you alone. The theme is kept in this browser.</p>"
        f'<div class="t-acts" data-settings="erase"{ready}>'
        '<button type="button" class="t-act t-danger" data-erase="ask">Clear my data</button>'
        '<span class="t-sure" hidden><span>This cannot be undone.</span>'
        '<button type="button" class="t-act t-danger" data-erase="yes">Yes, clear everything</button>'
        f'<button type="button" class="t-act" data-erase="no">Keep it</button></span></div>{said}',
    )


def erased_words(erased: Erased) -> str:
    """What was removed: "2 conversations, 5 quiz answers and 1 file (marks.csv) were removed."."""
    names = (
        ("sessions", "conversation", "conversations"),
        ("answers", "quiz answer", "quiz answers"),
        ("predictions", "prediction", "predictions"),
        ("lab_runs", "lab run", "lab runs"),
        ("feedback", "note to the teacher", "notes to the teacher"),
    )
    parts = [
        f"{n} {one if n == 1 else many}" for table, one, many in names if (n := erased.rows.get(table, 0))
    ]
    if erased.files:
        count = len(erased.files)
        parts.append(f"{count} {'file' if count == 1 else 'files'} ({', '.join(erased.files)})")
    if not parts:
        return "There was nothing to remove: no conversation, no run, no answer, no file."
    listed = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    total = sum(erased.rows.get(table, 0) for table, _, _ in names) + len(erased.files)
    return f"{listed} {'was' if total == 1 else 'were'} removed for good. Your next message begins anew."


# ---- pieces


def _card(title: str, inside: str) -> str:
    return f'<section class="t-card"><h2>{title}</h2>{inside}</section>'


def _radio(group: str, value: str, title: str, line: str, checked: bool) -> str:
    on = " checked" if checked else ""
    return (
        f'<label class="t-choice"><input type="radio" name="t-{group}" value="{_safe(value)}"{on}>'
        f"<span><b>{_safe(title)}</b><small>{_safe(line)}</small></span></label>"
    )


def _safe(text: str) -> str:
    return _template(html.escape(text, quote=True))


def _template(markup: str) -> str:
    """Gradio's templates read dollars and braces."""
    return markup.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;")


THEME = _card(
    "Look",
    '<fieldset class="t-choices t-row" data-settings="theme"><legend class="t-hidden">Theme</legend>'
    + _radio("theme", "system", "System", "As this device is set.", False)
    + _radio("theme", "light", "Light", "Dark on white.", False)
    + _radio("theme", "dark", "Dark", "Easy on the eyes at night.", False)
    + "</fieldset>",
)
