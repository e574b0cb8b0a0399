"""Baud rates that a board's UART can make: it divides the clock of its bus by a whole number.

The firmware runs with one of two clocks: the one that start-up reaches, or the internal oscillator where it
stays when crystal, PLL or regulator fail. Prescalers are those of chip_stm32f7.c and chip_stm32h7.c.
"""

from __future__ import annotations

from edgel3_deploy.boards.board import Board

DIVIDERS = (16, 0xFFFF)
"""What BRR takes with 16-fold oversampling (RM0410 34.8.4, RM0433 48.7.4)."""
MAX_ERROR = 0.02
"""Half of what an 8N1 receiver bears (RM0410 table 209), so that the other side may err too."""

_INTERNAL_HZ = {"stm32f7": 16_000_000, "stm32h7": 64_000_000}
_UARTS_ON_APB2 = ("USART1", "USART6")


def uart_clocks(board: Board) -> tuple[int, int]:
    """The UART's clock in Hz as start-up sets it, and the internal oscillator's, which nothing divides."""
    fast_bus = board.family == "stm32f7" and board.uart.instance in _UARTS_ON_APB2
    return board.clock.cpu_hz // (2 if fast_bus else 4), _INTERNAL_HZ[board.family]


def divider(clock_hz: int, baudrate: int) -> int:
    """The divider nearest to `baudrate`, as the firmware rounds it."""
    return (clock_hz + baudrate // 2) // baudrate


def rate_error(clock_hz: int, baudrate: int) -> float:
    """How far the rate made is from `baudrate`, as a fraction of it; infinite if no divider makes it."""
    by = divider(clock_hz, baudrate)
    if not DIVIDERS[0] <= by <= DIVIDERS[1]:
        return float("inf")
    return abs(clock_hz / by / baudrate - 1)


def baud_range(clocks_hz: tuple[int, ...]) -> tuple[int, int]:
    """The lowest and highest rates for which each of the clocks has a divider."""
    return -(-max(clocks_hz) // DIVIDERS[1]), min(clocks_hz) // DIVIDERS[0]
