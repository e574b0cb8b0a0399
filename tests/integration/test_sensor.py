"""The whole way of the street on virtual boards: from sound to levels, embeddings, labels and records."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import PdmMicrophone
from edgel3_deploy.emulate import Quirks, start
from edgel3_deploy.emulate.delivered import delivered
from edgel3_deploy.fileio import sha256
from edgel3_deploy.head.file import save_head
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.protocol import MAX_CHUNK, SensorSource, SensorState
from edgel3_deploy.link.record import Record
from edgel3_deploy.link.settings import setting_names
from edgel3_deploy.link.summary import decode_summary
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build
from edgel3_deploy.reference.accept import read_network_file
from edgel3_deploy.validate import validate_build
from edgel3_deploy.validate.sensor import SensorSettings, chain_of, expect
from tests.head.heads import random_head, small_head
from tests.validate.prepared import small_model

RATE = 48_000
PATIENCE_SECONDS = 300.0
Built = Callable[[str], PreparedBuild]
Pace = Literal["turbo", "real"]


@pytest.fixture(scope="module")
def sensor_build(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A function from a board's name to a build of the small network with a head of random weights."""
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    folder = tmp_path_factory.mktemp("sensor")
    model, head = folder / "small.tflite", folder / "head.npz"
    model.write_bytes(small_model())
    network, content = read_network_file(model)
    first, *others = random_head((network.output.size, 6, 3), "softmax").layers
    layers = (replace(first, input=network.output), *others)
    save_head(small_head(HeadNetwork(layers, "softmax"), model_sha256=sha256(content)), head)

    def built(name: str) -> PreparedBuild:
        output = folder / name
        if not output.exists():
            build(BuildRequest(board=load_board(name), model=str(model), head=head, output=output))
        return load_build(output)

    return built


