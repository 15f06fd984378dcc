"""What a lab's parameters look like from outside: one description for the form, the router and the error
messages.

A lab declares each parameter with `param(...)`; `describe(Params)` gives back one `ParamInfo` per field, so
nobody else has to read JSON schema. Knows pydantic, knows nothing of any single lab.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

Kind = Literal["int", "float", "bool", "choice", "text", "list"]


def param(
    default: Any,
    description: str,
    *,
    unit: str | None = None,
    synonyms: Sequence[str] = (),
    choice_synonyms: Mapping[str, Sequence[str]] | None = None,
    scale: Literal["linear", "log"] = "linear",
    **bounds: Any,
) -> Any:
    """One parameter: its default, what it means in plain words, its bounds (`ge`, `gt`, `le`, `lt`,
    `min_length` ...).

    `synonyms` are what students call the parameter, `choice_synonyms` what they call its values, `unit` what
    it is measured in, and `scale="log"` is for sliders of quantities such as a learning rate.
    """
    extra: dict[str, Any] = {"synonyms": list(synonyms), "scale": scale}
    if unit:
        extra["unit"] = unit
    if choice_synonyms:
        extra["choice_synonyms"] = {choice: list(words) for choice, words in choice_synonyms.items()}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class ParamInfo:
    """One parameter, described. For `kind="list"`, `item` describes what is in the list."""

    name: str
    kind: Kind
    default: Any
    description: str
    optional: bool = False  # may be None
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False  # the minimum itself is not allowed
    below: bool = False  # the maximum itself is not allowed
    choices: tuple[str, ...] = ()
    unit: str | None = None
    synonyms: tuple[str, ...] = ()
    choice_synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scale: str = "linear"
    item: ParamInfo | None = None
    min_items: int = 0
    max_items: int | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words: "a whole number from 2 to 100", "one of gd, ols"."""
        words = self._allowed_one()
        return f"{words}, or none" if self.optional else words

    def _allowed_one(self) -> str:
        if self.kind == "list" and self.item is not None:
            size = f"{max(self.min_items, 1)} to {self.max_items}" if self.max_items else "one or more"
            return f"a list of {size} values, each {self.item.allowed}"
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        if self.kind == "bool":
            return "true or false"
        if self.kind == "text":
            return f"text of at most {self.max_items} characters" if self.max_items else "text"
        noun = "a whole number" if self.kind == "int" else "a number"
        low, high = self.minimum, self.maximum
        low_words = None if low is None else (f"above {low:g}" if self.above else f"from {_n(low)}")
        high_words = None if high is None else (f"below {high:g}" if self.below else f"to {_n(high)}")
        if low_words and high_words:
            joint = " and up " if self.above and not self.below else " and " if self.above else " "
            return f"{noun} {low_words}{joint}{high_words}"
        if low_words:
            return f"{noun} {low_words} up" if not self.above else f"{noun} {low_words}"
        return f"{noun} up {high_words}" if high_words else noun

    def nearest(self, value: Any) -> Any:
        """An allowed value close to what was sent; the default where closeness means nothing."""
        if self.kind == "list" and self.item is not None:
            items = value if isinstance(value, (list, tuple)) else [value]
            close = [self.item.nearest(item) for item in items][: self.max_items]
            return (
                list(dict.fromkeys(close))
                if len(close) >= max(self.min_items, 1)
                else list(self.default or ())
            )
        if self.kind not in ("int", "float") or isinstance(value, bool):
            return self.default
        if not isinstance(value, (int, float)) or value != value:
            return self.default
        low, high = self.minimum, self.maximum
        if high is not None and (value >= high if self.below else value > high):
            return self.default if self.below else _like(high, self.kind)
        if low is not None and (value <= low if self.above else value < low):
            return self.default if self.above else _like(low, self.kind)
        return round(value) if self.kind == "int" else value


def describe(params: type[BaseModel]) -> tuple[ParamInfo, ...]:
    """Every field of a parameter model, in the order in which it is declared."""
    return tuple(_describe(name, info) for name, info in params.model_fields.items())


def as_text(value: Any) -> str:
    """A parameter value the way it is typed on the command line and in links: 0.1, ols, [0,0.1], none."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(as_text(item) for item in value)}]"
    return json.dumps(value)


def _describe(name: str, info: FieldInfo) -> ParamInfo:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    bounds: dict[str, Any] = {"min_items": 0, "max_items": None, **_limits(info.metadata)}
    annotation, optional = _without_none(info.annotation)
    kind, choices, item = _kind(annotation, name, info.description or "", extra)
    default = info.get_default(call_default_factory=True)
    words: Any = extra.get("choice_synonyms", {})
    return ParamInfo(
        name=name,
        kind=kind,
        default=list(default) if isinstance(default, tuple) else default,
        description=info.description or "",
        optional=optional,
        choices=choices,
        unit=extra.get("unit"),  # type: ignore[arg-type]
        synonyms=tuple(extra.get("synonyms", ())),  # type: ignore[arg-type]
        choice_synonyms={choice: tuple(names) for choice, names in words.items()},
        scale=str(extra.get("scale", "linear")),
        item=item,
        **bounds,
    )


def _kind(
    annotation: Any, name: str, description: str, extra: Mapping[str, Any]
) -> tuple[Kind, tuple[str, ...], ParamInfo | None]:
    origin = get_origin(annotation)
    if origin in (tuple, list):
        inner = FieldInfo.from_annotation(get_args(annotation)[0])
        inner.description = description
        inner.json_schema_extra = {"choice_synonyms": extra.get("choice_synonyms", {})}
        inner.default = None
        item = _describe(name, inner)
        return "list", item.choices, item
    if origin is Literal:
        return "choice", tuple(str(choice) for choice in get_args(annotation)), None
    plain: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return plain[annotation], (), None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        inside = [part for part in get_args(annotation) if part is not type(None)]
        return inside[0], len(inside) < len(get_args(annotation))
    return annotation, False


def _limits(metadata: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for rule in metadata:
        if isinstance(rule, annotated_types.Ge):
            found["minimum"] = rule.ge
        elif isinstance(rule, annotated_types.Gt):
            found.update(minimum=rule.gt, above=True)
        elif isinstance(rule, annotated_types.Le):
            found["maximum"] = rule.le
        elif isinstance(rule, annotated_types.Lt):
            found.update(maximum=rule.lt, below=True)
        elif isinstance(rule, annotated_types.MinLen):
            found["min_items"] = rule.min_length
        elif isinstance(rule, annotated_types.MaxLen):
            found["max_items"] = rule.max_length
    return found


def _n(number: float) -> str:
    """A bound in full, since 2147483647 must not read 2.14748e+09."""
    return str(int(number)) if float(number).is_integer() else f"{number:g}"


def _like(number: float, kind: Kind) -> float | int:
    return int(number) if kind == "int" else float(number)
