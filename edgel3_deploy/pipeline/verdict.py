"""Refusing what does not fit: by the estimate before compiling, by the image's budget after linking."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.models.family import Member
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.plan.estimate import Estimate, estimate_member, estimate_network, one_slot_advice
from edgel3_deploy.plan.fitting import fitting
from edgel3_deploy.plan.remedy import with_remedy
from edgel3_deploy.plan.skeleton import float_skeleton
from edgel3_deploy.toolchain.budget import Budget


def refuse_estimate(estimate: Estimate) -> None:
    """Raise OverBudgetError, with the estimate as its verdict, for what cannot fit."""
    try:
        estimate.require_fit()
    except OverBudgetError as error:
        error.verdict = estimate.to_json()
        raise


def refuse_member(member: Member, board: Board, layout: FlashLayout | None = None) -> None:
    """Raise OverBudgetError if the shape of a family member alone cannot fit `board`."""
    refuse_estimate(estimate_member(member, board, layout))


def refuse_float(network: FloatNetwork, board: Board, layout: FlashLayout | None = None) -> None:
    """Raise OverBudgetError if a float network's shape, with the zeros that it has, cannot fit `board`."""
    shape = float_skeleton(network)
    refuse_estimate(with_remedy(estimate_network(shape, board, layout=layout), shape, board))


def refuse_budget(budget: Budget, model_name: str, board: Board, *, family: bool = True) -> None:
    """Raise OverBudgetError, with budget.json's content as its verdict, for an image that does not fit.

    Models of the EdgeL3 family are offered instead where `family` says that the model takes their input.
    """
    if budget.verdict == "fits":
        return
    members = fitting(board, budget.layout) if family else ()
    hint = (
        f"Largest: {', '.join(f'{item.name} {item.size:,}' for item in budget.items[:4])}. "
        if budget.items
        else ""
    )
    if budget.flash.excess and (advice := one_slot_advice(budget.layout)):
        hint += f"{advice} "
    error = OverBudgetError(
        f"{model_name} does not fit {board.name}: {'; '.join(budget.excess)}",
        f"{hint}Models of the EdgeL3 family that should fit: {', '.join(members) or 'none'}."
        if family
        else hint.strip() or "Choose a smaller model.",
    )
    error.verdict = {"model": model_name, "board": board.name, **budget.to_json(), "fitting": list(members)}
    raise error
