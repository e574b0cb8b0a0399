"""The static estimate: flash and RAM of a network on a board, before any compiler runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from edgel3_deploy.models.family import Member
from edgel3_deploy.plan.code_sizes import code_bytes
from edgel3_deploy.plan.fitting import fitting, planned_member, scheduled
from edgel3_deploy.plan.front_end import FrontEndMemory, front_end_flash
from edgel3_deploy.plan.front_end_memory import least_front_end_bytes
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.head_bytes import NO_HEAD, HeadBytes
from edgel3_deploy.plan.limits import excesses, flash_limit, image_ram, ram_limit_of
from edgel3_deploy.plan.measure import group_costs
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.schedule import Schedule, enough_ram, frugal
from edgel3_deploy.plan.sensor import sensor_flash
from edgel3_deploy.plan.storage import live_bytes, storages

OTHER_CODE = "not counted in flash: code beside the kernels' and tables, typically 8 to 14 KB"
ALL_CODE = "not counted in flash: code, vector table and C library, typically 10 to 30 KB"


def flash_parts(layout: FlashLayout) -> str:
    """What an image's flash is counted with, as text; empty for a bare image."""
    if not layout.slots:
        return ""
    slots = f", {len(layout.slots)} slots: the smallest counts" if len(layout.slots) > 1 else ""
    return (
        f"{layout.loader_size:,} of the loader, {layout.header_size:,} of the image header{slots} "
        f"(not counted: {layout.settings_size:,} for settings)"
    )


def one_slot_advice(layout: FlashLayout) -> str:
    """What one slot would hold, as text, for an image that is too large for two; empty if there is one."""
    if len(layout.slots) < 2:
        return ""
    whole = sum(slot.size for slot in layout.slots) - layout.header_size
    return f"With --slots one an image may have {whole:,} bytes."


