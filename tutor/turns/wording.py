"""Sentences that code writes for students: quoted passages, lists of labs, what cannot be done."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from knowledge.search import KnowledgeBase, Passage
from labs.base import Lab, LabResult
from labs.registry import LABS
from tutor.checking.harmless import plain_quote
from tutor.places import page_name
from tutor.prompts import NOT_COVERED
from tutor.teaching.answer import shape
from tutor.teaching.blocks import content_words
from tutor.teaching.choosing import is_side_matter
from tutor.teaching.nearness import Embed
from tutor.teaching.next_steps import Experiment
from tutor.turns.evidence import excerpt

QUOTE_TOKENS = 260  # of a passage that is quoted as it is
LIKELY = 0.35  # chance that another passage answers too
MOST_NAMED = 3  # things that a refusal names
PERHAPS = 0.2  # chance that a passage answers after all: of those refused wrongly half have one, of the others a tenth


def place(passage: Passage) -> str:
    """Where a passage stands, for a reader: "Lecture 9 › Why do we decay epsilon?"."""
    lecture = f"Lecture {passage.lecture}" if passage.lecture is not None else passage.title
    heading = [h for h in passage.heading[-2:] if h != passage.title] or [passage.title]
    spot = f" (notebook cell {passage.cell})" if passage.cell is not None else ""
    if passage.page is not None:
        spot = f" ({page_name(passage.path, passage.page)})"
    return " › ".join(dict.fromkeys((lecture, *heading))) + spot


def quoted_answer(
    passages: Sequence[Passage],
    question: str = "",
    base: KnowledgeBase | None = None,
    embed: Embed | None = None,
) -> str:
    """The answer without a model, in the course's own words: the idea, the formula, a small number, and the place.

    The first passage is quoted; of the others the next section that is about the same is named. Where nothing of the
    passage can stand by itself, it is quoted as it is.
    """
    best = passages[0]
    words = shaped_words(best, question, base, embed)
    told = quote(words) if words else _quote(best, QUOTE_TOKENS)
    others = [(n, p) for n, p in enumerate(passages[1:], start=2) if p.heading and p.heading != best.heading]
    matter = content_words(f"{question} {best.heading[-1] if best.heading else ''}")
    asked = content_words(question)
    near = [
        (n, p)
        for n, p in others
        if p.cell is None
        and (
            _shares(content_words(p.heading[-1]), matter) or (p.probability >= LIKELY and _defines(p, asked))
        )
    ]
    also = next(((n, p) for n, p in near if not is_side_matter(p)), None)
    parts = [told, source_line([best])]
    if also is not None and words:
        parts.append(f"See also: *{place(also[1])}* [{also[0]}]")
    return "\n\n".join(parts)


def _defines(passage: Passage, asked: set[str]) -> bool:
    """Whether a passage has in bold just what was asked: padding is one thing for images and another for texts."""
    return any(content_words(term) == asked for term in re.findall(r"\*\*(.+?)\*\*", passage.text))


def _shares(heading: set[str], matter: set[str]) -> bool:
    return len(heading & matter) >= max(1, 0.5 * len(heading))


def shaped_words(
    passage: Passage, question: str = "", base: KnowledgeBase | None = None, embed: Embed | None = None
) -> str:
    """What a passage's section says, shaped for a beginner; "" where nothing of it can stand by itself."""
    telling = base.telling(question) if base is not None and question else {}
    return plain_quote(shape(question, passage, base, telling, embed).words())


def quoted(
    passage: Passage, base: KnowledgeBase | None = None, question: str = "", embed: Embed | None = None
) -> str:
    """What a passage's section says of the question, or how it begins, with its formula, as a quotation."""
    words = shaped_words(passage, question, base, embed)
    return quote(words) if words else _quote(passage, QUOTE_TOKENS)


def source_line(passages: Sequence[Passage]) -> str:
    """Where a quotation stands: "*Lecture 9 › What is regret?* [1]"."""
    return " ".join(f"*{place(passage)}* [{n}]" for n, passage in enumerate(passages, start=1))


def quoted_reason(
    passage: Passage, base: KnowledgeBase | None = None, question: str = "", embed: Embed | None = None
) -> str:
    """What the lecture says about the matter of a run, or of a question."""
    return f"**From the course: {place(passage)}** [1]\n\n{quoted(passage, base, question, embed)}"


def try_it(experiment: Experiment | None) -> str:
    """The invitation to a run, with what to look at where the lecture says it in a few words; "" without one."""
    if experiment is None:
        return ""
    remark = experiment.remark if 0 < len(experiment.remark.split()) <= 24 else ""
    look = f" {remark[:1].upper()}{remark[1:]}" if remark else ""
    message = experiment.message[:1].lower() + experiment.message[1:]
    return f"**Try it:** say *{message}*.{look}"


