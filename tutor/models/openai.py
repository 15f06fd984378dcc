"""Models behind OpenAI's protocol: OpenAI itself, any compatible server, and the llama.cpp server on this
computer.

The only file that knows the `openai` SDK. Every failure is mapped here, in `explain`, to a sentence that says
what to do; what the server said is kept as `__cause__`, and never shown where it could repeat a key.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, closing
from typing import Any
from urllib.parse import unquote, urlsplit

import openai
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tutor.errors import MissingKeyError, ModelError, ProviderError, TutorError
from tutor.models.base import LoadedModel
from tutor.models.line import ModelLine
from tutor.models.spec import ModelSpec
from tutor.settings import Settings

DEFAULT_NAME = "gpt-4.1-mini"
CONTEXT_TOKENS = 16_384  # of what such a model could read, this much is used: prompts cost money
CONNECT_SECONDS = 10.0
RETRIES = 1
LOCAL_PLACE = "the model on this computer"


class ServerChat(ChatOpenAI):
    """`ChatOpenAI` whose failures are sentences, and which notices an answer that was cut off."""

    place: str = "the model server"

    def _secrets(self) -> tuple[str, ...]:
        key = self.openai_api_key
        return (key.get_secret_value(),) if isinstance(key, SecretStr) else ()

    def _cause(self, error: Exception) -> Exception:
        """The vendor's exception, for the log; a stand-in where the server wrote the key back into it."""
        secrets = [secret for secret in self._secrets() if secret and secret in str(error)]
        return ModelError(f"{type(error).__name__}: {_redacted(str(error), secrets)}") if secrets else error

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        try:
            return super()._generate(*args, **kwargs)
        except _FAILURES as error:
            raise explain(error, self.place, self.model_name, secrets=self._secrets()) from self._cause(error)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        try:
            return await super()._agenerate(*args, **kwargs)
        except _FAILURES as error:
            raise explain(error, self.place, self.model_name, secrets=self._secrets()) from self._cause(error)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        began = finished = False
        try:
            # closing: a consumer that stops early closes the connection, and with it the server stops writing
            with closing(super()._stream(*args, **kwargs)) as chunks:  # type: ignore[type-var]
                for chunk in chunks:
                    began, finished = True, finished or _is_last(chunk)
                    yield chunk
        except _FAILURES as error:
            raise explain(error, self.place, self.model_name, began, self._secrets()) from self._cause(error)
        if not finished:
            raise _broken(self.place)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        began = finished = False
        try:
            async with aclosing(super()._astream(*args, **kwargs)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    began, finished = True, finished or _is_last(chunk)
                    yield chunk
        except _FAILURES as error:
            raise explain(error, self.place, self.model_name, began, self._secrets()) from self._cause(error)
        if not finished:
            raise _broken(self.place)


def _is_last(chunk: ChatGenerationChunk) -> bool:
    return bool((chunk.generation_info or {}).get("finish_reason"))


def load(spec: ModelSpec, settings: Settings) -> LoadedModel:
    """A model of OpenAI, or of the server that OPENAI_BASE_URL names. Nothing is sent yet, except to find
    a name.

    Raises
    ------
    MissingKeyError
        Without a key, where no other server is named.
    ProviderError
        When the key cannot be one, or the server must be asked for its models and does not answer.
    """
    key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
    base_url = settings.openai_base_url
    if not key and base_url is None:
        raise MissingKeyError("OpenAI", "OPENAI_API_KEY")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ProviderError(
            "OPENAI_API_KEY holds characters that no key has. Copy the key again, without spaces."
        )
    place = f"the model server at {_shown(base_url)}" if base_url else "OpenAI"
    clients = ServerClients(settings.timeout, direct=_is_loopback(base_url))
    base_url, options = _without_login(base_url)
    name = spec.name or settings.openai_model or ""
    try:
        if not name:
            name = DEFAULT_NAME if base_url is None else _first_model(base_url, key, place, clients, options)
        chat = server_chat(name, base_url, key, place, clients, **options)
    except BaseException:
        clients.close()
        raise
    return LoadedModel(
        spec=ModelSpec("openai", name),
        chat=chat,
        label=f"{name} ({'OpenAI' if base_url is None else _shown(base_url)})",
        tool_calls=settings.tool_calls != "no",
        context_tokens=settings.context_tokens or CONTEXT_TOKENS,
        capable=True,
        line=ModelLine(settings.model_slots) if settings.model_slots else None,
        _close=clients.close,
    )


class ServerClients:
    """The HTTP client of one model. `direct` ignores a proxy of the environment: for this computer."""

    def __init__(self, timeout: float, direct: bool = False) -> None:
        self.timeout = openai.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
        self.http = openai.DefaultHttpxClient(timeout=self.timeout, trust_env=not direct)

    def close(self) -> None:
        self.http.close()


def server_chat(
    name: str, base_url: str | None, key: str, place: str, clients: ServerClients, **options: Any
) -> ServerChat:
    """A chat model on a server; `options` are those of `ChatOpenAI`."""
    return ServerChat(
        model=name,
        base_url=base_url,
        api_key=SecretStr(key or "none"),  # servers at home want none, the SDK wants one
        place=place,
        timeout=clients.timeout,
        max_retries=options.pop("max_retries", RETRIES),
        http_client=clients.http,
        use_responses_api=False,
        **options,
    )


def models_offered(settings: Settings) -> list[str]:
    """The models of the server that the settings name. Nothing is generated, so it costs nothing.

    Raises
    ------
    ProviderError
        The server refuses the key, does not answer, or is not of this kind.
    """
    key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
    base_url = settings.openai_base_url
    place = f"the model server at {_shown(base_url)}" if base_url else "OpenAI"
    clients = ServerClients(min(settings.timeout, CONNECT_SECONDS), direct=_is_loopback(base_url))
    base_url, options = _without_login(base_url)
    try:
        client = openai.OpenAI(
            base_url=base_url, api_key=key or "none", max_retries=0, http_client=clients.http, **options
        )
        return [model.id for model in client.models.list()]
    except _FAILURES as error:
        raise explain(error, place, secrets=(key,)) from None
    finally:
        clients.close()


def _first_model(
    base_url: str | None, key: str, place: str, clients: ServerClients, options: dict[str, Any]
) -> str:
    client = openai.OpenAI(
        base_url=base_url, api_key=key or "none", max_retries=0, http_client=clients.http, **options
    )
    try:
        names = [model.id for model in client.models.list()]
    except _FAILURES as error:
        raise explain(error, place, "", secrets=(key,)) from error
    if not names:
        raise ProviderError(
            f"{_start(place)} offers no model. Load one there, or name it in TUTOR_OPENAI_MODEL."
        )
    return names[0]


# --- What went wrong ---


def _failures() -> tuple[type[Exception], ...]:
    """The SDK's own errors, and those of the HTTP library below it, which come through in mid-stream."""
    import httpx

    found: list[type[Exception]] = [openai.OpenAIError, httpx.HTTPError, TimeoutError]
    try:
        import httpx2
    except ImportError:
        pass
    else:
        found.append(httpx2.HTTPError)
    return tuple(found)


_FAILURES = _failures()


def explain(
    error: BaseException,
    place: str = "the model server",
    name: str = "",
    began: bool = False,
    secrets: Sequence[str] = (),
) -> TutorError:
    """What `error` means for the person who asked, as an error that can be shown. Repeats no key.

    `began`: part of the answer had arrived, so a lost connection is no server that cannot be reached. `secrets`: keys
    in use, however short, which a server may have written back.
    """
    if isinstance(error, TutorError):
        return error
    status = getattr(error, "status_code", None)
    text = str(getattr(error, "message", "") or error)
    who = _start(place)
    if isinstance(error, openai.APITimeoutError | TimeoutError) or "Timeout" in type(error).__name__:
        return ProviderError(f"{who} took too long to answer. Try again, or raise TUTOR_TIMEOUT.")
    if isinstance(error, openai.APIConnectionError):
        if began:
            return _broken(place)
        if place == LOCAL_PLACE:
            return ModelError("The model on this computer has stopped. Start the tutor again.")
        return ProviderError(
            f"{who} cannot be reached. Check the network and that the server runs (OPENAI_BASE_URL), "
            "or pick another model with TUTOR_MODEL."
        )
    if re.search(r"context.{0,10}(length|window|size)|prompt is too long|Input tokens exceed", text):
        return ProviderError(
            "This conversation is too long for the model. Start a new one, or ask more briefly."
        )
    match status:
        case 401:
            return ProviderError(f"{who} refused the API key. Check OPENAI_API_KEY, or pick another model.")
        case 403:
            return ProviderError(
                f"{who} does not let this API key use the model {name!r}. Pick another model."
            )
        case 404:
            return ProviderError(
                f"{who} does not know the model {name!r}. Check its name in TUTOR_MODEL, and OPENAI_BASE_URL."
            )
        case 429 if "quota" in text:
            return ProviderError(
                f"The account's quota with {place} is used up. Check its plan, or pick another model."
            )
        case 429:
            return ProviderError(f"{who} is receiving too many requests. Wait a minute, then try again.")
        case int() if status >= 500:
            return ProviderError(f"{who} failed with error {status}. Try again in a moment.")
        case int():
            return ProviderError(f"{who} refused the request with error {status}: {_redacted(text, secrets)}")
    if isinstance(error, _FAILURES):
        return _broken(place)
    return ModelError(f"The chat model stopped with an unexpected error ({type(error).__name__}). Try again.")


def _broken(place: str) -> ProviderError:
    return ProviderError(f"{_start(place)} broke off in the middle of the answer. Try again.")


def _start(place: str) -> str:
    return place[:1].upper() + place[1:]


def _redacted(text: str, secrets: Sequence[str]) -> str:
    """At most 200 characters of what a server said, without a key, a login in an address, or what looks like one."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    text = re.sub(r"//[^/\s]*@", "//…@", text)
    return re.sub(r"\b(sk-|Bearer )\S+|\b[A-Za-z0-9_-]{24,}\b", "…", " ".join(text.split()))[:200]


def _without_login(base_url: str | None) -> tuple[str | None, dict[str, Any]]:
    """An address without its user name and password, and the header that says them: addresses are logged."""
    parts = urlsplit(base_url or "")
    if base_url is None or "@" not in parts.netloc:
        return base_url, {}
    login, _, host = parts.netloc.rpartition("@")
    said = base64.b64encode(unquote(login).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"default_headers": {"Authorization": f"Basic {said}"}}


def _shown(base_url: str) -> str:
    """The host and port of an address: a user name and a password in it are not shown."""
    parts = urlsplit(base_url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.hostname or base_url}{f':{port}' if port else ''}"


def _is_loopback(base_url: str | None) -> bool:
    host = urlsplit(base_url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
