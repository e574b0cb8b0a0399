"""One listening: a board that is greeted, its sensor, and what it hears until that ends."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.errors import LinkError, UsageError
from edgel3_deploy.link.answers import Identity, SensorReport, SettingState
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.port import VIRTUAL, is_pseudo_terminal
from edgel3_deploy.link.probe import session
from edgel3_deploy.link.protocol import SensorSource, SensorState
from edgel3_deploy.link.settings import setting_names
from edgel3_deploy.listen.heard import Event, Heard, Sensor
from edgel3_deploy.listen.reader import Reader
from edgel3_deploy.listen.sound import CHUNK_SAMPLES, Pace, source_pcm, window_count
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.validate.session import body_of, greet, port_path, restart_explained

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

_POLL_SECONDS = {False: 0.1, True: 0.01}
"""Between two looks at the sensor of a real and of a virtual board."""
_ASLEEP_SECONDS = 1.0
"""Between two looks at a real board that sleeps."""
_THROUGH_SECONDS = 6.0
"""Without a new sample at the end of a recording: the virtual microphone gives no more.

None comes while a virtual board computes a window either: for half a second, or several on a busy machine."""
_STALL_SECONDS = 15.0
"""Without a new sample, before the sensor is taken for dead."""


@dataclass(frozen=True)
class Played:
    """A recording that the sensor hears: int16 (n,) at the source's rate, and what is odd about it.

    `by_link` is whether the host plays it, else the virtual board's microphone; `paced` in real time.
    """

    path: Path
    pcm: PcmArray
    by_link: bool
    paced: bool
    warnings: tuple[str, ...] = ()


@dataclass
class Listening:
    """A greeted board whose sensor is heard.

    `settings` has those that were changed or asked for, by full name, and `former` what the changed ones
    were.
    """

    build: PreparedBuild
    client: Client
    sensor: Sensor
    report: SensorReport
    played: Played | None
    settings: Mapping[str, SettingState]
    former: Mapping[str, SettingState] = field(default_factory=dict)

    def events(self, seconds: float | None = None, windows: int | None = None) -> Iterator[Event]:
        """Records and summaries as they come, for that many seconds of sound or windows at most.

        Ends when the recording is through that is played. Raises LinkError, also if no sample comes any more.
        """
        first: Heard | None = None
        count = 0
        for event in self._all():
            yield event
            if not isinstance(event, Heard):
                continue
            first = first or event
            count += 1
            # The first window brings a second, each other one a hop.
            heard = event.seconds - first.seconds + 1.0
            if (windows and count >= windows) or (seconds and heard >= seconds):
                return

    def _all(self) -> Iterator[Event]:
        if self.played is None:
            return self._follow(
                Reader(self.client, self.sensor, self.report, max(self.report.windows - 1, 0))
            )
        reader = Reader(self.client, self.sensor, self.report, 0)
        return self._play(reader, self.played) if self.played.by_link else self._hear_out(reader, self.played)

    def _follow(self, reader: Reader) -> Iterator[Event]:
        """What a sensor hears by itself: without end, unless a virtual board's recording is through."""
        still, first = _Stillness(), reader.next
        through = _THROUGH_SECONDS if is_pseudo_terminal(self.sensor.port) else math.inf
        while True:
            report = reader.report()
            yield from reader.new(report.windows)
            if report.state in (SensorState.RESTING, SensorState.ASLEEP):
                still = _Stillness()
            quiet = still.seconds(report.samples)
            if quiet > through and reader.next > first:
                return
            if quiet > _STALL_SECONDS:
                raise self._stalled()
            self._pause(report.state)

    def _hear_out(self, reader: Reader, played: Played) -> Iterator[Event]:
        """What the virtual board's microphone hears, to the recording's end."""
        windows = self._windows(played)
        still = _Stillness()
        while reader.next < windows:
            report = reader.report()
            yield from reader.new(min(report.windows, windows))
            through = report.samples >= len(played.pcm) - self.sensor.source_rate // 10
            if report.state is SensorState.ASLEEP and not through:
                still = _Stillness()
            if still.seconds(report.samples) > (_THROUGH_SECONDS if through else _STALL_SECONDS):
                if not through:
                    raise self._stalled()
                return
            self._pause(report.state)

    def _play(self, reader: Reader, played: Played) -> Iterator[Event]:
        """Play over the link."""
        pcm = played.pcm.astype("<i2")
        pace = Pace(self.sensor.source_rate) if played.paced else None
        for at in range(0, len(pcm), CHUNK_SAMPLES):
            chunk = pcm[at : at + CHUNK_SAMPLES]
            windows = self.client.play_audio(at, chunk.tobytes())
            if windows > reader.next:
                reader.report()
                yield from reader.new(windows)
            if pace:
                pace.wait(at + len(chunk))

    def _windows(self, played: Played) -> int:
        sensor = self.sensor
        return window_count(len(played.pcm), sensor.source_rate, sensor.rate, sensor.hop)

    def _pause(self, state: SensorState) -> None:
        """Let the board compute, or sleep: every request wakes it."""
        virtual = is_pseudo_terminal(self.sensor.port)
        asleep = state is SensorState.ASLEEP and not virtual
        time.sleep(_ASLEEP_SECONDS if asleep else _POLL_SECONDS[virtual])

    def _stalled(self) -> LinkError:
        return LinkError(
            f"the sensor on {self.sensor.port} stands still: no sample came for {_STALL_SECONDS:.0f} s",
            "Check the microphone's wiring (docs/boards.md) and reset the board; a virtual board hears only "
            "what it is started with (--audio FILE, or `emulate --microphone FILE`).",
        )


