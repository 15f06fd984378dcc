"""A program that runs ingests in processes of their own, and kills them: one JSON request a line, one answer a line.

Everything heavy is imported once, and each ingest is a fork of this process: so a kill falls into the ingest and not
into Python's own start. No index is opened in this process itself, since Chroma's threads do not survive a fork.

`{"ingests": [[path, ...], ...], "index": folder, "kill_after": seconds or null, "kill_at": step or null,
"largest_file": bytes or null}` starts one ingest for each list of paths, all at once, and answers with what became of
each: `{"how": "done" | "killed" | name of an error, "message": ..., "changed": bool, "seconds": ..., "steps": ...}`.
A step is one call that opens, makes, renames or removes something on the disk.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import bm25s  # noqa: F401
import chromadb  # noqa: F401

import knowledge.index
import knowledge.lexical  # noqa: F401
from knowledge.embedding import HashEmbedder
from knowledge.errors import KnowledgeError
from knowledge.refresh import refresh

STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def ingest(request: dict[str, Any], paths: list[str], out: int) -> None:
    """In the child: one ingest, and what became of it into the pipe."""
    started = time.perf_counter()
    steps = 0

    def count(event: str, _arguments: Any) -> None:
        nonlocal steps
        if event in STEPS:
            steps += 1
            if steps == request.get("kill_at"):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    if (most := request.get("largest_file")) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # the disk is full beyond this size of a file
    try:
        report = refresh([Path(path) for path in paths], Path(request["index"]), HashEmbedder())
        answer = {"how": "done", "message": "", "changed": report.changed}
    except KnowledgeError as error:
        answer = {"how": type(error).__name__, "message": str(error)}
    except BaseException as error:  # also a panic of Chroma's core
        answer = {"how": "fault", "message": repr(error)}
    answer["seconds"], answer["steps"] = time.perf_counter() - started, steps
    os.write(out, json.dumps(answer).encode())
    os._exit(0)


def run(request: dict[str, Any]) -> list[dict[str, Any]]:
    children = []
    for paths in request["ingests"]:
        read, write = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(read)
            ingest(request, paths, write)
        os.close(write)
        children.append((pid, read))
    if (seconds := request.get("kill_after")) is not None:
        time.sleep(seconds)
        for pid, _ in children:
            os.kill(pid, signal.SIGKILL)
    answers = []
    for pid, read in children:
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        how = "killed" if died == signal.SIGKILL else f"died of signal {died}"
        answers.append(json.loads(said) if said else {"how": how, "message": "", "seconds": 0.0})
    return answers


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
