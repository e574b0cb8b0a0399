"""One request at a time and its reply, repeated a bounded number of times on loss.

Every request is idempotent, so repeating one whose reply was lost is safe. One that a busy board refuses is
repeated too, for as long as its sensor may compute.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import cast

from edgel3_deploy.link import codec, diagnosis
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.fault import describe_fault
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.messages import Message
from edgel3_deploy.link.port import Port
from edgel3_deploy.link.protocol import ErrorCode

_BUSY_PAUSE_SECONDS = 0.2
"""Less than the half second for which the firmware waits, after a run, for whom it refused meanwhile."""


class Exchange:
    """The way of requests and replies over one port.

    `timeout` is the wait for an ordinary reply in seconds; a request is sent at most 1 + `retries` times.
    `answered` is whether a reply to any request has come so far.
    """

    def __init__(self, port: Port, *, timeout: float, retries: int) -> None:
        self.port = port
        self.answered = False
        self._timeout = timeout
        self._retries = retries
        self._sequence = 0
        self._decoder = FrameDecoder()
        self._misheard = self._astray = False
        """Whether, since the request was sent last, the board said that it came damaged; whether frames came
        that are no reply to it."""

    def request(
        self,
        name: str,
        values: Mapping[str, Value] | None = None,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        patience: float = 0.0,
    ) -> dict[str, Value]:
        """The reply's values; LinkError if the board refuses, crashed, vanished or stays silent.

        What it refuses with BUSY is asked again for `patience` seconds.
        """
        message, deadline = codec.request(name), math.inf
        while True:
            try:
                return self._ask(message, values or {}, timeout, retries)
            except RefusedError as error:
                if error.code != ErrorCode.BUSY:
                    raise
                self.answered = True
                deadline = min(deadline, time.monotonic() + patience)
                if time.monotonic() >= deadline:
                    raise diagnosis.busy(self.port.path, name, patience) from None
            time.sleep(_BUSY_PAUSE_SECONDS)

    def _ask(
        self, message: Message, values: Mapping[str, Value], timeout: float | None, retries: int | None
    ) -> dict[str, Value]:
        # 0 is left to frames that the firmware sends unasked.
        self._sequence = self._sequence % 0xFF + 1
        wire = encode_frame(Frame(message.id, self._sequence, codec.encode(message, values)))
        for number in range(1 + (self._retries if retries is None else retries)):
            self._misheard = self._astray = False
            self.port.write(wire)
            answer = self._await_reply(message, self._timeout if timeout is None else timeout)
            if answer is not None:
                self.answered = True
                return answer
            # Text is no damaged frame: who still sends nothing else will not send one later.
            if number and not self.answered and diagnosis.is_foreign(self._decoder.noise):
                break
        place = f"{self.port.path} at {self.port.baudrate} baud"
        if self._misheard:
            raise diagnosis.mishears(place, message.name)
        if self.answered:
            raise diagnosis.stopped(place, message.name)
        if self._astray:
            raise diagnosis.astray(place)
        raise diagnosis.never_answered(place, self._decoder.noise)

    def _await_reply(self, message: Message, timeout: float) -> dict[str, Value] | None:
        """The reply to the request just sent, or None if it must be sent again."""
        deadline = time.monotonic() + timeout
        rejected = self._decoder.rejected
        while True:
            left = deadline - time.monotonic()
            # Even past the deadline what has arrived meanwhile counts, once: a busy host may come late, and
            # a device may never stop sending.
            data = self.port.read(max(left, 0))
            for frame in self._decoder.feed(data):
                if frame.type == message.id and frame.sequence == self._sequence:
                    raise diagnosis.echoed(self.port.path)
                if _asks_to_repeat(frame):
                    self._misheard = True
                    return None
                answer = self._accept(message, frame)
                if answer is not None:
                    return answer
                self._astray = True
            if left <= 0:
                return None
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
            raise diagnosis.malformed(self.port.path, str(error)) from error
        if kind.name == "fault":
            raise diagnosis.crashed(self.port.path, describe_fault(cast(Mapping[str, int], values)))
        if kind.name == "error":
            raise diagnosis.refused(
                self.port.path, message.name, cast(int, values["code"]), cast(int, values["detail"])
            )
        return values


def _asks_to_repeat(frame: Frame) -> bool:
    """Whether the board received the request damaged; its sequence number may be unreadable to it."""
    error = codec.reply("error")
    if frame.type != error.id:
        return False
    try:
        return codec.decode(error, frame.body)["code"] in (ErrorCode.BAD_CRC, ErrorCode.BAD_FRAME)
    except codec.CodecError:
        return False
