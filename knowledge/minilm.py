"""The forward pass of MiniLM (a six-layer BERT encoder), written out over torch.

The transformers library computes the same numbers (a test holds us to it) and takes five seconds longer
to import and load, which every `tutor ask` would pay. Source: Devlin et al. 2019, BERT, sections 3 and
A; Wang et al. 2020, MiniLM. Left out: dropout, token types other than 0, the pooler head, training.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.errors import UnreadableModelError

if TYPE_CHECKING:
    import torch

HEADS = 12
LAYER_NORM_EPS = 1e-12


class MiniLM:
    def __init__(self, weights: Path, basis: int = 96) -> None:
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            exact = load_file(weights)
        except (OSError, SafetensorError) as error:
            raise UnreadableModelError(weights.parent, error) from error
        self._exact = {name: value.float() for name, value in exact.items() if value.is_floating_point()}
        self._fast = self._exact
        if _has_fast_bfloat16():
            self._fast = {name: value.to(torch.bfloat16) for name, value in self._exact.items()}
        self.word_basis = _main_directions(self._exact["embeddings.word_embeddings.weight"].numpy(), basis)
        self._layers = 1 + max(int(name.split(".")[2]) for name in exact if name.startswith("encoder.layer."))

    def __call__(self, batch: list[list[int]], fast: bool) -> list[np.ndarray]:
        """Hidden states of the last layer, one array (tokens, 384) for each list of token ids."""
        import torch

        longest = max(map(len, batch))
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.bool)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = True
        with torch.inference_mode():
            hidden = self._forward(ids, mask, self._fast if fast else self._exact).float().numpy()
        return [hidden[row, : len(tokens)] for row, tokens in enumerate(batch)]

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, w: dict[str, torch.Tensor]) -> torch.Tensor:
        from torch.nn import functional

        def linear(x: torch.Tensor, name: str) -> torch.Tensor:
            return functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

        def norm(x: torch.Tensor, name: str) -> torch.Tensor:
            return functional.layer_norm(
                x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], LAYER_NORM_EPS
            )

        rows, length = ids.shape
        e = "embeddings."
        x = w[f"{e}word_embeddings.weight"][ids] + w[f"{e}token_type_embeddings.weight"][0]
        x = norm(x + w[f"{e}position_embeddings.weight"][:length], f"{e}LayerNorm")  # (B, T, 384)
        attended = None if bool(mask.all()) else mask[:, None, None, :]
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                linear(x, f"{layer}.attention.self.{part}").view(rows, length, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )  # each (B, heads, T, 32)
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=attended)
            mixed = mixed.transpose(1, 2).reshape(rows, length, -1)
            x = norm(
                x + linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm"
            )
            wide = functional.gelu(linear(x, f"{layer}.intermediate.dense"))
            x = norm(x + linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return x


def _main_directions(table: np.ndarray, count: int) -> np.ndarray:
    """The `count` directions in which the vectors of a vocabulary differ most, as columns, (d, count).

    From the model's weights alone, so that every index and every question is projected alike.
    """
    values, directions = np.linalg.eigh(table.T.astype(np.float64) @ table)
    directions = directions[:, np.argsort(-values)[:count]]
    # An eigenvector's sign is chance.
    signs = np.sign(directions[np.abs(directions).argmax(0), np.arange(directions.shape[1])])
    return (directions * signs).astype(np.float32)


def _has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively; elsewhere it is emulated and slow."""
    import torch

    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())
