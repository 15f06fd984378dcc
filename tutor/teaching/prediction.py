"""Predict, then run: a question about a run that has not happened, and how good the guess was.

Two pure functions. `ask` looks at what is about to run and makes a question of it: which of the runs wins, whether a
number rises or falls against the last run, or what the number will be. `score` compares a guess with the result. The
right answer does not exist before the run, so nothing can give it away. Nothing here runs a lab, keeps a score or
speaks to a student; `tutor/turns/prediction.py` does, and so may any other room.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from labs.base import Lab, LabParams, LabResult, Metric, Plan
from labs.errors import LabError
from labs.fields import as_text
from labs.overlay import variant_values
from tutor.quiz.question import letter, read_number

Kind = Literal["which", "direction", "number"]
Guess = int | float  # the place of an option, or a number

SAME = "no clear difference"
_UP, _DOWN = "higher than last time", "lower than last time"
MOST_OPTIONS = 8  # more curves than that are no question for a beginner
_DATA = ("dataset", "csv", "target", "text", "ticker", "tickers", "world")  # errors on other data say nothing


@dataclass(frozen=True)
class Prediction:
    """A question about a run to come. Plain data: it can be kept as JSON and asked again.

    `options` are what to choose from ("which", "direction"); `keys[i]` are the ends of the metric's names that
    belong to option i. For a number, a guess within `band` of the result is right, and within twice the band half
    right; with `relative` the band is a share of the result. `before` is the last run's value ("direction").
    """

    lab: str
    parameters: dict[str, Any]
    kind: Kind
    metric: str
    label: str
    question: str  # markdown
    better: str = "higher"
    percent: bool = False
    options: tuple[str, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    band: float = 0.0
    relative: bool = False
    before: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        keys = tuple(tuple(some) for some in data["keys"])
        return cls(**{**data, "options": tuple(data["options"]), "keys": keys})


@dataclass(frozen=True)
class Outcome:
    """How a guess did: `score` is 1 (right), 0.5 (close) or 0; `said` is for the student, with the run's numbers."""

    score: float
    said: str
    guess: str
    actual: str


@dataclass(frozen=True)
class _Aim:
    """What to ask of a single run of a lab: a metric with its band, and words that give a beginner a scale."""

    metric: str
    band: float
    scale: str
    relative: bool = False


# What a beginner can have an opinion on. A lab that is not listed is asked for the first metric of its comparisons.
_AIMS = {
    "regression": _Aim("r2_test", 0.05, "1 is perfect, and 0 is no better than always saying the mean"),
    "backprop": _Aim("accuracy_test", 0.05, "100% is perfect"),
    "classification": _Aim("accuracy", 0.05, "100% is perfect"),
    "cnn": _Aim("accuracy_test", 0.02, "blind guessing would read 10% right"),
    "bandit": _Aim(
        "optimal_final", 0.1, "100% is perfect; with ten arms, blind choice finds it 10% of the time"
    ),
    "dqn": _Aim("reward_mean_last_50", 50.0, "500 steps are the most that a game can last"),
    "rnn": _Aim("bits_per_character", 0.3, "0 is perfect, and smaller is better"),
}
# Runs that carry their own rival: which of the two will win is the honest question.
_RIVALS = {
    "trading": ("return_total", "the bandit", "return_hold", "simply holding all the stocks"),
    "lstm_stock": ("rmse", "the LSTM", "rmse_naive", "just saying “tomorrow = today”"),
    "language_model": (
        "bits_per_character", "the transformer", "bits_per_character_bigram", "a table of counted letter pairs",
    ),
}  # fmt: skip


def ask(lab: Lab, params: Mapping[str, Any], previous: LabResult | None = None) -> Prediction | None:
    """A question about the run that `params` ask for; None where there is nothing to guess.

    `previous` is the session's last result of this lab: where only settings changed, the question is whether the
    number goes up or down. Parameters that the lab refuses give None; running them says what is wrong.
    """
    try:
        plan = lab.validate(params)
    except LabError:
        return None
    about = dict(params)
    if plan.swept:
        return _which_of_runs(lab, plan, about)
    curves = _curves(lab, plan.params[0])
    if len(curves) > 1:
        return _which(lab, about, _lead(lab, plan), curves)
    if previous is not None and previous.parameters == plan.parameters:
        return None  # the same run again has the same numbers
    if lab.id in _RIVALS:
        return _rivals(lab, about)
    return _direction(lab, plan, about, previous) or _number(lab, about)


