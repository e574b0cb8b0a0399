"""The STM32F7x6/F7x7/F7x9: everything at its address (RM0410 section 2.2)."""

from __future__ import annotations

import math
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.watchdog import ChipTime
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32 import rom_state
from edgel3_deploy.emulate.stm32.dbgmcu import DbgMcu
from edgel3_deploy.emulate.stm32.flash_f7 import FlashF7
from edgel3_deploy.emulate.stm32.flash_memory import flash_of
from edgel3_deploy.emulate.stm32.iwdg import Iwdg
from edgel3_deploy.emulate.stm32.part import (
    DWT_BASE,
    PERIPHERAL_BLOCK,
    PPB_BLOCK,
    SCS_BASE,
    USARTS,
    Part,
    SystemMemory,
    core,
    ports,
    rams,
    usarts,
)
from edgel3_deploy.emulate.stm32.pwr_f7 import PwrF7
from edgel3_deploy.emulate.stm32.rcc_f7 import RccF7
from edgel3_deploy.emulate.stm32.syscfg import SysCfg

ITCM_FLASH = 0x0020_0000
SYSTEM_MEMORY, SYSTEM_MEMORY_SIZE = 0x1FF0_0000, 0x1_0000
UID, FLASH_SIZE = 0x1FF0_F420, 0x1FF0_F442
_REVISION_Z = 0x1001
_HZ_PER_WAIT_STATE = 30e6
_DEFAULT_DEVICE_ID = 0x451


def stm32f7(board: Board, flash_file: Path | None, line: Line, log: Log) -> Part:
    """The part on `board`, reset, its flash kept in `flash_file` if one is named. Raises BadInputError."""
    flash = flash_of(board, flash_file)
    counter = CycleCounter()
    chip_time = ChipTime()
    watchdog = Iwdg(log, chip_time.seconds)
    rcc = RccF7(board.clock, log)
    interface = FlashF7(flash, log)
    pwr = PwrF7(log, lambda: bool(rcc.pll_ready))
    syscfg = SysCfg("SYSCFG", log)
    # With the option bytes as delivered, BOOT0 low boots through the flash's address on the ITCM bus.
    control, dwt = core(log, counter, ITCM_FLASH, mpu_regions=8)
    gpios = ports(log, rcc, {"A": 0xA800_0000, "B": 0x0000_0280}, 0)
    serials = usarts(log, rcc, gpios, board.uart, line)
    device_id = board.bootloader.device_id if board.bootloader else _DEFAULT_DEVICE_ID
    for peripheral in (pwr, syscfg):
        rcc.attach(peripheral)

    def clock_changed() -> None:
        clocks = rcc.clocks()
        counter.set_frequency(clocks.cpu)
        wanted = math.ceil(clocks.bus / _HZ_PER_WAIT_STATE) - 1
        mhz = f"{clocks.bus / 1e6:.0f} MHz"
        if clocks.bus > pwr.cpu_limit:
            raise OutOfSpecError(f"{mhz} is over what voltage scale and over-drive allow")
        if interface.wait_states < wanted:
            raise OutOfSpecError(f"{mhz} needs {wanted} flash wait states, {interface.wait_states} are set")
        if clocks.apb1 > (54e6 if pwr.overdrive else 45e6) or clocks.apb2 > (
            108e6 if pwr.overdrive else 90e6
        ):
            raise OutOfSpecError(
                f"APB1 at {clocks.apb1 / 1e6:.0f} or APB2 at {clocks.apb2 / 1e6:.0f} MHz is too fast"
            )

    rcc.on_change = clock_changed
    interface.on_latency = clock_changed
    clock_changed()
    return Part(
        rams=rams(board, lambda _name: lambda: True),
        flash=flash,
        flash_aliases=(ITCM_FLASH,),
        interface=interface,
        system_memory=SystemMemory(
            SYSTEM_MEMORY,
            SYSTEM_MEMORY_SIZE,
            board.bootloader.entry if board.bootloader else SYSTEM_MEMORY,
            (
                (UID, b"VIRTUAL F7\0\0"),
                (FLASH_SIZE, (flash.size // 1024).to_bytes(2, "little")),
            ),
        ),
        peripherals=(
            (SCS_BASE, PPB_BLOCK, control),
            (DWT_BASE, PPB_BLOCK, dwt),
            (0x4002_3800, PERIPHERAL_BLOCK, rcc),
            (0x4002_3C00, PERIPHERAL_BLOCK, interface),
            (0x4000_7000, PERIPHERAL_BLOCK, pwr),
            (0x4001_3800, PERIPHERAL_BLOCK, syscfg),
            (0xE004_2000, PERIPHERAL_BLOCK, DbgMcu(log, device_id, _REVISION_Z)),
            (0x4000_3000, PERIPHERAL_BLOCK, watchdog),
            *(
                (0x4002_0000 + 0x400 * place, PERIPHERAL_BLOCK, gpio)
                for place, gpio in enumerate(gpios.values())
            ),
            *((USARTS[usart.name], PERIPHERAL_BLOCK, usart) for usart in serials),
        ),
        control=control,
        rcc=rcc,
        gpios=gpios,
        watchdog=watchdog,
        chip_time=chip_time,
        rom_state=rom_state.stm32f7,
        device_id=device_id,
        boot_address=ITCM_FLASH,
    )
