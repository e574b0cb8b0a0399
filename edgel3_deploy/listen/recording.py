"""Recordings of what a sensor says: JSON lines and CSV, written event by event, and .npz by way of a journal.

What was received is in a file before the next event is asked for, so an interruption loses nothing. A file
that exists is continued.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import not_writable
from edgel3_deploy.listen.heard import LEVELS, Event, Heard, Sensor, Summed
from edgel3_deploy.listen.journal import NpzRecording


class Recording(Protocol):
    """A file that takes events."""

    def add(self, event: Event) -> None:
        """Write `event`. Raises UsageError if the place takes no more."""

    def close(self) -> None:
        """Make the file whole."""


class _Lines:
    """A text file that grows by whole lines; what an interruption tore at its end is taken off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            self.is_new = self._take_off_torn_line() == 0
        except OSError as error:
            raise not_writable(path, error) from error

    def _take_off_torn_line(self) -> int:
        """Seek to the end of the last whole line; return where that is."""
        end = os.lseek(self._file, 0, os.SEEK_END)
        while end > 0:
            begin = max(0, end - 4096)
            newline = os.pread(self._file, end - begin, begin).rfind(b"\n")
            end = begin + newline + 1
            if newline >= 0:
                break
        os.ftruncate(self._file, end)
        return os.lseek(self._file, end, os.SEEK_SET)

    def first_line(self) -> str:
        """The first line, without its end."""
        with self._path.open(encoding="utf-8", errors="replace", newline="") as stream:
            return stream.readline().rstrip("\r\n")

    def write(self, line: str) -> None:
        data = f"{line}\n".encode()
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise not_writable(self._path, error) from error

    def close(self) -> None:
        os.close(self._file)


class JsonLines:
    """A JSON object a line: `sensor` when a session begins, then `window` and `summary` as they come."""

    def __init__(self, path: Path, sensor: Sensor) -> None:
        self._lines = _Lines(path)
        self._lines.write(json.dumps(sensor_values(sensor)))

    def add(self, event: Event) -> None:
        self._lines.write(json.dumps(event_values(event)))

    def close(self) -> None:
        self._lines.close()


class Csv:
    """A row a window. Summaries have no place in it."""

    def __init__(self, path: Path, sensor: Sensor) -> None:
        self._labels = sensor.labels
        header = _row(
            [
                *("received", "sequence", "seconds", *(f"{name} dB" for name in LEVELS), "clipped", "lost"),
                *("missed", "gap", "busy", "present", *(f"score {label}" for label in sensor.labels)),
            ]
        )
        self._lines = _Lines(path)
        if self._lines.is_new:
            self._lines.write(header)
        elif self._lines.first_line() != header:
            self._lines.close()
            raise UsageError(
                f"{path}: holds other columns than this sensor's",
                "Choose another --output, or move that file.",
            )

    def add(self, event: Event) -> None:
        if not isinstance(event, Heard):
            return
        record, levels = event.record, event.levels or {}
        self._lines.write(
            _row(
                [
                    *(utc(event.received), record.sequence, f"{event.seconds:.3f}"),
                    *(f"{levels[name]:.2f}" if levels else "" for name in LEVELS),
                    *(record.clipped, record.lost, event.missed, int(record.gap), record.busy),
                    *(";".join(event.present), *(f"{score:.4f}" for score in event.scores)),
                ]
            )
        )

    def close(self) -> None:
        self._lines.close()


_KINDS: Mapping[str, Callable[[Path, Sensor], Recording]] = {
    ".jsonl": JsonLines,
    ".csv": Csv,
    ".npz": NpzRecording,
}
SUFFIXES = tuple(_KINDS)


def require_recordings(paths: Sequence[Path], inputs: Sequence[Path]) -> None:
    """UsageError unless each of `paths` has one of SUFFIXES, is given once, and is none of `inputs`."""
    for number, path in enumerate(paths):
        if path.suffix.lower() not in _KINDS:
            raise UsageError(
                f"{path}: what kind of recording is that?", f"Give a name that ends in {', '.join(SUFFIXES)}."
            )
        others = [*paths[:number], *inputs]
        if any(path.absolute() == other.absolute() for other in others):
            raise UsageError(f"{path}: is given twice", "Choose another --output.")


@contextmanager
def recordings(paths: Sequence[Path], sensor: Sensor) -> Iterator[tuple[Recording, ...]]:
    """The files open for events, whole again behind the block however that ends.

    Raises UsageError for a place that cannot be written and for a file of another sensor.
    """
    with ExitStack() as opened:
        found = []
        for path in paths:
            recording = _KINDS[path.suffix.lower()](path, sensor)
            opened.callback(recording.close)
            found.append(recording)
        yield tuple(found)


def utc(seconds: float) -> str:
    """Unix time in ISO 8601, with milliseconds."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def sensor_values(sensor: Sensor) -> dict[str, Any]:
    """A sensor as JSON has it."""
    return {
        "type": "sensor",
        "board": sensor.board,
        "model": sensor.model,
        "build_id": sensor.build_id,
        "labels": list(sensor.labels),
        "rate": sensor.rate,
        "source_rate": sensor.source_rate,
        "hop_seconds": sensor.hop_seconds,
        "embedding_scale": sensor.output.scale,
        "embedding_zero_point": sensor.output.zero_point,
        "counter": sensor.counter.name if sensor.counter is not None else None,
        "cpu_hz": sensor.cpu_hz,
    }


def event_values(event: Event) -> dict[str, Any]:
    """An event as JSON has it: a window with all that its record holds, or a summary."""
    if isinstance(event, Summed):
        return {
            "type": "summary",
            "received": utc(event.received),
            "payload": event.payload.hex(),
            **event.values,
        }
    record = event.record
    return {
        "type": "window",
        "received": utc(event.received),
        "sequence": record.sequence,
        "seconds": event.seconds,
        "levels": event.levels,
        "scores": _by_label(event, map(float, event.scores)),
        "smoothed": _by_label(event, map(float, event.smoothed)),
        "present": list(event.present),
        "clipped": record.clipped,
        "lost": record.lost,
        "missed": event.missed,
        "gap": record.gap,
        "busy": record.busy,
        "share": event.share,
        "bands": list(record.bands),
        "embedding": list(record.embedding),
    }


def _by_label(event: Heard, values: Iterator[float]) -> dict[str, float]:
    return dict(zip(event.sensor.labels, values, strict=True))


def _row(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
