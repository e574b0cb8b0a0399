"""A board with a resident loader on a pseudo-terminal: both roles, slots, and what may go wrong."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from edgel3_deploy.boards.board import Board, Sector
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.link import codec
from edgel3_deploy.link.answers import Announcement
from edgel3_deploy.link.framing import Frame
from edgel3_deploy.link.protocol import (
    FORCE_VERSION,
    RUNNING_SLOT,
    WRITE_UNIT,
    ErrorCode,
    ResetCause,
    Role,
    SlotState,
    StayReason,
)
from tests.link.fake_board import FAULT_REGISTERS, FakeBoard

HEADER_SIZE = 0x400
LOADER_BUILD = bytes([0x10]) * 32

Values = Mapping[str, codec.Value]


@dataclass
class Slot:
    """Sectors of the flash, their contents, and the header once it is committed."""

    sectors: tuple[Sector, ...]
    flash: bytearray
    header: Announcement | None = None
    sequence: int = 0
    state: SlotState = SlotState.EMPTY
    erased: list[int] = field(default_factory=list)

    @property
    def origin(self) -> int:
        return self.sectors[0].origin

    def crc(self) -> int:
        size = self.header.size if self.header else 0
        return zlib.crc32(self.flash[HEADER_SIZE : HEADER_SIZE + size])

    @property
    def whole(self) -> bool:
        return self.header is not None and self.crc() == self.header.crc


class FakeLoaderBoard(FakeBoard):
    """Starts in its application if a slot holds a whole image, else in the loader.

    `stays` keeps it in the loader. `cut_at` is the number of the flash operation (erase, write, commit) in
    which power fails once, leaving half of it done. `weak` bytes, by address, read back wrong in the CRC.
    With `fails_to_start` a committed image never comes up: the loader waits again and says so. A new image
    reports a healthy start between two looks at it, unless it `stays_on_trial`.
    """

    def __init__(
        self,
        board: Board,
        *,
        slots: int = 1,
        stays: StayReason = StayReason.NONE,
        cut_at: int | None = None,
        weak: frozenset[int] = frozenset(),
        fails_to_start: bool = False,
        stays_on_trial: bool = False,
        lose: frozenset[int] = frozenset(),
        damage: frozenset[int] = frozenset(),
        mishear: frozenset[int] = frozenset(),
        unplug_at: int | None = None,
        identity: Values | None = None,
        has_fault: bool = False,
    ) -> None:
        super().__init__(
            lose=lose,
            damage=damage,
            mishear=mishear,
            unplug_at=unplug_at,
            identity={"board": board.name, **(identity or {})},
        )
        parts = [
            [sector for sector in board.sectors if place.origin <= sector.origin < place.end]
            for place in flash_layout(board, slots).slots
        ]
        # Old contents everywhere, so that a missing erase shows.
        self.slots = [Slot(tuple(part), bytearray(sum(s.size for s in part))) for part in parts]
        self.stays = stays
        self.role = Role.LOADER
        self.running: int | None = None
        self.operations = 0
        self.has_fault = has_fault
        self._cut_at, self._weak, self._fails_to_start = cut_at, weak, fails_to_start
        self._stays_on_trial = stays_on_trial
        self._announced: tuple[int, Announcement] | None = None
        self._dark = False

    def install(self, slot: int, image: Announcement, data: bytes) -> None:
        """Put a whole image into a slot, as an earlier update did, and start it."""
        place = self.slots[slot]
        place.flash[HEADER_SIZE : HEADER_SIZE + len(data)] = data
        place.header, place.sequence, place.state = image, 1 + self._last(), SlotState.CONFIRMED
        self.restart()

    def restart(self) -> None:
        """What a reset does: the loader starts the newest whole image, or stays."""
        self._greeted, self._announced = False, None
        whole = [n for n, slot in enumerate(self.slots) if slot.whole and slot.state != SlotState.FAILED]
        if self.stays is StayReason.NONE and whole:
            self.role = Role.APPLICATION
            self.running = max(whole, key=lambda number: self.slots[number].sequence)
        else:
            self.role, self.running = Role.LOADER, None

    def _answer(self, name: str, frame: Frame) -> bytes:
        loader_only = ("begin_update", "erase", "write", "verify", "boot")
        if name in loader_only and self.role is not Role.LOADER:
            return self._error(frame, ErrorCode.UNKNOWN_TYPE)
        reply = super()._answer(name, frame)
        if self._dark:
            self._dark = False
            self.restart()
            return b""
        if name in ("enter_bootloader", "boot", "reset") and self._greeted:
            self._leave(name)
        return reply

    def _hello_values(self) -> Values:
        return {**super()._hello_values(), "role": int(self.role)}

    def _leave(self, name: str) -> None:
        self.stays = StayReason.REQUESTED if name == "enter_bootloader" else StayReason.NONE
        if name == "boot" and self._fails_to_start:
            newest = max(self.slots, key=lambda slot: slot.sequence)
            newest.state = SlotState.FAILED
            self.stays = StayReason.FAILED_START
            self.has_fault = True
        self.restart()

    def _identify(self, values: Values) -> Values:
        if self.role is Role.LOADER:
            silent: Values = {
                "input_size": 0,
                "output_size": 0,
                "layer_count": 0,
                "model": "",
                "runtime": "loader",
            }
            return {**self.identity, **silent, "build_id": LOADER_BUILD}
        header = self.slots[cast(int, self.running)].header
        assert header is not None
        return {**self.identity, "build_id": header.build_id}

    def _read_reset(self, values: Values) -> Values:
        registers = FAULT_REGISTERS if self.has_fault else dict.fromkeys(FAULT_REGISTERS, 0)
        stay = self.stays
        if stay is StayReason.NONE and self.role is Role.LOADER:
            stay = StayReason.NO_IMAGE
        return {
            "cause": int(ResetCause.SOFTWARE),
            "stay_reason": int(stay),
            "has_fault": int(self.has_fault),
            "restarts": int(self.has_fault),
            **registers,
        }

    def _read_image(self, values: Values) -> Values | ErrorCode:
        number = cast(int, values["slot"])
        if number == RUNNING_SLOT:
            number = self.running if self.running is not None else len(self.slots)
        if number >= len(self.slots):
            return ErrorCode.OUT_OF_RANGE
        slot, header = self.slots[number], self.slots[number].header
        known: Values = {
            "size": header.size if header else 0,
            "crc": slot.crc() if header else 0,
            "header_crc": header.crc if header else 0,
            "version": header.version if header else 0,
            "sequence": slot.sequence if header else 0,
            "build_id": header.build_id if header else bytes(32),
        }
        state = slot.state if header is None or slot.whole else SlotState.DAMAGED
        if number == self.running and state is SlotState.TRIAL and not self._stays_on_trial:
            slot.state = SlotState.CONFIRMED
        return {
            "slot": number,
            "state": int(state),
            "slots": len(self.slots),
            "origin": slot.origin,
            "capacity": len(slot.flash),
            **known,
        }

    def _begin_update(self, values: Values) -> Values | ErrorCode | tuple[ErrorCode, int]:
        announced: dict[str, Any] = dict(values)
        for name in ("slot", "flags"):
            del announced[name]
        image = Announcement(**announced)
        number = cast(int, values["slot"])
        if image.board != self.identity["board"]:
            return ErrorCode.WRONG_BOARD
        if number >= len(self.slots) or image.origin != self.slots[number].origin:
            return ErrorCode.OUT_OF_RANGE
        versions = [slot.header.version for slot in self.slots if slot.header and slot.whole]
        if image.version < max(versions, default=0) and not cast(int, values["flags"]) & FORCE_VERSION:
            return ErrorCode.VERSION_BELOW, max(versions)
        self._announced = number, image
        end = self.slots[number].origin + HEADER_SIZE + image.size
        return {"sectors": sum(sector.origin < end for sector in self.slots[number].sectors)}

    def _erase(self, values: Values) -> Values | ErrorCode:
        if self._announced is None:
            return ErrorCode.NO_UPDATE
        slot, index = self.slots[self._announced[0]], cast(int, values["sector"])
        sector = slot.sectors[index]
        start, size = sector.origin - slot.origin, sector.size
        if index == 0:
            slot.header, slot.state = None, SlotState.EMPTY
        size = self._cut(size)
        slot.flash[start : start + size] = b"\xff" * size
        slot.erased.append(index)
        return {}

    def _write(self, values: Values) -> Values | ErrorCode | tuple[ErrorCode, int]:
        if self._announced is None:
            return ErrorCode.NO_UPDATE
        slot = self.slots[self._announced[0]]
        offset, data = cast(int, values["offset"]), cast(bytes, values["data"])
        if offset < HEADER_SIZE or offset % WRITE_UNIT or len(data) % WRITE_UNIT:
            return ErrorCode.OUT_OF_RANGE
        found = bytes(slot.flash[offset : offset + len(data)])
        if found != data:
            if found.strip(b"\xff"):
                return ErrorCode.NOT_ERASED, slot.origin + offset
            count = self._cut(len(data))
            slot.flash[offset : offset + count] = data[:count]
        return {"next": offset + len(data)}

    def _verify(self, values: Values) -> Values | ErrorCode | tuple[ErrorCode, int]:
        if self._announced is None:
            return ErrorCode.NO_UPDATE
        number, image = self._announced
        slot = self.slots[number]
        for address in self._weak:
            slot.flash[address - slot.origin] ^= 1
        crc = zlib.crc32(slot.flash[HEADER_SIZE : HEADER_SIZE + image.size])
        if crc != image.crc:
            return ErrorCode.BAD_IMAGE, crc
        if self._cut(2) == 2:
            slot.header, slot.sequence, slot.state = image, 1 + self._last(), SlotState.TRIAL
        return {"crc": crc}

    def _boot(self, values: Values) -> Values | ErrorCode:
        return {} if any(slot.whole for slot in self.slots) else ErrorCode.BAD_IMAGE

    def _cut(self, amount: int) -> int:
        """How much of a flash operation is done: all, or half and then darkness."""
        number, self.operations = self.operations, self.operations + 1
        if number != self._cut_at:
            return amount
        self._dark = True
        return amount // 2

    def _last(self) -> int:
        return max((slot.sequence for slot in self.slots if slot.header), default=0)
