"""Read a board file: TOML with `based_on`, strictly checked, into a `Board`."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, cast

from edgel3_deploy.boards.board import (
    AudioPll,
    Board,
    Bootloader,
    Clock,
    Debug,
    Emulator,
    Family,
    I2sMicrophone,
    Led,
    Loader,
    Microphone,
    PdmMicrophone,
    Region,
    Sector,
    Uart,
)
from edgel3_deploy.boards.check import check_board
from edgel3_deploy.boards.dfsdm import solve_dfsdm
from edgel3_deploy.boards.pll import PLL_LIMITS, pll_settings, solve_pll
from edgel3_deploy.boards.sai import solve_audio_pll
from edgel3_deploy.boards.source import find_board, read_merged
from edgel3_deploy.boards.table import Table, parse_size, shown
from edgel3_deploy.errors import BadInputError

_KEYS = (
    "title",
    "part",
    "family",
    "main_ram",
    "dma_ram",
    "stack_size",
    "sectors",
    "clock",
    "regions",
    "uart",
    "bootloader",
    "loader",
    "led",
    "microphone",
    "debug",
    "emulator",
)
_FAMILIES = ("stm32f7", "stm32h7", "mps2-an500")
_BOARD_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_PIN = r"P[A-K]([0-9]|1[0-5])"
_UARTS = ("USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8")
_SECTORS = re.compile(r"(?:([0-9]{1,3}) x )?([0-9]{1,10}[KM]?)")
_MAX_SECTORS = 128
_MAX_REGIONS = 16
_LINKER_WORDS = ("l", "len", "length", "o", "org", "origin")
"""Region names that a linker script's MEMORY takes for its attributes."""


_NAMED_IN_C = re.compile(r"h|alignment|(.*_)?(size|attribute|external)")
"""Region names whose arena would have the name of another macro in the generated C."""


def load_board(name_or_path: str | Path) -> Board:
    """The built-in board of that name, or the board file at that path, whose stem is the board's name.

    Raises UsageError for a name that is neither and BadInputError, naming file and key, for an unusable file.
    """
    path = find_board(str(name_or_path))
    if not _BOARD_NAME.fullmatch(path.stem):
        raise BadInputError(
            f"{shown(str(path), 200)}: '{shown(path.stem)}' is no board name",
            "Name the file with a-z, 0-9, '-' and '_' (48 at most).",
        )
    board = _board(path.stem, Table(path, "", read_merged(path), _KEYS))
    check_board(board, path)
    return board


def _board(name: str, root: Table) -> Board:
    family = cast(Family, root.choice("family", _FAMILIES))
    on_silicon = family != "mps2-an500"
    regions = _regions(root)
    clock = _clock(root, family)
    microphone = _microphone(root, clock, family) if "microphone" in root else None
    rams = [region.name for region in regions if region.kind == "ram"]
    return Board(
        name=name,
        title=root.text("title", r"[ -~]{1,60}"),
        part=root.text("part", r"[A-Za-z0-9][A-Za-z0-9-]{0,31}"),
        family=family,
        clock=_shared(clock, microphone, family),
        regions=regions,
        main_ram=root.choice("main_ram", rams),
        stack_size=root.size("stack_size"),
        uart=_uart(root, on_silicon),
        dma_ram=root.choice("dma_ram", rams) if on_silicon or "dma_ram" in root else "",
        sectors=_sectors(root, regions) if on_silicon else (),
        bootloader=_bootloader(root) if "bootloader" in root else None,
        loader=Loader(root.table("loader", ("size",)).size("size")) if "loader" in root else None,
        led=_led(root) if "led" in root else None,
        microphone=microphone,
        debug=_debug(root) if "debug" in root else None,
        emulator=_emulator(root) if "emulator" in root else None,
    )


def _regions(root: Table) -> tuple[Region, ...]:
    table = root.table("regions")
    if len(table.keys) > _MAX_REGIONS:
        root.fail("regions", f"has {len(table.keys)} entries", f"{_MAX_REGIONS} at most.")
    return tuple(_region(table, key) for key in table.keys)


def _region(regions: Table, name: str) -> Region:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,15}", name):
        regions.fail(name, "is no region name", "Use a-z, 0-9 and '_', a letter first, 16 at most.")
    if name in _LINKER_WORDS:
        regions.fail(name, "is a word of linker scripts", "Give the region another name, such as sram1.")
    if _NAMED_IN_C.fullmatch(name):
        regions.fail(name, "would name two things in C", "Give the region another name, such as sram1.")
    table = regions.table(name, ("kind", "origin", "size"))
    kind = table.choice("kind", ("flash", "ram", "itcm"))
    return Region(name, cast(Any, kind), table.integer("origin"), table.size("size"))


def _clock(root: Table, family: Family) -> Clock:
    if family not in PLL_LIMITS:
        return Clock(root.table("clock", ("cpu_hz",)).integer("cpu_hz", low=1), hse_hz=0, hse_bypass=False)
    table = root.table("clock", ("cpu_hz", "hse_hz", "hse_bypass"))
    cpu_hz, hse_hz = table.integer("cpu_hz", low=1), table.integer("hse_hz", low=1)
    return Clock(cpu_hz, hse_hz, table.flag("hse_bypass"), solve_pll(family, hse_hz, cpu_hz))


