"""The front end in an image: whether a network has one there, and the bytes that it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgel3_deploy.audio.front_end_tables import LEVEL_BITS, STORED_BITS, Affine, affine
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.graph.ir import Network

_FLASH = {SEA.name: 14_000, L3.name: 26_200}
"""Code and tables, rounded up."""


@dataclass(frozen=True)
class FrontEndMemory:
    """Bytes [offset, offset + size) of the arena in `region`, where the front end has its state.

    `streams`: they are its own, in use all the time, and a stream goes on over inferences. Otherwise they
    are bytes of the network's buffers, none of which holds anything before an inference begins: they make
    one input, and the inference overwrites them.
    """

    region: str
    offset: int
    size: int
    streams: bool

    @property
    def text(self) -> str:
        """What they are, for people."""
        what = "its own" if self.streams else "shared with the network: each window is a stream of its own"
        return f"{self.size:,} bytes at {self.region} +0x{self.offset:05x}, {what}"


def image_front_end(network: Network) -> FrontEnd | None:
    """The front end that an image of `network` carries; None unless it names one that gives its input."""
    return next((sizes for sizes in (SEA, L3) if _gives_input(sizes, network)), None)


def _gives_input(sizes: FrontEnd, network: Network) -> bool:
    return sizes.name == network.front_end and network.input.shape == (sizes.n_mels, sizes.frames, 1)


def without_front_end(network: Network) -> Network:
    """The network as an image takes it that gets its int8 input from the host."""
    return replace(network, front_end="")


def input_affine(network: Network) -> Affine:
    """How levels become the network's input. Raises BadInputError for a scale out of reach."""
    tensor = network.input
    return affine(network.input_gain, network.input_offset, tensor.scale, tensor.zero_point)


def front_end_bytes(sizes: FrontEnd, *, streams: bool) -> int:
    """Bytes of `front_end_t`: of a stream that goes on from window to window, or of one window."""
    level = 4 if STORED_BITS[sizes.name] == LEVEL_BITS else 2
    length, hop = sizes.n_fft, sizes.hop_length
    points = 4 * length
    if not streams:
        return _words(5 * 4 + 2 * 2 * length) + points + sizes.frames * sizes.n_mels * level
    padding = ((sizes.frames - 1) * hop + length - sizes.sample_rate) // 2
    lead = -(-padding // hop)
    inner = (sizes.sample_rate + padding - length) // hop + 1 - lead
    tops, frame = _words(inner * level), 2 * length
    return 4 * 4 + tops + 2 * sizes.sample_rate + sizes.frames * sizes.n_mels * level + frame + points


def _words(size: int) -> int:
    """`size` rounded up to whole words."""
    return -(-size // 4) * 4


def front_end_flash(network: Network) -> int:
    """Bytes of flash beside the network's constants."""
    sizes = image_front_end(network)
    return 0 if sizes is None else _FLASH[sizes.name]
