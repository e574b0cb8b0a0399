"""The verdict before compiling."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Sector
from edgel3_deploy.errors import ExitCode, OverBudgetError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.code_sizes import PART_BYTES
from edgel3_deploy.plan.dma import dma_bytes
from edgel3_deploy.plan.estimate import estimate_layers, estimate_member, estimate_network
from edgel3_deploy.plan.front_end import front_end_flash, without_front_end
from edgel3_deploy.plan.planner import plan_memory
from edgel3_deploy.plan.sensor import sensor_flash
from edgel3_deploy.plan.skeleton import skeleton
from tests.graph.models import ModelBuilder, small_model
from tests.plan.chains import board_with

F7 = load_board("stm32f7")
SMALL = ("sea-64", "sea-128", "sea-256")
SPARSE = ("sparse-ft-87.0", "sparse-ft-95.45", "sparse-kd-87.0", "sparse-kd-95.45")


def test_a_member_is_judged_by_its_published_sparsity() -> None:
    sparse = estimate_member(member("sparse-ft-95.45"), F7)
    assert sparse.flash_used < 900_000 < member("sparse-ft-95.45").int8_weight_bytes
    assert sparse.layers == estimate_member(member("sparse-kd-95.45"), F7).layers


def test_a_limit_of_ram_counts_everything() -> None:
    network = skeleton(member("sea-64"))
    limited = estimate_network(network, F7, ram_limit=112 << 10)
    assert limited.verdict == "fits"
    assert limited.ram_used <= limited.ram_limit == 112 << 10
    assert estimate_network(without_front_end(network), F7, ram_limit=64 << 10).verdict == "fits"
    refused = estimate_network(network, F7, ram_limit=16 << 10)
    assert any(excess.startswith("RAM by") for excess in refused.excess)
    assert refused.fitting == ()
    assert estimate_network(network, F7, ram_limit=1 << 10).ram_limit == 1 << 10


def test_sea_64_counts_the_constants_of_every_layer_and_the_kernels_code() -> None:
    result, network = estimate_member(member("sea-64"), F7), skeleton(member("sea-64"))
    constants = sum(layer.flash for layer in result.layers)
    beside = result.layout.overhead + front_end_flash(network) + sensor_flash(network)
    assert result.flash_used == beside + constants + result.code
    assert result.code > PART_BYTES["f44"]
    assert sum(layer.macs for layer in result.layers) == skeleton(member("sea-64")).macs
    assert result.peak_bytes == max(layer.ram for layer in result.layers)
    assert result.flash_limit == (2048 - 64) << 10
    assert result.ram_limit == 512 << 10


def test_loader_image_header_and_mailbox_are_counted_and_named() -> None:
    bare, whole, split = (
        estimate_member(member("sea-64"), F7, layout=flash_layout(F7, slots)) for slots in (0, 1, 2)
    )
    assert whole.flash_used == bare.flash_used + 32 * 1024 + 1024
    assert (bare.flash_limit, whole.flash_limit, split.flash_limit) == (2 << 20, 1984 << 10, 960 << 10)
    parts = "32,768 of the loader, 1,024 of the image header (not counted: 65,536 for settings)"
    assert f"counted in flash: {parts}, {whole.code:,} of the kernels' code" in whole.notes
    assert any("2 slots: the smallest counts" in note for note in split.notes)
    assert not any("loader" in note for note in bare.notes)
    assert whole.to_json()["flash"]["loader"] == 32 * 1024
    qemu = estimate_member(member("sea-64"), load_board("mps2-an500"))
    beside = [found.ram_used - sum(size for _, size in found.ram_regions) for found in (whole, qemu)]
    assert beside[0] == beside[1] + 256 + dma_bytes(skeleton(member("sea-64")), F7)


def test_a_slot_too_small_is_over() -> None:
    result = estimate_member(member("sea-256"), F7, layout=flash_layout(F7, 2))
    assert result.excess[0].startswith("flash by")
    assert "of 983,040)" in result.excess[0]
    assert result.fitting == ("sea-64", "sea-128", "sparse-ft-95.45", "sparse-kd-95.45")
    assert result.advice.startswith("With --slots one an image may have 1,997,824 bytes. Models of")


def test_sea_512_is_over_by_so_much_and_others_would_fit() -> None:
    result = estimate_member(member("sea-512"), F7)
    assert result.verdict == "over"
    excess = result.flash_used - result.flash_limit
    assert f"flash by {excess:,} bytes ({result.flash_used:,} of 2,031,616)" in result.excess
    assert result.fitting == (*SMALL, *SPARSE)
    with pytest.raises(OverBudgetError) as caught:
        result.require_fit()
    assert caught.value.exit_code == ExitCode.OVER_BUDGET
    assert "sea-512 does not fit stm32f7: flash by" in caught.value.message
    assert "sea-64, sea-128, sea-256" in caught.value.hint


def test_a_fitting_network_raises_nothing_and_needs_no_advice() -> None:
    result = estimate_network(read_network(small_model()), F7)
    assert result.verdict == "fits"
    assert result.advice == ""
    result.require_fit()


def test_ram_alone_can_be_over() -> None:
    network = read_network(ModelBuilder((16, 16, 64)).conv2d(64, (16, 16)).max_pool2d((3, 3)).build())
    result = estimate_network(network, board_with(1 << 14))
    assert result.verdict == "over"
    assert result.flash_used < result.flash_limit
    assert result.excess[0].startswith("RAM by")
    assert result.advice == ""


def test_a_board_beyond_the_ceiling_is_held_to_it() -> None:
    regions = tuple(replace(region, size=64 << 20) for region in F7.regions)
    sectors = (*F7.sectors, Sector(len(F7.sectors), F7.flash.end, 62 << 20))
    result = estimate_member(member("sea-64"), replace(F7, regions=regions, sectors=sectors))
    assert (result.flash_limit, result.ram_limit) == (2 << 20, 1 << 20)


def test_a_plan_made_elsewhere_is_taken_as_it_is() -> None:
    network = read_network(small_model())
    plan = plan_memory(network, F7, scratch={0: 4096})
    result = estimate_layers(network, plan, F7)
    assert result.ram_regions == plan.arenas
    assert result.layers[0].ram == plan.live_bytes[0]


def test_notes_say_what_is_left_out() -> None:
    notes = " ".join(estimate_member(member("sea-64"), F7).notes)
    assert "not counted in flash: code" in notes
    assert "not counted in RAM" not in notes


def test_json_holds_plain_values() -> None:
    content = json.loads(json.dumps(estimate_member(member("sea-512"), F7).to_json()))
    assert content["verdict"] == "over"
    assert content["flash"]["used"] > content["flash"]["limit"] == 1984 << 10
    assert content["fitting"] == [*SMALL, *SPARSE]
    assert {layer["name"] for layer in content["layers"]} >= {"conv1", "pool4"}


def test_layers_without_a_plan_count_what_is_alive() -> None:
    network = read_network(ModelBuilder((64, 64, 1)).conv2d(16).conv2d(1).build())
    result = estimate_layers(network, OverBudgetError("too small", ""), board_with(1 << 15))
    assert (result.peak_layer, result.peak_bytes) == ("conv1", 65_536 + 4096)
    assert result.excess[0].startswith("RAM by")
