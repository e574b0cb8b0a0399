"""The arena is a little more than the interpreter asks for, in one piece, where there is room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.tflm import STACK, operators, place_arena, with_stack
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.reader import read_network
from tests.graph.models import ModelBuilder


def test_small_arenas_go_to_the_fastest_memory(board: Board) -> None:
    network = read_network(ModelBuilder((6, 6, 1)).conv2d(4).build())
    arena = place_arena(10_000, network, board)
    assert arena.region == board.ram[0].name
    assert 10_000 < arena.size <= 12_288
    assert arena.size % 1024 == 0


def test_what_does_not_fit_there_goes_on(board: Board) -> None:
    network = read_network(ModelBuilder((6, 6, 1)).conv2d(4).build())
    assert place_arena(212_772, network, board).region == "sram1"


def test_what_fits_nowhere_is_over_budget(board: Board) -> None:
    network = read_network(ModelBuilder((6, 6, 1)).conv2d(4).build())
    with pytest.raises(OverBudgetError, match="in one piece"):
        place_arena(400_000, network, board)


def test_each_operator_is_registered_once() -> None:
    network = read_network(
        ModelBuilder((8, 8, 1)).conv2d(4).conv2d(4).max_pool2d().reshape((64,)).fully_connected(3).build()
    )
    assert [operator.method for operator in operators(network)] == [
        "Conv2D",
        "MaxPool2D",
        "Reshape",
        "FullyConnected",
    ]


def test_the_interpreter_gets_the_stack_that_its_calls_need(board: Board) -> None:
    assert with_stack(board).stack_size == STACK > board.stack_size
    roomy = replace(board, stack_size=2 * STACK)
    assert with_stack(roomy) == roomy
