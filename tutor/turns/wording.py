"""Sentences that code writes for students: quoted passages, lists of labs, what cannot be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from knowledge.search import Passage
from labs.base import Lab, LabResult
from tutor.prompts import NOT_COVERED
from tutor.turns.evidence import excerpt

QUOTE_TOKENS = 260  # of the best passage; the second one gets half
QUOTED = 2


def place(passage: Passage) -> str:
    """Where a passage stands, for a reader: "Lecture 9 › Why do we decay epsilon?"."""
    lecture = f"Lecture {passage.lecture}" if passage.lecture is not None else passage.title
    heading = [h for h in passage.heading[-2:] if h != passage.title] or [passage.title]
    spot = f" (notebook cell {passage.cell})" if passage.cell is not None else ""
    if passage.page is not None:
        spot = f" (page {passage.page})"
    return " › ".join(dict.fromkeys((lecture, *heading))) + spot


def quoted_answer(passages: Sequence[Passage]) -> str:
    """The answer without a model: the best passages in their own words, each with its mark.

    Of the further passages only those of another section are quoted, prose before code: the same section twice would
    read like a stutter.
    """
    best = passages[0]
    parts = [f"Here is what the course says.\n\n**{place(best)}** [1]\n\n{_quote(best, QUOTE_TOKENS)}"]
    seen = {(best.path, best.heading)}
    others = sorted(
        ((n, p) for n, p in enumerate(passages[1:], start=2) if p.kind != "code"),
        key=lambda pair: pair[1].cell is not None,
    )
    for number, passage in others:
        if (passage.path, passage.heading) in seen or len(parts) == QUOTED:
            continue
        seen.add((passage.path, passage.heading))
        parts.append(f"**{place(passage)}** [{number}]\n\n{_quote(passage, QUOTE_TOKENS // 2)}")
    return "\n\n".join(parts)


def quoted_reason(passage: Passage) -> str:
    """What the lecture says about the matter of a run."""
    return f"**From the course: {place(passage)}** [1]\n\n{_quote(passage, QUOTE_TOKENS)}"


def _quote(passage: Passage, tokens: int) -> str:
    """An excerpt as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in excerpt(passage, tokens).splitlines())


def not_covered(nearest: Sequence[Passage]) -> str:
    """The plain refusal, with the nearest lectures offered."""
    places = list(dict.fromkeys(_lecture(p) for p in nearest))[:2]
    if not places:
        return NOT_COVERED
    return f"{NOT_COVERED} The nearest that it has is {' and '.join(places)}."


def _lecture(passage: Passage) -> str:
    if passage.lecture is not None:
        return f"lecture {passage.lecture} (*{passage.title}*)"
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
    what = ", ".join(f"{name} {_value(old)} → {_value(new)}" for name, (old, new) in changed.items())
    rows = "\n".join(
        f"| {name} | {_value(previous.metrics[name])} | {_value(result.metrics[name])} |"
        for name in shared[:9]
    )
    return f"Compared with your last run ({what}):\n\n| metric | before | now |\n|---|---|---|\n{rows}"


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
