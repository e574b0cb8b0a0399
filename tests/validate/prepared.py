"""A prepared build of a small network, and the fake board that runs it: no compiler and no emulator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.pipeline.manifest import Manifest
from edgel3_deploy.pipeline.order import PIXELS, Order, shown_layer
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.plan.front_end import FrontEndMemory, input_affine
from tests.graph.models import ModelBuilder
from tests.link.fake_board import FakeBoard, Layers

BUILD_ID = hashlib.sha256(b"this build").hexdigest()
EMBEDDING = 8


def small_model() -> bytes:
    """Two convolutions and pools on the sea front end's input, down to an embedding of 8."""
    builder = ModelBuilder((64, 50, 1), scale=0.03, zero_point=90)
    builder.conv2d(2, stride=(2, 2)).max_pool2d().conv2d(EMBEDDING, activation="RELU")
    builder.max_pool2d((16, 12), stride=(16, 12)).reshape((EMBEDDING,))
    return builder.metadata(name="small", front_end="sea", input_gain=0.1, input_offset=0.5).build()


def small_float_network() -> FloatNetwork:
    """Any float network of the same input and embedding size."""
    random = np.random.default_rng(3)
    widths = (1, 1, 1, 1, 1, 1, 1, 1, EMBEDDING)
    convs = tuple(
        FloatConv(
            f"conv{index + 1}",
            random.normal(0, 0.4, (3, 3, widths[index], widths[index + 1])).astype(np.float32),
            np.full(widths[index + 1], 0.1, np.float32),
            relu=True,
        )
        for index in range(8)
    )
    return FloatNetwork("small", "sea", 64, 50, 0.1, 0.5, convs)


def prepared_build(
    folder: Path,
    *,
    board: str = "stm32f7",
    with_float: bool = True,
    orders: tuple[Order, ...] = (),
    front_end: bool = False,
    streams: bool = True,
) -> PreparedBuild:
    """A build of the small network in `folder`, with a budget, as if it had been compiled."""
    model = small_model()
    facts = load_board(board)
    budget = {
        "verdict": "fits",
        "flash": {"used": 412_000, "limit": 2 << 20},
        "ram": {
            "used": 221_000,
            "limit": 512 << 10,
            "regions": {
                region.name: {"used": region.size // 3, "limit": region.size} for region in facts.ram
            },
        },
    }
    (folder / "budget.json").write_text(json.dumps(budget))
    manifest = Manifest(
        front_end="sea" if front_end else "",
        front_end_memory=FrontEndMemory("dtcm", 0, 35_136, streams) if front_end else None,
        build_id=BUILD_ID,
        board=facts,
        layout=flash_layout(facts),
        runtime="native",
        goal="balanced",
        ram_limit=None,
        by="instructions",
        steps=tuple((index,) for index in range(5)),
        orders=orders or (PIXELS,) * 5,
        memory=(),
        status="linked",
        model_name="small",
        model_sha256=hashlib.sha256(model).hexdigest(),
        head_sha256=None,
        inputs={},
        recordings=(),
        layer_sqnr_db={},
        fidelity=None,
        warnings=("calibrated on generated sounds",),
        tools={"arm-none-eabi-gcc": "12.2"},
        files={},
    )
    network = read_network(model, name="small")
    return PreparedBuild(
        folder, facts, manifest, network, model, small_float_network() if with_float else None
    )


def board_for(build: PreparedBuild, *, layers: Layers | None = None, **options: Any) -> FakeBoard:
    """A fake board that runs the build in numpy, unless `layers` says otherwise."""
    if build.manifest.front_end:
        options.setdefault("front_end", numpy_front_end(build))
    identity = {
        "model_sha256": bytes.fromhex(build.manifest.model_sha256),
        "build_id": bytes.fromhex(build.manifest.build_id),
        "board": build.board.name,
        "model": "small",
        "counter_unit": int(options.pop("counter_unit", CounterUnit.CPU_CYCLES)),
        **options.pop("identity", {}),
    }
    return FakeBoard(
        layers or numpy_layers(build),
        input_size=build.network.input.size,
        output_size=build.network.output.size,
        layer_count=len(build.manifest.steps),
        identity=identity,
        **options,
    )


def numpy_front_end(build: PreparedBuild) -> Callable[[bytes], bytes]:
    """The input's bytes for those of a window's PCM."""

    def hear(pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        return pcm_to_int8(samples, SEA, input_affine(build.network)).tobytes()

    return hear


def numpy_layers(build: PreparedBuild) -> Layers:
    """Output bytes of every step that the board reports, for an input, computed by graph.reference."""

    def run(data: bytes) -> Sequence[bytes]:
        values = np.frombuffer(data, np.int8).reshape(build.network.input.shape)
        outputs = []
        for layer in build.network.layers:
            values = run_layer(layer, values)
            outputs.append(values)
        shown = zip(build.manifest.steps, build.manifest.orders, strict=True)
        return [order.shown(outputs[shown_layer(build.network, step)]) for step, order in shown]

    return run
