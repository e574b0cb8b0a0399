"""The static estimate: flash and RAM of a network on a board, before any compiler runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout, image_limit
from edgel3_deploy.models.family import FAMILY, Member
from edgel3_deploy.plan.code_sizes import code_bytes
from edgel3_deploy.plan.front_end import FrontEndMemory, front_end_flash
from edgel3_deploy.plan.front_end_memory import least_front_end_bytes
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.head_bytes import NO_HEAD, HeadBytes
from edgel3_deploy.plan.limits import beside_arenas
from edgel3_deploy.plan.list_sizes import least_constants
from edgel3_deploy.plan.measure import group_costs
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.schedule import Schedule, can_be_laid_out, enough_ram, frugal, schedule
from edgel3_deploy.plan.search import few_options, options
from edgel3_deploy.plan.sensor import sensor_flash
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.plan.storage import live_bytes, storages

FLASH_CEILING = 2 << 20
RAM_CEILING = 1 << 20
"""What the largest part of the families supported has, in bytes, whatever a board file says."""

OTHER_CODE = "not counted in flash: code beside the kernels' and tables, typically 8 to 14 KB"
ALL_CODE = "not counted in flash: code, vector table and C library, typically 10 to 30 KB"


def flash_limit(board: Board, layout: FlashLayout) -> int:
    """Bytes of flash that loader, image header and image may take: with one slot all but the settings."""
    return min(layout.overhead + image_limit(board, layout), FLASH_CEILING)


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
    how much; `fitting` names the family members that fit the board where this network does not. With
    `sparsity` percent of zeros in all 3x3 convolutions it would, or with `least_ram` as the limit of an
    image's RAM, without front end with `least_ram_plain`: None if that is no remedy, or was not looked
    for. `front_end` is the memory of the
    one in the image, None without one or without a plan. `head` is what a head takes, which both count.
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
) -> Estimate:
    """The estimate of a network run by the native kernels; the other arguments are those of `schedule`."""
    layout = layout or flash_layout(board)
    plan = scheduled(network, board, layout, goal, found, ram_limit=ram_limit, head=head)
    return estimate_schedule(network, plan, board, layout, ram_limit=ram_limit, head=head)


def estimate_member(member: Member, board: Board, layout: FlashLayout | None = None) -> Estimate:
    """The estimate of a family member by its shape and published sparsity; by default in the usual layout."""
    layout = layout or flash_layout(board)
    network, plan = _planned(member, board, layout)
    return estimate_schedule(network, plan, board, layout)


def member_fits(
    member: Member, board: Board, layout: FlashLayout | None = None, ram_limit: int | None = None
) -> bool:
    """The verdict of `estimate_member`."""
    return _alike_fits(_alike(member), board, layout or flash_layout(board), ram_limit)


@lru_cache(maxsize=256)
def _alike_fits(member: Member, board: Board, layout: FlashLayout, ram_limit: int | None) -> bool:
    network = _shape(member)
    if weights_exceed(network, board, layout):
        return False
    if can_be_laid_out(network, board, _few_options(member), layout, ram_limit):
        return True
    plan = scheduled(network, board, layout, "balanced", _plain_options(member), ram_limit=ram_limit)
    if isinstance(plan, OverBudgetError):
        return False
    flash = layout.overhead + front_end_flash(network) + sensor_flash(network) + plan.flash_bytes
    ram = _ram_used(network, board, plan.arena_bytes)
    return not _excess(board, layout, flash, ram, _ram_limit(board, ram_limit))


def estimate_schedule(
    network: Network,
    plan: Schedule | OverBudgetError,
    board: Board,
    layout: FlashLayout | None = None,
    *,
    ram_limit: int | None = None,
    head: HeadBytes = NO_HEAD,
) -> Estimate:
    """The estimate of a network with its schedule, or, if there is none, the least that it would need.

    `layout` is the one that the schedule was made for, by default the board's usual one; `ram_limit` the
    limit on all RAM of the image that it kept to; `head` what a head takes.
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
) -> Estimate:
    layout = layout or flash_layout(board)
    ram_used = _ram_used(network, board, ram) + head.ram
    flash_used = (
        layout.overhead
        + front_end_flash(network)
        + sensor_flash(network)
        + sum(row.flash for row in rows)
        + code
        + head.flash
    )
    limited = _ram_limit(board, ram_limit)
    excess = _excess(board, layout, flash_used, ram_used, limited)
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
        fitting=(fitting(board, layout, ram_limit) if excess else ()) if network.front_end else None,
        front_end=None if isinstance(plan, OverBudgetError) else plan.front_end,
        head=head,
    )


