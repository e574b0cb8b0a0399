"""What a sensor hears, on the terminal: a picture that is redrawn, or a line a window elsewhere."""

from __future__ import annotations

from collections import deque
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgel3_deploy.listen.heard import Event, Heard, Sensor
from edgel3_deploy.listen.lines import busy_text, event_line, sensor_line, spectrum
from edgel3_deploy.listen.tally import Tally
from edgel3_deploy.wording import counted

_BAR = 24
_HISTORY = 12
_MOST_LABELS = 16
_OTHER_ROWS = 6
_REDRAWS = 8  # a second


class LiveView:
    """Shows events; used as a context manager. On a terminal the picture is redrawn in place.

    TERM=dumb and pipes get a line a window, and NO_COLOR no colour. Texts are shown as they are, never as
    markup.
    """

    def __init__(self, sensor: Sensor, tally: Tally, *, on_stderr: bool = False) -> None:
        self._sensor = sensor
        self._tally = tally
        self._console = Console(stderr=on_stderr, highlight=False, markup=False, emoji=False)
        self._unicode = self._console.encoding.lower().startswith("utf")
        self._past: deque[Heard] = deque(maxlen=_HISTORY)
        self._live: Live | None = None
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(console=self._console, refresh_per_second=_REDRAWS)

    def __enter__(self) -> LiveView:
        self._print(sensor_line(self._sensor))
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)

    def show(self, event: Event) -> None:
        """Draw anew with `event`, or print its line."""
        if self._live is None:
            self._print(event_line(event, unicode=self._unicode))
            return
        if isinstance(event, Heard):
            self._past.append(event)
            self._live.update(self._picture(event))

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def _picture(self, heard: Heard) -> Group:
        return Group(
            Text(f"{heard.seconds:,.1f} s of sound", style="bold"),
            self._levels(heard),
            self._labels(heard),
            *(
                Text(f"{past.seconds:8.1f} s |{spectrum(past, self._columns(), unicode=self._unicode)}|")
                for past in list(self._past)[-self._rows(heard) :]
            ),
            Text(self._state(), style="dim"),
        )

    def _rows(self, heard: Heard) -> int:
        """Past windows that fit under the rest of the picture."""
        return max(1, self._console.height - min(len(heard.scores), _MOST_LABELS) - _OTHER_ROWS)

    def _columns(self) -> int:
        return max(8, min(64, self._console.width - 14))

    @staticmethod
    def _levels(heard: Heard) -> Text:
        if heard.levels is None:
            return Text("levels come with the first whole second")
        names = {"laeq": "LAeq", "lafmax": "LAFmax", "l10": "L10", "l50": "L50", "l90": "L90"}
        return Text("  ".join(f"{names[name]} {level:.1f}" for name, level in heard.levels.items()) + "  dB")

    def _labels(self, heard: Heard) -> Table:
        """A bar for each label, of its smoothed score: the board's order, so that each has its place."""
        table = Table.grid(padding=(0, 1))
        shown = list(range(len(heard.scores)))
        if len(shown) > _MOST_LABELS:
            shown = sorted(shown, key=lambda label: -heard.smoothed[label])[:_MOST_LABELS]
        for label in shown:
            is_on = heard.record.present[label]
            style = "bold green" if is_on else ""
            length = round(float(heard.smoothed[label]) * _BAR)
            table.add_row(
                Text(self._sensor.labels[label], style=style),
                Text(("█" if self._unicode else "#") * length + " " * (_BAR - length), style=style),
                Text(f"{heard.smoothed[label]:4.0%}{' *' if is_on else ''}", style=style),
            )
        return table

    def _state(self) -> str:
        totals = self._tally.totals()
        speed = self._tally.windows_per_second
        return "; ".join(
            (
                counted(totals.windows, "window"),
                f"{speed:.2f} windows/s" if speed else "- windows/s",
                busy_text(self._sensor, totals),
                f"{counted(totals.lost, 'sample')} lost",
                f"{counted(totals.missed, 'window')} missed",
                counted(totals.gaps, "gap"),
            )
        )
