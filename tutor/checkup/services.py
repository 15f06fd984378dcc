"""What answers somewhere: the chat model, the database, a Chroma server, a cluster, the workers of the labs."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from knowledge.weights import WeightStore
from labs.errors import LabError
from tutor.checkup.base import PATIENCE, Check, within
from tutor.checkup.course import pinned
from tutor.errors import ProviderError, TutorError
from tutor.models.spec import ModelSpec, parse_spec
from tutor.models.store import DEFAULT
from tutor.settings import Settings

BUSY = 2.0  # seconds for the database's writer to be done


def wanted(settings: Settings) -> ModelSpec:
    """The model that would answer: `auto` as it would be decided. Raises BadSpecError."""
    spec = parse_spec(settings.model)
    if spec.kind != "auto":
        return spec
    if settings.openai_api_key or settings.openai_base_url:
        return ModelSpec("openai", settings.openai_model or "")
    return ModelSpec("gguf", DEFAULT)


def local_model(settings: Settings, weights: WeightStore) -> Path | None:
    """The file or folder of the model that would be loaded here; None for a server, none, or one that is not there."""
    try:
        spec = wanted(settings)
    except TutorError:
        return None
    if spec.kind == "gguf":
        path = weights.path(spec.name) if spec.name in weights.pins else Path(spec.name).expanduser()
    else:
        path = Path(spec.name).expanduser() if spec.kind == "hf" else None
    return path if path is not None and path.exists() else None


def chat_model(settings: Settings, weights: WeightStore) -> Check:
    """Which model would answer. A file is read, a server is asked for its models (not with TUTOR_OFFLINE)."""
    try:
        spec = wanted(settings)
    except TutorError as error:
        return Check("chat model", False, str(error), "Set TUTOR_MODEL=auto, or see `tutor model list`.")
    key = "OPENAI_API_KEY is " + ("set" if settings.openai_api_key else "not set")
    if spec.kind == "openai":
        return _server(spec, settings, key)
    if spec.kind == "gguf" and spec.name in weights.pins:
        found = pinned("chat model", weights, spec.name)
        or_none = "" if found.ok else f", or set TUTOR_MODEL=none; {key}"
        return Check("chat model", found.ok, f"{found.detail}; {key}", f"{found.fix}{or_none}".strip())
    if spec.kind == "gguf":
        return _gguf(Path(spec.name).expanduser(), key)
    return Check("chat model", True, f"{spec.kind} {spec.name}".strip() + f"; {key}")


def _gguf(path: Path, key: str) -> Check:
    from tutor.models.gguf import read_gguf

    try:
        info = read_gguf(path)
    except TutorError as error:
        return Check("chat model", False, str(error), "See `tutor model list`, or set TUTOR_MODEL=none.")
    return Check("chat model", True, f"{path}: {info.name}; {key}")


def _server(spec: ModelSpec, settings: Settings, key: str) -> Check:
    if not (settings.openai_api_key or settings.openai_base_url):
        return Check(
            "chat model", False, key, "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
        )
    if settings.offline:
        return Check("chat model", True, f"openai {spec.name}".strip() + f"; {key}; not asked: TUTOR_OFFLINE")
    from tutor.models.openai import models_offered

    try:
        names = within(PATIENCE + 5, lambda: models_offered(settings))
    except (ProviderError, TimeoutError) as error:
        return Check(
            "chat model",
            False,
            f"{error} ({key})",
            "Check OPENAI_API_KEY and OPENAI_BASE_URL (an address ends in /v1 mostly), and that the server runs; or "
            "set TUTOR_MODEL=none.",
        )
    if spec.name and names and spec.name not in names:
        return Check(
            "chat model",
            False,
            f"the server does not offer {spec.name!r}; {key}",
            f"Set TUTOR_MODEL=openai:NAME with one of its models: {', '.join(names[:6])}.",
        )
    return Check(
        "chat model", True, f"openai {spec.name or next(iter(names), '')}".strip() + f" answers; {key}"
    )


def sessions(settings: Settings) -> Check:
    """The database of conversations: there, whole, of this version, free to be written."""
    from tutor.sessions import SessionStore

    url = settings.sessions_url
    if (trouble := _sqlite_trouble(url)) is not None:
        return trouble

    def look() -> None:
        store = SessionStore(url)
        store.count("doctor")
        store.close()

    try:
        within(PATIENCE, look)
    except (TutorError, TimeoutError) as error:
        fix = "Make the folder writable, or set TUTOR_DATABASE_URL."
        if "newer" in str(error):
            fix = (
                "Install the newer version of the tutor again, or set TUTOR_DATABASE_URL to another database."
            )
        elif not url.startswith("sqlite"):
            fix = "Start the database, check TUTOR_DATABASE_URL, or unset it to keep conversations in a file."
        return Check("conversations", False, str(error), fix)
    except Exception as error:  # whatever a driver raises; its text may hold the address with its password
        return Check(
            "conversations",
            False,
            f"the database cannot be used ({type(error).__name__})",
            "Check TUTOR_DATABASE_URL, and that this name may make tables there.",
        )
    return Check("conversations", True, "can be saved")


def _sqlite_trouble(url: str) -> Check | None:
    """A file that is no database, that is damaged, or that another program keeps locked."""
    path = Path(url.partition("sqlite:///")[2])
    if not url.startswith("sqlite:///") or not path.is_file():
        return None
    try:
        db = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
        try:
            damage = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            return Check(
                "conversations",
                False,
                f"{path} is locked by another program",
                "End the program that holds it (an old tutor, a database browser), then try again.",
            )
        if "readonly" in str(error) or "unable to open" in str(error):
            return Check(
                "conversations",
                False,
                f"{path} cannot be written ({error})",
                "Make the file and its folder writable, or set TUTOR_DATABASE_URL.",
            )
        damage = str(error)
    if damage == "ok":
        return None
    return Check(
        "conversations",
        False,
        f"{path} is damaged ({damage})",
        "Put a copy from a back-up in its place, or move it away: a new one is made at the next start.",
    )


def chroma(settings: Settings) -> Check | None:
    """The Chroma server, where one is set."""
    if settings.chroma_url is None:
        return None
    import httpx

    parts = urlsplit(settings.chroma_url)
    shown = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    try:
        answer = httpx.get(f"{settings.chroma_url.rstrip('/')}/api/v2/heartbeat", timeout=PATIENCE)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        return Check(
            "chroma",
            False,
            f"no Chroma server answers at {shown} ({type(error).__name__})",
            "Start it (`chroma run`), correct TUTOR_CHROMA_URL, or unset it to keep the index in a folder.",
        )
    return Check("chroma", True, f"answers at {shown}")


def cluster(settings: Settings) -> Check | None:
    """The Dask scheduler, where one is set."""
    if settings.labs_cluster is None:
        return None
    fix = "Start it (`dask scheduler`, `dask worker ADDRESS`), correct LABS_CLUSTER, or unset it to run labs here."
    try:
        parts = urlsplit(settings.labs_cluster)
        with socket.create_connection((parts.hostname or "", parts.port or 8786), timeout=PATIENCE):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Check("cluster", False, f"no scheduler answers at {settings.labs_cluster} ({why})", fix)
    return Check("cluster", True, f"a scheduler listens at {settings.labs_cluster}")


def labs() -> Check:
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
