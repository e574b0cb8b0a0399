"""Which functions of CMSIS-NN a network calls, and the workspace they want on a Cortex-M7."""

from __future__ import annotations

from dataclasses import replace

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Network

FOLDER = "cmsis-nn"
"""Folder of the library's files in a generated project."""


def functions_called(network: Network) -> frozenset[str]:
    """The CMSIS-NN functions that the generated code of `network` calls."""
    names: set[str] = set()
    for layer in network.layers:
        if isinstance(layer, Conv2D):
            names |= {"arm_convolve_wrapper_s8", "arm_convolve_wrapper_s8_get_buffer_size"}
        elif isinstance(layer, MaxPool2D):
            names.add("arm_max_pool_s8")
        elif isinstance(layer, FullyConnected):
            names.add("arm_fully_connected_s8")
    return frozenset(names)


def callable_network(network: Network) -> Network:
    """`network` in layers that every release has a function for.

    Release 4 has none for a dense layer with a multiplier for each output: that is a 1x1 convolution of a
    single pixel, which all have.
    """
    return replace(network, layers=tuple(_callable(layer) for layer in network.layers))


def _callable(layer: Layer) -> Layer:
    if not isinstance(layer, FullyConnected) or _is_per_tensor(layer):
        return layer
    outputs, inputs = layer.weights.shape
    return Conv2D(
        index=layer.index,
        name=layer.name,
        source_name=layer.source_name,
        input=replace(layer.input, shape=(1, 1, inputs)),
        output=replace(layer.output, shape=(1, 1, outputs)),
        weights=layer.weights.reshape(outputs, 1, 1, inputs),
        bias=layer.bias,
        requantize=layer.requantize,
        stride=(1, 1),
        padding=(0, 0),
        activation_min=layer.activation_min,
        activation_max=layer.activation_max,
    )


def _is_per_tensor(layer: FullyConnected) -> bool:
    """Whether all outputs share one multiplier and shift."""
    multiplier, shift = layer.requantize.multiplier, layer.requantize.shift
    return bool((multiplier == multiplier[0]).all() and (shift == shift[0]).all())


def scratch_bytes(layer: Layer) -> int:
    """Workspace of the layer's function on a core with DSP instructions and no MVE.

    Two im2col columns of int16, each rounded up to four elements, as release 7 asks (release 4 does not
    round). The wrapper's pointwise path asks for less; generated code checks the figure against the library.
    """
    if not isinstance(layer, Conv2D):
        return 0
    column = int(layer.weights[0].size)
    return 2 * 2 * (column + -column % 4)


def network_scratch(network: Network) -> dict[int, int]:
    """Scratch bytes by layer index for `plan_memory`, of the layers that need any."""
    return {layer.index: scratch_bytes(layer) for layer in network.layers if scratch_bytes(layer)}
