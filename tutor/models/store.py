"""The chat models that can be had by name: listed for the command line, fetched with progress.

Built on `knowledge.weights`, which does the work for any pinned file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge.weights import PINS, Progress, UnknownWeightsError, WeightsError, WeightStore
from tutor.errors import ModelUnavailable
from tutor.models.spec import ModelSpec

DEFAULT = "qwen2.5-coder-1.5b"

_LABELS = {
    "qwen2.5-coder-1.5b": "Qwen2.5-Coder 1.5B",
    "qwen2.5-coder-0.5b": "Qwen2.5-Coder 0.5B",
    "smollm2-135m": "SmolLM2 135M",
}


@dataclass(frozen=True)
class ModelRow:
    """One line of `tutor model list`. `spec` is for TUTOR_MODEL, empty for weights that do not chat."""

    name: str
    spec: str
    use: str
    licence: str
    bytes: int
    here: bool
    path: Path | None
    note: str


def label_of(name: str) -> str:
    """What a model of the store is called by people."""
    return _LABELS.get(name, name)


def list_rows(store: WeightStore) -> list[ModelRow]:
    """Every known set of weights, with what is on this computer."""
    rows = []
    for pin in store.pins.values():
        path = store.path(pin.name)
        spec = "" if pin.is_folder else f"gguf:{pin.name}"
        rows.append(
            ModelRow(pin.name, spec, pin.use, pin.licence, pin.bytes, path is not None, path, pin.note)
        )
    return rows


def pull(store: WeightStore, name: str, progress: Progress | None = None) -> Path:
    """Fetch weights by name; `gguf:NAME` will do.

    Raises
    ------
    UnknownWeightsError
        No such name: a wrong call.
    ModelUnavailable
        They cannot be had; the message says why and what to do.
    """
    try:
        return store.fetch(name.strip().removeprefix("gguf:"), progress)
    except UnknownWeightsError:
        raise
    except WeightsError as error:
        raise ModelUnavailable(str(error)) from error


def gguf_path(spec: ModelSpec, store: WeightStore, progress: Progress | None = None) -> tuple[Path, str]:
    """The file that `gguf:NAME` or `gguf:FILE` means, fetched if need be, and its label ("" for a file)."""
    if spec.name in store.pins and not store.pins[spec.name].is_folder:
        return pull(store, spec.name, progress), f"{label_of(spec.name)} (on this computer)"
    path = Path(spec.name).expanduser()
    if path.exists() or path.suffix == ".gguf" or "/" in spec.name or "\\" in spec.name:
        return path, ""
    known = ", ".join(row.name for row in list_rows(store) if row.spec)
    raise ModelUnavailable(
        f"There is no model {spec.name!r} in the store and no such file. Use one of: {known}; or the path of "
        "a .gguf file."
    )


__all__ = ["DEFAULT", "PINS", "ModelRow", "gguf_path", "label_of", "list_rows", "pull"]
