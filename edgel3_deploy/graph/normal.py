"""A .tflite as every runtime and every reference takes it: the same network, said in the usual way."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgel3_deploy.graph.densify import dense_model
from edgel3_deploy.graph.flatbuffer import GARBAGE, RawModel, damaged, parse_model, schema_module
from edgel3_deploy.graph.packing import pack

_REPLACED = "\ufffd"
_WITH_BIAS = ("CONV_2D",)


def normal_model(data: bytes) -> bytes:
    """The .tflite `data` with dense constants, a bias in every convolution, and names in UTF-8.

    TFLite Micro takes convolutions without bias, LiteRT does not; names in other encodings stop LiteRT.
    `data` itself if nothing is to be done. Raises BadInputError for damaged models.
    """
    data = dense_model(data)
    model = parse_model(data)
    bare = [
        operator.index
        for operator in model.operators
        if operator.kind in _WITH_BIAS and (len(operator.inputs) == 2 or operator.inputs[2:3] == (-1,))
    ]
    misnamed = [tensor.index for tensor in model.tensors if _REPLACED in tensor.name]
    if not bare and not misnamed:
        return data
    try:
        tree = schema_module().ModelT.InitFromPackedBuf(data, 0)
        for index in misnamed:
            stored = tree.subgraphs[0].tensors[index]
            stored.name = stored.name.decode("utf-8", "replace")
        for index in bare:
            _add_bias(tree, model, index)
        return pack(tree, len(data))
    except GARBAGE as error:
        raise damaged(str(error)) from error


def _add_bias(tree: Any, model: RawModel, index: int) -> None:
    """Zeros as the third input of an operator, quantized as TFLite wants a bias."""
    schema = schema_module()
    graph, operator = tree.subgraphs[0], model.operators[index]
    source, weights = (model.tensors[end] for end in operator.inputs[:2])
    outputs = weights.shape[0]
    tree.buffers.append(schema.BufferT(data=np.zeros(4 * outputs, np.uint8)))
    scales = source.scales[:1] * weights.scales
    graph.tensors.append(
        schema.TensorT(
            name=f"{weights.name}/bias",
            shape=[outputs],
            type=schema.TensorType.INT32,
            buffer=len(tree.buffers) - 1,
            quantization=schema.QuantizationParametersT(
                scale=scales, zeroPoint=np.zeros(len(scales), np.int64), quantizedDimension=0
            ),
        )
    )
    graph.operators[index].inputs = [*operator.inputs[:2], len(graph.tensors) - 1]
