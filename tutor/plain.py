"""What programs get: passages, answers and labs as plain JSON data, the same from a shell, over HTTP and over MCP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.search import Passage
from labs.base import Lab
from tutor.events import Done
from tutor.schema import lab_schema


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage with all that a citation needs."""
    return {
        "path": passage.path,
        "title": passage.title,
        "heading": list(passage.heading),
        "cell": passage.cell,
        "page": passage.page,
        "also": list(passage.also),
        "text": passage.text,
        "score": round(float(passage.score), 6),
        "similarity": round(float(passage.similarity), 4),
        "probability": round(float(passage.probability), 4),
    }


def answer_json(done: Done, figures: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """A finished turn; `figures` holds the picture files of its lab results, by their place in the turn."""
    return {
        "answer": done.answer,
        "intent": done.intent,
        "sources": [passage_json(p) for p in done.sources],
        "labs": [
            {**result.to_dict(), "figures": list(figures.get(i, ()))} for i, result in enumerate(done.results)
        ],
        "abstained": done.abstained,
        "model": done.model,
        "seconds": done.seconds,
        "suggestions": list(done.suggestions),
        "failed": done.failed,
        "details": done.details,
    }


def lab_json(lab: Lab, parameters: bool = False) -> dict[str, Any]:
    """What a lab is for; with `parameters`, the JSON schema of each."""
    summary = {
        "id": lab.id,
        "title": lab.title,
        "lectures": list(lab.lectures),
        "learn": lab.learn,
        "examples": list(lab.examples),
        "defaults": lab.defaults,
    }
    return {**summary, "parameters": lab_schema(lab)["properties"]} if parameters else summary


def for_programs(data: Any) -> Any:
    """The same data with `file` for `path`, all the way down.

    What has a "path", gradio_client takes for a file that it should download.
    """
    if isinstance(data, Mapping):
        return {"file" if name == "path" else name: for_programs(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [for_programs(item) for item in data]
    return data
