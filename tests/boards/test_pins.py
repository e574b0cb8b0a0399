"""Pins by package, and the functions that bring signals to them."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards.pins import DFSDM_CLOCK, DFSDM_DATA, UART_RX, UART_TX, has_pin


@pytest.mark.parametrize(
    ("part", "pin", "there"),
    [
        ("STM32F767VI", "PE15", True),
        ("STM32F767VI", "PF0", False),
        ("STM32F767ZI", "PG15", True),
        ("STM32F767ZI", "PH1", True),
        ("STM32F767ZI", "PH2", False),
        ("STM32F767II", "PI11", True),
        ("STM32F767II", "PI12", False),
        ("STM32F769NI", "PK7", True),
        ("STM32F769NI", "PK8", False),
        ("STM32H743XI", "PJ9", True),
        ("STM32F767", "PJ9", True),
        ("my part", "PK7", True),
    ],
)
def test_packages_lead_out_what_they_have(part: str, pin: str, there: bool) -> None:
    assert has_pin(part, pin) is there


def test_every_signal_is_at_a_pin_of_the_largest_package() -> None:
    tables = [
        functions
        for table in (UART_TX, UART_RX)
        for instances in table.values()
        for functions in instances.values()
    ]
    for functions in (*tables, DFSDM_CLOCK, *DFSDM_DATA):
        assert functions
        for pin, function in functions.items():
            assert has_pin("STM32F767NI", pin)
            assert 0 < function < 16
