"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import front_end, regression, sound, sparse, table
from benchmarks.cmsis_dsp import find_cmsis_dsp
from benchmarks.front_end import FrontEndCount
from benchmarks.lane_loops import LINE_CYCLES
from benchmarks.mca import Mca, find_mca
from benchmarks.measure import BOARD, TFLM_ROOT, Measurement, measure, tflm_root
from benchmarks.models import Model, random_model, real_model, sparse_model
from benchmarks.plot import draw
from benchmarks.results import Row, row
from benchmarks.sound import Part
from benchmarks.variants import AS_BUILT, BALANCED, BASELINES, LIMITED, NATIVE, TFLM, Variant
from edgel3_deploy.errors import EdgeL3DeployError, MissingDependencyError, ToolchainError
from edgel3_deploy.toolchain.cmsis_nn import find_cmsis_nn
from edgel3_deploy.toolchain.gcc import COMPILER, find_gcc

MAIN, LARGER = "sea-64", ("sea-128", "sea-256")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; the exit code is not 0 if something fails, differs or is slower than committed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path("build/bench"), help="folder (default %(default)s)"
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--check",
        action="store_true",
        help="only compare the native runtime and the front end with the committed figures",
    )
    group.add_argument("--update", action="store_true", help="measure, then write benchmarks/baseline.json")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            return _check(options.output)
        return _bench(options.output, options.update)
    except EdgeL3DeployError as error:
        print(f"benchmarks: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)


def _check(folder: Path) -> int:
    compiler, committed = regression.load()
    models = (random_model(MAIN, folder), sparse_model(folder))
    results = [measure(model, variant, folder) for model in models for variant in NATIVE]
    results.append(measure(models[0], AS_BUILT, folder))
    complaints = [
        f"{result.variant.name}, {result.model.name}: output differs"
        for result in results
        if not result.exact
    ]
    front_ends = front_end.measure_front_ends(folder, None)
    complaints += [f"front end {item.front_end.name}: int8 differs" for item in front_ends if not item.exact]
    parts = sound.measure(folder / "sound")
    complaints += [f"sound path, {part.name}: output differs" for part in parts if not part.exact]
    audio_figures = {**_front_end_figures(front_ends), **sound.figures(parts)}
    complaints += regression.regressions({**_figures(results), **audio_figures}, committed)
    for line in complaints:
        print(f"benchmarks: {line}", file=sys.stderr)
    ours = find_gcc().version
    if complaints and ours != compiler:
        print(f"benchmarks: the committed figures are {compiler}'s, these {ours}'s", file=sys.stderr)
    if not complaints:
        for model in models:
            counts = ", ".join(
                f"{result.variant.name} {result.instructions:,}"
                for result in results
                if result.model == model
            )
            print(f"benchmarks: {model.name}: no regression ({counts})")
        for name, figures in audio_figures.items():
            counts = ", ".join(f"{what} {count:,}" for what, count in figures.items())
            print(f"benchmarks: {name}: no regression ({counts})")
    return 1 if complaints else 0


def _bench(folder: Path, update: bool) -> int:
    mca, notes = _tools()
    baselines = _baselines(notes)
    main_model, random = real_model(MAIN), random_model(MAIN, folder)
    runs = [(main_model or random, (*baselines, *NATIVE))]
    if main_model is None:
        notes.append(f"the published weights of {MAIN} are not on this machine: random weights instead")
    else:
        runs.append((random, (*baselines[-1:], *NATIVE)))
    runs += [(random_model(name, folder), (*baselines[-1:], BALANCED)) for name in LARGER]
    sections = [
        [row(result, mca) for result in _measured(model, variants, folder)] for model, variants in runs
    ]
    pruned = _sparse(folder, baselines, mca)
    front_ends = _front_ends(folder, notes)
    parts = sound.measure(folder / "sound")
    _print(sections, pruned, front_ends, parts, notes, mca)
    folder.mkdir(parents=True, exist_ok=True)
    content = {**_json(sections, notes, mca), "sparse": pruned.to_json()}
    content["front_ends"] = [item.to_json() for item in front_ends]
    content["sound"] = [dataclasses.asdict(part) for part in parts]
    (folder / "bench.json").write_text(json.dumps(content, indent=2) + "\n")
    draw(sections[0], folder / "bench.png")
    print(f"\nWritten: {folder / 'bench.json'}, {folder / 'bench.png'}")
    results = [item.measurement for section in (*sections, pruned.rows) for item in section]
    if update:
        results.append(measure(random, AS_BUILT, folder))
        figures = {**_figures(results), **_front_end_figures(front_ends), **sound.figures(parts)}
        regression.save(find_gcc().version, figures)
        print(f"Written: {regression.FILE}")
    dense_exact = pruned.dense is None or pruned.dense.exact
    measured: Sequence[Measurement | FrontEndCount | Part] = (*results, *front_ends, *parts)
    exact = all(item.exact for item in measured)
    return 0 if dense_exact and exact else 1


def _tools() -> tuple[Mca | None, list[str]]:
    try:
        return find_mca(), []
    except MissingDependencyError as error:
        return None, [f"{error.message}, so no cycles are modelled. {error.hint}"]


def _baselines(notes: list[str]) -> tuple[Variant, ...]:
    """The baselines that this machine can build, the first of which the ratios are to."""
    tflm, cmsis_nn = BASELINES
    found = []
    if tflm_root() is None:
        notes.append(
            f"{TFLM} is not measured: {TFLM_ROOT} names no checkout of tflite-micro with a built library"
        )
    else:
        found.append(tflm)
    try:
        find_cmsis_nn()
        found.append(cmsis_nn)
    except ToolchainError as error:
        notes.append(f"{cmsis_nn.name} is not measured: {error.message}. {error.hint}")
    return tuple(found)


def _measured(model: Model, variants: Sequence[Variant], folder: Path) -> list[Measurement]:
    results = []
    for variant in variants:
        print(f"measuring {variant.name}, {model.name} ...", file=sys.stderr)
        results.append(measure(model, variant, folder))
    return results


def _sparse(folder: Path, baselines: Sequence[Variant], mca: Mca | None) -> sparse.Section:
    """The sparse network; its dense count only where CMSIS-NN is at hand."""
    model = sparse_model(folder)
    rows = tuple(row(result, mca) for result in _measured(model, (*NATIVE, LIMITED), folder))
    network = rows[0].measurement.build.network
    dense = None
    if any(variant.runtime == "cmsis-nn" for variant in baselines):
        dense = sparse.dense(network, folder, mca, lambda stage, *_: print(f"{stage} ...", file=sys.stderr))
    return sparse.Section(dense, rows, sparse.non_zero_macs(network))


def _front_ends(folder: Path, notes: list[str]) -> tuple[front_end.FrontEndCount, ...]:
    """The front ends; CMSIS-DSP's chain only where its sources are to be had."""
    print("measuring the front ends ...", file=sys.stderr)
    try:
        dsp: Path | None = find_cmsis_dsp(folder / "cmsis-dsp")
    except ToolchainError as error:
        dsp = None
        notes.append(f"CMSIS-DSP is not measured: {error.message}. {error.hint}")
    return front_end.measure_front_ends(folder, dsp)


def _front_end_figures(counts: Sequence[front_end.FrontEndCount]) -> dict[str, dict[str, int]]:
    return {f"front end {count.front_end.name}": count.figures() for count in counts}


def _figures(results: Sequence[Measurement]) -> dict[str, dict[str, int]]:
    figures: dict[str, dict[str, int]] = {}
    for result in results:
        figures.setdefault(result.model.name, {})[result.variant.name] = result.instructions
    return figures


def _print(
    sections: Sequence[Sequence[Row]],
    pruned: sparse.Section,
    front_ends: Sequence[front_end.FrontEndCount],
    parts: Sequence[sound.Part],
    notes: Sequence[str],
    mca: Mca | None,
) -> None:
    compiler = f"{COMPILER} {find_gcc().version}"
    print(f"One inference on QEMU's {BOARD} (Cortex-M7), {compiler}. Instructions are counted, not cycles.")
    model = f"llvm-mca {mca.version}'s" if mca else "llvm-mca's (absent)"
    print(f"Modelled cycles are {model} for the hot loops: modelled, not measured.")
    print("Flash and RAM: bytes of the whole image. Bit-exact: compared with TFLite Micro's arithmetic.")
    print("A ratio says how many times fewer than in the first row of its table, measured in this run.")
    for section in sections:
        print(f"\n{section[0].measurement.model.name}\n\n{table.engines(section)}")
    print("\nInstructions by layer\n")
    print(table.layers([item.measurement for item in sections[0]]))
    for item in sections[0]:
        if item.loops:
            share = f"{item.explained:.0%} of the instructions counted"
            print(f"\nHot loops of {item.measurement.variant.name}, modelled: {share}\n")
            print(table.hot_loops(item.loops))
    _print_sparse(pruned)
    print(f"\nFront end, PCM to int8\n\n{table.aligned(front_end.rows(front_ends))}")
    print(f"\n{sound.SECTION}\n\n{table.aligned(sound.rows(parts))}")
    for item in (item for section in (*sections, pruned.rows) for item in section if item.note):
        result = item.measurement
        print(f"\nNote: {result.variant.name}, {result.model.name}: no modelled cycles, because {item.note}")
    for note in notes:
        print(f"\nNote: {note}")


def _print_sparse(section: sparse.Section) -> None:
    network = section.rows[0].measurement.build.network
    macs = sum(section.macs.values())
    print(
        f"\nsparse L3, 95.45 %: {section.rows[0].measurement.model.name}, {macs / 1e6:,.1f} M non-zero MACs\n"
    )
    print(table.aligned(sparse.engines(section)))
    if section.dense is not None:
        print(f"\n{sparse.HOW_DENSE}")
    print(f"\n{table.aligned(sparse.layers(section, network))}")
    for item in section.rows:
        if item.loops:
            share = f"{item.explained:.0%} of the instructions counted"
            lines = f"{item.lines / 1e6:,.1f} M cache lines of lists from flash at {LINE_CYCLES} cycles"
            print(f"\nHot loops of {item.measurement.variant.name}, sparse, modelled: {share}; {lines}\n")
            print(table.hot_loops(item.loops))


def _json(sections: Sequence[Sequence[Row]], notes: Sequence[str], mca: Mca | None) -> dict[str, Any]:
    return {
        "board": BOARD,
        "compiler": find_gcc().version,
        "llvm_mca": mca.version if mca else None,
        "notes": list(notes),
        "rows": [item.to_json(section[0]) for section in sections for item in section],
    }


if __name__ == "__main__":
    sys.exit(main())
