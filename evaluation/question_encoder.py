"""`python -m evaluation.question_encoder INDEX QUESTIONS [INDEX QUESTIONS ...] [--epochs N] [--out FILE]`.

Fits `knowledge/question_encoder.npz`: the corrections of MiniLM for questions, the two projections of words and what
each word tells, so that the passages that hold the evidence come out on top among the candidates of their question
(softmax over them; the other measures of the ranking count along). What the first search misses is put among them: it
is what there is most to learn from. QUESTIONS is a file as for `tutor eval`, or the name of a public course of which
INDEX was made (`evaluation/looked.py`). It goes on from the file that is there. Passages are not trained: their vectors
stay those of the model as it was published, and what is stored of their words goes through one projection.

So that the questions are not learnt by heart, some are asked with a word less or a slip of the finger (`ALTERED`),
what a training ends with is the mean of its last steps (Polyak and Juditsky 1992, averaging; here exponentially), and
what is saved lies half-way between that and what it began with (Wortsman et al. 2022, Model soups): on questions held
back, and on courses of others, the mean of two trainings found more than either.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from knowledge.search import COMMON

RANK = 8
RATE, HEAD, WEIGHT, SHARED = 4e-4, 3, 6, 20  # learning rate; of the others, as multiples of it
DROPPED = 0.15  # share of inputs that a correction does not see in one step
ALTERED = 0.3  # share of questions that are asked with a slip
MEMORY = 0.999  # of the mean of parameters, from one step to the next
BATCH = 16  # questions
ALIKE = 32 * BATCH  # questions of which those of one length come into the same batch
HARDEST = 24  # candidates that a question is trained on, and those that are right
_TRAINED = ("words", "cosine")  # measures that the training changes


class Corrected(Dense):
    """A product with a correction of low rank that learns."""

    def __init__(self, dense: Dense, down: np.ndarray, up: np.ndarray) -> None:
        super().__init__(dense.weight, dense.bias)
        self.down, self.up = Parameter(torch.from_numpy(down.copy())), Parameter(torch.from_numpy(up.copy()))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        if torch.is_grad_enabled():
            # The same inputs for all tokens: a mask for each would take a fifth of the time.
            seen = x * (torch.rand(x.shape[-1]) > DROPPED) / (1 - DROPPED)
        return super().__call__(x) + seen @ self.down @ self.up

    def plus(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        return self(x) + more


@dataclass(frozen=True)
class Task:
    """A question with its hardest candidates."""

    question: str  # as the model reads it
    ids: list[int]  # its tokens, special ones included
    words: list[torch.Tensor]  # states of each candidate's words, (words, 384) bfloat16; questions share them
    vectors: torch.Tensor  # (candidates, 384)
    others: torch.Tensor  # (candidates, measures) that training does not change
    right: torch.Tensor  # (candidates,) bool


class Trained:
    def __init__(self, model: MiniLM, counts: torch.Tensor) -> None:
        """`counts` is what each token of the vocabulary counts before training."""
        from_before, self.model, self.counts = fitted(), model, counts
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
        self.common = Parameter(torch.tensor(-COMMON))
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

    def all(self) -> list[Parameter]:
        return [part for group in self.parameters() for part in group["params"]]

    def losses(self, tasks: Sequence[Task]) -> list[torch.Tensor]:
        states, mask = self.model.hidden([task.ids for task in tasks], self.way)
        means = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        found = []
        for task, state, mean in zip(tasks, states, functional.normalize(means, dim=1), strict=True):
            scores = self._scores(task, state[1 : len(task.ids) - 1], mean)
            found.append(torch.logsumexp(scores, 0) - torch.logsumexp(scores[task.right], 0))
        return found

    def _scores(self, task: Task, asked: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        words = functional.normalize(asked @ self.question_basis, dim=1)
        nearest = functional.normalize(self._nearest(task, words.detach()) @ self.passage_basis, dim=-1)
        met = (nearest @ words[:, :, None])[:, :, 0]  # (words, candidates)
        told = asked @ self.telling + self.usual + self.common * met.detach().mean(1)
        counts = self.counts[task.ids[1:-1]] * torch.exp(told.clamp(-MOST, MOST))
        trained = torch.stack([counts @ met / counts.sum(), task.vectors @ mean], 1)
        return task.others @ self.others + trained @ self.weights

    @torch.no_grad()
    def _nearest(self, task: Task, words: torch.Tensor) -> torch.Tensor:
        """The state of the word of each candidate that is most like each word, (words, candidates, 384).

        Only these have a part in the slope, and projecting them alone halves the time.
        """
        states, found, before = torch.cat(task.words), [], 0
        projected = (states @ self.passage_basis.to(states.dtype)).float()
        cosines = words @ functional.normalize(projected, dim=1).T
        for part in torch.split(cosines, [len(each) for each in task.words], dim=1):
            found.append(part.argmax(1) + before)
            before += part.shape[1]
        return states[torch.stack(found, 1)].float()

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
            kept = hidden[0, : len(ids)][torch.from_numpy(~little[ids])].bfloat16()
            nothing = torch.zeros((1, hidden.shape[2]), dtype=torch.bfloat16)
            states[row] = kept.clone() if len(kept) else nothing
        return states[row]

    vectors = torch.from_numpy(course.generation.vectors)
    for one in course.looked:
        ids = embedder.token_ids(one.worded)
        if len(ids) < 3:
            continue
        kept = _hardest(one)
        yield Task(
            one.worded,
            ids,
            [words_of(int(row)) for row in one.rows[kept]],
            vectors[one.rows[kept]],
            torch.tensor(np.stack([one.measures[n][kept] for n in WEIGHTS if n not in _TRAINED], 1)),
            torch.from_numpy(one.right[kept]),
        )


def _hardest(one: Looked) -> np.ndarray:
    first = np.argsort(-score(one.measures), kind="stable")[:HARDEST]
    return np.union1d(first, np.flatnonzero(one.right))


def counts_of(embedder: Embedder) -> torch.Tensor:
    """What each token of the vocabulary counts in a question before training, (vocabulary,)."""
    return torch.where(torch.from_numpy(embedder.says_little()), STOP_WEIGHT, 1.0)


def slipped(question: str, rng: random.Random) -> str:
    """The question as somebody types it in a hurry: often a word is missing, or two letters are wrong."""
    words = question.split()
    if len(words) > 4 and rng.random() < 0.5:
        words.pop(rng.randrange(len(words)))
    place = rng.randrange(len(words))
    if len(words[place]) >= 4 and rng.random() < 0.5:
        words[place] = _misspelt(words[place], rng)
    return " ".join(words)


def _misspelt(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    return before + rng.choice([after, after[0] + letter + after[1:], 2 * letter + after])


def batches(tasks: Sequence[Task], rng: np.random.Generator) -> Iterator[list[Task]]:
    """Every task once, in random order but for this: a batch is as long as its longest question."""
    order = rng.permutation(len(tasks))
    for start in range(0, len(order), ALIKE):
        near = sorted(order[start : start + ALIKE], key=lambda place: len(tasks[place].ids))
        parts = [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
        for part in rng.permutation(len(parts)):
            yield [tasks[place] for place in parts[part]]


def train(trained: Trained, tasks: Sequence[Task], epochs: int, embedder: Embedder) -> Iterator[float]:
    """Yields the mean loss of each epoch (nats): what the evidence is short of certainty."""
    optimizer = torch.optim.AdamW(trained.parameters(), weight_decay=0.0)
    steps = max(1, epochs * sum(1 for _ in batches(tasks, np.random.default_rng(0))))
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.02, 1 - step / steps))
    rng, slips = np.random.default_rng(0), random.Random(0)
    start, step = [part.detach().clone() for part in trained.all()], 0
    mean = [part.clone() for part in start]
    for _ in range(epochs):
        total = 0.0
        for batch in batches(tasks, rng):
            losses = trained.losses([_altered(task, slips, embedder) for task in batch])
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained.all(), 1.0)
            optimizer.step()
            falling.step()
            step += 1
            total += sum(loss.item() for loss in losses)
            for part, now in zip(mean, trained.all(), strict=True):
                part.lerp_(now.detach(), 1 - min(MEMORY, (1 + step) / (10 + step)))
        yield total / len(tasks)
    with torch.no_grad():
        for part, began, now in zip(mean, start, trained.all(), strict=True):
            now.copy_((part + began) / 2)


def _altered(task: Task, rng: random.Random, embedder: Embedder) -> Task:
    if rng.random() >= ALTERED:
        return task
    ids = embedder.token_ids(slipped(task.question, rng))
    return replace(task, ids=ids) if len(ids) >= 3 else task


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
        tasks += tasks_of(read(Path(index), questions, embedder, missed=True), embedder, model)
        print(f"{len(tasks)} questions with those of {questions}")
    trained, began = Trained(model, counts_of(embedder)), time.monotonic()
    for epoch, loss in enumerate(train(trained, tasks, wanted.epochs, embedder), start=1):
        print(f"epoch {epoch}: {loss:.3f} nats, {time.monotonic() - began:.0f} s")
    trained.save(wanted.out)
    print(f"{wanted.out}; COMMON of knowledge/search.py = {-trained.common.item():.1f}")
    print("Now raise SCHEMA of knowledge/manifest.py, and fit the ranking anew.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
