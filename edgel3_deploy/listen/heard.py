"""What is known of a sensor, and of each window that it heard, in words, seconds, decibels and floats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.graph.tensors import dequantize
from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.link.record import Record
from edgel3_deploy.link.summary import SummaryValue

LEVELS = ("laeq", "lafmax", "l10", "l50", "l90")
"""The levels of a record, in their order."""
WINDOW_SECONDS = 1.0


@dataclass(frozen=True)
class Sensor:
    """Who is heard. `labels` are the head's, none without head; texts are safe to show.

    `rate` is the network's and `source_rate` the microphone's, in Hz; `hop` counts samples at `rate`.
    `counter` is what `busy` counts, None where that means nothing (`validate.result.Body` "unicorn").
    `pooling` and `thresholds` (labels,) make one answer of many windows, as the head was judged
    (`head.pool`).
    """

    port: str
    board: str
    model: str
    build_id: str
    labels: tuple[str, ...]
    pooling: str
    thresholds: tuple[float, ...]
    exclusive: bool
    rate: int
    source_rate: int
    hop: int
    output: Tensor
    counter: CounterUnit | None
    cpu_hz: int
    has_microphone: bool

    @property
    def hop_seconds(self) -> float:
        """From the start of one window to that of the next."""
        return self.hop / self.rate


@dataclass(frozen=True)
class Heard:
    """One window. `received` is the host's clock (Unix time); `missed` counts the records between the one
    before and this that the board no longer held.
    """

    sensor: Sensor
    record: Record
    received: float
    missed: int = 0

    @property
    def seconds(self) -> float:
        """Of sound from the sensor's start to the window's end."""
        return self.record.end / self.sensor.rate

    @property
    def timestamp(self) -> float:
        """Seconds to the window's middle, as the edgel3 package counts."""
        return self.seconds - WINDOW_SECONDS / 2

    @cached_property
    def levels(self) -> dict[str, float] | None:
        """dB by the names in LEVELS, of the last whole second; None before the first."""
        if not self.record.has_levels:
            return None
        return {name: getattr(self.record, name) / 100 for name in LEVELS}

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """The probability of each label in this window: float32 (labels,)."""
        return np.asarray(self.record.probabilities, np.float32)

    @cached_property
    def smoothed(self) -> NDArray[np.float32]:
        """The same over windows, which the thresholds are for: float32 (labels,)."""
        return np.asarray(self.record.smoothed, np.float32) / np.float32(256)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Names of the labels that are on, by the board's thresholds."""
        return tuple(name for name, on in zip(self.sensor.labels, self.record.present, strict=True) if on)

    @cached_property
    def embedding(self) -> NDArray[np.float32]:
        """float32 (embedding,)."""
        return dequantize(self.sensor.output, np.asarray(self.record.embedding, np.int8))

    @property
    def share(self) -> float | None:
        """What the board computed for this window, as a share of the hop; None where that is not time."""
        if self.sensor.counter is not CounterUnit.CPU_CYCLES:
            return None
        return self.record.busy / (self.sensor.cpu_hz * self.sensor.hop_seconds)

    @property
    def is_silent(self) -> bool:
        """Whether nothing but digital silence was in the window: heads are not trained on that."""
        return len(set(self.record.bands)) == 1


@dataclass(frozen=True)
class Summed:
    """A summary: `payload` as it would go over LoRaWAN, and its `values` (`link.summary`)."""

    received: float
    payload: bytes
    values: dict[str, SummaryValue]


Event = Heard | Summed
