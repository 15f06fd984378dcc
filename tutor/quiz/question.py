"""What a question is, and how an answer is graded: by comparing with a key that code computed or an author wrote.

No language model holds a key or grades. A question is plain data, so that it can be kept in a session, printed as
JSON, and asked again from its `id` and `seed` alone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["number", "choice"]


@dataclass(frozen=True)
class Option:
    """One answer to choose from. `why` says what mistake leads here, or why it is right."""

    text: str  # markdown, LaTeX between $…$
    right: bool = False
    why: str = ""


@dataclass(frozen=True)
class Question:
    """One question with its key.

    `hints` are the rungs of the ladder: a nudge, where to look, the first step; the worked solution is `solution`.
    `mistakes` are wrong numbers that a typical slip leads to, each with the slip's name; they are told when they come.
    `heading` names the section of the lecture that answers the question, exactly as it stands there.
    """

    id: str  # "bandit_update" or "lecture_09/3"; with `seed` it makes the same question again
    lecture: int
    kind: Kind
    prompt: str  # markdown, LaTeX between $…$ or $$…$$
    solution: str  # the worked answer, markdown
    heading: str
    answer: float | None = None  # of a number
    tolerance: float = 0.0  # absolute; what rounding in the prompt's own precision allows
    unit: str = ""
    decimals: int = 2  # how precisely the answer is asked for
    options: tuple[Option, ...] = ()
    hints: tuple[str, ...] = ()
    mistakes: tuple[tuple[float, str], ...] = ()
    skill: str = ""  # what is practised, in a few words; mastery is kept by lecture and skill
    seed: int = 0
    source: str = ""  # "computed by labs.cores.bandit" or the quiz.yaml's path

    def __post_init__(self) -> None:
        if self.kind == "number" and (self.answer is None or not math.isfinite(self.answer)):
            raise ValueError(f"{self.id}: a number to be found needs a finite answer")
        if self.kind == "choice" and sum(option.right for option in self.options) != 1:
            raise ValueError(f"{self.id}: a choice has exactly one right option")


@dataclass(frozen=True)
class Grade:
    """What became of an answer: right or wrong, and one or two sentences that say why."""

    right: bool
    said: str
    understood: bool = True  # False when the answer could not be read as one: nothing is counted then
    details: dict[str, Any] = field(default_factory=dict)


def grade(question: Question, answer: str) -> Grade:
    """Compare an answer, as a student types it, with the key."""
    return _grade_number(question, answer) if question.kind == "number" else _grade_choice(question, answer)


def _grade_number(question: Question, answer: str) -> Grade:
    assert question.answer is not None
    value = read_number(answer)
    if value is None:
        return Grade(
            False, f"I need a number here, such as {_example(question)}; try again.", understood=False
        )
    unit = f" {question.unit}" if question.unit else ""
    right = f"{question.answer:.{question.decimals}f}{unit}"
    if abs(value - question.answer) <= question.tolerance + 1e-9:
        return Grade(True, f"Right: {right}.")
    for wrong, why in question.mistakes:
        if abs(value - wrong) <= question.tolerance + 1e-9:
            return Grade(False, f"Not quite. {why} The answer is {right}.", details={"slip": why})
    return Grade(False, f"Not quite: the answer is {right}.")


def _grade_choice(question: Question, answer: str) -> Grade:
    at = read_choice(question, answer)
    if at is None:
        letters = ", ".join(letter(i) for i in range(len(question.options)))
        return Grade(False, f"Choose one of {letters}, or write the answer out.", understood=False)
    chosen = question.options[at]
    correct = next(i for i, option in enumerate(question.options) if option.right)
    if chosen.right:
        return Grade(True, f"Right. {chosen.why}".strip())
    why = f" {chosen.why}" if chosen.why else ""
    return Grade(
        False, f"Not quite.{why} The answer is {letter(correct)}: {_stopped(question.options[correct].text)}"
    )


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", "$$")) else f"{text}."


def letter(index: int) -> str:
    return "ABCDEFGH"[index]


def read_number(text: str) -> float | None:
    """The number that a student typed: "0.35", "35%", "1/3", "-2.5e-3", "x = 0.35", "about 12"; None for no number.

    A fraction is divided out and per cent become a share. Two numbers are no answer, unless they make a fraction.
    """
    plain = text.strip().replace("−", "-").replace("–", "-").replace(",", "") if _thousands(text) else text
    plain = plain.strip().replace("−", "-").replace("–", "-")
    if re.fullmatch(r"[^\d]*\d+,\d+[^\d]*", plain):
        plain = plain.replace(",", ".")
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    if fraction := re.fullmatch(rf"\D*?({number})\s*/\s*({number})\D*", plain):
        below = float(fraction[2])
        return float(fraction[1]) / below if below else None
    found = re.findall(rf"({number})\s*(%)?", plain)
    if len(found) != 1:
        return None
    value, percent = found[0]
    return float(value) / 100 if percent else float(value)


def read_choice(question: Question, text: str) -> int | None:
    """The option that a student names: by letter ("b", "B)", "option b"), by number (1 to n), or by its own words."""
    plain = " ".join(text.split()).strip().rstrip(".").lower()
    count = len(question.options)
    if named := re.fullmatch(r"(?:(?:option|answer|it is|i think|its|it's)\s+)*\(?([a-h])\)?", plain):
        at = "abcdefgh".index(named[1])
        return at if at < count else None
    if named := re.fullmatch(r"(?:(?:option|answer|number)\s+)*([1-8])", plain):
        same = [i for i, option in enumerate(question.options) if _words(option.text) == plain]
        at = same[0] if same else int(named[1]) - 1
        return at if at < count else None
    asked = _words(re.sub(r"^\(?[a-h]\)\s*", "", plain))
    same = [i for i, option in enumerate(question.options) if _words(option.text) == asked]
    return same[0] if len(same) == 1 else None


def shown(question: Question) -> str:
    """The question as markdown: the prompt, the options by letter, how precisely to answer."""
    if question.kind == "choice":
        options = "\n".join(f"- **{letter(i)}** {option.text}" for i, option in enumerate(question.options))
        return f"{question.prompt}\n\n{options}"
    places = {0: "a whole number", 1: "one decimal place"}.get(
        question.decimals, f"{question.decimals} decimal places"
    )
    unit = f", in {question.unit}" if question.unit else ""
    return f"{question.prompt}\n\n*Answer with {places}{unit}.*"


def _thousands(text: str) -> bool:
    return bool(re.search(r"\d,\d{3}(?!\d)", text))


def _words(text: str) -> str:
    return " ".join(re.sub(r"[*_`$\\{}]", "", text.lower()).split()).rstrip(".")


def _example(question: Question) -> str:
    return f"{0.5:.{question.decimals}f}" if question.decimals else "3"
