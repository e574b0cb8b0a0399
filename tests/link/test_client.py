"""A session with a board that behaves, and with every kind of board that does not."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import codec
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import NotSupportedError, RefusedError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.protocol import PROTOCOL_VERSION, CounterUnit, ErrorCode
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import PtyDevice
from tests.link.sessions import session, session_with, session_with_babble

INPUT = bytes(index % 251 for index in range(1200))


def run_once(client: Client) -> bytes:
    client.hello()
    client.load_input(INPUT)
    client.run(checksums=True)
    return client.read_output(4)


def _reversed_bytes(pcm: bytes) -> bytes:
    """A front end for tests that need no real one."""
    return pcm[:1200][::-1]


@pytest.mark.parametrize("miscounted", [-1, 1])
def test_a_board_that_took_another_number_of_bytes_is_malformed(miscounted: int) -> None:
    class Miscounts(FakeBoard):
        def _load_input(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
            super()._load_input(values)
            return {"loaded": self._loaded + miscounted}

    with session_with(Miscounts()) as client:
        client.hello()
        with pytest.raises(LinkError, match=f"{512 + miscounted} bytes loaded where 512 were sent"):
            client.load_input(INPUT)


@pytest.mark.parametrize("lost", [{}, {"lose": frozenset({3})}], ids=["whole", "a reply lost"])
def test_a_window_of_pcm_becomes_the_input(lost: dict[str, Any]) -> None:
    pcm = np.arange(8000, dtype="<i2").tobytes()
    with session(front_end=_reversed_bytes, **lost) as (client, board):
        client.hello()
        assert client.load_audio(pcm) == 10
        assert client.read_input(1200) == _reversed_bytes(pcm)
        client.run()
        assert board.requests.count("load_audio") == 32 + len(lost)


def test_a_window_that_ends_with_a_whole_chunk_becomes_an_input() -> None:
    """Of a stream, every push of which is some chunks long."""
    pcm = np.arange(8000 + 512, dtype="<i2").tobytes()
    with session(front_end=_reversed_bytes) as (client, _):
        client.hello()
        client.load_audio(pcm[:16_000])
        client.load_audio(pcm[16_000:], at=8000)
        assert client.read_input(1200) == _reversed_bytes(pcm[-16_000:])


def test_once_an_inference_is_known_the_next_is_awaited_twenty_times_as_long_but_three_seconds() -> None:
    with FakeBoard() as board, open_port(board.path, 115_200) as port:
        client = Client(port, run_timeout=100.0)
        client.hello()
        client.load_input(INPUT)
        begun = time.monotonic()
        client.run()
        taken = time.monotonic() - begun
    assert 3.0 <= client.run_timeout <= max(3.0, 20 * taken)


def test_what_a_computing_sensor_refuses_is_asked_again() -> None:
    with session(busy={"load_input": 3, "run": 1}) as (client, board):
        assert run_once(client) == INPUT[::-1][:4]
        assert board.requests == ["hello", *6 * ["load_input"], "run", "run", "read_output"]


def test_a_sensor_that_computes_for_ever_is_told() -> None:
    with session(busy={"load_input": 1 << 30}) as (client, board):
        client.hello()
        client.allow_run(0.3)
        with pytest.raises(RefusedError, match=r"is busy: .* 'load_input'") as refused:
            client.load_input(INPUT)
        assert refused.value.code == ErrorCode.BUSY
        # With 0.2 s in between, the last time when 0.3 s are over.
        assert board.requests == ["hello", *3 * ["load_input"]]


def test_a_board_that_falls_silent_while_it_is_busy_has_stopped() -> None:
    with (
        session(busy={"load_input": 2}, lose=frozenset(range(3, 20))) as (client, _),
        pytest.raises(LinkError, match="stopped answering"),
    ):
        run_once(client)


def test_an_image_without_a_front_end_says_so() -> None:
    with session() as (client, _), pytest.raises(NotSupportedError):
        client.hello()
        client.load_audio(bytes(512))


def test_a_whole_session() -> None:
    with session() as (client, board):
        client.hello()
        identity = client.identify()
        assert (identity.board, identity.model, identity.runtime) == ("stm32f7", "sea-64", "native")
        assert identity.build_id == bytes(range(32))
        assert identity.counter_unit is CounterUnit.CPU_CYCLES
        client.load_input(INPUT)
        assert client.run(checksums=True) == 3000
        assert client.read_output(4) == INPUT[::-1][:4]
        assert client.timing(2) == (1000, 2000)
        assert client.checksums(2) == (zlib.crc32(INPUT[::-1]), zlib.crc32(INPUT[::-1][:4]))
        assert client.memory().stack_peak == 708
        client.enter_bootloader()
        assert board.requests.count("load_input") == 3


def test_a_board_that_tells_of_fewer_layers_than_asked_is_malformed() -> None:
    with session() as (client, _):
        run_once(client)
        with pytest.raises(LinkError, match="2 layer values instead of 3"):
            client.timing(3)


def test_long_tensors_and_many_layers_are_read_in_parts() -> None:
    def layers(data: bytes) -> list[bytes]:
        return [bytes([index]) for index in range(149)] + [data[:1100]]

    with session(layers=layers, output_size=1100, layer_count=150) as (client, _):
        client.hello()
        client.load_input(INPUT)
        client.run()
        assert client.read_output(1100) == INPUT[:1100]
        assert client.timing(150) == tuple(1000 * (index + 1) for index in range(150))


@pytest.mark.parametrize("trouble", ["lose", "damage", "mishear"])
@pytest.mark.parametrize("number", range(6))
def test_a_lost_or_damaged_frame_is_repeated(trouble: str, number: int) -> None:
    with session(**{trouble: frozenset({number})}) as (client, board):
        assert run_once(client) == INPUT[::-1][:4]
        assert len(board.requests) == 7


@settings(max_examples=15)
@given(st.dictionaries(st.integers(0, 9), st.sampled_from(["lose", "damage", "mishear"]), max_size=3))
def test_any_three_losses_leave_the_result_right(troubles: dict[int, str]) -> None:
    options = {
        kind: frozenset(n for n, k in troubles.items() if k == kind) for kind in set(troubles.values())
    }
    with session(**options) as (client, board):
        assert run_once(client) == INPUT[::-1][:4]
        assert len(board.requests) == 6 + sum(number < len(board.requests) for number in troubles)


def test_repetition_is_bounded() -> None:
    with session(lose=frozenset(range(1, 100))) as (client, board):
        client.hello()
        with pytest.raises(LinkError, match=r"stopped answering \(request 'identify'\)"):
            client.identify()
        assert board.requests == ["hello"] + ["identify"] * 4


def test_text_before_every_reply_does_no_harm() -> None:
    with session(banner=b"edgel3-deploy stm32f7 ready\r\n") as (client, _):
        assert run_once(client) == INPUT[::-1][:4]


def test_a_silent_board_says_what_to_check() -> None:
    with session(lose=frozenset(range(100))) as (client, board):
        with pytest.raises(
            LinkError, match=f"no answer from the board on {board.path} at 115200 baud"
        ) as caught:
            client.hello()
        assert "powered and flashed" in caught.value.hint
        assert "baud rate" in caught.value.hint


@pytest.mark.parametrize("other", [PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1])
def test_a_board_that_greets_with_another_version_than_asked_is_refused(other: int) -> None:
    class Obliging(FakeBoard):
        def _hello_values(self) -> Mapping[str, codec.Value]:
            return {**super()._hello_values(), "version": other}

    with (
        session_with(Obliging()) as client,
        pytest.raises(LinkError, match=f"speaks protocol version {other}"),
    ):
        client.hello()


def test_another_protocol_version_names_both() -> None:
    with (
        session(version=7) as (client, _),
        pytest.raises(LinkError, match=r"speaks protocol version 7, this edgel3-deploy speaks version 4"),
    ):
        client.hello()


class Says(PtyDevice):
    """Answers anything with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer

    def received(self, data: bytes) -> None:
        self.send(self._answer)


