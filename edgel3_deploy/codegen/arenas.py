"""The RAM of a network in C: one array a region, with buffers, residents and the front end at offsets."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.codegen.tflm import Arena
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.schedule import Schedule

Plan = Schedule | MemoryPlan | Arena


@dataclass(frozen=True)
class ArenaView:
    """`size` bytes, where pointers have 32 bits, that `region` of a board holds.

    `symbol` is the array in C, `macro` what the integrator may define instead of it, `at` the macro that
    takes an offset.
    """

    region: str
    size: int
    symbol: str
    macro: str
    at: str


def view_arenas(plan: Plan) -> tuple[ArenaView, ...]:
    """The arenas of a plan; a single one is not named after its region."""
    sizes = arena_sizes(plan)
    views = []
    for region, size in sizes.items():
        suffix = f"_{region}" if len(sizes) > 1 else ""
        macro = f"EDGEL3_ARENA{suffix.upper()}"
        views.append(ArenaView(region, size, f"edgel3_arena{suffix}", macro, at(region)))
    return tuple(views)


def at(region: str) -> str:
    """The macro in C that makes an address of an offset in the arena of `region`."""
    return f"EDGEL3_AT_{region.upper()}"


def arena_sizes(plan: Plan) -> dict[str, int]:
    """Bytes by region, all of them: the front end's too."""
    if not isinstance(plan, Arena):
        return {region: size for region, size in plan.arenas if size}
    sizes = {plan.region: plan.size}
    if plan.front_end is not None:
        held = plan.front_end
        sizes[held.region] = max(sizes.get(held.region, 0), held.offset + held.size)
    return sizes


def idle_bytes(plan: Plan) -> dict[str, int]:
    """The bytes of each region's arena that hold nothing between inferences: its first ones."""
    kept = [(held.region, held.offset) for held in (plan.front_end,) if held is not None and held.streams]
    if isinstance(plan, Schedule):
        kept += [(held.place.region, held.place.offset) for held in plan.residents]
    if isinstance(plan, Arena):
        kept.append((plan.region, 0))
    return {
        region: min((offset for name, offset in kept if name == region), default=size)
        for region, size in arena_sizes(plan).items()
    }


def check_front_end(plan: Plan, memory: FrontEndMemory) -> None:
    """ValueError where the front end would reach beyond the arena, or into what outlives an inference."""
    limits = arena_sizes(plan) if memory.streams else idle_bytes(plan)
    if memory.offset + memory.size > limits.get(memory.region, 0):
        raise ValueError(
            f"the front end's {memory.size} bytes do not lie within the arena of {memory.region}"
        )
