"""Count the instructions from reset to the application's main(), and model the time that they take."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.firmware import Firmware, make_firmware
from benchmarks.power_cuts import dense_model
from benchmarks.table import aligned
from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.memory_map import LOADER_LIMIT
from edgel3_deploy.codegen.resident import LOADER_FOLDER
from edgel3_deploy.errors import EdgeL3DeployError, LinkError
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.image.pack import BIN
from edgel3_deploy.pipeline.prepared import ELF
from edgel3_deploy.toolchain.elf import read_elf

BOARDS = ("stm32f7", "stm32h7")
IMAGE_SIZE = 600 * 1024
MOST_SECONDS = 0.5
CYCLES_PER_INSTRUCTION = 2.0
"""An assumption on the slow side: loads and shifts in order, a cache line from flash every 32 bytes."""
_CODE_SIZE = 16 * 1024
_MOST_INSTRUCTIONS = 100_000_000


@dataclass(frozen=True)
class Start:
    """`loader` and `image` in bytes, `checked` the instructions before the application's first one."""

    board: str
    loader: int
    image: int
    instructions: int
    checked: int
    cpu_hz: int

    @property
    def seconds(self) -> float:
        """Modelled time from reset to main()."""
        return self.instructions * CYCLES_PER_INSTRUCTION / self.cpu_hz

    @property
    def within_limits(self) -> bool:
        """Whether loader and start are as small as they have to be."""
        return self.loader <= LOADER_LIMIT and self.seconds <= MOST_SECONDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code is 1 if a loader is too large or a start too slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start_time", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            starts = [measure(name, Path(folder) / name) for name in BOARDS]
    except EdgeL3DeployError as error:
        print(f"start_time: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)
    if options.json:
        print(
            json.dumps([{**asdict(start), "modelled_seconds": start.seconds} for start in starts], indent=2)
        )
    else:
        print(table(starts))
    return 0 if all(start.within_limits for start in starts) else 1


def measure(name: str, folder: Path, size: int = IMAGE_SIZE) -> Start:
    """Build an image of about `size` bytes for a board and count its start. Raises LinkError if it hangs."""
    board = load_board(name)
    firmware = make_firmware(board, flash_layout(board, 1), dense_model(size - _CODE_SIZE, 1), folder)
    checked, instructions = _count(firmware)
    return Start(
        board=name,
        loader=(folder / LOADER_FOLDER / "loader.bin").stat().st_size,
        image=len(firmware.applications[0].image),
        instructions=instructions,
        checked=checked,
        cpu_hz=board.clock.cpu_hz,
    )


def table(starts: Sequence[Start]) -> str:
    """The starts as Markdown."""
    rows = [("board", "loader", "image", "instructions", "before the application", "MHz", "modelled seconds")]
    for start in starts:
        rows.append(
            (
                start.board,
                f"{start.loader:,}",
                f"{start.image:,}",
                f"{start.instructions:,}",
                f"{start.checked:,}",
                f"{start.cpu_hz / 1e6:.0f}",
                f"{start.seconds:.3f}",
            )
        )
    return (
        f"{aligned(rows)}\n\n"
        "Sizes in bytes. Instructions from reset to main(), executed on the virtual board. Modelled, not\n"
        f"measured: {CYCLES_PER_INSTRUCTION:g} cycles an instruction, oscillators ready at once."
    )


def _count(firmware: Firmware) -> tuple[int, int]:
    """Instructions before the application's reset handler, and before its main()."""
    from unicorn import unicorn_const

    from edgel3_deploy.emulate import Quirks
    from edgel3_deploy.emulate.boards.f7 import stm32f7
    from edgel3_deploy.emulate.boards.h7 import stm32h7
    from edgel3_deploy.emulate.image import load_image
    from edgel3_deploy.emulate.line import Line
    from edgel3_deploy.emulate.machine import Machine
    from edgel3_deploy.emulate.pty import Pty

    board = firmware.board
    functions = {symbol.name: symbol.address for symbol in read_elf(firmware.folder / ELF).symbols}
    reached: dict[int, int] = {}
    instructions = 0
    with closing(Pty()) as pty:
        line = Line(pty, real=False)
        part = (stm32h7 if board.family == "stm32h7" else stm32f7)(board, None, line, _ignore, Quirks(), 0)
        part.flash.load(load_image(firmware.folder / BIN, board.flash))
        machine = Machine(part, line, boot0=False, log=_ignore)

        def count(_engine: Any, address: int, _size: int, _data: Any) -> None:
            nonlocal instructions
            if address in ends:
                reached.setdefault(address, instructions)
            instructions += 1
            if ends <= reached.keys() or instructions >= _MOST_INSTRUCTIONS:
                machine.stop()

        ends = {functions["reset_handler"], functions["main"]}
        machine.watch(unicorn_const.UC_HOOK_CODE, count)
        machine.run()
    if ends != reached.keys():
        raise LinkError(f"{board.name} did not reach main() within {_MOST_INSTRUCTIONS:,} instructions")
    return reached[functions["reset_handler"]], reached[functions["main"]]


def _ignore(_message: str) -> None:
    """Nobody reads what the board says."""


if __name__ == "__main__":
    sys.exit(main())
