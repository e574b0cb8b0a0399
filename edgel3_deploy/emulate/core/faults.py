"""What can go wrong in a program, as the Cortex-M7 classifies it (Arm ARMv7-M, section B1.5 and B3.2.15)."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.emulate.core.mpu import never_executable

HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SV_CALL = 3, 4, 5, 6, 11

IACCVIOL, DACCVIOL, MUNSTKERR, MSTKERR, MMARVALID = (1 << bit for bit in (0, 1, 3, 4, 7))
IBUSERR, PRECISERR, IMPRECISERR, UNSTKERR, STKERR = (1 << bit for bit in (8, 9, 10, 11, 12))
BFARVALID = 1 << 15
UNDEFINSTR, INVSTATE, INVPC, NOCP, UNALIGNED, DIVBYZERO = (1 << bit for bit in (16, 17, 18, 19, 24, 25))
VECTTBL, FORCED, DEBUGEVT = 1 << 1, 1 << 30, 1 << 31


@dataclass(frozen=True)
class Fault:
    """`exception` takes the fault if enabled; `status` are CFSR bits; `address` is for BFAR or MMFAR."""

    exception: int
    status: int
    what: str
    address: int | None = None


class Lockup(Exception):  # noqa: N818 - a state of the CPU
    """A fault inside the HardFault handler, or no handler to run: only a reset helps."""


def bus_fault(address: int, *, write: bool) -> Fault:
    """A data access that nothing answers. Stores are buffered, so their fault arrives without an address."""
    if write:
        return Fault(BUS_FAULT, IMPRECISERR, f"write to {address:#010x}")
    return Fault(BUS_FAULT, PRECISERR | BFARVALID, f"read from {address:#010x}", address)


def protection_fault(address: int, *, write: bool) -> Fault:
    """A data access that the MPU denies."""
    what = f"{'write to' if write else 'read from'} {address:#010x}, which the MPU denies"
    return Fault(MEM_MANAGE, DACCVIOL | MMARVALID, what, address)


def fetch_fault(address: int, *, denied: bool) -> Fault:
    """An instruction fetch from where nothing can be executed, `denied` by the MPU or by its nature."""
    if denied:
        return Fault(MEM_MANAGE, IACCVIOL, f"execution at {address:#010x}, which the MPU denies")
    if never_executable(address):
        return Fault(MEM_MANAGE, IACCVIOL, f"execution at {address:#010x}, which is never executable")
    return Fault(BUS_FAULT, IBUSERR, f"execution at {address:#010x}, where there is no memory")
