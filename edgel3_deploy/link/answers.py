"""What a board says about itself, as frozen values; fields as in the replies of `link.protocol`."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.link.protocol import CounterUnit, ResetCause, SensorState, SlotState, StayReason


@dataclass(frozen=True)
class Identity:
    """The reply to `identify`. Texts are safe to show: control characters are escaped."""

    model_sha256: bytes
    build_id: bytes
    device_id: int
    cpu_hz: int
    input_size: int
    output_size: int
    layer_count: int
    counter_unit: CounterUnit
    board: str
    model: str
    runtime: str


@dataclass(frozen=True)
class MemoryUse:
    """Bytes: deepest stack use since reset, stack reserved, data and bss, arenas and scratch."""

    stack_peak: int
    stack_size: int
    data_size: int
    arena_size: int


@dataclass(frozen=True)
class Labels:
    """What the head made of the last run: the SHA-256 of its file, and int8 scores, one byte a label."""

    head_sha256: bytes
    scores: bytes


@dataclass(frozen=True)
class ResetRecord:
    """Why the chip restarted: `restarts` counts resets by watchdog since power-on.

    `fault` says in words which fault is on record since power-on, None if there is none.
    """

    cause: ResetCause
    stay_reason: StayReason
    restarts: int
    fault: str | None


@dataclass(frozen=True)
class SlotImage:
    """A slot and the image in it. Sizes in bytes; `capacity` includes the header, `size` does not.

    `crc` is computed over the flash as it is, `header_crc` is what the header promises. `slots` is how many
    the loader divides the flash into, 0 in an image without loader. From `size` on all is zero where no
    header is whole.
    """

    slot: int
    state: SlotState
    slots: int
    origin: int
    capacity: int
    size: int
    crc: int
    header_crc: int
    version: int
    sequence: int
    build_id: bytes

    @property
    def whole(self) -> bool:
        """Whether the flash holds what the header promises."""
        return self.size > 0 and self.crc == self.header_crc


@dataclass(frozen=True)
class SettingState:
    """A setting's value, and whether changes of it outlive a reset of this board."""

    value: int
    is_kept: bool


@dataclass(frozen=True)
class SensorReport:
    """What the sensor does and how far it is; samples of the source at `rate` Hz, counted from its start.

    `hop` is in samples at the network's rate. Records `oldest` to `windows` - 1 are held, each of
    `record_size` bytes with arrays of `label_count`, `bands` and `embedding_size` elements.
    """

    state: SensorState
    has_microphone: bool
    rate: int
    samples: int
    lost: int
    hop: int
    windows: int
    oldest: int
    label_count: int
    bands: int
    embedding_size: int
    record_size: int
    summaries: int


@dataclass(frozen=True)
class Announcement:
    """The image that an update brings: the fields of `begin_update` that its header gives."""

    origin: int
    size: int
    crc: int
    version: int
    build_id: bytes
    board: str
