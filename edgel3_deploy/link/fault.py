"""The register dump that the firmware's HardFault handler sends, in readable form.

Bit names: Armv7-M Architecture Reference Manual (ARM DDI 0403E), B3.2.15 (CFSR) and B3.2.16 (HFSR).
"""

from __future__ import annotations

from collections.abc import Mapping

_CFSR_BITS: Mapping[int, str] = {
    0: "IACCVIOL (instruction fetch from a protected address)",
    1: "DACCVIOL (data access to a protected address)",
    3: "MUNSTKERR (protection fault on exception return)",
    4: "MSTKERR (protection fault on exception entry: stack overflow?)",
    5: "MLSPERR (protection fault while saving FPU registers)",
    8: "IBUSERR (bus error on instruction fetch)",
    9: "PRECISERR (bus error on a data access)",
    10: "IMPRECISERR (bus error on an earlier data access)",
    11: "UNSTKERR (bus error on exception return)",
    12: "STKERR (bus error on exception entry: stack overflow?)",
    13: "LSPERR (bus error while saving FPU registers)",
    16: "UNDEFINSTR (undefined instruction)",
    17: "INVSTATE (jump without the Thumb bit)",
    18: "INVPC (invalid exception return)",
    19: "NOCP (FPU used while it is off)",
    24: "UNALIGNED (unaligned access)",
    25: "DIVBYZERO (division by zero)",
}
_MMFAR_VALID = 1 << 7
_BFAR_VALID = 1 << 15
_HFSR_BITS: Mapping[int, str] = {1: "VECTTBL (vector table unreadable)", 31: "DEBUGEVT (debug event)"}


def describe_fault(registers: Mapping[str, int]) -> str:
    """One line: the cause, the address it concerns if valid, pc, lr and the remaining registers.

    `registers` holds the fields of the `fault` message.
    """
    cfsr, hfsr = registers["cfsr"], registers["hfsr"]
    causes = [name for bit, name in _CFSR_BITS.items() if cfsr >> bit & 1]
    causes += [name for bit, name in _HFSR_BITS.items() if hfsr >> bit & 1]
    cause = ", ".join(causes) or "cause not recorded"
    if cfsr & _BFAR_VALID:
        cause += f" at address 0x{registers['bfar']:08x}"
    elif cfsr & _MMFAR_VALID:
        cause += f" at address 0x{registers['mmfar']:08x}"
    others = " ".join(
        f"{name}=0x{registers[name]:08x}" for name in ("r0", "r1", "r2", "r3", "r12", "xpsr", "cfsr", "hfsr")
    )
    return f"{cause}; pc=0x{registers['pc']:08x} lr=0x{registers['lr']:08x} ({others})"
