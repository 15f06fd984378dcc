"""The charts of a language_model run, and the arrays behind them."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from labs.charts import Bars, Chart, Heatmap, Layer, Line, Panel, Rule

if TYPE_CHECKING:
    from labs.cores.language_model_fit import Trained, Written
    from labs.language_model import LanguageModelParams
    from labs.reports.language_model_study import Studied

TOP = 10  # tokens shown after the prompt
MAPS = 4  # heads drawn
MARKS = {" ": "␣", "\n": "⏎", "\t": "⇥"}
DRAWN = (
    (0x21, 0x58F),
    (0x1E00, 0x1FFF),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x20A0, 0x20B5),
    (0x2190, 0x22FF),
)


def shown_token(token: str) -> str:
    """A token as it can be seen and drawn: marks for white space, the code of what the fonts do not have."""

    def shown(c: str) -> str:
        known = any(low <= ord(c) <= high for low, high in DRAWN) and unicodedata.category(c)[0] not in "CZM"
        return MARKS.get(c) or (c if known else f"U+{ord(c):04X}")

    return "".join(shown(c) for c in token)


def label(token: str) -> str:
    """A token at an axis, at most nine characters long."""
    shown = shown_token(token)
    return shown if len(shown) <= 9 else f"{shown[:8]}…"


def safe(text: str) -> str:
    """A title with words of the student's: two dollar signs would start a formula."""
    return text.replace("$", r"\$") if text.count("$") > 1 else text


def series(p: LanguageModelParams, t: Trained, w: Written, s: Studied) -> dict[str, np.ndarray]:
    """The arrays behind the charts."""
    found = {
        "step": np.array(t.steps),
        "loss_train": np.array(t.curve_train),
        "loss_val": np.array(t.curve_val),
    }
    order = likeliest(s)
    for heat, probabilities in zip(s.shown, s.next_p, strict=True):
        found[f"next_{heat:g}"] = probabilities[order]
    n = len(s.passage)
    later = np.triu(np.ones((n, n), dtype=bool), k=1)
    for layer, head in drawn_heads(s):
        found[f"attention_{layer + 1}_{head + 1}"] = np.where(later, np.nan, s.maps[layer, head])
    found["context"] = s.lengths
    found["loss_by_context"] = s.by_length.mean(axis=1)
    heats = np.array(sorted({*np.round(np.geomspace(0.3, 2.0, 25), 3), 1.0}))
    found["temperature"] = heats
    found["entropy"], found["loss_at"] = by_temperature(t, heats)
    found["temperature_written"] = np.array(sorted(w.texts))
    found["words_real"] = np.array([s.words_real[heat] for heat in sorted(w.texts)])
    found["repeated"] = np.array([s.repeated[heat] for heat in sorted(w.texts)])
    return found


def likeliest(s: Studied) -> np.ndarray:
    """The likeliest tokens after the prompt, (TOP,): the same at every temperature that leaves more than one."""
    return np.argsort(-s.next_p[-1], kind="stable")[:TOP]


