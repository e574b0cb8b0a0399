"""Fast kernels as the scheduler sees them: rows in and out, workspace, constants.

The numbers mirror firmware/include/edgel3_kernels.h and firmware/kernels; a test compares them with the C
code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, Reshape
from edgel3_deploy.plan.list_sizes import ListSizes, ListSplit
from edgel3_deploy.plan.packed import pairs

KernelName = Literal[
    "f44",
    "f22",
    "direct",
    "mono",
    "max_pool_2x2",
    "max_pool_global",
    "max_pool_global_rows",
    "max_pool_any",
    "fully_connected",
    "sparse",
    "mono_lanes",
]
WINOGRAD_TILE = {"f44": 4, "f22": 2}
STREAMING = frozenset(("f44", "f22", "direct", "mono", "max_pool_2x2"))
"""Kernels that make output rows in order from the input rows around them; others take whole maps."""
LANES = frozenset(("sparse", "mono_lanes"))
"""Kernels of lane groups, whose unit is one row of the convolution, before any pooling."""


@dataclass(frozen=True)
class Kernel:
    """A kernel with its variant, which for Winograd is how weights are kept and tiles are grouped.

    The weights of `stored_channels` output channels are stored transformed, the others' as int8; those of
    `resident_channels` behind them are transformed into RAM at start. 4 * `blocks` tiles are in flight.
    `apart`: sums and weights in flight have a buffer of their own instead of a place in the scratch.
    `pooled`: the 2x2 maximum of the following pooling is taken on the way; `reduced`: the maximum over the
    whole map. For sparse kernels `lists` says in which forms the weights are kept. The rows of lane kernels
    are time steps if `columns`, else mel bands.
    """

    name: KernelName
    stored_channels: int = 0
    blocks: int = 0
    pooled: bool = False
    resident_channels: int = 0
    apart: bool = False
    reduced: bool = False
    columns: bool = False
    lists: ListSplit = field(default_factory=ListSplit)

    @property
    def text(self) -> str:
        """For people, such as "F(4x4,3x3) + 2x2 max, stored weights, 8 tiles at a time"."""
        if self.name in WINOGRAD_TILE:
            tile = WINOGRAD_TILE[self.name]
            pool = " + 2x2 max" if self.pooled else ""
            stored = f", {self.stored_channels} channels transformed" if self.stored_channels else ""
            resident = f", {self.resident_channels} in RAM" if self.resident_channels else ""
            apart = ", weights in flight apart" if self.apart else ""
            return f"F({tile}x{tile},3x3){pool}, {4 * self.blocks} tiles{stored}{resident}{apart}"
        if self.name in LANES:
            pool = " + 2x2 max" if self.pooled else " + maximum over the map" if self.reduced else ""
            return f"{_TEXT[self.name]} by {'columns' if self.columns else 'rows'}{pool}"
        return _TEXT[self.name]


_TEXT = {
    "direct": "direct, two channels by four pixels",
    "mono": "direct, one input channel",
    "max_pool_2x2": "2x2 maximum",
    "max_pool_global": "maximum over the map",
    "max_pool_global_rows": "maximum over the map, row by row",
    "max_pool_any": "maximum, any window",
    "fully_connected": "direct, two outputs at a time",
    "sparse": "sparse lists, 8 positions at a time",
    "mono_lanes": "direct, one input channel, into lanes",
}


@dataclass(frozen=True)
class Step:
    """Layers that one kernel computes together: one, or a convolution with its pooling; reshapes are views.

    `index` counts operations; `name` is a C identifier. `lists` are the sizes of a sparse kernel's lists.
    """

    index: int
    name: str
    layers: tuple[Layer, ...]
    kernel: Kernel
    lists: ListSizes | None = None

    @property
    def layer(self) -> Layer:
        """The layer that does the arithmetic."""
        return self.layers[0]

    @cached_property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels; a flat tensor is one pixel."""
        return _map_shape(self.layers[0].input.shape)

    @cached_property
    def output_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what the step leaves in memory."""
        last = next(layer for layer in reversed(self.layers) if not isinstance(layer, Reshape))
        return _map_shape(last.output.shape)

    @cached_property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def operations(self) -> int:
        """Operations of the network that the step computes."""
        return sum(not isinstance(layer, Reshape) for layer in self.layers)

    @property
    def rows(self) -> int:
        """Rows of the convolution that a lane kernel makes, a unit each: those that no pooling drops."""
        height = self.input_shape[1 if self.kernel.columns else 0]
        return height // 2 * 2 if self.kernel.pooled else height

    @property
    def positions(self) -> int:
        """Positions of such a row that are needed: those that no pooling drops."""
        width = self.input_shape[0 if self.kernel.columns else 1]
        return width // 2 * 2 if self.kernel.pooled else width

    @property
    def unit(self) -> int:
        """Output rows that the kernel makes at a time: all for kernels that take the whole map.

        Lane kernels with a pooling make a row by two units.
        """
        name = self.kernel.name
        if name in LANES:
            return 1
        if name in WINOGRAD_TILE:
            return WINOGRAD_TILE[name] // (2 if self.kernel.pooled else 1)
        return 1 if name in STREAMING else self.output_shape[0]

    @cached_property
    def units(self) -> int:
        """Calls that make the whole output, one unit each."""
        if self.kernel.name in LANES:
            return self.rows
        if self.kernel.name == "max_pool_global_rows":
            return self.input_shape[0]
        return -(-self.output_shape[0] // self.unit)

    def rows_read(self, unit: int) -> tuple[int, int]:
        """Input rows [first, end) that unit number `unit` reads, within the map (transposed for columns)."""
        height = self.input_shape[1 if self.kernel.columns else 0]
        name = self.kernel.name
        if name in LANES:
            first, end = unit - 1, unit + 2
        elif name == "max_pool_global_rows":
            first, end = unit, unit + 1
        elif name in WINOGRAD_TILE:
            tile = WINOGRAD_TILE[name]
            first, end = tile * unit - 1, tile * (unit + 1) + 1
        elif name == "max_pool_2x2":
            first, end = 2 * unit, 2 * unit + 2
        elif name in STREAMING and isinstance(self.layer, Conv2D):
            stride, rows = self.layer.stride[0], self.layer.weights.shape[1]
            last = min((unit + 1) * self.unit, self.output_shape[0]) - 1
            first = unit * self.unit * stride - self.layer.padding[0]
            end = last * stride - self.layer.padding[0] + rows
        else:
            first, end = 0, height
        return max(first, 0), min(end, height)

    @cached_property
    def reads(self) -> tuple[tuple[int, int], ...]:
        """`rows_read` of every unit in order."""
        return tuple(self.rows_read(unit) for unit in range(self.units))

    @cached_property
    def scratch(self) -> int:
        """Bytes of workspace, 8-byte aligned."""
        return scratch_bytes(self.kernel, self.layer)

    @cached_property
    def products(self) -> int:
        """Bytes of the buffer that the kernel has beside its workspace, 0 if it has none."""
        if not (self.kernel.apart and isinstance(self.layer, Conv2D)):
            return 0
        return products_bytes(self.kernel, self.layer)

    @cached_property
    def constant_bytes(self) -> int:
        """Bytes of packed weights and per-channel constants in flash."""
        if self.lists is not None:
            return self.lists.flash_bytes(self.kernel.lists)
        return constant_bytes(self.kernel, self.layer)

    @property
    def resident_bytes(self) -> int:
        """Bytes of RAM that are filled at start: decoded lists."""
        return self.lists.resident_bytes(self.kernel.lists) if self.lists else 0


def _map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    return 1, 1, shape[0]


def _aligned(size: int) -> int:
    return -(-size // 8) * 8


def _direct_pairs(taps: int, channels: int) -> int:
    words = taps * (-(-channels // 4)) * 2
    return -(-words // 8) * 8


def scratch_bytes(kernel: Kernel, layer: Layer) -> int:
    """Bytes of workspace that a kernel takes for a layer, as the edgel3_*_scratch functions count them."""
    name = kernel.name
    if name in WINOGRAD_TILE and isinstance(layer, Conv2D):
        positions = (WINOGRAD_TILE[name] + 2) ** 2
        column = positions * pairs(layer.weights.shape[3]) * 16
        tiles = _aligned(kernel.blocks * 4 * TILE_BYTES) + kernel.blocks * column
        return int(tiles + (0 if kernel.apart else products_bytes(kernel, layer)))
    if name == "direct" and isinstance(layer, Conv2D):
        _, height, width, channels = layer.weights.shape
        return _direct_pairs(height * width, channels) * 16 + 8
    if name == "mono":
        return 2 * _map_shape(layer.output.shape)[1] * 5 * 4
    if name == "sparse" and isinstance(layer, Conv2D):
        return int(layer.weights.shape[3] * TILE_BYTES_PER_CHANNEL)
    if name == "fully_connected" and isinstance(layer, FullyConnected):
        return int(-(-layer.weights.shape[1] // 4) * 8)
    return 0


def products_bytes(kernel: Kernel, layer: Conv2D) -> int:
    """Bytes of a Winograd kernel's sums and weights in flight, as the edgel3_*_products functions count."""
    positions = (WINOGRAD_TILE[kernel.name] + 2) ** 2
    channels = layer.weights.shape[3]
    transformed = kernel.stored_channels + kernel.resident_channels
    flying = 0 if transformed >= len(layer.weights) else positions * pairs(channels) * 8
    return _aligned(max(positions * channels, positions * 32 + flying) + 8)


