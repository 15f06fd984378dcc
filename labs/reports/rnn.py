"""What an rnn run says: headline, notes, findings and tables, all from its numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.reports.rnn_charts import EXCERPT, FACTS, ROUNDING, charts, counted, printed, share, unit_rows

if TYPE_CHECKING:
    from labs.cores.rnn_fit import Story
    from labs.rnn import RnnParams

NAMES = {"rnn": "plain RNN", "gru": "GRU", "lstm": "LSTM"}
BEFORE_EXCERPT = 200  # characters read to warm the state up
KINDS = ("first letter of a word", "later letter of a word", "space", "anything else")  # of character
JUMP = 5.0  # times the usual length: a gradient that explodes
SMOOTHING = 0.1  # added to every count of a pair, so that an unseen one is not impossible

__all__ = ["charts", "findings", "headline", "notes", "series", "share", "sweep_remarks", "tables"]


def headline(p: RnnParams, story: Story) -> str:
    who = f"The {NAMES[p.cell]}"
    if story.diverged is not None:
        return f"{who} diverged at step {story.diverged}"
    bits = story.loss_val[-1] / math.log(2)
    back = p.sequence_length - 1
    left = share(story.gradient_ratio)
    return f"{who} needs {bits:.2f} bits per character; {counted(back)} back, {left} of the gradient is left"


# ------------------------------------------------------------------------------------------- the numbers


def series(p: RnnParams, story: Story) -> dict[str, np.ndarray]:
    """The arrays behind the charts."""
    hidden, chances, start = _excerpt(story)
    return {
        "step": np.arange(1, len(story.loss) + 1),
        "gradient_length": np.array([n if math.isfinite(n) and n > 0 else np.nan for n in story.norm]),
        "checkpoint": np.array(story.checkpoints),
        "loss_train": np.array(story.loss_train),
        "loss_val": np.array(story.loss_val),
        "loss_letters": np.array(counting_losses(story)),  # (2,): single characters, pairs
        "back": np.arange(len(story.back_after)),
        "gradient_before": story.back_before,
        "gradient_after": story.back_after,
        "characters_read": np.arange(1, len(story.memory) + 1),
        "loss_by_characters_read": story.memory,
        "excerpt": np.array([start]),  # where in the validation text
        "excerpt_hidden": hidden,  # (characters, H)
        "excerpt_chance": chances,  # (characters,): of the one that came, before it was read
        **_inside(story),
    }


def counting_losses(story: Story) -> tuple[float, float]:
    """Validation loss of two rules without a network: how common each character is, and each pair of them."""
    V = len(story.vocabulary)
    training, validation = story.training.cpu().numpy(), story.validation.cpu().numpy()
    single = np.bincount(training, minlength=V) + SMOOTHING
    pairs = np.full((V, V), SMOOTHING)
    np.add.at(pairs, (training[:-1], training[1:]), 1.0)
    chance_single = single / single.sum()
    chance_pairs = pairs / pairs.sum(axis=1, keepdims=True)
    later = validation[1:]
    return (
        float(-np.log(chance_single[later]).mean()),
        float(-np.log(chance_pairs[validation[:-1], later]).mean()),
    )


def _excerpt(story: Story) -> tuple[np.ndarray, np.ndarray, int]:
    """A line of the validation text, of plain words if there is one: (characters, H), (characters,), its start."""
    import torch

    text = story.vocabulary.decode(story.validation.cpu().numpy())
    length = min(EXCERPT, len(text) - 2)
    lines = [m.start() for m in re.finditer(rf"(?<=\n)[^\n]{{{length}}}", text)]
    plain = [start for start in lines if re.fullmatch(r"\w\w[\w ,']+", text[start : start + length])]
    start = (plain or lines or [1])[0]
    first = max(0, start - BEFORE_EXCERPT)
    ids = story.validation[None, first : start + length]
    with torch.no_grad():
        scores, _, hidden = _read(story, ids)
    chances = torch.softmax(scores[0].double(), dim=1).cpu().numpy()
    came = ids[0].cpu().numpy()
    place = np.arange(start - first, start - first + length)
    return hidden[0].cpu().double().numpy()[place], chances[place - 1, came[place]], start


def _read(story: Story, ids: Any) -> Any:
    from labs.cores.rnn import read

    return read(story.net, ids)


def _inside(story: Story) -> dict[str, np.ndarray]:
    """How each unit of the top layer goes with simple facts of the text, and how sure the network is of what comes."""
    import torch

    ids = story.validation
    rows = max(1, len(ids) // 500)
    ids = ids[: len(ids) // rows * rows].view(rows, -1)  # (rows, n)
    with torch.no_grad():
        scores, _, out = _read(story, ids)
    hidden = out.cpu().double().numpy()  # (rows, n, H)
    chances = torch.softmax(scores[:, :-1].double(), dim=2).gather(2, ids[:, 1:, None])[:, :, 0].cpu().numpy()
    text = [story.vocabulary.decode(row) for row in ids.cpu().numpy()]

    flat = hidden.reshape(-1, hidden.shape[2])
    spread = flat.std(axis=0)
    z = (flat - flat.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)  # (N, H)
    told = facts("".join(text))
    agreement = np.full((len(FACTS), flat.shape[1]), np.nan)
    for place, name in enumerate(FACTS):
        if name in told:
            f = told[name]
            agreement[place] = z.T @ ((f - f.mean()) / f.std()) / len(f)
    which = kinds(text)
    sure = [chances[which[kind]].mean() if kind in which else np.nan for kind in KINDS]
    kept = _forget_gates(story, ids, out)
    return {
        **({"forget_gates": kept} if kept is not None else {}),
        "unit_agreement": agreement,  # (FACTS, H): correlations
        "sure": np.array(sure),  # (KINDS,): mean probability of the character that came
    }


def _forget_gates(story: Story, ids: Any, out: Any) -> np.ndarray | None:
    """Mean of each unit's forget gate over what was read, (H,); None but for an LSTM of one layer."""
    import torch

    if story.net.cell != "lstm" or len(story.net.layers) > 1:
        return None
    p, H = story.net.layers[0], out.shape[2]
    f = slice(H, 2 * H)
    with torch.no_grad():
        seen = p["W_x"][f].T[ids[:, 1:]] + out[:, :-1] @ p["W_h"][f].T + p["b"][f]
        return np.asarray(seen.sigmoid().mean(dim=(0, 1)).cpu(), dtype=float)


