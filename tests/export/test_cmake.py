"""The format cmake: as a part of a project, installed and found again, and for a Cortex-M7."""

from __future__ import annotations

from pathlib import Path

from tests.export.conftest import EXACT, Copy, link_for_newlib, run, run_on_qemu


def test_it_is_built_tested_installed_and_found(cmake: Path, exported: Copy, tmp_path: Path) -> None:
    source, build, installed = exported("cmake"), tmp_path / "build", tmp_path / "installed"
    run(cmake, "-S", source, "-B", build, "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror")
    run(cmake, "--build", build, "-j2")
    tested = run("ctest", "--test-dir", build, "-V")
    assert EXACT in tested
    assert "100% tests passed" in tested
    run(cmake, "--install", build, "--prefix", installed)
    assert [path.name for path in (installed / "include").iterdir()] == ["yard.h"]
    other = tmp_path / "other"
    run(cmake, "-S", source / "example", "-B", other, f"-DCMAKE_PREFIX_PATH={installed}")
    run(cmake, "--build", other)
    assert run(other / "yard_check").endswith(f"{EXACT}\n")


def test_it_is_a_part_of_a_project(cmake: Path, exported: Copy, tmp_path: Path) -> None:
    source = exported("cmake")
    (tmp_path / "main.c").write_text(
        '#include "yard.h"\nint main(void) { return (int)yard_info.label_count; }\n'
    )
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(app C)\nadd_subdirectory(cmake)\n"
        "add_executable(app main.c)\ntarget_link_libraries(app PRIVATE yard::yard)\n"
    )
    build = tmp_path / "build"
    run(cmake, "-S", tmp_path, "-B", build)
    run(cmake, "--build", build, "--target", "app", "-j2")
    assert (build / "app").is_file()
    assert not list(build.rglob("yard_check"))
    assert source.is_dir()


def test_for_a_cortex_m7_by_a_toolchain_file(
    cmake: Path, arm_gcc: Path, qemu: Path, exported: Copy, tmp_path: Path
) -> None:
    source, build = exported("cmake"), tmp_path / "build"
    (tmp_path / "arm.cmake").write_text(
        "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_SYSTEM_PROCESSOR cortex-m7)\n"
        "set(CMAKE_C_COMPILER arm-none-eabi-gcc)\nset(CMAKE_ASM_COMPILER arm-none-eabi-gcc)\n"
        "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
        'set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16")\n'
        'set(CMAKE_ASM_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")\n'
    )
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={tmp_path / 'arm.cmake'}"
    run(cmake, "-S", source, "-B", build, toolchain, "-DYARD_EXAMPLE=OFF", "-DCMAKE_BUILD_TYPE=Debug")
    run(cmake, "--build", build, "-j2")
    example = [source / "example/main.c", source / "example/yard_check.c"]
    link_for_newlib(
        arm_gcc, tmp_path / "check.elf", [*example, build / "libyard.a"], f"-I{source / 'include'}"
    )
    assert run_on_qemu(qemu, tmp_path / "check.elf").splitlines()[-1] == EXACT
