"""What a student may do next after an answer: the run that fits, the next section, its exercise, a quiz.

The lectures themselves say what to try ("ask the tutor `run the regression with learning rate 0.9 and 1.1`"); those
messages come first, since they are known to show something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.search import KnowledgeBase, Passage, SectionView
from labs.base import Lab
from tutor.teaching.answer import whole_section
from tutor.teaching.blocks import blocks_of, content_words
from tutor.teaching.choosing import is_side_matter
from tutor.teaching.exercises import exercises_of

_ORDER = re.compile(r"`((?:run|train|compare)\b[^`]+)`")
_LAB_SECTION = re.compile(r"\bin the lab\b", re.IGNORECASE)


@dataclass(frozen=True)
class Experiment:
    """A message that runs a lab, and what the lecture says to look at ("" where it says nothing)."""

    message: str
    remark: str = ""


def experiments_of(base: KnowledgeBase, lecture: int | None) -> list[Experiment]:
    """The runs that a lecture suggests in its section on the lab, in its order."""
    found = []
    for view in _sections(base, lecture):
        if not (view.heading and _LAB_SECTION.search(view.heading[-1])):
            continue
        for line in view.text.splitlines():
            order = _ORDER.search(line)
            if order is not None and line.lstrip().startswith(("-", "*")):
                rest = line[order.end() :].lstrip(" :,.")
                found.append(
                    Experiment(_message(order[1]), rest if line[order.end() :].startswith(":") else "")
                )
    return found


def experiment_for(
    base: KnowledgeBase | None,
    passage: Passage,
    question: str,
    labs: Mapping[str, Lab],
    done: Iterable[str] = (),
) -> Experiment | None:
    """The run that fits a question and its section best, of those not `done`; None where no lab is near."""
    earlier = {text.casefold().rstrip(".") for text in done}
    if base is not None:
        for block in blocks_of(whole_section(base, passage)):
            order = _ORDER.search(block.text) if block.kind == "invitation" else None
            if order is not None and _message(order[1]).casefold() not in earlier:
                return Experiment(_message(order[1]))
        offered = [
            one for one in experiments_of(base, passage.lecture) if one.message.casefold() not in earlier
        ]
        if offered:
            heading = passage.heading[-1] if passage.heading else ""
            asked, near = content_words(question), content_words(heading)
            return max(offered, key=lambda one: _fit(one, asked, near))
    words = content_words(f"{question} {passage.text}")
    for lab in labs.values():
        known = content_words(" ".join((*lab.topics, *lab.synonyms)))
        if passage.lecture in lab.lectures and known & words:
            fresh = [example for example in lab.examples if example.casefold() not in earlier]
            if fresh:
                return Experiment(fresh[0])
    return None


def _fit(one: Experiment, asked: set[str], near: set[str]) -> float:
    have = content_words(f"{one.message} {one.remark}")
    order = content_words(one.message)
    return 2.0 * len(asked & have) + len(near & have) + 1.0 * len(asked & order)


def next_section(base: KnowledgeBase, passage: Passage, asked: Iterable[str]) -> str | None:
    """The heading of the section that follows, as a question to ask; one that was asked already is passed over."""
    earlier = {_plain(text) for text in asked}
    names = [view.heading[-1] for view in _sections(base, passage.lecture) if view.heading]
    names = list(dict.fromkeys(names))
    here = names.index(passage.heading[-1]) if passage.heading and passage.heading[-1] in names else -1
    for name in names[here + 1 :]:
        if name.endswith("?") and _plain(name) not in earlier and not _side(name):
            return name
    return None


def exercise_near(base: KnowledgeBase, passage: Passage) -> int | None:
    """The number of the exercise of the same lecture that shares most words with the section; None where none does."""
    if passage.lecture is None:
        return None
    heading = content_words(passage.heading[-1]) if passage.heading else set()
    section = content_words(whole_section(base, passage))
    best = (0.0, 0)
    for exercise in exercises_of(base, passage.lecture):
        words = content_words(exercise.text)
        if words & heading:
            best = max(best, (3.0 * len(words & heading) + len(words & section), -exercise.number))
    return -best[1] or None


def follow_ups(
    base: KnowledgeBase | None,
    passage: Passage,
    question: str,
    labs: Mapping[str, Lab],
    asked: Sequence[str] = (),
) -> list[str]:
    """Three messages that fit what was just answered, none of which was sent before."""
    earlier = {_plain(text) for text in (*asked, question)}
    offered: list[str] = []
    experiment = experiment_for(base, passage, question, labs, asked)
    if experiment is not None:
        offered.append(experiment.message)
    if base is not None and passage.cell is None and passage.lecture is not None:
        if (section := next_section(base, passage, [*asked, question])) is not None:
            offered.append(section)
        if (number := exercise_near(base, passage)) is not None:
            offered.append(f"Help me with exercise {number} of lecture {passage.lecture}")
        offered.append(f"Quiz me on lecture {passage.lecture}")
    return [message for message in offered if _plain(message) not in earlier][:3]


def _sections(base: KnowledgeBase, lecture: int | None) -> list[SectionView]:
    """The sections of a lecture's main text."""
    if lecture is None:
        return []
    files = [
        info.path for info in base.files() if info.lecture == lecture and not info.path.endswith(".ipynb")
    ]
    return list(base.section(files[0])) if files else []


def _side(name: str) -> bool:
    fake = Passage("", "", "", (name,), None, None, None, "", "prose", 0.0, 0.0, "")
    return is_side_matter(fake)


def _message(order: str) -> str:
    text = " ".join(order.split())
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" .!?")
