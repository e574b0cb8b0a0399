"""What the STM32H7 does not define, by revision of its silicon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgel3_deploy.emulate import Quirks
from tests.emulate.conftest import Build


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("NO_WAIT_FOR_VOLTAGE", "are over what VOS1 allows"),
        ("PROGRAMMING_DELAY=1u", "240 MHz at VOS0 needs WRHIGHFREQ 2, 1 is set"),
    ],
)
def test_what_the_chip_does_not_define_stops_it_with_a_reason(
    bench: Callable[..., Any], monitor: Build, definition: str, complaint: str
) -> None:
    with bench("stm32h7", image=monitor("h7", definition)) as virtual:
        virtual.await_message(complaint)


def test_revision_y_neither_reaches_480_mhz_nor_reads_its_axi_sram(
    bench: Callable[..., Any], monitor: Build
) -> None:
    with bench("stm32h7", image=monitor("h7"), quirks=Quirks(revision="Y")) as virtual:
        virtual.await_message("PLL1's VCO would run at 960.0 MHz")
    image = monitor("h7", "READS_AXI_SRAM")
    with bench("stm32h7", image=image, quirks=Quirks(revision="Y")) as virtual:
        virtual.await_message("0x24000000 was read before 0x51008108 was set to 1")