class _Stillness:
    """For how long a count has not changed."""

    def __init__(self) -> None:
        self._count = -1
        self._since = time.monotonic()

    def seconds(self, count: int) -> float:
        """Since it was first `count`."""
        if count != self._count:
            self._count, self._since = count, time.monotonic()
        return time.monotonic() - self._since


@contextmanager
def listening(
    build: PreparedBuild,
    port: str,
    *,
    audio: Path | None = None,
    paced: bool = False,
    changes: Mapping[str, int] | None = None,
    all_settings: bool = False,
    progress: Progress = silent,
) -> Iterator[Listening]:
    """Reach the board on `port` ("auto" and "virtual" too), which must run `build`, and join its sensor.

    With `audio` the sensor begins anew and hears that recording, `paced` in real time: a virtual board by its
    microphone if it has one, any other board over the link. `changes` of settings, by full name, are written
    first; with `all_settings` all are read. Whatever ends this, a microphone has the sensor again that was
    played to over the link. Raises BadInputError for an unusable recording, UsageError for a
    sensor that hears nothing, and LinkError if the board runs something else, fails or vanishes; if it
    restarted, also in what is done with it, with what it has on record about that.
    """
    if not build.manifest.front_end:
        raise UsageError(
            f"the build in {build.directory} has no front end, so its board cannot listen",
            "Build without --no-front-end, of a network whose front end the board can run.",
        )
    by_microphone = audio is not None and port == VIRTUAL and build.board.microphone is not None
    progress("reaching the board")
    with (
        port_path(build, port, microphone=audio if by_microphone else None, paced=paced) as path,
        session(build.board, path) as found,
    ):
        client = found.client
        identity = greet(found, build.board, build.network, build.manifest)
        try:
            played: Played | None = None
            loan: AbstractContextManager[None] = nullcontext()
            if audio is not None:
                # Before the sensor is taken from its microphone, which it does without for a minute at most.
                before = client.read_sensor()
                pcm, warnings = source_pcm(audio, front_end(build.manifest.front_end), before.rate)
                played = Played(audio, pcm, not by_microphone, paced, warnings)
                if played.by_link and before.has_microphone:
                    loan = _given_back(client)
            with loan:
                if audio is not None:
                    # Quiet: nothing is computed meanwhile.
                    client.start_sensor(SensorSource.LINK)
                former = _change(client, changes or {})
                known = setting_names() if all_settings else former
                settings = {name: client.read_setting(setting_names()[name][0]) for name in known}
                report = _begin(client, client.read_sensor(), path, audio, by_microphone=by_microphone)
                sensor = _sensor(build, path, identity, report)
                yield Listening(build, client, sensor, report, played, settings, former)
        except RefusedError as error:
            raise restart_explained(client, path, error) from error


@contextmanager
def _given_back(client: Client) -> Iterator[None]:
    """The microphone has the sensor again afterwards."""
    try:
        yield
    finally:
        # On a dead link too: what ended this is told already, and the sensor goes back to it by itself.
        with suppress(LinkError):
            client.start_sensor(SensorSource.MICROPHONE)


def _change(client: Client, changes: Mapping[str, int]) -> dict[str, SettingState]:
    """Write the settings; returns what they were before."""
    names = setting_names()
    former = {name: client.read_setting(names[name][0]) for name in changes}
    for name, value in changes.items():
        client.write_setting(names[name][0], value)
    return former


def _begin(
    client: Client, report: SensorReport, path: str, audio: Path | None, *, by_microphone: bool
) -> SensorReport:
    """Let the sensor begin with its source, or go on as it does."""
    if audio is not None:
        return client.start_sensor(SensorSource.MICROPHONE if by_microphone else SensorSource.LINK)
    if not report.has_microphone:
        raise UsageError(
            f"the board on {path} has no microphone: it hears nothing by itself",
            "--audio FILE plays a recording to it.",
        )
    # Nobody else can be playing: the port is ours, and who played is gone.
    if report.state is SensorState.PLAYING:
        return client.start_sensor(SensorSource.MICROPHONE)
    return report


def _sensor(build: PreparedBuild, path: str, identity: Identity, report: SensorReport) -> Sensor:
    head = build.head
    labels = head.labels if head else ()
    expected = (len(labels), build.network.output.size)
    if (report.label_count, report.embedding_size) != expected:
        raise LinkError(
            f"the sensor on {path} has {report.label_count} labels and embeddings of {report.embedding_size} "
            f"elements, and its build {expected[0]} and {expected[1]}",
            "Flash the build again.",
        )
    return Sensor(
        port=path,
        board=identity.board,
        model=identity.model,
        build_id=build.manifest.build_id,
        labels=labels,
        pooling=head.pooling if head else "mean",
        thresholds=head.thresholds if head else (),
        exclusive=head.exclusive if head else False,
        rate=front_end(build.manifest.front_end).sample_rate,
        source_rate=report.rate,
        hop=report.hop,
        output=build.network.output,
        counter=None if body_of(build.board, path) == "unicorn" else identity.counter_unit,
        cpu_hz=identity.cpu_hz,
        has_microphone=report.has_microphone,
    )
