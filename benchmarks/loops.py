"""The loops of a function, read from the disassembly of a linked image."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.elf import read_elf

_LINE = re.compile(r"^\s*([0-9a-f]+):\t(.+)$")
_BRANCH = re.compile(r"^b(?:eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)? ([0-9a-f]+) <")
_COMMENT = re.compile(r"\s*[@;].*$")
_WIDTH = re.compile(r"^([a-z0-9]+)\.[nw]\b")


@dataclass(frozen=True)
class Instruction:
    """Address and text; `target` is where a direct branch goes."""

    address: int
    text: str
    target: int | None = None


@dataclass(frozen=True)
class Loop:
    """Instructions from a backward branch's target to the branch; `inner` are the loops among them."""

    body: tuple[Instruction, ...]
    inner: tuple[Loop, ...]

    @property
    def start(self) -> int:
        return self.body[0].address

    @property
    def end(self) -> int:
        """Address of the branch that closes it."""
        return self.body[-1].address

    @cached_property
    def own(self) -> tuple[Instruction, ...]:
        """The body without what lies in loops inside."""
        return tuple(
            instruction
            for instruction in self.body
            if not any(loop.start <= instruction.address <= loop.end for loop in self.inner)
        )

    @property
    def straight(self) -> bool:
        """Whether only the closing branch branches."""
        return all(instruction.target is None for instruction in self.own[:-1])

    @property
    def code(self) -> tuple[str, ...]:
        """`own` without the closing branch, as text for the assembler."""
        return tuple(instruction.text for instruction in self.own[:-1])

    def count(self, mnemonic: str) -> int:
        """How many instructions of `own` have this mnemonic."""
        return sum(instruction.text.split()[0] == mnemonic for instruction in self.own)


def function_loops(elf: Path, function: str) -> tuple[Loop, ...]:
    """The loops of `function` in order of their ends; () if the image has no such function.

    Raises ToolchainError if the image or the disassembler fails.
    """
    symbol = next((symbol for symbol in read_elf(elf).symbols if symbol.name == function), None)
    if symbol is None:
        return ()
    span = (f"--start-address={symbol.address}", f"--stop-address={symbol.address + symbol.size}")
    try:
        done = subprocess.run(
            ("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", *span, str(elf)),
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolchainError(f"{elf} cannot be disassembled: {error}") from error
    return find_loops(parse(done.stdout))


def parse(listing: str) -> tuple[Instruction, ...]:
    """objdump's listing without comments and width suffixes, which llvm-mca's assembler would refuse."""
    found = []
    for line in listing.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        text = _WIDTH.sub(r"\1", _COMMENT.sub("", match[2]).replace("\t", " ").strip())
        branch = _BRANCH.match(text)
        found.append(Instruction(int(match[1], 16), text, int(branch[1], 16) if branch else None))
    return tuple(found)


def find_loops(instructions: tuple[Instruction, ...]) -> tuple[Loop, ...]:
    """A loop for each branch back to an instruction of the same function."""
    addresses = {instruction.address for instruction in instructions}
    loops: list[Loop] = []
    for branch in instructions:
        if branch.target is None or branch.target > branch.address or branch.target not in addresses:
            continue
        body = tuple(i for i in instructions if branch.target <= i.address <= branch.address)
        inner = tuple(loop for loop in loops if loop.start >= branch.target)
        loops.append(Loop(body, inner))
    return tuple(loops)