@dataclass(frozen=True)
class LayerEstimate:
    """One layer, or layers that one kernel computes together: constants in flash, RAM alive meanwhile.

    `kind` names the kernel or the operator. `instructions` are modelled, None where no model knows them.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    macs: int
    flash: int
    ram: int
    instructions: int | None = None


@dataclass(frozen=True)
class Estimate:
    """Whether a network fits a board. All sizes in bytes.

    `flash_used` counts the constants, the `code` of the native kernels (0 where another runtime's is not
    known), the front end, and what the `layout` takes: loader and image header. `ram_used` counts the arenas,
    the stack, the caller's input and output, the front end, the firmware's data, and the mailbox; if no plan
    exists, the peak of live bytes takes the arenas' place. `excess` says what is over which limit and by
    how much; `fitting` names the family members that fit the board where this network does not, None if they
    would be no remedy or were not looked for. With `sparsity` percent of zeros in all 3x3 convolutions it
    would, or with `least_ram` as the limit of an image's RAM, without front end with `least_ram_plain`: None
    if that is no remedy, or was not looked for. `front_end` is the memory of the one in the image, None
    without one or without a plan. `head` is what a head takes, which both count.
    """

    model: str
    board: str
    layout: FlashLayout
    layers: tuple[LayerEstimate, ...]
    code: int
    flash_used: int
    flash_limit: int
    ram_used: int
    ram_limit: int
    ram_regions: tuple[tuple[str, int], ...]
    peak_layer: str
    peak_bytes: int
    excess: tuple[str, ...]
    fitting: tuple[str, ...] | None
    sparsity: int | None = None
    least_ram: int | None = None
    least_ram_plain: int | None = None
    front_end: FrontEndMemory | None = None
    head: HeadBytes = NO_HEAD

    @property
    def verdict(self) -> Literal["fits", "over"]:
        return "over" if self.excess else "fits"

    @property
    def advice(self) -> str:
        """What to do about a verdict of "over"; empty otherwise."""
        if not self.excess:
            return ""
        models = "" if self.fitting is None else f"No model of the EdgeL3 family fits {self.board}."
        if self.fitting:
            models = f"Models of the EdgeL3 family that fit {self.board}: {', '.join(self.fitting)}."
        slots = one_slot_advice(self.layout) if self.flash_used > self.flash_limit else ""
        zeros = f"It would fit with {self.sparsity} % zeros in each 3x3 convolution (see prune)."
        sparse = zeros if self.sparsity is not None else ""
        ram = enough_ram(self.least_ram, self.least_ram_plain)
        return " ".join(part for part in (slots, ram, sparse, models) if part)

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for people: what is over, what would fit, what the estimate leaves out."""
        code = f"{self.code:,} of the kernels' code" if self.code else ""
        parts = ", ".join(part for part in (flash_parts(self.layout), code) if part)
        counted = f"counted in flash: {parts}" if parts else ""
        heard = "" if self.front_end is None else f"counted in RAM: the front end's {self.front_end.text}"
        head = self.head
        labels = (
            f"counted: the head's {head.flash:,} bytes of flash and {head.ram:,} of RAM" if head.ram else ""
        )
        over = (line if line.startswith(self.model) else f"over: {line}" for line in self.excess)
        told = (*over, self.advice, counted, heard, labels, *self.not_counted)
        return tuple(line for line in told if line)

    @property
    def not_counted(self) -> tuple[str, ...]:
        """What the estimate leaves out."""
        return (OTHER_CODE if self.code else ALL_CODE,)

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
            "flash": {
                "used": self.flash_used,
                "limit": self.flash_limit,
                "code": self.code,
                "loader": self.layout.loader_size,
                "header": self.layout.header_size,
                "settings": self.layout.settings_size,
            },
            "ram": {"used": self.ram_used, "limit": self.ram_limit, "regions": dict(self.ram_regions)},
            "peak": {"layer": self.peak_layer, "bytes": self.peak_bytes},
            "layers": [asdict(layer) for layer in self.layers],
            "excess": list(self.excess),
            "fitting": list(self.fitting or ()),
            "sparsity": self.sparsity,
            "least_ram": self.least_ram,
            "least_ram_plain": self.least_ram_plain,
            "front_end": None if self.front_end is None else asdict(self.front_end),
            "head": asdict(self.head),
            "not_counted": list(self.not_counted),
        }


def estimate_network(
    network: Network,
    board: Board,
    goal: Goal = "balanced",
    found: tuple[Option, ...] | None = None,
    *,
    layout: FlashLayout | None = None,
    ram_limit: int | None = None,
    head: HeadBytes = NO_HEAD,
    instead: bool = True,
) -> Estimate:
    """The estimate of a network run by the native kernels; the other arguments are those of `schedule`.

    Family members that fit where the network does not are only looked for if `instead`.
    """
    layout = layout or flash_layout(board)
    plan = scheduled(network, board, layout, goal, found, ram_limit=ram_limit, head=head)
    return estimate_schedule(network, plan, board, layout, ram_limit=ram_limit, head=head, instead=instead)


def estimate_member(member: Member, board: Board, layout: FlashLayout | None = None) -> Estimate:
    """The estimate of a family member by its shape and published sparsity; by default in the usual layout."""
    layout = layout or flash_layout(board)
    network, plan = planned_member(member, board, layout)
    return estimate_schedule(network, plan, board, layout)