def read_guess(prediction: Prediction, text: str) -> Guess | None:
    """The guess in a student's words: a letter, an option's own words or value, or a number; None for no guess."""
    plain = " ".join(text.replace("−", "-").split()).strip(" .!?").lower()
    plain = re.sub(
        r"^(?:i (?:think|guess|say|bet)|my guess is|maybe|probably|perhaps|about|around|it(?:'s| is))\s+",
        "",
        plain,
    )
    plain = re.sub(
        r"^(?:that )?(?:it(?:'s| is)|about|around|that)\s+|\s+(?:wins|will win|is best|i think|please)$",
        "",
        plain,
    )
    if prediction.kind == "number":
        value = read_number(plain) if len(plain.split()) <= 4 else None
        if value is None or not math.isfinite(value):
            return None
        return value / 100 if prediction.percent and value > 1 and "%" not in plain else value
    return _option_named(prediction, plain)


def score(prediction: Prediction, guess: Guess, result: LabResult) -> Outcome | None:
    """Compare a guess with the run; None where the run has no number to compare with."""
    if prediction.kind == "number":
        return _score_number(prediction, float(guess), result)
    if prediction.kind == "direction":
        return _score_direction(prediction, int(guess), result)
    return _score_which(prediction, int(guess), result)


# ---- questions


def _which_of_runs(lab: Lab, plan: Plan, about: dict[str, Any]) -> Prediction | None:
    """One option for each value of the swept parameter."""
    assert plan.swept is not None
    name = (
        "" if any(isinstance(value, str) for value in plan.values) else f"{plan.swept.replace('_', ' ')} = "
    )
    options = [
        (f"{name}{as_text(value).replace('_', ' ')}", f"{plan.swept}={as_text(value)}")
        for value in plan.values
    ]
    return _which(lab, about, _lead(lab, plan), options)


def _curves(lab: Lab, params: LabParams) -> list[tuple[str, str]]:
    """The variants inside one run (label, end of the metric's name), where the run compares several by itself."""
    if lab.id == "bandit":
        from labs.bandit import variants

        return [(variant.label, variant.key) for variant in variants(params)]  # type: ignore[arg-type]
    chosen = [info for info in lab.parameters if info.kind == "list" and info.choices]
    if len(chosen) != 1:
        return []
    values = params.to_dict()[chosen[0].name]
    return [(_called(chosen[0].choice_synonyms, value), str(value)) for value in values]


def _called(synonyms: Mapping[str, Iterable[str]], choice: str) -> str:
    return next(iter(synonyms.get(choice, ())), choice.replace("_", " "))


def _lead(lab: Lab, plan: Plan) -> str:
    """The metric by which the runs are compared: the lab's leading one that has a better and a worse."""
    first = plan.params[0].to_dict()
    if plan.swept in _DATA and "r2_test" in lab.metrics:
        return "r2_test"  # errors of different data have different units; R² has none
    learners = {params.to_dict().get("method") for params in plan.params}
    if lab.id == "mdp" and learners <= {"q_learning", "sarsa"} and first.get("method"):
        return "return_last_100"
    leading = [*lab.sweep_metrics, *lab.metrics]
    return next((name for name in leading if name in lab.metrics and lab.metrics[name].better), leading[0])


def _which(lab: Lab, about: dict[str, Any], metric: str, options: list[tuple[str, str]]) -> Prediction | None:
    if not 2 <= len(options) <= MOST_OPTIONS:
        return None
    info = lab.metrics[metric]
    extreme = "lowest" if info.better == "lower" else "highest"
    question = f"Which will end with the **{extreme} {info.label}** ({info.meaning})?"
    names, keys = zip(*options, strict=True)
    return Prediction(
        lab.id, about, "which", metric, info.label, _listed(question, (*names, SAME)), info.better, info.percent,
        options=(*names, SAME), keys=tuple((key,) for key in keys),
    )  # fmt: skip


def _rivals(lab: Lab, about: dict[str, Any]) -> Prediction:
    metric, us, other, them = _RIVALS[lab.id]
    info = lab.metrics[metric]
    extreme = "lower" if info.better == "lower" else "higher"
    options = (us, them, SAME)
    question = f"Which will end with the **{extreme} {info.label}** ({info.meaning})?"
    return Prediction(
        lab.id, about, "which", metric, info.label, _listed(question, options), info.better, info.percent,
        options=options, keys=((f"={metric}",), (f"={other}",)),
    )  # fmt: skip


