"""What the counter values of a report mean, in the units that the board's body allows."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.validate.result import Device

_NOTES = {
    "qemu": "QEMU counts instructions, exactly repeatable; it models no caches, wait states or dual issue.",
    "silicon": "Cycles of the chip's own counter (DWT CYCCNT), at the clock set by the firmware.",
    "unicorn": "The virtual board has no model of time: its counter says nothing about speed.",
}


@dataclass(frozen=True)
class Timing:
    """`unit` is "instructions" or "cycles"; `meaningful` whether the values say something about speed."""

    unit: str
    meaningful: bool
    note: str
    cpu_hz: int

    def values(self, counter: int | None) -> dict[str, int | float]:
        """JSON values for one counter value; empty where there is none or it means nothing."""
        if counter is None or not self.meaningful:
            return {}
        if self.unit == "instructions":
            return {"instructions": counter}
        return {"cycles": counter, "milliseconds": self.milliseconds(counter)}

    def milliseconds(self, counter: int) -> float:
        """Cycles as time at the CPU clock."""
        return round(1000 * counter / self.cpu_hz, 3)


def timing_of(device: Device) -> Timing:
    """What this device's counter counts."""
    unit = "instructions" if device.counts_instructions else "cycles"
    return Timing(unit, device.counter_is_meaningful, _NOTES[device.body], device.identity.cpu_hz)
