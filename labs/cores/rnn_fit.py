"""A run of the rnn lab: the text, a network, its training, and what is measured before, during and after it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import texts
from labs.cores.rnn import Network, fresh, generate, gradient_through_time, mean_loss, read, train

if TYPE_CHECKING:
    from labs.base import Context
    from labs.rnn import RnnParams

STREAMS = 32  # pieces of text that are read side by side
CHECKPOINTS = 20  # at which both losses are measured
LEAST_MEASURED = 5000  # training characters that the training loss is measured on, where there are so many
MEASURED = 128  # pieces whose gradient is followed back
LONGEST_MEMORY = 100  # characters up to which the worth of having read more is measured
STRETCHES = 1500  # that this is measured on
SAMPLE, SNAPSHOT = 240, 120  # characters generated at the end, and in the course of training
PROMPT = "The "
AT_ONCE = 20_000  # characters in one go where pieces are many: a matter of memory


@dataclass
class Story:
    """A network after its training, its text, and what was recorded on the way."""

    corpus: texts.Corpus
    vocabulary: texts.Vocabulary
    training: Any  # (n,) ids, as a tensor on the device of the run
    validation: Any  # (m,)
    net: Network
    streams: int
    loss: list[float] = field(default_factory=list)  # of each step's pieces, before the step
    norm: list[float] = field(default_factory=list)  # of each step's gradient, before clipping
    checkpoints: list[int] = field(default_factory=list)  # steps at which these two were measured, 0 first
    loss_train: list[float] = field(default_factory=list)
    loss_val: list[float] = field(default_factory=list)
    back_before: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (T,) see `gradient_back`
    back_after: np.ndarray = field(default_factory=lambda: np.zeros(0))
    memory: np.ndarray = field(default_factory=lambda: np.zeros(0))  # see `loss_by_characters_read`
    snapshots: dict[int, str] = field(default_factory=dict)  # step -> what it wrote then
    samples: dict[float, str] = field(default_factory=dict)  # temperature -> what it writes at the end
    diverged: int | None = None  # the step at which the loss stopped being finite

    @property
    def gradient_ratio(self) -> float:
        """|∂L_T/∂s_1| / |∂L_T/∂h_T| at the end of training, the median of the pieces."""
        return float(self.back_after[-1])

    @property
    def uniform(self) -> float:
        """The loss of giving every character the same chance: ln V."""
        return math.log(len(self.vocabulary))


def learn(p: RnnParams, context: Context) -> Story:
    """Read the text, train, and measure before, during and after."""
    import torch

    context.report(0.0, "reading the text")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one character at a time is too little to share: two threads are far slower
    try:
        return _learn(p, context)
    finally:
        torch.set_num_threads(threads)


def _learn(p: RnnParams, context: Context) -> Story:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    corpus = texts.load(p.text)
    vocabulary = corpus.vocabulary()
    training, validation = (torch.from_numpy(vocabulary.encode(part)).to(device) for part in corpus.split())
    generator = torch.Generator().manual_seed(p.seed)
    net = fresh(p.cell, len(vocabulary), p.hidden, p.layers, generator, device)
    # each stream has two pieces or more to go through, so that a state has somewhere to be carried to
    streams = max(1, min(STREAMS, (len(training) - 1) // (2 * p.sequence_length)))
    story = Story(corpus, vocabulary, training, validation, net, streams)

    wanted = {round(p.steps * (k / CHECKPOINTS) ** 1.5) for k in range(CHECKPOINTS + 1)}
    _measure(story, 0)
    story.back_before = gradient_back(story, p.sequence_length)
    story.snapshots[0] = write(story, SNAPSHOT, [p.temperature], p.seed)[0]
    kept = [w.detach().clone() for w in net.weights]
    steps = train(net, training, p.sequence_length, streams, p.steps, p.learning_rate, p.clip, generator)
    for step, loss, norm in steps:
        context.report(0.02 + 0.9 * step / p.steps, f"step {step} of {p.steps}, loss {loss:.3f}")
        story.loss.append(loss)
        story.norm.append(norm)
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite and step in wanted:
            finite = _measure(story, step)
            if finite:
                kept = [w.detach().clone() for w in net.weights]
        if not finite:
            story.diverged = step
            for weight, old in zip(net.weights, kept, strict=True):
                weight.data.copy_(old)
            break
        if step == p.steps // 2:
            story.snapshots[step] = write(story, SNAPSHOT, [p.temperature], p.seed)[0]
    context.report(0.93, "following the gradient back through time")
    story.back_after = gradient_back(story, p.sequence_length)
    story.memory = loss_by_characters_read(story, p.sequence_length)
    context.report(0.97, "writing")
    story.snapshots[len(story.loss)] = write(story, SNAPSHOT, [p.temperature], p.seed)[0]
    temperatures = sorted({0.2, p.temperature, 1.5})
    written = write(story, SAMPLE, temperatures, p.seed)
    story.samples = dict(zip(temperatures, written, strict=True))
    return story


def _measure(story: Story, step: int) -> bool:
    """Both losses now; False, adding nothing, when they are not finite.

    The training loss is that of the training text's end, about as long as the validation text that follows it.
    """
    near = max(len(story.validation), LEAST_MEASURED)
    losses = [mean_loss(story.net, ids) for ids in (story.training[-near:], story.validation)]
    if not all(math.isfinite(loss) for loss in losses):
        return False
    story.checkpoints.append(step)
    story.loss_train.append(losses[0])
    story.loss_val.append(losses[1])
    return True


def pieces(ids: Any, T: int, count: int) -> Any:
    """Up to `count` stretches of T + 1 characters, evenly spaced over a text: (count, T + 1)."""
    import torch

    last = len(ids) - T - 1
    starts = np.unique(np.linspace(0, last, min(count, last + 1)).round().astype(int))
    return torch.stack([ids[start : start + T + 1] for start in starts.tolist()])


def gradient_back(story: Story, T: int) -> np.ndarray:
    """|∂L_T/∂s_{T-d}| / |∂L_T/∂h_T| for d = 0 to T - 1 characters back: medians over pieces of the text."""
    count = max(8, min(MEASURED, AT_ONCE // T))
    lengths = gradient_through_time(story.net, pieces(story.training, T, count)).cpu().numpy()  # (pieces, T)
    last = lengths[:, -1:]
    some = last[:, 0] > 0  # a prediction that is exactly right has no gradient to follow
    if not some.any():
        return np.zeros(T)
    return np.median(lengths[some] / last[some], axis=0)[::-1]


def loss_by_characters_read(story: Story, T: int) -> np.ndarray:
    """Mean loss of the next character after having read 1, 2, ... characters from a blank state, nats.

    The stretches start at every one of many neighbouring characters, so that each place in a stretch is averaged
    over nearly the same characters, and what differs is how much was read before them.
    """
    import torch

    span = min(T, LONGEST_MEMORY, len(story.validation) // 2)
    every = story.validation[: STRETCHES + span].unfold(0, span + 1, 1)  # (stretches, span + 1)
    total = torch.zeros(span, dtype=torch.float64)
    with torch.no_grad():
        for rows in every.split(max(1, AT_ONCE // span)):
            scores = read(story.net, rows[:, :-1])[0].flatten(0, 1)
            loss = torch.nn.functional.cross_entropy(scores, rows[:, 1:].flatten(), reduction="none")
            total += loss.view(len(rows), span).double().sum(dim=0).cpu()
    return (total / len(every)).numpy()


def write(story: Story, length: int, temperatures: list[float], seed: int) -> list[str]:
    """What the network writes after the prompt, one text per temperature, the prompt included."""
    import torch

    prompt = PROMPT if not story.vocabulary.unknown(PROMPT) else story.corpus.text[:4]
    start = torch.from_numpy(story.vocabulary.encode(prompt)).to(story.training.device)
    generator = torch.Generator().manual_seed(seed)
    rows = generate(story.net, start, length, temperatures, generator).numpy()
    return [prompt + story.vocabulary.decode(row) for row in rows]
