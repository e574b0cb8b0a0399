"""Bounded access to a .tflite flatbuffer: plain frozen values out, BadInputError for bytes that are no model.

Nothing here knows operators; `edgel3_deploy.graph.reader` gives the values their meaning. Schema: TensorFlow
Lite's schema.fbs, through the classes that ai-edge-litert or TensorFlow ships.
"""

from __future__ import annotations

import contextlib
import importlib
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.extras import LITERT_HINT
from edgel3_deploy.graph.sparsity import Level, Sparsity, Stored

MAX_TENSORS = 10_000
MAX_OPERATORS = 64
MAX_SUBGRAPHS = 1_000
MAX_RANK = 6
MAX_METADATA = 1_000
MAX_NAME = 200

GARBAGE = (
    struct.error,
    AttributeError,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
)
"""What the schema's accessors raise when offsets or lengths point outside the file."""


@dataclass(frozen=True)
class RawTensor:
    """A tensor as stored: `dtype` such as "INT8"; `data` empty for activations; -1 in `shape` is dynamic.

    With `sparsity` set, `data` holds only the values that it places.
    """

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    quantized_dimension: int
    sparsity: Sparsity | None
    data: NDArray[np.uint8]


@dataclass(frozen=True)
class RawOperator:
    """An operator as stored: `inputs` and `outputs` are tensor indices, -1 for an optional one left out.

    `option` reads one of the operator's builtin options by its name in the schema, such as
    `option("StrideH")`.
    """

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    option: Callable[[str], int]


