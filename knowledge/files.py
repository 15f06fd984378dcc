"""Which course files there are below the given paths, and why the others are left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import MissingFolderError

READ = frozenset({".md", ".markdown", ".ipynb"})

_WHY = {
    "PDF files are not read yet": "pdf",
    "Word files are not read yet": "doc docx odt rtf",
    "PowerPoint files are not read yet": "ppt pptx odp",
    "Python scripts are not read yet": "py",
    "plain text files are not read yet": "txt rst tex",
    "web pages are not read yet": "html htm",
    "a picture: only the text around it is read": "png jpg jpeg gif svg webp bmp tif tiff ico",
    "a data file, not course text": "csv tsv json jsonl xlsx xls parquet npy npz pkl pickle h5 hdf5 mat db "
    "sqlite zip gz tar bz2 7z rar pt pth onnx safetensors gguf bin yaml yml toml xml ubyte",
    "sound or film, not course text": "mp3 wav mp4 mov avi webm mkv",
}
_WHY_BY_SUFFIX = {f".{suffix}": why for why, suffixes in _WHY.items() for suffix in suffixes.split()}
_LEAVE_OUT = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})


@dataclass(frozen=True)
class CourseFile:
    name: str  # relative to its root, with forward slashes; unique within one ingest
    file: Path
    root_name: str


def find_files(paths: Sequence[Path]) -> tuple[list[CourseFile], list[tuple[str, str]]]:
    """All files that can be read, in a stable order, and (path, why) for those that cannot.

    With several folders, a name that occurs in more than one is told apart by its folder's name.
    Hidden files and folders (`.git`, `.ipynb_checkpoints`) are passed over without a word.
    """
    found: list[CourseFile] = []
    skipped: list[tuple[str, str]] = []
    taken: set[str] = set()
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise MissingFolderError(path)
        root = path.resolve()
        for file in _walk(root):
            if file in seen:
                continue
            seen.add(file)
            name = file.relative_to(root if root.is_dir() else root.parent).as_posix()
            name = _unique(name, root.name if root.is_dir() else root.parent.name, taken)
            if file.suffix.lower() in READ:
                found.append(CourseFile(name, file, root.name if root.is_dir() else root.parent.name))
            else:
                skipped.append((name, _why_not(file)))
    return found, skipped


def _walk(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".") and name not in _LEAVE_OUT), key=natural
        )
        for name in sorted(names, key=natural):
            if not name.startswith(".") and (file := Path(folder, name)).is_file():
                yield file


def natural(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts lecture_2 before lecture_10."""
    return [
        (0, int(part)) if part.isdigit() else (1, part.lower())
        for part in re.split(r"([0-9]+)", name)
        if part
    ]


def _unique(name: str, folder: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        candidate = f"{folder}/{name}" if number == 1 else f"{folder}-{number}/{name}"
        number += 1
    taken.add(candidate)
    return candidate


def _why_not(file: Path) -> str:
    suffix = file.suffix.lower()
    if why := _WHY_BY_SUFFIX.get(suffix):
        return why
    return f"files ending in {suffix} are not read" if suffix else "a file without an ending is not read"
