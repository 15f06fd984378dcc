"""The charts of an rnn run: the gradient going back, the losses, clipping, hidden units, next characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labs.charts import Bars, Chart, Heatmap, Layer, Line, Panel, Rule

if TYPE_CHECKING:
    from labs.cores.rnn_fit import Story
    from labs.rnn import RnnParams

ROUNDING = 2.0**-23  # single precision: 1 + less than half of this is 1
FLOOR = 1e-12  # smaller shares of a gradient are not drawn
EXCERPT = 26  # characters of the validation text that are shown
FACTS = ("spaces", "vowels", "the length of the word so far", "the length of the line so far")
UNITS = 3  # hidden units that are shown for each thing that they follow


def printed(text: str) -> str:
    """A text on one line, line ends visible."""
    return text.replace("\n", "↵")


def counted(n: int, noun: str = "character") -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def share(ratio: float) -> str:
    """A part of a whole in words: "12%", "1 part in 250,000", "1 part in 1.5 billion"."""
    if not ratio > 0:
        return "nothing"
    if ratio < 1e-15:
        return "less than 1 part in a million billion"
    if ratio >= 0.01:
        return f"{ratio:.0%}"
    parts = 1 / ratio
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if parts >= size:
            return f"1 part in {float(f'{parts / size:.2g}'):,g} {name}"
    return f"1 part in {float(f'{parts:.2g}'):,g}"


def unit_rows(shown: dict[str, np.ndarray]) -> tuple[tuple[str, int, float], ...]:
    """For each fact the unit that follows it best, counted from 1, and their correlation; the closest first."""
    rows = []
    for fact, row in zip(FACTS, shown["unit_agreement"], strict=True):
        if np.isfinite(row).all():
            best = int(np.argmax(np.abs(row)))
            rows.append((fact, best + 1, round(float(row[best]), 2)))
    return tuple(sorted(rows, key=lambda row: -abs(row[2])))


def charts(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> tuple[Chart, ...]:
    """Also adds to `shown` what only the pictures need: lines cut off at the floor, and the chosen units."""
    for when in ("before", "after"):
        values = shown[f"gradient_{when}"]
        shown[f"drawn_{when}"] = np.where(values >= FLOOR, values, np.nan)
    text = story.vocabulary.decode(story.validation.cpu().numpy())
    start = int(shown["excerpt"][0])
    names = tuple("␣" if c == " " else printed(c) for c in text[start : start + len(shown["excerpt_chance"])])
    return (
        _gradient(p, story, shown),
        _learning(story, shown),
        _clipping(p, story),
        _units(shown, names),
        _next(shown, names),
    )


def _gradient(p: RnnParams, story: Story, shown: dict[str, np.ndarray]) -> Chart:
    back = p.sequence_length - 1
    title = f"{counted(back)} back, {share(story.gradient_ratio)} of the gradient is left"
    gradient = Panel(
        "characters back",
        "share of the gradient",
        (
            Line("back", "drawn_after", "after training", tone=0),
            Line("back", "drawn_before", "before training", tone=0, style="dashed"),
            Rule(ROUNDING, label="lost in rounding"),
        ),
        title="How much of the last prediction's gradient gets there",
        y_scale="log",
    )
    memory = Panel(
        "characters read since a blank state",
        "loss (nats per character)",
        (
            Line("characters_read", "loss_by_characters_read", "validation", tone=0),
            Rule(float(shown["loss_letters"][1]), label="counting pairs"),
        ),
        title="What it is worth to have read more",
    )
    return Chart("gradient", title, (gradient, memory))


def _learning(story: Story, shown: dict[str, np.ndarray]) -> Chart:
    single, pairs = shown["loss_letters"]
    rules: tuple[Layer, ...] = (
        Rule(story.uniform, label=f"guessing: ln {len(story.vocabulary)}"),
        Rule(float(single), label="counting characters"),
        Rule(float(pairs), label="counting pairs"),
    )
    panel = Panel(
        "training step",
        "loss (nats per character)",
        (
            Line("checkpoint", "loss_val", "validation", tone=1),
            Line("checkpoint", "loss_train", "training", tone=0, style="dashed"),
            *rules,
        ),
    )
    done = len(story.loss)
    title = (
        f"From {story.loss_val[0]:.2f} nats, almost exactly ln {len(story.vocabulary)}, to "
        f"{story.loss_val[-1]:.2f} in {counted(done, 'step')}"
    )
    return Chart("learning", title, (panel,))


def _clipping(p: RnnParams, story: Story) -> Chart:
    layers: list[Layer] = [Line("step", "gradient_length", tone=0)]
    finite = [norm for norm in story.norm if np.isfinite(norm)]
    shortened = sum(norm > p.clip for norm in finite)
    title = (
        f"The longest of {len(finite)} gradients has length {max(finite, default=0.0):.2f}; none is clipped"
    )
    if p.clip:
        layers.append(Rule(p.clip, label="clip"))
        title = f"Clipping at {p.clip:g} shortens {shortened} of {counted(len(finite), 'gradient')}"
    panel = Panel("training step", "length of the gradient, before clipping", tuple(layers), y_scale="log")
    return Chart("clipping", title, (panel,))


def _units(shown: dict[str, np.ndarray], names: tuple[str, ...]) -> Chart:
    chosen: list[int] = []
    labels: list[str] = []
    for fact, agreement in zip(FACTS, shown["unit_agreement"], strict=True):
        if not np.isfinite(agreement).all():
            continue  # the text has no such thing
        order = [int(k) for k in np.argsort(-np.abs(agreement), kind="stable") if int(k) not in chosen]
        chosen += order[:UNITS]
        word = fact.split(" so far")[0].removeprefix("the length of the ").removesuffix("s")
        labels += [f"{word}: unit {k + 1}" for k in order[:UNITS]]
    shown["shown_units"] = shown["excerpt_hidden"][:, chosen].T  # (units, characters)
    fact, unit, correlation = unit_rows(shown)[0]
    panel = Panel(
        "what is read (red > 0)",
        "",
        (Heatmap("shown_units", names, tuple(labels), diverging=True),),
    )
    title = f"Unit {unit} follows {fact} best (correlation {correlation:.2f})"
    return Chart("units", title, (panel,), overlay="panels")


def _next(shown: dict[str, np.ndarray], names: tuple[str, ...]) -> Chart:
    chance = shown["excerpt_chance"]
    panel = Panel(
        "what came (validation text)",
        "probability it was given",
        (Bars(names, "excerpt_chance", tone=0, number_format=None),),
        percent=True,
        y_range=(0.0, 1.0),
    )
    title = (
        f"The next character had been given {chance.mean():.0%} on average here, {chance.max():.0%} at best"
    )
    return Chart("next", title, (panel,), overlay="panels")
