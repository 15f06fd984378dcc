"""Read the header of a GGUF file: what the model is, and whether the file is whole. Reads no weights.

Format: the public GGUF specification, versions 2 and 3. A file that is cut short would only be noticed
deep inside llama.cpp, without a word about why; here it gets a sentence.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tutor.errors import ModelUnavailable

# kind of value -> struct format; 8 is a string, 9 an array
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# kind of tensor -> (weights in a block, bytes of a block); a kind that is not listed is not measured
_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 30: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8)},
    **{2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 20: (32, 18)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
}
_LIMIT = 1 << 26  # no count in a real header comes near this


@dataclass(frozen=True)
class GgufInfo:
    """`name` as its makers wrote it; `context` is what it was trained for, in tokens (0: not said)."""

    name: str
    architecture: str
    context: int
    parameters: int


def read_gguf(path: Path) -> GgufInfo:
    """Check that `path` is a whole GGUF file and say what it holds.

    Raises
    ------
    ModelUnavailable
        When it is missing, no GGUF file, damaged, or shorter than its own header says.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except FileNotFoundError:
        raise ModelUnavailable(f"There is no model file {str(path)!r}. Check the path after gguf:.") from None
    except IsADirectoryError:
        raise ModelUnavailable(
            f"{str(path)!r} is a folder. Name the .gguf file in it, or use hf:FOLDER."
        ) from None
    except OSError as error:
        raise ModelUnavailable(f"The model file {str(path)!r} cannot be read ({error.strerror}).") from error
    except EOFError:
        raise _cut(path) from None
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"The model file {str(path)!r} is damaged. Download it again.") from error


def _cut(path: Path) -> ModelUnavailable:
    size = path.stat().st_size
    return ModelUnavailable(f"The model file {str(path)!r} is cut short ({size:,} bytes). Download it again.")


def _read(file: BinaryIO, path: Path) -> GgufInfo:
    if file.read(4) != b"GGUF":
        raise ModelUnavailable(f"{str(path)!r} is not a GGUF file. Name a file that ends in .gguf.")
    (version,) = _take(file, "I")
    if version not in (2, 3):
        raise ModelUnavailable(f"{str(path)!r} is GGUF version {version}; versions 2 and 3 can be read.")
    tensors, pairs = _take(file, "QQ")
    if max(tensors, pairs) > _LIMIT:
        raise ValueError("impossible counts")
    facts: dict[str, Any] = {}
    for _ in range(pairs):
        key = _text(file)
        facts[key] = _value(file, _take(file, "I")[0])
    parameters, end = 0, 0
    for _ in range(tensors):
        _text(file)
        (dimensions,) = _take(file, "I")
        if dimensions > 8:
            raise ValueError("impossible tensor")
        count = 1
        for size in _take(file, "Q" * dimensions):
            count *= size
        kind, offset = _take(file, "IQ")
        weights, block = _BLOCKS.get(kind, (1, 0))
        parameters += count
        end = max(end, offset + count // weights * block)
    align = int(facts.get("general.alignment") or 32)
    start = -(-file.tell() // align) * align
    if tensors and path.stat().st_size < start + end:
        raise EOFError
    architecture = str(facts.get("general.architecture", ""))
    return GgufInfo(
        name=str(facts.get("general.name") or path.stem),
        architecture=architecture,
        context=int(facts.get(f"{architecture}.context_length") or 0),
        parameters=parameters,
    )


def _take(file: BinaryIO, form: str) -> tuple[Any, ...]:
    size = struct.calcsize("<" + form)
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return struct.unpack("<" + form, data)


def _bytes(file: BinaryIO) -> bytes:
    (length,) = _take(file, "Q")
    if length > _LIMIT:
        raise ValueError("impossible length")
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _text(file: BinaryIO) -> str:
    return _bytes(file).decode("utf-8")


def _value(file: BinaryIO, kind: int) -> Any:
    """A value; arrays (vocabularies of 150,000 words) are passed over and come back as None."""
    if kind == _STRING:
        return _bytes(file).decode("utf-8", "replace")
    if kind != _ARRAY:
        return _take(file, _SCALARS[kind])[0]
    inner, count = _take(file, "IQ")
    if count > _LIMIT:
        raise ValueError("impossible count")
    if inner in _SCALARS:
        file.seek(struct.calcsize("<" + _SCALARS[inner]) * count, 1)
    else:
        for _ in range(count):
            _value(file, inner)
    return None
