"""The arrays of RAM in a project: buffers of an inference, which may serve the front end between two."""

from __future__ import annotations

from edgel3_deploy.codegen.render import render
from edgel3_deploy.codegen.tflm import Arena
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.schedule import Schedule

FRONT_END_MEMORY = "front_end_memory.c"


def buffer_arenas(plan: Schedule | MemoryPlan | Arena) -> tuple[tuple[str, int], ...]:
    """The bytes of each region's arena without what outlives an inference, which lies behind it."""
    if isinstance(plan, Arena):
        return ((plan.region, plan.size),)
    kept = [(held.region, held.offset) for held in (plan.front_end,) if held is not None and held.streams]
    if isinstance(plan, Schedule):
        kept += [(held.place.region, held.place.offset) for held in plan.residents]
    return tuple(
        (region, min((offset for name, offset in kept if name == region), default=size))
        for region, size in plan.arenas
    )


def shared_arena(memory: FrontEndMemory | None) -> str | None:
    """The region whose arena the front end shares."""
    return None if memory is None or memory.streams else memory.region


def front_end_memory_source(memory: FrontEndMemory, arenas: tuple[tuple[str, int], ...]) -> bytes:
    """front_end_memory.c; `arenas` as `buffer_arenas` gives them.

    Raises ValueError where shared memory would reach beyond the arena, into what outlives an inference.
    """
    arena = dict(arenas).get(memory.region, 0)
    if not memory.streams and memory.offset + memory.size > arena:
        raise ValueError(
            f"the front end's {memory.size} bytes do not lie within the arena of {memory.region}"
        )
    return render("front_end_memory.c.j2", memory=memory, arena=arena)
