"""MNIST from its IDX files: found in a folder, else downloaded, else one sentence that says how to get them.

Looked for, in this order: the folder that LABS_DATA names, then the platform's cache folder `ml-tutor/mnist`.
In each, the files may lie in the folder itself, in `mnist`, or in `MNIST/raw` as torchvision keeps them,
plain or as .gz. Never another data set instead. The format: LeCun, Cortes & Burges, The MNIST database, "File
formats for the MNIST database".
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import shutil
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labs.errors import BadParameterError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = {  # of the .gz files, as published
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
TYPES = {
    0x08: ">u1",
    0x09: ">i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}  # third byte of the magic number
HOW = (
    "put the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte "
    "(plain or .gz) into a folder and set LABS_DATA to it, or run dataset=digits, which needs no download."
)


@dataclass(frozen=True)
class Mnist:
    """Images (n, 28, 28) of 0 to 255 and labels (n,); `folder` is where they came from."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    folder: Path
    split: bool = False  # only the 10,000 test images were there, and they were divided


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file, plain or .gz.

    It holds two zero bytes, a type, the number of axes, their lengths, and the values, big end first.
    Raises ValueError, which says what is wrong with the file.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            raw = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in TYPES or raw[3] == 0:
        raise ValueError(f"{path.name} is not an IDX file: it starts with {raw[:4].hex(' ') or 'nothing'}")
    axes = raw[3]
    head = 4 + 4 * axes
    if len(raw) < head:
        raise ValueError(f"{path.name} ends inside its head, after {len(raw)} bytes")
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", axes, offset=4))
    kind = np.dtype(TYPES[raw[2]])
    wanted = head + kind.itemsize * int(np.prod(shape, dtype=object))
    if len(raw) != wanted:
        raise ValueError(f"{path.name} has {len(raw)} bytes where its head, {shape}, promises {wanted}")
    return np.frombuffer(raw, kind, offset=head).reshape(shape).astype(kind.newbyteorder("="))


def cache_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("ml-tutor", appauthor=False)) / "mnist"


def find(stem: str, folders: list[Path]) -> Path | None:
    """The file of that name, in the first folder that has it."""
    spellings = (stem, f"{stem}.gz", stem.replace("-idx", ".idx"), f"{stem.replace('-idx', '.idx')}.gz")
    for folder in folders:
        for place in (folder, folder / "mnist", folder / "MNIST" / "raw"):
            for name in spellings:
                if (place / name).is_file():
                    return place / name
    return None


def folders() -> list[Path]:
    named = os.environ.get("LABS_DATA")
    return [*([Path(named).expanduser()] if named else []), cache_folder()]


def training_images() -> int:
    """How many images a run would train on, without reading them: for the estimate of its cost."""
    places = folders()
    only_test = find("t10k-images-idx3-ubyte", places) and not find("train-images-idx3-ubyte", places)
    return 8_000 if only_test else 60_000


def load(seed: int, report: Callable[[float, str], None], test_share: float = 0.2) -> Mnist:
    """The images, found or downloaded; raises BadParameterError with one sentence where neither can be."""
    places = folders()
    found = {stem: find(stem, places) for stem in FILES}
    if not (found["t10k-images-idx3-ubyte"] and found["t10k-labels-idx1-ubyte"]):
        found = _download(cache_folder(), report)
    try:
        arrays = {stem: read_idx(path) for stem, path in found.items() if path}
    except ValueError as error:
        raise BadParameterError(
            f"MNIST is damaged: {error}; delete that file, or {HOW}", field="dataset"
        ) from None
    images, labels = (
        _checked(arrays, "t10k-images-idx3-ubyte", 3),
        _checked(arrays, "t10k-labels-idx1-ubyte", 1),
    )
    _matching(images, labels, "test")
    source = found["t10k-images-idx3-ubyte"]
    assert source is not None
    if "train-images-idx3-ubyte" in arrays and "train-labels-idx1-ubyte" in arrays:
        train_images, train_labels = (
            _checked(arrays, "train-images-idx3-ubyte", 3),
            _checked(arrays, "train-labels-idx1-ubyte", 1),
        )
        _matching(train_images, train_labels, "training")
        return Mnist(train_images, train_labels, images, labels, source.parent)
    order = np.random.default_rng(seed).permutation(len(images))
    test, train = np.split(order, [round(test_share * len(images))])
    return Mnist(images[train], labels[train], images[test], labels[test], source.parent, split=True)


def _checked(arrays: dict[str, np.ndarray], stem: str, axes: int) -> np.ndarray:
    array = arrays[stem]
    if array.ndim != axes or (axes == 3 and array.shape[1:] != (28, 28)) or len(array) < 100:
        raise BadParameterError(
            f"{stem} does not hold MNIST: its shape is {array.shape}; {HOW}", field="dataset"
        )
    return array


def _matching(images: np.ndarray, labels: np.ndarray, which: str) -> None:
    if len(images) != len(labels) or labels.max() > 9:
        raise BadParameterError(
            f"The {which} files of MNIST do not belong together ({len(images)} images, {len(labels)} "
            f"labels); {HOW}",
            field="dataset",
        )


def _download(folder: Path, report: Callable[[float, str], None]) -> dict[str, Path | None]:
    """Fetch what is missing into `folder`, each file checked against its published SHA-256 before it gets
    its name.
    """
    found: dict[str, Path | None] = {}
    for i, (stem, digest) in enumerate(FILES.items()):
        target = folder / f"{stem}.gz"
        found[stem] = find(stem, [folder]) or target
        if found[stem] != target or target.is_file():
            continue
        why: Exception = OSError("no mirror answered")
        for mirror in MIRRORS:
            try:
                _fetch(f"{mirror}{stem}.gz", target, digest, lambda what, i=i: report(i / len(FILES), what))  # type: ignore[misc]
                break
            except (OSError, ValueError, http.client.HTTPException) as error:
                why = error
        else:
            reason = getattr(why, "reason", why)
            raise BadParameterError(
                f"MNIST is not on this computer and could not be downloaded ({reason}); {HOW}",
                field="dataset",
            ) from why
    return found


def _fetch(url: str, target: Path, digest: str, report: Callable[[str], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with urllib.request.urlopen(url, timeout=10) as answer, partial.open("wb") as file:
            done, whole = 0, int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(1 << 16):
                file.write(block)
                done += len(block)
                report(
                    f"downloading {target.name}, {done / 1e6:.1f} "
                    f"{f'of {whole / 1e6:.1f} ' if whole else ''}MB"
                )
        if hashlib.sha256(partial.read_bytes()).hexdigest() != digest:
            raise ValueError("the file that came is not the published one")
        shutil.move(partial, target)
    finally:
        partial.unlink(missing_ok=True)


__all__ = ["FILES", "HOW", "Mnist", "cache_folder", "load", "read_idx", "training_images"]
