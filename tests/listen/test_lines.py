"""Windows in lines of text."""

from __future__ import annotations

from edgel3_deploy.link.summary import decode_summary
from edgel3_deploy.listen.heard import Summed
from edgel3_deploy.listen.lines import event_line, sensor_line, spectrum
from tests.listen.sensor import a_sensor, a_summary, a_window


def test_a_window_is_one_line() -> None:
    line = event_line(a_window(1, bands=tuple(range(-128, 128, 4))))
    assert line.startswith("     2.0 s  LAeq  -30.0  max  -29.0 dB  |")
    assert line.endswith("|  dog* 89%, rain 7%, car <horn> 4%")
    assert "missed" not in line and "gap" not in line


def test_losses_are_in_the_line() -> None:
    line = event_line(a_window(7, missed=2, gap=True, has_levels=False))
    assert "LAeq      -" in line
    assert "(2 windows before this one were missed)" in line and "(after a gap)" in line


def test_silence_has_no_labels() -> None:
    assert event_line(a_window(0, bands=(127,) * 64)).endswith("|  digital silence")


def test_a_spectrum_rises_with_its_bands() -> None:
    rising = a_window(0, bands=tuple(range(-28, 101, 16)))
    assert spectrum(rising, 9, unicode=False) == " .:-=+*#@"
    assert spectrum(rising, 64) == " ▁▂▃▄▅▆▇█"
    assert spectrum(a_window(0, bands=(-128, 100, -28)), 32) == " █ "
    assert spectrum(a_window(0, bands=(7,) * 64), 32) == " " * 32


def test_without_a_head_there_are_no_labels() -> None:
    sensor = a_sensor(labels=(), thresholds=())
    line = event_line(a_window(0, sensor=sensor, scores=(), smoothed=(), present=()))
    assert line.endswith("|")
    assert "no labels (built without --head)" in sensor_line(sensor)


def test_a_summary_is_one_line() -> None:
    payload = a_summary()
    line = event_line(Summed(0.0, payload, decode_summary(payload)))
    assert line == f"summary 3 of node 7: LAeq -, {len(payload)} bytes"
