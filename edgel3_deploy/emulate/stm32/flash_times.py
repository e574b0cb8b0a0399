"""How long flash operations take, typical values of the data sheets."""

from __future__ import annotations

ERASE_SECONDS_PER_BYTE = 1.0 / (128 * 1024)
PROGRAM_SECONDS = {"stm32f7": 16e-6, "stm32h7": 200e-6}
"""Of a unit of PSIZE, and of a flash word."""
