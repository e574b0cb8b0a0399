"""docs/sparse.md states nothing that does not come out when it is computed again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import Conv2D, MaxPool2D, Network, Requantize
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import scratch_of
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.lane_workspace import with_newest_apart
from edgel3_deploy.plan.lanes import Lanes
from edgel3_deploy.plan.list_forms import MOST_WEIGHT
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.pack_sparse import PAIRS_TURN, TAP_TURN, WORD_PAIR_TURN, pack_sparse
from edgel3_deploy.plan.skeleton import skeleton
from tests.graph.l3 import sparse_l3
from tests.graph.models import ModelBuilder

MODULUS = 1 << 32


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page in single lines per paragraph, with typographic minus signs as ASCII."""
    text = (repository / "docs" / "sparse.md").read_text().replace("−", "-")
    return re.sub(r"(?<=\S)\n {0,2}(?=[^\s|\-])", " ", text)


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table whose header line starts so, without the header."""
    lines = page[page.index(heading) :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(sparse_l3())


def convolutions(network: Network) -> list[tuple[Conv2D, int]]:
    """Each convolution with the positions of its output that are needed."""
    found = []
    for layer, following in zip(network.layers, network.layers[1:], strict=False):
        if isinstance(layer, Conv2D):
            height, width, _ = layer.output.shape
            if isinstance(following, MaxPool2D) and following.output.shape[0] > 1:
                height, width = height // 2 * 2, width // 2 * 2
            found.append((layer, height * width))
    return found


def test_the_network_is_the_one_of_the_table(page: str, network: Network) -> None:
    *layers, whole = rows(page, "| layer | map |")
    weights = macs = 0
    for (layer, positions), row in zip(convolutions(network), layers, strict=True):
        left = int(np.count_nonzero(layer.weights))
        height, width, inputs = layer.input.shape
        assert row[:3] == [layer.name, f"{height} x {width}", f"{inputs} → {len(layer.weights)}"]
        assert row[3:] == [
            f"{left:,}",
            f"{100 * left / layer.weights.size:.0f} %",
            f"{left * positions / 1e6:.1f} M",
        ]
        weights, macs = weights + left, macs + left * positions
    dense = sum(layer.weights.size for layer, _ in convolutions(network))
    assert whole[3:] == [f"{weights:,}", f"{100 * weights / dense:.1f} %", f"{macs / 1e6:,.1f} M"]
    assert f"it would be {network.macs / 1e6:,.1f} M MACs and {dense:,} bytes of weights" in page
    first, second = (layer.output.size for layer, _ in convolutions(network)[:2])
    assert f"are {first + second:,} bytes" in page
    assert f"the largest is {largest_sum(network):,} (conv5)" in page


def largest_sum(network: Network) -> int:
    return max(
        int(np.abs(layer.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
        for layer, _ in convolutions(network)
    )


def test_the_rings_hold_three_rows(page: str, network: Network) -> None:
    printed = rows(page, "| ring of three rows")
    positions = network.input.shape[0]
    sizes = []
    for index, (layer, _) in enumerate(convolutions(network)[:-1]):
        positions //= 2 if index % 2 else 1
        sizes.append(3 * positions * len(layer.weights))
    assert [row[1] for row in printed] == [f"{size:,}" for size in (*sizes, sum(sizes))]
    assert f"The input adds {network.input.size:,} bytes" in page
    assert f"the tile's scratch (below) {72 * 512:,}, the maxima {4 * 512:,}" in page
    assert 3 * 6 * 4 == 72


def test_newest_rows_share_the_workspace(page: str) -> None:
    steps = lane_chain(lane_steps(operations(skeleton(member("sparse-ft-95.45"))), columns=False), 0)
    whole = lane_group(steps, 96)
    members = with_newest_apart(whole)
    lanes = members.lanes
    assert lanes is not None
    assert "D = 96 (199, 99, 49 and 24 positions, 208, 104, 56 and 24 bytes)" in page
    found = {(ring.lanes.width, ring.lanes.stride) for ring in lanes.rings}
    assert found == {(199, 208), (99, 104), (49, 56), (24, 24)}
    printed = rows(page, "| while this runs")
    for running, (step, row) in enumerate(zip(members.steps, printed, strict=True)):
        own = scratch_of(step, lanes)
        newest = sum(
            ring.lanes.row_bytes
            for number, ring in enumerate(lanes.rings)
            if running in (number, number + 1) or (members.steps[number].kernel.pooled and running <= number)
        )
        assert row[0].split()[0] == step.name.split("_")[0]
        assert row[1:] == [f"{size:,}" for size in (own, newest, own + newest)]
    assert f"all fits {members.scratch:,} bytes" in page
    rings, before = sum(members.buffers), sum(whole.buffers)
    more = members.scratch - whole.scratch
    assert f"take {rings:,} bytes instead of {before:,}, the scratch {more:,} more, the maxima" in page
    least, most = (group.inner_bytes + group.scratch for group in (members, whole))
    assert f"{least:,} bytes instead of {most:,}" in page


def test_one_product_is_two(page: str) -> None:
    assert "word = u + s·2²⁴" in page
    for u, s, w in ((0, -128, 127), (255, 127, -128), (255, -128, -128), (17, -1, 3)):
        assert (u + s * (1 << 24)) * (w << 9) == (w * u << 9) + (w * s << 33)


def test_the_example_of_two_lanes(page: str) -> None:
    weights, bias, zero_point = (5, -3), 100, -128
    lane0, lane1 = (10, -20), (-7, 40)
    s0 = sum(w * (x + 128) for w, x in zip(weights, lane0, strict=True))
    s1 = sum(w * x for w, x in zip(weights, lane1, strict=True))
    k = 255 * 3
    c2 = 2 * (bias - (zero_point + 128) * sum(weights)) - 2 * k
    start = bias - zero_point * sum(weights)
    value = ((s0 + k) << 9) + ((s1 + start) << 33)
    low, high = value % MODULUS, value >> 32
    table = rows(page, "| | lane 0 | lane 1 |")
    assert table[0][1:] == [f"S0 = 5·138 - 3·108 = {s0}", f"S1 = 5·(-7) - 3·40 = {s1}"]
    assert table[1][1] == f"K = 255·3 = {k}, c2 = 200 - {2 * k:,} = {c2:,}"
    assert table[1][2] == f"b' = 100 + 128·2 = {start}"
    assert table[2][1:] == [f"low = ({s0} + {k})·512 = {low:,}", f"high = 2·({s1} + {start}) = {high}"]
    assert table[3][1:] == [f"{c2:,} + ({low:,} >> 8) = {c2 + (low >> 8)}", str(high)]
    direct = [
        bias + sum(w * (x - zero_point) for w, x in zip(weights, lane, strict=True))
        for lane in (lane0, lane1)
    ]
    assert table[4][1:] == [str(value) for value in direct] == [str((c2 + (low >> 8)) // 2), str(high // 2)]
    assert f"`100 + 5·(10 + 128) - 3·(-20 + 128) = {direct[0]}`" in page
    assert f"`100 + 5·(-7 + 128) - 3·(40 + 128) = {direct[1]}`" in page


def test_the_bound_is_the_last_sum_that_does_not_carry(page: str) -> None:
    bound = ((1 << 23) - 1) // 255
    assert f"Σ|w| ≤ {bound:,}" in page
    assert f"257·128 = {257 * 128:,}" in page
    assert bound == 257 * 128 == MOST_WEIGHT
    for total, carried in ((bound, False), (bound + 1, True)):
        # The largest sum is reached when every u behind a positive weight is 255; K lifts the lowest to 0.
        assert (255 * total << 9 >= MODULUS) == carried


def test_positions_lie_as_the_page_says(page: str) -> None:
    lanes = Lanes(width=16, channels=1, distance=8)
    places = {lanes.offset(position): position for position in range(16)}
    printed = re.search(r"^    (8 0 9 1 .*)$", page, re.MULTILINE)
    assert printed is not None
    assert [int(number) for number in re.findall(r"\d+", printed[1])] == [places[byte] for byte in range(16)]


def test_the_picture_shows_the_same_bytes(repository: Path) -> None:
    picture = (repository / "docs" / "images" / "lanes.svg").read_text()
    lanes = Lanes(width=16, channels=1, distance=8)
    places = {lanes.offset(position): position for position in range(16)}
    numbers = [int(text) for text in re.findall(r'<text [^>]*text-anchor="middle">(\d+)</text>', picture)]
    assert numbers[:16] == list(range(16))
    assert numbers[16:32] == [places[byte] for byte in range(16)]


def test_the_maximum_of_a_pair_keeps_its_lane_at_half_the_distance() -> None:
    row = Lanes(width=256, channels=1, distance=128)
    for position in range(0, 256, 2):
        pair, pooled = row.offset(position), row.pooled.offset(position // 2)
        assert pair // 8 == pooled // 4
        assert pair % 2 == pooled % 2


def test_the_distances_of_columns_leave_no_rest(page: str) -> None:
    assert "D = 128, 64, 32 and 16 fit the four widths" in page
    for width, distance in ((256, 128), (128, 64), (64, 32), (32, 16)):
        assert Lanes(width, 1, distance).stride == width


def test_a_rotation_and_a_mask_make_each_word_of_a_pair(page: str) -> None:
    assert (
        "Rotated right by 8 bits, u(j) is the lowest byte and s(j) the highest; rotated by 24, u(j + 1)"
        in page
    )
    u0, u1, s0, s1 = 3, 200, -5, 77
    memory = int.from_bytes(bytes((s0 % 256, u0, s1 % 256, u1)), "little")
    for rotation, (u, s) in ((8, (u0, s0)), (24, (u1, s1))):
        rotated = (memory >> rotation | memory << (32 - rotation)) % MODULUS
        assert rotated & 0xFF0000FF == (u + (s << 24)) % MODULUS


def test_the_loops_are_unrolled_as_far_as_the_page_says(page: str) -> None:
    assert (TAP_TURN, 2 * PAIRS_TURN, WORD_PAIR_TURN) == (128, 32, 32)
    assert "unrolled 128 times, those over bytes as far as 32 entries" in page


def test_the_example_of_a_list(page: str) -> None:
    before = 0
    for ky, channel, kx, _, word, in_bytes, in_words in rows(page, "| ky | channel |"):
        place = (int(ky) * 4 + int(channel)) * 6 + int(kx)
        assert (int(word), int(in_bytes), int(in_words)) == (place, 4 * (place - before), place - before)
        before = place


def one_channel(weights: NDArray[np.int8], bias: int) -> Conv2D:
    """A convolution to one output channel, input zero point -128, with `weights` (3, 3, channels)."""
    builder = ModelBuilder((3, 3, weights.shape[2]), zero_point=-128)
    network = read_network(builder.conv2d(1, activation="RELU", output=(0.5, -128)).build())
    layer = network.layers[0]
    assert isinstance(layer, Conv2D)
    return replace(layer, weights=weights[np.newaxis], bias=np.array([bias], np.int32))


def test_the_packer_makes_the_lists_of_the_example(page: str) -> None:
    weights = np.zeros((3, 3, 4), np.int8)
    pairs = []
    for ky, channel, kx, w, _, in_bytes, _ in rows(page, "| ky | channel |"):
        weights[int(ky), int(kx), int(channel)] = int(w)
        pairs.append([int(in_bytes), int(w) % 256])
    packed = pack_sparse(one_channel(weights, 0), ListSplit(), False)
    assert packed.lists[0].form == "bytes1"
    assert packed.lists[0].entries.tolist()[:3] == pairs


def test_the_packer_starts_the_lanes_of_the_example() -> None:
    weights = np.zeros((3, 3, 1), np.int8)
    weights[1, 1, 0], weights[1, 2, 0] = 5, -3
    packed = pack_sparse(one_channel(weights, 100), ListSplit(taps=1), False)
    _, _, low, high, offset, *_ = packed.channels[0].tolist()
    assert (low, high, offset) == (765 * 512, 2 * 356, -1330)


def test_instructions_for_each_mac_follow_from_those_of_an_entry(page: str) -> None:
    for _, _, _, instructions, per_mac in rows(page, "| form | an entry"):
        assert per_mac == f"{float(instructions) / 8 + 1e-9:.2f}"


def test_the_rounded_high_half_is_one_expression_for_every_sign() -> None:
    random = np.random.default_rng(0)
    size = 1 << random.integers(1, 31, 20_000)
    sums = np.concatenate([random.integers(-size, size), np.arange(-300, 300), [-(1 << 31), (1 << 31) - 1]])
    for multiplier in (1 << 30, 1_518_500_250, (1 << 31) - 1):
        # A shift of 0 leaves TFLite's first step alone.
        constants = Requantize(np.full(len(sums), multiplier, np.int32), np.zeros(len(sums), np.int32))
        expected = requantize(sums.astype(np.int32), constants)
        assert np.array_equal((2 * sums * multiplier + (1 << 31)) >> 32, expected)


def test_cache_lines(page: str, network: Network) -> None:
    macs = sum(int(np.count_nonzero(layer.weights)) * positions for layer, positions in convolutions(network))
    taps, encoded = macs / 8 * 8 / 32, macs / 8 * 2 / 32
    assert f"{taps / 1e6:.1f} M lines for `taps`, {encoded / 1e6:.1f} M for lists of bytes" in page
    assert f"that is {12 * taps / 1e9:.2f} G cycles" in page
