"""The format c, by its Makefile: exact on this machine, and on a Cortex-M7 by newlib's linker script."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.codegen.stock import CPU
from tests.export.conftest import EXACT, Copy, Make, link_for_newlib, run, run_on_qemu

STRICT = "CFLAGS=-O2 -Wall -Wextra -Werror -Wconversion"
JOBS = f"-j{os.cpu_count() or 1}"


@pytest.mark.usefixtures("host_gcc")
def test_the_check_is_exact_here(exported: Copy) -> None:
    shown = run("make", JOBS, "check", STRICT, cwd=exported("c")).splitlines()
    assert shown[-5:-2] == ["input: exact", "output: all 8 numbers exact", "scores: all 3 numbers exact"]
    assert shown[-1] == EXACT


@pytest.mark.usefixtures("host_gcc")
def test_without_front_end_and_head_the_check_is_exact_too(make: Make) -> None:
    folder = make(front_end=False, head=None, optimize="size").directory
    shown = run("make", JOBS, "check", STRICT, cwd=folder)
    assert "scores:" not in shown
    assert shown.endswith(f"{EXACT}\n")


def test_the_check_says_what_differs(host_gcc: Path, exported: Copy) -> None:
    folder = exported("c")
    check = folder / "example" / "yard_check.c"
    text = check.read_text()
    start = text.index("expected_output")
    check.write_text(text[:start] + text[start:].replace("{\n", "{\n    1 + ", 1))
    run("make", JOBS, "example", cwd=folder)
    done = subprocess.run([folder / "build/host/yard_check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "output: 1 of 8 numbers differ, first number 0: " in done.stdout
    assert done.stdout.endswith("yard: not exact\n")


@pytest.fixture
def cross(arm_gcc: Path, exported: Copy) -> Path:
    """The library and the example's objects for a Cortex-M7, by the Makefile."""
    folder = exported("c")
    run("make", JOBS, "CROSS=arm-none-eabi-", "LDFLAGS=--specs=rdimon.specs", STRICT, "example", cwd=folder)
    return folder / "build" / "arm-none-eabi"


def test_on_a_cortex_m7_with_the_stock_linker_script(cross: Path, arm_gcc: Path, qemu: Path) -> None:
    parts = [cross / "example/main.c.o", cross / "example/yard_check.c.o", cross / "libyard.a"]
    link_for_newlib(arm_gcc, cross / "check.elf", parts)
    assert run_on_qemu(qemu, cross / "check.elf").splitlines()[-1] == EXACT


def test_the_stock_linker_script_stores_nothing_of_the_arena(cross: Path, arm_gcc: Path) -> None:
    parts = [cross / "example/main.c.o", cross / "example/yard_check.c.o", cross / "libyard.a"]
    link_for_newlib(arm_gcc, cross / "check.elf", parts)
    symbols = run("arm-none-eabi-nm", "-S", cross / "check.elf").splitlines()
    (arena,) = [line.split() for line in symbols if line.endswith(" yard_arena")]
    assert arena[2] in "bB"
    assert int(arena[0], 16) % 16 == 0
    run("arm-none-eabi-objcopy", "-O", "binary", cross / "check.elf", cross / "check.bin")
    whole = run("arm-none-eabi-size", cross / "check.elf").splitlines()[1].split()
    # From address 0, the vector table, up to the end of what is initialized.
    assert (cross / "check.bin").stat().st_size < 0x8000 + int(whole[0]) + int(whole[1]) + 0x3000


def test_the_arena_can_be_placed_or_owned(exported: Copy, arm_gcc: Path) -> None:
    folder = exported("c")
    arena = folder / "src" / "yard_arena.c"
    options = (*CPU, "-c", f"-I{folder / 'include'}", arena, "-o", folder / "arena.o")
    run(arm_gcc, *options, '-DYARD_ARENA_ATTRIBUTE=__attribute__((section(".bss.dtcm")))')
    sections = run("arm-none-eabi-readelf", "-SW", folder / "arena.o").splitlines()
    (placed,) = [line for line in sections if " .bss.dtcm " in line]
    assert "NOBITS" in placed
    run(arm_gcc, *options, "-DYARD_ARENA_EXTERNAL")
    assert "yard_arena" not in run("arm-none-eabi-nm", folder / "arena.o")


def test_a_sparse_network_whose_front_end_shares_the_arena_is_exact(
    make: Make, arm_gcc: Path, qemu: Path, repository: Path
) -> None:
    """Its lists hold addresses in the arena, and a run ends the stream of samples."""
    model = repository / "tests" / "data" / "thin-l3.tflite"
    result = make(model=str(model), head=None, ram_limit=130 << 10)
    assert result.content["front_end"]["streams"] is False
    assert "`yard_begin()` begins the next window" in (result.directory / "README.md").read_text()
    cross = ("CROSS=arm-none-eabi-", "LDFLAGS=--specs=rdimon.specs", STRICT)
    run("make", JOBS, *cross, "example", cwd=result.directory)
    built = result.directory / "build" / "arm-none-eabi"
    parts = [built / "example/main.c.o", built / "example/yard_check.c.o", built / "libyard.a"]
    link_for_newlib(arm_gcc, built / "check.elf", parts)
    assert run_on_qemu(qemu, built / "check.elf").splitlines()[-1] == EXACT


def test_two_networks_share_one_program_and_one_arena(
    make: Make, arm_gcc: Path, qemu: Path, tmp_path: Path
) -> None:
    """Each by its own prefix; they run one after the other in one array, which is the program's."""
    objects = []
    for prefix, options in (("one", {}), ("two", {"front_end": False, "head": None})):
        folder = make(prefix=prefix, output=tmp_path / prefix, **options).directory
        sources = sorted([*folder.glob("src/**/*.[cS]"), folder / "example" / f"{prefix}_check.c"])
        shared = (f"-D{prefix.upper()}_ARENA=shared", f"-D{prefix.upper()}_ARENA_EXTERNAL")
        built = tmp_path / f"{prefix}-objects"
        built.mkdir()
        run(arm_gcc, *CPU, "-O2", "-c", *shared, f"-I{folder / 'include'}", *sources, cwd=built)
        objects += sorted(built.glob("*.o"))
    main = tmp_path / "main.c"
    main.write_text(
        """
        #include <stdio.h>
        #include "one.h"
        #include "one_check.h"
        #include "two.h"
        #include "two_check.h"
        enum { SIZE = ONE_ARENA_SIZE > TWO_ARENA_SIZE ? ONE_ARENA_SIZE : TWO_ARENA_SIZE };
        _Alignas(ONE_ARENA_ALIGNMENT) int8_t shared[SIZE];
        static void print(const char *line) { puts(line); }
        int main(void) { return one_check(print) + two_check(print) + one_check(print); }
        """
    )
    includes = [
        f"-I{tmp_path / prefix / part}" for prefix in ("one", "two") for part in ("include", "example")
    ]
    link_for_newlib(arm_gcc, tmp_path / "both.elf", [main, *objects], "-std=c11", *includes)
    shown = run_on_qemu(qemu, tmp_path / "both.elf").splitlines()
    assert [line for line in shown if line.endswith(": exact") and not line.startswith("input")] == [
        "one: exact",
        "two: exact",
        "one: exact",
    ]
