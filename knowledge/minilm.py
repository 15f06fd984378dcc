"""The forward pass of MiniLM (a six-layer BERT encoder), written out over torch.

The transformers library computes the same numbers (a test holds us to it) and takes five seconds longer
to import and load, which every `tutor ask` would pay. Source: Devlin et al. 2019, BERT, sections 3 and
A; Wang et al. 2020, MiniLM. Left out: dropout, token types other than 0, the pooler head, training.

Passages take the fastest way that the processor has (docs/benchmarks.md compares them). With tiles for matrices (AMX):
in bfloat16 throughout, with vectors whose cosine to the exact ones is 0.9999, which is good enough for questions too.
Else the products in eight-bit whole numbers, 0.994 or more, where it multiplies those faster (VNNI, or AVX2): for
passages, and on AVX2 for questions. Each token and each output has a scale of its own (Dettmers et al. 2022,
LLM.int8(), section 2.1), so a token's numbers do not depend on what else is in its batch.

Questions have weights of their own: the model's, with what `question_encoder` adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.errors import UnreadableModelError
from knowledge.question_encoder import QuestionEncoder, fitted

if TYPE_CHECKING:
    import torch

HEADS = 12
LAYER_NORM_EPS = 1e-12
GRAIN = 16  # a batch is as long as a multiple of it: products of a size met before start 1 to 3 ms sooner
LARGEST = 127  # of a signed whole number of eight bits
STEPS = 180  # from a token's least number to its largest, where products are added in pairs
PAIRED = 90  # the largest weight there: 2 * STEPS * PAIRED < 2**15


@dataclass(frozen=True)
class Way:
    """The numbers that one forward pass works with."""

    name: str  # as the benchmarks say it
    weights: Mapping[str, torch.Tensor]  # of what is looked up and normalised
    layers: Sequence[Mapping[str, Dense]]  # four products each, by their role


class Dense:
    """x -> x W' + b in the precision of the weights; x is (tokens, in), W (out, in), b (out,)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.linear(x, self.weight, self.bias)

    def plus(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        """x -> x W' + b + more; more is (tokens, out)."""
        return self(x).add_(more)


class DensePacked(Dense):
    """The same in bfloat16, with the weights laid out for the tiles once and not at every call.

    These are the products that torch's compiler uses; 15 to 25% faster here, and twice as fast for a short question.
    """

    def __init__(self, dense: Dense) -> None:
        import torch

        self.weight = torch.ops.mkldnn._reorder_linear_weight(dense.weight, 1024)
        self.bias = dense.bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return found

    def plus(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        import torch

        # In one pass, and rounded once.
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            x, more, self.weight, self.bias, "add"
        )
        return found


class Dense8(Dense):
    """The same with whole numbers: each row of x and of W is scaled so that its largest number is LARGEST."""

    def __init__(self, dense: Dense) -> None:
        import torch

        scale = dense.weight.abs().amax(1, keepdim=True) / LARGEST
        self.weight = (dense.weight / scale).round().to(torch.int8).t().contiguous()  # (in, out)
        self.scale, self.bias = scale[:, 0], dense.bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        scale = x.abs().amax(1, keepdim=True).div_(LARGEST).clamp_(min=1e-9)
        product = torch._int_mm((x / scale).round_().to(torch.int8), self.weight).float()
        return torch.addcmul(self.bias, product.mul_(self.scale), scale, out=product)


class DensePaired(Dense):
    """The same with whole numbers on AVX2, which adds two products in 16 bits and cuts off what is larger.

    So both factors keep below what overflows. A row x goes from its least number to its largest in STEPS steps s,
    x = least + s q, and so x W' = s (q W') + least times the sum of each output's weights.
    """

    def __init__(self, dense: Dense) -> None:
        import torch

        weight = dense.weight
        self.scale = (weight.abs().amax(1) / PAIRED).clamp(min=1e-9)
        whole = (weight / self.scale[:, None]).round()
        self.weight = torch.ops.onednn.qlinear_prepack(whole.to(torch.int8), [1024, weight.shape[1]])
        self.zero = torch.zeros(len(weight), dtype=torch.int64)
        self.sums, self.bias = whole.sum(1) * self.scale, dense.bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        least = x.amin(1, keepdim=True)  # both at once (aminmax) takes ten times as long
        step = (x.amax(1, keepdim=True) - least).div_(STEPS).clamp_(min=1e-9)
        # The half rounds to the nearest: a conversion cuts off.
        many = step.reciprocal()
        steps = torch.addcmul((least * many).neg_().add_(0.5), x, many).to(torch.uint8)
        product = torch.ops.onednn.qlinear_pointwise(
            steps, 1.0, 0, self.weight, self.scale, self.zero, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return torch.addcmul(self.bias, product, step, out=product).addr_(least[:, 0], self.sums)


class Asked(Dense):
    """A product for questions: the second half of x gets the correction, (down, up), the first is left as it is.

    So a question is read both ways while the weights, 43 MB of them, are fetched from memory once.
    """

    def __init__(self, dense: Dense, down: np.ndarray, up: np.ndarray) -> None:
        import torch

        kind = dense.bias.dtype
        self.dense = dense
        self.down, self.up = torch.from_numpy(down).to(kind), torch.from_numpy(up).to(kind)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self._corrected(self.dense(x), x)

    def plus(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        return self._corrected(self.dense.plus(x, more), x)

    def _corrected(self, product: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        half = len(x) // 2
        product[half:].addmm_(x[half:] @ self.down, self.up)
        return product


class MiniLM:
    def __init__(self, weights: Path, encoder: QuestionEncoder | None = None) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            loaded = load_file(weights)
        except (OSError, SafetensorError) as error:
            raise UnreadableModelError(weights.parent, error) from error
        w = {name: value.float() for name, value in loaded.items() if value.is_floating_point()}
        self.encoder = encoder or fitted()
        self.exact = Way("float32", w, self._layers(w))

    def _layers(self, w: Mapping[str, torch.Tensor]) -> list[dict[str, Dense]]:
        count = 1 + max(int(name.split(".")[2]) for name in w if name.startswith("encoder.layer."))
        return [self._dense(w, f"encoder.layer.{number}") for number in range(count)]

    def _dense(self, w: Mapping[str, torch.Tensor], layer: str) -> dict[str, Dense]:
        """The four products of a layer; query, key and value are one."""
        import torch

        parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        together = Dense(
            torch.cat([w[f"{part}.weight"] for part in parts]),
            torch.cat([w[f"{part}.bias"] for part in parts]),
        )
        names = {"mix": "attention.output.dense", "widen": "intermediate.dense", "narrow": "output.dense"}
        rest = {
            role: Dense(w[f"{layer}.{name}.weight"], w[f"{layer}.{name}.bias"])
            for role, name in names.items()
        }
        return {"attend": together, **rest}

    @cached_property
    def near(self) -> Way:
        """For sentences that are compared: the fastest on this processor that loses nothing which they would notice."""
        return self._bfloat16(self.exact) if has_bfloat16_tiles() else self.exact

    @cached_property
    def asked(self) -> Way:
        """For a question, whose time goes into fetching weights from memory: whole numbers are a quarter as many bytes.

        Those only on AVX2, where it was measured: 15 ms became 11, and hit@1 moved by less than 0.01 either way.
        """
        only_pairs = has_paired_int8() and not has_bfloat16_tiles() and not has_fast_int8()
        way = self.fast if only_pairs else self.near
        layers = [
            {role: Asked(dense, *self.encoder.corrections[number, role]) for role, dense in layer.items()}
            for number, layer in enumerate(way.layers)
        ]
        return Way(way.name, way.weights, layers)

    @cached_property
    def fast(self) -> Way:
        """For passages: the fastest on this processor."""
        if has_bfloat16_tiles():
            return self.near
        if has_fast_int8():
            return self._whole_numbers(Dense8, self.exact)
        return self._whole_numbers(DensePaired, self.exact) if has_paired_int8() else self.exact

    def _bfloat16(self, exact: Way) -> Way:
        short = {name: value.bfloat16() for name, value in exact.weights.items()}
        kind = DensePacked if can_pack() else lambda dense: dense
        layers = [
            {
                role: kind(Dense(dense.weight.bfloat16(), dense.bias.bfloat16()))
                for role, dense in layer.items()
            }
            for layer in exact.layers
        ]
        return Way("bfloat16", short, layers)

    def _whole_numbers(self, kind: type[Dense8 | DensePaired], exact: Way) -> Way:
        layers = [{role: kind(dense) for role, dense in layer.items()} for layer in exact.layers]
        name = "eight-bit whole numbers" + (" in pairs" if kind is DensePaired else "")
        return Way(name, exact.weights, layers)

    def __call__(self, batch: list[list[int]], way: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each list of token ids the mean state (384,), and all states projected (tokens, WORD_DIMENSION).

        `way` is "near" or "fast", or "asked" for questions: those are read twice, and have two means, (2, 384), as a
        passage is read and as a question is; each token's projection is followed by how much it tells, a logarithm,
        (tokens, WORD_DIMENSION + 1).
        """
        import torch

        asked = way == "asked"
        basis = self._question_basis if asked else self.encoder.passage_basis
        with torch.inference_mode():
            hidden, mask = self.hidden([*batch, *batch] if asked else batch, getattr(self, way))
            words = (hidden[-len(batch) :] @ torch.from_numpy(basis)).numpy()
            if asked:
                words[:, :, -1] += self.encoder.usual
            mean = ((hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
        if asked:
            mean = np.stack([mean[: len(batch)], mean[len(batch) :]], axis=1)
        return [(mean[row], words[row, : len(tokens)]) for row, tokens in enumerate(batch)]

    def hidden(self, batch: list[list[int]], way: Way) -> tuple[torch.Tensor, torch.Tensor]:
        """The last layer's states (B, T, 384), and which are of tokens, (B, T) bool; T is a multiple of GRAIN."""
        import torch

        longest = padded(max(map(len, batch)))
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.bool)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = True
        return self._forward(ids, mask, way), mask

    @cached_property
    def _question_basis(self) -> np.ndarray:
        return np.column_stack([self.encoder.question_basis, self.encoder.telling])

    def states(self, ids: list[int]) -> np.ndarray:
        """The last layer's states of one text in full precision, (tokens, 384)."""
        import torch

        with torch.inference_mode():
            found: np.ndarray = self._forward(
                torch.tensor([ids]), torch.ones((1, len(ids)), dtype=torch.bool), self.exact
            )[0].numpy()
        return found

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, way: Way) -> torch.Tensor:
        from torch.nn import functional

        w = way.weights

        def norm(x: torch.Tensor, name: str) -> torch.Tensor:
            return functional.layer_norm(
                x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], LAYER_NORM_EPS
            )

        rows, length = ids.shape
        e = "embeddings."
        x = w[f"{e}word_embeddings.weight"][ids] + w[f"{e}token_type_embeddings.weight"][0]
        x = norm(x + w[f"{e}position_embeddings.weight"][:length], f"{e}LayerNorm")  # (B, T, 384)
        x = x.flatten(0, 1)
        attended = None if bool(mask.all()) else mask[:, None, None, :]
        for number, layer in enumerate(way.layers):
            name = f"encoder.layer.{number}"
            query, key, value = layer["attend"](x).view(rows, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            # each (B, heads, T, 32)
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=attended)
            mixed = mixed.transpose(1, 2).reshape(rows * length, -1)
            x = norm(layer["mix"].plus(mixed, x), f"{name}.attention.output.LayerNorm")
            wide = functional.gelu(layer["widen"](x))
            x = norm(layer["narrow"].plus(wide, x), f"{name}.output.LayerNorm")
        return x.view(rows, length, -1).float()


def padded(length: int) -> int:
    """The tokens that a text of `length` takes in a batch."""
    return -(-length // GRAIN) * GRAIN


def has_bfloat16_tiles() -> bool:
    """Whether this processor multiplies matrices of bfloat16 in tiles (AMX)."""
    import torch

    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe and probe())


def can_pack() -> bool:
    """Whether this torch has the products with packed weights, which it does not document, and the processor them."""
    import torch

    names = ("_is_mkldnn_bf16_supported", "_reorder_linear_weight", "_linear_pointwise")
    there = all(hasattr(torch.ops.mkldnn, name) for name in names)
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def has_fast_int8() -> bool:
    """Whether this processor multiplies eight-bit whole numbers natively (VNNI)."""
    import torch

    probe = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(probe and probe()) and hasattr(torch, "_int_mm")


def has_paired_int8() -> bool:
    """Whether this processor multiplies eight-bit whole numbers in pairs, faster than long ones (AVX2)."""
    import torch

    return can_pack_int8() and torch.backends.cpu.get_cpu_capability() == "AVX2"


def can_pack_int8() -> bool:
    """Whether this torch has the products of whole numbers with packed weights, which it does not document."""
    import torch

    return all(hasattr(torch.ops.onednn, name) for name in ("qlinear_prepack", "qlinear_pointwise"))
