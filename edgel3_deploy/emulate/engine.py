"""A part in Unicorn: memories and peripherals mapped at their addresses."""

from __future__ import annotations

import random
import struct
from functools import partial
from typing import Any

from edgel3_deploy.emulate.core.bus import attach
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.errors import BadInputError

_BOOTLOADER_STACK = 0x2000_4000


def map_part(part: Part, seed: int = 0) -> Any:
    """A Unicorn engine (`unicorn.Uc`) with everything that `part` has, the flash shared with `part.flash`.

    RAM holds what it happens to hold when power comes on, as `seed` says.

    Raises BadInputError for a RAM region that cannot be mapped.
    """
    from unicorn import Uc, UcError, arm_const, unicorn_const

    # Not UC_MODE_MCLASS: with it Unicorn takes a Cortex-M33 whatever model is set.
    engine = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB)
    engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    read_execute = unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC
    for base in (part.flash.origin, *part.flash_aliases):
        engine.mem_map_ptr(base, part.flash.size, unicorn_const.UC_PROT_ALL, part.flash.host_address)
        # Taking the write permission away afterwards makes the engine drop stores that a hook handled.
        engine.mem_protect(base, part.flash.size, read_execute)
    rom = part.system_memory
    engine.mem_map(rom.origin, rom.size, read_execute)
    engine.mem_write(rom.entry, struct.pack("<II", _BOOTLOADER_STACK, rom.trap | 1))
    for address, data in rom.contents:
        engine.mem_write(address, data)
    for base, size, peripheral in part.peripherals:
        attach(engine, base, size, peripheral)
    for ram in part.rams:
        try:
            engine.mem_map(ram.origin, ram.size)
        except UcError as error:
            raise BadInputError(
                f"region {ram.name} cannot be emulated: {ram.size} bytes at {ram.origin:#010x}",
                "The virtual board needs multiples of 1 KB that do not overlap peripherals or system memory.",
            ) from error
        engine.mem_write(ram.origin, random.Random(f"{ram.name} {seed}").randbytes(ram.size))
    for dma in part.dmas:
        dma.memory = partial(_store, part, engine)
    return engine


def _store(part: Part, engine: Any, address: int, data: bytes) -> bool:
    """What a DMA does: whether it reaches RAM at `address`."""
    if not part.dma_reaches(address, len(data)):
        return False
    if part.caches(address) and not part.control.said_cached:
        part.control.said_cached = True
        part.control.log(
            f"a DMA writes to {address:#010x}, which the data cache may hold: old data can be read"
        )
    engine.mem_write(address, data)
    part.untouched.opens(address, len(data))
    return True