def kinds(text: list[str]) -> dict[str, np.ndarray]:
    """Which characters are of which kind, (rows, n - 1): all but the first of each row. Kinds that do not occur go."""
    letter = np.array([[c.isalpha() for c in row] for row in text])
    space = np.array([[c == " " for c in row] for row in text])[:, 1:]
    now, before = letter[:, 1:], letter[:, :-1]
    found = dict(zip(KINDS, (now & ~before, now & before, space, ~now & ~space), strict=True))
    return {kind: which for kind, which in found.items() if which.any()}


def facts(text: str) -> dict[str, np.ndarray]:
    """Simple facts after each character of a text, (n,) each; those that never change are left out."""
    letter = np.array([c.isalpha() for c in text])
    since_word, since_line = np.zeros(len(text)), np.zeros(len(text))
    for i, c in enumerate(text):
        since_word[i] = (since_word[i - 1] if i else 0) + 1 if letter[i] else 0
        since_line[i] = 0 if c == "\n" else (since_line[i - 1] if i else 0) + 1
    space = np.array([c == " " for c in text], dtype=float)
    vowel = np.array([c.lower() in "aeiou" for c in text], dtype=float)
    told = dict(zip(FACTS, (space, vowel, since_word, np.log1p(since_line)), strict=True))
    return {name: values for name, values in told.items() if values.std() > 0}


# ------------------------------------------------------------------------------------------- words


