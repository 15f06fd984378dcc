"""What a language_model run found out and says: headline, notes, findings and tables, all from its numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from labs.base import Finding, LabResult, Table
from labs.cores.language_model_fit import LOW, TOKENS_PER_STEP
from labs.cores.language_model_tokens import BytePairs
from labs.reports.language_model_charts import shown_token
from labs.reports.language_model_study import KINDS, LOOP, Studied, kinds

if TYPE_CHECKING:
    from labs.cores.language_model_fit import Trained, Written
    from labs.language_model import LanguageModelParams

COPY = 30  # characters taken word for word from the training text that are worth a remark
ENOUGH = 0.05  # nats: contexts that come so close to the best are called good enough


def headline(p: LanguageModelParams, t: Trained) -> str:
    bits, pairs = t.bits(t.curve_val[-1]), t.bits(float(t.bigram.mean()))
    if t.diverged is not None:
        return f"Training broke down at step {t.diverged}; before, it needed {bits:.2f} bits per character"
    than = f"{pairs - bits:.2f} fewer" if bits < pairs else f"{bits - pairs:.2f} more"
    return f"{bits:.2f} bits for a character of unseen text, {than} than a table of pairs"


def unit(p: LanguageModelParams, many: bool = True) -> str:
    return ("character" if p.tokenizer == "char" else "token") + ("s" if many else "")


def notes(p: LanguageModelParams, t: Trained, w: Written, s: Studied) -> tuple[str, ...]:
    told = [_baseline(p, t), *_prompt(p, t, w), _measured(p, t), _looks_back(p, t, s), _wrote(p, t, s)]
    return tuple(note for note in told if note)[:5]


def _baseline(p: LanguageModelParams, t: Trained) -> str:
    bits, pairs = t.bits(t.curve_val[-1]), t.bits(float(t.bigram.mean()))
    what = "letters" if p.tokenizer == "char" else "tokens"
    told = (
        f"On the last {len(t.targets):,} {unit(p)} of {t.corpus.name}, which it never saw, the transformer needs "
        f"{bits:.2f} bits per character; a table of counted pairs needs {pairs:.2f}: "
    )
    if bits < pairs - 0.02:
        return (
            told + f"it knows more than pairs of {what}, by {pairs - bits:.2f} bits ({1 - bits / pairs:.0%})."
        )
    if bits < pairs + 0.02:
        return told + f"all its attention has taught it no more than pairs of {what} yet."
    return told + f"it knows less than the pairs of {what} that anyone can count, by {bits - pairs:.2f} bits."


def _measured(p: LanguageModelParams, t: Trained) -> str:
    loss, n, V = t.curve_val[-1], len(t.targets), len(t.tokenizer)
    moved = "fell" if loss < t.loss_start else "rose"
    told = (
        f"Its loss {moved} from {t.loss_start:.2f} (ln {V} is {math.log(V):.2f}: all {V} {unit(p)} alike) to "
        f"{loss:.2f} nats, so its perplexity is {math.exp(min(loss, 700)):.1f}: it hesitates as if between so many "
        f"{unit(p)}."
    )
    if n < 1000:
        error = float(t.losses.std() / math.sqrt(n))
        told += f" Measured on only {n} {unit(p)}, that loss is uncertain by about {error:.2f}."
    return told


def _looks_back(p: LanguageModelParams, t: Trained, s: Studied) -> str:
    if t.context < p.context:
        return (
            f"The training text has only {len(t.train_ids):,} {unit(p)}, so it looks back {t.context} of them, "
            f"not {p.context}."
        )
    losses, tokens = s.by_length.mean(axis=1), unit(p)
    enough = int(
        np.flatnonzero(losses <= losses.min() + ENOUGH)[0]
    )  # the shortest context that does nearly as well
    near, best = s.by_length[0], s.by_length[enough]
    told = f"Given one {unit(p, False)} of context its loss is {losses[0]:.2f}"
    if enough == 0 or losses[0] - losses[enough] < 2 * float((near - best).std()) / math.sqrt(len(near)):
        return f"{told}, given {s.lengths[-1]} it is {losses[-1]:.2f}: it makes nothing of what stands further back."
    told += f", given {s.lengths[enough]} it is {losses[enough]:.2f}"
    if losses[-1] > losses[enough] + 4 * ENOUGH:
        return f"{told}, and given {s.lengths[-1]} {losses[-1]:.2f}: looking far back misleads it."
    if enough == len(losses) - 1:
        return f"{told}: looking far back pays."
    return f"{told}; still more, up to {s.lengths[-1]} {tokens}, gains it less than {ENOUGH} nats."


def _wrote(p: LanguageModelParams, t: Trained, s: Studied) -> str:
    real = s.words_real[p.temperature]
    if not math.isfinite(real):
        return f"At temperature {p.temperature:g} it wrote no words at all."
    others = [
        f"{s.words_real[heat]:.0%} at {heat:g}"
        for heat in s.shown
        if heat != p.temperature and math.isfinite(s.words_real[heat])
    ]
    compared = f" ({', '.join(others)})" if others else ""
    return (
        f"At temperature {p.temperature:g}, {real:.0%} of the words it wrote stand in its training text{compared}; "
        f"of the words of the unseen text, {s.words_real_text:.0%} do."
    )


def _prompt(p: LanguageModelParams, t: Trained, w: Written) -> list[str]:
    told = []
    if w.left_out:
        which = ", ".join(shown_token(c) for c in w.left_out[:8]) + (
            " and others" if len(w.left_out) > 8 else ""
        )
        rest = t.tokenizer.decode(w.prompt).strip()
        instead = f'it started from "{rest}"' if rest else "nothing was left, and it started on a new line"
        told.append(
            f"The prompt has characters that the text never shows ({which}); they were left out, so {instead}."
        )
    if len(w.prompt) > t.context:
        told.append(
            f"The prompt has {len(w.prompt)} {unit(p)}, and the model sees only the last {t.context} of them."
        )
    return told


# ------------------------------------------------------------------------------------------- findings


def findings(p: LanguageModelParams, t: Trained, w: Written, s: Studied) -> tuple[Finding, ...]:
    if found := _divergence(p, t):
        return (found,)
    every = (_underfitting(p, t), _overfitting(p, t), _memorised(p, t, s), _surer_than_right(p, t))
    return tuple(f for f in (*every, _too_cold(p, s), _too_hot(p, s)) if f)


def _divergence(p: LanguageModelParams, t: Trained) -> Finding | None:
    worst = int(np.argmax(t.curve_train))
    end, high = t.curve_train[-1], t.curve_train[worst]
    if t.diverged is not None:
        evidence = f"The loss was no longer a finite number at step {t.diverged} of {p.steps}."
    elif high > 1.2 * t.loss_start:
        evidence = (
            f"The training loss rose from {t.loss_start:.2f} to {high:.2f} at step {t.steps[worst]} and ended at "
            f"{end:.2f}."
        )
    else:
        return None
    return Finding(
        "divergence", evidence, f"Take smaller steps: learning_rate={min(p.learning_rate / 10, 0.003):.2g}."
    )


def _underfitting(p: LanguageModelParams, t: Trained) -> Finding | None:
    pairs, train, val = float(t.bigram.mean()), t.curve_train[-1], t.curve_val[-1]
    if val < pairs or train < 0.9 * pairs:
        return None
    slower = p.learning_rate > 0.01
    return Finding(
        "underfitting",
        f"After {p.steps} steps its loss is {train:.2f} on training text and {val:.2f} on unseen text; a table of "
        f"counted pairs reaches {pairs:.2f}.",
        "Take smaller steps: learning_rate=0.003."
        if slower
        else f"Train longer (steps={min(max(5 * p.steps, 300), 5000)}).",
    )


def _overfitting(p: LanguageModelParams, t: Trained) -> Finding | None:
    lowest = int(np.argmin(t.curve_val))
    best, end = t.curve_val[lowest], t.curve_val[-1]
    if end < best + 0.1 or t.curve_train[-1] >= t.curve_train[lowest]:
        return None
    times = p.steps * max(1, TOKENS_PER_STEP // t.context) * t.context / len(t.train_ids)
    return Finding(
        "overfitting",
        f"From step {t.steps[lowest]} on, the loss on unseen text rose from {best:.2f} to {end:.2f} while that on "
        f"training text fell from {t.curve_train[lowest]:.2f} to {t.curve_train[-1]:.2f}: it read the same "
        f"{len(t.train_ids):,} {unit(p)} about {times:,.0f} times.",
        f"Stop there (steps={max(t.steps[lowest], 1)}), take a longer text, or a smaller model "
        f"(width={max(8 // p.heads * p.heads, p.width // 2 // p.heads * p.heads, p.heads)}).",
    )


def _memorised(p: LanguageModelParams, t: Trained, s: Studied) -> Finding | None:
    if len(s.copy) < COPY or len(s.copy) < 1.5 * len(s.copy_text):
        return None
    shown = s.copy if len(s.copy) <= 60 else f"{s.copy[:57]}..."
    return Finding(
        "memorised_text",
        f'It wrote {len(s.copy)} characters word for word as they stand in its training text ("'
        f'{" ".join(shown.split())}"); passages of the unseen text share at most {len(s.copy_text)} with it.',
        f"Take a longer text or fewer steps (steps={max(1, p.steps // 4)}); and do not take what it writes for ideas.",
    )


def _surer_than_right(p: LanguageModelParams, t: Trained) -> Finding | None:
    sure = float(np.exp(t.log_p.max(axis=1)).mean())
    right = float((t.log_p.argmax(axis=1) == t.targets).mean())
    error = math.sqrt(max(right * (1 - right), 0.01) / len(t.targets))
    if sure - right < max(0.15, 2 * error):
        return None
    return Finding(
        "saturated_softmax",
        f"On unseen text it is {sure:.0%} sure of its first guess on average, and right {right:.0%} of the time.",
        f"Stop earlier (steps={max(1, p.steps // 4)}), or take a longer text: learning by heart makes it too sure.",
    )


def _too_cold(p: LanguageModelParams, s: Studied) -> Finding | None:
    share = s.repeated[p.temperature]
    if p.temperature >= 1 or share < s.repeated_text + 0.2 or share < s.repeated[1.0] + 0.1:
        return None
    return Finding(
        "temperature_too_low",
        f"At temperature {p.temperature:g} it repeats itself: {share:.0%} of the runs of {LOOP} characters had come "
        f"before in the same text. At temperature 1 it is {s.repeated[1.0]:.0%}, in the training text "
        f"{s.repeated_text:.0%}.",
        "Let it choose more freely: temperature=0.8.",
    )


def _too_hot(p: LanguageModelParams, s: Studied) -> Finding | None:
    real, calm = s.words_real[p.temperature], s.words_real[LOW]
    real = 0.0 if math.isnan(real) else real
    if p.temperature <= 1 or real > 0.6 * calm or not calm - real >= 0.15:
        return None
    return Finding(
        "temperature_too_high",
        f"At temperature {p.temperature:g} it writes noise: {real:.0%} of its words stand in the training text, at "
        f"temperature {LOW:g} {calm:.0%}.",
        "Let it keep to what is likely: temperature=0.8.",
    )


# ------------------------------------------------------------------------------------------- tables


def tables(p: LanguageModelParams, t: Trained, w: Written, s: Studied) -> tuple[Table, ...]:
    start = t.tokenizer.decode(w.prompt)
    texts = tuple((heat, tidy(start + w.texts[heat][0]).removeprefix("⏎").strip()) for heat in s.shown)
    prompt = tuple(
        (int(place), shown_token(name))
        for place, name in zip(w.prompt[:60], t.names(w.prompt[:60]), strict=True)
    )
    habits = tuple(
        (layer + 1, head + 1, *(float(v) for v in s.heads[layer, head]))
        for layer in range(s.heads.shape[0])
        for head in range(s.heads.shape[1])
    )
    found = [
        Table("What it writes", ("temperature", "text"), texts),
        Table("The prompt as tokens", ("number", "token"), prompt),
        Table(
            "What is hard to predict, on unseen text",
            ("what", "share", "loss", "loss of the table of pairs"),
            _hard(p, t),
        ),
        Table(
            "Where each head looks, on unseen text",
            ("layer", "head", "weight on itself", "on the one before", "mean distance", "tokens looked at"),
            habits,
        ),
    ]
    if isinstance(t.tokenizer, BytePairs):
        rows = tuple(
            (rank, shown_token(left), shown_token(right), shown_token(left + right))
            for rank, (left, right) in enumerate(t.tokenizer.merges[:40], start=1)
        )
        found.append(Table("The first merges", ("merge", "left", "right", "new token"), rows))
    return tuple(found)


def _hard(p: LanguageModelParams, t: Trained) -> tuple[tuple[str, float, float, float], ...]:
    """Mean losses in nats by kind of token, the hardest first."""
    kind = kinds(p, t)
    rows = [
        (
            name,
            float((kind == k).mean()),
            float(t.losses[kind == k].mean()),
            float(t.bigram[kind == k].mean()),
        )
        for k, name in enumerate(KINDS[p.tokenizer])
        if (kind == k).any()
    ]
    return tuple(sorted(rows, key=lambda row: -row[2]))


def tidy(text: str) -> str:
    """A text on one line; where a line ended stands a mark."""
    return re.sub(r"\s*\n\s*", " ⏎ ", text).strip()


def sweep_remarks(swept: str, runs: tuple[LabResult, ...]) -> tuple[list[str], list[Finding]]:
    """What must be said when runs are compared that cannot be compared in every number."""
    if swept in ("tokenizer", "merges", "text"):
        why = (
            "the texts are not the same, so one may simply be easier to predict"
            if swept == "text"
            else "a longer token is harder to guess and stands for more text"
        )
        return [f"Compare bits per character, not loss or perplexity: {why}."], []
    same = {tuple(run.metrics[name] for name in ("loss_val", "loss_train")) for run in runs}
    if swept in ("temperature", "prompt") and len(same) == 1:
        loss = runs[0].metrics["loss_val"]
        return [
            f"It is one and the same model in every run (loss {loss:.2f}): the {swept} changes only what it writes."
        ], []
    if swept == "heads":
        count = runs[0].metrics["parameters"]
        return [
            f"All runs have {count:,.0f} parameters: more heads means narrower ones, since they share the width."
        ], []
    return [], []
