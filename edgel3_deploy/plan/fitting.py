"""Which members of the family fit a board, by their shapes and published sparsity: each searched for once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from edgel3_deploy.models.family import FAMILY, Member
from edgel3_deploy.plan.front_end import front_end_flash
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.head_bytes import NO_HEAD, HeadBytes
from edgel3_deploy.plan.limits import excesses, flash_limit, image_ram, ram_limit_of
from edgel3_deploy.plan.list_sizes import least_constants
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.schedule import Schedule, can_be_laid_out, can_have_ram, schedule
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.sensor import sensor_flash
from edgel3_deploy.plan.skeleton import skeleton


def fitting(board: Board, layout: FlashLayout | None = None, ram_limit: int | None = None) -> tuple[str, ...]:
    """Names of the family members that fit."""
    return tuple(member.name for member in FAMILY if member_fits(member, board, layout, ram_limit))


def member_fits(
    member: Member, board: Board, layout: FlashLayout | None = None, ram_limit: int | None = None
) -> bool:
    """Whether a family member fits, as the estimate of it says in full."""
    return _alike_fits(_alike(member), board, layout or flash_layout(board), ram_limit)


def planned_member(
    member: Member, board: Board, layout: FlashLayout
) -> tuple[Network, Schedule | OverBudgetError]:
    """The member's shape and schedule, or why it has none."""
    network = replace(_shape(_alike(member)), name=member.name)
    return network, scheduled(network, board, layout, "balanced", None)


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
    """The schedule, or why there is none; not searched for where the weights alone are too many."""
    if weights_exceed(network, board, layout):
        return OverBudgetError(f"the weights of {network.name} exceed the flash of {board.name}")
    try:
        return schedule(
            network, board, goal, found, layout=layout, ram_limit=ram_limit, head=head, advise=False
        )
    except OverBudgetError as error:
        return error


def weights_exceed(
    network: Network, board: Board, layout: FlashLayout, sparsity: Sequence[float] = ()
) -> bool:
    """Whether the least bytes of all weights are more than the flash holds; with `sparsity` as if so many
    percent of each convolution's were zeros.
    """
    shares = iter(sparsity)
    weights = sum(
        least_constants(layer, next(shares, None) if isinstance(layer, Conv2D) else None)
        for layer in network.layers
    )
    return layout.overhead + weights > flash_limit(board, layout)


@lru_cache(maxsize=256)
def _alike_fits(member: Member, board: Board, layout: FlashLayout, ram_limit: int | None) -> bool:
    dense = _shape(replace(member, sparsity=(0.0,) * len(member.sparsity)))
    if weights_exceed(dense, board, layout, member.sparsity) or not can_have_ram(dense, board, ram_limit):
        return False
    network = _shape(member)
    if can_be_laid_out(network, board, layout, ram_limit):
        return True
    # Without Winograd kernels: enough to see whether anything fits, since these only add bytes.
    plain = options(network, kernels="plain")
    plan = scheduled(network, board, layout, "balanced", plain, ram_limit=ram_limit)
    if isinstance(plan, OverBudgetError):
        return False
    flash = layout.overhead + front_end_flash(network) + sensor_flash(network) + plan.flash_bytes
    ram = image_ram(network, board, plan.arena_bytes)
    return not excesses(board, layout, flash, ram, ram_limit_of(board, ram_limit))


@lru_cache(maxsize=2 * len(FAMILY))
def _shape(member: Member) -> Network:
    return skeleton(member)


def _alike(member: Member) -> Member:
    """The same for all members of one shape and sparsity, which is planned once."""
    return next(known for known in FAMILY if _key(known) == _key(member))


def _key(member: Member) -> tuple[object, ...]:
    return member.n_mels, member.frames, member.filters, member.sparsity
