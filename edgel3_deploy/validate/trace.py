"""The first boundary between PCM and embedding at which the board is not what was expected, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgel3_deploy.audio.front_end_tables import centre_hz
from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.validate.metrics import Difference


@dataclass(frozen=True)
class LayerDifference:
    """The first step of a window whose output has another CRC-32 than expected."""

    window: int
    name: str
    expected: int
    got: int


def first_difference(
    network: Network,
    inputs: Sequence[Difference],
    layer: LayerDifference | None,
    outputs: Sequence[Difference],
) -> str:
    """What differs first, in the first window where anything does: input, a layer, the embedding.

    Differences are in order of windows. Empty if there are none.
    """
    found: list[tuple[int, str]] = []
    if inputs:
        found.append((inputs[0].window, _input(network, inputs[0])))
    if layer is not None:
        found.append((layer.window, _layer(layer)))
    if outputs:
        found.append((outputs[0].window, _output(network, outputs[0])))
    if not found:
        return ""
    window, text = min(found, key=lambda item: item[0])
    return f"window {window}: {text}"


def _input(network: Network, item: Difference) -> str:
    band, frame = divmod(item.element, network.input.shape[1])
    sizes = front_end(network.front_end)
    decibels = (item.got - item.expected) * network.input.scale / network.input_gain
    milliseconds = 1000 * frame * sizes.hop_length / sizes.sample_rate
    return (
        f"the int8 input differs in band {band} (around {centre_hz(sizes, band):,.0f} Hz), frame {frame} (at "
        f"{milliseconds:,.0f} ms): expected {item.expected}, got {item.got}, {decibels:+.2f} dB. The samples "
        "were equal, so the board's front end does not compute what its definition does: look at the "
        "compiler's flags for network/src/front_end, then at memory."
    )


def _layer(item: LayerDifference) -> str:
    return (
        f"the output of {item.name} differs: expected CRC-32 {item.expected:#010x}, got {item.got:#010x}. "
        "Its input was as expected, so it is this step's kernel, its weights, or its memory."
    )


def _output(network: Network, item: Difference) -> str:
    scale, zero = network.output.scale, network.output.zero_point
    expected, got = ((value - zero) * scale for value in (item.expected, item.got))
    return (
        f"the embedding differs in element {item.element}: expected {item.expected} ({expected:.4g}), got "
        f"{item.got} ({got:.4g}), though no step that was compared does."
    )
