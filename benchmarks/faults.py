"""Faults of start-up code and drivers that silicon punishes, each as a change of the firmware's sources."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.bring_up import Scenario
from benchmarks.firmware import Change
from edgel3_deploy.emulate import Quirks

F7, H7, NUCLEO = "stm32f7", "stm32h7", "nucleo-f767zi"
_DRIVERS = "firmware/drivers"
_CHIP_F7, _CHIP_H7 = f"{_DRIVERS}/chip_stm32f7.c", f"{_DRIVERS}/chip_stm32h7.c"
_CORE, _UART = f"{_DRIVERS}/core.c", f"{_DRIVERS}/uart_stm32.c"
_PINS = f"{_DRIVERS}/stm32.h"

POWER_ON = Scenario("power-on")
THROUGH_ROM = Scenario("started by the ROM bootloader", through_rom=True)
_INPUT = "static int8_t input[EDGEL3_INPUT_SIZE] __attribute__(("
REVISION_Y = Scenario(
    "revision Y, input in AXI SRAM",
    quirks=Quirks(revision="Y"),
    others=(Change("firmware/application/main.c", _INPUT, f'{_INPUT}section(".arena_axi"), '),),
    cpu_hz=64_000_000,
)
REGION_LEFT = Scenario(
    "MPU region left by another program",
    others=(
        Change(
            f"loader/{_CORE}",
            "    SCB_VTOR = (uint32_t)vectors;\n    const uint32_t stack_pointer",
            "    MPU_RNR = 7;\n    MPU_RBAR = 0x20000000u;\n"
            "    MPU_RASR = MPU_RASR_XN | MPU_RASR_SIZE(17) | MPU_RASR_ENABLE;\n"
            "    SCB_VTOR = (uint32_t)vectors;\n    const uint32_t stack_pointer",
        ),
    ),
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, in which source, and where it shows."""

    name: str
    change: Change
    boards: tuple[str, ...]
    scenario: Scenario = POWER_ON


