"""The firmware's side of the protocol in Python, on a pseudo-terminal, with all that may go wrong."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from edgel3_deploy.link import codec
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.messages import REQUESTS
from edgel3_deploy.link.protocol import (
    AUDIO_WINDOW,
    PROTOCOL_VERSION,
    REPLY_BIT,
    CounterUnit,
    ErrorCode,
    ResetCause,
    Role,
    StayReason,
)
from tests.link.pty_device import PtyDevice

Layers = Callable[[bytes], Sequence[bytes]]
"""From the input tensor's bytes to the output bytes of every layer; the last is the network's output."""

FAULT_REGISTERS = {
    **dict.fromkeys(("r0", "r1", "r2", "r3", "r12", "xpsr", "hfsr", "mmfar"), 0),
    "lr": 0x08001235,
    "pc": 0x08004321,
    "cfsr": 1 << 9 | 1 << 15,
    "bfar": 0x60000000,
}


def reversed_layers(data: bytes) -> Sequence[bytes]:
    """A network of two layers for tests that need no real one: reverse, then take the first four bytes."""
    return data[::-1], data[::-1][:4]


class FakeBoard(PtyDevice):
    """Answers as the firmware does. Request numbers in the options count from 0, repeated requests included.

    `lose` and `damage` name requests whose replies never arrive or arrive damaged; `mishear` those that the
    board receives damaged; `unplug_at`, `crash_at` and `restart_at` the request at which that happens.
    `front_end` makes the input of a window's PCM. `busy` says which requests are refused because the sensor
    computes, each so many times.
    """

    def __init__(
        self,
        layers: Layers = reversed_layers,
        *,
        input_size: int = 1200,
        output_size: int = 4,
        layer_count: int = 2,
        version: int = PROTOCOL_VERSION,
        identity: Mapping[str, codec.Value] | None = None,
        banner: bytes = b"",
        lose: frozenset[int] = frozenset(),
        damage: frozenset[int] = frozenset(),
        mishear: frozenset[int] = frozenset(),
        refuse: Mapping[str, ErrorCode] | None = None,
        head: Callable[[bytes], bytes] | None = None,
        unplug_at: int | None = None,
        crash_at: int | None = None,
        restart_at: int | None = None,
        front_end: Callable[[bytes], bytes] | None = None,
        busy: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self._layers = layers
        self._front_end = front_end
        self._pcm = b""
        self._version = version
        self._banner = banner
        self._lose, self._damage, self._mishear = lose, damage, mishear
        self._refuse = dict(refuse or {})
        self._busy = dict(busy or {})
        self._head = head
        self._unplug_at, self._crash_at, self._restart_at = unplug_at, crash_at, restart_at
        self._decoder = FrameDecoder()
        self._greeted = False
        self._input = bytearray(input_size)
        self._loaded = 0
        self._outputs: Sequence[bytes] = ()
        self._layer_count = layer_count
        self.requests: list[str] = []
        self.identity: dict[str, codec.Value] = {
            "model_sha256": bytes(32),
            "build_id": bytes(range(32)),
            "device_id": 0x451,
            "cpu_hz": 216_000_000,
            "input_size": input_size,
            "output_size": output_size,
            "layer_count": layer_count,
            "counter_unit": int(CounterUnit.CPU_CYCLES),
            "board": "stm32f7",
            "model": "sea-64",
            "runtime": "native",
            **(identity or {}),
        }

    def received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            number = len(self.requests)
            name = next((message.name for message in REQUESTS if message.id == frame.type), "?")
            self.requests.append(name)
            if number == self._unplug_at:
                self.unplug()
                return
            if number == self._restart_at:
                self._greeted = False
            if number == self._crash_at:
                self._reply("fault", 0, FAULT_REGISTERS)
                return
            reply = (
                self._error(frame, ErrorCode.BAD_CRC)
                if number in self._mishear
                else self._answer(name, frame)
            )
            if number in self._damage and reply:
                reply = reply[:3] + bytes([reply[3] ^ 0x40 or 1]) + reply[4:]
            if number not in self._lose:
                self.send(self._banner + reply)

    def _answer(self, name: str, frame: Frame) -> bytes:
        if name in self._refuse:
            return self._error(frame, self._refuse[name])
        if self._busy.get(name, 0) > 0:
            self._busy[name] -= 1
            return self._error(frame, ErrorCode.BUSY)
        return self._handle(name, frame)

    def _handle(self, name: str, frame: Frame) -> bytes:
        values = codec.decode(codec.request(name), frame.body)
        if name == "hello":
            if values["version"] != self._version:
                return self._error(frame, ErrorCode.VERSION_MISMATCH, self._version)
            self._greeted = True
            return self._frame("hello", frame.sequence, self._hello_values())
        if not self._greeted:
            return self._error(frame, ErrorCode.NO_HANDSHAKE)
        answer = getattr(self, f"_{name}", lambda _: ErrorCode.UNKNOWN_TYPE)(values)
        if isinstance(answer, ErrorCode | tuple):
            return self._error(frame, *(answer if isinstance(answer, tuple) else (answer,)))
        return self._frame(name, frame.sequence, answer)

    def _read_reset(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return {
            "cause": int(ResetCause.WATCHDOG),
            "stay_reason": int(StayReason.NONE),
            "has_fault": 1,
            "restarts": 1,
            **FAULT_REGISTERS,
        }

    def _read_labels(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        if self._head is None:
            return ErrorCode.NOT_SUPPORTED
        return {"head_sha256": bytes(32), "scores": self._head(self._outputs[-1])}

    def _hello_values(self) -> Mapping[str, codec.Value]:
        return {"version": self._version, "role": int(Role.APPLICATION)}

    def _identify(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return self.identity

    def _load_input(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        offset, data = values["offset"], values["data"]
        assert isinstance(offset, int) and isinstance(data, bytes)
        if offset == 0:
            self._loaded = 0
        if offset > self._loaded or offset + len(data) > len(self._input):
            return ErrorCode.OUT_OF_RANGE
        self._input[offset : offset + len(data)] = data
        self._loaded = offset + len(data)
        return {"loaded": self._loaded}

    def _load_audio(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        """As the firmware does, for windows of 8,000 samples."""
        offset, flags, data = values["offset"], values["flags"], values["data"]
        assert isinstance(offset, int) and isinstance(data, bytes)
        if self._front_end is None:
            return ErrorCode.NOT_SUPPORTED
        if offset == 0:
            self._pcm, self._loaded = b"", 0
        if 2 * offset + len(data) == len(self._pcm) and offset > 0:
            return {"loaded": len(self._pcm) // 2, "counter": 10}
        if 2 * offset != len(self._pcm):
            return ErrorCode.OUT_OF_RANGE
        self._pcm += data
        if flags == AUDIO_WINDOW:
            self._input[:] = self._front_end(self._pcm[-16_000:])
            self._loaded = len(self._input)
        return {"loaded": len(self._pcm) // 2, "counter": 10}

    def _read_input(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        if self._loaded < len(self._input):
            return ErrorCode.INPUT_INCOMPLETE
        offset, length = values["offset"], values["length"]
        assert isinstance(offset, int) and isinstance(length, int)
        return {"data": bytes(self._input[offset : offset + length])}

    def _run(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        if self._loaded < len(self._input):
            return ErrorCode.INPUT_INCOMPLETE
        self._outputs = self._layers(bytes(self._input))
        return {"counter": sum(self._counters())}

    def _counters(self) -> list[int]:
        return [1000 * (index + 1) for index in range(self._layer_count)]

    def _read_output(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        if not self._outputs:
            return ErrorCode.NO_RESULT
        offset, length = values["offset"], values["length"]
        assert isinstance(offset, int) and isinstance(length, int)
        return {"data": self._outputs[-1][offset : offset + length]}

    def _read_timing(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        first, count = values["first"], values["count"]
        assert isinstance(first, int) and isinstance(count, int)
        return {"counters": tuple(self._counters()[first : first + count])}

    def _read_checksums(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        first, count = values["first"], values["count"]
        assert isinstance(first, int) and isinstance(count, int)
        return {"checksums": tuple(zlib.crc32(output) for output in self._outputs[first : first + count])}

    def _read_memory(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return {"stack_peak": 708, "stack_size": 4096, "data_size": 352, "arena_size": 204_800}

    def _enter_bootloader(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return {}

    _reset = _enter_bootloader

    def _error(self, frame: Frame, code: ErrorCode, detail: int = 0) -> bytes:
        return self._frame(
            "error", frame.sequence, {"code": int(code), "request": frame.type, "detail": detail}
        )

    def _frame(self, name: str, sequence: int, values: Mapping[str, codec.Value]) -> bytes:
        message = codec.reply(name)
        assert message.id & REPLY_BIT
        return encode_frame(Frame(message.id, sequence, codec.encode(message, values)))

    def _reply(self, name: str, sequence: int, values: Mapping[str, codec.Value]) -> None:
        self.send(self._frame(name, sequence, values))
