"""The host's side of the protocol: one request at a time, repeated a bounded number of times on loss.

Every request is idempotent, so repeating one whose reply was lost is safe.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from edgel3_deploy.link import codec, diagnosis
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.fault import describe_fault
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.port import Port
from edgel3_deploy.link.protocol import (
    MAX_CHUNK,
    PROTOCOL_VERSION,
    RUN_CHECKSUMS,
    CounterUnit,
    ErrorCode,
    Message,
    Role,
)

_MAX_LAYERS_PER_FRAME = 64
_LEAST_RUN_SECONDS = 10.0
_RUN_PATIENCE = 20


@dataclass(frozen=True)
class Identity:
    """What the firmware says about itself; fields as in the `identify` reply."""

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


class Client:
    """A session with one board. All methods raise LinkError; `hello` must succeed before the others.

    `timeout` is the wait for an ordinary reply and `run_timeout` for the first inference, in seconds; a
    request is sent at most 1 + `retries` times.
    """

    def __init__(
        self, port: Port, *, timeout: float = 1.0, run_timeout: float = 120.0, retries: int = 3
    ) -> None:
        self._port = port
        self._timeout = timeout
        self._run_timeout = run_timeout
        self._retries = retries
        self._sequence = 0
        self._decoder = FrameDecoder()
        self._greeted = False

    def hello(self) -> Role:
        """Compare protocol versions, and learn who answers; nothing else works before."""
        answer = self._request("hello", {"version": PROTOCOL_VERSION})
        version, role = _int(answer, "version"), _int(answer, "role")
        if version != PROTOCOL_VERSION:
            raise diagnosis.other_version(self._port.path, version)
        if role not in set(Role):
            raise diagnosis.malformed(self._port.path, f"role {role}")
        self._greeted = True
        return Role(role)

    def identify(self) -> Identity:
        """Ask who is there."""
        answer = self._request("identify")
        unit = _int(answer, "counter_unit")
        if unit not in set(CounterUnit):
            raise diagnosis.malformed(self._port.path, f"counter unit {unit}")
        return Identity(**{**answer, "counter_unit": CounterUnit(unit)})  # type: ignore[arg-type]

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
        output = b""
        while len(output) < size:
            length = min(MAX_CHUNK, size - len(output))
            answer = self._request("read_output", {"offset": len(output), "length": length})
            data = cast(bytes, answer["data"])
            if len(data) != length:
                raise diagnosis.malformed(self._port.path, f"{len(data)} output bytes instead of {length}")
            output += data
        return output

    def timing(self, layers: int) -> tuple[int, ...]:
        """Counter value of each of the `layers` layers in the last run."""
        return self._per_layer("read_timing", "counters", layers)

    def checksums(self, layers: int) -> tuple[int, ...]:
        """CRC-32 of each layer's output in the last run with checksums."""
        return self._per_layer("read_checksums", "checksums", layers)

    def memory(self) -> MemoryUse:
        """Memory high-water marks since reset."""
        return MemoryUse(**self._request("read_memory"))  # type: ignore[arg-type]

    def enter_bootloader(self) -> None:
        """Let the chip jump into its ROM bootloader, which ends the session."""
        self._request("enter_bootloader")

    def reset(self) -> None:
        """Restart the chip, which ends the session."""
        self._request("reset")

    def _per_layer(self, name: str, field: str, layers: int) -> tuple[int, ...]:
        values: tuple[int, ...] = ()
        while len(values) < layers:
            count = min(_MAX_LAYERS_PER_FRAME, layers - len(values))
            part = cast(tuple[int, ...], self._request(name, {"first": len(values), "count": count})[field])
            if len(part) != count:
                raise diagnosis.malformed(self._port.path, f"{len(part)} layer values instead of {count}")
            values += part
        return values

    def _request(
        self, name: str, values: Mapping[str, Value] | None = None, *, timeout: float | None = None
    ) -> dict[str, Value]:
        message = codec.request(name)
        # 0 is left to frames that the firmware sends unasked.
        self._sequence = self._sequence % 0xFF + 1
        wire = encode_frame(Frame(message.id, self._sequence, codec.encode(message, values or {})))
        for _ in range(1 + self._retries):
            self._port.write(wire)
            answer = self._await_reply(message, self._timeout if timeout is None else timeout)
            if answer is not None:
                return answer
        place = f"{self._port.path} at {self._port.baudrate} baud"
        if self._greeted:
            raise diagnosis.stopped(place, name)
        raise diagnosis.never_answered(place, self._decoder.noise)

    def _await_reply(self, message: Message, timeout: float) -> dict[str, Value] | None:
        """The reply to the request just sent, or None if it must be sent again."""
        deadline = time.monotonic() + timeout
        rejected = self._decoder.rejected
        while True:
            left = deadline - time.monotonic()
            # Even past the deadline what has arrived meanwhile counts: a busy host may come late.
            data = self._port.read(max(left, 0))
            if not data and left <= 0:
                return None
            for frame in self._decoder.feed(data):
                if frame.type == message.id and frame.sequence == self._sequence:
                    raise diagnosis.echoed(self._port.path)
                if _asks_to_repeat(frame):
                    return None
                answer = self._accept(message, frame)
                if answer is not None:
                    return answer
            if self._decoder.rejected > rejected:
                # The damaged frame may have been the reply: a long wait for another would be in vain.
                rejected = self._decoder.rejected
                deadline = min(deadline, time.monotonic() + self._timeout)

    def _accept(self, message: Message, frame: Frame) -> dict[str, Value] | None:
        """The frame's values if it is the reply to `message`, None if it belongs to something else."""
        kind = codec.reply_by_id(frame.type)
        if kind is None:
            return None
        ours = frame.sequence == self._sequence and kind.name in ("error", message.name)
        if kind.name != "fault" and not ours:
            return None
        try:
            values = codec.decode(kind, frame.body)
        except codec.CodecError as error:
            raise diagnosis.malformed(self._port.path, str(error)) from error
        if kind.name == "fault":
            raise diagnosis.crashed(self._port.path, describe_fault(cast(Mapping[str, int], values)))
        if kind.name == "error":
            raise diagnosis.refused(
                self._port.path, message.name, _int(values, "code"), _int(values, "detail")
            )
        return values


def _int(values: Mapping[str, Value], name: str) -> int:
    return cast(int, values[name])


def _asks_to_repeat(frame: Frame) -> bool:
    """Whether the board received the request damaged; its sequence number may be unreadable to it."""
    error = codec.reply("error")
    if frame.type != error.id:
        return False
    try:
        return codec.decode(error, frame.body)["code"] in (ErrorCode.BAD_CRC, ErrorCode.BAD_FRAME)
    except codec.CodecError:
        return False
