"""What is decoded as able to trap; that it does is tried in tests/emulate/test_machine.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgel3_deploy.emulate.core.traps import Access, Division, decode

INSTRUCTIONS = {
    "ldr r1, [r2, #8]": Access(2, 4, offset=8),
    "strh r1, [r2, #6]": Access(2, 2, offset=6),
    "ldrb r1, [r2, #6]": None,
    "ldr r1, [r2, r3]": Access(2, 4, index=3),
    "ldrsh r1, [r2, r3]": Access(2, 2, index=3),
    "strb r1, [r2, r3]": None,
    "ldr.w r9, [r2, #0x123]": Access(2, 4, offset=0x123),
    "ldr r9, [r2, #-5]": Access(2, 4, offset=-5),
    "str r9, [r2], #3": Access(2, 4),
    "ldrsh r9, [r2, #7]!": Access(2, 2, offset=7),
    "ldrh.w r9, [r2, r3, lsl #2]": Access(2, 2, index=3, shift=2),
    "ldrsb.w r9, [r2, r3, lsl #2]": None,
    "ldr r1, [sp, #4]": None,
    "ldr.w r9, [sp, #4]": None,
    "ldr.w r9, [sp, #5]": Access(13, 4, offset=5),
    "ldr.w r9, [sp, r3]": Access(13, 4, index=3),
    "push {r4, lr}": None,
    "pop {r4, pc}": None,
    "ldmia r5!, {r1, r2}": Access(5, 4, strict=True),
    "stmdb r9!, {r1, r2}": Access(9, 4, strict=True),
    "ldrd r1, r2, [r9, #-8]": Access(9, 4, strict=True),
    "strd r1, r2, [sp, #8]": None,
    "ldrex r1, [r9]": Access(9, 4, strict=True),
    "tbb [pc, r3]": None,
    "ldrexb r1, [r9]": None,
    "vldr s3, [r9, #4]": Access(9, 4, strict=True),
    "vstmia r9!, {d0-d3}": Access(9, 4, strict=True),
    "vpush {d8}": None,
    "vmov r1, r2, d3": None,
    "vadd.f32 s0, s1, s2": None,
    "sdiv r1, r2, r9": Division(9),
    "udiv r1, r2, r3": Division(3),
    "smull r1, r2, r3, r4": None,
    "pld [r2, #3]": None,
    "nop": None,
}


@pytest.mark.parametrize("instruction", INSTRUCTIONS)
def test_decodes(instruction: str, arm_gcc: Path, tmp_path: Path) -> None:
    code = assemble(arm_gcc, tmp_path, instruction)
    expected = INSTRUCTIONS[instruction]
    assert list(decode(0x0800_0000, code)) == ([(0x0800_0000, expected)] if expected else [])


def test_instructions_in_a_row(arm_gcc: Path, tmp_path: Path) -> None:
    code = assemble(
        arm_gcc, tmp_path, "nop", "ldrd r1, r2, [r9]", "nop", "udiv r1, r2, r3", "ldmia r5!, {r1}"
    )
    assert [address for address, _ in decode(0x100, code)] == [0x102, 0x108, 0x10C]


def assemble(gcc: Path, folder: Path, *instructions: str) -> bytes:
    source, program, code = folder / "code.s", folder / "code.o", folder / "code.bin"
    lines = (".syntax unified", ".cpu cortex-m7", ".fpu fpv5-d16", ".thumb", *instructions)
    source.write_text("\n".join(lines) + "\n")
    subprocess.run((str(gcc), "-c", str(source), "-o", str(program)), check=True)
    objcopy = gcc.with_name("arm-none-eabi-objcopy")
    subprocess.run((str(objcopy), "-O", "binary", str(program), str(code)), check=True)
    return code.read_bytes()
