"""From a .tflite file's bytes to the typed `Network`: the one place that decides what is supported.

Accepted: a chain of CONV_2D, MAX_POOL_2D, RESHAPE and FULLY_CONNECTED in full int8 with batch 1; constants
may be sparse tensors, with DENSIFY or without. Everything else is refused with the operator and the layer
named.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.densify import dense_raw
from edgel3_deploy.graph.flatbuffer import (
    GARBAGE,
    RawModel,
    RawOperator,
    RawTensor,
    damaged,
    parse_model,
    unsupported,
)
from edgel3_deploy.graph.ir import Layer, Network, Tensor
from edgel3_deploy.graph.operators import BUILDERS, PREFIXES

METADATA = "edgel3_deploy"
FRONT_ENDS: dict[tuple[int, ...], str] = {(64, 50): "sea", (256, 199): "l3"}
"""Front ends by the shape of their spectrograms."""
DECIBELS = (-80.0, 0.0)
"""What front ends give."""
_LEAST_COVER, _COARSEST_STEP = 0.75, 1.25
QUANTIZE_HINT = (
    "Convert it to full int8: optimizations = [tf.lite.Optimize.DEFAULT], a representative_dataset, "
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8], "
    "inference_input_type = inference_output_type = tf.int8."
)
_HINTS = {
    "convert with a fixed batch of 1": ("SHAPE", "STRIDED_SLICE", "PACK", "GATHER"),
    "put each BatchNorm between its convolution and the activation, where it is folded": (
        "MUL",
        "ADD",
        "SUB",
    ),
    "convert to full int8, input and output included": ("QUANTIZE", "DEQUANTIZE"),
}
"""What to do about operators that are not supported."""
SUPPORTED = ", ".join(PREFIXES)
MAX_ELEMENTS = 1 << 26
MAX_ROWS = 1 << 16
"""Rows and columns of all maps together: the planner looks at each."""


@dataclass(frozen=True)
class _Metadata:
    name: str = ""
    front_end: str | None = None
    input_gain: float = 1.0
    input_offset: float = 0.0


def read_network(data: bytes, name: str = "") -> Network:
    """The network in `data`, the bytes of a full-int8 .tflite file.

    `name` overrides the name that the file's metadata entry "edgel3_deploy" carries. Without that entry the
    input gain is 1, the offset 0, and the front end is guessed from the input's shape and range, which the
    network's warnings say.
    Raises BadInputError for damaged files, float models, dynamic shapes and unsupported operators.
    """
    model = dense_raw(parse_model(data))
    _refuse_float(model)
    _refuse_unsupported(model)
    try:
        layers = _layers(model)
        metadata = _metadata(model)
    except GARBAGE as error:
        raise damaged(str(error)) from error
    front_end, warnings = (
        _guessed_front_end(layers[0].input) if metadata.front_end is None else (metadata.front_end, ())
    )
    return Network(
        name=name or metadata.name or "model",
        layers=layers,
        input_gain=metadata.input_gain,
        input_offset=metadata.input_offset,
        front_end=front_end,
        warnings=warnings,
    )


def _guessed_front_end(tensor: Tensor) -> tuple[str, tuple[str, ...]]:
    """The front end that may be meant where the file names none, and a warning that it is a guess.

    None is guessed where the input's quantization does not hold what front ends give.
    """
    shape = tensor.shape[:2] if tensor.shape[2:] in ((), (1,)) else ()
    guessed = FRONT_ENDS.get(shape, "")
    if not guessed:
        return "", ()
    low, high = (tensor.scale * (bound - tensor.zero_point) for bound in (-128, 127))
    cover = (min(high, DECIBELS[1]) - max(low, DECIBELS[0])) / (DECIBELS[1] - DECIBELS[0])
    if cover < _LEAST_COVER or tensor.scale > _COARSEST_STEP:
        return "", (
            f"the model's input holds {low:.4g} to {high:.4g} in steps of {tensor.scale:.3g}, not the -80 to "
            f"0 dB of the front end {guessed}, whose shape it has: taken for a network without front end",
        )
    return guessed, (
        f"the model says nothing of its input: assumed {guessed}, by its shape; anything else gives "
        "meaningless embeddings",
    )


def _refuse_float(model: RawModel) -> None:
    if not model.operators:
        raise BadInputError("the model has no operators", "Export a network, not an empty graph.")
    for role, indices in (("input", model.inputs), ("output", model.outputs)):
        if len(indices) != 1:
            raise BadInputError(
                f"the model has {len(indices)} {role}s; exactly one is supported",
                "Export one input and one embedding.",
            )
        tensor = _lookup(model, indices[0])
        if tensor.dtype != "INT8":
            raise BadInputError(
                f"the model's {role} {tensor.name!r} is {tensor.dtype.lower()}, not int8", QUANTIZE_HINT
            )


def _refuse_unsupported(model: RawModel) -> None:
    kinds: dict[str, list[RawOperator]] = {}
    for operator in model.operators:
        if operator.kind not in BUILDERS:
            kinds.setdefault(operator.kind, []).append(operator)
    if kinds:
        first = (
            f"{kind} at layer {found[0].index} ({_output_name(model, found[0])!r})"
            + (f" and {len(found) - 1} more" if len(found) > 1 else "")
            for kind, found in kinds.items()
        )
        advice = [hint for hint, causes in _HINTS.items() if not kinds.keys().isdisjoint(causes)]
        raise BadInputError(
            f"unsupported operator: {', '.join(first)}",
            "; ".join((f"Supported are {SUPPORTED} with fused activations", *advice)) + ".",
        )


def _layers(model: RawModel) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    counts: Counter[str] = Counter()
    current = model.inputs[0]
    for operator in model.operators:
        prefix = PREFIXES[operator.kind]
        counts[prefix] += 1
        where = f"{operator.kind} at layer {operator.index} ({_output_name(model, operator)!r})"
        if not operator.inputs or operator.inputs[0] != current or len(operator.outputs) != 1:
            raise BadInputError(
                f"{where} does not take the output of the layer before it",
                "Only plain chains of layers are supported; remove branches and skip connections.",
            )
        current = operator.outputs[0]
        common = Layer(
            index=operator.index,
            name=f"{prefix}{counts[prefix]}",
            source_name=_output_name(model, operator),
            input=_activation(model, operator.inputs[0], where),
            output=_activation(model, current, where),
        )
        constants = tuple(None if index == -1 else _lookup(model, index) for index in operator.inputs[1:])
        layers.append(BUILDERS[operator.kind](common, operator, constants, where))
    rows = sum(sum(layer.output.shape[:2]) for layer in layers if len(layer.output.shape) == 3)
    if rows + (sum(layers[0].input.shape[:2]) if len(layers[0].input.shape) == 3 else 0) > MAX_ROWS:
        raise unsupported(
            f"maps of {rows:,} rows and columns in all, more than {MAX_ROWS:,}", "Shorten the input."
        )
    if current != model.outputs[0]:
        raise BadInputError(
            "the model's output is not that of its last layer", "Only plain chains are supported."
        )
    return tuple(layers)


def _activation(model: RawModel, index: int, where: str) -> Tensor:
    raw = _lookup(model, index)
    if raw.dtype != "INT8":
        raise BadInputError(f"{where}: tensor {raw.name!r} is {raw.dtype.lower()}, not int8", QUANTIZE_HINT)
    if any(size < 0 for size in raw.shape):
        is_batch = all(size >= 0 for size in raw.shape[1:])
        raise BadInputError(
            f"{where}: tensor {raw.name!r} has a dynamic shape, {raw.shape}",
            f"Convert the model with {'a fixed batch of 1' if is_batch else 'fixed sizes'}.",
        )
    if raw.data.size:
        raise BadInputError(
            f"{where}: tensor {raw.name!r} is a constant", "The model must compute from its input."
        )
    shape = raw.shape[1:] if len(raw.shape) > 1 else raw.shape
    if len(raw.shape) > 1 and raw.shape[0] != 1:
        raise BadInputError(f"{where}: batch of {raw.shape[0]}", "Convert the model with a fixed batch of 1.")
    if not shape or min(shape) < 1 or math.prod(shape) > MAX_ELEMENTS:
        raise damaged(f"{where}: shape {raw.shape} of tensor {raw.name!r}")
    if len(raw.scales) != 1 or len(raw.zero_points) != 1:
        raise BadInputError(f"{where}: tensor {raw.name!r} lacks per-tensor quantization", QUANTIZE_HINT)
    scale, zero_point = float(raw.scales[0]), int(raw.zero_points[0])
    if not 1e-30 < scale < 1e30 or not -128 <= zero_point <= 127:
        raise damaged(f"{where}: scale {scale} and zero point {zero_point} of tensor {raw.name!r}")
    return Tensor(index=index, name=raw.name, shape=shape, scale=scale, zero_point=zero_point)


def _lookup(model: RawModel, index: int) -> RawTensor:
    if not 0 <= index < len(model.tensors):
        raise damaged(f"there is no tensor {index}")
    return model.tensors[index]


def _output_name(model: RawModel, operator: RawOperator) -> str:
    """The tensor's name; the converter joins the names of the fused operators by semicolons."""
    return _lookup(model, operator.outputs[0]).name.split(";")[0] if operator.outputs else ""


def _metadata(model: RawModel) -> _Metadata:
    if METADATA not in model.metadata:
        return _Metadata()
    try:
        entry = json.loads(model.metadata[METADATA])
        metadata = _Metadata(
            name=str(entry.get("name", "")),
            front_end=str(entry["front_end"]) if "front_end" in entry else None,
            input_gain=float(entry.get("input_gain", 1.0)),
            input_offset=float(entry.get("input_offset", 0.0)),
        )
    except (*GARBAGE, AttributeError, RecursionError) as error:
        raise damaged(f"metadata entry {METADATA!r}: {error}") from error
    if not math.isfinite(metadata.input_gain) or not math.isfinite(metadata.input_offset):
        raise damaged(f"metadata entry {METADATA!r}: gain and offset must be finite")
    if metadata.front_end not in (None, "", *FRONT_ENDS.values()):
        raise damaged(f"metadata entry {METADATA!r}: unknown front end {metadata.front_end!r}")
    return metadata
