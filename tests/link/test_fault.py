"""The register dump says what happened before it says where every register stood."""

from __future__ import annotations

from edgel3_deploy.link.fault import describe_fault
from tests.link.fake_board import FAULT_REGISTERS


def test_a_bus_error_names_its_address_and_place() -> None:
    text = describe_fault(FAULT_REGISTERS)
    assert text.startswith("PRECISERR (bus error on a data access) at address 0x60000000")
    assert "pc=0x08004321 lr=0x08001235" in text
    assert "cfsr=0x00008200" in text


def test_several_causes_are_all_named() -> None:
    text = describe_fault({**FAULT_REGISTERS, "cfsr": 1 << 4 | 1 << 25})
    assert text.startswith("MSTKERR (protection fault on exception entry: stack overflow?), DIVBYZERO")
    assert "at address" not in text


def test_a_protection_fault_names_the_address_in_mmfar() -> None:
    text = describe_fault({**FAULT_REGISTERS, "cfsr": 1 << 1 | 1 << 7, "mmfar": 0x20000000})
    assert text.startswith("DACCVIOL (data access to a protected address) at address 0x20000000")


def test_an_unreadable_vector_table_is_seen_in_hfsr() -> None:
    assert describe_fault({**FAULT_REGISTERS, "cfsr": 0, "hfsr": 1 << 1}).startswith("VECTTBL")


def test_no_recorded_cause_is_said() -> None:
    assert describe_fault({**FAULT_REGISTERS, "cfsr": 0}).startswith("cause not recorded; pc=0x08004321")
