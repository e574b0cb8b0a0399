"""Small full-int8 .tflite models, made with the schema's object API so that tests need no TensorFlow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Constants:
    """Of a convolution: int8 weights (out, kernel_h, kernel_w, in), scales (out,), int32 bias (out,)."""

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.int32]


@dataclass
class ModelBuilder:
    """Appends one layer after the other to a chain that starts at `shape` (without the batch)."""

    shape: Shape
    scale: float = 0.05
    zero_point: int = 3
    seed: int = 0
    model: Any = field(init=False)
    random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [_buffer(b"")]
        self.model.operatorCodes = []
        self.model.metadata = []
        self.graph = schema.SubGraphT()
        self.graph.tensors = []
        self.graph.operators = []
        self.model.subgraphs = [self.graph]
        self.current = self.activation("input", self.shape, self.scale, self.zero_point)
        self.graph.inputs = [self.current]

    def conv2d(
        self,
        filters: int,
        kernel: Shape = (3, 3),
        *,
        stride: Shape = (1, 1),
        same: bool = True,
        activation: str = "NONE",
        output: tuple[float, int] = (0.2, -7),
        per_channel: bool = True,
        constants: Constants | None = None,
    ) -> ModelBuilder:
        """Random weights unless `constants` are given."""
        height, width, channels = self.shape
        options = schema.Conv2DOptionsT()
        options.strideH, options.strideW = stride
        options.padding = 0 if same else 1
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        if constants is None:
            places = [self._weights((filters, *kernel, channels), per_channel), self._bias(filters)]
        else:
            places = self._constants(constants)
        shape = (*_positions((height, width), kernel, stride, same), filters)
        return self._append("CONV_2D", "Conv2DOptions", options, places, shape=shape, output=output)

    def max_pool2d(
        self, window: Shape = (2, 2), *, stride: Shape = (2, 2), same: bool = False, activation: str = "NONE"
    ) -> ModelBuilder:
        height, width, channels = self.shape
        options = schema.Pool2DOptionsT()
        options.filterHeight, options.filterWidth = window
        options.strideH, options.strideW = stride
        options.padding = 0 if same else 1
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        shape = (*_positions((height, width), window, stride, same), channels)
        return self._append(
            "MAX_POOL_2D", "Pool2DOptions", options, [], shape=shape, output=(self.scale, self.zero_point)
        )

    def reshape(self, shape: Shape) -> ModelBuilder:
        data = np.array([1, *shape], np.int32)
        target = self._tensor("new_shape", (len(data),), schema.TensorType.INT32, data.tobytes())
        return self._append(
            "RESHAPE", None, None, [target], shape=shape, output=(self.scale, self.zero_point)
        )

    def fully_connected(
        self,
        outputs: int,
        *,
        activation: str = "NONE",
        output: tuple[float, int] = (0.3, 11),
        per_channel: bool = False,
        bias: bool = True,
    ) -> ModelBuilder:
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        weights = self._weights((outputs, int(np.prod(self.shape))), per_channel)
        constants = [weights, self._bias(outputs) if bias else -1]
        return self._append(
            "FULLY_CONNECTED", "FullyConnectedOptions", options, constants, shape=(outputs,), output=output
        )

    def other(self, kind: str) -> ModelBuilder:
        """An operator that the project does not support, shape unchanged."""
        return self._append(kind, None, None, [], shape=self.shape, output=(self.scale, self.zero_point))

    def metadata(self, **entry: object) -> ModelBuilder:
        return self.raw_metadata(json.dumps(entry).encode())

    def raw_metadata(self, content: bytes) -> ModelBuilder:
        self.model.buffers.append(_buffer(content))
        metadata = schema.MetadataT()
        metadata.name = "edgel3_deploy"
        metadata.buffer = len(self.model.buffers) - 1
        self.model.metadata.append(metadata)
        return self

    def tensor(self, index: int) -> Any:
        """The tensor's object, to be changed by a test."""
        return self.graph.tensors[index]

    def build(self) -> bytes:
        self.graph.outputs = [self.current]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def activation(self, name: str, shape: Shape, scale: float, zero_point: int) -> int:
        index = self._tensor(name, (1, *shape), schema.TensorType.INT8, b"")
        self._quantize(index, [scale], [zero_point])
        return index

    def _append(
        self,
        kind: str,
        options_type: str | None,
        options: Any,
        constants: list[int],
        *,
        shape: Shape,
        output: tuple[float, int],
    ) -> ModelBuilder:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 3 if kind in ("CONV_2D", "FULLY_CONNECTED") else 2 if kind == "MAX_POOL_2D" else 1
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs = [self.current, *constants]
        if options_type is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_type)
            operator.builtinOptions = options
        name = f"layer_{len(self.graph.operators)}"
        self.current = self.activation(name, shape, *output)
        operator.outputs = [self.current]
        self.graph.operators.append(operator)
        self.shape, (self.scale, self.zero_point) = shape, output
        return self

    def _constants(self, given: Constants) -> list[int]:
        weights = self._tensor(
            "weights", given.weights.shape, schema.TensorType.INT8, given.weights.tobytes()
        )
        self._quantize(weights, given.scales.tolist(), [0] * len(given.scales))
        bias = self._tensor("bias", given.bias.shape, schema.TensorType.INT32, given.bias.tobytes())
        scales = (np.float32(self.scale) * given.scales).tolist()
        self._quantize(bias, scales, [0] * len(scales))
        return [weights, bias]

    def _weights(self, shape: Shape, per_channel: bool) -> int:
        values = self.random.integers(-127, 128, shape, dtype=np.int8)
        index = self._tensor("weights", shape, schema.TensorType.INT8, values.tobytes())
        count = shape[0] if per_channel else 1
        self._quantize(index, list(0.002 + 0.004 * self.random.random(count)), [0] * count)
        return index

    def _bias(self, size: int) -> int:
        values = self.random.integers(-3000, 3000, size, dtype=np.int32)
        index = self._tensor("bias", (size,), schema.TensorType.INT32, values.tobytes())
        weights = self.graph.tensors[index - 1].quantization
        self._quantize(index, [self.scale * scale for scale in weights.scale], [0] * len(weights.scale))
        return index

    def _tensor(self, name: str, shape: Shape, dtype: int, data: bytes) -> int:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = dtype
        tensor.buffer = 0
        if data:
            self.model.buffers.append(_buffer(data))
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def _quantize(self, index: int, scales: list[float], zero_points: list[int]) -> None:
        quantization = schema.QuantizationParametersT()
        quantization.scale = scales
        quantization.zeroPoint = zero_points
        quantization.quantizedDimension = 0
        self.graph.tensors[index].quantization = quantization


def _buffer(data: bytes) -> Any:
    buffer = schema.BufferT()
    if data:
        buffer.data = np.frombuffer(data, np.uint8)
    return buffer


def _positions(size: Shape, window: Shape, stride: Shape, same: bool) -> Shape:
    if same:
        return tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
    return tuple((n - k) // s + 1 for n, k, s in zip(size, window, stride, strict=True))


def small_model() -> bytes:
    """One layer of each kind, shapes odd, as a chain of seven."""
    return (
        ModelBuilder((13, 11, 3))
        .conv2d(5, (3, 5), stride=(2, 1), activation="RELU")
        .max_pool2d((3, 2), stride=(2, 2), same=True)
        .conv2d(7, (2, 2), same=False, activation="RELU6", per_channel=False)
        .max_pool2d((2, 2), stride=(1, 2))
        .reshape((2 * 2 * 7,))
        .fully_connected(9, activation="RELU_N1_TO_1", output=(0.01, 4))
        .fully_connected(4, bias=False, per_channel=True)
        .build()
    )


def random_input(shape: Shape, seed: int = 0) -> NDArray[np.int8]:
    """int8 over the whole range."""
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)
