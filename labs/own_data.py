"""A student's own CSV file: kept under a name that labs accept, and read as a table of text.

`keep` is the only door for a path, and only the command line and the page's upload go through it. It copies the
file into a folder of its own and answers with a name such as `marks-3fa92c0b1d.csv`: the file's own name and the
beginning of its SHA-256, so a link replays the run on the same rows, nobody can guess another student's file, and no
message in a chat can make a lab open any other file of the computer. What the columns mean is the business of
`labs.own_columns`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from labs.errors import BadParameterError

MAX_BYTES = 5_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
ROOM = 2_000_000_000  # bytes of everybody's files together
ENDINGS = (".csv", ".tsv", ".txt")
FOLDER_VARIABLE = "LABS_OWN_DATA"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}-[0-9a-f]{10}\.csv")
_DELIMITERS = ",;\t|"
HOW = "add your file with `tutor lab run LAB csv=PATH`, or with the upload button of the page"


@dataclass(frozen=True)
class TextTable:
    """A CSV as it stands: every cell is text, stripped of spaces; a short row is filled up with empty cells."""

    name: str  # the name under which it is kept
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()  # what had to be guessed to read it

    @property
    def title(self) -> str:
        """The file's own name, for titles: `marks-3fa92c0b1d.csv` -> `marks.csv`."""
        return title_of(self.name)

    def column(self, name: str) -> list[str]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def title_of(name: str) -> str:
    return f"{name[: -len('-0123456789.csv')]}.csv"


def folder() -> Path:
    """Where own files are kept: LABS_OWN_DATA, else the platform's data folder. Not made here."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("ml-tutor", appauthor=False)) / "own_data"


def keep(path: Path, title: str | None = None) -> str:
    """Check a CSV file, copy it into `folder()`, and return the name that labs take for `csv`.

    Parameters
    ----------
    path : Path
        The file. `title` is its name for people where the path's own says nothing (an upload).

    Raises
    ------
    BadParameterError
        With one sentence: not there, not a CSV, too large, binary, no header, no rows.
    """
    shown = title or path.name
    if not path.is_file():
        raise _refused(shown, "there is no such file", "check the path")
    if Path(shown).suffix.lower() not in ENDINGS:
        raise _refused(
            shown,
            f"its name does not end in {', '.join(ENDINGS)}",
            "save the sheet as CSV (in Excel: Save as, CSV UTF-8) and use that file",
        )
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _refused(
            shown,
            f"it has {size / 1e6:.1f} MB, and up to {MAX_BYTES / 1e6:.0f} MB are read",
            "keep fewer rows or columns",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(shown, f"it cannot be opened ({error.strerror})", "check its permissions") from None
    stem = re.sub(r"[^a-z0-9_-]+", "-", Path(shown).stem.lower()).strip("-_")[:40] or "table"
    name = f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}.csv"
    parse(data, name)  # refuse now what no lab could use
    target = folder() / name
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        if sum(file.stat().st_size for file in target.parent.glob("*.csv")) + len(data) > ROOM:
            raise _refused(
                shown,
                "there is no room for more files on this computer",
                "ask whoever runs the tutor to clear some",
            )
        part = target.with_name(f".{name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return name


def is_kept(name: str) -> bool:
    """Whether `name` is the name of a kept file, and the file is there."""
    return bool(_NAME.fullmatch(name)) and (folder() / name).is_file()


def read(name: str) -> TextTable:
    """The kept file of that name; raises BadParameterError for any other text, paths among them."""
    if not _NAME.fullmatch(name):
        raise BadParameterError(
            f"csv={_short(name)} is not the name of an added file; {HOW}, and use the name that it answers with.",
            field="csv",
            value=name,
        )
    place = folder() / name
    try:
        changed = place.stat().st_mtime_ns
    except OSError:
        raise BadParameterError(
            f"csv={_short(name)} is not on this computer any more; {HOW}.", field="csv", value=name
        ) from None
    return _read(place, changed)


@lru_cache(maxsize=4)
def _read(place: Path, changed: int) -> TextTable:
    return parse(place.read_bytes(), place.name)


def parse(data: bytes, name: str) -> TextTable:
    """The rows of a CSV file: encoding and delimiter found out, and what was guessed said in `remarks`.

    Raises
    ------
    BadParameterError
        With one sentence that says what is wrong with the file and what to do.
    """
    title, remarks = title_of(name), []
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data:
        raise _refused(
            title,
            "it holds binary data, not text (an Excel workbook, perhaps)",
            "save the sheet as CSV and use that file",
        )
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
            remarks.append("The file is not UTF-8; it was read as Windows-1252, so check its accents.")
    if not text.strip():
        raise _refused(title, "it is empty", "put a header line with the names of the columns first")
    delimiter = _delimiter(text)
    if delimiter != ",":
        shown = {"\t": "tabs", ";": "semicolons", "|": "bars"}[delimiter]
        remarks.append(f"The columns are separated by {shown}.")
    try:
        lines = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise _refused(title, f"a line in it cannot be read ({error})", "check its quotation marks") from None
    if not lines:
        raise _refused(
            title, "it holds only separators", "put a header line with the names of the columns first"
        )
    header, rows = lines[0], lines[1:]
    _check_shape(title, header, rows)
    width = len(header)
    short = sum(len(row) < width for row in rows)
    if short:
        remarks.append(f"{short} short row{'s were' if short > 1 else ' was'} filled up with empty cells.")
    filled = tuple(tuple(row + [""] * (width - len(row))) for row in rows)
    return TextTable(name, _unique(header), filled, tuple(remarks))


def _delimiter(text: str) -> str:
    """The separator that splits the header into most parts; a comma where none does."""
    first = next(line for line in text.splitlines() if line.strip())
    best = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark))))
    return best if best in first else ","


def _check_shape(title: str, header: list[str], rows: list[list[str]]) -> None:
    if len(header) > MAX_COLUMNS:
        raise _refused(title, f"it has {len(header)} columns, over the limit of {MAX_COLUMNS}", "keep fewer")
    if len(rows) > MAX_ROWS:
        raise _refused(title, f"it has {len(rows):,} rows, over the limit of {MAX_ROWS:,}", "keep fewer")
    if all(_is_number(cell) for cell in header if cell) and any(header):
        raise _refused(
            title,
            f"its first line holds numbers ({', '.join(header[:3])}) instead of the names of the columns",
            "put a header line first",
        )
    if len(rows) < 2:
        raise _refused(
            title, f"it has a header and {len(rows)} row{'s' * (len(rows) != 1)} of data", "add more rows"
        )
    for number, row in enumerate(rows, start=2):
        if len(row) > len(header):
            raise _refused(
                title,
                f"line {number} has {len(row)} cells, and the header names {len(header)} columns",
                "put quotation marks around cells that hold the separator",
            )


def _unique(header: list[str]) -> tuple[str, ...]:
    """Every column named, no name twice: `mark, mark, ` -> `mark, mark 2, column 3`."""
    names: list[str] = []
    for at, cell in enumerate(header, start=1):
        plain = re.sub(r"\s+", " ", cell).strip()[:60] or f"column {at}"
        name, turn = plain, 2
        while name in names:
            name, turn = f"{plain} {turn}", turn + 1
        names.append(name)
    return tuple(names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    return repr(text if len(text) <= 50 else f"{text[:47]}...")


def _refused(title: str, why: str, instead: str) -> BadParameterError:
    return BadParameterError(f"{_short(title)} cannot be used: {why}; {instead}.", field="csv", value=title)
