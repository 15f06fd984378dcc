"""The exercises of a lecture, and a ladder for each: a nudge, where to look, the first step, the whole solution.

Everything on the ladder is the course's own: the exercise, its worked answer, the glossary, the section that it draws
on. The rungs are cut from them by rules, so that a lecture needs no more than exercises with answers, in one of the
usual ways of writing them. Where a course gives no answer, the ladder ends at the passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.search import FileInfo, KnowledgeBase, Passage
from tutor.checking.sentences import split_sentences
from tutor.quiz.question import read_number

# Headings under which exercises or their answers stand; nothing of these sections may be quoted unasked.
_EXERCISES = re.compile(
    r"\bexercises?\b|\bproblem set\b|\bproblems to solve\b|\bpractice problems\b", re.IGNORECASE
)
_KEYS = re.compile(r"\b(?:exercises?|answers?|solutions?|worked answers?|problem set)\b", re.IGNORECASE)
_START = re.compile(
    r"^(?:\*\*\s*(?:(?:exercise|problem|question)\s*)?(\d{1,2})\s*[.):]?\s*\*\*[.):]?"
    r"|\#+\s*(?:exercise|problem|question)\s+(\d{1,2})[.):]?"
    r"|(?:exercise|problem|question)\s+(\d{1,2})\s*[.):]"
    r"|(\d{1,2})[.)])\s+",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER = re.compile(
    r"^\s*(?:>\s*)?(?:\*{1,2}|_{1,2})?(?:worked\s+)?(?:answer|solution)s?\s*[.:]?(?:\*{1,2}|_{1,2})?\s*[.:]?\s+",
    re.IGNORECASE | re.MULTILINE,
)
_SEVERAL = re.compile(
    r"\bwhat are\b|\b(?:find|work out)\b.*\band\b|,\s+and\b|\bboth\b"
    r"|\band (?:what|how|which|with|one|in|from|for|under)\b",
    re.IGNORECASE | re.DOTALL,
)
_MATHS = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\{,\}\d{3})*(?:\.\d+)?(?![\w])")


@dataclass(frozen=True)
class Exercise:
    """One exercise: its text, and its worked answer ("" where the course gives none), as markdown."""

    lecture: int | None
    number: int
    path: str
    heading: tuple[str, ...]
    text: str
    answer: str

    @property
    def name(self) -> str:
        place = f" of lecture {self.lecture}" if self.lecture is not None else ""
        return f"exercise {self.number}{place}"


def is_answer_key(passage: Passage) -> bool:
    """Whether a passage lies among exercises or their answers: it would give away what nobody asked to see."""
    return any(_KEYS.search(heading) for heading in passage.heading[-2:])


def exercises_of(base: KnowledgeBase, lecture: int) -> list[Exercise]:
    """The exercises of a lecture in their order; those of its main text before those of a notebook."""
    files = [info for info in base.files() if info.lecture == lecture]
    for info in sorted(files, key=lambda info: info.path.endswith(".ipynb")):
        found = _of_file(base, info)
        if found:
            return found
    return []


def pasted(base: KnowledgeBase, message: str) -> Exercise | None:
    """The exercise whose text a message holds, or most of it; None for any other message."""
    said = _words(message)
    if len(said) < 8:
        return None
    for lecture in sorted({info.lecture for info in base.files() if info.lecture is not None}):
        for exercise in exercises_of(base, lecture):
            words = _words(exercise.text)
            if (
                len(words) >= 6
                and len(set(words) & set(said)) >= 0.9 * len(set(words))
                and len(said) <= 2 * len(words)
            ):
                return exercise
    return None


def lectures_with_exercises(base: KnowledgeBase) -> list[int]:
    lectures = sorted({info.lecture for info in base.files() if info.lecture is not None})
    return [lecture for lecture in lectures if exercises_of(base, lecture)]


def _of_file(base: KnowledgeBase, info: FileInfo) -> list[Exercise]:
    views = [
        view for view in base.section(info.path) if any(_EXERCISES.search(name) for name in view.heading)
    ]
    text = "\n\n".join(view.text.strip() for view in views)
    heading = views[0].heading if views else ()
    return parse_exercises(text, info.lecture, info.path, heading)


def parse_exercises(
    text: str, lecture: int | None = None, path: str = "", heading: tuple[str, ...] = ()
) -> list[Exercise]:
    """Read exercises that are numbered ("**1.** ...", "1. ...", "Exercise 1: ...") and, where there are, answered.

    A number only begins an exercise when it is the one that comes next: a list inside an exercise stays inside.
    """
    starts: list[tuple[int, re.Match[str]]] = []
    for match in _START.finditer(text):
        number = int(next(group for group in match.groups() if group))
        if number == len(starts) + 1:
            starts.append((number, match))
    found = []
    for at, (number, match) in enumerate(starts):
        end = starts[at + 1][1].start() if at + 1 < len(starts) else len(text)
        body = text[match.end() : end].strip()
        split = _ANSWER.search(body)
        question = body[: split.start()].strip() if split else body
        answer = body[split.end() :].strip() if split else ""
        if question:
            found.append(Exercise(lecture, number, path, heading, question, answer))
    return found


# ---- the rungs


def glossary_entry(base: KnowledgeBase, exercise: Exercise) -> str:
    """The glossary's line on a term that the exercise uses, as the lecture has it; "" where none is used."""
    views = [view for view in base.section(exercise.path) if view.heading and "lossary" in view.heading[-1]]
    lines = [
        line.strip()[2:] for view in views for line in view.text.splitlines() if line.strip().startswith("- ")
    ]
    said = _words(exercise.text)
    best: tuple[int, str] = (0, "")
    for line in lines:
        term = re.match(r"\*\*(.+?):?\*\*", line)
        if term is None:
            continue
        names = [name for name in re.split(r"\s*/\s*|,\s*|\s*\(|\)", term[1].rstrip(":")) if len(name) > 2]
        for name in names:
            wanted = _words(name)
            if wanted and _holds(said, wanted) and len(wanted) * 100 + len(name) > best[0]:
                best = (len(wanted) * 100 + len(name), line)
    return best[1]


