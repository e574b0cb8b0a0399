"""What the reader makes of a model, and how it refuses what it cannot run."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, MaxPool2D, Network, Reshape
from edgel3_deploy.graph.reader import read_network
from tests.graph.models import ModelBuilder, small_model

SMALL = small_model()


def refusal(data: bytes) -> BadInputError:
    with pytest.raises(BadInputError) as caught:
        read_network(data)
    assert caught.value.hint
    return caught.value


def test_layers_are_typed_and_named_by_kind() -> None:
    network = read_network(SMALL)
    assert [layer.name for layer in network.layers] == [
        "conv1",
        "pool1",
        "conv2",
        "pool2",
        "reshape1",
        "fc1",
        "fc2",
    ]
    kinds = [Conv2D, MaxPool2D, Conv2D, MaxPool2D, Reshape, FullyConnected, FullyConnected]
    assert [type(layer) for layer in network.layers] == kinds
    assert network.input.shape == (13, 11, 3)
    assert network.output.shape == (4,)


def test_a_convolution_carries_its_geometry_and_constants() -> None:
    layer = read_network(SMALL).layers[0]
    assert isinstance(layer, Conv2D)
    assert layer.weights.shape == (5, 3, 5, 3)
    assert layer.bias.shape == layer.requantize.multiplier.shape == layer.requantize.shift.shape == (5,)
    assert (layer.stride, layer.padding) == ((2, 1), (1, 2))
    assert layer.output.shape == (7, 11, 5)
    assert (layer.activation_min, layer.activation_max) == (-7, 127)
    assert layer.macs == 7 * 11 * 5 * 3 * 5 * 3


def test_a_layer_is_traced_to_its_source() -> None:
    builder = ModelBuilder((4, 4, 1)).conv2d(2)
    builder.tensor(builder.current).name = "block/Relu;block/BiasAdd;block/conv"
    assert read_network(builder.build()).layers[0].source_name == "block/Relu"


DECIBELS = (80 / 255, 127)
"""Scale and zero point of -80 to 0 dB."""


class TestMetadata:
    def test_gives_name_front_end_gain_and_offset(self) -> None:
        builder = ModelBuilder((4, 4, 1)).conv2d(2)
        builder.metadata(name="sea-64", front_end="sea", input_gain=0.0855, input_offset=2.066)
        network = read_network(builder.build())
        assert (network.name, network.front_end) == ("sea-64", "sea")
        assert (network.input_gain, network.input_offset) == (0.0855, 2.066)

    def test_the_callers_name_comes_first(self) -> None:
        builder = ModelBuilder((4, 4, 1)).conv2d(2).metadata(name="sea-64")
        assert read_network(builder.build(), "mine").name == "mine"

    @pytest.mark.parametrize(
        ("shape", "front_end"), [((64, 50, 1), "sea"), ((256, 199, 1), "l3"), ((64, 51, 1), "")]
    )
    def test_without_it_the_shape_tells_the_front_end(self, shape: tuple[int, ...], front_end: str) -> None:
        network = read_network(ModelBuilder(shape, *DECIBELS).conv2d(1).build())
        assert network.front_end == front_end
        assert (network.input_gain, network.input_offset) == (1.0, 0.0)
        assert [f"assumed {front_end}" in warning for warning in network.warnings] == [True] * bool(front_end)

    @pytest.mark.parametrize("shape", [(64, 50, 2), (64,), (50, 64, 1)])
    def test_other_shapes_tell_nothing(self, shape: tuple[int, ...]) -> None:
        builder = ModelBuilder(shape, *DECIBELS)
        network = read_network((builder.conv2d(1) if len(shape) == 3 else builder.fully_connected(2)).build())
        assert (network.front_end, network.warnings) == ("", ())

    @pytest.mark.parametrize(
        ("scale", "zero_point"),
        [(1 / 255, -128), (80 / 255, -128), (2 / 255, 0), (0.15, 127), (256.0, 0), (4.0, 100)],
    )
    def test_an_input_that_does_not_hold_decibels_has_no_front_end(
        self, scale: float, zero_point: int
    ) -> None:
        network = read_network(ModelBuilder((64, 50, 1), scale, zero_point).conv2d(1).build())
        (warning,) = network.warnings
        assert network.front_end == ""
        assert "not the -80 to 0 dB" in warning

    @pytest.mark.parametrize(("scale", "zero_point"), [(0.3, 120), (0.45, 70), (0.25, 127)])
    def test_an_input_that_nearly_holds_decibels_has(self, scale: float, zero_point: int) -> None:
        assert read_network(ModelBuilder((64, 50, 1), scale, zero_point).conv2d(1).build()).front_end == "sea"

    def test_an_entry_is_no_guess(self) -> None:
        builder = ModelBuilder((64, 50, 1), 1 / 255).conv2d(1).metadata(front_end="sea")
        network = read_network(builder.build())
        assert (network.front_end, network.warnings) == ("sea", ())

    @pytest.mark.parametrize(
        "content",
        [
            b"{",
            b"[]",
            b"\xff\xfe",
            b"[" * 50_000,
            b'{"input_gain": "loud"}',
            b'{"input_gain": NaN}',
            b'{"input_offset": 1e999}',
            b'{"front_end": "wave"}',
        ],
    )
    def test_damaged_is_refused(self, content: bytes) -> None:
        data = ModelBuilder((4, 4, 1)).conv2d(2).raw_metadata(content).build()
        assert "edgel3_deploy" in refusal(data).message


class TestRefusals:
    def test_float_models_are_sent_to_quantization(self) -> None:
        builder = ModelBuilder((4, 4, 1)).conv2d(2)
        builder.tensor(0).type = schema.TensorType.FLOAT32
        error = refusal(builder.build())
        assert "input 'input' is float32, not int8" in error.message
        assert "full int8" in error.hint

    def test_int8_inside_but_float_outside_is_float(self) -> None:
        builder = ModelBuilder((4, 4, 1)).other("QUANTIZE").conv2d(2).other("DEQUANTIZE")
        builder.tensor(0).type = schema.TensorType.FLOAT32
        builder.tensor(builder.current).type = schema.TensorType.FLOAT32
        assert "full int8" in refusal(builder.build()).hint

    def test_unsupported_operators_are_named_with_their_layers(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2).other("SOFTMAX").conv2d(2).other("CAST")
        message = refusal(builder.build()).message
        assert "SOFTMAX at layer 1 ('layer_1')" in message
        assert "CAST at layer 3 ('layer_3')" in message

    def test_many_unsupported_operators_are_summarised(self) -> None:
        builder = ModelBuilder((4, 4, 2))
        for _ in range(9):
            builder.other("SOFTMAX")
        message = refusal(builder.other("CAST").build()).message
        assert message.count("SOFTMAX") == 1
        assert message.endswith("SOFTMAX at layer 0 ('layer_0') and 8 more, CAST at layer 9 ('layer_9')")

    @pytest.mark.parametrize(
        ("kind", "advice"),
        [("MUL", "BatchNorm"), ("ADD", "BatchNorm"), ("SHAPE", "batch of 1"), ("SOFTMAX", "activations.")],
    )
    def test_the_advice_suits_the_operator(self, kind: str, advice: str) -> None:
        assert advice in refusal(ModelBuilder((4, 4, 2)).conv2d(2).other(kind).build()).hint

    def test_an_unknown_builtin_code(self) -> None:
        builder = ModelBuilder((4, 4, 2)).other("SOFTMAX")
        builder.model.operatorCodes[0].builtinCode = 9999
        assert "operator 9999 at layer 0" in refusal(builder.build()).message

    def test_a_custom_operator_by_its_own_name(self) -> None:
        builder = ModelBuilder((4, 4, 2)).other("CUSTOM")
        builder.model.operatorCodes[0].customCode = "Spectrogram"
        assert "custom operator 'Spectrogram'" in refusal(builder.build()).message

    @pytest.mark.parametrize("activation", ["TANH", "SIGN_BIT"])
    def test_unsupported_activations(self, activation: str) -> None:
        message = refusal(ModelBuilder((4, 4, 2)).conv2d(2, activation=activation).build()).message
        assert f"CONV_2D at layer 0 ('layer_0'): fused activation {activation}" in message

    def test_dilation(self) -> None:
        builder = ModelBuilder((9, 9, 2)).conv2d(2)
        builder.graph.operators[0].builtinOptions.dilationHFactor = 2
        assert "dilation" in refusal(builder.build()).message

    def test_grouped_convolutions(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        weights = builder.tensor(1)
        weights.shape = [4, 3, 3, 1]
        assert "channels" in refusal(builder.build()).message

    def test_dynamic_shapes(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(0).shapeSignature = [1, -1, 4, 2]
        refused = refusal(builder.build())
        assert "tensor 'input' has a dynamic shape, (1, -1, 4, 2)" in refused.message
        assert refused.hint == "Convert the model with fixed sizes."

    def test_a_dynamic_batch_is_one(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(0).shapeSignature = [-1, 4, 4, 2]
        assert read_network(builder.build()).input.shape == (4, 4, 2)

    def test_a_batch(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(0).shape = [3, 4, 4, 2]
        assert "batch of 3" in refusal(builder.build()).message

    def test_branches(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2).conv2d(2)
        builder.graph.operators[1].inputs[0] = 0
        assert "does not take the output of the layer before it" in refusal(builder.build()).message

    def test_hybrid_weights(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(1).type = schema.TensorType.FLOAT32
        assert "weights are float32" in refusal(builder.build()).message

    def test_weights_with_a_zero_point(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(1).quantization.zeroPoint = [0, 1]
        assert "zero point" in refusal(builder.build()).message

    def test_a_pooling_that_requantizes(self) -> None:
        builder = ModelBuilder((4, 4, 2)).max_pool2d()
        builder.tensor(builder.current).quantization.scale = [0.5]
        assert "MAX_POOL_2D at layer 0 ('layer_0')" in refusal(builder.build()).message

    def test_an_accumulator_that_can_overflow(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        bias = builder.model.buffers[builder.tensor(2).buffer]
        bias.data = np.array([0x7FFFFFFF] * 2, np.int32).view(np.uint8)
        assert "overflow" in refusal(builder.build()).message

    def test_several_inputs(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.graph.inputs = [0, 0]
        assert "2 inputs" in refusal(builder.build()).message

    def test_an_empty_graph(self) -> None:
        assert "no operators" in refusal(ModelBuilder((4, 4, 2)).build()).message

    @pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e-38])
    def test_impossible_scales(self, scale: float) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(0).quantization.scale = [scale]
        refusal(builder.build())

    @pytest.mark.parametrize("scale", [float("nan"), float("inf"), 1e38, -1e38])
    def test_impossible_weight_scales(self, scale: float) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(1).quantization.scale = [0.01, scale]
        assert "CONV_2D at layer 0" in refusal(builder.build()).message

    def test_a_wrong_output_shape(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        builder.tensor(builder.current).shape = [1, 4, 5, 2]
        assert "(4, 5)" in refusal(builder.build()).message

    def test_a_window_of_absurd_size(self) -> None:
        builder = ModelBuilder((4, 4, 2)).max_pool2d(same=True)
        builder.graph.operators[0].builtinOptions.filterHeight = 1 << 30
        refusal(builder.build())


class TestHostileBytes:
    @pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 64, b"\x1c\0\0\0TFL3" + b"\xff" * 64])
    def test_no_model_at_all(self, data: bytes) -> None:
        refusal(data)

    def test_every_truncation(self) -> None:
        for length in range(0, len(SMALL), 97):
            accepts_or_refuses(SMALL[:length])

    @settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=12))
    def test_mutated_bytes(self, changes: list[tuple[int, int]]) -> None:
        data = bytearray(SMALL)
        for position, value in changes:
            data[position] = value
        accepts_or_refuses(bytes(data))

    @settings(max_examples=400)
    @given(
        st.integers(0, len(SMALL) // 4 - 1),
        st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000]),
    )
    def test_mutated_words(self, word: int, value: int) -> None:
        """Extreme offsets and lengths, where a vector may claim billions of entries."""
        data = bytearray(SMALL)
        data[4 * word : 4 * word + 4] = value.to_bytes(4, "little")
        accepts_or_refuses(bytes(data))

    @settings(max_examples=100)
    @given(st.binary(max_size=400))
    def test_noise_behind_a_valid_identifier(self, noise: bytes) -> None:
        accepts_or_refuses(b"\x10\0\0\0TFL3" + noise)

    def test_thorough_random_damage(self) -> None:
        generator = random.Random(0)
        for _ in range(300):
            data = bytearray(SMALL)
            for _ in range(generator.randrange(1, 60)):
                data[generator.randrange(len(data))] = generator.randrange(256)
            accepts_or_refuses(bytes(data))


def accepts_or_refuses(data: bytes) -> None:
    """A model read from hostile bytes is consistent, or refused: nothing else may happen."""
    try:
        network = read_network(data)
    except BadInputError as error:
        assert error.message
        assert "\n" not in error.message
        return
    assert_consistent(network)


def assert_consistent(network: Network) -> None:
    for before, after in zip(network.layers, network.layers[1:], strict=False):
        assert before.output == after.input
    for layer in network.layers:
        if isinstance(layer, Conv2D | FullyConnected):
            assert len(layer.weights) == layer.output.shape[-1] == len(layer.bias)
            assert (layer.requantize.multiplier >= 0).all()
            assert np.isin(layer.requantize.shift, range(-31, 31)).all()
    json.dumps([network.name, network.front_end, network.input_gain, network.input_offset])


class TestBounds:
    def test_maps_that_the_planner_could_not_look_at_in_seconds(self) -> None:
        message = refusal(ModelBuilder((1 << 17, 1, 1)).conv2d(2).build()).message
        assert message.startswith("not supported: maps of 131,073 rows and columns in all")

    def test_longer_chains_than_networks_have(self) -> None:
        builder = ModelBuilder((4, 4, 2))
        for _ in range(120):
            builder.conv2d(2)
        assert refusal(builder.build()).message == "not supported: 120 operators, more than 64"

    def test_tensors_that_nothing_reads_do_not_count(self) -> None:
        builder = ModelBuilder((4, 4, 2)).conv2d(2)
        for number in range(1_200):
            builder.activation(f"spare {number}", (1,), 1.0, 0)
        assert len(read_network(builder.build()).layers) == 1
