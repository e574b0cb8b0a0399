"""The static estimate: flash and RAM of a network on a board, layer by layer, before any compiler runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.family import FAMILY, Member
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.pack import native_scratch
from edgel3_deploy.plan.planner import RESERVE, plan_memory
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.plan.storage import live_bytes, storages

FLASH_CEILING = 2 << 20
RAM_CEILING = 1 << 20
"""What the largest part of the families supported has, in bytes, whatever a board file says."""

NOT_COUNTED = (
    "not counted in flash: code, vector table and C library, typically 10 to 20 KB",
    f"not counted in RAM: the firmware's data and bss, for which {RESERVE // 1024} KB are kept free",
)


@dataclass(frozen=True)
class LayerEstimate:
    """One layer: bytes of constants in flash, bytes of RAM alive while it runs."""

    name: str
    kind: str
    shape: tuple[int, ...]
    macs: int
    flash: int
    ram: int


@dataclass(frozen=True)
class Estimate:
    """Whether a network fits a board. All sizes in bytes.

    `ram_used` counts the arenas, the stack and the caller's input and output; if no plan exists, the peak of
    live bytes takes the arenas' place. `excess` says what is over which limit and by how much; `fitting`
    names the family members that fit the board where this network does not.
    """

    model: str
    board: str
    layers: tuple[LayerEstimate, ...]
    flash_used: int
    flash_limit: int
    ram_used: int
    ram_limit: int
    ram_regions: tuple[tuple[str, int], ...]
    peak_layer: str
    peak_bytes: int
    excess: tuple[str, ...]
    fitting: tuple[str, ...]

    @property
    def verdict(self) -> Literal["fits", "over"]:
        return "over" if self.excess else "fits"

    @property
    def advice(self) -> str:
        """What to do about a verdict of "over"; empty otherwise."""
        if not self.excess:
            return ""
        if not self.fitting:
            return f"No dense int8 model of the EdgeL3 family fits {self.board}."
        return f"Models of the EdgeL3 family that fit {self.board}: {', '.join(self.fitting)}."

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for people: what is over, what would fit, what the estimate leaves out."""
        return tuple(line for line in (*self.excess, self.advice, *NOT_COUNTED) if line)

    def require_fit(self) -> None:
        """Raises OverBudgetError, which names the excess and what would fit, unless the verdict is "fits"."""
        if self.excess:
            raise OverBudgetError(
                f"{self.model} does not fit {self.board}: {'; '.join(self.excess)}", self.advice
            )

    def to_json(self) -> dict[str, Any]:
        """The estimate as JSON values."""
        return {
            "model": self.model,
            "board": self.board,
            "verdict": self.verdict,
            "flash": {"used": self.flash_used, "limit": self.flash_limit},
            "ram": {"used": self.ram_used, "limit": self.ram_limit, "regions": dict(self.ram_regions)},
            "peak": {"layer": self.peak_layer, "bytes": self.peak_bytes},
            "layers": [asdict(layer) for layer in self.layers],
            "excess": list(self.excess),
            "fitting": list(self.fitting),
            "not_counted": list(NOT_COUNTED),
        }


def estimate_network(network: Network, board: Board) -> Estimate:
    """The estimate of a network run by the portable kernels."""
    return estimate(network, _plan(network, board), board)


def estimate_member(member: Member, board: Board) -> Estimate:
    """The estimate of a family member by its shape alone, as dense int8."""
    return estimate_network(skeleton(member), board)


def estimate(network: Network, plan: MemoryPlan | OverBudgetError, board: Board) -> Estimate:
    """The estimate of a network with its memory plan, or with the reason why there is none."""
    stack_and_caller = board.stack_size + network.input.size + network.output.size
    if isinstance(plan, MemoryPlan):
        alive, arenas = plan.live_bytes, plan.arenas
        ram_used = sum(size for _, size in arenas) + stack_and_caller
    else:
        memories = storages(network, in_place_pooling=True)
        alive, arenas = live_bytes(network, memories, native_scratch(network)), ()
        ram_used = max(alive) + stack_and_caller
    flash_used = sum(layer.constant_bytes for layer in network.layers)
    flash_limit = min(board.flash.size, FLASH_CEILING)
    ram_limit = min(sum(region.size for region in board.ram), RAM_CEILING)
    excess = [
        f"{what} by {used - limit:,} bytes ({used:,} of {limit:,})"
        for what, used, limit in (("flash", flash_used, flash_limit), ("RAM", ram_used, ram_limit))
        if used > limit
    ]
    if isinstance(plan, OverBudgetError):
        excess.append(plan.message)
    peak = max(range(len(alive)), key=alive.__getitem__)
    return Estimate(
        model=network.name,
        board=board.name,
        layers=tuple(
            LayerEstimate(
                layer.name,
                type(layer).__name__,
                layer.output.shape,
                layer.macs,
                layer.constant_bytes,
                alive[layer.index],
            )
            for layer in network.layers
        ),
        flash_used=flash_used,
        flash_limit=flash_limit,
        ram_used=ram_used,
        ram_limit=ram_limit,
        ram_regions=arenas,
        peak_layer=network.layers[peak].name,
        peak_bytes=alive[peak],
        excess=tuple(excess),
        fitting=_fitting(board) if excess else (),
    )


def _plan(network: Network, board: Board) -> MemoryPlan | OverBudgetError:
    try:
        return plan_memory(network, board, scratch=native_scratch(network))
    except OverBudgetError as error:
        return error


def _fitting(board: Board) -> tuple[str, ...]:
    """Names of the family members that fit."""
    names = []
    for member in FAMILY:
        network = skeleton(member)
        flash = sum(layer.constant_bytes for layer in network.layers)
        if flash <= min(board.flash.size, FLASH_CEILING) and isinstance(_plan(network, board), MemoryPlan):
            names.append(member.name)
    return tuple(names)