def _uart(root: Table, on_silicon: bool) -> Uart:
    if not on_silicon:
        table = root.table("uart", ("instance", "baudrate"))
        return Uart(
            table.choice("instance", ("UART0",)), "", "", 0, table.integer("baudrate", 1200, 4_000_000)
        )
    table = root.table("uart", ("instance", "tx", "rx", "alternate_function", "baudrate"))
    return Uart(
        instance=table.choice("instance", _UARTS),
        tx=table.text("tx", _PIN),
        rx=table.text("rx", _PIN),
        alternate_function=table.integer("alternate_function", 0, 15),
        baudrate=table.integer("baudrate", 1200, 4_000_000),
    )


def _sectors(root: Table, regions: tuple[Region, ...]) -> tuple[Sector, ...]:
    """Sectors in the form "COUNT x SIZE" or "SIZE", from the start of the flash, numbered from 0."""
    origin = next((region.origin for region in regions if region.kind == "flash"), 0)
    sectors: list[Sector] = []
    for entry in root.texts("sectors"):
        match = _SECTORS.fullmatch(entry)
        size = parse_size(match[2]) if match else None
        if match is None or not size:
            root.fail("sectors", f"has the entry '{shown(entry)}'", 'Write "4 x 32K" or "128K".')
        count = int(match[1] or 1)
        if len(sectors) + count > _MAX_SECTORS:
            root.fail("sectors", f"are more than {_MAX_SECTORS}", "Give the flash's erase units.")
        for _ in range(count):
            sectors.append(Sector(len(sectors), origin, size))
            origin += size
    return tuple(sectors)


def _bootloader(root: Table) -> Bootloader:
    words = ("boot0", "adapter", "deaf")
    table = root.table(
        "bootloader",
        ("device_id", "entry", "baudrate", "over_vcp", "program_unit", "id_address", "startup_ms", *words),
    )
    return Bootloader(
        device_id=table.integer("device_id", high=0xFFF),
        entry=table.integer("entry"),
        baudrate=table.integer("baudrate", 1200, 115_200),
        over_vcp=table.flag("over_vcp"),
        program_unit=table.integer("program_unit", 1, 32),
        id_address=table.integer("id_address") if "id_address" in table else 0,
        startup_ms=table.integer("startup_ms", 0, 10_000) if "startup_ms" in table else 100,
        **{word: table.text(word, r"[ -~]{0,120}") for word in words if word in table},
    )


def _led(root: Table) -> Led:
    table = root.table("led", ("pin", "active_high"))
    return Led(table.text("pin", _PIN), table.flag("active_high"))


def _microphone(root: Table, clock: Clock, family: Family) -> Microphone | None:
    # A board that is based on another inherits keys of the other kind.
    keys = ("kind", "rate", "clock", "select", "data", "side", "channel", "alternate_function")
    table = root.table("microphone", keys)
    kind = table.choice("kind", ("dfsdm", "i2s", "none"))
    if kind == "none":
        return None
    rate = table.integer("rate", 8_000, 48_000)
    if kind == "i2s":
        return I2sMicrophone(
            rate=rate,
            clock=table.text("clock", _PIN),
            select=table.text("select", _PIN),
            data=table.text("data", _PIN),
            side=cast(Any, table.choice("side", ("left", "right"))),
            pll=_audio_pll(family, clock, rate),
        )
    return PdmMicrophone(
        rate=rate,
        clock=table.text("clock", _PIN),
        data=table.text("data", _PIN),
        channel=table.integer("channel", 0, 7),
        alternate_function=table.integer("alternate_function", 0, 15),
        # DFSDM1 runs from APB2, which start-up gives half of the CPU's clock (chip_stm32f7.c).
        dfsdm=solve_dfsdm(clock.cpu_hz // 2, rate),
    )


def _audio_pll(family: Family, clock: Clock, rate: int) -> AudioPll | None:
    """PLL2 of the STM32H7 divides its input by itself; the STM32F7's PLLSAI takes what the main PLL does."""
    if family == "stm32f7":
        dividers = [pll.m for pll in pll_settings(family, clock.hse_hz, clock.cpu_hz)]
        return solve_audio_pll(family, clock.hse_hz, rate, dividers)
    return solve_audio_pll(family, clock.hse_hz, rate, range(1, 64)) if family == "stm32h7" else None


def _shared(clock: Clock, microphone: Microphone | None, family: Family) -> Clock:
    """The clock with the main PLL's input divided as the microphone wants it."""
    if family != "stm32f7" or not isinstance(microphone, I2sMicrophone) or microphone.pll is None:
        return clock
    settings = pll_settings(family, clock.hse_hz, clock.cpu_hz)
    return dataclasses.replace(clock, pll=next(pll for pll in settings if pll.m == microphone.pll.m))


def _debug(root: Table) -> Debug:
    table = root.table("debug", ("openocd_config", "pyocd_target", "drive"))
    return Debug(
        table.text("openocd_config", r"(?!/)(?!.*\.\.)[A-Za-z0-9_./-]{1,120}\.cfg"),
        table.text("pyocd_target", r"[a-z0-9_]{1,60}"),
        table.text("drive", r"[A-Za-z0-9_-]{1,11}") if "drive" in table else "",
    )


def _emulator(root: Table) -> Emulator:
    table = root.table("emulator", ("kind", "machine"))
    if table.choice("kind", ("unicorn", "qemu")) == "qemu":
        return Emulator("qemu", table.text("machine", r"[a-z0-9-]{1,60}"))
    return Emulator("unicorn")
