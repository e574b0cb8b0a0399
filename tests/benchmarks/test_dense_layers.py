"""The dense shape layer by layer, and how a few rows stand for all."""

from __future__ import annotations

from benchmarks.dense_layers import continued, dense_layers, layer_tflite
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member

LAYERS = dense_layers(member("sparse-ft-95.45"))


def test_the_layers_are_those_of_l3() -> None:
    assert [(layer.height, layer.width) for layer in LAYERS[::2]] == [
        (256, 199),
        (128, 99),
        (64, 49),
        (32, 24),
    ]
    assert [layer.inputs for layer in LAYERS] == [1, 64, 64, 128, 128, 256, 256, 512]
    assert [layer.outputs for layer in LAYERS] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [layer.pooling for layer in LAYERS] == ["none", "2x2"] * 3 + ["none", "global"]
    assert sum(layer.macs for layer in LAYERS) == 10_202_628_096


def test_only_the_widest_layer_leaves_output_channels_out() -> None:
    assert [layer.name for layer in LAYERS if layer.outputs_counted < layer.outputs] == ["conv8"]
    assert LAYERS[-1].outputs_counted == 256


def test_a_part_is_a_layer_at_its_full_width_with_its_pooling() -> None:
    conv2, conv8 = (read_network(layer_tflite(LAYERS[index], 4, 8)) for index in (1, 7))
    assert conv2.input.shape == (4, 199, 64)
    assert conv2.output.shape == (2, 99, 8)
    assert conv2.macs == 4 * 199 * 9 * 64 * 8
    assert conv8.output.shape == (1, 1, 8)


def test_what_was_not_counted_costs_what_the_last_part_did() -> None:
    assert continued(lambda rows: 100 + 7 * rows, 4, 8, 256) == 100 + 7 * 256
    assert continued(lambda rows: 100 + 7 * rows, 4, 8, 8) == 156
