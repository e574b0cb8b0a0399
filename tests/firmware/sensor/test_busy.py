"""Requests that come while the network runs for the sensor."""

from __future__ import annotations

import pytest

from edgel3_deploy.link import codec
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import MAX_CHUNK, PROTOCOL_VERSION, ErrorCode, SensorSource, SensorState
from tests.firmware.link.test_session import ANSWERED
from tests.firmware.sensor.conftest import RATE
from tests.firmware.sensor.host import HostSensor
from tests.firmware.sensor.test_records import expected, sound

AT_ONCE = {
    *("hello", "identify", "enter_bootloader", "reset", "read_reset", "read_image", "read_memory"),
    *("read_setting", "read_sensor", "read_record", "read_summary"),
}
PATIENCE = 51
"""Pieces of work until half a second is over: each looks at a counter of 1,000 a second, which takes 10."""


def frame(name: str, **values: codec.Value) -> bytes:
    message = codec.request(name)
    return encode_frame(Frame(message.id, 77, codec.encode(message, values)))


def plausible(name: str) -> bytes:
    """A request with a body of the right length."""
    known: dict[str, dict[str, codec.Value]] = {
        "hello": {"version": PROTOCOL_VERSION},
        "read_setting": {"key": 1},
        "write_setting": {"key": 1, "value": 500},
        "start_sensor": {"source": int(SensorSource.LINK)},
    }
    values = known.get(name, {})
    message = codec.request(name)
    given = {
        field.name: values.get(field.name, b"" if field.type == "data" else 0) for field in message.fields
    }
    return frame(name, **given)


def answers(sensor: HostSensor) -> list[tuple[str, dict[str, codec.Value]]]:
    found = []
    for each in FrameDecoder().feed(sensor.written()):
        kind = codec.reply_by_id(each.type)
        assert kind is not None and each.sequence == 77
        found.append((kind.name, codec.decode(kind, each.body)))
    return found


def refused(name: str) -> dict[str, int]:
    return {"code": int(ErrorCode.BUSY), "request": codec.request(name).id, "detail": 0}


@pytest.mark.parametrize("name", ANSWERED)
def test_a_request_is_answered_or_told_that_the_sensor_computes(sensor: HostSensor, name: str) -> None:
    """And the records are those of a sensor that nobody asks."""
    samples = sound(3.3, 51)
    sensor.hear(samples[: RATE + 100])
    sensor.come(plausible(name))
    sensor.hear(samples[RATE + 100 :])
    ((kind, values),) = answers(sensor)
    if name in AT_ONCE:
        assert kind == name or values["code"] == ErrorCode.NO_RESULT
    else:
        assert (kind, values) == ("error", refused(name))
    assert sensor.sensor()["state"] == SensorState.LISTENING
    assert sensor.records() == list(expected(samples).records)


def test_what_is_told_is_told_between_steps(sensor: HostSensor) -> None:
    sensor.hear(sound(1, 52)[:-1])
    sensor.come(frame("read_sensor") + frame("read_record", sequence=0, offset=0, length=4))
    sensor.hear(sound(1, 52)[-1:])
    (first, second) = answers(sensor)
    assert (first[1]["windows"], first[1]["samples"]) == (0, RATE)
    assert second[1]["code"] == ErrorCode.NO_RESULT
    assert sensor.sensor()["windows"] == 1


def test_what_the_link_takes_is_not_the_sensor_s(sensor: HostSensor) -> None:
    """A byte takes a second in this harness, and a look at the counter 10 of its 1,000."""
    wire = frame("read_reset")
    sensor.hear(sound(1, 58))
    sensor.come(wire)
    sensor.hear(sound(1, 58))
    assert len(answers(sensor)) == 1
    quiet, asked = (sensor.record(sequence).busy for sequence in range(2))
    assert 0 <= asked - quiet <= 10 * len(wire)


def test_a_frame_may_begin_during_a_run_and_end_after_it(sensor: HostSensor) -> None:
    wire = frame("read_output", offset=0, length=4)
    sensor.come(wire[:5])
    sensor.hear(sound(1, 53))
    (answer,) = FrameDecoder().feed(sensor.feed(wire[5:]))
    assert codec.decode(codec.reply("error"), answer.body)["code"] == ErrorCode.NO_RESULT
    assert sensor.sensor()["state"] == SensorState.RESTING


@pytest.mark.parametrize("comes_back", [True, False])
def test_who_was_refused_has_the_network_before_the_next_run(sensor: HostSensor, comes_back: bool) -> None:
    """Also where one window follows the other at once; who does not ask again is not waited for."""
    samples, data = sound(1.1, 54), bytes(MAX_CHUNK)
    sensor.set(hop=100)
    sensor.come(frame("load_input", offset=0, data=data))
    sensor.hear(samples[:RATE])
    assert answers(sensor) == [("error", refused("load_input"))]
    sensor.hear(samples[RATE:])
    assert sensor.sensor()["windows"] == 1
    if comes_back:
        assert sensor.ask("load_input", offset=0, data=data) == ("load_input", {"loaded": MAX_CHUNK})
        sensor.library.harness_work(PATIENCE)
        assert (sensor.sensor()["state"], sensor.sensor()["windows"]) == (SensorState.RESTING, 1)
    else:
        sensor.library.harness_work(PATIENCE)
        assert sensor.records() == list(expected(samples, (0, {"hop": 100})).records)


def test_a_setting_that_had_to_wait_counts_from_then_on(sensor: HostSensor) -> None:
    samples = sound(2.5, 55)
    sensor.come(frame("write_setting", key=1, value=500))
    sensor.hear(samples[: RATE + 7])
    assert answers(sensor) == [("error", refused("write_setting"))]
    sensor.set(hop=500)
    sensor.hear(samples[RATE + 7 :])
    assert sensor.records() == list(expected(samples, (0, {}), (RATE + 7, {"hop": 500})).records)


def test_nothing_is_taken_while_what_is_played_is_computed(sensor: HostSensor) -> None:
    """That run is a request's own, whose reply comes first."""
    samples = sound(1.1, 56)
    sensor.play(samples[: RATE // 2])
    sensor.come(frame("hello", version=PROTOCOL_VERSION))
    sensor.play(samples[RATE // 2 :], begin=False, at=RATE // 2)
    assert sensor.sensor()["windows"] == 1
    assert sensor.value("harness_coming_taken").value == 0


@pytest.mark.parametrize("command", ["name", "results", "infer 1 0", "x" * 90])
def test_a_command_of_the_console_is_answered_behind_the_run(sensor: HostSensor, command: str) -> None:
    samples = sound(2.2, 57)
    sensor.come(f"{command}%no other before its m-ready%".encode())
    sensor.hear(samples[:RATE])
    assert sensor.value("harness_coming_taken").value == sensor.value("harness_coming_size").value
    lines = sensor.written().decode("ascii").split("\r\n")
    assert lines[-2:] == ["m-ready", ""]
    assert lines.count("m-ready") == 1
    assert sensor.feed(b"name%") == b"m-name-dut-[host]\r\nm-ready\r\n"
    if command in ("name", "results"):
        sensor.hear(samples[RATE:])
        assert sensor.records() == list(expected(samples).records)
