"""What can go wrong with the knowledge base.

KnowledgeError
├── BadInputError              the caller asked for something that cannot be done (exit status 2)
│   ├── MissingFolderError     a path to ingest is not there
│   ├── NothingToIngestError   no readable course file was found; the old index is untouched
│   ├── BadCourseNameError     a course cannot be called that
│   └── UnknownCourseError     no course of that name has been ingested
├── MissingIndexError          nothing has been ingested yet
├── IndexVersionError          the index was written by another version, or with another embedder
├── DamagedIndexError          the index is there and cannot be read
├── UnreadableModelError       the embedding model's files are missing or damaged
├── IngestBusyError            another ingest holds the writer's lock
├── IndexWriteError            the index could not be written (full disk, no permission)
├── VectorServerError          the Chroma server that TUTOR_CHROMA_URL names does not serve
└── UnknownDocumentError       a document was asked for that is not in the index

A file that cannot be read is no error: it is listed in the report, and the rest goes on (`UnreadableError`
carries the reason from a reader to the report and never leaves the package).
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

REBUILD = "Run `python ingest.py --rebuild` to build it again."


class KnowledgeError(Exception):
    """Base of everything that this package raises on purpose; the text is fit for a student to read."""


class UnreadableError(Exception):
    """One file cannot be read; the text is the reason that the report shows.

    `lasting` where the same bytes will never be read, on any day and any computer: they are not tried again.
    """

    def __init__(self, why: str, lasting: bool = False) -> None:
        super().__init__(why)
        self.lasting = lasting


class BadInputError(KnowledgeError):
    """The call itself is wrong; doing it again will not help."""


class MissingFolderError(BadInputError):
    def __init__(self, path: Path | str) -> None:
        super().__init__(
            f"There is no file or folder {str(path)!r}. Check the spelling, or give another path."
        )


class NothingToIngestError(BadInputError):
    def __init__(self, where: str, skipped: Sequence[tuple[str, str]]) -> None:
        first = "; ".join(f"{path}: {why}" for path, why in skipped[:2])
        more = f" and {len(skipped) - 2} more" if len(skipped) > 2 else ""
        seen = f"every file was left out ({first}{more})" if skipped else "no files at all"
        super().__init__(
            f"No readable course text in {where}: {seen}. The knowledge base was left as it was."
        )


class BadCourseNameError(BadInputError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:80]!r} cannot name a course: use up to 64 letters, digits, spaces, '.', '_' or '-', "
            "and begin and end with a letter or digit."
        )


class UnknownCourseError(BadInputError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        there = f" There are: {', '.join(known)}." if known else ""
        command = f"python ingest.py FOLDER --course {shlex.quote(name)}"
        super().__init__(f"There is no course {name!r} yet.{there} Run `{command}` to add it.")


class MissingIndexError(KnowledgeError):
    def __init__(self, index_dir: Path) -> None:
        super().__init__(
            f"There is no knowledge base in {str(index_dir)!r} yet. Run `python ingest.py` to build it."
        )


class IndexVersionError(KnowledgeError):
    def __init__(self, what: str, found: str, wanted: str) -> None:
        super().__init__(
            f"The knowledge base was made with {what} {found}, and this version needs {wanted}. {REBUILD}"
        )


class DamagedIndexError(KnowledgeError):
    def __init__(self, index_dir: Path, why: str) -> None:
        super().__init__(f"The knowledge base in {str(index_dir)!r} is damaged ({why}). {REBUILD}")


class UnreadableModelError(KnowledgeError):
    def __init__(self, folder: Path, why: object) -> None:
        super().__init__(
            f"The embedding model in {str(folder)!r} cannot be read ({why}). "
            "Delete that folder and run `python ingest.py` to fetch it again."
        )


class IngestBusyError(KnowledgeError):
    def __init__(self, index_dir: Path) -> None:
        super().__init__(
            f"Another ingest is already writing to {str(index_dir)!r}. "
            "Wait until it has finished, then try again."
        )


class IndexWriteError(KnowledgeError):
    def __init__(self, index_dir: Path, why: str, code: int | None = None) -> None:
        """`code` is the `errno` of the system's refusal, where there was one."""
        forbidden = code in (errno.EACCES, errno.EPERM, errno.EROFS)
        what_to_do = (
            "Choose a folder that you may write to, with --index or TUTOR_INDEX"
            if forbidden
            else "Free some space or choose another folder with --index"
        )
        there = os.path.exists(os.path.join(index_dir, "CURRENT"))
        super().__init__(
            f"The knowledge base in {str(index_dir)!r} could not be written ({why}). {what_to_do}"
            f"{'; the old index still answers' if there else ''}."
        )


class VectorServerError(KnowledgeError):
    def __init__(self, url: str, why: str) -> None:
        scheme, _, rest = url.partition("://")  # a name and a password in an address are not shown
        super().__init__(
            f"The Chroma server at {scheme}://{rest.rpartition('@')[2]} does not serve this knowledge base ({why}). "
            "Start it, or correct TUTOR_CHROMA_URL."
        )


class UnknownDocumentError(KnowledgeError):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"There is no document {path!r} in the knowledge base. Run `python ingest.py` if it is new."
        )
