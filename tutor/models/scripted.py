"""A chat model that plays back answers and remembers what it was asked: for tests and demonstrations."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

Answer = str | AIMessage | Exception | Callable[[list[BaseMessage]], "str | AIMessage"]


class ScriptedChatModel(BaseChatModel):
    """Plays back `answers` in order.

    An answer is a text, an `AIMessage` (with tool calls, if it has any), an exception to raise, or a
    function of the messages. `seen` holds the messages of each call, `tools` the names of the tools bound
    in each call. Streams word by word, waiting `pause` seconds before each. `streamed` counts the words
    that were taken.

    >>> ScriptedChatModel(answers=["Hello there."]).invoke("Hi").content
    'Hello there.'
    """

    answers: list[Any] = Field(default_factory=list)
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[list[str]] = Field(default_factory=list)
    pause: float = 0.0
    streamed: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        described = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, **kwargs)  # type: ignore[return-value]

    def _next(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]] = ()) -> AIMessage:
        self.seen.append(list(messages))
        self.tools.append([tool["function"]["name"] for tool in tools])
        if len(self.seen) > len(self.answers):
            raise IndexError(f"the script has {len(self.answers)} answers and was asked for one more")
        answer = self.answers[len(self.seen) - 1]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(messages)
        return answer if isinstance(answer, AIMessage) else AIMessage(str(answer))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self._next(messages, kwargs.get("tools", ()))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self._next(messages, kwargs.get("tools", ()))
        for word in re.findall(r"\S+\s*|\s+", message.text):
            time.sleep(self.pause)
            self.streamed += 1
            yield self._chunk(AIMessageChunk(content=word), run_manager)
        if message.tool_calls:
            yield self._chunk(
                AIMessageChunk(
                    content="",
                    tool_call_chunks=[
                        {
                            "name": call["name"],
                            "args": _as_json(call["args"]),
                            "id": call["id"],
                            "index": index,
                            "type": "tool_call_chunk",
                        }
                        for index, call in enumerate(message.tool_calls)
                    ],
                ),
                run_manager,
            )
        if not message.text and not message.tool_calls:
            yield self._chunk(AIMessageChunk(content=""), run_manager)

    @staticmethod
    def _chunk(message: AIMessageChunk, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
        chunk = ChatGenerationChunk(message=message)
        if run_manager:
            run_manager.on_llm_new_token(message.text, chunk=chunk)
        return chunk


def _as_json(value: Any) -> str:
    import json

    return json.dumps(value)
