"""The MiniLM-L6-v2 network: where its weights lie, and the graph that is built from them.

Matrices are int8, activations are quantised as they come. Three of the matrices stay float: there, single tokens are so
large that one scale for all of them costs more precision than everything else together.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto

Weights = dict[str, NDArray[Any]]

DIMENSIONS = 384
HEADS = 12
LAYERS = 6
MAX_TOKENS = 256
FLOAT_LAYERS = range(3)  # whose last matrix stays float
GRAPH_VERSION = 1

CHECKSUMS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class WeightsError(Exception):
    """The weights are not there, or are not the ones we know."""


def weights_dir(data_dir: Path) -> Path:
    return data_dir / "models" / "minilm"


def check(folder: Path) -> None:
    """Refuse a weights file that is missing or was changed: a bad one would answer, only wrongly."""
    for name, expected in CHECKSUMS.items():
        path = folder / name
        if not path.is_file():
            raise WeightsError(f"{path} is missing: run `python -m config.weights`.")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise WeightsError(
                f"{path} has the checksum {found[:12]}…, not {expected[:12]}…: delete it and run `python -m config.weights`."
            )


def graph_path(data_dir: Path) -> Path:
    """The quantised graph; built on first use, by whichever process comes first."""
    target = data_dir / "models" / f"minilm-{CHECKSUMS['model.safetensors'][:12]}-v{GRAPH_VERSION}.onnx"
    if target.is_file():
        return target
    with _locked(target.with_suffix(".lock")):
        if not target.is_file():
            _build(weights_dir(data_dir) / "model.safetensors", target)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(weights: Path, target: Path) -> None:
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as name:
        draft = Path(name) / target.name
        quantize_dynamic(
            build_graph(load_file(weights)),
            draft,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[f"layer{number}.narrow.product" for number in FLOAT_LAYERS],
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)


class _Graph:
    """Collects nodes and constants; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def split(self, x: str, names: list[str]) -> list[str]:
        from onnx import helper

        self.nodes.append(helper.make_node("Split", [x], names, axis=-1, num_outputs=len(names)))
        return names

    def dense(self, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """x @ weight.T + bias; `weight` is (outputs, inputs), as torch keeps it."""
        product = self.op("MatMul", [x, self.constant(f"{name}.weight", weight.T)], f"{name}.product")
        return self.op("Add", [product, self.constant(f"{name}.bias", bias)], name)

    def layer_norm(self, x: str, name: str, weights: Weights, prefix: str) -> str:
        scale = self.constant(f"{name}.scale", weights[f"{prefix}.weight"])
        shift = self.constant(f"{name}.shift", weights[f"{prefix}.bias"])
        return self.op("LayerNormalization", [x, scale, shift], name, epsilon=1e-12, axis=-1)


def build_graph(weights: Weights) -> ModelProto:
    """Token ids of one text (tokens,) in, its unit vector (1, 384) out.

    One text at a time: without padding there is no mask, and a text has the same vector whatever else is in its batch.
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    graph.constant("zero", np.array([0], np.int64))
    x = _embeddings(graph, weights)
    for number in range(LAYERS):
        prefix = f"encoder.layer.{number}."
        own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        x = _layer(graph, x, f"layer{number}", own)
    mean = graph.op("ReduceMean", [x, "zero"], "mean", keepdims=1)
    graph.op("LpNormalization", [mean], "vector", axis=-1, p=2)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "minilm",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, DIMENSIONS])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)],
        ir_version=10,
    )
    # Else the quantiser logs an advice on graphs that came from a framework.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    return model


def _embeddings(graph: _Graph, weights: Weights) -> str:
    # Every token is of type 0, so its type vector can be added to the positions once and for all.
    positions = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    words = graph.op("Gather", [graph.constant("words", weights["embeddings.word_embeddings.weight"]), "ids"], "word")
    length = graph.op("Shape", ["ids"], "length")
    position = graph.op("Slice", [graph.constant("positions", positions[:MAX_TOKENS]), "zero", length, "zero"], "position")
    return graph.layer_norm(graph.op("Add", [words, position], "embedded"), "embeddings", weights, "embeddings.LayerNorm")


def _layer(graph: _Graph, x: str, name: str, w: Weights) -> str:
    attended = graph.layer_norm(_add(graph, _attention(graph, x, name, w), x), f"{name}.attended", w, "attention.output.LayerNorm")
    wide = graph.dense(attended, f"{name}.wide", w["intermediate.dense.weight"], w["intermediate.dense.bias"])
    narrow = graph.dense(graph.op("Gelu", [wide], f"{name}.gelu"), f"{name}.narrow", w["output.dense.weight"], w["output.dense.bias"])
    return graph.layer_norm(_add(graph, narrow, attended), f"{name}.output", w, "output.LayerNorm")


def _attention(graph: _Graph, x: str, name: str, w: Weights) -> str:
    parts = ("query", "key", "value")
    weight, bias = (np.concatenate([w[f"attention.self.{part}.{kind}"] for part in parts]) for kind in ("weight", "bias"))
    joint = graph.op("Unsqueeze", [graph.dense(x, f"{name}.joint", weight, bias), "zero"], f"{name}.batch")
    inputs = graph.split(joint, [f"{name}.{part}" for part in parts])
    mixed = graph.op("MultiHeadAttention", inputs, f"{name}.mixed", domain="com.microsoft", num_heads=HEADS)
    context = graph.op("Squeeze", [mixed, "zero"], f"{name}.context")
    return graph.dense(context, f"{name}.attention", w["attention.output.dense.weight"], w["attention.output.dense.bias"])


def _add(graph: _Graph, x: str, residual: str) -> str:
    return graph.op("Add", [x, residual], f"{x}+")
