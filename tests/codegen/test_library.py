"""A library is exact wherever it is compiled, has names of its own, and leaves memory to the integrator."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from edgel3_deploy.codegen.library import Library
from edgel3_deploy.toolchain.elf import read_elf
from tests.codegen.host import WARNINGS
from tests.codegen.programs import (
    Case,
    dense_case,
    hearing_case,
    hearing_head,
    program,
    sparse_case,
)
from tests.codegen.stock import CPU, run_stock, write
from tests.codegen.test_native_lanes import l3_like, mixed

STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion")


def compile_objects(compiler: Path, folder: Path, case: Case, *options: str) -> list[Path]:
    """An object file for each source."""
    words = write(folder, case)
    subprocess.run([compiler, *options, "-c", *words], cwd=folder, check=True)
    return [folder / f"{Path(name).stem}.o" for name in case.library.sources]


def run_on_host(compiler: Path, folder: Path, cases: Sequence[Case], text: str, *options: str) -> list[str]:
    """What the program prints."""
    (folder / "main.c").write_text(text)
    words = [*options, *write(folder, *cases), "main.c", "-o", "program"]
    subprocess.run([compiler, *words], cwd=folder, check=True)
    return subprocess.run([folder / "program"], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize(
    "options",
    [
        ("-std=c11", "-O2", *WARNINGS),
        ("-std=gnu11", "-O0"),
        ("-std=gnu17", "-O3", "-march=native", "-ffp-contract=fast", *WARNINGS),
        ("-Ofast", "-march=native"),
        ("-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all", "-fno-sanitize=alignment"),
    ],
)
def test_from_pcm_to_labels_whatever_the_compiler_is_told(
    host_gcc: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    case = hearing_case("ears")
    assert run_on_host(host_gcc, tmp_path, [case], program([case]), *options) == case.expected(hearing_head())


def test_clang_refuses_what_would_reorder_the_front_end(host_gcc: Path, tmp_path: Path) -> None:
    """As the preprocessor sees it, for which GCC may call itself clang."""
    words = write(tmp_path, hearing_case("ears"))
    includes = [word for word in words if word.startswith("-I")]
    source = next(word for word in words if word.endswith("spectrum.c"))
    command = [str(host_gcc), "-D__clang__=1", "-E", *includes, source, "-o", "spectrum.i"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    fast = subprocess.run([*command, "-ffast-math"], cwd=tmp_path, capture_output=True, check=False)
    assert b"-ffast-math lets clang reorder" in fast.stderr and fast.returncode != 0


def test_two_networks_live_in_one_program_in_cpp(host_gcc: Path, tmp_path: Path) -> None:
    """Objects of C, as a C++ program links them."""
    cases = [dense_case("dense"), sparse_case(l3_like(), mixed, "edgel3_sparse")]
    objects = [path for case in cases for path in compile_objects(host_gcc, tmp_path, case, "-O2", *WARNINGS)]
    (tmp_path / "main.cc").write_text(program(cases, times=2))
    includes = [f"-I{tmp_path / case.prefix / 'include'}" for case in cases]
    for standard in ("c++11", "c++20"):
        compiler = host_gcc.with_name(host_gcc.name.replace("gcc", "g++"))
        options = [f"-std={standard}", *STRICT, *includes]
        subprocess.run([compiler, *options, "main.cc", *objects, "-o", "both"], cwd=tmp_path, check=True)
        printed = subprocess.run([tmp_path / "both"], check=True, capture_output=True, text=True).stdout
        assert printed.split() == [line for case in cases for line in case.expected()] * 2


def test_networks_that_run_in_turn_share_memory_of_the_caller(host_gcc: Path, tmp_path: Path) -> None:
    cases = [dense_case("first"), hearing_case("second")]
    shared = "_Alignas(FIRST_ARENA_ALIGNMENT) int8_t memory[1 << 20];\n"
    names = [f"-D{case.prefix.upper()}_ARENA{what}" for case in cases for what in ("=memory", "_EXTERNAL")]
    printed = run_on_host(
        host_gcc, tmp_path, cases, program(cases, before=shared, times=2), "-O2", *WARNINGS, *names
    )
    assert printed == [*cases[0].expected(), *cases[1].expected(hearing_head())] * 2


@pytest.fixture(scope="module", params=["dense", "edgel3", "edgel3_head_net"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_name_begins_with_the_prefix(arm_gcc: Path, tmp_path: Path, prefix: str) -> None:
    cases = [hearing_case(prefix), sparse_case(l3_like(), mixed, prefix)]
    for number, case in enumerate(cases):
        assert all(Path(name).name.startswith((f"{prefix}_", f"{prefix}.h")) for name in case.library.files)
        folder = tmp_path / str(number)
        objects = compile_objects(arm_gcc, folder, case, "-O2", *CPU)
        symbols = list(_symbols(objects))
        assert all(name.startswith(f"{prefix}_") for _, name in symbols if not name.startswith("$")), symbols
        written = {name for kind, name in symbols if kind in "BDC"}
        assert written == {arena.symbol for arena in case.library.arenas}
        assert _macros(case.library) <= {prefix.upper()}


def _symbols(objects: Sequence[Path]) -> Iterable[tuple[str, str]]:
    """Kind and name of what is defined for others, and of whatever can be written."""
    command: list[str | Path] = ["arm-none-eabi-nm", "--defined-only", *objects]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for kind, name in re.findall(r"^[0-9a-f]{8} (\w) (\S+)$", printed, re.M):
        if kind.isupper() or kind in "bd":
            yield kind.upper(), name


def _macros(library: Library) -> set[str]:
    """How macros of headers begin, up to the first '_' behind the prefix's length."""
    headers = "".join(text.decode() for name, text in library.files.items() if name.endswith(".h"))
    names = re.findall(r"^#define (\w+)", headers, re.M)
    assert len(names) > 40
    return {name[: len(library.prefix)] for name in names}


