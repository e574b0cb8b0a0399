"""A sensor on a pseudo-terminal whose records are what a test says, and the build that it runs."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.link import codec
from edgel3_deploy.link.protocol import CounterUnit, ErrorCode, SensorSource, SensorState
from edgel3_deploy.link.record import Record, record_size
from edgel3_deploy.link.settings import setting_names
from edgel3_deploy.link.summary import FIELDS, SHARE_BITS, SUMMARY_LAYOUT
from edgel3_deploy.listen.heard import Heard, Sensor
from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.head.heads import random_head, small_head
from tests.link.fake_board import FakeBoard
from tests.validate.prepared import EMBEDDING, prepared_build

LABELS = ("car <horn>", "dog", "rain")
BANDS = 64
RATE, SOURCE_RATE, HOP = 8_000, 48_000, 8_000
HELD = 4


def a_record(sequence: int, **changes: Any) -> Record:
    """The record of one window of the sensor of this module: mostly a dog."""
    facts = Record(
        sequence=sequence,
        end=RATE + sequence * HOP,
        lost=0,
        clipped=0,
        busy=54_000_000,
        gap=sequence == 0,
        has_levels=True,
        laeq=-3000,
        lafmax=-2900,
        l10=-2950,
        l50=-3010,
        l90=-3100,
        scores=(-118, 100, -110),
        smoothed=(10, 228, 18),
        present=(False, True, False),
        bands=tuple(range(-64, -64 + 2 * BANDS, 2)),
        embedding=tuple((sequence + index) % 100 for index in range(EMBEDDING)),
    )
    return dataclasses.replace(facts, **changes)


def encoded(record: Record) -> bytes:
    """A record as the firmware lays it out."""
    flags = record.gap | record.has_levels << 1
    levels = (record.laeq, record.lafmax, record.l10, record.l50, record.l90)
    fields = (record.sequence, record.end, record.lost, record.clipped, record.busy, flags)
    present = sum(on << label for label, on in enumerate(record.present))
    return b"".join(
        (
            struct.pack("<IQIIQB5h", *fields, *levels),
            struct.pack(f"{len(record.scores)}b", *record.scores),
            bytes(record.smoothed),
            present.to_bytes(-(-len(record.present) // 8), "little"),
            struct.pack(f"{len(record.bands)}b", *record.bands),
            struct.pack(f"{len(record.embedding)}b", *record.embedding),
        )
    )


def a_sensor(**changes: Any) -> Sensor:
    """What is known of a sensor with such records."""
    facts = Sensor(
        port="/dev/ttyACM0",
        board="stm32f7",
        model="small",
        build_id="ab" * 32,
        labels=LABELS,
        pooling="geometric",
        thresholds=(0.5, 0.5, 0.5),
        exclusive=True,
        rate=RATE,
        source_rate=SOURCE_RATE,
        hop=HOP,
        output=Tensor(0, "embedding", (EMBEDDING,), 0.5, -3),
        counter=CounterUnit.CPU_CYCLES,
        cpu_hz=216_000_000,
        has_microphone=True,
    )
    return dataclasses.replace(facts, **changes)


def a_window(sequence: int, *, sensor: Sensor | None = None, missed: int = 0, **changes: Any) -> Heard:
    """One window as it is heard, one a second."""
    return Heard(sensor or a_sensor(), a_record(sequence, **changes), 1_700_000_000.0 + sequence, missed)


def a_build(folder: Path) -> PreparedBuild:
    """A build with front end and head, without files."""
    build = prepared_build(folder, front_end=True, with_float=False)
    network = random_head((EMBEDDING, 6, len(LABELS)), "softmax")
    head = small_head(network, labels=LABELS, model_sha256=build.manifest.model_sha256)
    return dataclasses.replace(build, head=head)


def a_summary() -> bytes:
    """Of node 7: absent levels and supply, three labels on in 0, 90 and 5 % of the windows."""
    given = {"layout": SUMMARY_LAYOUT, "node_id": 7, "sequence": 3, "time": 240, "label_count": 3}
    bits = at = 0
    for field in FIELDS:
        raw = given.get(field.name, (1 << field.bits) - 1 if field.absent else 0)
        bits, at = bits | raw << at, at + field.bits
    for share in (0, 90, 5):
        bits, at = bits | share << at, at + SHARE_BITS
    return bits.to_bytes(-(-at // 8), "little")


class SensorBoard(FakeBoard):
    """Runs `build`, and has a record more at every look, from `windows` up to `last` of them.

    `records` makes them. What is played makes a record for each hop, by its samples. `samples` of the source
    grow with the records, and stand still when those do. With `is_kept` 0 it has no flash for settings.
    """

    def __init__(
        self,
        build: PreparedBuild,
        *,
        records: Callable[[int], Record] = a_record,
        windows: int = 0,
        last: int = 1 << 31,
        has_microphone: bool = True,
        state: SensorState | None = None,
        summary: bytes | None = None,
        is_kept: int = 1,
        **options: Any,
    ) -> None:
        identity: dict[str, codec.Value] = {
            "model_sha256": bytes.fromhex(build.manifest.model_sha256),
            "build_id": bytes.fromhex(build.manifest.build_id),
            "board": build.board.name,
            "model": "small",
            "counter_unit": int(CounterUnit.CPU_CYCLES),
        }
        super().__init__(
            input_size=build.network.input.size,
            output_size=EMBEDDING,
            layer_count=len(build.manifest.steps),
            identity=identity,
            **options,
        )
        self._records = records
        self._windows, self._last = windows, last
        self._has_microphone = has_microphone
        self._state = state or (SensorState.LISTENING if has_microphone else SensorState.NO_SOURCE)
        self._summary = summary
        self._is_kept = is_kept
        self.played = b""
        self.sources: list[int] = []
        self.values = {key: setting.default for key, setting in setting_names().values()}

    def _read_sensor(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        if self._state is SensorState.LISTENING:
            self._windows = min(self._windows + 1, self._last)
        played = len(self.played) // 2
        return {
            "state": int(self._state),
            "has_microphone": int(self._has_microphone),
            "rate": SOURCE_RATE,
            "samples": played or self._windows * HOP * SOURCE_RATE // RATE,
            "lost": 0,
            "hop": HOP,
            "windows": self._windows,
            "oldest": max(0, self._windows - HELD),
            "label_count": len(LABELS),
            "bands": BANDS,
            "embedding_size": EMBEDDING,
            "record_size": record_size(len(LABELS), BANDS, EMBEDDING),
            "summaries": int(self._summary is not None and self._windows > 1),
        }

    def _start_sensor(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        source = SensorSource(int(str(values["source"])))
        self.sources.append(source)
        self.played, self._windows = b"", 0
        self._state = SensorState.PLAYING if source is SensorSource.LINK else SensorState.LISTENING
        return self._read_sensor({})

    def _play_audio(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        data = values["data"]
        assert isinstance(data, bytes)
        if 2 * int(str(values["offset"])) != len(self.played):
            return ErrorCode.OUT_OF_RANGE
        self.played += data
        heard = len(self.played) // 2 * RATE // SOURCE_RATE
        self._windows = max(0, 1 + (heard - RATE) // HOP)
        return {"next": len(self.played) // 2, "windows": self._windows}

    def _read_record(
        self, values: Mapping[str, codec.Value]
    ) -> Mapping[str, codec.Value] | tuple[ErrorCode, int]:
        sequence, offset, length = (int(str(values[name])) for name in ("sequence", "offset", "length"))
        oldest = max(0, self._windows - HELD)
        if sequence >= self._windows:
            return ErrorCode.NO_RESULT, self._windows
        if sequence < oldest:
            return ErrorCode.OUT_OF_RANGE, oldest
        return {"data": encoded(self._records(sequence))[offset : offset + length]}

    def _read_summary(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        return ErrorCode.NO_RESULT if self._summary is None else {"data": self._summary}

    def _read_setting(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return {"value": self.values[int(str(values["key"]))], "is_kept": self._is_kept}

    def _write_setting(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        self.values[int(str(values["key"]))] = int(str(values["value"]))
        return self._read_setting(values)
