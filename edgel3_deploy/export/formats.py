"""The formats of an export: where each has the library's files, and which pages it adds."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.render import render
from edgel3_deploy.export.package import Package
from edgel3_deploy.export.vector import INCREMENT, MULTIPLIER, SEED, STEPS

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""When all files of an archive are from: the same export gives the same bytes."""


@dataclass(frozen=True)
class Format:
    """How one kind of project takes a library.

    `headers` is the folder of the public header, `sources` that of everything else. `pages` maps paths in the
    export to templates; {prefix} stands for what names begin with. `finish` adds what is made of the
    whole.
    """

    title: str
    pages: Mapping[str, str]
    headers: str = "include"
    sources: str = "src"
    finish: Callable[[Package, Mapping[str, bytes]], Mapping[str, bytes]] | None = None


def _check(folder: str) -> dict[str, str]:
    """The example's function, by itself, in `folder`."""
    return {
        f"{folder}/{{prefix}}_check.c": "export/check.c.j2",
        f"{folder}/{{prefix}}_check.h": "export/check.h.j2",
    }


def _packed(package: Package, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The .pack of a CMSIS pack: all that its description names, with it at the top."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return {f"{package.vendor}.{package.prefix}.{package.version}.pack": archive.getvalue()}


FORMATS: Mapping[str, Format] = {
    "c": Format(
        "plain C with a Makefile",
        {
            "Makefile": "export/c/Makefile.j2",
            "example/main.c": "export/main.c.j2",
            **_check("example"),
        },
    ),
    "cmake": Format(
        "a CMake package",
        {
            "CMakeLists.txt": "export/cmake/CMakeLists.txt.j2",
            "cmake/{prefix}-config.cmake": "export/cmake/config.cmake.j2",
            "example/CMakeLists.txt": "export/cmake/example.txt.j2",
            "example/main.c": "export/main.c.j2",
            **_check("example"),
        },
    ),
    "zephyr": Format(
        "a Zephyr module",
        {
            "zephyr/module.yml": "export/zephyr/module.yml.j2",
            "zephyr/CMakeLists.txt": "export/zephyr/CMakeLists.txt.j2",
            "zephyr/Kconfig": "export/zephyr/Kconfig.j2",
            "samples/{prefix}_check/CMakeLists.txt": "export/zephyr/sample.txt.j2",
            "samples/{prefix}_check/prj.conf": "export/zephyr/prj.conf.j2",
            "samples/{prefix}_check/sample.yaml": "export/zephyr/sample.yaml.j2",
            "samples/{prefix}_check/src/main.c": "export/main.c.j2",
            **_check("samples/{prefix}_check/src"),
        },
    ),
    "platformio": Format(
        "a PlatformIO library",
        {
            "library.json": "export/platformio/library.json.j2",
            "examples/{prefix}_check/platformio.ini": "export/platformio/platformio.ini.j2",
            "examples/{prefix}_check/src/main.c": "export/main.c.j2",
            **_check("examples/{prefix}_check/src"),
        },
    ),
    "arduino": Format(
        "an Arduino library",
        {
            "library.properties": "export/arduino/library.properties.j2",
            "examples/{prefix}_check/{prefix}_check.ino": "export/arduino/sketch.ino.j2",
            **_check("examples/{prefix}_check"),
        },
        headers="src",
    ),
    "cubeide": Format("a folder for STM32CubeIDE", _check("example")),
    "cmsis-pack": Format(
        "a CMSIS pack",
        {
            "edgel3-deploy.{prefix}.pdsc": "export/cmsis_pack/package.pdsc.j2",
            **_check("example"),
        },
        finish=_packed,
    ),
}
"""Formats by the name that the command line takes."""


def pack(name: str, package: Package) -> Mapping[str, bytes]:
    """All files of an export by their path, in the format of that name; KeyError for an unknown one."""
    chosen = FORMATS[name]
    files = {
        str(_placed(chosen, PurePosixPath(path))): content for path, content in package.library.files.items()
    }
    pages = {**chosen.pages, "README.md": "export/README.md.j2", "LICENSE": "export/LICENSE.j2"}
    values = _values(name, package)
    for path, template in pages.items():
        files[path.format(prefix=package.prefix)] = render(template, **values)
    if chosen.finish is not None:
        files |= chosen.finish(package, files)
    return dict(sorted(files.items()))


def _values(name: str, package: Package) -> dict[str, object]:
    """What the templates take."""
    vector, library = package.vector, package.library
    best = int(vector.scores.argmax()) if vector.scores.size else 0
    return {
        "folder": name.replace("-", "_"),
        "package": package,
        "library": library,
        "prefix": package.prefix,
        "macro": package.prefix.upper(),
        "assembly": tuple(path for path in library.sources if path.endswith(".S")),
        "generator": {"seed": SEED, "multiplier": MULTIPLIER, "increment": INCREMENT, "steps": STEPS},
        "expected_output": ctext.rows(vector.output),
        "expected_scores": ctext.rows(vector.scores),
        "best_label": library.labels[best] if library.labels else "",
        "best_score": int(vector.scores[best]) + 128 if vector.scores.size else 0,
    }


def _placed(chosen: Format, path: PurePosixPath) -> PurePosixPath:
    """Where the format has a file of the library."""
    top = chosen.headers if path.parts[0] == "include" else chosen.sources
    return PurePosixPath(top, *path.parts[1:])
