"""The format cubeide: the folder builds with what STM32CubeIDE gives the compiler, unoptimized too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.stock import CPU
from tests.export.conftest import EXACT, link_for_newlib, run, run_on_qemu

USUAL = ("-std=gnu11", "-g3", "-ffunction-sections", "-fdata-sections", "-Wall", "-DDEBUG")


def test_the_steps_name_folders_that_are_there(exports: dict[str, Path]) -> None:
    folder = exports["cubeide"]
    page = (folder / "README.md").read_text()
    for name in ("yard/src", "yard/include"):
        assert f"`{name}`" in page
        assert (folder / name.removeprefix("yard/")).is_dir()
    assert "`example/yard_check.c`" in page
    assert not list(folder.rglob(".cproject"))


@pytest.mark.parametrize("level", ["-O0", "-Ofast"])
def test_it_is_exact_whatever_the_configuration(
    exports: dict[str, Path], arm_gcc: Path, qemu: Path, tmp_path: Path, level: str
) -> None:
    folder = exports["cubeide"]
    sources = sorted([*folder.glob("src/**/*.[cS]"), folder / "example" / "yard_check.c"])
    run(arm_gcc, *CPU, *USUAL, level, "-c", f"-I{folder / 'include'}", *sources, cwd=tmp_path)
    main = tmp_path / "main.c"
    main.write_text(
        '#include <stdio.h>\n#include "yard_check.h"\nstatic void print(const char *line) { puts(line); }\n'
        "int main(void) { return yard_check(print); }\n"
    )
    objects = sorted(tmp_path.glob("*.o"))
    link_for_newlib(arm_gcc, tmp_path / "check.elf", [main, *objects], f"-I{folder / 'example'}")
    assert run_on_qemu(qemu, tmp_path / "check.elf").splitlines()[-1] == EXACT
