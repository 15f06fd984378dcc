"""A whole `LabResult` as JSON and back, arrays included: for saved conversations and for answers between programs.

`LabResult.to_dict()` is the small form, for people; this one loses nothing. Only the types of this package can come
back, so reading a stored result never runs anything.
"""

from __future__ import annotations

import base64
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from labs import charts
from labs.base import Finding, LabResult, Table

_TYPES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        LabResult,
        Table,
        Finding,
        charts.Chart,
        charts.Panel,
        *charts.Layer.__args__,  # type: ignore[attr-defined]
    )
}
_NUMERIC = "biuf"


def result_to_json(result: LabResult) -> dict[str, Any]:
    """Plain JSON types; floating arrays are kept in single precision, which no plot can tell from double."""
    encoded = _encode(result)
    assert isinstance(encoded, dict)
    return encoded


def result_from_json(data: dict[str, Any]) -> LabResult:
    """The result that `result_to_json` was given.

    Raises
    ------
    ValueError
        When `data` was not made by `result_to_json` of this version.
    """
    try:
        result = _decode(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is not a stored lab result: {error}") from error
    if not isinstance(result, LabResult):
        raise ValueError(f"this is not a stored lab result but {type(result).__name__}")  # noqa: TRY004 - bad data, not a bad call
    return result


def _encode(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        if name not in _TYPES:
            raise TypeError(f"{name} cannot be stored")
        return {"$type": name, **{f.name: _encode(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _NUMERIC:
            return {"$list": value.tolist()}
        array = value.astype("<f4") if value.dtype.kind == "f" else value
        return {
            "$array": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii"),
            "dtype": array.dtype.str,
            "shape": list(array.shape),
        }
    if isinstance(value, np.generic):
        return _encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item) for item in value]}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _encode(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$type" in value:
        cls = _TYPES[value["$type"]]
        known = {f.name for f in fields(cls)}
        return cls(**{name: _decode(item) for name, item in value.items() if name in known})
    if "$array" in value:
        raw = np.frombuffer(base64.b64decode(value["$array"]), dtype=np.dtype(value["dtype"]))
        return raw.reshape(value["shape"]).copy()
    if "$list" in value:
        return np.asarray(value["$list"])
    if "$float" in value:
        return float(value["$float"])
    if "$tuple" in value:
        return tuple(_decode(item) for item in value["$tuple"])
    return {name: _decode(item) for name, item in value.items()}
