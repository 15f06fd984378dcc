"""The language of a code cell, by the name that a listing's fence has: what a kernel or a cell magic is called."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

TEXT_LANGUAGES = frozenset({"markdown", "latex", "html"})  # a cell in one of these is shown as text

# What kernels, magics and editors write, where it is not the name itself.
_NAMES = {
    "ipython": "python", "ipython2": "python", "ipython3": "python", "pypy": "python", "sagemath": "python",
    "conda": "python", "venv": "python", "pysparkkernel": "python", "pyspark": "python", "ir": "r",
    "rscript": "r", "sh": "bash", "shell": "bash", "shellscript": "bash", "zsh": "bash", "script": "bash",
    "sx": "bash", "system": "bash", "js": "javascript", "node": "javascript", "ijavascript": "javascript",
    "ts": "typescript", "c++": "cpp", "xcpp": "cpp", "cu": "cpp", "cuda": "cpp", "c#": "csharp", "f#": "fsharp",
    "bigquery": "sql", "md": "markdown", "ihaskell": "haskell", "xeus": "cpp",
}  # fmt: skip
_KNOWN_TEXT = (
    "python r julia bash javascript typescript cpp c csharp fsharp sql scala java kotlin haskell matlab octave "
    "ruby perl go rust lua swift cython css html latex markdown stata sas powershell clojure ocaml coq lean4 "
    "prolog maxima mathematica stan xml json yaml toml text"
)
_KNOWN = frozenset(_KNOWN_TEXT.split())
_SUFFIXES = {
    "py": "python", "r": "r", "jl": "julia", "sh": "bash", "js": "javascript", "c": "c", "h": "c", "cpp": "cpp",
    "cc": "cpp", "cu": "cpp", "hpp": "cpp", "java": "java", "sql": "sql", "html": "html", "css": "css",
    "md": "markdown", "json": "json", "yaml": "yaml", "yml": "yaml", "txt": "text", "toml": "toml", "rs": "rust",
    "go": "go", "pyx": "cython", "stan": "stan", "tex": "latex", "xml": "xml", "m": "matlab",
}  # fmt: skip
_MAGIC = re.compile(r"\s*%%(?P<name>[A-Za-z][\w+#]{0,20}|!)[ \t]*(?P<rest>[^\n]{0,300})")


def language_of(name: str) -> str:
    """`IRkernel` -> r, `julia-1.10` -> julia, `C++17` -> cpp; "" for a name that says nothing."""
    word = name.strip().lower()[:40]
    word = re.split(r"[\s.\-_(]", word)[0]
    for candidate in (word, word.rstrip("0123456789"), word.rstrip("0123456789").removesuffix("kernel")):
        known = _NAMES.get(candidate, candidate)
        if known in _KNOWN:
            return known
    return ""


def of_notebook(notebook: dict[str, Any]) -> str:
    """The language of a notebook's kernel; Python where nothing is said that is known."""
    metadata = _dict(notebook.get("metadata"))
    kernel = _dict(metadata.get("kernelspec"))
    told = (
        _dict(metadata.get("language_info")).get("name"),
        kernel.get("language"),
        kernel.get("name"),
        metadata.get("language"),
    )
    return next((found for name in told if isinstance(name, str) and (found := language_of(name))), "python")


def of_cell(cell: dict[str, Any], source: str, usual: str) -> str:
    """The language of a code cell: of its magic, else what an editor with several kernels says, else `usual`."""
    if magic := _MAGIC.match(source):
        return _of_magic(magic["name"], magic["rest"]) or usual
    metadata = _dict(cell.get("metadata"))
    told = (
        _dict(metadata.get("vscode")).get("languageId"),
        _dict(metadata.get("polyglot_notebook")).get("kernelName"),
        _dict(metadata.get("dotnet_interactive")).get("language"),
        metadata.get("kernel"),
        cell.get("language"),
    )
    return next((found for name in told if isinstance(name, str) and (found := language_of(name))), usual)


def _of_magic(name: str, rest: str) -> str:
    words = rest.split()
    if name in ("writefile", "file"):
        suffix = PurePosixPath(words[-1].strip("\"'")).suffix if words else ""
        return _SUFFIXES.get(suffix[1:].lower(), "text")
    if name == "script" and words:
        return language_of(PurePosixPath(words[0]).name) or "bash"
    return "bash" if name == "!" else language_of(name)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
