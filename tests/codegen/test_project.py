"""The project is complete, the same every time, and says what it runs."""

from __future__ import annotations

import dataclasses
import re

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.files import build_id, sources
from edgel3_deploy.codegen.library import render_library
from edgel3_deploy.codegen.project import render_project
from edgel3_deploy.codegen.tflm import Arena
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.plan.schedule import schedule
from tests.graph.models import ModelBuilder


def render(network: Network, board: Board, model: bytes) -> dict[str, bytes]:
    return dict(render_project(network, board, model, plan=schedule(network, board)))


def test_the_network_is_the_library_that_anyone_may_export(
    network: Network, board: Board, model: bytes
) -> None:
    files = render(network, board, model)
    library = render_library(network, model, plan=schedule(network, board))
    assert {name: files[f"network/{name}"] for name in library.files} == dict(library.files)
    config = files["edgel3_config.h"].decode()
    for arena in library.arenas:
        assert f'#define {arena.macro}_ATTRIBUTE __attribute__((section(".arena_{arena.region}")))' in config


def test_the_image_knows_its_project(network: Network, board: Board, model: bytes) -> None:
    files = render(network, board, model)
    stored = re.search(r"edgel3_build_id\[32\] = \{\n(.*?)\};", files["build_id.c"].decode(), re.S)
    assert stored is not None
    assert "".join(re.findall(r"0x([0-9a-f]{2})", stored[1])) == build_id(files)


def test_the_same_inputs_give_the_same_bytes(network: Network, board: Board, model: bytes) -> None:
    assert render(network, board, model) == render(network, board, model)


def test_with_slots_loader_and_packing_tool_are_part_of_the_build(
    network: Network, board: Board, model: bytes
) -> None:
    plan, layout = schedule(network, board), flash_layout(board, 2)
    files = render_project(network, board, model, plan=plan, layout=layout, version=7)
    assert {"linker.ld", "linker-1.ld", "loader/Makefile", "tools/image/pack.py"} <= files.keys()
    assert files["build_id.txt"].decode().strip() == build_id(files)
    assert build_id({**files, "loader/extra.c": b""}) != build_id(files)
    makefile = files["Makefile"].decode()
    assert "--version 7" in makefile
    assert "python3" in makefile.splitlines()[2]
    assert "--slot 0x08018000 obj/firmware.image" in makefile
    assert "--slot 0x08100000 obj/firmware-1.image" in makefile


def test_a_bare_project_packs_nothing(network: Network, board: Board, model: bytes) -> None:
    files = render(network, board, model)
    assert not any(name.startswith(("loader/", "tools/")) for name in files)
    assert "python3" not in files["Makefile"].decode()


def test_every_source_is_in_the_makefile(network: Network, board: Board, model: bytes) -> None:
    files = render(network, board, model)
    makefile = files["Makefile"].decode()
    listed = re.search(r"SOURCES := \\\n((?:\t.*\n)+)", makefile)
    assert listed is not None
    assert tuple(listed[1].replace("\\", " ").split()) == sources(files)


def test_other_families_drivers_stay_out(network: Network, board: Board, model: bytes) -> None:
    files = render(network, board, model)
    assert "firmware/drivers/chip_stm32f7.c" in files
    assert "firmware/drivers/chip_stm32h7.c" not in files


def test_hostile_names_stay_inside_comments_and_strings(board: Board) -> None:
    model = ModelBuilder((4, 4, 1)).conv2d(2)
    model.tensor(model.current).name = '*/ int evil; /* "\n#error x'
    data = model.build()
    files = render(read_network(data, name='x"; */ #error y\n$(shell z)\\'), board, data)
    for name in (name for name in files if name.startswith("network/") and "/kernels/" not in name):
        code = re.sub(r"/\*.*?\*/", "", files[name].decode(), flags=re.S)
        code = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", code)
        assert "evil" not in code
        assert "#error" not in code
    assert b"\n$(shell" not in files["Makefile"]


def test_a_layer_name_that_is_no_identifier_is_refused(network: Network, board: Board, model: bytes) -> None:
    layers = tuple(dataclasses.replace(layer, name=f"{layer.name}; int x") for layer in network.layers)
    with pytest.raises(BadInputError, match="cannot name a function"):
        render(dataclasses.replace(network, layers=layers), board, model)


def test_tflm_renders_a_resolver_of_the_operators_used(board: Board) -> None:
    data = ModelBuilder((6, 6, 1)).conv2d(4).max_pool2d().build()
    files = render_project(read_network(data), board, data, plan=Arena("sram1", 4096))
    code = files["network/src/edgel3_network.cc"].decode()
    assert "MicroMutableOpResolver<2>" in code
    assert "Register_CONV_2D_INT8()" in code
    assert "Register_MAX_POOL_2D_INT8()" in code
    assert "FullyConnected" not in code
    assert "kArenaSize = 4096;" in code
    stored = re.search(r"= \{\n(.*?)\};", files["network/src/edgel3_model.c"].decode(), re.S)
    assert stored is not None
    assert bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]{2}", stored[1])) == data
    assert not any("/kernels/" in name for name in files)
