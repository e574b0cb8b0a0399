"""The folder of an export: whole, the same every time, never another's; what it says, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from edgel3_deploy import schemas
from edgel3_deploy.cli.export import FORMATS as OFFERED
from edgel3_deploy.errors import OverBudgetError, UsageError
from edgel3_deploy.export.exporter import FILE_NAME
from edgel3_deploy.export.formats import FORMATS
from edgel3_deploy.fileio import sha256
from tests.export.conftest import Make

SPDX = "SPDX-License-Identifier: 0BSD"
NO_COMMENTS = {"library.json", "library.properties", FILE_NAME}
"""Files in which a licence is a field."""


def test_the_command_offers_every_format() -> None:
    assert tuple(FORMATS) == OFFERED


@pytest.mark.parametrize("name", FORMATS)
def test_the_folder_says_what_is_in_it(exports: dict[str, Path], name: str) -> None:
    folder = exports[name]
    content = json.loads((folder / FILE_NAME).read_text())
    Draft202012Validator(schemas.schema("export")).validate(content)
    found = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and path.name != FILE_NAME
    }
    assert content["files"] == found
    assert (content["format"], content["prefix"], content["labels"]) == (name, "yard", ["car", "dog", "rain"])
    assert content["sample_rate_hz"] == 8_000
    header = next(path for path in folder.rglob("yard.h") if path.parent.name in ("include", "src"))
    assert f"YARD_ARENA_SIZE YARD_SPACE({content['arena']['bytes']})" in header.read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_every_file_names_its_licence(exports: dict[str, Path], name: str) -> None:
    folder = exports[name]
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pack" and path.name not in NO_COMMENTS:
            assert SPDX in path.read_text(), path
    assert "for any purpose with or without fee" in (folder / "LICENSE").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_all_names_begin_with_the_prefix(exports: dict[str, Path], name: str) -> None:
    for path in exports[name].rglob("*"):
        if path.suffix in (".c", ".h", ".S"):
            text = path.read_text().replace("edgel3-deploy", "").replace("edgel3_deploy", "")
            assert "edgel3_" not in text and "EDGEL3_" not in text, path


def test_the_readme_states_memory_and_use(exports: dict[str, Path]) -> None:
    for name in FORMATS:
        page = (exports[name] / "README.md").read_text()
        content = json.loads((exports[name] / FILE_NAME).read_text())
        for figure in (content["arena"]["bytes"], content["stack_bytes"], content["flash_bytes"]):
            assert f"{figure:,}" in page
        for word in ("yard_push(", "yard_run(", "yard_scores(", "YARD_ARENA_EXTERNAL", "YARD_HOT", "0BSD"):
            assert word in page, (name, word)


def test_the_same_request_gives_the_same_files(make: Make, tmp_path: Path) -> None:
    first, second = make(output=tmp_path / "one"), make(output=tmp_path / "two")
    assert first.content == second.content
    assert (tmp_path / "one" / FILE_NAME).read_bytes() == (tmp_path / "two" / FILE_NAME).read_bytes()


def test_an_export_is_replaced_and_what_others_put_there_stays(make: Make) -> None:
    folder = make().directory
    (folder / "build").mkdir()
    (folder / "build" / "mine").touch()
    make(format="cubeide")
    assert not (folder / "Makefile").exists()
    assert (folder / "build" / "mine").is_file()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 3}', b'{"files": [7, "", "."]}', b"[" * 100_000])
def test_a_damaged_note_does_not_stand_in_the_way(make: Make, content: bytes) -> None:
    folder = make().directory
    (folder / FILE_NAME).write_bytes(content)
    make()
    assert json.loads((folder / FILE_NAME).read_text())["kind"] == "export"


def test_other_peoples_files_are_not_replaced(make: Make, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="holds other files and no export"):
        make()
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no place that even root cannot write")
def test_a_folder_that_cannot_be_written_is_told(make: Make) -> None:
    with pytest.raises(UsageError, match=r"^/proc/\S+: (No such file|Permission denied|Read-only)"):
        make(output=Path("/proc/out"))


def test_a_file_in_the_way_is_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"Not a directory|File exists"):
        make(output=tmp_path / "file" / "out")


@pytest.mark.parametrize("prefix", ["", "3d", "a-b", "int", "x" * 200, "näh", "a b", "../up"])
def test_a_prefix_that_is_no_c_is_told_before_anything_is_done(
    make: Make, tmp_path: Path, prefix: str
) -> None:
    with pytest.raises(UsageError, match="cannot begin the names"):
        make(prefix=prefix, model="there is no such model")
    assert not (tmp_path / "out").exists()


def test_an_unknown_format_is_told(make: Make) -> None:
    with pytest.raises(UsageError, match="unknown format 'deb'") as caught:
        make(format="deb")
    assert "cmsis-pack" in caught.value.hint


def test_an_arena_that_is_too_small_is_told_with_one_that_is_not(make: Make, tmp_path: Path) -> None:
    with pytest.raises(OverBudgetError, match="small does not fit an arena of 1,024 bytes") as caught:
        make(ram_limit=1024)
    assert "It would fit with --ram " in caught.value.hint
    assert not (tmp_path / "out").exists()
    least = int(caught.value.hint.split("--ram ")[1].split("K")[0])
    assert make(ram_limit=least << 10).content["arena"]["bytes"] <= least << 10
