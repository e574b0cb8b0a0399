"""The format arduino: its properties by the specification, and built by its builder for this machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.export.conftest import EXACT, run

REQUIRED = {
    "name",
    "version",
    "author",
    "maintainer",
    "sentence",
    "paragraph",
    "category",
    "url",
    "architectures",
}
CATEGORIES = {
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
}
PLATFORM = """
name=This machine
version=1.0.0
compiler.warning_flags=-Wall
recipe.c.o.pattern=gcc -c -O1 -std=gnu11 -MMD {includes} "{source_file}" -o "{object_file}"
recipe.cpp.o.pattern=g++ -c -O1 -std=gnu++17 -MMD {includes} "{source_file}" -o "{object_file}"
recipe.S.o.pattern=gcc -c -x assembler-with-cpp {includes} "{source_file}" -o "{object_file}"
recipe.ar.pattern=gcc-ar rcs "{archive_file_path}" "{object_file}"
recipe.c.combine.pattern=g++ -o "{build.path}/program" {object_files} "{build.path}/{archive_file}"
recipe.preproc.macros=g++ -w -x c++ -E -CC {includes} "{source_file}" -o "{preprocessed_file_path}"
tools.ctags.options=-u --language-force=c++ -f - --c++-kinds=svpf --fields=KSTtzns --line-directives
tools.ctags.pattern="/usr/bin/arduino-ctags" {options} "{source_file}"
"""
CORE = {
    "boards.txt": "here.name=This machine\nhere.build.board=HERE\nhere.build.core=here\n",
    "platform.txt": PLATFORM,
    "cores/here/Arduino.h": """
        #pragma once
        #include <cstdio>
        struct Printer {
            void begin(long) {}
            explicit operator bool() const { return true; }
            void println(const char *line) { std::puts(line); }
        };
        static Printer Serial;
        inline unsigned long millis() { return 0; }
        void setup();
        void loop();
    """,
    "cores/here/main.cpp": '#include "Arduino.h"\nint main() { setup(); loop(); }\n',
}
"""An Arduino platform whose only board is this machine."""


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "library.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_properties_are_as_specified(exports: dict[str, Path]) -> None:
    found = properties(exports["arduino"])
    assert not REQUIRED - set(found)
    assert all(found.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", found["name"])
    assert not found["name"].lower().startswith("arduino")
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert found["category"] in CATEGORIES
    assert found["url"].startswith("https://")
    assert (exports["arduino"] / "src" / found["includes"]).is_file()


def test_sources_lie_where_the_builder_looks(exports: dict[str, Path]) -> None:
    folder = exports["arduino"]
    assert [path.name for path in (folder / "src").glob("*.h") if path.name == "yard.h"]
    compiled = {path for path in folder.rglob("*") if path.suffix in (".c", ".S")}
    assert all(path.is_relative_to(folder / "src") or "examples" in path.parts for path in compiled)
    for sketch in folder.rglob("*.ino"):
        assert sketch.parent.name == sketch.stem


def test_arduinos_builder_makes_the_sketch(exports: dict[str, Path], tmp_path: Path) -> None:
    builder = shutil.which("arduino-builder")
    if builder is None or shutil.which("g++") is None:
        pytest.skip("arduino-builder or g++ is not installed (Debian packages of these names)")
    for name, content in CORE.items():
        path = tmp_path / "hardware" / "vendor" / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    library = tmp_path / "libraries" / "yard"
    shutil.copytree(exports["arduino"], library)
    for folder in ("tools", "build"):
        (tmp_path / folder).mkdir()
    places = ("-hardware", tmp_path / "hardware", "-tools", tmp_path / "tools")
    others = ("-libraries", tmp_path / "libraries", "-build-path", tmp_path / "build")
    sketch = library / "examples" / "yard_check" / "yard_check.ino"
    run(builder, "-compile", *places, *others, "-fqbn", "vendor:here:here", sketch)
    assert run(tmp_path / "build" / "program").endswith(f"{EXACT}\n")
