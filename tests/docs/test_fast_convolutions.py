"""docs/fast-convolutions.md states nothing that does not come out when it is computed again."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import Requantize
from edgel3_deploy.plan.bounds import EXACT, MAX_FAST_SHIFT
from edgel3_deploy.plan.kernel import LANES
from edgel3_deploy.plan.pack_winograd import F22_WEIGHTS, F44_LANE_OFFSET, F44_WEIGHTS
from tests.firmware.kernels.calls import random_layer

Matrix = NDArray[np.int64]
Integers = int | NDArray[np.int64]
MODULUS = 1 << 32
INVERSE_OF_9 = 0x38E38E39
BITS = {"f44": 25, "f22": 29, "mono": 30, "direct": 31}
F22_INPUT = np.array([(1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)])
F22_OUTPUT = np.array([(2, 1, 1, 0), (0, 1, -1, -2)])


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page, with typographic minus signs as ASCII."""
    return (repository / "docs" / "fast-convolutions.md").read_text().replace("−", "-")


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table whose header line starts so, without the header."""
    lines = page[page.index(heading) :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def matrix(cells: list[str]) -> Matrix:
    return np.array([[int(number) for number in cell.split(",")] for cell in cells])


@pytest.fixture(scope="module")
def f44(page: str) -> tuple[Matrix, Matrix, Matrix]:
    """G, B^T and A^T of F(4,3) as the page prints them."""
    inner, outer = rows(page, "| row | G"), rows(page, "| output | A^T")
    return matrix([row[1] for row in inner]), matrix([row[2] for row in inner]), matrix([r[1] for r in outer])


def number(value: int) -> str:
    return f"{value:,}"


def is_scaled_convolution(g: Matrix, b: Matrix, a: Matrix, factor: int) -> bool:
    """Both sides are linear in d and in g: equal for all unit vectors, equal for all integers."""
    outputs = len(a)
    return all(
        (a @ (g[:, tap] * b[:, pixel])).tolist() == [factor * (pixel == y + tap) for y in range(outputs)]
        for tap, pixel in product(range(g.shape[1]), range(b.shape[1]))
    )


def extremes(transform: Matrix, low: int, high: int) -> tuple[int, int]:
    """Lowest and highest element of T x T^T for elements of x in low..high."""
    lowest, highest = [], []
    for one, other in product(transform, transform):
        outer = np.outer(one, other)
        positive, negative = int(outer[outer > 0].sum()), int(outer[outer < 0].sum())
        lowest.append(positive * low + negative * high)
        highest.append(positive * high + negative * low)
    return min(lowest), max(highest)


def test_the_transforms_are_those_of_the_packer_and_give_scaled_convolutions(
    f44: tuple[Matrix, Matrix, Matrix],
) -> None:
    g, b, a = f44
    assert np.array_equal(g, F44_WEIGHTS)
    assert is_scaled_convolution(g, b, a, 24)
    assert is_scaled_convolution(F22_WEIGHTS, F22_INPUT, F22_OUTPUT, 2)


def test_common_factors_of_the_outputs(page: str, f44: tuple[Matrix, Matrix, Matrix]) -> None:
    printed = [int(row[2]) for row in rows(page, "| output | A^T")]
    assert [int(np.gcd.reduce(row)) for row in f44[2]] == printed == [1, 2, 4, 4]
    assert ", ".join(f"{24 // k}·y{i}" for i, k in enumerate(printed[:3])) in page


def test_the_example_of_f23(page: str) -> None:
    d, g = np.array([3, 1, -2, 5]), np.array([2, -1, 4])
    assert "`d = (3, 1, -2, 5)` and `g = (2, -1, 4)`" in page
    table = rows(page, "| | input side |")
    left, right = F22_INPUT @ d, F22_WEIGHTS @ g
    assert [int(row[1].split("=")[-1]) for row in table] == left.tolist()
    assert [int(row[2].split("=")[-1]) for row in table] == right.tolist()
    assert [int(row[3]) for row in table] == (left * right).tolist()
    assert (F22_OUTPUT @ (left * right)).tolist() == [-6, 48]
    assert np.correlate(d, g).tolist() == [-3, 24]
    assert "`2·y0 = 20 - 5 - 21 = -6` and `2·y1 = -5 + 21 + 32 = 48`, so `y = (-3, 24)`" in page


def test_the_example_of_f43(page: str, f44: tuple[Matrix, Matrix, Matrix]) -> None:
    g, b, a = f44
    d, kernel = np.array([3, 1, -2, 5, 0, 4]), np.array([2, -1, 4])
    left, right = b @ d, g @ kernel
    expected = {"G·g": right, "B^T·d": left, "product": right * left, "A^T·...": a @ (right * left)}
    for name, values in expected.items():
        line = re.search(rf"^    {re.escape(name)} *=([-\d ]+)", page, re.MULTILINE)
        assert line is not None
        assert [int(value) for value in line[1].split()] == values.tolist()
    assert "divided by 24: " + ", ".join(str(y) for y in np.correlate(d, kernel)) in page


def test_both_axes_together_give_the_convolution_times_the_factor(f44: tuple[Matrix, Matrix, Matrix]) -> None:
    random = np.random.default_rng(0)
    for (g, b, a), factor in ((f44, 576), ((F22_WEIGHTS, F22_INPUT, F22_OUTPUT), 4)):
        x, w = random.integers(-128, 128, (len(b), len(b))), random.integers(-128, 128, (3, 3))
        size = len(a)
        direct = [[int((x[r : r + 3, c : c + 3] * w).sum()) for c in range(size)] for r in range(size)]
        assert (a @ ((g @ w @ g.T) * (b @ x @ b.T)) @ a.T).tolist() == (factor * np.array(direct)).tolist()


def test_multiplications_and_bytes(page: str) -> None:
    for name, patch, outputs, fast, direct, saved, factor, size in rows(page, "| form | patch"):
        tile = int(name[2])
        side = tile + 2
        assert (patch, outputs) == (f"{side}x{side}", f"{tile}x{tile}")
        assert (int(fast), int(direct)) == (side**2, 9 * tile**2)
        assert saved == f"{float(Fraction(9 * tile**2, side**2)):g}x"
        assert int(factor) == {2: 2, 4: 24}[tile] ** 2
        assert size == f"{2 * side**2 / 9:.3g}x"


def test_ranges_of_transformed_factors_fit_int16(page: str, f44: tuple[Matrix, Matrix, Matrix]) -> None:
    g, b, _ = f44
    expected = [
        extremes(F22_INPUT, -128, 127),
        extremes(F22_WEIGHTS, -128, 127),
        extremes(b, -128, 127),
        extremes(b, 0, 255),
        extremes(g, -127, 127),
        extremes(g, -128, 127),
    ]
    assert [(row[1], row[2]) for row in rows(page, "| | lowest")] == [
        (number(low), number(high)) for low, high in expected
    ]
    assert all(low >= -(1 << 15) and high < 1 << 15 for low, high in expected)


def test_the_lane_offset_makes_every_low_lane_positive(page: str, f44: tuple[Matrix, Matrix, Matrix]) -> None:
    _, b, _ = f44
    offset = np.zeros((6, 6), np.int64)
    offset[4:, 4:] = F44_LANE_OFFSET
    assert np.all(b @ offset @ b.T == F44_LANE_OFFSET)
    low, high = extremes(b, 0, 255)
    assert low + F44_LANE_OFFSET == 0
    assert high + F44_LANE_OFFSET < 1 << 15
    assert f"{number(F44_LANE_OFFSET)} is added" in page
    assert f"lies in 0..{number(high + F44_LANE_OFFSET)}" in page
    assert "columns 4 and 5 of `b^t` are (1,1,1,1,1,0) and (0,0,0,0,0,1)" in page.lower()
    assert b[:, 4:].T.tolist() == [[1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1]]


def test_the_bias_at_position_1_1_reaches_every_output(f44: tuple[Matrix, Matrix, Matrix]) -> None:
    assert f44[2][:, 1].tolist() == [-4] * 4
    assert F22_OUTPUT[:, 1].tolist() == [1, 1]
    assert (-4) * (-4) * 36 == 576


def test_arithmetic_modulo_2_to_the_32(page: str) -> None:
    assert INVERSE_OF_9 * 9 == 2 * MODULUS + 1
    assert ((200 + 100) % 256, (300 % 256 - 250) % 256) == (44, 50)
    assert round((1 << 31) / 576 / 1e6, 1) == 3.7
    for acc, register, inverted, read in rows(page, "| acc | 576"):
        value = int(acc.split(", over")[0].replace(",", ""))
        assert register == number(576 * value % MODULUS)
        assert inverted == number(576 * value * INVERSE_OF_9 % MODULUS)
        signed = (64 * value + (1 << 31)) % MODULUS - (1 << 31)
        assert read.removesuffix(", wrong") == number(signed // 64)
        assert read.endswith("wrong") == (signed // 64 != value)
    assert f"over 2²⁵ = {number(1 << 25)}" in page


@pytest.mark.parametrize("edge", [-(1 << 25) - 1, -(1 << 25), 0, (1 << 25) - 1, 1 << 25])
def test_f44_is_exact_up_to_its_bound_and_not_beyond(edge: int) -> None:
    register = 576 * edge * INVERSE_OF_9 % MODULUS
    twice = ((register + (1 << 31)) % MODULUS - (1 << 31)) >> 5
    assert (twice == 2 * edge) == (-(1 << 25) <= edge < 1 << 25)


def test_the_bounds_and_what_they_always_allow(page: str) -> None:
    superscript = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    table = {row[0].split("`")[1]: row for row in rows(page, "| kernel | the last")}
    assert set(table) == set(EXACT) - LANES == set(BITS)
    per_channel = 9 * 128 * 255
    for kernel, bits in BITS.items():
        power = f"2{str(bits).translate(superscript)}"
        assert table[kernel][2] == f"-{power} ≤ acc < {power}"
        if kernel == "mono":
            assert per_channel < 1 << bits
        else:
            assert table[kernel][3] == f"{number(((1 << bits) - 1) // per_channel)} input channels"


@pytest.mark.parametrize("kernel", ["f44", "f22", "mono"])
def test_the_generator_applies_the_bounds_of_the_page(kernel: str) -> None:
    edge = 1 << BITS[kernel]
    layer = random_layer(np.random.default_rng(2), (4, 4, 1), 4)
    bias = np.array([-edge - 1, -edge, edge - 1, edge], np.int32)
    constant = replace(layer, weights=np.zeros_like(layer.weights), bias=bias)
    assert EXACT[kernel](constant).tolist() == [False, True, True, False]


def five_instructions(acc: Integers, multiplier: Integers, shift: Integers, zero_point: int) -> Integers:
    t = (2 * acc * multiplier + (1 << 31)) >> 32
    return (t + (t >> 31) + (1 << (shift - 1)) + zero_point * (1 << shift)) >> shift


def three_instructions(acc: Integers, multiplier: Integers, shift: Integers) -> Integers:
    t = (2 * acc * multiplier + (1 << 31)) >> 32
    return (t + (1 << (shift - 1)) - 128 * (1 << shift)) >> shift


def test_the_example_of_requantization(page: str) -> None:
    multiplier = 1_518_500_250
    assert round(multiplier / (1 << 31), 4) == 0.7071
    assert (2 * 1234 * multiplier + (1 << 31)) >> 32 == 873
    assert 128 << 4 == 2048
    assert five_instructions(1234, multiplier, 4, -128) == (873 + 8 - 2048) >> 4 == 55 - 128 == -73
    assert ((-8 - 1 + 8) >> 4, (-8 + 8) >> 4, (8 + 8) >> 4) == (-1, 0, 1)
    assert f"`1 ≤ e ≤ {MAX_FAST_SHIFT}`" in page


def test_requantization_equals_the_reference() -> None:
    random = np.random.default_rng(1)
    count = 4000
    constants = Requantize(
        random.integers(1 << 30, 1 << 31, count).astype(np.int32),
        -random.integers(1, MAX_FAST_SHIFT + 1, count).astype(np.int32),
    )
    size = 1 << random.integers(0, 31, count)
    accumulators = random.integers(-size, size)
    multiplier, shift = constants.multiplier.astype(np.int64), -constants.shift.astype(np.int64)
    exact = requantize(accumulators.astype(np.int32), constants)
    assert np.array_equal(five_instructions(accumulators, multiplier, shift, 0), exact)
    three = three_instructions(accumulators, multiplier, shift)
    assert np.array_equal(np.maximum(three, -128), np.maximum(exact - 128, -128))
