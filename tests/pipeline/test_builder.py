"""A build is complete, reproducible, kept when nothing changed, and refused when it cannot fit."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.errors import BadInputError, OverBudgetError, ToolchainError, UsageError
from edgel3_deploy.image.header import ImageHeader
from edgel3_deploy.pipeline import builder
from edgel3_deploy.pipeline.manifest import read_manifest
from edgel3_deploy.toolchain.elf import read_elf
from tests.graph.models import ModelBuilder
from tests.pipeline.conftest import Build

HEAP_AND_STREAMS = {"malloc", "_malloc_r", "free", "_sbrk", "printf", "_printf_r", "vfprintf", "puts"}

pytestmark = pytest.mark.usefixtures("arm_gcc")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_holds_project_image_model_and_verdict(finished: Path) -> None:
    names = contents(finished).keys()
    assert {"Makefile", "linker.ld", "board.h", "build_id.c"} <= names
    assert {"firmware.elf", "firmware.bin", "firmware.hex", "firmware.map", "application.bin"} <= names
    assert {"loader/loader.elf", "loader/loader.bin", "tools/image/pack.py", "build_id.txt"} <= names
    assert {"model.tflite", "budget.json", "manifest.json"} <= names
    assert read_manifest(finished).files.keys() == names - {"manifest.json"}


def test_the_verdict_is_written(finished: Path) -> None:
    budget = json.loads((finished / "budget.json").read_text())
    assert budget["verdict"] == "fits"
    settings = budget["flash"]["settings"]
    assert budget["flash"]["used"] + settings == (finished / "firmware.bin").stat().st_size
    assert budget["flash"]["limit"] + settings == 2 << 20
    assert budget["ram"]["limit"] == 512 << 10
    regions = budget["ram"]["regions"]
    assert regions["dtcm"]["limit"] == 128 << 10
    data = [region["used"] for name, region in regions.items() if name != "itcm"]
    assert sum(data) == budget["ram"]["used"]


@pytest.mark.parametrize("key", ["nucleo-f767zi native", "stm32h7 native", "mps2-an500 native"])
def test_every_board_links_without_heap_and_printf(images: dict[str, Path], key: str) -> None:
    names = read_elf(images[key] / "firmware.elf").names
    assert {"edgel3_conv_mono", "edgel3_conv_direct", "edgel3_fully_connected"} <= names
    assert not HEAP_AND_STREAMS & names


@pytest.mark.parametrize("key", ["stm32h7 cmsis-nn", "mps2-an500 cmsis-nn"])
def test_cmsis_nn_links_without_heap_and_printf(images: dict[str, Path], key: str) -> None:
    names = read_elf(images[key] / "firmware.elf").names
    assert "arm_convolve_wrapper_s8" in names
    assert not any(name.startswith("edgel3_conv") for name in names)
    assert not HEAP_AND_STREAMS & names


def test_two_builds_in_different_places_are_the_same_bytes(
    finished: Path, make: Build, tmp_path: Path
) -> None:
    again = make(output=tmp_path / "somewhere else" / "out")
    assert contents(again.directory) == contents(finished)


def test_plain_make_rebuilds_the_identical_image(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "with space"))
    for command in (["make", "clean"], ["make", "-j2"]):
        subprocess.run(command, cwd=copy, check=True, capture_output=True)
    for name in read_manifest(finished).sizes:
        assert (copy / name).read_bytes() == (finished / name).read_bytes(), name
    again = subprocess.run(["make"], cwd=copy, check=True, capture_output=True, text=True)
    assert "CC " not in again.stdout
    assert "PACK" not in again.stdout


def test_make_clean_leaves_what_no_make_made(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    (copy / "virtual-flash.bin").write_bytes(b"a board")
    subprocess.run(["make", "clean"], cwd=copy, check=True, capture_output=True)
    made = {*read_manifest(finished).sizes}
    assert contents(copy).keys() == (contents(finished).keys() - made) | {"virtual-flash.bin"}


def test_the_image_header_describes_the_linked_image(finished: Path) -> None:
    manifest = read_manifest(finished)
    content = (finished / "application.bin").read_bytes()
    header = ImageHeader.parse(content)
    assert (header.board, header.version) == ("stm32f7", 1)
    assert header.build_id.hex() == manifest.build_id == (finished / "build_id.txt").read_text().strip()
    assert header.origin == manifest.layout.slots[0].origin
    assert header.crc == zlib.crc32(content[0x400:])
    vectors = next(s for s in read_elf(finished / "firmware.elf").sections if s.name == ".vectors")
    assert vectors.address == header.origin + 0x400
    loader = (finished / "loader" / "loader.bin").read_bytes()
    flash = (finished / "firmware.bin").read_bytes()
    assert flash == loader.ljust((32 + 64) << 10, b"\xff") + content
    assert len(loader) <= 16 << 10


def test_two_slots_have_an_image_each_from_the_same_sources(make: Build) -> None:
    result = make(slots=2, image_version=7)
    first, second = (
        ImageHeader.parse((result.directory / name).read_bytes())
        for name in ("application.bin", "application-1.bin")
    )
    assert [header.origin for header in (first, second)] == [0x0801_8000, 0x0810_0000]
    assert first.version == second.version == result.manifest.image_version == 7
    assert first.build_id == second.build_id
    assert first.crc != second.crc
    assert (result.directory / "firmware-1.elf").is_file()
    assert (result.directory / "firmware.bin").read_bytes()[0x10_0000:] == bytes(128)
    assert result.to_json()["flash"]["limit"] == (32 + 928) << 10


def test_a_bare_image_starts_at_the_flash_and_has_no_header(make: Build, board: Board) -> None:
    result = make(slots=0)
    names = contents(result.directory).keys()
    assert not any(name.startswith(("application", "loader/", "tools/", "build_id.txt")) for name in names)
    vectors = next(
        section
        for section in read_elf(result.directory / "firmware.elf").sections
        if section.name == ".vectors"
    )
    assert vectors.address == board.flash.origin
    budget = json.loads((result.directory / "budget.json").read_text())
    assert budget["flash"]["used"] == (result.directory / "firmware.bin").stat().st_size


def test_another_image_version_is_another_build(finished: Path, make: Build) -> None:
    result = make(image_version=2)
    assert result.manifest.build_id != read_manifest(finished).build_id
    assert not result.reused


@pytest.mark.parametrize("version", [-1, 1 << 32])
def test_an_image_version_has_32_bits(make: Build, version: int) -> None:
    with pytest.raises(UsageError, match="32-bit"):
        make(image_version=version)


def test_a_board_without_loader_has_no_slots(make: Build) -> None:
    with pytest.raises(UsageError, match="mps2-an500 has no loader"):
        make(board=load_board("mps2-an500"), slots=1)


def test_two_slots_too_small_for_the_model_are_refused_with_numbers(make: Build) -> None:
    with pytest.raises(OverBudgetError, match=r"sea-256 does not fit stm32f7: flash by [\d,]+ bytes"):
        make(model="sea-256", slots=2)


def test_no_file_names_the_place_of_the_build(finished: Path) -> None:
    for name, content in contents(finished).items():
        assert str(finished.parent).encode() not in content, name


def test_an_unchanged_build_is_kept_and_still_judged(
    finished: Path, make: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    monkeypatch.setattr(builder, "run_make", lambda *_, **__: pytest.fail("compiled again"))
    result = make(output=copy)
    assert result.reused
    assert result.budget is not None
    assert result.to_json()["verdict"] == "fits"


@pytest.mark.parametrize("name", ["firmware.bin", "network/src/edgel3_network.c"])
def test_a_changed_file_is_made_again(finished: Path, make: Build, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    (copy / name).write_bytes(b"other")
    assert not make(output=copy).reused
    assert contents(copy) == contents(finished)


def test_a_lost_file_is_made_again(finished: Path, make: Build, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    (copy / "budget.json").unlink()
    assert not make(output=copy).reused
    assert contents(copy) == contents(finished)


def test_a_build_for_another_board_replaces_all_but_the_report(
    finished: Path, images: dict[str, Path], make: Build, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    (copy / "report").mkdir()
    (copy / "report" / "report.json").write_text("{}")
    result = make(output=copy, board=load_board("stm32h7"))
    assert result.manifest.build_id != read_manifest(finished).build_id
    assert contents(copy) == {**contents(images["stm32h7 native"]), "report/report.json": b"{}"}


def test_an_interrupted_build_leaves_the_earlier_one(
    finished: Path, make: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(builder, "run_make", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make(output=copy, board=load_board("nucleo-f767zi"))
    assert contents(copy) == contents(finished)


def test_a_family_member_too_large_is_refused_by_shape_alone(make: Build) -> None:
    with pytest.raises(OverBudgetError, match="sea-512 does not fit stm32f7: flash by") as caught:
        make(model="sea-512")
    assert caught.value.verdict is not None
    assert caught.value.verdict["verdict"] == "over"
    assert caught.value.verdict["flash"]["used"] > caught.value.verdict["flash"]["limit"] == 1984 << 10
    assert "sea-256" in caught.value.hint


def shrunk(board: Board, **sizes: int) -> Board:
    regions = (dataclasses.replace(r, size=sizes.get(r.name, r.size)) for r in board.regions)
    return dataclasses.replace(board, regions=tuple(regions))


def test_an_image_too_large_for_flash_is_over_budget_not_a_compiler_error(make: Build, board: Board) -> None:
    with pytest.raises(OverBudgetError, match=r"small does not fit stm32f7: flash by [\d,]+ bytes") as caught:
        make(board=shrunk(board, flash=110_000))
    assert caught.value.verdict is not None
    assert caught.value.verdict["flash"]["used"] > caught.value.verdict["flash"]["limit"]
    assert caught.value.verdict["ram"]["regions"]["dtcm"]["used"] > 0


def test_activations_too_large_for_ram_stop_before_compiling(
    make: Build, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "run_make", lambda *_, **__: pytest.fail("compiled"))
    with pytest.raises(OverBudgetError, match="small does not fit stm32f7") as caught:
        make(board=shrunk(board, dtcm=12 << 10, sram1=128, sram2=128))
    assert caught.value.verdict is not None
    assert caught.value.verdict["verdict"] == "over"


def test_over_budget_leaves_the_earlier_build(
    finished: Path, make: Build, board: Board, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    with pytest.raises(OverBudgetError):
        make(output=copy, board=shrunk(board, flash=110_000))
    assert contents(copy) == contents(finished)


def test_tflm_is_rendered_and_says_how_to_link(make: Build) -> None:
    pytest.importorskip("tflite_micro", reason="tflite-micro is not installed")
    result = make(runtime="tflm")
    assert result.manifest.status == "rendered"
    assert result.budget is None
    assert "--tflm-root" in result.warnings[-1]
    assert (result.directory / "network/src/edgel3_network.cc").is_file()
    assert not (result.directory / "firmware.elf").exists()
    stopped = subprocess.run(["make"], cwd=result.directory, capture_output=True, text=True, check=False)
    assert stopped.returncode != 0
    assert "TFLM_ROOT is not set" in stopped.stderr


def test_per_channel_dense_layers_run_on_every_cmsis_nn(
    make: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CMSIS_NN_ROOT", raising=False)
    pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
    model = tmp_path / "dense.tflite"
    model.write_bytes(ModelBuilder((8,)).fully_connected(3, per_channel=True).build())
    assert make(model=str(model), runtime="cmsis-nn").manifest.status == "linked"


def test_calibration_of_a_quantized_model_is_refused(make: Build, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="quantized already"):
        make(calibration=(tmp_path,))


def test_an_unknown_runtime_is_refused(make: Build) -> None:
    with pytest.raises(UsageError, match="unknown runtime 'fast'"):
        make(runtime="fast")


def test_a_damaged_model_is_bad_input(make: Build, tmp_path: Path) -> None:
    model = tmp_path / "bad.tflite"
    model.write_bytes(b"TFL3 is not here")
    with pytest.raises(BadInputError):
        make(model=str(model))


def test_a_missing_compiler_is_found_out_first(make: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolchainError, match="is not installed"):
        make(model="/nowhere/model.tflite")
