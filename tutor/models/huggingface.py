"""Hugging Face models in their native format, through transformers and torch, on a GPU where there is one.

A thin `BaseChatModel` of our own: LangChain's local pipeline drops bound tools, refuses conversations that
do not end with the user, and goes on computing after its consumer has stopped. Here a stream that is
closed stops the computation at the next token. Only safetensors weights are loaded and no code of a
model's author is run.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from tutor.errors import BadSpecError, ModelError, ModelUnavailable
from tutor.models.base import CAPABLE_PARAMETERS, LoadedModel
from tutor.models.line import ModelLine
from tutor.models.spec import ModelSpec
from tutor.settings import Settings

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 512
_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]


class TransformersChat(BaseChatModel):
    """A causal language model and its tokenizer as a chat model. One answer at a time; others wait."""

    context_tokens: int = CONTEXT_TOKENS
    answer_tokens: int = ANSWER_TOKENS
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, model: Any, tokenizer: Any, **fields: Any) -> None:
        super().__init__(**fields)
        self._model = model
        self._tokenizer = tokenizer

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._lock:
            for piece in self._pieces(messages, stop or [], kwargs.get("max_tokens") or self.answer_tokens):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk

    def _pieces(self, messages: list[BaseMessage], stop: list[str], limit: int) -> Iterator[str]:
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        inputs = self._encode(messages)
        room = self.context_tokens - inputs["input_ids"].shape[1]
        if room < 16:
            raise ModelError(
                "This conversation is too long for the model. Start a new one, or ask more briefly."
            )
        stopped = threading.Event()
        failure: list[BaseException] = []
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)

        def generate() -> None:
            try:
                self._model.generate(
                    **inputs,
                    streamer=streamer,
                    max_new_tokens=min(limit, room),
                    do_sample=False,
                    pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                    stopping_criteria=StoppingCriteriaList([_StopWhen(stopped)]),
                    **({"stop_strings": stop, "tokenizer": self._tokenizer} if stop else {}),
                )
            except BaseException as error:  # carried over to the thread that asked
                failure.append(error)
                streamer.end()

        worker = threading.Thread(target=generate, name="transformers", daemon=True)
        worker.start()
        try:
            for text in streamer:
                if text:
                    yield text
        finally:
            stopped.set()
            worker.join()
        if failure:
            raise _explain_failure(failure[0]) from failure[0]

    def _encode(self, messages: list[BaseMessage]) -> Any:
        turns = as_turns(messages)
        options = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
        if not self._tokenizer.chat_template:
            text = "\n".join(f"{turn['role'].title()}: {turn['content']}" for turn in turns) + "\nAssistant:"
            return self._tokenizer(text, return_tensors="pt").to(self._model.device)
        from jinja2.exceptions import TemplateError

        try:
            encoded = self._tokenizer.apply_chat_template(turns, **options)
        except TemplateError:  # some templates know no system role
            encoded = self._tokenizer.apply_chat_template(_without_system(turns), **options)
        return encoded.to(self._model.device)


class _StopWhen:
    """Ends the generation when the event is set; transformers asks after every token."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        return torch.full((input_ids.shape[0],), self._stopped.is_set(), device=input_ids.device)


def as_turns(messages: list[BaseMessage]) -> list[dict[str, str]]:
    """LangChain's messages as a chat template wants them: roles alternate, tool results are the user's."""
    turns: list[dict[str, str]] = []
    for message in messages:
        if isinstance(message, SystemMessage):
            role = "system"
        else:
            role = "assistant" if isinstance(message, AIMessage) else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += "\n\n" + message.text
        else:
            turns.append({"role": role, "content": message.text})
    return turns


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [dict(turn) for turn in turns if turn["role"] != "system"]
    if rest and system:
        rest[0]["content"] = f"{system}\n\n{rest[0]['content']}"
    return rest


# --- Finding and loading ---


