"""ST-LINKs as Linux shows them below /sys, and the rule that opens them."""

from __future__ import annotations

from pathlib import Path

from edgel3_deploy.doctor.udev import udev_rule, usb_probes
from edgel3_deploy.link.discover import STLINKS


def plug(sysfs: Path, name: str, **attributes: str) -> None:
    """A device folder below `sysfs` with a file for each attribute."""
    (sysfs / name).mkdir(parents=True)
    for attribute, value in attributes.items():
        (sysfs / name / attribute).write_text(f"{value}\n")


def test_stlinks_are_found_among_other_devices(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", idVendor="0483", idProduct="374b", busnum="1", devnum="7", serial="066DFF")
    plug(tmp_path, "1-2", idVendor="0483", idProduct="df11", busnum="1", devnum="8")
    plug(tmp_path, "1-3", idVendor="10c4", idProduct="ea60", busnum="1", devnum="9")
    plug(tmp_path, "1-1:1.0", bInterfaceClass="08")
    (probe,) = usb_probes(tmp_path, tmp_path / "dev")
    assert (probe.usb_id, probe.serial_number) == ("0483:374b", "066DFF")
    assert probe.node == tmp_path / "dev/001/007"


def test_its_file_says_whether_it_is_accessible(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", idVendor="0483", idProduct="374e", busnum="1", devnum="7")
    (probe,) = usb_probes(tmp_path, tmp_path / "dev")
    assert not probe.is_accessible
    probe.node.parent.mkdir(parents=True)
    probe.node.touch()
    assert probe.is_accessible


def test_a_system_without_sysfs_shows_none(tmp_path: Path) -> None:
    assert list(usb_probes(tmp_path / "absent")) == []


def test_the_rule_covers_every_stlink_and_its_port() -> None:
    usb, tty = udev_rule().splitlines()
    assert usb.startswith('SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}==')
    assert tty.startswith('SUBSYSTEM=="tty", ATTRS{idVendor}=="0483", ATTRS{idProduct}==')
    for line in (usb, tty):
        assert all(f"{pid:04x}" in line for pid in STLINKS)
        assert 'TAG+="uaccess"' in line
        assert "ID_MM_" in line
