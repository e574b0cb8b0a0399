"""Programs that are there, absent, mute, broken or hanging: found with a PATH of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgel3_deploy.doctor import programs
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.programs import PROGRAMS, examine_programs, how_to_install
from tests.doctor.conftest import Install


def found(name: str, needed: frozenset[str] = frozenset()) -> Finding:
    return next(finding for finding in examine_programs(needed) if finding.name == name)


def test_a_programs_version_is_read_from_what_it_says(install: Install) -> None:
    path = install("openocd", "Open On-Chip Debugger 0.12.0")
    finding = found("openocd")
    assert (finding.status, finding.detail) == ("ok", "0.12.0, for flash --via openocd")
    assert finding.facts["path"] == str(path)
    assert finding.facts["version"] == "0.12.0"


def test_an_absent_program_comes_with_the_command_that_installs_it(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    finding = found("openocd")
    assert (finding.status, finding.needed) == ("missing", False)
    assert finding.remedy.startswith("`sudo apt install openocd` (`brew install open-ocd`")


@pytest.mark.parametrize(
    ("platform", "first"),
    [("linux", "sudo apt install"), ("darwin", "brew install"), ("win32", "winget install")],
)
def test_the_machines_own_package_manager_stands_first(
    platform: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for program in PROGRAMS:
        if any(command.startswith(first) for command in program.install.values()):
            assert how_to_install(program.install).startswith(f"`{first}"), program.name


def test_every_program_can_be_had_somehow() -> None:
    assert all(program.install for program in PROGRAMS)


def test_compiler_make_and_c_library_are_needed(install: Install) -> None:
    lacking = {finding.name for finding in examine_programs() if finding.needed}
    assert lacking == {"make", "arm-none-eabi-gcc"}
    assert found("qemu-system-arm", frozenset({"qemu-system-arm"})).needed


def test_a_compiler_without_c_library_is_noticed(install: Install, tmp_path: Path) -> None:
    """gcc repeats the name of a file that it does not find."""
    install("arm-none-eabi-gcc", "libc.a")
    assert (found("newlib").status, found("newlib").needed) == ("missing", True)
    library = tmp_path / "libc.a"
    library.touch()
    install("arm-none-eabi-gcc", str(library))
    assert found("newlib").status == "ok"


def test_the_machines_own_compiler_passes(arm_gcc: Path) -> None:
    assert (found("arm-none-eabi-gcc").status, found("newlib").status) == ("ok", "ok")


def test_a_program_that_says_nothing_is_there_all_the_same(install: Install) -> None:
    install("stm32flash", script="exit 1")
    finding = found("stm32flash")
    assert (finding.status, finding.facts["version"]) == ("ok", None)


@pytest.mark.parametrize(
    "content", ["#!/no/such/interpreter\n", "\x7fELF not for this machine"], ids=["interpreter", "binary"]
)
def test_a_program_that_cannot_be_started_is_no_traceback(install: Install, content: str) -> None:
    install("openocd").write_text(content)
    assert found("openocd").status == "note"
    assert "Install it again" in found("openocd").remedy
    install("make").write_text(content)
    assert (found("make").status, found("make").needed) == ("missing", True)


def test_a_program_that_hangs_is_given_up(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 0.1)
    install("pyocd", script="exec /bin/sleep 30")
    assert "does not end" in found("pyocd").detail


def test_bytes_that_are_no_text_are_no_traceback(install: Install) -> None:
    install("openocd", script="printf '\\377\\376 0.12.0'")
    assert found("openocd").facts["version"] == "0.12.0"
