"""Which functions of CMSIS-NN a network calls, and the workspace they want on a Cortex-M7."""

from __future__ import annotations

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
            names.add(fully_connected_function(layer))
    return frozenset(names)


def fully_connected_function(layer: FullyConnected) -> str:
    """The per-tensor function if all outputs share one multiplier and shift, else the per-channel one."""
    multiplier, shift = layer.requantize.multiplier, layer.requantize.shift
    if (multiplier == multiplier[0]).all() and (shift == shift[0]).all():
        return "arm_fully_connected_s8"
    return "arm_fully_connected_per_channel_s8"


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