FAULTS = (
    Fault(
        "no wait for the HSE",
        Change(_CHIP_F7, "return stm32_wait(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);", "return true;"),
        (F7,),
    ),
    Fault(
        "no wait for the HSE",
        Change(_CHIP_H7, "return stm32_wait(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);", "return true;"),
        (H7,),
    ),
    Fault(
        "no wait for over-drive",
        Change(_CHIP_F7, "if (!stm32_wait(&PWR_CSR1, PWR_CSR1_ODRDY, PWR_CSR1_ODRDY)) {", "if (false) {"),
        (F7,),
    ),
    Fault(
        "no wait for the over-drive switch",
        Change(_CHIP_F7, "if (!stm32_wait(&PWR_CSR1, PWR_CSR1_ODSWRDY, PWR_CSR1_ODSWRDY)) {", "if (false) {"),
        (F7,),
    ),
    Fault(
        "no wait for the highest voltage",
        Change(
            _CHIP_H7,
            "return stm32_wait(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);",
            "return true;",
        ),
        (H7,),
    ),
    Fault(
        "regulator left at its reset scale",
        Change(_CHIP_F7, "    PWR_CR1 |= PWR_CR1_VOS_SCALE1;\n", "    PWR_CR1 &= ~PWR_CR1_VOS_SCALE1;\n"),
        (F7,),
    ),
    Fault(
        "PLL multiplies by too little",
        Change(_CHIP_F7, "RCC_PLLCFGR_N(BOARD_PLL_N)", "RCC_PLLCFGR_N(BOARD_PLL_N - 16u)"),
        (F7,),
    ),
    Fault(
        "PLL multiplies by too little",
        Change(_CHIP_H7, "RCC_PLL1DIVR_N(BOARD_PLL_N)", "RCC_PLL1DIVR_N(BOARD_PLL_N - 8u)"),
        (H7,),
    ),
    Fault("PLL set while it runs", Change(_CHIP_F7, "    RCC_CR &= ~RCC_CR_PLLON;\n", ""), (F7,)),
    Fault("PLL set while it runs", Change(_CHIP_H7, "    RCC_CR &= ~RCC_CR_PLL1ON;\n", ""), (H7,)),
    Fault(
        "loader takes clocks to be in their reset state",
        Change(f"loader/{_CHIP_F7}", "    run_on_hsi();\n    if (start_hse()", "    if (start_hse()"),
        (NUCLEO,),
        THROUGH_ROM,
    ),
    Fault(
        "no flash wait states", Change(_CHIP_F7, "#define WAIT_STATES 7u", "#define WAIT_STATES 0u"), (F7,)
    ),
    Fault(
        "no flash wait states", Change(_CHIP_H7, "#define WAIT_STATES 4u", "#define WAIT_STATES 0u"), (H7,)
    ),
    Fault(
        "no flash programming delay",
        Change(_CHIP_H7, "#define PROGRAMMING_DELAY 2u", "#define PROGRAMMING_DELAY 0u"),
        (H7,),
    ),
    Fault(
        "AXI SRAM erratum not worked around",
        Change(_CHIP_H7, "        AXI_TARG7_FN_MOD = AXI_FN_MOD_READ_ISS_OVERRIDE;\n", ""),
        (H7,),
        REVISION_Y,
    ),
    Fault(
        "pins used directly after their clock was enabled",
        Change(_PINS, "    (void)RCC_GPIOENR;\n", ""),
        (F7, H7),
    ),
    Fault(
        "baud rate from the other bus's clock",
        Change(
            _UART,
            "ON_APB2 ? clocks->apb2_hz : clocks->apb1_hz",
            "ON_APB2 ? clocks->apb1_hz : clocks->apb2_hz",
        ),
        (F7,),
    ),
    Fault(
        "reset before the reply has left",
        Change(
            "firmware/application/main.c", "    note_healthy();\n    uart_flush();\n", "    note_healthy();\n"
        ),
        (F7, H7),
    ),
    Fault(
        "variables not copied from flash",
        Change(
            "firmware/startup/memory.c",
            "copy < __copy_table_end; copy++",
            "copy < __copy_table; copy++",
        ),
        (F7, H7),
    ),
    Fault(
        "variables not zeroed",
        Change("firmware/startup/memory.c", "zero < __zero_table_end; zero++", "zero < __zero_table; zero++"),
        (F7, H7),
    ),
    Fault(
        "stack not painted",
        Change("firmware/startup/memory.c", "        *word = PAINT;\n", "        (void)*word;\n"),
        (F7, H7),
    ),
    Fault(
        "watchdog never fed",
        Change(
            f"{_DRIVERS}/watchdog_stm32.c",
            "void watchdog_feed(void)\n{\n    IWDG_KR = IWDG_KR_FEED;\n",
            "void watchdog_feed(void)\n{\n",
        ),
        (F7, H7),
    ),
    Fault(
        "watchdog set while its registers are locked",
        Change(f"{_DRIVERS}/watchdog_stm32.c", "    IWDG_KR = IWDG_KR_UNLOCK;\n", ""),
        (F7,),
    ),
    Fault(
        "MPU regions of others not cleared",
        Change(_CORE, "        MPU_RASR = 0;\n", "        (void)MPU_RASR;\n"),
        (F7, H7),
        REGION_LEFT,
    ),
    Fault(
        "FPU not enabled",
        Change("firmware/startup/startup.c", "orr r1, r1, #0xF00000", "orr r1, r1, #0"),
        (F7, H7),
    ),
    Fault(
        "flash programmed in bytes",
        Change(
            f"{_DRIVERS}/flash_stm32f7.c",
            "FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_X32",
            "FLASH_CR = FLASH_CR_PG",
        ),
        (F7,),
    ),
    Fault(
        "flash not unlocked",
        Change(f"{_DRIVERS}/flash_stm32f7.c", "        FLASH_KEYR = FLASH_KEYR_KEY2;\n", ""),
        (F7,),
    ),
    Fault(
        "flash of one bank not unlocked",
        Change(f"{_DRIVERS}/flash_stm32h7.c", "        FLASH_KEYR(bank) = FLASH_KEYR_KEY2;\n", ""),
        (H7,),
    ),
)
