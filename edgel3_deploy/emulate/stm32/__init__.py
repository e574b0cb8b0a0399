"""Peripherals and memories of STM32F7 and STM32H7, shared and per family, and their ROM bootloader."""
