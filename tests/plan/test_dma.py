"""What DMA controllers write is counted, and kept free where no memory is theirs alone."""

from __future__ import annotations

from dataclasses import replace

from edgel3_deploy.boards import load_board
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.dma import dma_bytes
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.skeleton import skeleton

NETWORK = skeleton(member("sea-64"))


def test_the_serial_port_has_a_ring_and_so_has_a_microphone() -> None:
    board = load_board("stm32f7")
    assert dma_bytes(NETWORK, board) == 2_048 + 12_288
    assert dma_bytes(without_front_end(NETWORK), board) == 2_048
    assert dma_bytes(NETWORK, replace(board, microphone=None)) == 2_048
    assert dma_bytes(NETWORK, load_board("mps2-an500")) == 0


def test_without_a_memory_of_their_own_rings_are_in_the_main_one() -> None:
    board = load_board("stm32f7")
    shared = replace(board, dma_ram="")
    assert capacities(NETWORK, board)["dtcm"] - capacities(NETWORK, shared)["dtcm"] == 14_336
    wide = replace(load_board("nucleo-f767zi"), dma_ram="")
    assert dma_bytes(NETWORK, wide) - dma_bytes(NETWORK, shared) == 12_288
    assert "sram2" in capacities(NETWORK, shared)
    assert "sram2" not in capacities(NETWORK, board)
