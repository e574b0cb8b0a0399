"""Orders against the loops that a board runs."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.pipeline.order import PIXELS, Order

VALUES = np.arange(2 * 5 * 3, dtype=np.int8).reshape(2, 5, 3)
"""Height 2, width 5, 3 channels."""


def test_pixels_are_the_bytes_in_memory() -> None:
    assert PIXELS.shown(VALUES) == bytes(range(30))
    assert PIXELS.shown(VALUES.reshape(-1)) == bytes(range(30))


def test_rows_show_channel_by_channel() -> None:
    expected = [VALUES[y, x, c] for y in range(2) for c in range(3) for x in range(5)]
    assert Order("rows").shown(VALUES) == np.array(expected).tobytes()


def test_columns_take_the_width_for_the_height() -> None:
    expected = [VALUES[y, x, c] for x in range(5) for c in range(3) for y in range(2)]
    assert Order("columns").shown(VALUES) == np.array(expected).tobytes()


def test_strips_are_shown_one_after_the_other() -> None:
    strips = (range(2), range(2, 3), range(3, 5))
    expected = [VALUES[y, x, c] for strip in strips for y in range(2) for c in range(3) for x in strip]
    assert Order("rows", (2, 3)).shown(VALUES) == np.array(expected).tobytes()


@pytest.mark.parametrize(
    ("order", "shape", "fits"),
    [
        (PIXELS, (4,), True),
        (PIXELS, (2, 5, 3), True),
        (Order("pixels", (1,)), (2, 5, 3), False),
        (Order("rows"), (2, 5, 3), True),
        (Order("rows", (4,)), (2, 5, 3), True),
        (Order("rows", (5,)), (2, 5, 3), False),
        (Order("columns", (1,)), (2, 5, 3), True),
        (Order("columns", (2,)), (2, 5, 3), False),
        (Order("rows", (0,)), (2, 5, 3), False),
        (Order("rows", (3, 2)), (2, 5, 3), False),
        (Order("rows"), (4,), False),
    ],
)
def test_what_an_order_fits(order: Order, shape: tuple[int, ...], fits: bool) -> None:
    assert order.fits(shape) is fits
