"""The ingest command: arguments in, report and exit status out. `ingest.py` and `tutor ingest` are both this.

Exit status 0: done; 2: a wrong call or bad input; 1: it failed while working. With --json, standard
output holds one JSON object and nothing else; progress and errors go to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import BadInputError, KnowledgeError
from knowledge.files import GOLDEN, check_given
from knowledge.golden import WITHIN, Golden, Missed
from knowledge.paths import COURSE, DEFAULT, course_folder, course_names
from knowledge.refresh import ADDED, DUPLICATE, REMOVED, SKIPPED, UPDATED, IngestReport, Outcome, refresh
from knowledge.sources import with_added

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from knowledge.embedding import TextEmbedder

NAMES = 5  # files that the report names of those that were added, say
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]+:/", re.I)  # "https:/": a shell or a program may have lost a slash

BytesProgress = Callable[[int, int, str], None]
MakeEmbedder = Callable[[BytesProgress], "TextEmbedder"]
"""Makes the embedder; called with a progress function, since the weights may have to be fetched first."""


def add_arguments(
    parser: argparse.ArgumentParser, default_index: Path | None, default_course: str | None = None
) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="course folders or files (default: the course that ships)",
    )
    parser.add_argument(
        "--index", type=Path, default=default_index, metavar="DIR", help="folder of the knowledge base"
    )
    parser.add_argument(
        "--course",
        default=default_course,
        metavar="NAME",
        help="keep this course beside others, under a name of its own (default: the one without a name)",
    )
    parser.add_argument("--list", action="store_true", help="list the courses that there are, and stop")
    parser.add_argument(
        "--rebuild", action="store_true", help="build everything anew, using nothing of the old index"
    )
    parser.add_argument(
        "--accept",
        action="store_true",
        help="put the new index in place also where it finds fewer of the course's golden questions",
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def main(
    argv: Sequence[str] | None,
    *,
    make_embedder: MakeEmbedder,
    default_index: Path,
    default_course: str | None = None,
    prog: str = "ingest.py",
) -> int:
    parser = argparse.ArgumentParser(prog=prog, description="Refresh the knowledge base from course files.")
    add_arguments(parser, default_index, default_course)
    return run(parser.parse_args(argv), make_embedder)


def run(options: argparse.Namespace, make_embedder: MakeEmbedder) -> int:
    """Do what the parsed arguments (see `add_arguments`) ask for, and return the exit status."""
    if options.list:
        return _list(options.index, options.json)
    try:
        index = course_folder(options.index, options.course)
        if index != options.index and not options.paths:
            # The course that ships has no business under another name.
            raise BadInputError(f"Give the folder of the course {options.course!r} as well.")
        # Files that were added on the page belong to the course until they are removed there.
        # Looked at before anything is fetched: a misspelt folder should not cost a download.
        paths = [_given(text) for text in options.paths] or list(with_added([COURSE], index))
        for path in paths:
            check_given(path)
        with _Progress() as progress:
            embedder = make_embedder(progress.fetching)
            report = refresh(paths, index, embedder, options.rebuild, progress.working, options.accept)
    except BadInputError as error:
        return _fail(error, 2)
    except KnowledgeError as error:
        return _fail(error, 1)
    except OSError as error:
        return _fail(f"The knowledge base could not be refreshed: {error}.", 1)
    except KeyboardInterrupt:
        return _fail("Stopped. The knowledge base is as it was.", 1)
    print(json.dumps(as_dict(report), ensure_ascii=False) if options.json else in_words(report, index))
    return 0 if report.promoted else 1


def as_dict(report: IngestReport) -> dict[str, Any]:
    return {
        "files": report.files,
        "chunks": report.chunks,
        "added": report.added,
        "updated": report.updated,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": [{"path": path, "why": why} for path, why in report.skipped],
        "seconds": report.seconds,
        "outcomes": [asdict(outcome) for outcome in report.outcomes],
        "promoted": report.promoted,
        "golden": asdict(report.golden) if report.golden is not None else None,
    }


def in_words(report: IngestReport, index: Path) -> str:
    """The report for people: what changed, and what was left out, grouped by reason."""
    changes = ", ".join(
        f"{count} {what}"
        for count, what in (
            (report.added, "added"), (report.updated, "updated"),
            (report.removed, "removed"), (report.unchanged, "unchanged"),
        )
        if count
    )  # fmt: skip
    when = "" if report.promoted else "as before; in the folder: "
    lines = [refused(report.golden)] if report.golden is not None and not report.promoted else []
    lines += [
        f"{_counted(report.files, 'file')} in the knowledge base ({when}{changes}), "
        f"{_counted(report.chunks, 'passage')}, {report.seconds:.1f} s.",
        f"Index: {index}",
    ]
    if report.updated or report.removed or report.unchanged:  # not the first ingest, where everything is new
        lines += _changed(report.outcomes)
    lines += _grouped("Left out", [item for item in report.outcomes if item.outcome == SKIPPED])
    same = [item for item in report.outcomes if item.outcome == DUPLICATE]
    lines += _grouped("There twice", same)
    told = [
        item for item in report.outcomes if item.why and item.outcome not in (SKIPPED, DUPLICATE, REMOVED)
    ]
    lines += _grouped("Read with a remark", told)
    lines += _golden(report.golden) if report.golden is not None else []
    return "\n".join(lines)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _changed(outcomes: Sequence[Outcome]) -> list[str]:
    """Which files were added, updated and removed: the first of each."""
    lines = []
    for what in (ADDED, UPDATED, REMOVED):
        names = [item.path for item in outcomes if item.outcome == what]
        lines += [f"{what.capitalize()}: {_first(names, NAMES)}"] if names else []
    return lines


def _first(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def refused(golden: Golden) -> str:
    """Why a new index was not put in place, and what to do. Shown on the page as well."""
    return (
        f"The new index was not put in place: of {golden.questions} golden questions it finds "
        f"{round(golden.recall * golden.questions)}, and the one in place finds "
        f"{round((golden.before or 0) * golden.questions)}. The course answers as before. Correct the files or "
        f"{GOLDEN}, and refresh again; `python ingest.py` with `--accept` puts the new index in place as it is."
    )


def scored(golden: Golden) -> str:
    """recall@5 in words. Shown on the page as well."""
    before = f" ({golden.before:.0%} before)" if golden.before is not None else ""
    share = f"{golden.recall:.0%} of {golden.questions}"
    return f"Golden questions: {share} found among the first {WITHIN} passages{before}"


def told_of(golden: Golden) -> tuple[str, tuple[Missed, ...]] | None:
    """Which questions are told, with a title: what broke, or what a first index does not find."""
    if golden.before is None:
        return ("Not found", golden.missed) if golden.missed else None
    return ("Found before and not any more", golden.broken) if golden.broken else None


def _golden(golden: Golden) -> list[str]:
    lines = [f"{scored(golden)}."]
    if told := told_of(golden):
        lines += [f"{told[0]}: {len(told[1])}", *(f"  {missed.question}: {missed.why}" for missed in told[1])]
    if golden.wrong:
        lines += [f"Golden questions that cannot be used: {len(golden.wrong)}"]
        lines += [f"  {sentence}" for sentence in golden.wrong]
    return lines


def _grouped(what: str, items: Sequence[Outcome]) -> list[str]:
    """A headline with the count, and a line for each reason with the first files that it is true of."""
    lines = [f"{what}: {len(items)}"] if items else []
    for why, _ in Counter(item.why for item in items).most_common():
        lines.append(f"  {why}: {_first([item.path for item in items if item.why == why], 3)}")
    return lines


def _list(index: Path, as_json: bool) -> int:
    """The courses that there are, with what is in each."""
    from knowledge.manifest import summary

    courses = []
    for name in course_names(index):
        try:
            courses.append({"name": name, **summary(course_folder(index, name))})
        except KnowledgeError as error:
            courses.append({"name": name, "error": str(error)})
    if as_json:
        print(json.dumps({"courses": courses}, ensure_ascii=False))
        return 0
    for course in courses:
        if "error" in course:
            print(f"{course['name']}: {course['error']}")
        else:
            built = str(course["built_at"])[:16].replace("T", " ")
            holds = f"{_counted(course['files'], 'file')}, {_counted(course['chunks'], 'passage')}"
            print(f"{course['name']}: {holds}, built {built}")
    if not courses:
        print(f"There is no course in {str(index)!r} yet. Run `python ingest.py` to build the {DEFAULT} one.")
    return 0


def _given(text: str | Path) -> Path:
    """A path as it was typed. Raises BadInputError for what is none."""
    text = os.fspath(text)
    if not text.strip():
        # It would be the current folder; most often a variable of a script that is not set.
        raise BadInputError(
            "An empty path was given: give the folder of the course, or `.` for the current one."
        )
    if _ADDRESS.match(text) and not os.path.exists(text):
        raise BadInputError(
            f"{text!r} is an address, and addresses are not fetched: download the files first, and give their folder."
        )
    return Path(text)


def _fail(error: object, status: int) -> int:
    print(error, file=sys.stderr)
    return status


class _Progress:
    """Bars on standard error where that is a terminal; silence where it is not."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bars = Progress(console=Console(stderr=True), transient=True)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def fetching(self, done: int, total: int, what: str) -> None:
        self.working(what, done, total)

    def working(self, what: str, done: int, total: int) -> None:
        if self._bars is None:
            return
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)
