"""The ingest command: arguments in, report and exit status out. `ingest.py` and `tutor ingest` are both this.

Exit status 0: done; 2: a wrong call or bad input; 1: it failed while working. With --json, standard
output holds one JSON object and nothing else; progress and errors go to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.errors import BadInputError, KnowledgeError
from knowledge.paths import COURSE
from knowledge.refresh import IngestReport, refresh

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from knowledge.embedding import TextEmbedder

BytesProgress = Callable[[int, int, str], None]
MakeEmbedder = Callable[[BytesProgress], "TextEmbedder"]
"""Makes the embedder; called with a progress function, since the weights may have to be fetched first."""


def add_arguments(parser: argparse.ArgumentParser, default_index: Path | None) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="course folders or files (default: the course that ships)",
    )
    parser.add_argument(
        "--index", type=Path, default=default_index, metavar="DIR", help="folder of the knowledge base"
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="build everything anew, using nothing of the old index"
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def main(
    argv: Sequence[str] | None, *, make_embedder: MakeEmbedder, default_index: Path, prog: str = "ingest.py"
) -> int:
    parser = argparse.ArgumentParser(prog=prog, description="Refresh the knowledge base from course files.")
    add_arguments(parser, default_index)
    return run(parser.parse_args(argv), make_embedder)


def run(options: argparse.Namespace, make_embedder: MakeEmbedder) -> int:
    """Do what the parsed arguments (see `add_arguments`) ask for, and return the exit status."""
    paths = options.paths or [COURSE]
    try:
        for path in paths:
            # Looked at before anything is fetched: a misspelt folder should not cost a download.
            _must_exist(path)
        with _Progress() as progress:
            embedder = make_embedder(progress.fetching)
            report = refresh(paths, options.index, embedder, options.rebuild, progress.working)
    except BadInputError as error:
        return _fail(error, 2)
    except KnowledgeError as error:
        return _fail(error, 1)
    except OSError as error:
        return _fail(f"The knowledge base could not be refreshed: {error}.", 1)
    except KeyboardInterrupt:
        return _fail("Stopped. The knowledge base is as it was.", 1)
    print(
        json.dumps(as_dict(report), ensure_ascii=False) if options.json else in_words(report, options.index)
    )
    return 0


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
    lines = [
        f"{report.files} file{'s' * (report.files != 1)} in the knowledge base ({changes}), "
        f"{report.chunks} passages, {report.seconds:.1f} s.",
        f"Index: {index}",
    ]
    if report.skipped:
        lines.append(f"Left out: {len(report.skipped)}")
        for why, count in Counter(why for _, why in report.skipped).most_common():
            names = [path for path, reason in report.skipped if reason == why]
            more = f" and {count - 3} more" if count > 3 else ""
            lines.append(f"  {why}: {', '.join(names[:3])}{more}")
    return "\n".join(lines)


def _must_exist(path: Path) -> None:
    from knowledge.errors import MissingFolderError

    if not path.exists():
        raise MissingFolderError(path)


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
