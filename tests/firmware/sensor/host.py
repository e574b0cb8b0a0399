"""The sensor's C on this machine, around a stand-in network with sea's front end."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.codegen.sound import sound_files
from edgel3_deploy.link.protocol import MAX_CHUNK, SensorSource
from edgel3_deploy.link.record import Record, decode_record
from edgel3_deploy.link.settings import setting_names
from edgel3_deploy.resources import firmware_dir
from edgel3_deploy.validate.sensor import Chain
from tests.firmware.front_end.host import EXACT, SOURCES, write_tables
from tests.firmware.front_end.windows import some_affine
from tests.firmware.link.conftest import Firmware, compile_harness
from tests.firmware.stand_in import public_header

HERE = Path(__file__).resolve().parent
EMBEDDING = 700
CHUNK = MAX_CHUNK // 2


def build_sensor(
    gcc: Path, repository: Path, folder: Path, rate: int, labels: int, *, streams: bool = True
) -> Path:
    """The library of a board whose microphone gives `rate` samples a second.

    Without `streams` the network overwrites the front end's memory.
    """
    firmware = firmware_dir()
    tables = [write_tables(folder, SEA, some_affine(), streams=streams)]
    for name, content in sound_files(rate, SEA.sample_rate).items():
        (folder / name).write_bytes(content)
        tables.append(folder / name)
    own = [*SOURCES, *sorted((firmware / "sound").glob("*.c")), firmware / "head" / "label_state.c"]
    sources = [str(path) for path in (*own, *tables, HERE / "microphone.c")]
    defines = [f"-DBOARD_MICROPHONE_RATE={rate}u"]
    options = ["-shared", "-fPIC", *EXACT, *defines, f"-I{HERE}", f"-I{folder}", *sources]
    header = public_header(
        (SEA.n_mels, SEA.frames, 1), EMBEDDING, layers=2, labels=labels, front_end=SEA, streams=streams
    )
    output = folder / "sensor.so"
    return compile_harness(gcc, repository, output, *options, network=HERE / "network.c", header=header)


def fake_chain(labels: int) -> Chain:
    """What the stand-in network and its head make of PCM."""

    def embeddings(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        return inputs.reshape(len(inputs), -1)[:, :EMBEDDING] ^ np.int8(0x55)

    return Chain(
        SEA,
        lambda pcm: np.stack([pcm_to_int8(window, SEA, some_affine()) for window in pcm]),
        embeddings,
        lambda found: np.ascontiguousarray(found[:, :labels][:, ::-1]),
    )


class HostSensor(Firmware):
    """A board that listens and plays."""

    def __init__(self, library: Path, labels: int, *, has_microphone: bool = True) -> None:
        super().__init__(library)
        self._labels = labels
        for name in ("heard_count", "taken", "loss_at", "loss", "look", "starts"):
            self.value(f"harness_{name}").value = 0
        ctypes.c_bool.in_dll(self.library, "harness_has_microphone").value = has_microphone
        self.start()
        self.greet()

    def value(self, name: str) -> ctypes.c_uint32:
        """A variable of the harness."""
        return ctypes.c_uint32.in_dll(self.library, name)

    def hear(self, samples: NDArray[np.int16], *, look: int = 0) -> None:
        """Let samples come to the microphone; what they complete is computed."""
        at = self.value("harness_heard_count")
        heard = (ctypes.c_int16 * (1 << 22)).in_dll(self.library, "harness_heard")
        np.ctypeslib.as_array(heard)[at.value : at.value + len(samples)] = samples
        at.value += len(samples)
        self.value("harness_look").value = look
        while self.value("harness_taken").value < at.value:
            self.library.harness_work(1)
        self.library.harness_work(1)

    def come(self, data: bytes) -> None:
        """Let bytes come over the link while the network runs for the sensor."""
        coming = (ctypes.c_uint8 * 4096).in_dll(self.library, "harness_coming")
        coming[: len(data)] = list(data)
        self.value("harness_coming_size").value = len(data)
        self.value("harness_coming_taken").value = 0
        self.value("harness_written_size").value = 0

    def lose(self, count: int) -> None:
        """Samples are missing behind those that have come so far."""
        self.value("harness_loss_at").value = self.value("harness_heard_count").value
        self.value("harness_loss").value = count

    def set(self, **values: int) -> None:
        """Change settings."""
        for name, value in values.items():
            assert self.ask("write_setting", key=setting_names()[name][0], value=value)[0] == "write_setting"

    def play(self, samples: NDArray[np.int16], *, begin: bool = True, at: int = 0, size: int = CHUNK) -> None:
        """Play samples over the link, in chunks of `size`."""
        if begin:
            assert self.ask("start_sensor", source=SensorSource.LINK)[0] == "start_sensor"
        for start in range(0, len(samples), size):
            data = samples[start : start + size].astype("<i2").tobytes()
            assert self.ask("play_audio", offset=at + start, data=data)[0] == "play_audio"

    def sensor(self) -> dict[str, Any]:
        """The fields of read_sensor."""
        name, values = self.ask("read_sensor")
        assert name == "read_sensor"
        return values

    def records(self) -> list[Record]:
        """All that are held, without what depends on the time that they took."""
        sensor = self.sensor()
        found = [self.record(sequence) for sequence in range(sensor["oldest"], sensor["windows"])]
        return [replace(record, busy=0) for record in found]

    def record(self, sequence: int) -> Record:
        """One record."""
        size, data = self.sensor()["record_size"], b""
        while len(data) < size:
            length = min(MAX_CHUNK, size - len(data))
            name, answer = self.ask("read_record", sequence=sequence, offset=len(data), length=length)
            assert name == "read_record", answer
            assert isinstance(answer["data"], bytes)
            data += answer["data"]
        return decode_record(data, self._labels, SEA.n_mels, EMBEDDING)
