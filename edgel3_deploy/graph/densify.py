"""Sparse constants and DENSIFY operators out of a model: what is left computes the same from dense constants.

TFLite stores a pruned constant as sparse tensor and, where an operator cannot take it, puts DENSIFY in front.
TFLite Micro knows neither, so both go when a model is built: `dense_raw` for the reader, `dense_model` for
the file that every runtime and the reference get.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from edgel3_deploy.graph.flatbuffer import (
    GARBAGE,
    RawModel,
    RawOperator,
    RawTensor,
    damaged,
    parse_model,
    schema_module,
)
from edgel3_deploy.graph.packing import pack
from edgel3_deploy.graph.sparsity import MAX_DENSE_ELEMENTS, densify

DENSIFY = "DENSIFY"
_ITEM_SIZES = {"INT8": 1, "UINT8": 1, "FLOAT16": 2, "INT16": 2, "FLOAT32": 4, "INT32": 4}


def dense_raw(model: RawModel) -> RawModel:
    """`model` with dense constants, without DENSIFY, its operators numbered anew.

    Raises BadInputError for damaged sparse tensors and for a DENSIFY of anything else than a constant.
    """
    claimed = sum(math.prod(tensor.shape) for tensor in model.tensors if tensor.sparsity is not None)
    if claimed > MAX_DENSE_ELEMENTS:
        raise damaged(f"sparse tensors of {claimed} elements, more than {MAX_DENSE_ELEMENTS}")
    tensors = [_dense_tensor(tensor) for tensor in model.tensors]
    operators: list[RawOperator] = []
    for operator in model.operators:
        if operator.kind != DENSIFY:
            operators.append(replace(operator, index=len(operators)))
            continue
        source, target = _ends(operator, tensors)
        if not source.data.size or target.data.size or source.shape != target.shape:
            raise damaged(f"{DENSIFY} at operator {operator.index} of no constant")
        tensors[target.index] = replace(
            source if not target.scales.size else target, index=target.index, data=source.data
        )
    return replace(model, tensors=tuple(tensors), operators=tuple(operators))


def dense_model(data: bytes) -> bytes:
    """The .tflite `data` with dense constants and without DENSIFY; `data` itself if it has neither.

    Raises BadInputError as `dense_raw`.
    """
    sparse = parse_model(data)
    if not any(tensor.sparsity for tensor in sparse.tensors) and not any(
        operator.kind == DENSIFY for operator in sparse.operators
    ):
        return data
    dense = dense_raw(sparse)
    try:
        tree = schema_module().ModelT.InitFromPackedBuf(data, 0)
        _write_constants(tree, sparse, dense)
        return pack(tree, len(data) + sum(tensor.data.size for tensor in dense.tensors))
    except GARBAGE as error:
        raise damaged(str(error)) from error


def _dense_tensor(tensor: RawTensor) -> RawTensor:
    if tensor.sparsity is None:
        return tensor
    if tensor.dtype not in _ITEM_SIZES:
        raise damaged(f"a sparse tensor {tensor.name!r} of {tensor.dtype.lower()}")
    try:
        data = densify(tensor.data, tensor.shape, tensor.sparsity, _ITEM_SIZES[tensor.dtype])
    except ValueError as error:
        raise damaged(f"tensor {tensor.name!r}: {error}") from error
    return replace(tensor, data=data, sparsity=None)


def _ends(operator: RawOperator, tensors: list[RawTensor]) -> tuple[RawTensor, RawTensor]:
    ends = (*operator.inputs, *operator.outputs)
    if len(operator.inputs) != 1 or len(ends) != 2 or not all(0 <= end < len(tensors) for end in ends):
        raise damaged(f"{DENSIFY} at operator {operator.index} has {len(ends)} tensors")
    return tensors[ends[0]], tensors[ends[1]]


def _write_constants(tree: Any, sparse: RawModel, dense: RawModel) -> None:
    """Move what changed into the object tree. What nobody reads any more stays, empty: indices are kept."""
    schema = schema_module()
    graph = tree.subgraphs[0]
    read = {index for operator in dense.operators for index in operator.inputs}
    for before in sparse.tensors:
        stored = graph.tensors[before.index]
        if before.sparsity is not None:
            stored.buffer, stored.sparsity = 0, None
            stored.shape = stored.shape if before.index in read else [0]
    for operator in sparse.operators:
        if operator.kind == DENSIFY:
            source, target = (graph.tensors[end] for end in (*operator.inputs, *operator.outputs))
            target.quantization = target.quantization or source.quantization
    for before in sparse.tensors:
        if before.sparsity is not None and before.index not in read:
            graph.tensors[before.index].quantization = None
    for before, after in zip(sparse.tensors, dense.tensors, strict=True):
        if after.index in read and after.data is not before.data:
            tree.buffers.append(schema.BufferT(data=after.data))
            graph.tensors[after.index].buffer = len(tree.buffers) - 1
    graph.operators = [
        stored
        for stored, operator in zip(graph.operators, sparse.operators, strict=True)
        if operator.kind != DENSIFY
    ]
    used = {stored.buffer for stored in (*graph.tensors, *(tree.metadata or ()))}
    tree.buffers = [
        buffer if index in used else schema.BufferT() for index, buffer in enumerate(tree.buffers)
    ]
