"""Quantizing layer by layer: what is promised about scales, silence and biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.compress.pruning import PLANS, prune_weights
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.quantize.calibration import CalibrationSet
from edgel3_deploy.quantize.embed import int8_embeddings
from edgel3_deploy.quantize.equalize import channel_factors, rescale
from edgel3_deploy.quantize.fidelity import measure
from edgel3_deploy.quantize.flatbuffer import write_model
from edgel3_deploy.quantize.patches import convolve, halve, patches
from edgel3_deploy.quantize.post_training import OUTPUT_REACH, Method, Scale, input_scale, quantize_layers


@pytest.fixture
def spectrograms() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([log_mel(rng.uniform(-1, 1, 8000).astype(np.float32), SEA) for _ in range(6)])


def sounds(
    spectrograms: np.ndarray, generated: np.ndarray | None = None, *, is_recorded: bool = True
) -> CalibrationSet:
    others = spectrograms[:0] if generated is None else generated
    return CalibrationSet(spectrograms, "made for a test", others, is_recorded)


@pytest.fixture
def impulses(spectrograms: np.ndarray) -> np.ndarray:
    """A click between digital silence."""
    clicks = np.full_like(spectrograms, -80)
    clicks[:, :, 25] = 0
    return clicks


def test_a_convolution_is_its_patches_times_its_kernel() -> None:
    rng = np.random.default_rng(0)
    features, kernel = rng.normal(size=(7, 5, 3)).astype(np.float32), rng.normal(size=(3, 3, 3, 4))
    bias = rng.normal(size=4).astype(np.float32)
    expected = (patches(features) @ kernel.reshape(27, 4) + bias).reshape(7, 5, 4)
    np.testing.assert_allclose(convolve(features, kernel.astype(np.float32), bias), expected, atol=1e-5)


def test_every_stride_th_patch_is_taken() -> None:
    features = np.arange(7 * 5 * 2, dtype=np.float32).reshape(7, 5, 2)
    np.testing.assert_array_equal(patches(features, first=2, stride=4), patches(features)[2::4])


def test_odd_edges_are_left_out_by_pooling() -> None:
    assert halve(np.zeros((5, 3, 2), np.float32)).shape == (2, 1, 2)


def test_the_input_scale_spans_the_front_ends_range(tiny_network: FloatNetwork) -> None:
    scale = input_scale(tiny_network)
    ends = tiny_network.input_gain * np.array([-80.0, 0.0]) + tiny_network.input_offset
    low, high = (scale.scale * (q - scale.zero_point) for q in (-128, 127))
    assert low == pytest.approx(ends[0], abs=scale.scale)
    assert high == pytest.approx(ends[1], abs=scale.scale)


def test_a_round_trip_errs_by_half_a_step_and_keeps_zero() -> None:
    scale = Scale(0.1, -20)
    values = np.linspace(-10, 14, 500).astype(np.float32)
    assert np.abs(scale.quantize(values) - values).max() <= 0.0501
    assert scale.quantize(np.zeros(1, np.float32)) == 0


def test_equalized_layers_compute_the_same(tiny_network: FloatNetwork, spectrograms: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    convs: list[FloatConv] = []
    incoming = np.ones(1)
    for conv in tiny_network.convs:
        outgoing = (
            np.ones(8)
            if conv is tiny_network.convs[-1]
            else channel_factors(rng.uniform(0, 9, conv.bias.size))
        )
        convs.append(rescale(conv, incoming, outgoing))
        incoming = outgoing
    scaled = FloatNetwork(
        "scaled", "sea", 64, 50, tiny_network.input_gain, tiny_network.input_offset, tuple(convs)
    )
    np.testing.assert_allclose(forward(scaled, spectrograms), forward(tiny_network, spectrograms), rtol=1e-3)


@pytest.mark.parametrize("method", ["gptq", "mse", "minmax"])
def test_layers_report_their_noise_and_hold_int8(
    method: Method, tiny_network: FloatNetwork, spectrograms: np.ndarray
) -> None:
    quantized = quantize_layers(tiny_network, sounds(spectrograms), method)
    assert [conv.name for conv in quantized.convs] == [conv.name for conv in tiny_network.convs]
    for conv in quantized.convs:
        assert conv.sqnr_db > 15
        assert conv.weights.dtype == np.int8
        assert conv.weights.min() >= -127


@pytest.mark.parametrize(("method", "widens"), [("gptq", True), ("mse", True), ("minmax", False)])
def test_generated_sounds_widen_ranges(
    method: Method, widens: bool, tiny_network: FloatNetwork, spectrograms: np.ndarray, impulses: np.ndarray
) -> None:
    without = quantize_layers(tiny_network, sounds(spectrograms), method)
    with_generated = quantize_layers(tiny_network, sounds(spectrograms, impulses), method)
    assert (with_generated.convs[-1].output.scale > without.convs[-1].output.scale) is widens


def test_windows_of_recordings_with_silence_in_them_are_not_clipped(
    tiny_network: FloatNetwork, spectrograms: np.ndarray, impulses: np.ndarray
) -> None:
    edges = impulses[:1]
    quantized = quantize_layers(tiny_network, sounds(np.concatenate([spectrograms, edges])))
    highest = forward(tiny_network, edges).max()
    assert highest > 2 * forward(tiny_network, spectrograms).max()
    assert 255 * quantized.convs[-1].output.scale == pytest.approx(highest, rel=1e-3)


def test_the_embeddings_range_stops_short_of_the_loudest_generated_sound(
    tiny_network: FloatNetwork, spectrograms: np.ndarray, impulses: np.ndarray
) -> None:
    quantized = quantize_layers(tiny_network, sounds(spectrograms, impulses))
    highest = forward(tiny_network, impulses).max()
    assert 255 * quantized.convs[-1].output.scale == pytest.approx(OUTPUT_REACH.generated * highest, rel=1e-3)


def test_the_very_loudest_of_many_generated_sounds_counts_for_its_share(
    tiny_network: FloatNetwork, spectrograms: np.ndarray, impulses: np.ndarray
) -> None:
    many = np.concatenate([np.repeat(spectrograms[:1], 191, axis=0), impulses[:1]])
    quantized = quantize_layers(tiny_network, sounds(spectrograms[:1], many, is_recorded=False))
    usual, loudest = (forward(tiny_network, many[[index]])[0] for index in (0, -1))
    expected = OUTPUT_REACH.generated * (np.maximum(usual, loudest) + usual).max() / 2
    assert 255 * quantized.convs[-1].output.scale == pytest.approx(expected, rel=1e-3)


def test_generated_sounds_that_calibrate_get_no_margin_as_if_recorded(
    tiny_network: FloatNetwork, spectrograms: np.ndarray
) -> None:
    recorded = quantize_layers(tiny_network, sounds(spectrograms, spectrograms))
    generated = quantize_layers(tiny_network, sounds(spectrograms, spectrograms, is_recorded=False))
    ratio = generated.convs[-1].output.scale / recorded.convs[-1].output.scale
    assert ratio == pytest.approx(OUTPUT_REACH.generated / OUTPUT_REACH.full, rel=1e-3)


def test_digital_silence_keeps_its_embedding(tiny_network: FloatNetwork, spectrograms: np.ndarray) -> None:
    quantized = quantize_layers(tiny_network, sounds(spectrograms))
    network = read_network(write_model(tiny_network, quantized))
    network = replace(network, input_gain=tiny_network.input_gain, input_offset=tiny_network.input_offset)
    silence = np.zeros_like(spectrograms[:1])
    fidelity = measure(forward(tiny_network, silence), int8_embeddings(network, silence))
    assert fidelity.cosine_min > 0.9999


def test_weights_that_overflow_are_refused(tiny_network: FloatNetwork, spectrograms: np.ndarray) -> None:
    convs = [
        replace(conv, weights=conv.weights * np.float32(1e8), bias=conv.bias) for conv in tiny_network.convs
    ]
    overflowing = replace(tiny_network, convs=tuple(convs))
    with pytest.raises(BadInputError, match="overflow float32"):
        quantize_layers(overflowing, sounds(spectrograms))


def test_a_pruned_network_keeps_its_zeros(tiny_network: FloatNetwork, spectrograms: np.ndarray) -> None:
    pruned = prune_weights(tiny_network, PLANS["95.45"]).network
    quantized = quantize_layers(pruned, sounds(spectrograms))
    for conv, sparse in zip(quantized.convs, pruned.convs, strict=True):
        assert not conv.weights[sparse.weights == 0].any()
