"""`python -m evaluation.question_encoder INDEX QUESTIONS [INDEX QUESTIONS ...] [--epochs N] [--out FILE]`.

Fits `knowledge/question_encoder.npz`: the corrections of MiniLM for questions, the two projections of words and what
each word tells, so that the passages that hold the evidence come out on top among the candidates of their question
(softmax over them; the other measures of the ranking count along). QUESTIONS is a file as for `tutor eval`, or the name
of a public course of which INDEX was made (`evaluation/looked.py`). It goes on from the file that is there. Passages
are not trained: their vectors stay those of the model as it was published, and what is stored of their words goes
through one projection.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import Parameter, functional

from evaluation.looked import Course, Looked, courses_of, read
from ingest import make_embedder
from knowledge.embedding import STOP_WEIGHT, Embedder
from knowledge.minilm import Dense, MiniLM, Way
from knowledge.question_encoder import FITTED, MOST, fitted
from knowledge.ranking import WEIGHTS, score

RANK = 8
RATE, HEAD, WEIGHT, SHARED = 4e-4, 3, 6, 20  # learning rate; of the others, as multiples of it
DROPPED = 0.15  # share of inputs that a correction does not see in training
BATCH = 16  # questions
HARDEST = 24  # candidates that a question is trained on, and those that are right
_TRAINED = ("words", "cosine")  # measures that the training changes


class Corrected(Dense):
    """A product with a correction of low rank that learns."""

    def __init__(self, dense: Dense, down: np.ndarray, up: np.ndarray) -> None:
        super().__init__(dense.weight, dense.bias)
        self.down, self.up = Parameter(torch.from_numpy(down.copy())), Parameter(torch.from_numpy(up.copy()))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        kept = functional.dropout(x, DROPPED, torch.is_grad_enabled())
        return super().__call__(x) + kept @ self.down @ self.up

    def plus(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        return self(x) + more


@dataclass(frozen=True)
class Task:
    """A question with its hardest candidates."""

    ids: list[int]  # tokens of the question, special ones included
    counts: torch.Tensor  # (words,) what each word counts before training
    words: torch.Tensor  # states of the candidates' words, one after the other, (all, 384) float16
    sizes: list[int]  # words of each candidate
    vectors: torch.Tensor  # (candidates, 384)
    others: torch.Tensor  # (candidates, measures) that training does not change
    right: torch.Tensor  # (candidates,) bool


class Trained:
    def __init__(self, model: MiniLM) -> None:
        from_before, self.model = fitted(), model
        self.layers: list[dict[str, Corrected]] = [
            {
                role: Corrected(dense, *self._start(from_before, number, role, dense))
                for role, dense in layer.items()
            }
            for number, layer in enumerate(model.exact.layers)
        ]
        self.way = Way("trained", model.exact.weights, self.layers)
        self.question_basis = Parameter(torch.from_numpy(from_before.question_basis.copy()))
        self.passage_basis = Parameter(torch.from_numpy(from_before.passage_basis.copy()))
        self.telling = Parameter(torch.from_numpy(from_before.telling.copy()))
        self.usual = Parameter(torch.tensor(from_before.usual))
        self.common = Parameter(torch.tensor(0.0))
        self.others = Parameter(torch.tensor([w for name, w in WEIGHTS.items() if name not in _TRAINED]))
        self.weights = Parameter(torch.tensor([WEIGHTS[name] for name in _TRAINED]))

    @staticmethod
    def _start(encoder: Any, number: int, role: str, dense: Dense) -> tuple[np.ndarray, np.ndarray]:
        if (number, role) in encoder.corrections:
            found: tuple[np.ndarray, np.ndarray] = encoder.corrections[number, role]
            return found
        wide, narrow = dense.weight.shape
        down = np.random.default_rng(0).normal(size=(narrow, RANK)).astype(np.float32) / narrow**0.5
        return down, np.zeros((RANK, wide), np.float32)

    def parameters(self) -> list[dict[str, Any]]:
        corrections = [
            part for layer in self.layers for each in layer.values() for part in (each.down, each.up)
        ]
        return [
            {"params": [*corrections, self.question_basis, self.passage_basis], "lr": RATE},
            {"params": [self.telling, self.usual], "lr": RATE * HEAD},
            {"params": [self.others, self.weights], "lr": RATE * WEIGHT},
            {"params": [self.common], "lr": RATE * SHARED},
        ]

    def losses(self, tasks: Sequence[Task]) -> list[torch.Tensor]:
        states, mask = self.model.hidden([task.ids for task in tasks], self.way)
        means = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        found = []
        for task, state, mean in zip(tasks, states, functional.normalize(means, dim=1), strict=True):
            scores = self._scores(task, state[1 : len(task.ids) - 1], mean)
            found.append(torch.logsumexp(scores, 0) - torch.logsumexp(scores[task.right], 0))
        return found

    def _scores(self, task: Task, asked: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        words = functional.normalize(task.words.float() @ self.passage_basis, dim=1)
        cosines = functional.normalize(asked @ self.question_basis, dim=1) @ words.T
        met = torch.stack(
            [part.amax(1) for part in torch.split(cosines, task.sizes, dim=1)]
        )  # (candidates, words)
        told = asked @ self.telling + self.usual + self.common * met.detach().mean(0)
        counts = task.counts * torch.exp(told.clamp(-MOST, MOST))
        trained = torch.stack([met @ counts / counts.sum(), task.vectors @ mean], 1)
        return task.others @ self.others + trained @ self.weights

    def save(self, file: Path) -> None:
        arrays = {
            "question_basis": self.question_basis, "passage_basis": self.passage_basis,
            "telling": self.telling, "usual": self.usual,
        }  # fmt: skip
        for number, layer in enumerate(self.layers):
            for role, dense in layer.items():
                arrays |= {f"{number}.{role}.down": dense.down, f"{number}.{role}.up": dense.up}
        halves = {name: value.detach().numpy().astype(np.float16) for name, value in arrays.items()}
        np.savez_compressed(file, **halves)  # type: ignore[arg-type]


def tasks_of(course: Course, embedder: Embedder, model: MiniLM) -> Iterator[Task]:
    little, states = embedder.says_little(), {}

    def words_of(row: int) -> torch.Tensor:
        if row not in states:
            ids = embedder.token_ids(course.generation.chunks[row].embedded)
            with torch.inference_mode():
                hidden, _ = model.hidden([ids], model.fast)
            kept = hidden[0, : len(ids)][torch.from_numpy(~little[ids])].half()
            states[row] = kept.clone() if len(kept) else torch.zeros((1, hidden.shape[2]), dtype=torch.half)
        return states[row]

    vectors = torch.from_numpy(course.generation.vectors)
    for one in course.looked:
        ids = embedder.token_ids(one.worded)
        if len(ids) < 3:
            continue
        kept = _hardest(one)
        words = [words_of(int(row)) for row in one.rows[kept]]
        yield Task(
            ids,
            torch.where(torch.from_numpy(little[ids[1:-1]]), STOP_WEIGHT, 1.0),
            torch.cat(words),
            [len(part) for part in words],
            vectors[one.rows[kept]],
            torch.tensor(np.stack([one.measures[n][kept] for n in WEIGHTS if n not in _TRAINED], 1)),
            torch.from_numpy(one.right[kept]),
        )


def _hardest(one: Looked) -> np.ndarray:
    first = np.argsort(-score(one.measures), kind="stable")[:HARDEST]
    return np.union1d(first, np.flatnonzero(one.right))


def train(trained: Trained, tasks: Sequence[Task], epochs: int) -> Iterator[float]:
    """Yields the mean loss of each epoch (nats): what the evidence is short of certainty."""
    optimizer = torch.optim.AdamW(trained.parameters(), weight_decay=0.0)
    steps = max(1, epochs * -(-len(tasks) // BATCH))
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.02, 1 - step / steps))
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order, total = rng.permutation(len(tasks)), 0.0
        for start in range(0, len(order), BATCH):
            losses = trained.losses([tasks[place] for place in order[start : start + BATCH]])
            loss = torch.stack(losses).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(
                [p for group in trained.parameters() for p in group["params"]], 1.0
            )
            optimizer.step()
            falling.step()
            total += loss.item() * len(losses)
        yield total / len(tasks)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=FITTED)
    wanted, courses = courses_of(parser, argv)
    torch.manual_seed(0)
    embedder = make_embedder(lambda *_: None)
    model = MiniLM(embedder.folder / "model.safetensors")
    tasks: list[Task] = []
    for index, questions in courses:
        tasks += tasks_of(read(Path(index), questions, embedder), embedder, model)
        print(f"{len(tasks)} questions with those of {questions}")
    trained, began = Trained(model), time.monotonic()
    for epoch, loss in enumerate(train(trained, tasks, wanted.epochs), start=1):
        print(f"epoch {epoch}: {loss:.3f} nats, {time.monotonic() - began:.0f} s")
    trained.save(wanted.out)
    print(
        f"{wanted.out}; COMMON of knowledge/search.py = {-trained.common.item():.1f}; now fit the ranking anew"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