def sound(seconds: float) -> NDArray[np.int16]:
    """Noise whose loudness changes ten times a second."""
    rng = np.random.default_rng(3)
    loudness = np.repeat(rng.uniform(50, 9_000, round(10 * seconds) + 1), RATE // 10)
    samples: NDArray[np.int16] = rng.normal(0, loudness).clip(-32768, 32767).astype(np.int16)
    return samples[: round(seconds * RATE)]


@contextmanager
def running(build: PreparedBuild, heard: Path | None = None, pace: Pace = "turbo") -> Iterator[Client]:
    image = build.elf if build.board.emulator and build.board.emulator.kind == "qemu" else build.bin
    quirks = Quirks(pace=pace)
    with (
        start(build.board, image=image, microphone=heard, quirks=quirks) as board,
        open_port(board.port, build.board.uart.baudrate) as port,
    ):
        client = Client(port)
        client.hello()
        yield client


def set_all(client: Client, values: dict[str, int]) -> None:
    for name, value in values.items():
        client.write_setting(setting_names()[name][0], value)


def new_records(client: Client, records: list[Record]) -> None:
    """Add what has been made since the last look."""
    sensor = client.read_sensor()
    for sequence in range(len(records), sensor.windows):
        record = client.read_record(sequence, sensor)
        assert record is not None
        records.append(record)


def await_records(client: Client, count: int) -> list[Record]:
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < count:
        assert time.monotonic() < deadline
        new_records(client, records)
    return records


def without_time(records: list[Record]) -> list[Record]:
    return [replace(record, busy=0) for record in records]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_virtual_boards_hear_through_their_microphones(
    sensor_build: Built, tmp_path: Path, name: str
) -> None:
    """DFSDM or SAI, DMA, ring and all."""
    found, path = sensor_build(name), tmp_path / "noise.wav"
    microphone = found.board.microphone
    assert microphone is not None
    soundfile.write(path, sound(4.5), RATE, subtype="PCM_16")
    heard = delivered(found.board, (sound(4.5) / 2**15).astype(np.float32))
    values = {"hop": 500, "smoothing": 2, "report_interval": 2, "gain": 3 << 15, "calibration": 9_400}
    with running(found, path) as client:
        client.start_sensor(SensorSource.LINK)
        set_all(client, values)
        sensor = client.start_sensor(SensorSource.MICROPHONE)
        assert (sensor.state, sensor.has_microphone, sensor.rate) == (SensorState.LISTENING, True, RATE)
        records = await_records(client, 8)
        while client.read_sensor().samples < len(heard):
            pass
        sensor, payload = client.read_sensor(), client.read_summary()
    twin = expect(
        chain_of(found),
        heard,
        RATE,
        [(0, SensorSettings(values))],
        bits=microphone.bits,
        compensated=isinstance(microphone, PdmMicrophone),
    )
    assert len(twin.records) == 8
    assert without_time(records) == list(twin.records)
    assert all(record.busy > 0 for record in records)
    assert (sensor.lost, sensor.samples, sensor.summaries) == (0, len(heard), 2)
    assert payload is not None
    assert decode_summary(payload) == {**twin.summaries[1], "reset_cause": "POWER_ON"}


@pytest.mark.slow
def test_qemu_hears_what_is_played_over_the_link(sensor_build: Built, qemu: Path) -> None:
    found, samples = sensor_build("mps2-an500"), sound(1.2)
    changes = [(0, {"hop": 300}), (48_640, {"hop": 150, "calibration": -50, "threshold_on.0": 1})]
    records: list[Record] = []
    with running(found) as client:
        assert client.read_sensor().state is SensorState.NO_SOURCE
        client.start_sensor(SensorSource.LINK)
        for (at, values), end in zip(changes, (48_640, len(samples)), strict=True):
            set_all(client, values)
            for offset in range(at, end, MAX_CHUNK // 2):
                chunk = samples[offset : min(offset + MAX_CHUNK // 2, end)].astype("<i2").tobytes()
                if client.play_audio(offset, chunk) > len(records):
                    new_records(client, records)
    twin = expect(chain_of(found), samples, RATE, [(at, SensorSettings(values)) for at, values in changes])
    assert [record.end for record in twin.records] == [8_000, 9_280]
    assert without_time(records) == list(twin.records)


def test_validate_takes_the_network_from_a_sensor_that_hears(
    sensor_build: Built, recording: Path, tmp_path: Path
) -> None:
    found, path = sensor_build("stm32f7"), tmp_path / "noise.wav"
    soundfile.write(path, sound(20), RATE, subtype="PCM_16")
    with start(found.board, image=found.bin, microphone=path) as board:
        report = validate_build(found, board.port, [recording], limit=2)
        assert report.verdict == "pass"
        with open_port(board.port, found.board.uart.baudrate) as port:
            client = Client(port)
            client.hello()
            assert client.read_sensor().state is SensorState.RESTING


@pytest.mark.slow
def test_lost_samples_are_counted_and_told(sensor_build: Built, tmp_path: Path) -> None:
    """In the chip's own time, on a host that stops it for a while."""
    found, path = sensor_build("stm32f7"), tmp_path / "noise.wav"
    soundfile.write(path, sound(4), RATE, subtype="PCM_16")
    with (
        start(found.board, image=found.bin, microphone=path, quirks=Quirks(pace="real")) as board,
        open_port(board.port, found.board.uart.baudrate) as port,
    ):
        client = Client(port)
        client.hello()
        client.start_sensor(SensorSource.MICROPHONE)
        before = await_records(client, 1)[-1]
        deadline = time.monotonic() + PATIENCE_SECONDS
        # A stop between two reads of the DMA's registers is not seen: no chip stands still there.
        while (sensor := client.read_sensor()).lost - before.lost <= 0.3 * RATE:
            assert time.monotonic() < deadline
            os.kill(board._process.pid, signal.SIGSTOP)
            time.sleep(0.6)
            os.kill(board._process.pid, signal.SIGCONT)
            client.read_sensor()
        told = before
        while told.lost < sensor.lost:
            assert time.monotonic() < deadline
            earlier, told = told, client.read_record(told.sequence + 1, sensor) or told
            assert told.gap or told.lost == earlier.lost
    assert told.end > before.end


@pytest.mark.slow
def test_the_virtual_stm32f7_sleeps_between_windows(sensor_build: Built, tmp_path: Path) -> None:
    """Asleep it answers at the same speed; the recording goes on, and so does the time."""
    found, path, cycle = sensor_build("stm32f7"), tmp_path / "noise.wav", 20
    noise = sound(3.5 * cycle)
    soundfile.write(path, noise, RATE, subtype="PCM_16")
    heard = delivered(found.board, (noise[: 2 * RATE] / 2**15).astype(np.float32))
    states: set[SensorState] = set()
    records: list[Record] = []
    with running(found, path) as client:
        # From power-up to here it heard the recording's beginning.
        client.start_sensor(SensorSource.LINK)
        set_all(client, {"duty_cycle": cycle})
        client.start_sensor(SensorSource.MICROPHONE)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(records) < 3:
            assert time.monotonic() < deadline
            states.add(client.read_sensor().state)
            new_records(client, records)
    assert states == {SensorState.LISTENING, SensorState.ASLEEP}
    assert [(record.gap, record.lost, record.has_levels) for record in records] == [(True, 0, True)] * 3
    assert records[0].end == 2 * 8_000
    # While it hears and computes the chip's time is the host's: only what is heard is certain.
    assert all(after.end - before.end > 2 * 8_000 for before, after in pairwise(records))
    settings = [(0, SensorSettings({}))]
    (first,) = expect(chain_of(found), heard, RATE, settings, compensated=True, asleep=[]).records
    assert without_time(records)[0] == first
