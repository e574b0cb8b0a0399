"""Which pins a chip has, and which carry the signals of its UARTs and of DFSDM1, by which alternate function.

ST's data sheets of STM32F74x to F77x and STM32H742 to H753, as embassy's stm32-data has them. The part's
letter behind the digits is its package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgel3_deploy.boards.board import Family

Functions = Mapping[str, int]
"""From a pin to the alternate function that brings a signal to it."""

SWD = ("PA13", "PA14")
OSCILLATOR = ("PH0", "PH1")

_PART = re.compile(r"STM32[FH]7[0-9]{2}([A-Z])")
_PIN = re.compile(r"P([A-K])([0-9]+)")
_PORTS: Mapping[str, str] = {"R": "ABCD", "V": "ABCDE", "Z": "ABCDEFG", "I": "ABCDEFGHI"}
"""Ports that lead out of packages of 64, 100, 144 and 176 pins, beside the oscillator's."""
_PINS_OF_SHORT_PORTS: Mapping[tuple[str, str], int] = {("I", "I"): 12, ("", "K"): 8}
"""By package, or on every one: ports with fewer than 16 pins."""


def has_pin(part: str, pin: str) -> bool:
    """Whether the part has that pin; of a package that is not known here, whether any part has it."""
    parts, match = _PART.match(part), _PIN.fullmatch(pin)
    package = parts[1] if parts else ""
    if match is None:
        return False
    port, number = match[1], int(match[2])
    if pin in OSCILLATOR:
        return True
    count = _PINS_OF_SHORT_PORTS.get((package, port), _PINS_OF_SHORT_PORTS.get(("", port), 16))
    return port in _PORTS.get(package, port) and number < count


UART_TX: Mapping[Family, Mapping[str, Functions]] = {
    "stm32f7": {
        "USART1": {"PA9": 7, "PB6": 7, "PB14": 4},
        "USART2": {"PA2": 7, "PD5": 7},
        "USART3": {"PB10": 7, "PC10": 7, "PD8": 7},
        "UART4": {"PA0": 8, "PA12": 6, "PC10": 8, "PD1": 8, "PH13": 8},
        "UART5": {"PB6": 1, "PB9": 7, "PB13": 8, "PC12": 8},
        "USART6": {"PC6": 8, "PG14": 8},
        "UART7": {"PA15": 12, "PB4": 12, "PE8": 8, "PF7": 8},
        "UART8": {"PE1": 8},
    },
    "stm32h7": {
        "USART1": {"PA9": 7, "PB6": 7, "PB14": 4},
        "USART2": {"PA2": 7, "PD5": 7},
        "USART3": {"PB10": 7, "PC10": 7, "PD8": 7},
        "UART4": {"PA0": 8, "PA12": 6, "PB9": 8, "PC10": 8, "PD1": 8, "PH13": 8},
        "UART5": {"PB6": 14, "PB13": 14, "PC12": 8},
        "USART6": {"PC6": 7, "PG14": 7},
        "UART7": {"PA15": 11, "PB4": 11, "PE8": 7, "PF7": 7},
        "UART8": {"PE1": 8, "PJ8": 8},
    },
}
UART_RX: Mapping[Family, Mapping[str, Functions]] = {
    "stm32f7": {
        "USART1": {"PA10": 7, "PB7": 7, "PB15": 4},
        "USART2": {"PA3": 7, "PD6": 7},
        "USART3": {"PB11": 7, "PC11": 7, "PD9": 7},
        "UART4": {"PA1": 8, "PA11": 6, "PC11": 8, "PD0": 8, "PH14": 8, "PI9": 8},
        "UART5": {"PB5": 1, "PB8": 7, "PB12": 8, "PD2": 8},
        "USART6": {"PC7": 8, "PG9": 8},
        "UART7": {"PA8": 12, "PB3": 12, "PE7": 8, "PF6": 8},
        "UART8": {"PE0": 8},
    },
    "stm32h7": {
        "USART1": {"PA10": 7, "PB7": 7, "PB15": 4},
        "USART2": {"PA3": 7, "PD6": 7},
        "USART3": {"PB11": 7, "PC11": 7, "PD9": 7},
        "UART4": {"PA1": 8, "PA11": 6, "PB8": 8, "PC11": 8, "PD0": 8, "PH14": 8, "PI9": 8},
        "UART5": {"PB5": 14, "PB12": 14, "PD2": 8},
        "USART6": {"PC7": 7, "PG9": 7},
        "UART7": {"PA8": 11, "PB3": 11, "PE7": 7, "PF6": 7},
        "UART8": {"PE0": 8, "PJ9": 8},
    },
}

DFSDM_CLOCK: Functions = {"PB0": 6, "PC2": 6, "PD3": 3, "PD10": 3, "PE9": 6}
"""CKOUT of DFSDM1 on the STM32F76x, the only family with a driver for it."""
DFSDM_DATA: tuple[Functions, ...] = (
    {"PC1": 3, "PD3": 6},
    {"PB1": 6, "PB12": 6, "PC3": 3, "PD6": 10},
    {"PB14": 6, "PC5": 3, "PE7": 6},
    {"PC7": 7, "PD9": 3, "PE4": 10},
    {"PC0": 6, "PD7": 3, "PE10": 6},
    {"PB6": 6, "PC11": 3, "PE12": 6},
    {"PD1": 3, "PF13": 6},
    {"PB9": 6, "PB10": 6, "PD0": 6},
)
"""DATIN of each channel."""
