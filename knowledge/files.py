"""Which course files there are below the given paths, and why the others are left out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.errors import BadInputError, MissingFolderError, MissingIndexError, UnreadableError
from knowledge.generations import current_name

# What is read, with the largest size in megabytes. Text of that length is no lecture; a notebook is mostly pictures.
_READ = {
    "md markdown mdx qmd rmd rst tex": 3,
    "py": 2,
    "txt": 3,
    "html htm": 60,
    "ipynb": 150,
    "pdf": 250,
    "docx pptx": 400,
}
GOLDEN = "golden.jsonl"  # right in a folder that is ingested: questions about the course, and no text of it
READ = {f".{suffix}": megabytes for suffixes, megabytes in _READ.items() for suffix in suffixes.split()}

_WHY = {
    "an old Word file: save it as .docx or PDF": "doc dot",
    "an old PowerPoint file: save it as .pptx or PDF": "ppt pps",
    "a Word file with macros, or a template: save it as .docx or PDF": "docm dotx dotm",
    "a PowerPoint show, or one with macros: save it as .pptx or PDF": "ppsx ppsm pptm potx potm",
    "an OpenDocument or RTF file: save it as .docx, .pptx or PDF": "odt odp rtf pages key",
    "a document that lies with Google: download it as .docx, .pptx or PDF": "gdoc gslides",
    "a web page of another kind: save it as .html or PDF": "xhtml xht mhtml mht",
    "plain text under another ending: rename it to .txt, or to .md for Markdown": "text mdown mkd mkdn",
    "markup that is not read: save it as Markdown (.md), .html or PDF": "org adoc asciidoc textile mediawiki",
    "an e-book or a kind of PDF: save it as PDF": "epub mobi djvu xps",
    "an archive: unpack it first": "zip tar tgz tbz tbz2 txz 7z rar",
    "a picture: only the text around it is read": "png jpg jpeg gif svg webp bmp tif tiff ico eps ps heic",
    "a data file, not course text": "csv tsv json jsonl xlsx xls ods parquet npy npz pkl pickle h5 hdf5 mat db "
    "sqlite gz bz2 xz zst pt pth onnx safetensors gguf bin yaml yml toml xml ubyte data arff feather rds rda",
    "sound or film, not course text": "mp3 wav mp4 mov avi webm mkv m4a ogg",
    "source code in another language than Python": "r jl m java c h cpp cc cs js ts go rs sh bat sql scala css scss",
}
_WHY_BY_SUFFIX = {f".{suffix}": why for why, suffixes in _WHY.items() for suffix in suffixes.split()}
_ARCHIVE = _WHY_BY_SUFFIX[".zip"]
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})  # one file, most often of data
# What a browser keeps with `Page.html` in a folder `Page_files`; other languages call it otherwise.
_SAVED = re.compile(r"(.+)(?:_files|-Dateien|_fichiers|_archivos|_file|_αρχεία)", re.I)
# Left behind by programs, or the work of others that a page is shown with.
_LEAVE_OUT = frozenset(
    {
        "__pycache__",
        "__MACOSX",
        "node_modules",
        "bower_components",
        "site_libs",
        "reveal.js",
        "venv",
        "site-packages",
    }
)

# Plain text is what training data come as, too.
LONG_TEXT = 150_000  # bytes
_DATA_FOLDER = re.compile(r"(?:data|datasets?|corpus|corpora|raw)", re.I)
_LISTS = re.compile(r"requirements[\w.\-]*|constraints|robots|cmakelists", re.I)


@dataclass(frozen=True)
class CourseFile:
    name: str  # relative to its root, with forward slashes; unique within one ingest
    file: Path
    root_name: str

    def read(self) -> bytes:
        """The whole file. Raises UnreadableError with the reason: too large, gone, not to be opened."""
        limit = READ[self.file.suffix.lower()] * 1_000_000
        try:
            with self.file.open("rb") as stream:
                large = os.fstat(stream.fileno()).st_size > limit
                data = b"" if large else stream.read(limit + 1)  # it may grow meanwhile
        except FileNotFoundError:
            raise UnreadableError("gone while the folder was read") from None
        except OSError as error:
            raise UnreadableError(f"cannot be opened: {error.strerror or error}") from None
        if large or len(data) > limit:
            raise UnreadableError(_too_large(self.file.suffix))
        return data


def check_given(path: Path) -> None:
    """Raises BadInputError for a path that cannot be ingested: not there, not to be opened, or no file at all."""
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise BadInputError(f"{str(path)!r} cannot be opened: {error.strerror}.") from None
    except (OSError, ValueError):
        raise MissingFolderError(path) from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        # A pipe would be waited for without end.
        raise BadInputError(f"{str(path)!r} is neither a file nor a folder.")


def find_files(paths: Sequence[Path]) -> tuple[list[CourseFile], list[tuple[str, str]]]:
    """All files that can be read, in a stable order, and (path, why) for those that cannot.

    With several folders, a name that occurs in more than one is told apart by its folder's name.
    Hidden files and folders (`.git`, `.ipynb_checkpoints`) are passed over without a word. A file that is named
    itself is read where its ending allows it, whatever it looks like.

    Raises BadInputError for a path that is not there, or is neither a file nor a folder.
    """
    found: list[CourseFile] = []
    skipped: list[tuple[str, str]] = []
    taken: set[str] = set()
    seen: set[Path] = set()
    for path in paths:
        check_given(path)
    named = {path.resolve() for path in paths if path.is_file()}
    for path in paths:
        root = path.resolve()
        top = root if root.is_dir() and _opens(root) else root.parent
        for file, why in _walk(root):
            if file in seen or file == root / GOLDEN:
                continue
            seen.add(file)
            name = _unique(_printable(file.relative_to(top).as_posix()), _printable(top.name), taken)
            if why := why or ("" if file in named and file.suffix.lower() in READ else _why_not(file, name)):
                skipped.append((name, why))
            else:
                found.append(CourseFile(name, file, _printable(top.name)))
    return found, skipped


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below `root`, and what is no file with the reason. Links to folders are not followed: they may lead
    round in circles, or out into the whole disk."""
    if not root.is_dir():
        yield root, ""
        return
    unreadable: list[tuple[Path, str]] = []

    def refused(error: OSError) -> None:
        unreadable.append((Path(error.filename), f"the folder cannot be opened: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=refused):
        yield from unreadable
        unreadable.clear()
        if not _opens(folder):  # its names can be read, and nothing in it
            folders.clear()
            yield Path(folder), "the folder cannot be opened: Permission denied"
            continue
        shown = {name for name in folders if _shown(name) and not _is_left_out(os.path.join(folder, name))}
        linked = {name for name in shown if os.path.islink(os.path.join(folder, name))}
        saved = {name for name in shown - linked if _is_saved(name, names)}
        folders[:] = sorted(shown - linked - saved, key=natural)
        for name in sorted((*filter(_shown, names), *linked, *saved), key=natural):
            why = "goes with a saved page: only the page itself is read" if name in saved else ""
            yield Path(folder, name), why or _what_else(Path(folder, name), root)
    yield from unreadable


def _opens(folder: str | Path) -> bool:
    """Whether what lies in a folder can be reached; to list its names takes another permission."""
    return os.path.exists(os.path.join(folder, "."))


def _shown(name: str) -> bool:
    return not name.startswith((".", "~$")) and name not in _LEAVE_OUT  # ~$: a lock that Office leaves


def _is_left_out(folder: str) -> bool:
    """A Python environment, or a knowledge base that is kept inside the course."""
    if os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
        return True
    try:
        return bool(current_name(Path(folder)))
    except MissingIndexError:
        return False


def _is_saved(folder: str, names: Sequence[str]) -> bool:
    """Whether a folder holds what a browser saved with a page that lies beside it."""
    found = _SAVED.fullmatch(folder)
    return found is not None and any(f"{found[1]}{suffix}" in names for suffix in (".html", ".htm"))


def _what_else(file: Path, root: Path) -> str:
    """Why something in a folder is no file to read; "" for a file."""
    linked = os.path.islink(file)
    try:
        mode = file.stat().st_mode
    except PermissionError as error:
        return f"cannot be opened: {error.strerror}"
    except OSError:
        return "a link that leads nowhere" if linked else ""  # gone since: reading it will tell
    if stat.S_ISREG(mode):
        # A folder that came from somebody else must not bring in what is private on this computer.
        leaves = linked and not file.resolve().is_relative_to(root)
        return "a link that leads out of the folder: put the file itself there" if leaves else ""
    return (
        "a link to a folder: give that folder itself" if stat.S_ISDIR(mode) else "neither a file nor a folder"
    )


def _printable(name: str) -> str:
    """A name in a form that can be stored and printed, whatever bytes the disk has for it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", errors="replace")
    return name


def natural(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts lecture_2 before lecture_10."""
    return [
        (0, int(part)) if part.isdecimal() else (1, part.lower())
        for part in re.split(r"([0-9]{1,18})", name)
        if part
    ]


def _unique(name: str, folder: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        candidate = f"{folder}/{name}" if number == 1 else f"{folder}-{number}/{name}"
        number += 1
    taken.add(candidate)
    return candidate


def _why_not(file: Path, name: str) -> str:
    """Why a file is left out by its name or size; "" where it is read."""
    suffix = file.suffix.lower()
    if suffix == ".txt":
        return _why_no_text(file, PurePosixPath(name))
    if suffix in READ:
        return ""
    if suffix in _PACKED and Path(file.stem).suffix.lower() in (".tar", *READ):
        return _ARCHIVE
    if why := _WHY_BY_SUFFIX.get(suffix):
        return why
    return f"files ending in {suffix} are not read" if suffix else "a file without an ending is not read"


def _too_large(suffix: str) -> str:
    return f"too large: {suffix} files are read up to {READ[suffix.lower()]} MB"


def _why_no_text(file: Path, name: PurePosixPath) -> str:
    if _LISTS.fullmatch(name.stem):
        return "a list for a program, not course text"
    try:
        size = file.stat().st_size
    except OSError:
        return ""  # reading it will tell
    if size > READ[".txt"] * 1_000_000:
        return _too_large(".txt")  # whoever names it
    if any(_DATA_FOLDER.fullmatch(part) for part in name.parts[:-1]):
        return "plain text in a folder of data, taken for data: name the file itself to have it read"
    if size > LONG_TEXT:
        return "a long plain text, taken for data: name the file itself to have it read"
    return ""
