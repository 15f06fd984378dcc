"""One door to every chat model: `make_model(spec, settings, store)`.

No SDK is imported until its model is chosen.
"""

from __future__ import annotations

from knowledge.weights import WeightStore
from tutor.errors import ModelError
from tutor.models.base import LoadedModel, Progress, no_model
from tutor.models.spec import ModelSpec, parse_spec
from tutor.models.store import DEFAULT, gguf_path
from tutor.settings import Settings

HOW_TO_GET_ONE = (
    f"To get one, run: tutor model pull {DEFAULT} (1.1 GB), or set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
    "server of your own."
)


def make_model(
    spec: ModelSpec | str, settings: Settings, store: WeightStore, progress: Progress | None = None
) -> LoadedModel:
    """Make a chat model ready to answer; may download and load for minutes, telling `progress`.

    `auto` is a model server where a key or an address is set, else the embedded default, else no model,
    with the reason in `note`.

    Raises
    ------
    BadSpecError
        When `spec` does not name a model.
    ModelError
        When the model that was asked for cannot be had; the message says what to do.
    """
    wanted = parse_spec(spec) if isinstance(spec, str) else spec
    match wanted.kind:
        case "none":
            return no_model(wanted)
        case "openai":
            from tutor.models import openai

            return openai.load(wanted, settings)
        case "hf":
            from tutor.models import huggingface

            return huggingface.load(wanted, settings, progress)
        case "gguf":
            path, label = gguf_path(wanted, store, progress)
            if progress:
                progress(0, 0, f"loading {wanted.name}")
            from tutor.models import llamacpp

            return llamacpp.load(wanted, path, settings, label)
    return _automatic(settings, store, progress)


def _automatic(settings: Settings, store: WeightStore, progress: Progress | None) -> LoadedModel:
    if settings.openai_api_key or settings.openai_base_url:
        return make_model(ModelSpec("openai"), settings, store, progress)
    try:
        return make_model(ModelSpec("gguf", DEFAULT), settings, store, progress)
    except ModelError as error:
        return no_model(ModelSpec("auto"), note=str(error))
