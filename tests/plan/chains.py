"""Networks and boards for the planner: random chains of layers, boards of given RAM regions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from edgel3_deploy.boards.board import Board, Region
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.planner import RESERVE
from tests.graph.models import ModelBuilder

STACK = 1024


def board_with(*sizes: int) -> Board:
    """A board with RAM regions ram0, ram1... of `sizes` bytes, which ram0 has beside stack and reserve."""
    regions = [Region("flash", "flash", 0x0800_0000, 1 << 21)]
    origin = 0x2000_0000
    for index, size in enumerate(sizes):
        whole = size + (STACK + RESERVE if index == 0 else 0)
        regions.append(Region(f"ram{index}", "ram", origin, whole))
        origin += whole
    return replace(
        load_board("stm32f7"),
        regions=tuple(regions),
        main_ram="ram0",
        dma_ram="",
        stack_size=STACK,
        loader=None,
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Chains of one to nine layers that start with an image, views and poolings at either end included."""
    shape = tuple(draw(st.integers(1, 9)) for _ in range(3))
    builder = ModelBuilder(shape, zero_point=draw(st.integers(-128, 127)), seed=draw(st.integers(0, 99)))
    for _ in range(draw(st.integers(1, 9))):
        _append(draw, builder)
    return read_network(builder.build())


def _append(draw: st.DrawFn, builder: ModelBuilder) -> None:
    image = len(builder.shape) == 3
    kind = draw(st.sampled_from(["conv2d", "max_pool2d", "max_pool2d", "reshape", "fully_connected"]))
    if kind == "conv2d" and image:
        builder.conv2d(draw(st.integers(1, 12)), stride=(draw(st.integers(1, 2)), 1))
    elif kind == "max_pool2d" and image:
        same = draw(st.booleans()) or min(builder.shape[:2]) < 2
        builder.max_pool2d(stride=(draw(st.integers(1, 2)), 2), same=same)
    elif kind == "fully_connected":
        builder.fully_connected(draw(st.integers(1, 60)))
    elif image:
        builder.reshape((builder.shape[0] * builder.shape[1] * builder.shape[2],))
    else:
        builder.reshape((builder.shape[0], 1, 1))
