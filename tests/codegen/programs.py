"""Programs around libraries: each runs its networks on what is known, and prints what they make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.codegen.library import Library, render_library
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run
from edgel3_deploy.head.network import run_head
from edgel3_deploy.plan.front_end import input_affine
from edgel3_deploy.plan.schedule import Schedule, schedule
from tests.codegen.lanes import Split, lane_schedule
from tests.graph.models import ModelBuilder, random_input
from tests.head.heads import random_head
from tests.plan.chains import board_with

LABELS = ("car", 'a "horn"', "rain", "dog", "siren")
ONE_REGION = board_with(1 << 19)


@dataclass(frozen=True)
class Case:
    """A network as a library; with a front end it is fed with a second of PCM, else with an input."""

    network: Network
    library: Library

    @property
    def prefix(self) -> str:
        return self.library.prefix

    @cached_property
    def pcm(self) -> NDArray[np.int16]:
        random = np.random.default_rng(3)
        return random.integers(-9000, 9000, SEA.sample_rate).astype(np.int16)

    @cached_property
    def input(self) -> NDArray[np.int8]:
        if self.library.sample_rate is not None:
            return pcm_to_int8(self.pcm, SEA, input_affine(self.network))
        return random_input(self.network.input.shape, 4)

    def expected(self, head: CompiledHead | None = None) -> list[str]:
        """The lines that `parts` print."""
        output = run(self.network, self.input).reshape(-1)
        scores = [] if head is None else [run_head(head.network, output[None])[0].tobytes().hex()]
        return [output.tobytes().hex(), *scores]


def dense_case(prefix: str) -> Case:
    """Winograd with transformed weights in RAM, direct convolutions, poolings."""
    network = read_network(
        ModelBuilder((24, 18, 1))
        .conv2d(8, activation="RELU")
        .conv2d(16)
        .max_pool2d()
        .conv2d(16)
        .max_pool2d((3, 2))
        .build(),
        name="dense",
    )
    return Case(network, render_library(network, b"dense", plan=schedule(network, ONE_REGION), prefix=prefix))


def sparse_case(network: Network, split: Split, prefix: str) -> Case:
    """Lists in all forms, some decoded into RAM, in two arenas."""
    plan: Schedule = lane_schedule(network, True, 16, split)
    return Case(network, render_library(network, b"sparse", plan=plan, prefix=prefix))


def hearing_network() -> Network:
    """A network that takes what sea's front end makes."""
    builder = ModelBuilder((64, 50, 1)).conv2d(4, activation="RELU").max_pool2d().conv2d(4).max_pool2d()
    model = builder.reshape((16 * 12 * 4,)).fully_connected(16).build()
    found = read_network(model, name="hearing")
    return replace(found, front_end="sea", input_gain=0.1, input_offset=4.0)


def hearing_head() -> CompiledHead:
    """Its labels."""
    return CompiledHead(random_head((16, 9, len(LABELS)), "softmax"), LABELS, bytes(range(32)))


def hearing_case(prefix: str) -> Case:
    """PCM to labels."""
    network = hearing_network()
    plan = schedule(network, ONE_REGION)
    return Case(network, render_library(network, b"ears", plan=plan, prefix=prefix, head=hearing_head()))


def program(cases: Sequence[Case], *, before: str = "", times: int = 1) -> str:
    """main() in C and C++; `times`: the cases in turn, again and again."""
    includes = "\n".join(f'#include "{case.prefix}.h"' for case in cases)
    calls = "".join(f"    run_{case.prefix}();\n    show_{case.prefix}();\n" for case in cases)
    return f"""#include <stdio.h>
{includes}

{before}
static void show(const int8_t *values, int count)
{{
    for (int i = 0; i < count; i++) {{
        printf("%02x", (unsigned)(unsigned char)values[i]);
    }}
    printf("\\n");
}}
{"".join(map(_part, cases))}
int main(void)
{{
{calls * times}    return 0;
}}
"""


def _part(case: Case) -> str:
    name, macro = case.prefix, case.prefix.upper()
    if case.library.sample_rate is not None:
        values = f"static const int16_t {name}_pcm[] = {_braces(case.pcm)};"
        make = f"""
    {name}_push(&{name}_network, {name}_pcm, {len(case.pcm)});
    if ({name}_ready(&{name}_network)) {{
        {name}_window(&{name}_network, {name}_input);
    }}"""
        values += f"\nstatic int8_t {name}_input[{macro}_INPUT_SIZE];"
    else:
        values, make = f"static const int8_t {name}_input[] = {_braces(case.input)};", ""
    scores = f"""
    {name}_labels = {name}_scores(&{name}_network, {name}_output);"""
    shown = f"""
    show({name}_labels, {macro}_LABEL_COUNT);"""
    if case.library.labels:
        values += f"\nstatic const int8_t *{name}_labels;"
    return f"""
static {name}_t {name}_network;
{values}
static int8_t {name}_output[{macro}_OUTPUT_SIZE];

static void run_{name}(void)
{{
    {name}_start(&{name}_network);{make}
    {name}_run(&{name}_network, {name}_input, {name}_output);{scores if case.library.labels else ""}
}}

static void show_{name}(void)
{{
    show({name}_output, {macro}_OUTPUT_SIZE);{shown if case.library.labels else ""}
}}
"""


def _braces(values: NDArray[np.int8] | NDArray[np.int16]) -> str:
    return "{" + ", ".join(map(str, values.ravel().tolist())) + "}"
