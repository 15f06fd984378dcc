"""A lab's parameters as a form, and back: HTML out of the lab's own description, raw values into what labs take.

Pure functions. Nothing is checked here: what a student typed goes to the lab as it is, and the lab's own sentence
comes back. Each setting can hold one value or, opened with "several", a list of values to compare.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from labs.base import Lab
from labs.errors import BadPermalinkError
from labs.fields import ParamInfo, as_text
from labs.own_data import ENDINGS
from labs.permalink import PREFIX, parse_permalink, parse_value

WIDE_RANGE = 1e6  # a whole number with more values than this gets no slider (a seed)
LONG_TEXT = 200  # characters that may be typed, from which on a text gets several lines


def form_html(lab: Lab, first: Sequence[str], chosen: Mapping[str, Any]) -> str:
    """The form, filled with `chosen` over the defaults; the settings `first` on top, the others folded away.

    Where one of the others is chosen, they are unfolded: nothing that is set stays out of sight.
    """
    infos = {info.name: info for info in lab.parameters}
    top = [name for name in first if name in infos]
    rest = [name for name in infos if name not in top]
    shown = "".join(_field(infos[name], chosen) for name in top)
    more = "".join(_field(infos[name], chosen) for name in rest)
    opened = " open" if any(name in chosen for name in rest) else ""
    return (
        f'{shown}<details class="t-more"{opened}><summary>More settings <i>{len(rest)}</i></summary>'
        f'<div class="t-fields">{more}</div></details>'
    )


def label(name: str) -> str:
    """A parameter's name for a reader: "learning_rate" -> "Learning rate"."""
    words = name.replace("_", " ").replace("csv", "CSV file")
    return words[:1].upper() + words[1:]


