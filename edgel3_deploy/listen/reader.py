"""The records and summaries of a sensor in their order, each once, and what was missed counted."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import SensorReport
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.protocol import ErrorCode
from edgel3_deploy.link.summary import SummaryError, decode_summary
from edgel3_deploy.listen.heard import Event, Heard, Sensor, Summed

_OVERTAKEN = 32
"""How often in a row the oldest record may be gone before it is fetched."""


class Reader:
    """Fetches what is new, from record `first` on. `next` is the number of the record to come.

    Raises LinkError as the client does, and for bytes that are no record or summary.
    """

    def __init__(self, client: Client, sensor: Sensor, report: SensorReport, first: int) -> None:
        self._client = client
        self._sensor = sensor
        self._report = report
        self._summaries = report.summaries
        self._missed = 0
        self.next = first

    def report(self) -> SensorReport:
        """What the sensor does now."""
        self._report = self._client.read_sensor()
        if self._report.windows < self.next:
            raise diagnosis.began_anew(self._sensor.port, self._report.windows, self.next)
        return self._report

    def new(self, windows: int) -> Iterator[Event]:
        """Records up to number `windows`, without it, as far as they are held; then a new summary."""
        while self.next < windows:
            heard = self._read()
            if heard is None:
                return
            yield heard
        if self._report.summaries != self._summaries:
            self._summaries = self._report.summaries
            yield from self._summary()

    def _read(self) -> Heard | None:
        """The next record that the board still holds; None if there is no newer one."""
        for _ in range(_OVERTAKEN):
            try:
                record = self._client.read_record(self.next, self._report)
            except RefusedError as error:
                if error.code != ErrorCode.OUT_OF_RANGE or error.detail <= self.next:
                    raise
                self._missed += error.detail - self.next
                self.next = error.detail
                continue
            if record is None:
                return None
            if record.sequence != self.next:
                what = f"record {record.sequence} where {self.next} was asked for"
                raise diagnosis.malformed(self._sensor.port, what)
            heard = Heard(self._sensor, record, time.time(), self._missed)
            self._missed = 0
            self.next += 1
            return heard
        raise diagnosis.overtaken(self._sensor.port, self.next)

    def _summary(self) -> Iterator[Summed]:
        payload = self._client.read_summary()
        if payload is None:
            return
        try:
            yield Summed(time.time(), payload, decode_summary(payload))
        except SummaryError as error:
            raise diagnosis.malformed(self._sensor.port, f"a summary: {error}") from error
