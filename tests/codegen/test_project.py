"""The project is complete, the same every time, and its network computes what the reference computes."""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import re

import numpy as np
import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.project import build_id, render_project, sources
from edgel3_deploy.codegen.tflm import Arena
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.pack import native_scratch
from edgel3_deploy.plan.planner import plan_memory
from tests.codegen.conftest import NetInfo, Run
from tests.graph.models import ModelBuilder


def render(network: Network, board: Board, model: bytes) -> dict[str, bytes]:
    plan = plan_memory(network, board, scratch=native_scratch(network))
    return dict(render_project(network, board, model, plan=plan, runtime="native"))


def test_every_layer_is_bit_exact_and_observed_once(run: Run, network: Network) -> None:
    for seed in range(3):
        values = np.random.default_rng(seed).integers(-128, 128, network.input.shape).astype(np.int8)
        result, seen = run(values)
        current = values
        for index, layer in enumerate(network.layers):
            current = run_layer(layer, current)
            assert seen[index] == (index, current.tobytes()), layer.name
        assert len(seen) == len(network.layers)
        assert np.array_equal(result.ravel(), current.ravel())


def test_the_image_knows_what_it_is(library: ctypes.CDLL, network: Network, model: bytes) -> None:
    info = NetInfo.in_dll(library, "edgel3_net_info")
    assert (info.model_name, info.runtime) == (b"small", b"native")
    assert bytes(info.model_sha256) == hashlib.sha256(model).digest()
    assert (info.input_size, info.output_size) == (network.input.size, network.output.size)
    assert info.layer_count == len(network.layers)


def test_the_image_carries_the_build_id(
    library: ctypes.CDLL, network: Network, board: Board, model: bytes
) -> None:
    stored = bytes((ctypes.c_uint8 * 32).in_dll(library, "edgel3_build_id"))
    assert stored.hex() == build_id(render(network, board, model))


def test_the_same_inputs_give_the_same_bytes(network: Network, board: Board, model: bytes) -> None:
    assert render(network, board, model) == render(network, board, model)


def test_the_build_id_follows_every_file_but_its_own(network: Network, board: Board, model: bytes) -> None:
    files = render(network, board, model)
    before = build_id(files)
    assert build_id({**files, "build_id.c": b""}) == before
    assert build_id({**files, "linker.ld": files["linker.ld"] + b"\n"}) != before
    assert build_id({**files, "extra.c": b""}) != before


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
    for name in ("network.c", "network.h", "network_info.c", "weights.c", "weights.h"):
        code = re.sub(r"/\*.*?\*/", "", files[name].decode(), flags=re.S)
        code = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", code)
        assert "evil" not in code
        assert "#error" not in code
    assert b"\n$(shell" not in files["Makefile"]


def test_a_layer_name_that_is_no_identifier_is_refused(network: Network, board: Board, model: bytes) -> None:
    bad = dataclasses.replace(network.layers[0], name="conv1; int x")
    plan = plan_memory(network, board, scratch=native_scratch(network))
    with pytest.raises(Exception, match="cannot name a function"):
        render_project(
            dataclasses.replace(network, layers=(bad, *network.layers[1:])),
            board,
            model,
            plan=plan,
            runtime="native",
        )


def test_tflm_renders_a_resolver_of_the_operators_used(board: Board) -> None:
    data = ModelBuilder((6, 6, 1)).conv2d(4).max_pool2d().build()
    files = render_project(
        read_network(data), board, data, plan=None, runtime="tflm", arena=Arena("sram1", 4096)
    )
    code = files["network_tflm.cc"].decode()
    assert "MicroMutableOpResolver<2>" in code
    assert "Register_CONV_2D_INT8()" in code
    assert "Register_MAX_POOL_2D_INT8()" in code
    assert "FullyConnected" not in code
    assert "kArenaSize = 4096;" in code
    stored = re.search(r"= \{\n(.*?)\};", files["model.c"].decode(), re.S)
    assert stored is not None
    assert bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]{2}", stored[1])) == data
    assert not any(name.startswith("firmware/kernels/") for name in files)