def test_other_firmware_is_quoted() -> None:
    with session_with(Says(b"*** Booting Zephyr OS ***\r\nuart:~$ ")) as client:
        with pytest.raises(
            LinkError, match=r"is not EdgeL3 firmware: it sends '\*\*\* Booting Zephyr OS"
        ) as caught:
            client.hello()
        assert "edgel3-deploy flash" in caught.value.hint


def test_unreadable_bytes_point_to_the_baud_rate() -> None:
    with session_with(Says(bytes(range(128, 200)))) as client:
        with pytest.raises(LinkError, match="unreadable bytes") as caught:
            client.hello()
        assert "baud rate" in caught.value.hint


def test_a_device_that_never_stops_sending_is_quoted_within_five_seconds() -> None:
    with session_with_babble(b"level=041 temp=21.5\r\n", 0.03) as (client, clock):
        with pytest.raises(LinkError, match=r"is not EdgeL3 firmware: it sends '.*temp=21\.5"):
            client.hello()
        assert clock.now < 5


def test_a_device_that_never_stops_sending_damaged_frames_is_not_waited_for() -> None:
    """Every damaged frame may have been the reply, but none prolongs the wait for it."""
    with session_with_babble(b"\x00\x03ab\x00", 0.03) as (client, clock):
        with pytest.raises(LinkError):
            client.hello()
        assert clock.now < 5


