"""Layers read and write where the memory plan says; views of the same bytes are not copied."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.views import view_network
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.planner import plan_memory
from tests.graph.models import ModelBuilder


def planned(builder: ModelBuilder, board: Board) -> tuple[Network, MemoryPlan]:
    network = read_network(builder.build())
    return network, plan_memory(network, board, scratch={0: 64})


def test_the_chain_runs_from_the_callers_input_to_the_callers_output(board: Board) -> None:
    view = view_network(*planned(ModelBuilder((8, 8, 1)).conv2d(4).max_pool2d().conv2d(2), board))
    assert [(layer.input, layer.output) for layer in view.layers] == [
        ("input", "conv1_output"),
        ("conv1_output", "pool1_output"),
        ("pool1_output", "output"),
    ]


def test_a_final_reshape_moves_nothing(board: Board) -> None:
    view = view_network(*planned(ModelBuilder((4, 4, 1)).conv2d(2).reshape((32,)), board))
    assert [layer.moves for layer in view.layers] == [True, False]
    assert view.layers[0].output == "output"


def test_a_reshape_from_input_to_output_is_a_copy(board: Board) -> None:
    network, plan = planned(ModelBuilder((8,)).reshape((2, 4)), board)
    (layer,) = view_network(network, plan).layers
    assert (layer.input, layer.output, layer.moves) == ("input", "output", True)


def test_scratch_belongs_to_its_layer(board: Board) -> None:
    view = view_network(*planned(ModelBuilder((8, 8, 1)).conv2d(4).conv2d(2), board))
    assert view.layers[0].scratch is not None
    assert view.layers[0].scratch.name == "conv1_scratch"
    assert view.layers[1].scratch is None


def test_comments_say_what_a_layer_is(board: Board) -> None:
    view = view_network(*planned(ModelBuilder((8, 8, 3)).conv2d(4, stride=(2, 1)), board))
    comment = "\n".join(view.layers[0].comment)
    assert "convolution 3 x 3, stride 2 x 1" in comment
    assert "8 x 8 x 3 -> 4 x 8 x 4; 3,456 MACs" in comment
    assert "scale 0.05 zero point 3" in comment


def test_a_plan_without_a_place_is_a_bug(board: Board) -> None:
    network, plan = planned(ModelBuilder((8, 8, 1)).conv2d(4).conv2d(2), board)
    with pytest.raises(ValueError, match="no place"):
        view_network(network, dataclasses.replace(plan, placements=()))


def test_two_layers_of_one_name_are_refused(board: Board) -> None:
    network, plan = planned(ModelBuilder((8, 8, 1)).conv2d(4).conv2d(2), board)
    twins = tuple(dataclasses.replace(layer, name="conv1") for layer in network.layers)
    with pytest.raises(ValueError, match="clash"):
        view_network(dataclasses.replace(network, layers=twins), plan)
