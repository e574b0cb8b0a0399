"""Sparse .tflite files become dense ones that compute the same."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.densify import dense_model
from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run
from tests.graph.engines import litert, tflite_micro
from tests.graph.models import ModelBuilder, random_input, small_model
from tests.graph.sparse import make_sparse, pruned_chain, put_densify_before, weight_tensors

CONVERTED = Path(__file__).parents[1] / "data" / "densify.tflite"
"""Written by TensorFlow's converter: see the README beside it."""

SPARSE = make_sparse(pruned_chain()).build()


def weights(model: bytes) -> list[list[int]]:
    layers = read_network(model).layers
    return [layer.weights.ravel().tolist() for layer in layers if isinstance(layer, Conv2D | FullyConnected)]


@pytest.mark.parametrize("vectors", ["uint8", "uint16", "int32"])
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("operators", [False, True])
def test_the_decoded_network_is_the_dense_one(vectors: str, blocks: bool, operators: bool) -> None:
    dense = pruned_chain().build()
    sparse = make_sparse(pruned_chain(), operators=operators, vectors=vectors, blocks=blocks).build()
    assert weights(sparse) == weights(dense)
    assert weights(dense_model(sparse)) == weights(dense)
    assert [layer.index for layer in read_network(sparse).layers] == [0, 1, 2, 3, 4]


def test_litert_runs_the_sparse_file_and_agrees() -> None:
    values = random_input((9, 7, 2))
    expected = litert(SPARSE, values)
    assert np.array_equal(run(read_network(SPARSE), values), expected)


def test_tflite_micro_runs_the_dense_file_and_agrees() -> None:
    values = random_input((9, 7, 2))
    assert np.array_equal(tflite_micro(dense_model(SPARSE), values), litert(SPARSE, values))


def test_a_file_from_tensorflows_converter() -> None:
    model = CONVERTED.read_bytes()
    network, values = read_network(model), random_input((21, 17, 1))
    kernels = [layer.weights for layer in network.layers if isinstance(layer, Conv2D)]
    assert [round(float((kernel == 0).mean()), 1) for kernel in kernels[1:]] == [0.9, 0.9]
    assert np.array_equal(run(network, values), litert(model, values))
    assert np.array_equal(tflite_micro(dense_model(model), values), litert(model, values))


def test_the_dense_file_has_neither_sparse_tensors_nor_values_of_them() -> None:
    dense = dense_model(SPARSE)
    assert dense_model(dense) is dense
    assert len(dense) < len(pruned_chain().build()) + 2_000


def test_a_dense_file_stays_as_it_is() -> None:
    model = small_model()
    assert dense_model(model) is model


def test_a_buffer_that_a_dense_tensor_shares_is_kept() -> None:
    builder = make_sparse(pruned_chain())
    first = weight_tensors(builder)[0]
    shared = builder._tensor("unused", (3,), schema.TensorType.INT8, b"")
    builder.tensor(shared).buffer = builder.tensor(first).buffer
    tree = schema.ModelT.InitFromPackedBuf(dense_model(builder.build()), 0)
    assert tree.buffers[tree.subgraphs[0].tensors[shared].buffer].data is not None


def test_densify_of_an_activation_is_refused() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    put_densify_before(builder, 0)
    with pytest.raises(BadInputError, match="no constant"):
        read_network(builder.build())


def test_sparse_tensors_of_much_more_than_a_board_holds_are_refused() -> None:
    builder = make_sparse(pruned_chain())
    builder.tensor(weight_tensors(builder)[0]).shape = [1 << 15, 1 << 15, 3, 2]
    with pytest.raises(BadInputError, match="elements"):
        read_network(builder.build())


def test_a_sparse_level_without_indices_is_refused() -> None:
    builder = make_sparse(pruned_chain())
    level = builder.tensor(weight_tensors(builder)[0]).sparsity.dimMetadata[-1]
    level.arrayIndicesType, level.arrayIndices = 0, None
    with pytest.raises(BadInputError, match="without indices"):
        read_network(builder.build())


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 32), st.integers(1, 4))
def test_damaged_files_are_refused_in_one_line_or_read(seed: int, changes: int) -> None:
    """Whatever bytes change: a network or one clear line. What is read is written dense and read again."""
    source = random.Random(seed)
    data = bytearray(SPARSE)
    for _ in range(changes):
        data[source.randrange(8, len(data))] = source.choice((0, 1, 2, 127, 128, 255, source.randrange(256)))
    try:
        network = read_network(bytes(data))
        again = read_network(dense_model(bytes(data)))
    except BadInputError as error:
        assert "\n" not in error.message
        return
    assert [layer.name for layer in again.layers] == [layer.name for layer in network.layers]