TILE_BYTES = 16
"""sizeof(edgel3_tile_t) on the target: a pointer, two strides, two counts."""
TILE_BYTES_PER_CHANNEL = 72
"""Expanded taps of a tile: three rows of six words."""
CHANNEL_BYTES = 16
CORRECTION_BYTES = 16


def constant_bytes(kernel: Kernel, layer: Layer) -> int:
    """Bytes in flash of a layer packed for a kernel, as plan.pack_* make them."""
    if not isinstance(layer, Conv2D | FullyConnected):
        return 0
    outputs = len(layer.weights)
    output_pairs = -(-outputs // 2)
    constants = outputs * CHANNEL_BYTES
    if isinstance(layer, FullyConnected):
        return int(constants + outputs * -(-layer.weights.shape[1] // 4) * 4)
    _, height, width, channels = layer.weights.shape
    if kernel.name in WINOGRAD_TILE:
        positions = (WINOGRAD_TILE[kernel.name] + 2) ** 2
        stored = (kernel.stored_channels + 1) // 2
        words = pairs(channels) * (stored * positions * 2 + (output_pairs - stored) * 9)
        corrections = outputs * CORRECTION_BYTES if kernel.name == "f44" else 0
        return int(constants + corrections + (words + 2) * 4)
    if kernel.name in ("mono", "mono_lanes"):
        return constants + outputs * 5 * 4
    return int(constants + (output_pairs * _direct_pairs(height * width, channels) + 1) * 4)
