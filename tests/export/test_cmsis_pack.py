"""The format cmsis-pack: a description that follows the schema's rules, and an archive of what it names."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgel3_deploy import __version__
from tests.export.conftest import Make

NAME = f"edgel3-deploy.yard.{__version__}.pack"
CORES = {
    f"Cortex-{core}"
    for core in ("M0", "M0+", "M1", "M3", "M4", "M7", "M23", "M33", "M35P", "M52", "M55", "M85")
}
CATEGORIES = {"doc", "header", "include", "library", "source", "sourceC", "sourceCpp", "sourceAsm", "other"}


@pytest.fixture(scope="module")
def folder(exports: dict[str, Path]) -> Path:
    """The export."""
    return exports["cmsis-pack"]


@pytest.fixture(scope="module")
def package(folder: Path) -> ElementTree.Element:
    """The root of the description."""
    return ElementTree.parse(folder / "edgel3-deploy.yard.pdsc").getroot()


def test_the_package_says_what_it_is(package: ElementTree.Element) -> None:
    assert package.tag == "package"
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", package.attrib["schemaVersion"])
    required = {"vendor", "name", "description", "url", "releases"}
    assert required <= {child.tag for child in package}
    for tag in ("vendor", "name"):
        assert re.fullmatch(r"[-_A-Za-z0-9]+", package.findtext(tag) or "")
    (release,) = package.findall("releases/release")
    assert release.attrib["version"] == __version__
    assert len({child.tag for child in package}) == len(package), "each section stands once"


def test_conditions_are_known_and_lead_somewhere(package: ElementTree.Element) -> None:
    conditions = {found.attrib["id"]: found for found in package.findall("conditions/condition")}
    used = [found.attrib["condition"] for found in package.iter() if "condition" in found.attrib]
    assert used
    assert set(used) == set(conditions)
    for rule in package.findall("conditions/condition/*"):
        assert rule.tag in ("description", "accept", "require", "deny")
        assert rule.attrib.get("Dcore", "Cortex-M7") in CORES
        assert rule.attrib.get("Tcompiler", "GCC") in ("GCC", "CLANG", "ARMCC", "IAR")
    assert 'Toptions="AC6"' in ElementTree.tostring(package, "unicode")


def test_the_component_is_named_as_allowed(package: ElementTree.Element) -> None:
    (component,) = package.findall("components/component")
    named = component.attrib
    for part in (named["Cclass"], named["Cgroup"]):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+()'/\-\s.]{1,31}", part)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+():/\- .]{0,31}", named["Csub"])
    assert named["Cversion"] == __version__
    assert component.findtext("description")


def test_every_file_is_there_and_every_source_is_named(package: ElementTree.Element, folder: Path) -> None:
    files = package.findall("components/component/files/file")
    assert {found.attrib["category"] for found in files} <= CATEGORIES
    names = {found.attrib["name"] for found in files}
    assert all((folder / name).exists() for name in names)
    compiled = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".c", ".S")
    }
    assert compiled <= names
    assembly = {found.attrib["name"] for found in files if found.attrib["category"] == "sourceAsm"}
    assert assembly == {name for name in compiled if name.endswith(".S")}


def test_the_archive_holds_what_lies_beside_it(folder: Path) -> None:
    with zipfile.ZipFile(folder / NAME) as packed:
        assert packed.testzip() is None
        names = set(packed.namelist())
        assert packed.read("edgel3-deploy.yard.pdsc") == (folder / "edgel3-deploy.yard.pdsc").read_bytes()
    beside = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == beside - {NAME, "export.json"}


def test_the_same_export_gives_the_same_archive(make: Make, folder: Path, tmp_path: Path) -> None:
    make(format="cmsis-pack", output=tmp_path / "again")
    again = (tmp_path / "again" / NAME).read_bytes()
    assert again == (folder / NAME).read_bytes()
    with zipfile.ZipFile(io.BytesIO(again)) as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
