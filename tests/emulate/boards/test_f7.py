"""What the STM32F7 does not define, or loses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulate.conftest import Build


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("WAIT_STATES=6u", "216 MHz needs 7 flash wait states, 6 are set"),
        ("HSE_MHZ=24u", "the PLL runs at 450.0 MHz from 1.04 MHz"),
        ("NO_WAIT_FOR_OVERDRIVE", "216 MHz is over what voltage scale and over-drive allow"),
        ("FPU_STAYS_OFF", "the FPU was used before CPACR"),
    ],
)
def test_what_the_chip_does_not_define_stops_it_with_a_reason(
    bench: Callable[..., Any], monitor: Build, definition: str, complaint: str
) -> None:
    with bench("stm32f7", image=monitor("f7", definition)) as virtual:
        if definition == "FPU_STAYS_OFF":
            with virtual.terminal() as terminal:
                terminal.write(b"S")
                virtual.await_message(complaint)
        virtual.await_message(f"the CPU is locked up: {complaint}")


def test_an_access_directly_after_a_clock_enable_is_lost(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7", "NO_READ_BACK")) as virtual:
        virtual.await_message("an access to PWR directly after its clock was enabled is lost")


def test_a_crystal_does_not_start_in_bypass_mode(bench: Callable[..., Any], monitor: Build) -> None:
    # The NUCLEO's HSE is a clock signal: without HSEBYP it never becomes ready, and start-up waits for it.
    with bench("nucleo-f767zi", image=monitor("f7", "HSE_MHZ=8u")) as virtual:
        with virtual.terminal(timeout=0.3) as terminal:
            terminal.write(b"?")
            assert terminal.read(1) == b""
        assert virtual.messages == ""
