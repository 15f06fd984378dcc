"""MiniLM as an ONNX graph, from the same weights: the way of embedding that ours is compared with.

Built by hand of ONNX Runtime's fused operators (attention, skip connection with layer norm, GELU), as its own
optimiser would leave it; products in float32, or with eight-bit weights in blocks (MatMulNBits).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.minilm import HEADS, LAYER_NORM_EPS

FUSED = "com.microsoft"
BLOCK = 128  # weights that share a scale


class _Graph:
    def __init__(self, weights: dict[str, np.ndarray], eight_bit: bool) -> None:
        self.weights, self.eight_bit = weights, eight_bit
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def dense(self, x: str, name: str) -> str:
        weight, bias = self.weights[f"{name}.weight"], self.weight(f"{name}.bias")
        if not self.eight_bit:
            product = self.node("MatMul", [x, self.constant(f"{name}.weight", weight.T)], f"{name}:product")
            return self.node("Add", [product, bias], f"{name}:out")
        outputs, inputs = weight.shape
        blocks = weight.reshape(outputs, inputs // BLOCK, BLOCK)
        scales = np.abs(blocks).max(-1) / 127
        whole = (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8)
        names = [self.constant(f"{name}.whole", whole), self.constant(f"{name}.scales", scales)]
        return self.node(
            "MatMulNBits", [x, *names, "", "", bias], f"{name}:out", FUSED,
            K=inputs, N=outputs, bits=8, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip

    def skip_norm(self, x: str, skipped: str, name: str) -> str:
        inputs = [x, skipped, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")]
        return self.node("SkipLayerNormalization", inputs, f"{name}:out", FUSED, epsilon=LAYER_NORM_EPS)

    def whole(self) -> str:
        e = "embeddings."
        table = (
            self.weights[f"{e}word_embeddings.weight"] + self.weights[f"{e}token_type_embeddings.weight"][0]
        )
        x = self.node("Gather", [self.constant("table", table), "ids"], "words")
        x = self.node("Add", [x, "places"], "placed")
        norm = [self.weight(f"{e}LayerNorm.weight"), self.weight(f"{e}LayerNorm.bias")]
        x = self.node("LayerNormalization", [x, *norm], "embedded", axis=-1, epsilon=LAYER_NORM_EPS)
        layers = 1 + max(int(name.split(".")[2]) for name in self.weights if name.startswith("encoder."))
        for number in range(layers):
            layer = f"encoder.layer.{number}"
            parts = [self.dense(x, f"{layer}.attention.self.{part}") for part in ("query", "key", "value")]
            mixed = self.node(
                "MultiHeadAttention", [*parts, "", "lengths"], f"{layer}:mixed", FUSED, num_heads=HEADS
            )
            mixed = self.dense(mixed, f"{layer}.attention.output.dense")
            x = self.skip_norm(mixed, x, f"{layer}.attention.output.LayerNorm")
            wide = self.node("Gelu", [self.dense(x, f"{layer}.intermediate.dense")], f"{layer}:wide", FUSED)
            x = self.skip_norm(self.dense(wide, f"{layer}.output.dense"), x, f"{layer}.output.LayerNorm")
        return x


def onnx_minilm(weights: Path, eight_bit: bool) -> Callable[[list[list[int]]], list[np.ndarray]]:
    """A function from a batch of token ids to the mean state of each text, (384,), by ONNX Runtime."""
    import onnxruntime
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    loaded = load_file(weights)
    graph = _Graph({name: w for name, w in loaded.items() if w.dtype == np.float32}, eight_bit)
    last = graph.whole()
    places = graph.weights["embeddings.position_embeddings.weight"]
    width = places.shape[1]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "T"]),
        helper.make_tensor_value_info("places", TensorProto.FLOAT, ["T", width]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["B"]),
    ]
    output = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["B", "T", width])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)],
        ir_version=9,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def run(batch: list[list[int]]) -> list[np.ndarray]:
        lengths = np.array([len(ids) for ids in batch], np.int32)
        padded = np.zeros((len(batch), lengths.max()), np.int64)
        for row, ids in enumerate(batch):
            padded[row, : len(ids)] = ids
        fed = {"ids": padded, "places": places[: lengths.max()], "lengths": lengths}
        (states,) = session.run(None, fed)
        return [states[row, :length].mean(0) for row, length in enumerate(lengths)]

    return run