def passage_for(base: KnowledgeBase, exercise: Exercise) -> Passage | None:
    """The passage of the same lecture that the exercise draws on, never one with its answer."""
    entry = glossary_entry(base, exercise)
    term = re.match(r"\*\*(.+?):?\*\*", entry)
    words = _without_maths(exercise.text)
    answer = _without_maths(exercise.answer)
    # Three ways of asking, since one alone stumbles over the exercise's own numbers and names; the places add up.
    queries = (f"{words} {exercise.text}", f"{term[1] if term else ''} {words} {answer}", f"{entry} {words}")
    points: dict[tuple[str, tuple[str, ...]], float] = {}
    found: dict[tuple[str, tuple[str, ...]], Passage] = {}
    for query in queries:
        fitting = [p for p in base.search(query, k=30) if _may_help(p, exercise.lecture)]
        for rank, place in enumerate(dict.fromkeys((p.path, p.heading) for p in fitting)):
            points[place] = points.get(place, 0.0) + 1.0 / (rank + 1)
            found.setdefault(place, next(p for p in fitting if (p.path, p.heading) == place))
    return found[max(points, key=lambda place: points[place])] if points else None


def _may_help(passage: Passage, lecture: int | None) -> bool:
    prose = passage.cell is None and passage.kind != "code"
    return passage.lecture == lecture and prose and not is_answer_key(passage) and not _side_matter(passage)


def first_step(answer: str) -> str:
    """The beginning of a worked answer, without the first result: "The prediction is $2 \\times 3 + 1 =\\ ?$"."""
    for sentence in split_sentences(answer):
        for maths in _MATHS.finditer(sentence):
            hidden = _without_result(maths[0])
            if hidden is None:
                continue
            return f"{sentence[: maths.start()]}{hidden}".strip()
        return _opening(sentence.strip(), answer.strip())
    return ""


def _opening(sentence: str, answer: str) -> str:
    """The first part of a sentence that computes nothing; "" where that would be all there is to say."""
    parts = re.split(r"(?<=;)\s+|,\s+(?=\(|and\b|but\b|so\b)", sentence)
    told, colon, _rest = parts[0].rstrip(";, ").partition(": $")
    spans = list(_MATHS.finditer(told))
    if len(spans) > 1:
        told = told[: spans[0].end()]
    told = told.strip()
    if not spans and len(told.split()) < 4 and not colon:
        return ""  # "Yes.": the answer itself
    return told if len(told) < len(answer) else ""


def _without_result(maths: str) -> str | None:
    """A chain of equations without its last side; None where its left side is no computation."""
    fence = "$$" if maths.startswith("$$") else "$"
    inside = maths[len(fence) : -len(fence)].strip()
    sides = re.split(r"(?<![<>\\!])=", inside)
    if len(sides) < 2:
        return None
    kept = sides[:-1]
    computed = re.search(r"\d", kept[-1]) and re.search(
        r"[+\-/^(]|\\times|\\frac|\\sqrt|\\ln|\\tanh|\\cdot", kept[-1]
    )
    if not computed:
        return None
    return f"{fence}{'='.join(kept).rstrip()} =\\ ?{fence}"


# ---- a student's numbers against the worked answer


@dataclass(frozen=True)
class Checked:
    """`right`: every number asked for is there; `partly`: those given are right; `known`: the answer has numbers."""

    right: bool
    partly: bool
    known: bool


