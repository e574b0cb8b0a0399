"""An int8 network as an ordinary full-int8 .tflite, written without TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.flatbuffer import schema_module
from edgel3_deploy.graph.packing import pack
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.quantize.post_training import Int8Conv, Int8Network, Scale

_SCHEMA_VERSION = 3
_CONV, _POOL, _RESHAPE = range(3)


def write_model(network: FloatNetwork, quantized: Int8Network) -> bytes:
    """The .tflite of `quantized`, whose shape is that of `network`: batch 1, per-channel weights, fused ReLU.

    The chain is the one TensorFlow's converter gives: CONV_2D and MAX_POOL_2D, and a RESHAPE to (1,
    embedding).
    """
    graph = _Graph()
    height, width, channels = network.n_mels, network.frames, 1
    current = graph.activation("spectrogram", (1, height, width, channels), quantized.input)
    entering = quantized.input
    last = len(quantized.convs) - 1
    for index, conv in enumerate(quantized.convs):
        channels = conv.weights.shape[-1]
        current = graph.convolution(conv, current, (1, height, width, channels), entering)
        entering = conv.output
        if index == last:
            current = graph.pool(
                f"pool{index // 2 + 1}", current, (height, width), (1, 1, 1, channels), entering
            )
        elif index % 2 == 1:
            height, width = height // 2, width // 2
            shape = (1, height, width, channels)
            current = graph.pool(f"pool{index // 2 + 1}", current, (2, 2), shape, entering)
    graph.reshape("embedding", current, (1, channels), entering)
    return graph.finish()


class _Graph:
    """Tensors, buffers and operators of a model under construction; methods return the index of their
    output.
    """

    def __init__(self) -> None:
        schema = self._schema = schema_module()
        self._buffers: list[Any] = [schema.BufferT()]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []

    def activation(self, name: str, shape: tuple[int, ...], scale: Scale) -> int:
        quantization = self._quantization(np.array([scale.scale]), np.array([scale.zero_point]), 0)
        return self._tensor(name, shape, self._schema.TensorType.INT8, 0, quantization)

    def convolution(self, conv: Int8Conv, source: int, shape: tuple[int, ...], entering: Scale) -> int:
        schema = self._schema
        zeros = np.zeros(len(conv.bias))
        kernel = conv.weights.transpose(3, 0, 1, 2)
        scales = self._quantization(conv.weight_scales, zeros, 0)
        weights = self._tensor(
            f"{conv.name}/weights", kernel.shape, schema.TensorType.INT8, self._buffer(kernel), scales
        )
        scales = self._quantization(np.float32(entering.scale) * conv.weight_scales, zeros, 0)
        bias = self._tensor(
            f"{conv.name}/bias", conv.bias.shape, schema.TensorType.INT32, self._buffer(conv.bias), scales
        )
        options = schema.Conv2DOptionsT()
        options.padding, options.strideW, options.strideH = schema.Padding.SAME, 1, 1
        activation = schema.ActivationFunctionType
        options.fusedActivationFunction = activation.RELU if conv.relu else activation.NONE
        target = self.activation(conv.name, shape, conv.output)
        self._operator(_CONV, [source, weights, bias], target, schema.BuiltinOptions.Conv2DOptions, options)
        return target

    def pool(
        self, name: str, source: int, window: tuple[int, int], shape: tuple[int, ...], scale: Scale
    ) -> int:
        schema = self._schema
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.filterHeight, options.filterWidth = window
        options.strideH, options.strideW = window
        target = self.activation(name, shape, scale)
        self._operator(_POOL, [source], target, schema.BuiltinOptions.Pool2DOptions, options)
        return target

    def reshape(self, name: str, source: int, shape: tuple[int, ...], scale: Scale) -> int:
        schema = self._schema
        extents = np.array(shape, np.int32)
        wanted = self._tensor(
            f"{name}/shape", (len(shape),), schema.TensorType.INT32, self._buffer(extents), None
        )
        options = schema.ReshapeOptionsT()
        options.newShape = extents
        target = self.activation(name, shape, scale)
        self._operator(_RESHAPE, [source, wanted], target, schema.BuiltinOptions.ReshapeOptions, options)
        return target

    def finish(self) -> bytes:
        """The flatbuffer, from the first tensor to the last one."""
        schema = self._schema
        kinds = schema.BuiltinOperator
        codes = []
        for builtin, version in ((kinds.CONV_2D, 3), (kinds.MAX_POOL_2D, 2), (kinds.RESHAPE, 1)):
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = builtin
            code.version = version
            codes.append(code)
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "main", self._tensors, self._operators
        graph.inputs, graph.outputs = np.array([0], np.int32), np.array([len(self._tensors) - 1], np.int32)
        model = schema.ModelT()
        model.version, model.description = _SCHEMA_VERSION, "edgel3-deploy"
        model.operatorCodes, model.subgraphs, model.buffers = codes, [graph], self._buffers
        return pack(model, sum(len(buffer.data) for buffer in self._buffers if buffer.data is not None))

    def _buffer(self, values: NDArray[Any]) -> int:
        buffer = self._schema.BufferT()
        little_endian = values.astype(values.dtype.newbyteorder("<"))
        buffer.data = np.frombuffer(little_endian.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return len(self._buffers) - 1

    def _quantization(self, scales: NDArray[Any], zero_points: NDArray[Any], dimension: int) -> Any:
        quantization = self._schema.QuantizationParametersT()
        quantization.scale = scales.astype(np.float32)
        quantization.zeroPoint = zero_points.astype(np.int64)
        quantization.quantizedDimension = dimension
        return quantization

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int, buffer: int, quantization: Any) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, np.array(shape, np.int32), kind
        tensor.quantization = quantization
        if buffer == 0:
            # Activations have an empty buffer each, as in the converter's files.
            self._buffers.append(self._schema.BufferT())
            buffer = len(self._buffers) - 1
        tensor.buffer = buffer
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _operator(self, code: int, inputs: list[int], output: int, kind: int, options: Any) -> None:
        operator = self._schema.OperatorT()
        operator.opcodeIndex = code
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self._operators.append(operator)