def test_every_file_may_be_used_without_condition() -> None:
    files = hearing_case("ears").library.files
    assert all(text.startswith(b"/* SPDX-License-Identifier: 0BSD */\n") for text in files.values())
    assert not any(b"edgel3_" in text.replace(b"edgel3_deploy", b"") for text in files.values())


def test_code_and_weights_go_where_the_integrator_says(arm_gcc: Path, tmp_path: Path) -> None:
    case = sparse_case(l3_like(), mixed, "ears")
    (tmp_path / "ears_config.h").write_text(
        "#define EARS_HOT_SECTION .ramfunc\n"
        '#ifndef __ASSEMBLER__\n#define EARS_WEIGHTS __attribute__((section(".qspi")))\n'
        '#define EARS_ARENA_DTCM_ATTRIBUTE __attribute__((section(".dtcm")))\n#endif\n'
    )
    options = ("-O2", "-I.", "-ffunction-sections", "-fdata-sections", *CPU)
    objects = compile_objects(arm_gcc, tmp_path, case, *options)
    subprocess.run([arm_gcc, *CPU, "-r", "-nostdlib", *objects, "-o", "all.o"], cwd=tmp_path, check=True)
    image = subprocess.run(
        ["arm-none-eabi-objdump", "-t", "all.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    placed = {
        name: section for section, name in re.findall(r"(\.\S+)\s+[0-9a-f]{8} (ears_\w+)$", image, re.M)
    }
    for function in ("conv_sparse", "sparse_run_taps", "sparse_expand", "mono_lanes_run", "lanes_keep"):
        assert placed[f"ears_{function}"] == ".ramfunc", function
    weights = {
        section
        for name, section in placed.items()
        if re.match(r"ears_conv\d\w*_(weights|channels|taps|bytes)", name)
    }
    assert weights == {".qspi"}
    assert placed["ears_arena_dtcm"] == ".dtcm"
    assert placed["ears_run"].startswith(".text")


def test_no_product_is_fused_into_a_sum(arm_gcc: Path, host_gcc: Path, tmp_path: Path) -> None:
    flags = ("-O3", "-std=gnu11", "-ffp-contract=fast")
    code = listing(arm_gcc, "arm-none-eabi-objdump", tmp_path / "arm", *flags, *CPU)
    assert "vmul.f32" in code
    assert not re.search(r"\tvf?n?m[ls][as]\.f32|\tvfn?m[as]\.f32", code)
    if platform.machine() == "x86_64":
        code = listing(host_gcc, "objdump", tmp_path / "host", *flags, "-mavx2", "-mfma")
        assert "vmulss" in code
        assert not re.search(r"\tvfn?m", code)


def listing(compiler: Path, objdump: str, folder: Path, *options: str) -> str:
    """What the compiler makes of a front end."""
    objects = compile_objects(compiler, folder, hearing_case("ears"), *options)
    return subprocess.run([objdump, "-d", *objects], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("make", [lambda: dense_case("ears"), lambda: hearing_case("ears")])
def test_stock_newlib_runs_it_and_stores_no_arena(
    arm_gcc: Path, qemu: Path, tmp_path: Path, make: Callable[[], Case]
) -> None:
    case = make()
    head = hearing_head() if case.library.labels else None
    printed, elf = run_stock(arm_gcc, qemu, tmp_path, [case], program([case]))
    assert printed == case.expected(head)
    image = read_elf(elf)
    arena = next(symbol for symbol in image.symbols if symbol.name == "ears_arena")
    assert arena.size == case.library.arena_size
    stored = sum(section.size for section in image.sections if section.stored)
    holding = next(s for s in image.sections if s.address <= arena.address < s.address + s.size)
    assert holding.name == ".bss"
    assert not holding.stored
    assert stored > 0