def _direction(lab: Lab, plan: Plan, about: dict[str, Any], previous: LabResult | None) -> Prediction | None:
    """Up or down against the last run, where that run had the same data and one number for the metric."""
    if previous is None:
        return None
    now = plan.parameters
    changed = [name for name in now if previous.parameters.get(name) != now[name]]
    metric = _aim(lab).metric
    before = previous.metrics.get(metric)
    if not changed or set(changed) & {*_DATA, "seed"} or before is None or not math.isfinite(before):
        return None
    info = lab.metrics[metric]
    told = ", ".join(
        f"{name.replace('_', ' ')} from {as_text(previous.parameters.get(name))} to {as_text(now[name])}"
        for name in changed[:3]
    )
    options = (_UP, _DOWN, SAME)
    question = (
        f"Last time the **{info.label}** was {info.shown(before)} ({info.meaning}). Now you change {told}. "
        "What will it be?"
    )
    return Prediction(
        lab.id, about, "direction", metric, info.label, _listed(question, options), info.better, info.percent,
        options=options, before=before,
    )  # fmt: skip


def _number(lab: Lab, about: dict[str, Any]) -> Prediction | None:
    aim = _aim(lab)
    info = lab.metrics.get(aim.metric)
    if info is None:
        return None
    scale = f" On this scale {aim.scale}." if aim.scale else ""
    question = (
        f"What will the **{info.label}** be ({info.meaning})?{scale} Type a number"
        f"{' in per cent' if info.percent else ''}; within {_band(aim, info)} counts as right."
    )
    return Prediction(
        lab.id, about, "number", aim.metric, info.label, question, info.better, info.percent,
        band=aim.band, relative=aim.relative,
    )  # fmt: skip


def _aim(lab: Lab) -> _Aim:
    if lab.id in _AIMS:
        return _AIMS[lab.id]
    metric = next((name for name in (*lab.sweep_metrics, *lab.metrics) if name in lab.metrics), "")
    percent = metric in lab.metrics and lab.metrics[metric].percent
    return _Aim(metric, 0.05 if percent else 0.2, "", relative=not percent)


def _band(aim: _Aim, info: Metric) -> str:
    if aim.relative:
        return f"{aim.band:.0%} of the result"
    return f"{100 * aim.band:.0f} percentage points" if info.percent else f"{aim.band:g}"


def _listed(question: str, options: Iterable[str]) -> str:
    rows = "\n".join(f"- **{letter(i)}** {option}" for i, option in enumerate(options))
    return f"{question}\n\n{rows}"


# ---- guesses and scores


def _option_named(prediction: Prediction, plain: str) -> int | None:
    count = len(prediction.options)
    if lettered := re.fullmatch(r"(?:(?:option|answer|letter)\s+)?\(?([a-i])\)?", plain):
        at = "abcdefghi".index(lettered[1])
        return at if at < count else None
    texts = [_plain(option) for option in prediction.options]
    said = _plain(plain)
    if said in texts:
        return texts.index(said)
    if re.fullmatch(
        r"(?:(?:about|nearly|roughly) )?(?:the )?(?:same|equal|no (?:clear )?difference|a draw|draw|tie|neither|none)"
        r"(?: of them)?",
        said,
    ):
        return texts.index(SAME)
    if prediction.kind == "direction":
        up = re.search(r"\b(?:higher|up|rises?|more|increases?|larger|bigger|grows?)\b", said)
        down = re.search(r"\b(?:lower|down|falls?|less|decreases?|smaller|drops?|shrinks?)\b", said)
        return None if bool(up) == bool(down) else 0 if up else 1
    variants = [_plain(keys[0]) for keys in prediction.keys]
    for names in (variants, [name.partition(", ")[0] for name in variants]):
        if names.count(said) == 1:
            return names.index(said)
    values = [text.rpartition("= ")[2] if "= " in text else text for text in texts]
    alone = re.sub(r"^(?:the )?(?:one with )?(?:[a-zε ]+?)?(?:=|of|is)?\s*(?=[-\d.]+$)", "", said)
    for candidate in dict.fromkeys((said, alone)):
        same = [i for i, value in enumerate(values) if value == candidate or _equal(value, candidate)]
        if len(same) == 1:
            return same[0]
    inside = [i for i, text in enumerate(texts[:-1]) if re.search(rf"\b{re.escape(said)}\b", text)]
    return inside[0] if len(inside) == 1 and len(said) > 2 and len(said.split()) <= 6 else None