def tables(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> tuple[Table, ...]:
    written = [(step, printed(text)) for step, text in sorted(story.snapshots.items())]
    at = [(temperature, printed(text)) for temperature, text in story.samples.items()]
    sure = tuple(
        (kind, round(float(v), 3)) for kind, v in zip(KINDS, shown["sure"], strict=True) if np.isfinite(v)
    )
    return (
        Table(
            f"What it wrote while it learned (temperature {p.temperature:g})",
            ("step", "text"),
            tuple(written),
        ),
        Table("What it writes at the end, at three temperatures", ("temperature", "text"), tuple(at)),
        Table("Hidden units that follow something", ("what", "unit", "correlation"), unit_rows(shown)),
        Table("How sure it was of the character that came", ("kind of character", "mean probability"), sure),
    )


def notes(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> tuple[str, ...]:
    single, pairs = shown["loss_letters"]
    told = [
        f"It learned from the first {len(story.training):,} characters of {story.corpus.name} "
        f"({len(story.vocabulary)} different ones) and was tested on the last {len(story.validation):,}: "
        f"{story.loss_val[-1]:.2f} nats, or {story.loss_val[-1] / math.log(2):.2f} bits, per character. "
        f"Pure guessing costs {story.uniform:.2f} nats, knowing how common each character is {single:.2f}, "
        f"and knowing each pair of neighbours {pairs:.2f}."
    ]
    told.append(_about_gradient(p, story, shown))
    worth = _about_memory(story)
    if worth:
        told.append(worth)
    told.append(_about_learning(p, story, has_diverged(story)))
    told.append(_about_writing(p, story))
    return tuple(told[:5])


def _about_gradient(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> str:
    back = p.sequence_length - 1
    after, before = story.gradient_ratio, float(story.back_before[-1])
    if not story.back_after[0] > 0:
        return "After training no gradient is left to follow back: every prediction is certain."
    small = np.flatnonzero(story.back_after < 0.01)
    where = f"it falls below 1% after {counted(small[0])}" if len(small) else "it nowhere falls below 1%"
    told = (
        f"Of the gradient of the last prediction's loss, {share(after)} reaches the state {counted(back)} "
        f"earlier ({share(before)} before training); {where}."
    )
    if (kept := shown.get("forget_gates")) is not None:
        told += (
            f" The forget gates started with a bias of 1, at sigmoid(1) = 0.73; now they keep {kept.mean():.2f} of "
            f"the cell state at each character on average, the most retentive {kept.max():.2f}."
        )
    return told


def _about_memory(story: Story) -> str:
    """What it is worth to have read ten characters, and all of them, in place of one."""
    memory = story.memory
    if len(memory) < 12:
        return ""
    told = (
        f"Its loss is {memory[0]:.2f} when it has read one character, {memory[9]:.2f} after ten and "
        f"{memory[-1]:.2f} after {len(memory)}"
    )
    gain = memory[9] - memory[-1]
    if gain > 0.05:
        return f"{told}: it does use what lies further back than ten characters."
    if gain < -0.05:
        return f"{told}: what it remembers misleads it on a text that it has never seen."
    return f"{told}: what lies further back than ten characters is worth next to nothing to it."


def _about_learning(p: RnnParams, story: Story, diverged: bool) -> str:
    shortened = sum(norm > p.clip for norm in story.norm) if p.clip else 0
    longest = max((norm for norm in story.norm if math.isfinite(norm)), default=0.0)
    done = len(story.norm)
    told = (
        f"Clipping at {p.clip:g} shortened {shortened} of {counted(done, 'gradient')} (the longest: {longest:.3g})."
        if p.clip
        else f"No gradient was clipped; the longest of {done} had length {longest:.3g}."
    )
    losses = story.loss_val
    if not diverged and len(losses) > 4 and losses[-3] - losses[-1] > 0.02:
        last = story.checkpoints[-1] - story.checkpoints[-3]
        fell = losses[-3] - losses[-1]
        return (
            f"{told} The validation loss still fell by {fell:.2f} in the last {last} steps: more would help."
        )
    return f"{told} The training loss is {story.loss_train[-1]:.2f} at the end."


def _about_writing(p: RnnParams, story: Story) -> str:
    sample = story.samples[p.temperature]
    known = set(re.findall(r"[a-z]{3,}", story.corpus.text.lower()))
    words = re.findall(r"[a-z]{3,}", sample.lower())
    copied = longest_copy(sample, story.vocabulary.decode(story.training.cpu().numpy()))
    real = sum(word in known for word in words)
    return (
        f"At temperature {p.temperature:g} it wrote {counted(len(words), 'word')} of three letters or more, of "
        f"which {real} also stand in its text; the longest stretch that it copied has {counted(copied)}."
    )


def longest_copy(sample: str, text: str) -> int:
    """The length of the longest stretch of `sample` that stands in `text`."""
    best = 0
    for start in range(len(sample)):
        while start + best < len(sample) and sample[start : start + best + 1] in text:
            best += 1
    return best


# ------------------------------------------------------------------------------------------- findings


def has_diverged(story: Story) -> bool:
    """Whether the loss broke, ended far above where it had been, or jumped far above guessing and stayed there."""
    lowest, end = min(story.loss_train), story.loss_train[-1]
    jumped = max(story.loss_train) > 1.5 * story.uniform and end > 0.9 * story.uniform
    return story.diverged is not None or jumped or end > max(lowest + 0.5, 1.2 * lowest)


def findings(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> tuple[Finding, ...]:
    found: list[Finding] = []
    train, val = story.loss_train, story.loss_val
    lowest_train = min(train)
    smaller = f"learning_rate={float(f'{p.learning_rate / 5:.1g}'):g}"
    diverged = has_diverged(story)
    if diverged:
        evidence = (
            f"The loss stopped being a finite number at step {story.diverged}."
            if story.diverged is not None
            else f"The training loss was {max(train):.2f} at its highest, {lowest_train:.2f} at its lowest and "
            f"{train[-1]:.2f} at the end (guessing: {story.uniform:.2f})."
        )
        found.append(Finding("divergence", evidence, f"Take smaller steps: {smaller}."))
    found += _gradient_findings(p, story, smaller, diverged)
    if diverged:
        return tuple(found)
    best = int(np.argmin(val))
    pairs = float(shown["loss_letters"][1])
    if val[-1] - val[best] > 0.03:
        found.append(
            Finding(
                "overfitting",
                f"The validation loss was {val[best]:.2f} after {story.checkpoints[best]} steps and is "
                f"{val[-1]:.2f} at the end, while the training loss fell to {train[-1]:.2f}.",
                f"Stop there (steps={max(1, story.checkpoints[best])}), take fewer units "
                f"(hidden={max(1, p.hidden // 2)}), or give it more text than "
                f"{len(story.training):,} characters.",
            )
        )
    elif val[-1] > pairs:
        found.append(
            Finding(
                "underfitting",
                f"Its validation loss of {val[-1]:.2f} is no better than {pairs:.2f}, that of counting pairs of "
                "neighbouring characters: it has learned no more than that.",
                f"Train longer (steps={min(5000, max(300, 3 * p.steps))})"
                + (
                    ", with more units (hidden=64)."
                    if p.hidden < 32
                    else ", or take larger steps (learning_rate=0.01)."
                ),
            )
        )
    return tuple(found)


def _gradient_findings(p: RnnParams, story: Story, smaller: str, diverged: bool) -> list[Finding]:
    found = []
    ratio, back = story.gradient_ratio, p.sequence_length - 1
    if ratio < ROUNDING and not diverged:
        small = np.flatnonzero(story.back_after < 0.01)
        way_out = (
            "Take cell=lstm, whose cell state is scaled by a gate in place of a matrix, and compare: "
            "cell=[rnn,gru,lstm]."
            if p.cell == "rnn"
            else f"Train longer (steps={min(5000, 3 * p.steps)}): gates open as far as something is worth keeping."
        )
        size = f"{ratio:.1e} of its size" if ratio > 0 else "too small to be held as a number"
        found.append(
            Finding(
                "vanishing_gradient",
                f"{counted(back).capitalize()} earlier the gradient of a prediction is {size}: less than "
                f"{ROUNDING:.1e}, the least that single precision can add to 1. It is below 1% from "
                f"{counted(small[0])} on, and what stood much further back can hardly be learned from.",
                way_out,
            )
        )
    step, times = largest_jump(story.norm)
    if times >= JUMP and story.norm[step] > 1:
        peak = story.norm[step]
        unclipped = not p.clip or p.clip >= peak
        found.append(
            Finding(
                "exploding_gradient",
                f"In step {step + 1} the gradient was {peak:.3g} long, {times:.3g} times the median of the steps "
                "before it" + ("." if unclipped else f"; clipping cut it to {p.clip:g}."),
                ("Clip it (clip=1), or take" if unclipped else "Take") + f" smaller steps: {smaller}.",
            )
        )
    return found


def largest_jump(norms: list[float], before: int = 50) -> tuple[int, float]:
    """The place at which a gradient is longest against the median of the (up to 50) before it, and how many times."""
    best = (0, 0.0)
    for step in range(1, len(norms)):
        usual = float(np.median(norms[max(0, step - before) : step]))
        if math.isfinite(norms[step]) and usual > 0 and norms[step] / usual > best[1]:
            best = (step, norms[step] / usual)
    return best


def sweep_remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    """For runs with different cells: how much of the gradient survives each character, and where they cross."""
    if swept != "cell":
        return [], []
    kept: list[str] = []
    start: list[str] = []
    for run in runs:
        name, back = NAMES[run.parameters["cell"]], run.parameters["sequence_length"] - 1
        for told, key in ((kept, "gradient_ratio"), (start, "gradient_ratio_before")):
            ratio = run.metrics[key]
            told.append(f"{ratio ** (1 / back):.0%} ({name})" if ratio > 0 else f"nothing ({name})")
    sentence = (
        f"On average over the {runs[0].parameters['sequence_length'] - 1} characters, each step back keeps "
        f"{', '.join(kept)} of the gradient; before training {', '.join(start)}. The LSTM's forget gates start "
        "with a bias of 1, at sigmoid(1) = 73%."
    )
    return [sentence], []
