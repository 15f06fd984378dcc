"""Golden questions: a course's own, which a new index must answer at least as well as the one in place.

They are in `golden.jsonl` right in a folder that is ingested, in the format of `knowledge.question_file`; the file
itself is no course text. A question is found when one of the first five passages is of its file and holds its evidence;
recall@5 is the share that is. A new index is searched before it is put in place, with the same questions as the one
that is there, and where it finds fewer of them it stays out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.errors import KnowledgeError
from knowledge.files import GOLDEN
from knowledge.question_file import BadLineError, Checked, Question, holds, read_lines

if TYPE_CHECKING:
    from knowledge.embedding import TextEmbedder
    from knowledge.manifest import Manifest
    from knowledge.search import Generation, Passage

WITHIN = 5
MOST = 500  # questions: more would make every refresh wait


@dataclass(frozen=True)
class Missed:
    """A question that the new index does not find."""

    question: str
    why: str


@dataclass(frozen=True)
class Golden:
    """How a new index does on the golden questions; shares are of `questions`, 0 to 1."""

    questions: int  # that could be asked
    recall: float  # recall@5 of the new index
    before: (
        float | None
    )  # of the one in place, with the same questions; None where there is none to compare with
    broken: tuple[Missed, ...] = ()  # what the index in place finds, and the new one does not
    missed: tuple[Missed, ...] = ()  # all that the new one does not find
    wrong: tuple[str, ...] = ()  # one sentence for each line that could not be used
    promoted: bool = True


class WorseError(Exception):
    """The new index finds fewer golden questions; never leaves the package."""

    def __init__(self, golden: Golden) -> None:
        super().__init__(f"recall@{WITHIN} falls from {golden.before} to {golden.recall}")
        self.golden = golden


@dataclass(frozen=True)
class Asked:
    """The questions of a course, before any index has been asked."""

    questions: tuple[tuple[Path, Question], ...]
    wrong: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.questions or self.wrong)


def read_golden(paths: Sequence[Path]) -> Asked:
    """The golden questions of all folders among `paths`; a file that cannot be read is one wrong line."""
    questions: list[tuple[Path, Question]] = []
    wrong: list[str] = []
    for file in dict.fromkeys((path / GOLDEN).resolve() for path in paths if (path / GOLDEN).is_file()):
        try:
            found, bad = read_lines(file)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            wrong.append(f"{file} cannot be read: {why}. Save it as UTF-8 text, one question a line.")
            continue
        wrong += [bad[number] for number in sorted(bad)]
        # Those that the course does not answer are for `tutor eval`: no passage can be right.
        questions += [(file, question) for question in found if not question.off]
    if len(questions) > MOST:
        wrong.append(
            f"There are {len(questions)} golden questions, and the first {MOST} are asked: keep the best ones."
        )
    return Asked(tuple(questions[:MOST]), tuple(wrong))


def compare(
    asked: Asked,
    new: Path,
    old: Path | None,
    embedder: TextEmbedder,
    tell: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Golden:
    """Ask the generation in the folder `new`, and the one in `old` where it can be opened.

    A question whose file or evidence the new course does not have is broken where the old index found it, and a wrong
    line where it did not.
    """
    from knowledge.search import Generation

    found = found_before = count = 0
    broken: list[Missed] = []
    missed: list[Missed] = []
    wrong = list(asked.wrong)
    with ExitStack() as opened:
        # Closed again before anything is moved: a generation that is refused must not stay open.
        candidate = opened.enter_context(closing(Generation(new, embedder)))
        in_place = _in_place(old, embedder, opened)
        course = _course(candidate.manifest)
        for done, (file, question) in enumerate(asked.questions, start=1):
            before = in_place is not None and _finds(question, _passages(in_place, question, embedder))
            why = ""
            try:
                course.check(question)
                passages = _passages(candidate, question, embedder)
                if not _finds(question, passages):
                    why = _why_not(question, passages)
            except BadLineError as error:
                if not before:
                    wrong.append(f"Line {question.id} of {file}: {error}")
                    continue
                why = str(error)
            count += 1
            found += not why
            found_before += before
            if why:
                missed.append(Missed(question.text, why))
                broken += missed[-1:] if before else []
            tell("Asking the golden questions", done, len(asked.questions))
    return Golden(
        count,
        round(found / max(count, 1), 4),
        None if in_place is None else round(found_before / max(count, 1), 4),
        tuple(broken),
        tuple(missed),
        tuple(wrong),
        in_place is None or found >= found_before,
    )


def _in_place(folder: Path | None, embedder: TextEmbedder, opened: ExitStack) -> Generation | None:
    from knowledge.search import Generation

    if folder is None:
        return None
    try:
        return opened.enter_context(closing(Generation(folder, embedder)))
    except (KnowledgeError, FileNotFoundError):
        return None  # of another version, with another embedder, or damaged: nothing to compare with


def _passages(generation: Generation, question: Question, embedder: TextEmbedder) -> list[Passage]:
    return generation.search(" ".join(question.text.split()), embedder, WITHIN)


def _finds(question: Question, passages: Sequence[Passage]) -> bool:
    return any(holds(question, path, p.text) for p in passages for path in (p.path, *p.also))


def _why_not(question: Question, passages: Sequence[Passage]) -> str:
    if not passages:
        return "nothing was found"
    first = passages[0]
    place = " > ".join((first.path, *first.heading[-1:]))
    return f"{' or '.join(question.files)} is not among the first {WITHIN} passages with it; the first is {place}"


def _course(manifest: Manifest) -> Checked:
    texts = {d.path: "\n".join(section.text for section in d.sections) for d in manifest.documents}
    for copy in manifest.duplicates:
        texts[copy.path] = texts.get(copy.same_as, "")
    return Checked(texts, texts.__getitem__)