def _plain(text: str) -> str:
    told = re.sub(r"[“”\"*_`$-]", " ", text.lower().replace("ε", "epsilon")) if not _is_number(text) else text
    return " ".join(told.split()).strip(" .")


def _is_number(text: str) -> bool:
    return bool(re.search(r"-\d", text))


def _equal(value: str, said: str) -> bool:
    try:
        return float(value) == float(said)
    except ValueError:
        return False


def _score_which(prediction: Prediction, guess: int, result: LabResult) -> Outcome | None:
    found = [_best(prediction, keys, result) for keys in prediction.keys]
    if any(value is None for value in found):
        return None
    sign = -1.0 if prediction.better == "lower" else 1.0
    worth = [sign * value if value is not None and not math.isnan(value) else -math.inf for value in found]
    best = max(worth)
    close = 0.01 if prediction.percent else 0.01 * max(abs(best), 1e-9)
    winners = [i for i, value in enumerate(worth) if best - value <= close]
    draw = len(winners) == len(worth)
    points = (
        1.0 if (draw and guess == len(worth)) or (not draw and guess in winners) else 0.5 if draw else 0.0
    )
    shown = _shower(prediction)
    order = sorted(range(len(worth)), key=lambda i: -worth[i])
    numbers = ", ".join(
        f"{'not a number' if math.isnan(value := found[i] or 0.0) else shown(value)} with {prediction.options[i]}"
        for i in order
    )
    actual = SAME if draw else " and ".join(prediction.options[i] for i in winners)
    if draw:
        told = "There is no clear difference."
    elif len(winners) > 2:
        told = f"{len(winners)} of the {len(worth)} share the top."
    else:
        told = "" if points == 1.0 and len(winners) == 1 else f"It was *{actual}*."
    told = f"You said *{prediction.options[guess]}*. {told}".strip()
    label = prediction.label[:1].upper() + prediction.label[1:]
    return Outcome(
        points, f"{_verdict(points)} {told} {label}: {numbers}.", prediction.options[guess], actual
    )


def _best(prediction: Prediction, keys: tuple[str, ...], result: LabResult) -> float | None:
    """The best value among the metrics that belong to an option; NaN is no value at all."""
    if keys[0].startswith("="):
        return result.metrics.get(keys[0][1:])
    table = variant_values(prediction.metric, result)
    mine = [v for variant, v in table.items() if any(_belongs(variant, key) for key in keys)]
    if not mine:
        return None
    known = [v for v in mine if not math.isnan(v)]
    if not known:
        return math.nan
    return min(known) if prediction.better == "lower" else max(known)


def _belongs(variant: str, key: str) -> bool:
    return variant == key or variant.endswith(f", {key}") or variant.startswith(f"{key}, ")


def _score_direction(prediction: Prediction, guess: int, result: LabResult) -> Outcome | None:
    now, before = result.metrics.get(prediction.metric), prediction.before
    if now is None or before is None or math.isnan(now):
        return None
    close = 0.01 if prediction.percent else 0.01 * max(abs(before), 1e-9)
    actual = 2 if abs(now - before) <= close else 0 if now > before else 1
    shown = _shower(prediction)
    told = (
        f"You said *{prediction.options[guess]}*. The {prediction.label} went from {shown(before)} to {shown(now)}"
        f"{': no clear difference' if actual == 2 else ''}."
    )
    points = 1.0 if guess == actual else 0.0
    return Outcome(
        points, f"{_verdict(points)} {told}", prediction.options[guess], prediction.options[actual]
    )


def _score_number(prediction: Prediction, guess: float, result: LabResult) -> Outcome | None:
    found = result.metrics.get(prediction.metric)
    if found is None or math.isnan(found):
        return None
    band = prediction.band * abs(found) if prediction.relative else prediction.band
    miss = abs(guess - found)
    points = 1.0 if miss <= band + 1e-9 else 0.5 if miss <= 2 * band + 1e-9 else 0.0
    shown = _shower(prediction)
    side = "too low" if guess < found else "too high"
    told = f"You said {shown(guess)}, and the {prediction.label} is {shown(found)}"
    told += "." if points == 1.0 else f": {side}."
    return Outcome(points, f"{_verdict(points)} {told}", shown(guess), shown(found))


def _shower(prediction: Prediction) -> Any:
    return Metric(prediction.label, "", percent=prediction.percent).shown


def _verdict(points: float) -> str:
    return (
        "**Well guessed.**"
        if points == 1.0
        else "**Close.**"
        if points
        else "**A surprise, and that is how one learns.**"
    )