@dataclass(frozen=True)
class RawModel:
    """The one subgraph of a model and the model's metadata entries."""

    tensors: tuple[RawTensor, ...]
    operators: tuple[RawOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    metadata: Mapping[str, bytes]


def parse_model(data: bytes) -> RawModel:
    """Read a .tflite file's bytes.

    Raises BadInputError when they are no TFLite flatbuffer, are damaged, or hold more than one subgraph.
    """
    if len(data) < 16 or data[4:8] != b"TFL3":
        raise BadInputError(
            "not a .tflite model: the file identifier 'TFL3' is missing",
            "Give a .tflite file written by TensorFlow Lite.",
        )
    schema = schema_module()
    try:
        return _parse(schema, data)
    except GARBAGE as error:
        raise damaged(str(error)) from error


def damaged(detail: str) -> BadInputError:
    """The error for a flatbuffer whose content contradicts itself."""
    return BadInputError(
        f"the .tflite model is damaged: {detail}",
        "Export or download the model again; files travel as binary, not as text.",
    )


def unsupported(detail: str, hint: str) -> BadInputError:
    """The error for a valid model that asks for more than is done here."""
    return BadInputError(f"not supported: {detail}", hint)


def schema_module() -> Any:
    """The classes of the schema: ai-edge-litert's, or TensorFlow's where that has no wheel.

    Raises MissingDependencyError if neither is installed.
    """
    for name in ("ai_edge_litert.schema_py_generated", "tensorflow.lite.python.schema_py_generated"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise MissingDependencyError(
        "reading and writing .tflite models needs the package ai-edge-litert", LITERT_HINT
    )


def _parse(schema: Any, data: bytes) -> RawModel:
    model = schema.Model.GetRootAs(data, 0)
    subgraphs = model.SubgraphsLength()
    if not 0 <= subgraphs <= MAX_SUBGRAPHS:
        raise damaged("its list of subgraphs is as long as no file can be")
    if subgraphs != 1:
        raise BadInputError(
            f"the model has {subgraphs} subgraphs; exactly one is supported",
            "Export a plain feed-forward network without control flow.",
        )
    graph = model.Subgraphs(0)
    dtypes = _names(schema.TensorType)
    tensors = tuple(
        _tensor(graph.Tensors(index), index, model, dtypes, schema)
        for index in _count(graph.TensorsLength(), MAX_TENSORS, "tensors")
    )
    kinds = _names(schema.BuiltinOperator)
    operators = tuple(
        _operator(graph.Operators(index), index, model, kinds, schema)
        for index in _count(graph.OperatorsLength(), MAX_OPERATORS, "operators")
    )
    return RawModel(
        tensors=tensors,
        operators=operators,
        inputs=_integers(graph.InputsAsNumpy()),
        outputs=_integers(graph.OutputsAsNumpy()),
        metadata=_metadata(model),
    )


def _tensor(tensor: Any, index: int, model: Any, dtypes: Mapping[int, str], schema: Any) -> RawTensor:
    shape = _integers(tensor.ShapeAsNumpy(), MAX_RANK)
    signature = _integers(tensor.ShapeSignatureAsNumpy(), MAX_RANK)
    if len(signature) == len(shape):
        # A batch of any size was converted with 1 in its place.
        shape = tuple(
            -1 if fixed < 0 and axis > 0 else size
            for axis, (size, fixed) in enumerate(zip(shape, signature, strict=True))
        )
    quantization = tensor.Quantization()
    buffer = model.Buffers(tensor.Buffer())
    if buffer is None:
        raise damaged(f"tensor {index} names buffer {tensor.Buffer()}, which is not there")
    if buffer.Offset() > 1 or (tensor.ExternalBuffer() if hasattr(tensor, "ExternalBuffer") else 0):
        raise unsupported(
            f"tensor {index} keeps its data outside the flatbuffer",
            "Export the model with its data inside, as it is written below 2 GB.",
        )
    return RawTensor(
        index=index,
        name=_text(tensor.Name()),
        dtype=dtypes.get(tensor.Type(), f"type {tensor.Type()}"),
        shape=shape,
        scales=_vector(quantization.ScaleAsNumpy() if quantization else 0, np.float32),
        zero_points=_vector(quantization.ZeroPointAsNumpy() if quantization else 0, np.int64),
        quantized_dimension=int(quantization.QuantizedDimension()) if quantization else 0,
        sparsity=_sparsity(tensor.Sparsity(), schema),
        data=_vector(buffer.DataAsNumpy(), np.uint8),
    )


def _sparsity(stored: Any, schema: Any) -> Sparsity | None:
    if stored is None:
        return None
    return Sparsity(
        traversal=_integers(stored.TraversalOrderAsNumpy(), 2 * MAX_RANK),
        block_map=_integers(stored.BlockMapAsNumpy(), MAX_RANK),
        levels=tuple(
            _level(stored.DimMetadata(index), schema)
            for index in _count(stored.DimMetadataLength(), 2 * MAX_RANK, "levels of a sparse tensor")
        ),
    )


def _level(stored: Any, schema: Any) -> Level:
    if stored.Format() == schema.DimensionType.DENSE:
        return Level(int(stored.DenseSize()))
    if stored.Format() != schema.DimensionType.SPARSE_CSR:
        raise damaged(f"format {stored.Format()} of a sparse tensor")
    return Level(
        size=0,
        segments=_index_vector(stored.ArraySegmentsType(), stored.ArraySegments(), schema),
        indices=_index_vector(stored.ArrayIndicesType(), stored.ArrayIndices(), schema),
    )


def _index_vector(kind: int, table: Any, schema: Any) -> Stored:
    """The int32, uint16 or uint8 vector of a union: a view, for a small file may name a large one often."""
    name = _names(schema.SparseIndexVector).get(kind, "NONE")
    if table is None or name == "NONE":
        raise damaged(f"a sparse tensor without indices (vector type {kind})")
    vector = getattr(schema, name)()
    vector.Init(table.Bytes, table.Pos)
    return np.empty(0, np.uint8) if vector.ValuesIsNone() else np.asarray(vector.ValuesAsNumpy())


def _operator(operator: Any, index: int, model: Any, kinds: Mapping[int, str], schema: Any) -> RawOperator:
    code = model.OperatorCodes(operator.OpcodeIndex())
    if code is None:
        raise damaged(f"operator {index} has no code")
    builtin = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
    kind = kinds.get(builtin, f"operator {builtin}")
    if kind == "CUSTOM":
        kind = f"custom operator {_text(code.CustomCode())!r}"
    options_name = _names(schema.BuiltinOptions).get(operator.BuiltinOptionsType(), "NONE")

    def option(name: str) -> int:
        table = operator.BuiltinOptions()
        if table is None or options_name == "NONE":
            raise damaged(f"operator {index} ({kind}) lacks its options")
        options = getattr(schema, options_name)()
        options.Init(table.Bytes, table.Pos)
        try:
            return int(getattr(options, name)())
        except (*GARBAGE, AttributeError) as error:
            raise damaged(f"operator {index} ({kind}) has no option {name}") from error

    return RawOperator(
        index=index,
        kind=kind,
        inputs=_integers(operator.InputsAsNumpy()),
        outputs=_integers(operator.OutputsAsNumpy()),
        option=option,
    )


def _metadata(model: Any) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    for index in _count(model.MetadataLength(), MAX_METADATA, "metadata entries"):
        entry = model.Metadata(index)
        buffer = model.Buffers(entry.Buffer())
        if buffer is not None:
            entries[_text(entry.Name())] = _vector(buffer.DataAsNumpy(), np.uint8)[:65_536].tobytes()
    return entries


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _count(length: int, limit: int, what: str) -> Iterable[int]:
    if length > limit:
        raise unsupported(f"{length:,} {what}, more than {limit:,}", "Export a smaller network.")
    return range(length)


def _vector(array: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """The accessors give 0 for a vector that is absent."""
    return np.empty(0, dtype) if isinstance(array, int) else np.asarray(array, dtype)


def _integers(array: Any, limit: int = MAX_TENSORS) -> tuple[int, ...]:
    values = _vector(array, np.int32)
    if len(values) > limit:
        raise damaged(f"a list of {len(values)} entries where at most {limit} are sensible")
    return tuple(int(value) for value in values)


def _text(value: bytes | None) -> str:
    return (value or b"")[:MAX_NAME].decode("utf-8", "replace")