def test_escape_sequences_of_other_firmware_are_shown_not_obeyed() -> None:
    with session_with(Says(b"ok \x1b[2Jverdict: pass " * 3)) as client:
        with pytest.raises(LinkError, match="not EdgeL3 firmware") as caught:
            client.hello()
        assert "\x1b" not in caught.value.message
        assert r"\x1b[2J" in caught.value.message


def test_names_from_the_board_are_escaped() -> None:
    with session(identity={"model": "sea\x1b[31m\u202e\n"}) as (client, _):
        client.hello()
        assert client.identify().model == r"sea\x1b[31m\u202e\n"


@pytest.mark.parametrize("reply_byte", [b"\x1f", b"\x79"])
def test_a_rom_bootloader_is_recognised_by_its_replies(reply_byte: bytes) -> None:
    with session_with(Says(reply_byte * 20)) as client:
        with pytest.raises(LinkError, match="is an STM32 ROM bootloader") as caught:
            client.hello()
        assert "BOOT0 low" in caught.value.hint


def test_a_loopback_is_recognised() -> None:
    class Loopback(PtyDevice):
        def received(self, data: bytes) -> None:
            self.send(data)

    with session_with(Loopback()) as client, pytest.raises(LinkError, match="sends back what it is sent"):
        client.hello()


def test_a_crash_is_shown_with_its_registers() -> None:
    with session(crash_at=4) as (client, _):
        with pytest.raises(
            LinkError, match=r"crashed: PRECISERR .* at address 0x60000000; pc=0x08004321"
        ) as caught:
            run_once(client)
        assert "addr2line" in caught.value.hint


def test_a_board_unplugged_in_the_middle_is_named() -> None:
    with session(unplug_at=4) as (client, _), pytest.raises(LinkError, match=r"/dev/pts/\d+ was unplugged"):
        run_once(client)


def test_a_restart_in_the_middle_is_named() -> None:
    with (
        session(restart_at=4) as (client, _),
        pytest.raises(LinkError, match="'run': it restarted in the middle"),
    ):
        run_once(client)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ErrorCode.UNKNOWN_TYPE, "does not know this request"),
        (ErrorCode.OUT_OF_RANGE, "outside its tensors"),
        (ErrorCode.RUN_FAILED, "the network failed"),
    ],
)
def test_refusals_are_told_in_words(code: ErrorCode, reason: str) -> None:
    with (
        session(refuse={"run": code}) as (client, _),
        pytest.raises(LinkError, match=f"refused 'run': .*{reason}"),
    ):
        run_once(client)


def test_an_unsupported_request_can_be_told_from_a_failure() -> None:
    with session(refuse={"read_checksums": ErrorCode.NOT_SUPPORTED}) as (client, _):
        run_once(client)
        with pytest.raises(NotSupportedError):
            client.checksums(2)


def test_running_before_the_input_is_complete_is_refused() -> None:
    with session() as (client, _):
        client.hello()
        client.load_input(INPUT[:100])
        with pytest.raises(LinkError, match="input tensor is incomplete"):
            client.run()


def test_an_undeclared_counter_unit_is_refused() -> None:
    with session(identity={"counter_unit": 9}) as (client, _):
        client.hello()
        with pytest.raises(LinkError, match="does not allow: counter unit 9"):
            client.identify()


def test_a_short_output_is_refused() -> None:
    with session() as (client, _):
        run_once(client)
        with pytest.raises(LinkError, match="4 output bytes instead of 8"):
            client.read_output(8)


@pytest.mark.parametrize(
    "said",
    [
        "Température : 21,5 °C – wird gemessen\r\n".encode() * 4,
        b"\x1b[0;32mI (29) boot: ESP-IDF v5.1\x1b[0m\r\n\x1b[2J\x1b[H\x1b[1;33mW (31)\x1b[0m ready\r\n",
    ],
    ids=["UTF-8", "colours"],
)
def test_text_with_umlauts_or_colours_is_text(said: bytes) -> None:
    with session_with(Says(said)) as client, pytest.raises(LinkError, match="not EdgeL3 firmware"):
        client.hello()


def test_a_board_that_hears_every_request_damaged_is_not_called_silent() -> None:
    with session(mishear=frozenset(range(100))) as (client, _):
        with pytest.raises(LinkError, match="receives request 'hello' damaged") as caught:
            client.hello()
        assert "ground" in caught.value.hint
