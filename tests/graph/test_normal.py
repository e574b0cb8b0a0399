"""Models said in the usual way compute the same, and both engines take them."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph import reference
from edgel3_deploy.graph.normal import normal_model
from edgel3_deploy.graph.reader import read_network
from tests.graph.engines import litert, tflite_micro
from tests.graph.models import ModelBuilder, random_input, small_model


def test_a_usual_model_stays_as_it_is() -> None:
    model = small_model()
    assert normal_model(model) is model


@pytest.mark.parametrize("left_out", [[], [-1]])
@pytest.mark.parametrize("per_channel", [True, False])
def test_a_convolution_without_bias_gets_zeros(left_out: list[int], per_channel: bool) -> None:
    builder = ModelBuilder((6, 5, 3)).conv2d(4, per_channel=per_channel).conv2d(2)
    operator = builder.graph.operators[0]
    operator.inputs = [*operator.inputs[:2], *left_out]
    bare = builder.build()
    values = random_input((6, 5, 3))
    model = normal_model(bare)
    np.testing.assert_array_equal(litert(model, values), tflite_micro(bare, values))
    np.testing.assert_array_equal(reference.run(read_network(bare), values), litert(model, values))


def test_names_become_utf_8() -> None:
    builder = ModelBuilder((6, 5, 3)).conv2d(4)
    for tensor in builder.graph.tensors:
        tensor.name = "stra@e"
    latin_1 = builder.build().replace(b"stra@e", b"stra\xdfe")
    model = normal_model(latin_1)
    values = random_input((6, 5, 3))
    np.testing.assert_array_equal(litert(model, values), tflite_micro(latin_1, values))
    assert read_network(model).layers[0].source_name == "stra\ufffde"


def test_damage_is_refused() -> None:
    with pytest.raises(BadInputError):
        normal_model(small_model()[:400])
