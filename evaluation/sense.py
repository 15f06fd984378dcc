"""Fits the router's second opinion (`tutor/planning/sense.npz`) to labelled messages.

`python -m evaluation.sense` fits and writes; `--check` scores instead: each batch of the imagined people's messages by
a fit to everything else, with the grammar beside it, as new people will meet it. Messages: those of the routing sets,
and of the questions the dev split alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.routing import FITTED_TO, scored
from tutor.planning.sense import FITTED, INTENTS, Sense, features

HERE = Path(__file__).parent
PENALTY = 1e-4  # on the squared weights
PERSONS = 3.0  # how much a message of the imagined people counts, who write as people do; the others are mostly orders
DIMENSIONS = 128  # of the vectors among which neighbours are looked for; 384 find no better ones


@dataclass(frozen=True)
class Labelled:
    texts: list[str]
    earlier: list[bool]  # whether something was said before
    intents: np.ndarray  # (texts,) numbers of INTENTS
    counts: np.ndarray  # (texts,) how much each counts

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], counts: Sequence[float]) -> Labelled:
        return cls(
            [row["turns"][-1] for row in rows],
            [len(row["turns"]) > 1 for row in rows],
            np.array([INTENTS.index(row["intent"]) for row in rows]),
            np.array(counts, np.float32),
        )


def read(without: str = "") -> Labelled:
    """The messages to fit to, but those whose id begins with `without`."""
    rows, counts = [], []
    for path in FITTED_TO:
        for row in _rows(path):
            if not (without and row["id"].startswith(without)):
                rows.append(row)
                counts.append(PERSONS if path.stem == "routing_persons" else 1.0)
    for row in _rows(HERE / "questions.jsonl"):
        if row["split"] == "dev":
            intent = "other" if row["id"].startswith("world") else "question"
            rows.append({"turns": [row["question"]], "intent": intent})
            counts.append(1.0)
    return Labelled.of(rows, counts)


def fit(labelled: Labelled, embedder: Any) -> dict[str, np.ndarray]:
    """Both learners: weights (features, intents) and bias (intents,), and the messages as points with their labels."""
    vectors = embedder.embed(labelled.texts)
    x = features(labelled.texts, labelled.earlier, vectors)
    weights, bias = _linear(x, labelled.intents, labelled.counts)
    basis = np.linalg.svd(vectors, full_matrices=False)[2][:DIMENSIONS].T
    points = vectors @ basis
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return {
        "weights": weights, "bias": bias, "basis": basis, "messages": points,
        "intents": labelled.intents, "counts": labelled.counts,
    }  # fmt: skip


def _linear(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights that make the labels likeliest, less the penalty."""
    import torch

    inputs, labels, share = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(counts / counts.sum())
    weights = torch.zeros(x.shape[1], len(INTENTS), requires_grad=True)
    bias = torch.zeros(len(INTENTS), requires_grad=True)
    search = torch.optim.LBFGS([weights, bias], max_iter=300, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        search.zero_grad()
        each = torch.nn.functional.cross_entropy(inputs @ weights + bias, labels, reduction="none")
        loss = share @ each + PENALTY * (weights**2).sum()
        loss.backward()
        return loss

    search.step(cost)
    return weights.detach().numpy(), bias.detach().numpy()


def write(fitted: Mapping[str, np.ndarray]) -> None:
    np.savez_compressed(
        FITTED,
        weights=fitted["weights"].astype(np.float16),
        bias=fitted["bias"].astype(np.float16),
        basis=fitted["basis"].astype(np.float16),
        messages=np.rint(fitted["messages"] * 127).astype(np.int8),
        intents=fitted["intents"].astype(np.int8),
        counts=fitted["counts"].astype(np.float16),
    )


def main(arguments: Sequence[str]) -> int:
    from knowledge.embedding import Embedder
    from knowledge.weights import WeightStore, default_folder
    from labs.registry import LABS
    from tutor.planning.router import Router

    embedder = Embedder(WeightStore(default_folder()).fetch(Embedder.name))
    if "--check" not in arguments:
        labelled = read()
        write(fit(labelled, embedder))
        print(f"fitted to {len(labelled.texts)} messages")
        return 0
    rows = _rows(HERE / "routing_persons.jsonl")
    for batch in dict.fromkeys(row["id"].rpartition("-")[0] for row in rows):
        sense = Sense(lambda: embedder, fit(read(without=f"{batch}-"), embedder))
        part = [row for row in rows if row["id"].startswith(f"{batch}-")]
        s = scored(Router(LABS, sense), part)
        shares = ", ".join(f"{name} {s[name]:.1%}" for name in ("intent", "lab", "parameters", "uninvited"))
        print(f"{batch}: {len(part)} messages: {shares}")
    return 0


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
