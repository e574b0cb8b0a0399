"""Models with TFLite's sparse tensors, made of dense ones as TensorFlow's converter does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tests.graph.models import ModelBuilder

_VECTORS = {
    "int32": (schema.SparseIndexVector.Int32Vector, schema.Int32VectorT, np.int32),
    "uint16": (schema.SparseIndexVector.Uint16Vector, schema.Uint16VectorT, np.uint16),
    "uint8": (schema.SparseIndexVector.Uint8Vector, schema.Uint8VectorT, np.uint8),
}


def encode(
    dense: NDArray[Any],
    traversal: Sequence[int],
    compressed: Sequence[bool],
    blocks: dict[int, int] | None = None,
    vectors: str = "int32",
) -> tuple[Any, NDArray[Any]]:
    """SparsityParametersT of `dense`, and its values in order.

    `traversal` orders the dimensions, those of `blocks` (dimension to size) being numbered behind the
    tensor's; `compressed` says which level is CSR.
    """
    blocks = blocks or {}
    order, shape = [], []
    for axis, extent in enumerate(dense.shape):
        shape += [extent // blocks[axis], blocks[axis]] if axis in blocks else [extent]
        order += [axis, dense.ndim + list(blocks).index(axis)] if axis in blocks else [axis]
    levels = dense.reshape(shape).transpose([order.index(axis) for axis in traversal])
    parameters = schema.SparsityParametersT()
    parameters.traversalOrder, parameters.blockMap = list(traversal), list(blocks)
    parameters.dimMetadata = []
    nodes: list[tuple[int, ...]] = [()]
    for depth, is_compressed in enumerate(compressed):
        metadata = schema.DimensionMetadataT()
        below, segments, indices = [], [0], []
        for node in nodes:
            kept = [
                index
                for index in range(levels.shape[depth])
                if not is_compressed or levels[(*node, index)].any()
            ]
            below += [(*node, index) for index in kept]
            indices += kept
            segments.append(len(indices))
        nodes = below
        if is_compressed:
            metadata.format = schema.DimensionType.SPARSE_CSR
            metadata.arraySegmentsType, metadata.arraySegments = _vector(segments, vectors)
            metadata.arrayIndicesType, metadata.arrayIndices = _vector(indices, vectors)
        else:
            metadata.denseSize = levels.shape[depth]
        parameters.dimMetadata.append(metadata)
    return parameters, np.array([levels[node] for node in nodes], dense.dtype)


def _vector(values: list[int], kind: str) -> tuple[int, Any]:
    code, table, dtype = _VECTORS[kind]
    vector = table()
    vector.values = np.array(values, dtype)
    return code, vector


def pruned_chain(share: float = 0.9, seed: int = 5) -> ModelBuilder:
    """Two convolutions, a pool and a fully connected layer, `share` of whose weights are zero."""
    builder = (
        ModelBuilder((9, 7, 2), seed=seed)
        .conv2d(6, activation="RELU", output=(0.2, -128))
        .max_pool2d()
        .conv2d(8, activation="RELU", output=(0.2, -128))
        .reshape((4 * 3 * 8,))
        .fully_connected(5)
    )
    random = np.random.default_rng(seed)
    for index in weight_tensors(builder):
        values = stored_values(builder, index)
        values[random.random(values.shape) < share] = 0
        builder.model.buffers[builder.tensor(index).buffer].data = values.reshape(-1).view(np.uint8)
    return builder


def weight_tensors(builder: ModelBuilder) -> list[int]:
    return [index for index, tensor in enumerate(builder.graph.tensors) if tensor.name == "weights"]


def stored_values(builder: ModelBuilder, index: int) -> NDArray[np.int8]:
    tensor = builder.tensor(index)
    data = np.array(builder.model.buffers[tensor.buffer].data, np.uint8)
    return data.view(np.int8).reshape(tensor.shape)


def make_sparse(
    builder: ModelBuilder, *, operators: bool = True, vectors: str = "uint8", blocks: bool = False
) -> ModelBuilder:
    """Store every weight tensor of `builder` sparse, behind a DENSIFY each unless `operators` is off."""
    for index in weight_tensors(builder):
        dense = stored_values(builder, index)
        rank = dense.ndim
        if blocks and dense.shape[-1] % 2 == 0:
            traversal, block_map = range(rank + 1), {rank - 1: 2}
            compressed = [False] * (rank - 1) + [True, False]
        else:
            traversal, block_map, compressed = range(rank), {}, [False] * (rank - 1) + [True]
        parameters, values = encode(dense, traversal, compressed, block_map, vectors)
        tensor = builder.tensor(index)
        tensor.sparsity = parameters
        builder.model.buffers[tensor.buffer].data = values.view(np.uint8)
        if operators:
            put_densify_before(builder, index)
    return builder


def put_densify_before(builder: ModelBuilder, index: int) -> None:
    """Feed the readers of tensor `index` through a DENSIFY."""
    source = builder.tensor(index)
    target = builder._tensor("densified", tuple(source.shape), source.type, b"")
    builder.tensor(target).quantization = source.quantization
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DENSIFY
    code.version = 1
    builder.model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(builder.model.operatorCodes) - 1
    operator.inputs, operator.outputs = [index], [target]
    readers = [
        number for number, reader in enumerate(builder.graph.operators) if index in list(reader.inputs)
    ]
    for number in readers:
        reader = builder.graph.operators[number]
        reader.inputs = [target if read == index else read for read in reader.inputs]
    builder.graph.operators.insert(readers[0], operator)
