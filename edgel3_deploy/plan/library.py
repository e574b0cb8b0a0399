"""The schedule of a network in a library: one arena in RAM that nobody knows yet, no firmware around it."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board, Clock, Region, Uart
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.limits import beside_arenas
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.plan.schedule import Schedule, least_ram_limits, schedule

LIBRARY = Board(
    name="a library",
    title="a library for Cortex-M7",
    part="Cortex-M7",
    family="mps2-an500",
    clock=Clock(cpu_hz=1, hse_hz=0, hse_bypass=False),
    regions=(Region("flash", "flash", 0, 2 << 20), Region("ram", "ram", 0x2000_0000, 1 << 20)),
    main_ram="ram",
    stack_size=0,
    uart=Uart(instance="", tx="", rx="", alternate_function=0, baudrate=0),
)
"""What a library is planned for: one region of RAM, and as much of both memories as the largest part has."""
USUAL_ARENA = 256 << 10
"""Bytes that an arena may take unless another limit is given."""


def schedule_library(
    network: Network, goal: Goal = "balanced", by: Measure = "instructions", limit: int | None = None
) -> Schedule:
    """The schedule of `network` whose one arena takes at most `limit` bytes, by default USUAL_ARENA.

    What a limit leaves is filled at start with what saves work; without one nothing is. Raises
    OverBudgetError, which says with how much it would fit.
    """
    most = USUAL_ARENA if limit is None else limit
    ram_limit = most + beside_arenas(network, LIBRARY)
    try:
        return schedule(network, LIBRARY, goal, ram_limit=ram_limit, by=by, residents=limit is not None)
    except OverBudgetError as error:
        raise OverBudgetError(
            f"{network.name} does not fit an arena of {most:,} bytes", _enough(network) or error.hint
        ) from error


def _enough(network: Network) -> str:
    """Limits of the arena that would do, as text; empty if none would."""
    whole, bare = least_ram_limits(network, LIBRARY)
    if whole is None:
        return "" if bare is None else "It would fit without the front end (--no-front-end)."
    least = whole - beside_arenas(network, LIBRARY)
    other = ""
    if bare is not None:
        plain = bare - beside_arenas(without_front_end(network), LIBRARY)
        other = f", without front end (--no-front-end) with --ram {_k(plain)}" if plain < least else ""
    return f"It would fit with --ram {_k(least)}{other}."


def _k(size: int) -> str:
    return f"{-(-size // 1024)}K"
