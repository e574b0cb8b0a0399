"""The format platformio: its manifest read and packed by PlatformIO itself."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.export.conftest import run


def test_platformio_packs_it(
    exports: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("platformio", reason="platformio is not installed")
    from platformio.package.manifest.schema import ManifestSchema
    from platformio.package.pack import PackagePacker

    # It fetches the list of licences otherwise.
    known = {"licenses": [{"licenseId": "0BSD"}]}
    monkeypatch.setattr(ManifestSchema, "load_spdx_licenses", staticmethod(lambda: known))
    archive = PackagePacker(str(exports["platformio"])).pack(str(tmp_path / "yard.tar.gz"))
    with tarfile.open(archive) as packed:
        names = set(packed.getnames())
    assert {"library.json", "include/yard.h", "src/yard_network.c", "LICENSE", "README.md"} <= names


def test_what_the_manifest_names_is_there(exports: dict[str, Path]) -> None:
    folder = exports["platformio"]
    manifest = json.loads((folder / "library.json").read_text())
    assert (manifest["name"], manifest["license"]) == ("yard", "0BSD")
    assert (folder / manifest["build"]["includeDir"] / manifest["headers"]).is_file()
    (example,) = manifest["examples"]
    assert all((folder / example["base"] / name).is_file() for name in example["files"])
    project = (folder / example["base"] / "platformio.ini").read_text()
    (link,) = [line for line in project.splitlines() if line.startswith("lib_deps")]
    assert link == "lib_deps = yard=symlink://../.."


def test_the_example_builds_as_platformio_builds_it(
    host_gcc: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    """All sources of srcDir with includeDir and srcDir on the include path."""
    folder = exports["platformio"]
    sources = sorted([*folder.glob("src/**/*.[cS]"), *folder.glob("examples/*/src/*.c")])
    includes = (f"-I{folder / 'include'}", f"-I{folder / 'src'}")
    run(host_gcc, "-O2", *includes, *sources, "-o", tmp_path / "program")
    assert run(tmp_path / "program").endswith("yard: exact\n")
