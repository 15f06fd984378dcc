"""A lab's parameters as JSON schema: for tools, for programs that call the command line."""

from __future__ import annotations

from typing import Any

from labs.base import Lab
from labs.fields import ParamInfo


def lab_schema(lab: Lab) -> dict[str, Any]:
    """JSON schema of a lab's parameters, none of them required, each single value also allowed as a list."""
    return {
        "type": "object",
        "properties": {info.name: _property(info) for info in lab.parameters},
        "additionalProperties": False,
    }


def _property(info: ParamInfo) -> dict[str, Any]:
    one = _one(info)
    described = {"description": f"{info.description} Allowed: {info.allowed}. Default: {info.default}."}
    if info.kind == "list":
        return {**one, **described}
    return {"anyOf": [one, {"type": "array", "items": one}], **described}


def _one(info: ParamInfo) -> dict[str, Any]:
    if info.kind == "list" and info.item is not None:
        return {"type": "array", "items": _one(info.item)}
    if info.kind == "choice":
        return {"type": "string", "enum": list(info.choices)}
    schema: dict[str, Any] = {
        "type": {"int": "integer", "float": "number", "bool": "boolean", "text": "string"}[info.kind]
    }
    if info.kind in ("int", "float"):
        if info.minimum is not None:
            schema["exclusiveMinimum" if info.above else "minimum"] = info.minimum
        if info.maximum is not None:
            schema["exclusiveMaximum" if info.below else "maximum"] = info.maximum
    return schema


def short_schema(lab: Lab) -> dict[str, Any]:
    """The same for a chat model, which reads the schemas of all labs with every message: each parameter in one line.

    No types: a value may be single or a list, and the lab itself refuses what it cannot take, in words.
    """
    return {"type": "object", "properties": {info.name: _line(info) for info in lab.parameters}}


def _line(info: ParamInfo) -> dict[str, Any]:
    allowed = info.allowed.removeprefix("a ").replace("whole number", "whole").replace("number from ", "")
    if info.name == "seed":
        return {"description": "fixes every random draw"}
    return {"description": f"{info.description.rstrip('.')}; {allowed}; default {info.default}"}