def load(
    spec: ModelSpec, settings: Settings, progress: Callable[[int, int, str], None] | None = None
) -> LoadedModel:
    """Load the model in a folder, or that of the Hugging Face hub with this name.

    Raises
    ------
    ModelUnavailable
        When the folder or the model is not there, is not complete, does not fit, or the hub does not answer.
    """
    folder = find_folder(spec.name, settings.offline, progress)
    if progress:
        progress(0, 0, f"loading {spec.name}")
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    device, dtype = _device_and_type(torch)
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True, **options)
        model = model.to(device).eval()  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, MemoryError, SafetensorError) as error:
        raise _explain_failure(error, spec.name) from error
    trained = getattr(model.config, "max_position_embeddings", None) or CONTEXT_TOKENS
    context = min(settings.context_tokens or CONTEXT_TOKENS, trained)
    held = [TransformersChat(model, tokenizer, context_tokens=context)]

    def close() -> None:
        for chat in held:
            chat._model = chat._tokenizer = None
        held.clear()
        gc.collect()

    return LoadedModel(
        spec=spec,
        chat=held[0],
        label=f"{Path(spec.name).name} (on this computer)",
        tool_calls=False,
        context_tokens=context,
        capable=model.num_parameters() >= CAPABLE_PARAMETERS,
        line=ModelLine(1),
        _close=close,
    )


def find_folder(
    name: str, offline: bool = False, progress: Callable[[int, int, str], None] | None = None
) -> Path:
    """The folder of a model: the one named, else the hub's cache, else what the hub sends."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelUnavailable(
                f"The folder {str(folder)!r} has no config.json, so it is not a Hugging Face model. "
                "Name the folder that holds config.json and the .safetensors files."
            )
        return folder
    if folder.is_file():
        raise ModelUnavailable(f"{name!r} is a file. For a .gguf file use gguf:{name}; hf: wants a folder.")
    if name.startswith((".", "/", "~", "\\")) or name.count("/") > 1:
        raise ModelUnavailable(f"There is no folder {name!r}. Check the path after hf:.")
    if name.count("/") != 1:
        raise BadSpecError(f"hf:{name}", "names neither a folder nor ORG/NAME on the Hugging Face hub")
    return _from_hub(name, offline, progress)


def _from_hub(name: str, offline: bool, progress: Callable[[int, int, str], None] | None) -> Path:
    from huggingface_hub import hf_hub_url, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.errors import RepositoryNotFoundError as NotThere

    from knowledge.downloads import hub_answers

    try:
        kept = Path(snapshot_download(name, allow_patterns=_WANTED, local_files_only=True))
        if (kept / "config.json").is_file() and any(kept.glob("*.safetensors")):
            return kept
    except (LocalEntryNotFoundError, OSError, ValueError):
        pass
    if offline:
        raise ModelUnavailable(
            f"The model {name} is not on this computer and TUTOR_OFFLINE is set. Unset it once."
        )
    # the hub's client tries for 23 s before it gives up: ask first whether anybody is there
    if not hub_answers(hf_hub_url(name, "config.json")):
        raise ModelUnavailable(
            f"The model {name} is not on this computer and the Hugging Face hub does not answer. "
            "Check the network, or name a folder with hf:FOLDER."
        )
    if progress:
        progress(0, 0, f"downloading {name}")
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED))
    except GatedRepoError as error:
        raise ModelUnavailable(
            f"The model {name} needs its licence accepted on the hub, and HF_TOKEN set."
        ) from error
    except NotThere as error:
        raise ModelUnavailable(
            f"The Hugging Face hub has no model {name}. Check the name after hf:."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise ModelUnavailable(
            f"The model {name} could not be downloaded from the hub. Try again."
        ) from error


def _device_and_type(torch: Any) -> tuple[str, Any]:
    """A GPU if there is one. On a processor bf16 is fast where it is built in, and slow where it is not."""
    if torch.cuda.is_available():
        return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if torch.backends.mps.is_available():
        return "mps", torch.float16
    return "cpu", torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32


def _explain_failure(error: BaseException, name: str = "") -> ModelError:
    what = f"The model {name}" if name else "The model"
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate" in text:
        return ModelUnavailable(
            f"{what} does not fit in memory. Close other programs, or pick a smaller model."
        )
    if "safetensors" in text.lower() and ("no file named" in text or "Error no file" in text):
        return ModelUnavailable(f"{what} has no .safetensors weights. Download the whole model again.")
    if "SafetensorError" in text or "Incomplete" in text or "deserializing" in text:
        return ModelUnavailable(f"{what} is damaged or cut short. Download it again.")
    if "trust_remote_code" in text:
        return ModelUnavailable(f"{what} needs code of its author, which is not run. Pick another model.")
    if not name:
        return ModelError(f"{what} stopped with an unexpected error ({type(error).__name__}). Try again.")
    return ModelUnavailable(f"{what} cannot be loaded ({text.splitlines()[0][:160]}). Pick another model.")