def _quote(passage: Passage, tokens: int) -> str:
    """An excerpt as a block quote."""
    return quote(plain_quote(excerpt(passage, tokens)))


def quote(text: str) -> str:
    """Text as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def perhaps_meant(nearest: Sequence[Passage], missing: Sequence[str] = ()) -> Passage | None:
    """A passage that may answer what the course does not cover in the words that were asked."""
    likely = (p for p in nearest if p.probability >= PERHAPS and p.heading and not is_side_matter(p))
    return None if missing else next(likely, None)


def not_covered(nearest: Sequence[Passage], missing: Sequence[str] = ()) -> str:
    """The plain refusal: what was not found, where that is known, and what comes nearest to it."""
    parts = [NOT_COVERED]
    if missing:
        names = [f"\u201c{name}\u201d" for name in missing[:MOST_NAMED]]
        parts.append(f"I find nothing in it about {' or '.join(names)}.")
    if meant := perhaps_meant(nearest, missing):
        end = "" if place(meant).endswith(("?", "!", ".")) else "."
        return f"{NOT_COVERED} Not in these words, at least. Perhaps you mean *{place(meant)}*{end}"
    places = list(dict.fromkeys(_lecture(p) for p in nearest))[:2]
    if places:
        parts.append(f"The nearest that it has is {' and '.join(places)}.")
    return " ".join(parts)


def _lecture(passage: Passage) -> str:
    if passage.lecture is not None:
        title = re.sub(rf"^lecture\s+{passage.lecture}\s*[:.–-]\s*", "", passage.title, flags=re.IGNORECASE)
        return f"lecture {passage.lecture} (*{title}*)"
    return f"*{passage.title}*"


def result_answer(result: LabResult, previous: LabResult | None) -> str:
    """What a run showed, in the lab's own computed words; and the difference from the run before."""
    parts = [" ".join(result.notes)]
    if previous is not None:
        difference = differences(result, previous)
        if difference:
            parts.append(difference)
    for finding in result.findings:
        parts.append(
            f"**{_named(finding.name)}.** {_sentence(finding.evidence)} *Try:* {_sentence(finding.suggestion)}"
        )
    return "\n\n".join(part for part in parts if part)


def _named(name: str) -> str:
    """A finding's name for a reader: "never_explored" -> "Never explored"."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def differences(result: LabResult, previous: LabResult) -> str:
    """Which settings changed since the last run of the same lab, and what that did to the metrics they share."""
    changed = {
        name: (previous.parameters.get(name), value)
        for name, value in result.parameters.items()
        if previous.parameters.get(name) != value
    }
    shared = [name for name in result.metrics if name in previous.metrics]
    if not changed or not shared:
        return ""
    what = ", ".join(
        f"{name.replace('_', ' ')} {_value(old)} → {_value(new)}" for name, (old, new) in changed.items()
    )
    rows = "\n".join(
        _row(result.lab, name, previous.metrics[name], result.metrics[name]) for name in shared[:9]
    )
    return f"Compared with your last run ({what}):\n\n| metric | before | now |\n|---|---|---|\n{rows}"


def _row(lab: str, key: str, before: float, now: float) -> str:
    """A metric in words with its two values: `optimal_final[epsilon_greedy]` -> "best arm picked (epsilon greedy)"."""
    name, _, variant = key.removesuffix("]").partition("[")
    metric = LABS[lab].metrics.get(name) if lab in LABS else None
    label = metric.label if metric is not None else name.replace("_", " ")
    of = f" ({variant.replace('_', ' ')})" if variant else ""
    shown = [metric.shown(v) if metric is not None and math.isfinite(v) else _value(v) for v in (before, now)]
    return f"| {label}{of} | {shown[0]} | {shown[1]} |"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return "none" if value is None else str(value)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."


def what_i_can_do(labs: Mapping[str, Lab], lectures: Iterable[str], model: str) -> str:
    rows = "\n".join(f"- **{lab.title}** (`{lab.id}`): {lab.learn}" for lab in labs.values())
    course = "\n".join(f"- {title}" for title in lectures) or "- (the course is still being read)"
    return (
        "I know this course and can run its experiments. Ask me about anything in the lectures and I will show you "
        "the passage; or ask for an experiment, look at the plot, change one number and run it again.\n\n"
        f"**Experiments**\n{rows}\n\n**Your own data:** add a CSV file with the button below the box (or `csv=PATH` "
        f"on the command line), and say *run the regression on my data*.\n\n**Lectures**\n{course}\n\n"
        f"**Language model:** {model}."
    )


def no_such_lab(labs: Mapping[str, Lab]) -> str:
    rows = "\n".join(
        f"- **{lab.title}**, for example: *{lab.examples[0]}*" for lab in labs.values() if lab.examples
    )
    return f"I have no experiment for that. These are the ones that I can run:\n\n{rows}"