def check_answer(exercise: Exercise, said: str) -> Checked | None:
    """Compare the numbers that a student typed with the results of the worked answer; None for a text without any."""
    given = numbers_in(said)
    if not given:
        return None
    final, on_the_way = results(exercise.answer)
    in_words = _numbers_in_words(exercise.answer)
    if re.match(r"for (?:instance|example)\b", exercise.answer, re.IGNORECASE) or not (
        final or on_the_way or in_words
    ):
        return Checked(False, False, False)
    matches = [any(_close(value, result) for result in (*final, *on_the_way, *in_words)) for value in given]
    asked = _without_maths(exercise.text)
    wanted = final
    if _SEVERAL.search(asked):  # the results on the way are some of what is asked for
        wanted = [*on_the_way, *final]
    elif re.search(
        r"\b(?:what is|how (?:large|many|often|wide|far|much|long)|where is)\b", asked, re.IGNORECASE
    ):
        wanted = final[-1:]
    complete = all(any(_close(value, result) for value in given) for result in wanted)
    return Checked(all(matches) and complete, all(matches) and not complete, True)


def _numbers_in_words(answer: str) -> list[float]:
    """Numbers outside the formulas ("after 21") and sizes ("$14\\times14$"): right, but never asked for by name."""
    sizes = [span[0] for span in _MATHS.finditer(answer) if re.fullmatch(r"\$\d+\s*\\times\s*\d+\$", span[0])]
    lists = [
        span[0] for span in _MATHS.finditer(answer) if "=" not in span[0] and len(numbers_in(span[0])) > 1
    ]
    sizes += [span for span in lists if _is_plain(span.strip("$"))]
    return numbers_in(_MATHS.sub(" ; ", answer)) + [
        value for size in sizes for value in numbers_in(size.strip("$"))
    ]


def results(answer: str) -> tuple[list[float], list[float]]:
    """The numbers that a worked answer comes to, and those on the way there.

    A result is the last side of an equation, or a number that stands alone in its formula. The last sentence with
    any holds what the answer comes to; a short answer of one sentence holds it all.
    """
    by_sentence = []
    for sentence in split_sentences(answer):
        found: list[float] = []
        for maths in _MATHS.finditer(sentence):
            inside = maths[0].strip("$")
            for part in re.split(r"\\qquad|;|(?<=\d),\s*\\?\s+(?=-?\d)", inside):
                last = re.split(r"(?<![<>\\!])=|\\approx", part)[-1]
                found += numbers_in(last) if _is_plain(last) else []
        if "=" in sentence:  # a bare list beside an equation is what it was worked out from
            lists = [m[0] for m in _MATHS.finditer(sentence) if "=" not in m[0] and not m[0].startswith("$(")]
            given = [value for text in lists if len(numbers_in(text)) > 1 for value in numbers_in(text)]
            found = [value for value in found if value not in given] or found
        if found:
            by_sentence.append(found)
    if not by_sentence:
        return [], []
    return by_sentence[-1], [value for found in by_sentence[:-1] for value in found]


def _is_plain(side: str) -> bool:
    """Whether a side is a number or a tuple of numbers, and no computation."""
    bare = side.replace("{,}", "").replace("\\ ", " ").replace("\\,", "").replace("\\%", "").strip(" .")
    return bool(re.fullmatch(r"\(?\s*-?\d[\d.,]*(?:\s*,\s*-?\d[\d.]*)*\s*\)?", bare))


def numbers_in(text: str) -> list[float]:
    """Every number of a text, fractions as one number, per cent as a share."""
    plain = text.replace("−", "-").replace("{,}", "").replace("\\%", "%").replace("\\", " ")
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain)
    found = []
    for token in re.findall(
        r"-?\d+(?:\.\d+)?\s*/\s*\d+(?:\.\d+)?|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?\s*%?", plain
    ):
        value = read_number(token)
        if value is not None:
            found.append(value)
    return found


def _close(given: float, wanted: float) -> bool:
    """Equal up to rounding, one per cent; a whole number must be met. A share may come in per cent."""
    if wanted == round(wanted):
        return abs(given - wanted) < 0.01
    return any(
        abs(value - wanted) <= 0.01 * abs(wanted)
        for value in (given, given / 100 if abs(wanted) < 1 else given)
    )


def _side_matter(passage: Passage) -> bool:
    name = passage.heading[-1] if passage.heading else passage.title
    return bool(
        re.search(
            r"glossary|further reading|what should i remember|in the lab|mistakes|what comes", name, re.I
        )
    ) or (not passage.heading)


def _words(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[a-z]+[0-9]?|r²", _without_maths(text).lower())]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _holds(words: Sequence[str], wanted: Sequence[str]) -> bool:
    size = len(wanted)
    return any(list(words[at : at + size]) == list(wanted) for at in range(len(words) - size + 1))


def _without_maths(text: str) -> str:
    return _MATHS.sub(" ", text)
