"""Plans are sound, tight, deterministic, and survive poisoned memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.codegen.cmsis_nn import network_scratch
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network, Reshape
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run, run_layer
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.application_data import application_data
from edgel3_deploy.plan.arena import ALIGNMENT
from edgel3_deploy.plan.check import check_plan
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.planner import capacities, plan_memory
from edgel3_deploy.plan.skeleton import skeleton
from tests.graph.models import ModelBuilder, random_input
from tests.plan.chains import board_with, networks

SEA_64 = without_front_end(skeleton(member("sea-64")))


def plan_of(network: Network, board: Board) -> MemoryPlan:
    return plan_memory(network, board, scratch=network_scratch(network))


class TestSea64:
    @pytest.mark.parametrize("board", ["stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"])
    def test_fits_every_board(self, board: str) -> None:
        plan = plan_of(SEA_64, load_board(board))
        check_plan(SEA_64, plan, load_board(board))

    def test_peak_is_where_conv1_and_conv2_are_alive_together(self) -> None:
        plan = plan_memory(SEA_64, load_board("stm32f7"))
        assert SEA_64.layers[plan.peak_layer].name == "conv2"
        assert plan.live_bytes[plan.peak_layer] == 2 * 64 * 50 * 32

    def test_what_fits_goes_to_dtcm_and_the_rest_spills(self) -> None:
        places = {
            place.tensor: place.region for place in plan_memory(SEA_64, load_board("stm32f7")).placements
        }
        regions = {layer.name: places.get(layer.output.index, "caller") for layer in SEA_64.layers}
        assert regions.pop("conv2") == "sram1"
        assert regions.pop("pool4") == regions.pop("reshape1") == "caller"
        assert set(regions.values()) == {"dtcm"}


@settings(max_examples=150)
@given(networks(), st.lists(st.integers(0, 1200), min_size=1, max_size=3))
def test_every_plan_is_sound(network: Network, sizes: list[int]) -> None:
    board = board_with(*sizes)
    try:
        plan = plan_of(network, board)
    except OverBudgetError as error:
        assert "bytes" in error.message
        assert error.hint
        assume(False)
    check_plan(network, plan, board)


@settings(max_examples=100)
@given(networks())
def test_one_region_is_used_no_further_than_its_peak(network: Network) -> None:
    """The arena is exactly the largest sum of what one layer needs."""
    plan = plan_of(network, board_with(1 << 20))
    buffers = {(place.offset, place.first): place for place in (*plan.placements, *plan.scratch)}
    needs = [
        sum({p.offset: aligned(p.size) for p in buffers.values() if p.first <= index <= p.last}.values())
        for index in range(len(network.layers))
    ]
    assert dict(plan.arenas).get("ram0", 0) == max(needs)


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


@settings(max_examples=30)
@given(networks())
def test_the_same_arguments_give_the_same_plan(network: Network) -> None:
    board = board_with(600, 1 << 20)
    assert plan_of(network, board) == plan_of(network, board)


@settings(max_examples=150)
@given(networks(), st.integers(0, 900), st.integers(0, 99))
def test_poisoned_memory_changes_nothing(network: Network, fast: int, seed: int) -> None:
    """Layers run in the planned arenas, where before every layer all but its input is overwritten."""
    board = board_with(fast, 1 << 16)
    plan = plan_of(network, board)
    values = random_input(network.input.shape, seed)
    np.testing.assert_array_equal(run_in_arenas(network, plan, values), run(network, values))


def run_in_arenas(network: Network, plan: MemoryPlan, values: np.ndarray) -> np.ndarray:
    generator = np.random.default_rng(1)
    arenas = {name: np.zeros(size, np.int8) for name, size in plan.arenas}
    source = np.ascontiguousarray(values).ravel().copy()
    target = np.zeros(network.output.size, np.int8)
    places = {place.tensor: arenas[place.region][place.offset :][: place.size] for place in plan.placements}
    workspaces = {place.first: arenas[place.region][place.offset :][: place.size] for place in plan.scratch}
    views = {network.input.index: source}
    for layer in network.layers:
        if isinstance(layer, Reshape) and layer.input.index in views:
            views[layer.output.index] = views[layer.input.index]
    views.setdefault(network.output.index, target)
    for layer in reversed(network.layers):
        if isinstance(layer, Reshape) and layer.output.index in views:
            views.setdefault(layer.input.index, views[layer.output.index])
    views.update(places)
    for layer in network.layers:
        before, after = views[layer.input.index], views[layer.output.index]
        kept = before.copy()
        for arena in arenas.values():
            arena[:] = generator.integers(-128, 128, len(arena))
        before[:] = kept
        if isinstance(layer, Reshape):
            assert before.ctypes.data == after.ctypes.data
            continue
        workspace = workspaces.get(layer.index, np.empty(0, np.int8))
        workspace[:] = 0x5A
        result = run_layer(layer, before).ravel()
        after[:] = result
        workspace[:] = -1
        assert (after == result).all()
    np.testing.assert_array_equal(source, values.ravel())
    return views[network.output.index].reshape(network.output.shape)


class TestCapacities:
    def test_main_ram_gives_up_stack_reserve_mailbox_and_the_callers_tensors(self) -> None:
        limits = capacities(SEA_64, load_board("stm32f7"))
        assert list(limits) == ["dtcm", "sram1"]
        assert limits["dtcm"] == (128 - 4 - 8) * 1024 - 256 - 64 * 50 - 64
        assert limits["sram1"] == 368 * 1024 - application_data(SEA_64, load_board("stm32f7"))

    def test_a_region_smaller_than_its_stack_holds_nothing(self) -> None:
        assert capacities(SEA_64, replace(board_with(0), stack_size=1 << 20))["ram0"] == 0


class TestOverBudget:
    def test_names_the_buffer_the_region_and_what_is_missing(self) -> None:
        network = read_network(ModelBuilder((8, 8, 4)).conv2d(16).conv2d(1).build())
        with pytest.raises(OverBudgetError) as caught:
            plan_memory(network, board_with(64, 1000))
        assert "conv1's output of 1,024 bytes" in caught.value.message
        assert "ram1, lacks 24 bytes" in caught.value.message

    def test_scratch_counts(self) -> None:
        network = read_network(ModelBuilder((8, 8, 4)).conv2d(1).build())
        with pytest.raises(OverBudgetError, match="conv1's scratch of 5,000 bytes"):
            plan_memory(network, board_with(4096), scratch={0: 5000})


def test_scratch_lies_between_the_two_activations() -> None:
    network = read_network(ModelBuilder((8, 8, 4)).conv2d(4).conv2d(4).conv2d(4).build())
    plan = plan_memory(network, board_with(1 << 16), scratch={1: 100})
    assert plan.arenas == (("ram0", 256 + 112 + 256),)
    assert [place.offset for place in (plan.placements[0], plan.scratch[0], plan.placements[1])] == [
        0,
        256,
        368,
    ]
