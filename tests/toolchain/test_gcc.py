"""make is run in a clean environment, watched, and its failures are told in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.gcc import RegionOverflowError, find_gcc, run_make
from tests.toolchain.conftest import SCRIPT


def makefile(folder: Path, *lines: str) -> None:
    (folder / "Makefile").write_text("all:\n" + "".join(f"\t{line}\n" for line in lines))


def test_the_compiler_has_a_version(arm_gcc: Path) -> None:
    found = find_gcc()
    assert found.path == arm_gcc
    assert int(found.version.split(".")[0]) >= 10


@pytest.mark.parametrize(
    ("tools", "missing", "package"),
    [((), "make", "make"), (("make",), "arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi")],
)
def test_a_missing_tool_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: tuple[str, ...], missing: str, package: str
) -> None:
    for tool in tools:
        (tmp_path / tool).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=f"{missing} is not installed") as caught:
        find_gcc()
    assert caught.value.hint == f"Install it: sudo apt install {package}"


def test_a_compiler_that_does_not_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("make", "arm-none-eabi-gcc"):
        (tmp_path / tool).write_text("#!/bin/false\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="does not run"):
        find_gcc()


def test_each_compilation_is_progress(tmp_path: Path) -> None:
    makefile(tmp_path, '@echo "CC  a.c"', '@echo "CC  b.c"', '@echo "LD  x"')
    seen: list[tuple[str, int, int]] = []
    run_make(tmp_path, steps=2, progress=lambda stage, done=0, total=0: seen.append((stage, done, total)))
    assert seen == [("compiling", 1, 2), ("compiling", 2, 2), ("linking", 0, 0)]


def test_the_callers_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "--dry-run")
    monkeypatch.setenv("CPATH", "/nowhere")
    makefile(tmp_path, "@echo $$CPATH > seen")
    run_make(tmp_path)
    assert (tmp_path / "seen").read_text() == "\n"


def test_the_first_diagnostic_is_the_message(tmp_path: Path) -> None:
    makefile(tmp_path, "@echo 'a.c:1:2: error: unknown type'", "@echo 'b.c:3: error: later'; false")
    with pytest.raises(ToolchainError, match="error: unknown type"):
        run_make(tmp_path)


def test_a_missing_c_library_names_its_package(tmp_path: Path) -> None:
    makefile(tmp_path, "@echo 'a.c:1:10: fatal error: string.h: No such file or directory'; false")
    with pytest.raises(ToolchainError) as caught:
        run_make(tmp_path)
    assert "libnewlib-arm-none-eabi" in caught.value.hint


def test_an_overflowing_region_is_told_with_its_excess(arm_gcc: Path, tmp_path: Path) -> None:
    (tmp_path / "image.ld").write_text(SCRIPT)
    (tmp_path / "image.c").write_text(
        "char big[5000]; const char table[9000]; int main(void) { return big[1]; }"
    )
    makefile(
        tmp_path, f"@{arm_gcc} -mcpu=cortex-m7 -mthumb -nostdlib -Wl,-emain -T image.ld image.c -o image.elf"
    )
    with pytest.raises(RegionOverflowError) as caught:
        run_make(tmp_path)
    # 256 bytes of stack stand beside the 5,000 in 1,024 bytes.
    assert caught.value.excess["fast"] == 5000 + 256 - 1024
    assert caught.value.excess["flash"] > 9000 - 4096


def test_of_images_linked_for_several_slots_the_largest_excess_is_told(tmp_path: Path) -> None:
    lines = (f"region `flash' overflowed by {count} bytes" for count in (700, 1300, 200))
    makefile(
        tmp_path, '@printf "%s\\n" ' + " ".join(f'"{line}"'.replace("`", "\\`") for line in lines) + "; false"
    )
    with pytest.raises(RegionOverflowError) as caught:
        run_make(tmp_path)
    assert caught.value.excess == {"flash": 1300}


def test_an_interruption_ends_the_compilers_too(tmp_path: Path) -> None:
    makefile(tmp_path, '@echo $$$$ > pid; echo "CC  a.c"; sleep 60')

    def interrupt(stage: str, done: int = 0, total: int = 0) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_make(tmp_path, progress=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