def estimate_schedule(
    network: Network,
    plan: Schedule | OverBudgetError,
    board: Board,
    layout: FlashLayout | None = None,
    *,
    ram_limit: int | None = None,
    head: HeadBytes = NO_HEAD,
    instead: bool = True,
) -> Estimate:
    """The estimate of a network with its schedule, or, if there is none, the least that it would need.

    `layout` is the one that the schedule was made for, by default the board's usual one; `ram_limit` the
    limit on all RAM of the image that it kept to; `head` what a head takes. `instead`: see estimate_network.
    """
    if isinstance(plan, Schedule):
        groups = plan.groups
        alive = tuple(_group_ram(plan))
        arenas = plan.arenas
        ram = plan.arena_bytes
    else:
        way = frugal(network)
        groups = tuple(option.members for option in way)
        alive = tuple(option.ram for option in way)
        arenas = ()
        ram = _with_front_end(network, max(option.ram for option in way))
    rows = tuple(
        LayerEstimate(
            step.name, step.kernel.text, step.output_shape, step.macs, step.constant_bytes, need, cost
        )
        for members, need in zip(groups, alive, strict=True)
        for step, cost in zip(members.steps, group_costs(members), strict=True)
    )
    return _judged(
        network,
        board,
        layout,
        rows=rows,
        code=code_bytes(step for members in groups for step in members.steps),
        ram=ram,
        arenas=arenas,
        plan=plan,
        ram_limit=ram_limit,
        head=head,
        instead=instead,
    )


def estimate_layers(
    network: Network,
    plan: MemoryPlan | OverBudgetError,
    board: Board,
    layout: FlashLayout | None = None,
    *,
    head: HeadBytes = NO_HEAD,
) -> Estimate:
    """The estimate of a network run layer by layer on whole maps, with its plan or the reason why not."""
    if isinstance(plan, MemoryPlan):
        alive, arenas = plan.live_bytes, plan.arenas
        ram = sum(size for _, size in arenas)
    else:
        alive, arenas = live_bytes(network, storages(network), {}), ()
        ram = _with_front_end(network, max(alive))
    rows = tuple(
        LayerEstimate(
            layer.name,
            type(layer).__name__,
            layer.output.shape,
            layer.macs,
            layer.constant_bytes,
            alive[layer.index],
        )
        for layer in network.layers
    )
    return _judged(network, board, layout, rows=rows, code=0, ram=ram, arenas=arenas, plan=plan, head=head)


def _judged(
    network: Network,
    board: Board,
    layout: FlashLayout | None,
    *,
    rows: tuple[LayerEstimate, ...],
    code: int,
    ram: int,
    arenas: tuple[tuple[str, int], ...],
    plan: Schedule | MemoryPlan | OverBudgetError,
    ram_limit: int | None = None,
    head: HeadBytes,
    instead: bool = True,
) -> Estimate:
    layout = layout or flash_layout(board)
    ram_used = image_ram(network, board, ram) + head.ram
    flash_used = (
        layout.overhead
        + front_end_flash(network)
        + sensor_flash(network)
        + sum(row.flash for row in rows)
        + code
        + head.flash
    )
    limited = ram_limit_of(board, ram_limit)
    excess = excesses(board, layout, flash_used, ram_used, limited)
    if isinstance(plan, OverBudgetError) and not excess:
        excess = (plan.message,)
    peak = max(rows, key=lambda row: row.ram)
    return Estimate(
        model=network.name,
        board=board.name,
        layout=layout,
        layers=rows,
        code=code,
        flash_used=flash_used,
        flash_limit=flash_limit(board, layout),
        ram_used=ram_used,
        ram_limit=limited,
        ram_regions=arenas,
        peak_layer=peak.name,
        peak_bytes=peak.ram,
        excess=excess,
        fitting=(fitting(board, layout, ram_limit) if excess else ())
        if instead and network.front_end
        else None,
        front_end=None if isinstance(plan, OverBudgetError) else plan.front_end,
        head=head,
    )


def _with_front_end(network: Network, ram: int) -> int:
    """Bytes of buffers with the least that a front end takes."""
    own, shared = least_front_end_bytes(network)
    return max(ram, shared) + own


def _group_ram(plan: Schedule) -> Iterator[int]:
    """Bytes alive while each group runs."""
    before = 0
    for members, whole in zip(plan.groups, plan.maps, strict=True):
        after = whole.size if whole else 0
        yield before + after + members.inner_bytes + members.scratch
        before = after
