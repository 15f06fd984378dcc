"""The llama.cpp server, in a process of its own. Run by `tutor.models.llamacpp`, never imported by it.

A process of its own, because loading a model holds Python's lock for seconds, in which the page could not
open, and because a crash in native code would otherwise take the tutor with it.

Reads one line of JSON from standard input, answers with one line on standard output (`address` or
`error`), and serves until its standard input closes: however the tutor ends, this process ends too.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> int:
    order = json.loads(sys.stdin.readline())
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # llama.cpp writes to the file descriptors, not to sys.stdout
    os.dup2(silence, 2)
    try:
        server = start(order)
    except Exception as error:  # the parent turns it into a sentence
        print(json.dumps({"error": str(error)}), file=answer, flush=True)
        return 1
    print(json.dumps({"address": server.listening_address}), file=answer, flush=True)
    sys.stdin.read()
    os._exit(0)  # at once, even in the middle of an answer


def start(order: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["name"]}
    params.n_ctx = order["context"] * order["slots"]  # each slot has its part of it
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = order["threads"]
        threads.poll = 0  # wait asleep
    params.n_parallel = order["slots"]  # two cores serve one student at a time; the next one waits
    params.n_predict = order["answer_tokens"]
    params.cache_prompt = True
    params.cache_ram_mib = order["cache_mb"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free one
    params.api_keys = [order["key"]]  # other users of this computer have no business here
    params.cors_origins = ""
    params.endpoint_slots = False
    params.endpoint_metrics = True  # for whoever has the key
    params.ui = False
    params.verbosity = -1
    return xllamacpp.Server(params)


if __name__ == "__main__":
    raise SystemExit(main())
