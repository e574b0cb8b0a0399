"""The host's side of the protocol: one method per request, frozen values for the answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import TypeVar, cast

from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import (
    Announcement,
    Identity,
    Labels,
    MemoryUse,
    ResetRecord,
    SensorReport,
    SettingState,
    SlotImage,
)
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.exchange import Exchange
from edgel3_deploy.link.fault import describe_fault
from edgel3_deploy.link.port import Port
from edgel3_deploy.link.protocol import (
    AUDIO_WINDOW,
    FORCE_VERSION,
    MAX_CHUNK,
    MAX_LAYERS,
    PROTOCOL_VERSION,
    RUN_CHECKSUMS,
    RUNNING_SLOT,
    SAMPLE_BYTES,
    CounterUnit,
    ErrorCode,
    ResetCause,
    Role,
    SensorSource,
    SensorState,
    SlotState,
    StayReason,
)
from edgel3_deploy.link.record import Record, RecordError, decode_record, record_size
from edgel3_deploy.link.text import printable

_LEAST_RUN_SECONDS = 3.0
_RUN_PATIENCE = 20
_ERASE_SECONDS = 10.0
"""An STM32H743 takes up to 4 s for a sector of 128 KB, an STM32F769 for one of 256 KB (their data sheets)."""
_AUDIO_PATIENCE = 4
"""Times the wait for other replies: the board computes frames first, a virtual one perhaps slowly."""
_STEP_SECONDS = 15.0
"""For the longest step of a network that a sensor may be at: with the tflm and cmsis-nn runtimes a layer."""
_CRC_SECONDS = 10.0
"""A CRC over a whole slot, at the clock of a chip that fell back to its internal oscillator."""

E = TypeVar("E", bound=IntEnum)


class Client:
    """A session with one board. All methods raise LinkError; `hello` must succeed before the others.

    `timeout` is the wait for an ordinary reply and `run_timeout` for the first inference, in seconds; a
    request is sent at most 1 + `retries` times. What the board refuses because its sensor computes is asked
    again until an inference's time has passed.
    """

    def __init__(
        self, port: Port, *, timeout: float = 1.0, run_timeout: float = 120.0, retries: int = 3
    ) -> None:
        self._port = port
        self._exchange = Exchange(port, timeout=timeout, retries=retries)
        self._timeout = timeout
        self._run_timeout = run_timeout

    @property
    def port(self) -> Port:
        """The port, for text between frames."""
        return self._port

    @property
    def run_timeout(self) -> float:
        """The wait for an inference, in seconds."""
        return self._run_timeout

    def hello(self) -> Role:
        """Compare protocol versions, and learn who answers; nothing else works before."""
        answer = self._request("hello", {"version": PROTOCOL_VERSION})
        version = _int(answer, "version")
        if version != PROTOCOL_VERSION:
            raise diagnosis.other_version(self._port.path, version)
        return self._enum(Role, answer, "role")

    def identify(self) -> Identity:
        """Ask who is there."""
        answer = self._request("identify")
        known = {
            "counter_unit": self._enum(CounterUnit, answer, "counter_unit"),
            **{name: printable(cast(str, answer[name])) for name in ("board", "model", "runtime")},
        }
        return Identity(**{**answer, **known})  # type: ignore[arg-type]

    def load_input(self, data: bytes) -> None:
        """Write the whole int8 input tensor."""
        for offset in range(0, len(data), MAX_CHUNK):
            chunk = data[offset : offset + MAX_CHUNK]
            loaded = _int(self._request("load_input", {"offset": offset, "data": chunk}), "loaded")
            if loaded != offset + len(chunk):
                expected = offset + len(chunk)
                raise diagnosis.malformed(
                    self._port.path, f"{loaded} bytes loaded where {expected} were sent"
                )

    def load_audio(self, pcm: bytes, at: int = 0) -> int:
        """Push int16 samples into the front end and make the input of the window that they end.

        `at` samples of the stream went before: 0 begins one. Returns what the front end took, in counter
        units. Raises NotSupportedError if the image has no front end.
        """
        counter = 0
        for begin in range(0, len(pcm), MAX_CHUNK):
            chunk, offset = pcm[begin : begin + MAX_CHUNK], at + begin // SAMPLE_BYTES
            flags = AUDIO_WINDOW if begin + MAX_CHUNK >= len(pcm) else 0
            values: dict[str, Value] = {"offset": offset, "flags": flags, "data": chunk}
            answer = self._request("load_audio", values, timeout=self._timeout * _AUDIO_PATIENCE)
            loaded, expected = _int(answer, "loaded"), offset + len(chunk) // SAMPLE_BYTES
            if loaded != expected:
                raise diagnosis.malformed(
                    self._port.path, f"{loaded} samples loaded where {expected} were sent"
                )
            counter = _int(answer, "counter")
        return counter

    def read_input(self, size: int) -> bytes:
        """The first `size` int8 elements of the input tensor."""
        return self._read_tensor("read_input", size)

    def allow_run(self, seconds: float) -> None:
        """Wait at most that long for an inference, until one has shown how long they take."""
        self._run_timeout = seconds

    def run(self, *, checksums: bool = False) -> int:
        """Run one inference on the loaded input; return the counter over all layers, in the board's unit."""
        flags = RUN_CHECKSUMS if checksums else 0
        started = time.monotonic()
        counter = _int(self._request("run", {"flags": flags}, timeout=self._run_timeout), "counter")
        # Inferences take much the same time: once one is known, a dead board is noticed sooner.
        patience = max(_LEAST_RUN_SECONDS, _RUN_PATIENCE * (time.monotonic() - started))
        self._run_timeout = min(self._run_timeout, patience)
        return counter

    def read_output(self, size: int) -> bytes:
        """The first `size` int8 elements of the last run's output."""
        return self._read_tensor("read_output", size)

    def timing(self, layers: int) -> tuple[int, ...]:
        """Counter value of each of the `layers` layers in the last run."""
        return self._per_layer("read_timing", "counters", layers)

    def checksums(self, layers: int) -> tuple[int, ...]:
        """CRC-32 of each layer's output in the last run with checksums."""
        return self._per_layer("read_checksums", "checksums", layers)

    def labels(self) -> Labels:
        """The head's scores in the last run; the board refuses if its image has no head."""
        return Labels(**self._request("read_labels"))  # type: ignore[arg-type]

    def memory(self) -> MemoryUse:
        """Memory high-water marks since reset."""
        return MemoryUse(**self._request("read_memory"))  # type: ignore[arg-type]

    def read_reset(self) -> ResetRecord:
        """Why the chip restarted, and the fault that is on record."""
        answer = self._request("read_reset")
        return ResetRecord(
            cause=self._enum(ResetCause, answer, "cause"),
            stay_reason=self._enum(StayReason, answer, "stay_reason"),
            restarts=_int(answer, "restarts"),
            fault=describe_fault(cast(Mapping[str, int], answer)) if answer["has_fault"] else None,
        )

    def read_image(self, slot: int = RUNNING_SLOT) -> SlotImage:
        """What a slot holds, by default that of the running image; the board computes the CRC now."""
        answer = self._request("read_image", {"slot": slot}, timeout=_CRC_SECONDS, retries=1)
        return SlotImage(**{**answer, "state": self._enum(SlotState, answer, "state")})  # type: ignore[arg-type]

    def read_setting(self, key: int) -> SettingState:
        """The setting of that key as it counts now."""
        return self._setting(self._request("read_setting", {"key": key}))

    def write_setting(self, key: int, value: int) -> SettingState:
        """Change a setting; return it as the board reads it back. Refused outside its range."""
        values = {"key": key, "value": value}
        return self._setting(self._request("write_setting", values, timeout=_ERASE_SECONDS, retries=1))

    def read_sensor(self) -> SensorReport:
        """What the sensor does and how far it is. Raises NotSupportedError if the image has no front end."""
        return self._sensor("read_sensor")

    def start_sensor(self, source: SensorSource) -> SensorReport:
        """Let the sensor begin anew with that source. Raises NotSupportedError for a missing microphone."""
        # The board may still compute what an interrupted play_audio completed, and answers behind that.
        return self._sensor("start_sensor", {"source": int(source)}, seconds=self._run_timeout)

    def play_audio(self, offset: int, pcm: bytes, *, timeout: float | None = None) -> int:
        """Let the sensor hear int16 samples, at most MAX_CHUNK bytes, `offset` samples behind its start.

        Returns how many records there are. The reply comes when what the chunk completes is computed:
        `timeout` is by default that of a run. Raises NotSupportedError unless the sensor is PLAYING.
        """
        values: dict[str, Value] = {"offset": offset & 0xFFFF_FFFF, "data": pcm}
        answer = self._request("play_audio", values, timeout=timeout or self._run_timeout)
        expected = (offset + len(pcm) // SAMPLE_BYTES) & 0xFFFF_FFFF
        found = _int(answer, "next")
        if found != expected:
            raise diagnosis.malformed(self._port.path, f"next offset {found} instead of {expected}")
        return _int(answer, "windows")

    def read_record(self, sequence: int, sensor: SensorReport) -> Record | None:
        """The record of that number, whose sizes `sensor` gives; None if it does not exist yet.

        Raises RefusedError (OUT_OF_RANGE, the oldest as detail) if it is no longer held.
        """
        sizes = (sensor.label_count, sensor.bands, sensor.embedding_size)
        if sensor.record_size != record_size(*sizes):
            raise diagnosis.malformed(self._port.path, f"records of {sensor.record_size} bytes")
        try:
            data = self._read_tensor(
                "read_record", sensor.record_size, {"sequence": sequence}, ask=self._ask_sensor
            )
            return decode_record(data, *sizes)
        except diagnosis.RefusedError as error:
            if error.code == ErrorCode.NO_RESULT:
                return None
            raise
        except RecordError as error:
            raise diagnosis.malformed(self._port.path, str(error)) from error

    def read_summary(self) -> bytes | None:
        """The payload of the newest summary, for `summary.decode_summary`; None before the first."""
        try:
            return cast(bytes, self._ask_sensor("read_summary")["data"])
        except diagnosis.RefusedError as error:
            if error.code == ErrorCode.NO_RESULT:
                return None
            raise

    def begin_update(self, slot: int, image: Announcement, *, force: bool = False) -> int:
        """Announce an image to the loader; return how many sectors, from the slot's first, are to be erased.

        The loader refuses another board's image, another origin, and a version below the installed one
        unless `force`.
        """
        flags = FORCE_VERSION if force else 0
        return _int(self._request("begin_update", {"slot": slot, "flags": flags, **vars(image)}), "sectors")

    def erase(self, sector: int) -> None:
        """Erase one sector of the announced slot, counted from 0."""
        self._request("erase", {"sector": sector}, timeout=_ERASE_SECONDS, retries=1)

    def write(self, offset: int, data: bytes) -> None:
        """Program a chunk of the announced image, at most MAX_CHUNK bytes, a multiple of WRITE_UNIT."""
        next_ = _int(self._request("write", {"offset": offset, "data": data}), "next")
        if next_ != offset + len(data):
            raise diagnosis.malformed(
                self._port.path, f"next offset {next_} where {offset + len(data)} was written"
            )

    def verify(self) -> int:
        """Let the loader check and commit the announced image; return the CRC that it computed over flash."""
        return _int(self._request("verify", timeout=_CRC_SECONDS, retries=1), "crc")

    def boot(self) -> None:
        """Let the loader start the application, which ends the session."""
        self._leave("boot")

    def enter_bootloader(self) -> None:
        """Let the chip restart into its loader, or its ROM bootloader if it has none; ends the session."""
        self._leave("enter_bootloader")

    def reset(self) -> None:
        """Restart the chip, which ends the session."""
        self._leave("reset")

    def _request(
        self,
        name: str,
        values: Mapping[str, Value] | None = None,
        *,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> dict[str, Value]:
        return self._exchange.request(
            name, values, timeout=timeout, retries=retries, patience=self._run_timeout
        )

    def _sensor(
        self, name: str, values: Mapping[str, Value] | None = None, *, seconds: float = _STEP_SECONDS
    ) -> SensorReport:
        answer = self._ask_sensor(name, values, seconds=seconds)
        known = {
            "state": self._enum(SensorState, answer, "state"),
            "has_microphone": bool(answer["has_microphone"]),
        }
        return SensorReport(**{**answer, **known})  # type: ignore[arg-type]

    def _ask_sensor(
        self, name: str, values: Mapping[str, Value] | None = None, *, seconds: float = _STEP_SECONDS
    ) -> dict[str, Value]:
        """A request that may find the sensor at a step of its network: it is repeated for so long."""
        return self._request(name, values, retries=math.ceil(seconds / self._timeout))

    def _read_tensor(
        self,
        name: str,
        size: int,
        which: Mapping[str, Value] | None = None,
        *,
        ask: Callable[[str, Mapping[str, Value]], dict[str, Value]] | None = None,
    ) -> bytes:
        ask = ask or self._request
        tensor = b""
        while len(tensor) < size:
            length = min(MAX_CHUNK, size - len(tensor))
            values = {**(which or {}), "offset": len(tensor), "length": length}
            data = cast(bytes, ask(name, values)["data"])
            if len(data) != length:
                what = name.removeprefix("read_")
                raise diagnosis.malformed(self._port.path, f"{len(data)} {what} bytes instead of {length}")
            tensor += data
        return tensor

    @staticmethod
    def _setting(answer: Mapping[str, Value]) -> SettingState:
        return SettingState(_int(answer, "value"), bool(answer["is_kept"]))

    def _leave(self, name: str) -> None:
        try:
            self._request(name)
        except diagnosis.RefusedError as error:
            # The reply was lost, and the repeated request met whoever started meanwhile.
            if error.code not in (ErrorCode.NO_HANDSHAKE, ErrorCode.UNKNOWN_TYPE):
                raise

    def _enum(self, kind: type[E], answer: Mapping[str, Value], name: str) -> E:
        value = _int(answer, name)
        if value not in set(kind):
            raise diagnosis.malformed(self._port.path, f"{name.replace('_', ' ')} {value}")
        return kind(value)

    def _per_layer(self, name: str, field: str, layers: int) -> tuple[int, ...]:
        values: tuple[int, ...] = ()
        while len(values) < layers:
            count = min(MAX_LAYERS, layers - len(values))
            part = cast(tuple[int, ...], self._request(name, {"first": len(values), "count": count})[field])
            if len(part) != count:
                raise diagnosis.malformed(self._port.path, f"{len(part)} layer values instead of {count}")
            values += part
        return values


def _int(values: Mapping[str, Value], name: str) -> int:
    return cast(int, values[name])