def read_form(lab: Lab, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the form holds, as values for the lab; only what differs from the defaults.

    `raw` is `{name: {"value": text or list or bool, "several": bool}}`. Names that the lab does not have are passed
    on, so that the lab says so.
    """
    infos = {info.name: info for info in lab.parameters}
    values: dict[str, Any] = {}
    for name, entry in raw.items():
        info = infos.get(str(name))
        given = entry if isinstance(entry, Mapping) else {"value": entry}
        value = given.get("value")
        if info is not None:
            value = _several(info, value) if given.get("several") else _one(info, value)
        if info is None or not _same(value, lab.defaults.get(info.name)):
            values[str(name)] = value
    return values


def read_query(search: str) -> tuple[str, dict[str, Any]] | None:
    """The lab and the raw values that the page's address names (`?lab=bandit&arms=20`); None where it names none.

    Names that begin with two underscores are Gradio's own (`__theme=dark`) and no business of a lab.

    Raises
    ------
    BadPermalinkError
        For an address that names a lab and cannot be read further.
    """
    parts = [part for part in search.removeprefix("?").split("&") if part and not part.startswith("__")]
    labs = [part for part in parts if part.partition("=")[0] == "lab"]
    if not labs:
        return None
    if len(labs) > 1:
        raise BadPermalinkError(search, "it names more than one lab")
    rest = [part for part in parts if part is not labs[0]]
    named = labs[0].partition("=")[2]
    return parse_permalink(f"{PREFIX}{named}" + (f"?{'&'.join(rest)}" if rest else ""))


def query(permalink: str) -> str:
    """A run's link as the query of the page's address: `lab:bandit?seed=7` -> `?lab=bandit&seed=7`."""
    lab, _, rest = permalink.removeprefix(PREFIX).partition("?")
    return f"?lab={lab}" + (f"&{rest}" if rest else "")


# ---- values


def _one(info: ParamInfo, value: Any) -> Any:
    if info.kind == "list":
        if isinstance(value, list):
            return value
        return _items(info.item or info, str(value), info.optional)
    if isinstance(value, str) and info.kind in ("int", "float"):
        text = value.strip().replace("−", "-")
        return None if not text and info.optional else parse_value(text)
    if isinstance(value, str) and not value.strip() and info.optional:
        return None
    return value


def _several(info: ParamInfo, value: Any) -> Any:
    """A list of values to compare, as typed: "0.1, 1, none"."""
    items = _items(info, str(value), False) or []
    return items[0] if len(items) == 1 else items


def _items(info: ParamInfo, text: str, optional: bool) -> list[Any] | None:
    parts = [part.strip() for part in text.strip().removeprefix("[").removesuffix("]").split(",")]
    parts = [part for part in parts if part]
    if not parts and optional:
        return None
    if info.kind in ("text", "choice"):
        return [None if part == "none" and info.optional else part for part in parts]
    return [parse_value(part) for part in parts]


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, bool) != isinstance(default, bool):
        return False
    return bool(value == default)


# ---- fields


def _field(info: ParamInfo, chosen: Mapping[str, Any]) -> str:
    value = chosen.get(info.name, info.default)
    several = info.kind != "list" and isinstance(value, (list, tuple))
    if info.kind == "list" and info.choices:
        return _choices_field(info, value)
    ident = f"lab-{info.name}"
    control = _control(info, ident, info.default if several else value)
    unit = f" <i>{html.escape(info.unit)}</i>" if info.unit else ""
    toggle = ""
    if info.kind != "list" and info.name != "csv":
        listed = html.escape(", ".join(as_text(item) for item in value), quote=True) if several else ""
        name = label(info.name).lower()
        control += (
            f'<input class="t-list" type="text" id="{ident}-list" value="{listed}" autocomplete="off" '
            f'aria-label="Several values of {html.escape(name)}" placeholder="{_example(info)}">'
        )
        pressed = "true" if several else "false"
        toggle = (
            f'<button type="button" class="t-several" aria-pressed="{pressed}" '
            f'title="Run once for each of several values, and compare">Compare values</button>'
        )
    mode = " t-listing" if several else ""
    return (
        f'<div class="t-field{mode}" data-name="{info.name}" data-kind="{info.kind}">'
        f'<div class="t-name"><label for="{ident}">{html.escape(label(info.name))}{unit}</label>{toggle}</div>'
        f'{control}<p id="{ident}-help">{_help(info)}</p></div>'
    )


def _choices_field(info: ParamInfo, value: Any) -> str:
    ticked = [choice for choice in (value if isinstance(value, (list, tuple)) else [value]) if choice]
    others = [choice for choice in info.choices if choice not in ticked]
    boxes = "".join(  # those that are ticked first, in their order, which is the order of the run
        f'<label><input type="checkbox" value="{html.escape(str(choice), quote=True)}"'
        f"{' checked' if choice in ticked else ''}>{html.escape(_choice(info, str(choice)))}</label>"
        for choice in (*ticked, *others)
    )
    return (
        f'<fieldset class="t-field" data-name="{info.name}" data-kind="choices">'
        f"<legend>{html.escape(label(info.name))}</legend>"
        f'<div class="t-boxes">{boxes}</div><p>{html.escape(info.description)}</p></fieldset>'
    )


def _control(info: ParamInfo, ident: str, value: Any) -> str:
    described = f'id="{ident}" aria-describedby="{ident}-help"'
    if info.kind == "bool":
        checked = " checked" if value is True else ""
        return f'<input class="t-one t-switch" type="checkbox" role="switch" {described}{checked}>'
    if info.kind == "choice":
        known = value in info.choices
        odd = "" if known else f"<option selected>{html.escape(str(value))}</option>"
        options = "".join(
            f'<option value="{html.escape(choice, quote=True)}"{" selected" if choice == value else ""}>'
            f"{html.escape(_choice(info, choice))}</option>"
            for choice in info.choices
        )
        return f'<select class="t-one" {described}>{odd}{options}</select>'
    text = _text(info, value)
    empty = ' placeholder="none"' if info.optional else ""
    if info.kind in ("int", "float"):
        box = (
            f'<input class="t-number" type="text" inputmode="decimal" autocomplete="off" {described} '
            f'value="{text}"{empty}>'
        )
        return f'<div class="t-one t-slide">{_slider(info, ident)}{box}</div>'
    if info.name == "csv":
        return (
            f'<div class="t-one t-own"><input type="text" autocomplete="off" {described} value="{text}"{empty}>'
            f'<label class="t-quiet">Choose a file<input type="file" accept="{",".join(ENDINGS)}"></label></div>'
        )
    if info.kind == "text" and (info.max_items or LONG_TEXT) > LONG_TEXT:
        return f'<textarea class="t-one" rows="2" {described}{empty}>{text}</textarea>'
    return f'<input class="t-one" type="text" autocomplete="off" {described} value="{text}"{empty}>'


def _slider(info: ParamInfo, ident: str) -> str:
    """A slider from bound to bound, along a scale on which the default is not squeezed into a corner.

    `data-low` and `data-high` are its ends; `data-bend` is 0 for a scale of ratios, else the power of its course.
    """
    low, high = info.minimum, info.maximum
    if low is None or high is None or (info.kind == "int" and high - low > WIDE_RANGE):
        return ""
    usual = float(info.default) if isinstance(info.default, (int, float)) else (low + high) / 2
    bend = 1.0
    if info.scale == "log":
        bend, low = 0.0, low if low > 0 else min(usual or high, high) / 1000
    elif low < usual < high:
        bend = min(max(math.log((usual - low) / (high - low)) / math.log(0.5), 1.0), 4.0)
    name = html.escape(label(info.name).lower())
    return (
        f'<input type="range" min="0" max="1000" step="1" tabindex="0" aria-label="Slider of {name}" '
        f'data-for="{ident}" data-low="{low:g}" data-high="{high:g}" data-bend="{bend:.3g}" '
        f'data-whole="{int(info.kind == "int")}">'
    )


def _text(info: ParamInfo, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return html.escape(", ".join(as_text(item) for item in value), quote=True)
    return html.escape(as_text(value) if info.kind != "text" else str(value), quote=True)


def _help(info: ParamInfo) -> str:
    words = info.description
    if info.kind in ("int", "float") and info.minimum is not None and info.maximum is not None:
        if info.maximum - info.minimum <= WIDE_RANGE:
            words += f" {info.allowed[:1].upper()}{info.allowed[1:]}."
    elif info.kind == "list":
        words += " Separate several with commas."
    return html.escape(words)


def _choice(info: ParamInfo, choice: str) -> str:
    """A choice with what it is called in full: "gd" -> "gd: gradient descent"."""
    plain = choice.replace("_", " ")
    named = next(iter(info.choice_synonyms.get(choice, ())), "")
    return f"{plain}: {named}" if len(plain) <= 3 and named and named != plain else plain


def _example(info: ParamInfo) -> str:
    if info.kind == "bool":
        return "true, false"
    if info.kind == "choice":
        return html.escape(", ".join(info.choices[:2]), quote=True)
    if info.kind in ("int", "float") and isinstance(info.default, (int, float)) and info.default:
        return f"{info.default:g}, {2 * info.default:g}"
    return "one, another"
