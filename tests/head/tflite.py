"""A head as a .tflite of its own, so that TFLite Micro can be asked what it should compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgel3_deploy.graph.ir import FullyConnected, Tensor
from edgel3_deploy.graph.packing import pack


def activation_model(kind: str, count: int, scale: float, zero_point: int) -> bytes:
    """LOGISTIC or SOFTMAX alone over int8 (1, count)."""
    graph = _Graph()
    source = graph.tensor((1, count), scale, zero_point)
    return graph.finish(source, graph.activation(kind, source, count))


def head_model(
    layers: tuple[FullyConnected, ...], weight_scales: list[np.ndarray[Any, Any]], kind: str
) -> bytes:
    """The chain of `layers`, whose weights have these scales (out,), then LOGISTIC or SOFTMAX."""
    graph = _Graph()
    first = source = graph.tensor((1, layers[0].input.size), *_quantization(layers[0].input))
    for layer, scales in zip(layers, weight_scales, strict=True):
        source = graph.fully_connected(layer, scales, source)
    return graph.finish(first, graph.activation(kind, source, layers[-1].output.size))


def _quantization(tensor: Tensor) -> tuple[float, int]:
    return tensor.scale, tensor.zero_point


class _Graph:
    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._buffers: list[Any] = [schema.BufferT()]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []

    def tensor(
        self,
        shape: tuple[int, ...],
        scale: Any,
        zero_point: int,
        constant: np.ndarray[Any, Any] | None = None,
    ) -> int:
        schema, buffer = self._schema, self._schema.BufferT()
        if constant is not None:
            buffer.data = np.frombuffer(constant.tobytes(), np.uint8)
        self._buffers.append(buffer)
        quantization = schema.QuantizationParametersT()
        quantization.scale = np.atleast_1d(np.float32(scale))
        quantization.zeroPoint = np.full(quantization.scale.size, zero_point, np.int64)
        quantization.quantizedDimension = 0
        tensor = schema.TensorT()
        tensor.name, tensor.shape = f"tensor{len(self._tensors)}", np.array(shape, np.int32)
        wide = constant is not None and constant.dtype == np.int32
        tensor.type = schema.TensorType.INT32 if wide else schema.TensorType.INT8
        tensor.quantization, tensor.buffer = quantization, len(self._buffers) - 1
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def fully_connected(self, layer: FullyConnected, scales: np.ndarray[Any, Any], source: int) -> int:
        schema = self._schema
        weights = self.tensor(layer.weights.shape, scales, 0, layer.weights)
        bias = self.tensor(
            layer.bias.shape, np.float32(layer.input.scale) * np.float32(scales), 0, layer.bias
        )
        options = schema.FullyConnectedOptionsT()
        rectified = layer.activation_min > -128 or layer.output.zero_point == -128
        functions = schema.ActivationFunctionType
        options.fusedActivationFunction = functions.RELU if rectified else functions.NONE
        target = self.tensor((1, layer.output.size), *_quantization(layer.output))
        self._operator(schema.BuiltinOperator.FULLY_CONNECTED, 4, [source, weights, bias], target)
        self._operators[-1].builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        self._operators[-1].builtinOptions = options
        return target

    def activation(self, kind: str, source: int, count: int) -> int:
        schema = self._schema
        target = self.tensor((1, count), 1 / 256, -128)
        self._operator(getattr(schema.BuiltinOperator, kind.upper()), 2, [source], target)
        if kind == "softmax":
            options = schema.SoftmaxOptionsT()
            options.beta = 1.0
            self._operators[-1].builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
            self._operators[-1].builtinOptions = options
        return target

    def finish(self, source: int, target: int) -> bytes:
        schema = self._schema
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "main", self._tensors, self._operators
        graph.inputs, graph.outputs = np.array([source], np.int32), np.array([target], np.int32)
        model = schema.ModelT()
        model.version, model.description = 3, "head"
        model.operatorCodes, model.subgraphs, model.buffers = self._codes, [graph], self._buffers
        return pack(model, sum(len(b.data) for b in self._buffers if b.data is not None))

    def _operator(self, builtin: int, version: int, inputs: list[int], output: int) -> None:
        code = self._schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = version
        self._codes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        self._operators.append(operator)
