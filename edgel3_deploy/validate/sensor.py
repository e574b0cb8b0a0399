"""What a sensor must say about what it hears: the twin of firmware/application/recorder.c."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FrontEnd, front_end
from edgel3_deploy.audio.hearing import HearingSettings, Interval, Window, hear_events
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.audio.sound_level import LOWEST, Levels
from edgel3_deploy.embedding.board import board_inputs
from edgel3_deploy.head.network import run_head
from edgel3_deploy.head.state import LabelSettings, LabelState, take
from edgel3_deploy.link.protocol import ResetCause
from edgel3_deploy.link.record import Record
from edgel3_deploy.link.settings import LABELS, SETTINGS
from edgel3_deploy.link.summary import FIELDS, MAX_LABELS, SUMMARY_LAYOUT, SummaryValue
from edgel3_deploy.reference import truth

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

Int8Array = NDArray[np.int8]


@dataclass(frozen=True)
class Chain:
    """From a window to scores, as the board computes them, each in TFLite Micro's arithmetic.

    `inputs` of PCM int16 (n, sample_rate), int8 (n, n_mels, frames, 1); `embeddings` of these, int8
    (n, embedding); `scores` of those, int8 (n, labels), with no labels without a head. `streams`: the front
    end's memory is its own, so that its stream outlasts a run of the network.
    """

    front_end: FrontEnd
    inputs: Callable[[PcmArray], Int8Array]
    embeddings: Callable[[Int8Array], Int8Array]
    scores: Callable[[Int8Array], Int8Array]
    streams: bool = True


@dataclass(frozen=True)
class SensorSettings:
    """Values of the board's settings by full name, such as `hop` and `threshold_on.3`; others are default."""

    values: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        if name in self.values:
            return self.values[name]
        return next(setting.default for setting in SETTINGS if setting.name == name.partition(".")[0])

    @property
    def hearing(self) -> HearingSettings:
        """What the sound path and the windows follow from."""
        return HearingSettings(self["gain"], self["hop"], self["report_interval"])

    def labels(self, count: int) -> LabelSettings:
        """Smoothing and thresholds of so many labels; those from LABELS on have the defaults."""
        names = [f".{number}" if number < LABELS else "" for number in range(count)]
        on = np.array([self[f"threshold_on{name}"] for name in names], np.uint8)
        off = np.array([self[f"threshold_off{name}"] for name in names], np.uint8)
        return LabelSettings(self["smoothing"], on, np.minimum(on, off))


@dataclass(frozen=True)
class Expected:
    """Records, whose `busy` is 0, and summaries as `decode_summary` gives them, but for `reset_cause`."""

    records: tuple[Record, ...]
    summaries: tuple[dict[str, SummaryValue], ...]


def chain_of(build: PreparedBuild) -> Chain:
    """The chain of a build whose image has a front end."""
    sizes, head = front_end(build.manifest.front_end), build.head
    memory = build.manifest.front_end_memory
    return Chain(
        sizes,
        lambda pcm: board_inputs(build.network, sizes, pcm),
        lambda inputs: truth(build.model, inputs)[0],
        lambda embeddings: (
            np.zeros((len(embeddings), 0), np.int8) if head is None else run_head(head.network, embeddings)
        ),
        streams=memory is None or memory.streams,
    )


def expect(
    chain: Chain,
    samples: NDArray[np.int16] | NDArray[np.int32],
    rate: int,
    settings: Sequence[tuple[int, SensorSettings]],
    *,
    bits: int = 16,
    compensated: bool = False,
    asleep: Sequence[int] | None = None,
) -> Expected:
    """What a sensor gives for `samples` of its source, of 16 or 24 `bits` at `rate`, none of them lost.

    `settings` are in force from their positions in `samples` on, the first from 0. `compensated` and `asleep`
    as of `hear_events`. Raises BadInputError for a rate without filters.
    """
    hearing = [(at, values.hearing) for at, values in settings]
    events = list(
        hear_events(
            samples,
            rate,
            chain.front_end,
            hearing,
            bits=bits,
            streams=chain.streams,
            compensated=compensated,
            asleep=asleep,
        )
    )
    twin = _Sensor(chain, [event for _, event in events if isinstance(event, Window)], rate)
    for number, event in events:
        if isinstance(event, Window):
            twin.take_window(event, settings[number][1])
        else:
            twin.take_interval(event, settings[number][1])
    return Expected(tuple(twin.records), tuple(twin.summaries))


class _Sensor:
    def __init__(self, chain: Chain, windows: Sequence[Window], rate: int) -> None:
        self.records: list[Record] = []
        self.summaries: list[dict[str, SummaryValue]] = []
        self._rate = rate
        self._state: LabelState | None = None
        self._shown: list[NDArray[np.bool_]] = []
        if windows:
            self._inputs = chain.inputs(np.stack([window.pcm for window in windows]))
            self._embeddings = chain.embeddings(self._inputs)
            self._scores = chain.scores(self._embeddings)

    def take_window(self, window: Window, settings: SensorSettings) -> None:
        number = len(self.records)
        scores, inputs = self._scores[number], self._inputs[number]
        self._state = take(self._state, settings.labels(len(scores)), scores)
        self._shown.append(self._state.present)
        levels = window.levels or Levels(LOWEST, LOWEST, LOWEST, LOWEST, LOWEST)
        moved = 0 if window.levels is None else settings["calibration"]
        self.records.append(
            Record(
                sequence=number,
                end=window.end,
                lost=0,
                clipped=levels.clipped,
                busy=0,
                gap=window.gap,
                has_levels=window.levels is not None,
                laeq=levels.laeq + moved,
                lafmax=levels.lafmax + moved,
                l10=levels.l10 + moved,
                l50=levels.l50 + moved,
                l90=levels.l90 + moved,
                scores=tuple(scores.tolist()),
                smoothed=tuple((self._state.smoothed >> 8).tolist()),
                present=tuple(self._state.present.tolist()),
                bands=tuple((inputs[..., 0].astype(np.int64).sum(axis=1) // inputs.shape[1]).tolist()),
                embedding=tuple(self._embeddings[number].tolist()),
            )
        )

    def take_interval(self, interval: Interval, settings: SensorSettings) -> None:
        levels, moved = interval.levels, settings["calibration"]
        given: dict[str, int | None] = {
            "layout": SUMMARY_LAYOUT,
            "node_id": settings["node_id"],
            "sequence": len(self.summaries) & 0xFFFF,
            "time": interval.at // self._rate,
            **{name: getattr(levels, name) + moved for name in ("laeq", "lafmax", "l10", "l50", "l90")},
            "samples_lost": 0,
            "reset_cause": ResetCause.UNKNOWN,
            "temperature": None,
            "supply": None,
            "label_count": min(len(self._shown[0]), MAX_LABELS) if self._shown else 0,
        }
        on = np.sum(self._shown, axis=0)[:MAX_LABELS] if self._shown else np.zeros(0, np.int64)
        shares = (200 * on + len(self._shown)) // (2 * max(len(self._shown), 1))
        values: dict[str, SummaryValue] = {
            field.name: field.decode(field.number(given[field.name])) for field in FIELDS
        }
        del values["reset_cause"]
        self.summaries.append({**values, "label_shares": shares.tolist()})
        self._shown = []
