"""The front end in an image: whether a network has one there, and the bytes that it takes."""

from __future__ import annotations

from dataclasses import replace

from edgel3_deploy.audio.front_end_tables import Affine, affine
from edgel3_deploy.audio.frontend import SEA, FrontEnd
from edgel3_deploy.graph.ir import Network

_RAM = 35_152
"""Stream and levels of the sea front end with their alignment (docs/front-end.md)."""
_FLASH = 14_000
"""Its code and tables, rounded up."""


def image_front_end(network: Network) -> FrontEnd | None:
    """The front end that an image of `network` carries.

    None where the network names none, and for l3: its buffers have no room beside a network's.
    """
    return SEA if network.front_end == SEA.name else None


def without_front_end(network: Network) -> Network:
    """The network as an image takes it that gets its int8 input from the host."""
    return replace(network, front_end="")


def input_affine(network: Network) -> Affine:
    """How levels become the network's input. Raises BadInputError for a scale out of reach."""
    tensor = network.input
    return affine(network.input_gain, network.input_offset, tensor.scale, tensor.zero_point)


def front_end_ram(network: Network) -> int:
    """Bytes of main RAM beside the arenas."""
    return _RAM if image_front_end(network) else 0


def front_end_flash(network: Network) -> int:
    """Bytes of flash beside the network's constants."""
    return _FLASH if image_front_end(network) else 0
