"""One run of the small transformer: cut the text into tokens, train, measure on the way, and let it write.

The pieces are in labs/cores/language_model.py and labs/cores/language_model_tokens.py; here they are put
together. Draws nothing and says nothing.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import texts
from labs.base import Context
from labs.cores.language_model import (
    bigram_table,
    bits_per_character,
    log_probabilities,
    train,
    transformer,
    write,
)
from labs.cores.language_model_tokens import BytePairs

if TYPE_CHECKING:
    from labs.language_model import LanguageModelParams

TOKENS_PER_STEP = 2048  # 300 steps of the default model take about ten seconds on one core
CURVE_POINTS, CURVE_TOKENS = 20, 4096  # how often, and on how much text, the learning curve is measured
GRID = (0.2, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0)  # temperatures at which it writes in every run
COPIES, WRITTEN = 3, 240  # texts per temperature, characters in each
LOW, HIGH = 0.5, 1.5  # the temperatures shown beside the chosen one


@dataclass
class Trained:
    """A model after its training, the text it read, and what was recorded; losses are in nats per token."""

    corpus: texts.Corpus
    tokenizer: texts.Vocabulary | BytePairs
    train_ids: np.ndarray
    val_ids: np.ndarray
    context: int  # shorter than asked for where the text is
    device: str = "cpu"
    model: Any = None
    steps: list[int] = field(default_factory=list)  # when the two curves were measured
    curve_train: list[float] = field(default_factory=list)
    curve_val: list[float] = field(default_factory=list)
    diverged: int | None = None
    loss_start: float = 0.0  # of the validation text, before training
    log_p: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # (n, V), of the validation text
    bigram: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (n,), losses of the table of pairs

    @property
    def targets(self) -> np.ndarray:
        """The tokens of the validation text that were to be predicted, (n,)."""
        return self.val_ids[1:]

    @property
    def losses(self) -> np.ndarray:
        return -self.log_p[np.arange(len(self.targets)), self.targets]

    @property
    def train_text(self) -> str:
        return self.corpus.split()[0]

    def bits(self, loss: float) -> float:
        """A loss of the validation text, nats per token, in bits per character."""
        return bits_per_character(loss, len(self.targets), len(self.tokenizer.decode(self.targets)))

    def forget_after_last_finite(self) -> None:
        """Take the points of the learning curve off that are no numbers."""
        while not math.isfinite(self.curve_val[-1]):
            for record in (self.steps, self.curve_train, self.curve_val):
                record.pop()

    def names(self, ids: np.ndarray) -> list[str]:
        return [self.tokenizer.decode(np.array([place])) for place in np.asarray(ids).tolist()]


@dataclass
class Written:
    """What a trained model wrote after the prompt."""

    prompt: np.ndarray  # token numbers, at least one: the beginning of a line, then the prompt
    left_out: str  # characters of the prompt that the text never shows
    texts: dict[float, list[str]]  # temperature -> its texts, without the prompt
    passage: np.ndarray  # prompt and the beginning of what was written at LOW, for the attention maps


# The last model trained in this process: temperature and prompt change only what it writes, so runs that differ
# in nothing else (a sweep over the temperature) train once.
_last: tuple[LanguageModelParams, Trained] | None = None


def trained(p: LanguageModelParams, context: Context) -> Trained:
    """The model of these parameters: the one just trained where it is the same, else a new one."""
    global _last
    key = p.model_copy(update={"temperature": 1.0, "prompt": ""})
    if _last is None or _last[0] != key:
        _last = None
        _last = (key, fit(p, context))
    return _last[1]


def prepare(p: LanguageModelParams) -> Trained:
    """The text, cut into tokens; the merges are learned from its training part alone."""
    corpus = texts.load(p.text)
    train_text, val_text = corpus.split()
    characters = corpus.vocabulary()
    tokenizer: texts.Vocabulary | BytePairs = characters
    if p.tokenizer == "bpe":
        tokenizer = BytePairs.learn(train_text, characters.characters, p.merges)
    train_ids, val_ids = tokenizer.encode(train_text), tokenizer.encode(val_text)
    return Trained(corpus, tokenizer, train_ids, val_ids, min(p.context, len(train_ids) - 1))


def fit(p: LanguageModelParams, context: Context) -> Trained:
    """Cut, build, train; the learning curve is measured some twenty times on the way."""
    import torch

    context.report(0.0, "cutting the text into tokens")
    t = prepare(p)
    t.device = "cuda" if torch.cuda.is_available() else "cpu"
    ids = torch.from_numpy(t.train_ids).to(t.device)
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if p.width <= 256 else threads)  # small matrices: two threads mostly wait
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(p.seed)
            t.model = transformer(len(t.tokenizer), t.context, p.layers, p.heads, p.width).to(t.device)
        measure(t, 0)
        t.loss_start = t.curve_val[0]
        kept = {name: value.clone() for name, value in t.model.state_dict().items()}
        every = max(1, p.steps // CURVE_POINTS)
        for step, loss in train(t.model, ids, t.context, p.steps, p.learning_rate, TOKENS_PER_STEP, p.seed):
            context.report(0.85 * step / p.steps, f"step {step} of {p.steps}, loss {loss:.3f}")
            if math.isfinite(loss) and (step % every == 0 or step == p.steps):
                measure(t, step)
            if not (math.isfinite(loss) and math.isfinite(t.curve_val[-1])):
                t.forget_after_last_finite()
                t.diverged = step
                t.model.load_state_dict(kept)
                break
            if t.steps[-1] == step:
                kept = {name: value.clone() for name, value in t.model.state_dict().items()}
        read_all(t)
    finally:
        torch.set_num_threads(threads)
    return t


def measure(t: Trained, step: int) -> None:
    """One point of the learning curve: the loss on the training text and on the validation text."""
    t.steps.append(step)
    t.curve_train.append(mean_loss(t, t.train_ids))
    t.curve_val.append(mean_loss(t, t.val_ids))


def mean_loss(t: Trained, ids: np.ndarray) -> float:
    """Nats per token of a whole text, read as `log_probabilities` does; of a long one, of windows all over it."""
    import torch

    if len(ids) <= 2 * CURVE_TOKENS:
        text = torch.from_numpy(ids).to(t.device)
        log_p = log_probabilities(t.model, text, t.context)
        return -float(log_p.gather(1, text[1:, None]).mean())
    starts = np.linspace(0, len(ids) - t.context - 1, CURVE_TOKENS // t.context).round().astype(int)
    windows = torch.from_numpy(ids[starts[:, None] + np.arange(t.context + 1)]).to(t.device)
    with torch.no_grad():
        scores = t.model(windows[:, :-1]).flatten(0, 1)
        return float(torch.nn.functional.cross_entropy(scores, windows[:, 1:].flatten()))


def read_all(t: Trained) -> None:
    """The whole validation text, by the model and by the table of pairs."""
    import torch

    log_p = log_probabilities(t.model, torch.from_numpy(t.val_ids).to(t.device), t.context)
    t.log_p = log_p.cpu().numpy()
    t.curve_val[-1] = float(t.losses.mean(dtype=np.float64))
    table = bigram_table(t.train_ids, len(t.tokenizer))
    t.bigram = -np.log(table[t.val_ids[:-1], t.targets])


def start_of(p: LanguageModelParams, t: Trained) -> tuple[np.ndarray, str]:
    """The prompt as tokens, and what had to be left out of it.

    A line break (or a space, where the text has none) stands before it: a text begins somewhere, and a first
    token that nothing comes before is the one that a model has practised least.
    """
    prompt = unicodedata.normalize("NFC", p.prompt)  # as the texts are
    left_out = t.tokenizer.unknown(prompt)
    begin = next((c for c in "\n " if not t.tokenizer.unknown(c)), "")
    prompt = begin + "".join(character for character in prompt if character not in left_out)
    return t.tokenizer.encode(prompt or t.corpus.text[0]), left_out


def written(p: LanguageModelParams, t: Trained, context: Context) -> Written:
    """Let the model continue the prompt: some texts at each temperature of the grid, and at the chosen one."""
    prompt, left_out = start_of(p, t)
    length = max(1, round(WRITTEN * len(t.train_ids) / len(t.train_text)))
    found: dict[float, list[str]] = {}
    batches = [GRID] if p.temperature in GRID else [GRID, (p.temperature,)]
    for number, temperatures in enumerate(batches):
        part = context.part(0.86 + 0.07 * number, 0.86 + 0.14 * (number + 1) / len(batches))
        rows = continued(t, prompt, np.repeat(temperatures, COPIES), length, p.seed + number, part)
        for i, temperature in enumerate(temperatures):
            own = rows[i * COPIES : (i + 1) * COPIES, len(prompt) :]
            found[temperature] = [t.tokenizer.decode(row) for row in own]
            if temperature == LOW:
                passage = np.concatenate([prompt, own[0]])
    return Written(prompt, left_out, found, passage)


def continued(
    t: Trained, prompt: np.ndarray, temperatures: np.ndarray, length: int, seed: int, context: Context
) -> np.ndarray:
    """The prompt and `length` tokens after it, one row per temperature."""
    import torch

    heat = torch.as_tensor(temperatures, dtype=torch.float32, device=t.device)
    start = torch.from_numpy(prompt).to(t.device)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for rows in write(t.model, start, t.context, length, heat, seed):
            done = rows.shape[1] - len(prompt)
            context.report(done / length, f"writing, token {done} of {length}")
    finally:
        torch.set_num_threads(threads)
    return np.asarray(rows.cpu())
