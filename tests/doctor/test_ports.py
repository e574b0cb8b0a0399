"""Ports and ST-LINKs: which looks like what, who may open it, who has it open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.doctor import ports
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.ports import examine_ports
from edgel3_deploy.doctor.udev import RULE_FILE, UsbProbe
from edgel3_deploy.link.discover import PortInfo
from edgel3_deploy.link.holders import Holder

HavePorts = Callable[..., None]


def stlink(device: Path | str, serial_number: str = "066DFF") -> PortInfo:
    return PortInfo(str(device), 0x0483, 0x374B, serial_number, "STMicroelectronics", "STM32 STLink")


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A file that stands for a port's."""
    path = tmp_path / "ttyACM0"
    path.touch()
    return path


def only() -> Finding:
    (finding,) = examine_ports()
    return finding


def test_an_stlink_port_shows_ids_and_the_boards_that_it_may_be(have_ports: HavePorts, device: Path) -> None:
    have_ports(stlink(device))
    assert (only().status, only().name) == ("ok", str(device))
    assert only().detail == "ST-LINK/V2-1, 0483:374b, serial number 066DFF, may be nucleo-f767zi or stm32f7"
    assert only().facts["likely_boards"] == ["nucleo-f767zi", "stm32f7"]


def test_an_adapter_shows_its_description(have_ports: HavePorts, device: Path) -> None:
    have_ports(PortInfo(str(device), 0x10C4, 0xEA60, description="CP2102 \x1b[31m"))
    assert only().detail == r"CP2102 \x1b[31m, 10c4:ea60"
    assert only().facts["likely_boards"] == []


def test_no_port_at_all_is_said(have_ports: HavePorts) -> None:
    assert (only().status, only().detail) == ("note", "none")


def test_a_port_that_went_meanwhile_is_no_traceback(have_ports: HavePorts, tmp_path: Path) -> None:
    have_ports(stlink(tmp_path / "gone"))
    assert "does not exist" in only().detail


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """This user may open no port."""
    monkeypatch.setattr(ports, "may_open", lambda device: False)


class Group:
    """As `grp.getgrgid` gives it."""

    gr_name = "dialout"
    gr_mem: tuple[str, ...] = ()


def owned(monkeypatch: pytest.MonkeyPatch, device: Path, gid: int, mode: int, *members: str) -> None:
    """Let `device` belong to group `gid` with those members."""
    import grp

    facts = list(device.stat())
    facts[0], facts[5] = mode, gid
    monkeypatch.setattr(Path, "stat", lambda self: os.stat_result(facts))
    monkeypatch.setattr(Group, "gr_mem", members)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: Group)
    monkeypatch.setenv("LOGNAME", "me")


def test_the_group_of_a_forbidden_port_is_named_with_the_command(
    have_ports: HavePorts, device: Path, forbidden: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(stlink(device))
    owned(monkeypatch, device, 20, 0o020660)
    assert "no permission" in only().detail
    assert only().remedy == "`sudo usermod -aG dialout $USER`, then log out and in again."


def test_who_joined_the_group_since_the_login_logs_in_again(
    have_ports: HavePorts, device: Path, forbidden: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(stlink(device))
    owned(monkeypatch, device, 20, 0o020660, "me")
    assert "log out and in again" in only().remedy
    assert "usermod" not in only().remedy


@pytest.mark.parametrize(("gid", "mode"), [(0, 0o020660), (20, 0o020600), (20, 0o020640)])
def test_a_port_that_no_group_shares_needs_the_rule(
    have_ports: HavePorts,
    device: Path,
    forbidden: None,
    monkeypatch: pytest.MonkeyPatch,
    gid: int,
    mode: int,
) -> None:
    have_ports(stlink(device))
    owned(monkeypatch, device, gid, mode)
    finding, rule = examine_ports()
    assert finding.remedy == "Install the udev rule below, then replug it."
    assert (rule.name, rule.detail) == ("udev rule", f"to be written to {RULE_FILE}")
    assert 'TAG+="uaccess"' in rule.remedy


def test_another_adapters_port_is_no_matter_of_the_rule(
    have_ports: HavePorts, device: Path, forbidden: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(PortInfo(str(device), 0x10C4, 0xEA60))
    owned(monkeypatch, device, 0, 0o020600)
    assert only().remedy == "No group may use it: ask who administers this machine."


def test_the_program_that_has_a_port_open_is_named(
    have_ports: HavePorts, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(stlink(device))
    monkeypatch.setattr(ports, "holders", lambda path: (Holder(os.getpid(), "me"), Holder(42, "mini\ncom")))
    assert r"open in mini\ncom (process 42)" in only().detail
    assert only().remedy == "Close that program before you use the port."
    assert only().facts["holders"] == [{"pid": 42, "name": "mini\ncom"}]


def probes(monkeypatch: pytest.MonkeyPatch, node: Path, serial_number: str = "066DFF") -> None:
    monkeypatch.setattr(ports, "usb_probes", lambda: [UsbProbe("0483:374b", serial_number, node)])


def test_an_stlink_that_is_closed_to_users_comes_with_the_rule(
    have_ports: HavePorts, device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(stlink(device))
    probes(monkeypatch, tmp_path / "001/007")
    _, finding, rule = examine_ports()
    assert finding.name == "ST-LINK 0483:374b"
    assert "no permission for OpenOCD and pyOCD" in finding.detail
    assert rule.name == "udev rule"


def test_an_stlink_without_its_port_lacks_a_driver(
    have_ports: HavePorts, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_ports(stlink(device, serial_number="another"))
    probes(monkeypatch, device)
    _, finding = examine_ports()
    assert "without a serial port" in finding.detail
    assert "modprobe cdc_acm" in finding.remedy


def test_an_open_stlink_is_well(have_ports: HavePorts, device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_ports(stlink(device))
    probes(monkeypatch, device)
    assert [finding.status for finding in examine_ports()] == ["ok", "ok"]
