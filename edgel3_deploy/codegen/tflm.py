"""What the TFLite Micro project needs beyond the model: its operators by TFLM's names, and an arena."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Network, Reshape
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.planner import capacities, place_front_end

MARGIN = 1024
"""Added to the interpreter's own figure: an arena of exactly arena_used_bytes fails to allocate."""

STACK = 8 * 1024
"""Bytes of stack that the interpreter gets at least: its calls go deeper than generated code's."""


@dataclass(frozen=True)
class Operator:
    """`method` as in the resolver's AddConv2D, `register` its int8 registration, declared in `header`."""

    name: str
    method: str
    register: str
    header: str


@dataclass(frozen=True)
class Arena:
    """The interpreter's memory: `size` bytes in `region`; `front_end` has its own, None without one."""

    region: str
    size: int
    front_end: FrontEndMemory | None = None


_OPERATORS: dict[type[Layer], Operator] = {
    Conv2D: Operator("conv_2d", "Conv2D", "Register_CONV_2D_INT8", "conv"),
    MaxPool2D: Operator("max_pool_2d", "MaxPool2D", "Register_MAX_POOL_2D_INT8", "pooling"),
    Reshape: Operator("reshape", "Reshape", "Register_RESHAPE", "reshape"),
    FullyConnected: Operator(
        "fully_connected", "FullyConnected", "Register_FULLY_CONNECTED_INT8", "fully_connected"
    ),
}


def operators(network: Network) -> tuple[Operator, ...]:
    """The operators that `network` uses, each once."""
    used = {type(layer) for layer in network.layers}
    return tuple(operator for kind, operator in _OPERATORS.items() if kind in used)


def with_stack(board: Board) -> Board:
    """`board` with a stack that holds the interpreter's calls."""
    return replace(board, stack_size=max(board.stack_size, STACK))


def place_arena(used: int, network: Network, board: Board) -> Arena:
    """Room for an interpreter that uses `used` bytes, in the first region that has it.

    The interpreter keeps to its arena between inferences, so the front end has memory of its own. Raises
    OverBudgetError if no region is large enough: the arena must be in one piece.
    """
    size = -(-(used + MARGIN) // 1024) * 1024
    free = capacities(network, board)
    for name, room in free.items():
        if size <= room:
            front_end, _ = place_front_end(network, board, {name: size}, may_share=False)
            return Arena(name, size, front_end)
    largest = max(free, key=free.__getitem__)
    raise OverBudgetError(
        f"TFLite Micro needs an arena of {size:,} bytes in one piece; {board.name} has {free[largest]:,} "
        f"({largest}): {size - free[largest]:,} too many",
        "The runtimes native and cmsis-nn may spread activations over regions.",
    )