def _with_front_end(network: Network, ram: int) -> int:
    """Bytes of buffers with the least that a front end takes."""
    own, shared = least_front_end_bytes(network)
    return max(ram, shared) + own


def _ram_used(network: Network, board: Board, arenas: int) -> int:
    return arenas + beside_arenas(network, board)


def _ram_limit(board: Board, limit: int | None) -> int:
    most = min(sum(region.size for region in board.ram), RAM_CEILING)
    return most if limit is None else min(most, limit)


def _excess(board: Board, layout: FlashLayout, flash: int, ram: int, ram_limit: int) -> tuple[str, ...]:
    limits = (("flash", flash, flash_limit(board, layout)), ("RAM", ram, ram_limit))
    return tuple(
        f"{what} by {used - limit:,} bytes ({used:,} of {limit:,})"
        for what, used, limit in limits
        if used > limit
    )


def _group_ram(plan: Schedule) -> Iterator[int]:
    """Bytes alive while each group runs."""
    before = 0
    for members, whole in zip(plan.groups, plan.maps, strict=True):
        after = whole.size if whole else 0
        yield before + after + members.inner_bytes + members.scratch
        before = after


@lru_cache(maxsize=len(FAMILY))
def _shape(member: Member) -> Network:
    return skeleton(member)


@lru_cache(maxsize=len(FAMILY))
def _options(member: Member) -> tuple[Option, ...]:
    return options(_shape(member))


@lru_cache(maxsize=len(FAMILY))
def _few_options(member: Member) -> tuple[Option, ...]:
    return few_options(_shape(member))


@lru_cache(maxsize=len(FAMILY))
def _plain_options(member: Member) -> tuple[Option, ...]:
    """Without Winograd kernels: enough to see whether anything fits, since these only add bytes."""
    return options(_shape(member), winograd=False)


def _alike(member: Member) -> Member:
    """The same for all members of one shape and sparsity, which is planned once."""
    return next(known for known in FAMILY if _key(known) == _key(member))


def _key(member: Member) -> tuple[object, ...]:
    return member.n_mels, member.frames, member.filters, member.sparsity


def _planned(member: Member, board: Board, layout: FlashLayout) -> tuple[Network, Schedule | OverBudgetError]:
    """The member's shape and schedule."""
    alike = _alike(member)
    network = replace(_shape(alike), name=member.name)
    found = None if weights_exceed(network, board, layout) else _options(alike)
    return network, scheduled(network, board, layout, "balanced", found)


def scheduled(
    network: Network,
    board: Board,
    layout: FlashLayout,
    goal: Goal,
    found: tuple[Option, ...] | None,
    *,
    ram_limit: int | None = None,
    head: HeadBytes = NO_HEAD,
) -> Schedule | OverBudgetError:
    """The schedule, which is not searched for where the weights alone are too many."""
    if weights_exceed(network, board, layout):
        return OverBudgetError(f"the weights of {network.name} exceed the flash of {board.name}")
    try:
        return schedule(network, board, goal, found, layout=layout, ram_limit=ram_limit, head=head)
    except OverBudgetError as error:
        return error


def weights_exceed(network: Network, board: Board, layout: FlashLayout) -> bool:
    weights = sum(least_constants(layer) for layer in network.layers)
    return layout.overhead + weights > flash_limit(board, layout)


def fitting(board: Board, layout: FlashLayout | None = None, ram_limit: int | None = None) -> tuple[str, ...]:
    """Names of the family members that fit."""
    return tuple(member.name for member in FAMILY if member_fits(member, board, layout, ram_limit))