def by_temperature(t: Trained, heats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits per token of the unseen text: the model's entropy, and its loss."""
    some = np.linspace(0, len(t.targets) - 1, min(len(t.targets), 2000)).astype(int)
    log_p, targets = t.log_p[some].astype(float), t.targets[some]
    entropy, loss = [], []
    for heat in heats:
        scaled = log_p / heat
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        scaled = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        entropy.append(-(np.exp(scaled) * scaled).sum(axis=1).mean() / math.log(2))
        loss.append(-scaled[np.arange(len(some)), targets].mean() / math.log(2))
    return np.array(entropy), np.array(loss)


def drawn_heads(s: Studied) -> list[tuple[int, int]]:
    """The heads of the layer that has the sharpest one; of many heads, the sharpest few."""
    sharp = s.heads[..., 3]  # effective number of tokens looked at
    layer = int(np.unravel_index(int(sharp.argmin()), sharp.shape)[0])
    chosen = np.sort(np.argsort(sharp[layer], kind="stable")[:MAPS])
    return [(layer, int(head)) for head in chosen]


def charts(
    p: LanguageModelParams, t: Trained, w: Written, s: Studied, shown: dict[str, np.ndarray]
) -> tuple[Chart, ...]:
    return (
        _learning(p, t),
        _next(p, t, w, s),
        _attention(p, t, s),
        _context(p, s),
        _heat(p, s, shown),
    )


def _unit(p: LanguageModelParams) -> str:
    return "character" if p.tokenizer == "char" else "token"


def _learning(p: LanguageModelParams, t: Trained) -> Chart:
    from labs.reports.language_model import headline

    V = len(t.tokenizer)
    few = len(t.steps) <= 3
    layers: tuple[Layer, ...] = (
        Line("step", "loss_train", "training text", tone=0, markers=few),
        Line("step", "loss_val", "unseen text", tone=1, markers=few),
        Rule(math.log(V), label=f"guessing: ln {V}"),
        Rule(float(t.bigram.mean()), label="table of pairs"),
    )
    return Chart("learning", headline(p, t), (Panel("training step", "loss (nats per token)", layers),))


def _next(p: LanguageModelParams, t: Trained, w: Written, s: Studied) -> Chart:
    order = likeliest(s)
    names = tuple(label(name) for name in t.names(order))
    bars = tuple(
        Bars(names, f"next_{heat:g}", f"at {heat:g}", tone=i, number_format=None)
        for i, heat in enumerate(s.shown)
    )
    mine = s.next_p[s.shown.index(p.temperature)]
    prompt = t.tokenizer.decode(w.prompt)
    prompt = shown_token(prompt[1:] or prompt)  # without the beginning of the line
    prompt = prompt if len(prompt) <= 24 else f"…{prompt[-23:]}"
    told = f'After "{prompt}", "{names[0]}" comes next with probability {mine[order[0]]:.0%}'
    cold, hot = s.next_p[0][order[0]], s.next_p[-1][order[0]]
    told += f" ({cold:.0%} at temperature {s.shown[0]:g}, {hot:.0%} at {s.shown[-1]:g})"
    panel = Panel(f"next {_unit(p)}, by temperature", "probability", bars, percent=True)
    return Chart("next", safe(told), (panel,), overlay="panels")


def _attention(p: LanguageModelParams, t: Trained, s: Studied) -> Chart:
    chosen = drawn_heads(s)
    names = [label(name) for name in t.names(s.passage)]
    across = [f"\n{name}" if i % 2 and p.tokenizer == "bpe" else name for i, name in enumerate(names)]
    panels = tuple(
        Panel(
            "looked at" if i >= len(chosen) - 2 else "",
            f"head {layer + 1}.{head + 1}",
            (Heatmap(f"attention_{layer + 1}_{head + 1}", tuple(across), tuple(names)),),
            equal=True,
        )
        for i, (layer, head) in enumerate(chosen)
    )
    layer = chosen[0][0]
    habits = s.heads[layer]
    before = int(habits[:, 1].argmax())
    if habits[before, 1] > 0.3:
        share = f"{habits[before, 1]:.0%} of its weight"
        told = f"Head {layer + 1}.{before + 1} (layer {layer + 1}) gives {share} to the {_unit(p)} before"
    else:
        far = habits[:, 2]
        told = f"The heads of layer {layer + 1} look back {far.min():.1f} to {far.max():.1f} {_unit(p)}s on average"
    alt = "Each row is a token and shows, darker for more, which of the tokens up to it the head looks at."
    return Chart("attention", told, panels, alt=alt, columns=min(2, len(chosen)), overlay="panels")


def _context(p: LanguageModelParams, s: Studied) -> Chart:
    layers: tuple[Layer, ...] = (
        Line("context", "loss_by_context", "transformer", tone=0, markers=True),
        Rule(float(s.pairs.mean()), label="table of pairs"),
    )
    losses = s.by_length.mean(axis=1)
    best = int(losses.argmin())
    told = f"Given one {_unit(p)} of context its loss is {losses[0]:.2f}"
    if best > 0:
        told += f"; it is best given {s.lengths[best]} ({losses[best]:.2f})"
    panel = Panel(f"{_unit(p)}s of context", "loss (nats per token)", layers, x_scale="log")
    return Chart("context", told, (panel,))


def _heat(p: LanguageModelParams, s: Studied, shown: dict[str, np.ndarray]) -> Chart:
    best = float(shown["temperature"][int(np.argmin(shown["loss_at"]))])
    mark = Rule(p.temperature, "x", "chosen")
    x_range = (0.1 if p.temperature >= 0.15 else -0.05, max(2.08, 1.04 * p.temperature))
    sure = Panel(
        "temperature",
        "bits per token",
        (
            Line("temperature", "entropy", "entropy: how unsure", tone=0),
            Line("temperature", "loss_at", "loss on unseen text", tone=1),
            mark,
        ),
        x_range=x_range,
    )
    text = Panel(
        "temperature",
        "share of what it writes",
        (
            Line("temperature_written", "words_real", "words of its text", tone=2, markers=True),
            Line("temperature_written", "repeated", "repetition", tone=3, markers=True),
            mark,
        ),
        percent=True,
        x_range=x_range,
        y_range=(-0.03, 1.03),
    )
    told = f"Unseen text costs least at temperature {best:.2g}{' or more' if best >= 2 else ''}"
    real = s.words_real
    if math.isfinite(real[0.5]) and math.isfinite(real[1.5]):
        told += f"; of the words written, {real[0.5]:.0%} are real at 0.5, {real[1.5]:.0%} at 1.5"
    return Chart("temperature", told, (sure, text))
