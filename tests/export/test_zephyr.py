"""The format zephyr: files as Zephyr's build system takes them, its CMake run on stand-ins for Zephyr's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.export.conftest import EXACT, Copy, run

MODULE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "build": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"cmake": {"type": "string"}, "kconfig": {"type": "string"}},
        },
        "samples": {"type": "array", "items": {"type": "string"}},
    },
}
"""Of what zephyr/module.yml may hold, what a module of sources alone has."""
STAND_IN = """
cmake_minimum_required(VERSION 3.20)
project(image C ASM)
function(zephyr_include_directories folder)
  set_property(GLOBAL APPEND PROPERTY includes ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
endfunction()
macro(zephyr_library_named name)
  add_library(${name} STATIC)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
set(CONFIG_YARD_LIBRARY y)
add_subdirectory(MODULE/zephyr module)
get_property(includes GLOBAL PROPERTY includes)
target_include_directories(yard PRIVATE ${includes})
add_executable(app MODULE/samples/yard_check/src/main.c MODULE/samples/yard_check/src/yard_check.c)
target_include_directories(app PRIVATE ${includes})
target_link_libraries(app PRIVATE yard)
"""


def test_the_module_is_described_as_zephyr_reads_it(exports: dict[str, Path]) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    from jsonschema import Draft202012Validator

    folder = exports["zephyr"]
    module = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    Draft202012Validator(MODULE).validate(module)
    assert module["name"] == "yard"
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (folder / module["build"]["kconfig"]).is_file()
    assert all((folder / sample).is_dir() for sample in module["samples"])


def test_the_sample_is_described_as_twister_reads_it(exports: dict[str, Path]) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    sample = yaml.safe_load((exports["zephyr"] / "samples" / "yard_check" / "sample.yaml").read_text())
    assert set(sample) == {"sample", "tests"}
    ((name, test),) = sample["tests"].items()
    assert name == "sample.yard.check"
    assert test["harness"] == "console"
    (expected,) = test["harness_config"]["regex"]
    assert re.fullmatch(expected, EXACT)
    assert test["min_ram"] * 1024 > 32 * 1024


def test_the_option_is_kconfig(exports: dict[str, Path], tmp_path: Path) -> None:
    kconfiglib = pytest.importorskip("kconfiglib", reason="kconfiglib is not installed")
    folder = exports["zephyr"]
    (tmp_path / "Kconfig").write_text(
        'config CPU_HAS_FPU\n\tdef_bool y\nconfig FPU\n\tbool "FPU"\n'
        'config MAIN_STACK_SIZE\n\tint "stack"\n\tdefault 1024\n'
        f'source "{folder / "zephyr" / "Kconfig"}"\n'
    )
    options = kconfiglib.Kconfig(str(tmp_path / "Kconfig"))
    assert options.syms["YARD_LIBRARY"].str_value == options.syms["FPU"].str_value == "n"
    options.load_config(str(folder / "samples" / "yard_check" / "prj.conf"))
    assert options.syms["YARD_LIBRARY"].str_value == options.syms["FPU"].str_value == "y"
    assert int(options.syms["MAIN_STACK_SIZE"].str_value) > 2048
    assert options.warnings == []


def test_its_cmake_builds_what_the_sample_links(cmake: Path, exported: Copy, tmp_path: Path) -> None:
    folder = exported("zephyr")
    image = tmp_path / "image"
    image.mkdir()
    (image / "CMakeLists.txt").write_text(STAND_IN.replace("MODULE", str(folder)))
    run(cmake, "-S", image, "-B", tmp_path / "build")
    run(cmake, "--build", tmp_path / "build", "-j2")
    assert run(tmp_path / "build" / "app").endswith(f"{EXACT}\n")


def test_without_the_option_nothing_is_built(cmake: Path, exports: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(image C)\n"
        f"add_subdirectory({exports['zephyr']}/zephyr module)\n"
    )
    run(cmake, "-S", tmp_path, "-B", tmp_path / "build")
    assert "yard" not in run(cmake, "--build", tmp_path / "build", "--target", "help")


def test_the_sample_finds_the_module_beside_it(exports: dict[str, Path]) -> None:
    sample = exports["zephyr"] / "samples" / "yard_check"
    text = (sample / "CMakeLists.txt").read_text()
    (path,) = re.findall(r"ZEPHYR_EXTRA_MODULES \$\{CMAKE_CURRENT_SOURCE_DIR\}/(\S+)\)", text)
    assert (sample / path / "zephyr" / "module.yml").is_file()
    assert text.index("ZEPHYR_EXTRA_MODULES") < text.index("find_package(Zephyr")
