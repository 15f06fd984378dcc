"""What Gradio need not do for every piece of an answer, so that one process serves a class.

An output that is skipped (`gr.skip()`) makes Gradio build that component anew and describe it to itself, on the one
thread that serves everybody: measured with 8 students, more than half of all that the server did. Here it costs
nothing; what reaches the browser is the same.
"""

from __future__ import annotations

import copy
from typing import Any

from tutor.web.toolkit import gr

_SKIP = gr.skip()


def make_lean(page: Any) -> None:
    """Let skipped outputs of `page` pass by Gradio's own work on outputs."""
    whole = page.postprocess_data
    parts: dict[tuple[int, tuple[int, ...]], Any] = {}

    async def postprocess_data(block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        count = len(block_fn.outputs)
        if (
            count < 2
            or block_fn.batch
            or not isinstance(predictions, (list, tuple))
            or len(predictions) != count
        ):
            return list(await whole(block_fn, predictions, state))
        kept = tuple(at for at, value in enumerate(predictions) if not _is_skip(value))
        if len(kept) == count:
            return list(await whole(block_fn, predictions, state))
        done: list[Any] = []
        if kept:
            part = parts.get((id(block_fn), kept))
            if part is None:
                part = copy.copy(block_fn)
                part.outputs = [block_fn.outputs[at] for at in kept]
                parts[id(block_fn), kept] = part
            values = [predictions[at] for at in kept]
            done = await whole(part, values if len(kept) > 1 else values[0], state)
        found: list[Any] = [dict(_SKIP) for _ in range(count)]
        for at, value in zip(kept, done, strict=True):
            found[at] = value
        return found

    page.postprocess_data = postprocess_data


def _is_skip(value: Any) -> bool:
    return isinstance(value, dict) and value == _SKIP
