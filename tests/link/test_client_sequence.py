"""The client takes the reply to its request alone, by name and sequence number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import codec
from edgel3_deploy.link.answers import MemoryUse
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import PROTOCOL_VERSION, ErrorCode
from tests.link.pty_device import PtyDevice
from tests.link.sessions import session_with


class Answers(PtyDevice):
    """Answers the n-th frame that arrives with the n-th list of frames; the last list repeats."""

    def __init__(self, *answers: Callable[[Frame], list[Frame]]) -> None:
        super().__init__()
        self._answers = list(answers)
        self._decoder = FrameDecoder()
        self.sequences: list[int] = []

    def received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self.sequences.append(frame.sequence)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            for reply in answer(frame):
                self.send(encode_frame(reply))


def reply(name: str, sequence: int, **values: codec.Value) -> Frame:
    message = codec.reply(name)
    return Frame(message.id, sequence, codec.encode(message, values))


def greets(frame: Frame) -> list[Frame]:
    return [reply("hello", frame.sequence, version=PROTOCOL_VERSION, role=0)]


MEMORY = {"stack_peak": 1, "stack_size": 2, "data_size": 3, "arena_size": 4}
STALE = dict.fromkeys(MEMORY, 9)


@pytest.mark.parametrize("distance", [-2, -1, 1, 0x7F])
def test_a_reply_of_another_sequence_number_is_never_taken(distance: int) -> None:
    def late_then_right(frame: Frame) -> list[Frame]:
        other = (frame.sequence + distance) % 256
        return [reply("read_memory", other, **STALE), reply("read_memory", frame.sequence, **MEMORY)]

    with session_with(Answers(greets, late_then_right)) as client:
        client.hello()
        assert client.memory() == MemoryUse(1, 2, 3, 4)


def test_replies_of_other_sequence_numbers_alone_are_silence() -> None:
    def stale(frame: Frame) -> list[Frame]:
        return [reply("read_memory", frame.sequence - 1, **STALE)]

    with session_with(Answers(greets, stale)) as client:
        client.hello()
        with pytest.raises(LinkError, match="stopped answering"):
            client.memory()


def test_a_refusal_of_another_sequence_number_is_not_taken() -> None:
    def refused_before(frame: Frame) -> list[Frame]:
        code = int(ErrorCode.NO_RESULT)
        return [
            reply("error", frame.sequence - 1, code=code, request=frame.type, detail=0),
            reply("read_memory", frame.sequence, **MEMORY),
        ]

    with session_with(Answers(greets, refused_before)) as client:
        client.hello()
        assert client.memory() == MemoryUse(1, 2, 3, 4)


def test_a_reply_to_another_request_is_not_taken() -> None:
    def other_type(frame: Frame) -> list[Frame]:
        return [
            reply("run", frame.sequence, counter=77),
            reply("read_memory", frame.sequence, **MEMORY),
        ]

    with session_with(Answers(greets, other_type)) as client:
        client.hello()
        assert client.memory() == MemoryUse(1, 2, 3, 4)


def test_a_repeated_request_keeps_its_sequence_number_and_the_next_has_another() -> None:
    def nothing(frame: Frame) -> list[Frame]:
        return []

    def remembers(frame: Frame) -> list[Frame]:
        return [reply("read_memory", frame.sequence, **MEMORY)]

    device = Answers(greets, nothing, remembers)
    with session_with(device) as client:
        client.hello()
        client.memory()
        client.memory()
        first, lost, again, other = device.sequences
        assert lost == again
        assert len({first, lost, other}) == 3


def test_sequence_number_0_is_left_to_faults() -> None:
    device = Answers(greets, lambda frame: [reply("read_memory", frame.sequence, **MEMORY)])
    with session_with(device) as client:
        client.hello()
        for _ in range(256):
            client.memory()
        assert 0 not in device.sequences


def test_a_reply_with_a_body_of_another_length_is_refused() -> None:
    def short(frame: Frame) -> list[Frame]:
        return [Frame(codec.reply("read_memory").id, frame.sequence, bytes(15))]

    with session_with(Answers(greets, short)) as client:
        client.hello()
        with pytest.raises(LinkError, match=r"does not allow: read_memory\.arena_size"):
            client.memory()


def test_frames_that_reply_to_nothing_are_not_called_silence() -> None:
    with session_with(Answers(lambda frame: [reply("read_memory", 9, **MEMORY)])) as client:
        with pytest.raises(LinkError, match="answers no request") as caught:
            client.hello()
        assert "TX reaches the board" in caught.value.hint
