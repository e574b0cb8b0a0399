"""How close int8 embeddings stay to float ones, on sounds that took no part in calibration.

The windows of ESC-10's clips (every half second) and of other recordings (every 0.1 s), centre-padded, silent
ones included. Float embeddings are kept in the output folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import aligned
from edgel3_deploy.audio.clips import Clip, find_clips, load_clip, windows
from edgel3_deploy.audio.frontend import FrontEnd, front_end, log_mel
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import dequantize, quantize_input
from edgel3_deploy.head.formats import read_dataset
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.locate import BUNDLED, locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.quantize import quantize
from edgel3_deploy.quantize.embed import int8_embeddings
from edgel3_deploy.quantize.fidelity import cosines, measure

FloatArray = NDArray[np.float32]

LABELLED_HOP, OTHERS_HOP = 0.5, 0.1
LABELLED, OTHERS = "ESC-10", "others"
TARGETS_DB = {LABELLED: 32.0, OTHERS: 34.0}
"""SQNR where recordings calibrated; without any it is TARGET_GENERATED_DB on both."""
TARGET_GENERATED_DB = 30.0
GOOD, POOR = 0.999, 0.997
"""Cosines below which windows are counted."""
HEADER = ("sounds", "windows", "SQNR dB", "median window", f"below {GOOD}", f"below {POOR}", "cosine min")
FLOOR = "int8 input and output only"


@dataclass(frozen=True)
class Sounds:
    """Windows that judge: `spectrograms` float32 (n, n_mels, frames) in dB, and the kind of each or ""."""

    name: str
    spectrograms: FloatArray
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """Fidelity on some windows: `below_good` and `below_poor` are shares, `median_db` that of a window."""

    name: str
    windows: int
    sqnr_db: float
    median_db: float
    below_good: float
    below_poor: float
    cosine_min: float

    def row(self) -> tuple[str, ...]:
        """The cells under HEADER."""
        shares = (f"{self.below_good:.1%}", f"{self.below_poor:.1%}")
        decibels = (f"{self.sqnr_db:.1f}", f"{self.median_db:.1f}")
        return self.name, f"{self.windows:,}", *decibels, *shares, f"{self.cosine_min:.4f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code is 1 if an SQNR is below its target."""
    options = _options(arguments)
    try:
        return _judge(options)
    except EdgeL3DeployError as error:
        print(f"benchmarks: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__)
    parser.add_argument("--model", action="append", help=f"sea-64, {BUNDLED}, or an .h5; may be repeated")
    parser.add_argument("--calibration", type=Path, help="recordings; without, generated sounds calibrate")
    parser.add_argument("--esc10", type=Path, help="folder of ESC-10 or ESC-50, with its .csv")
    parser.add_argument("--folds", default="", help="only these of its folds, such as 3,4")
    parser.add_argument("--others", type=Path, help="recordings; what also calibrates is left out")
    parser.add_argument("--leave-out", default="", help="names of those to leave out, such as 22.wav,44.wav")
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def _judge(options: argparse.Namespace) -> int:
    results: list[dict[str, Any]] = []
    missed = False
    for model in options.model or [BUNDLED]:
        network = read_weights(locate(model).path)
        facts = front_end(network.front_end)
        calibration = (options.calibration,) if options.calibration else ()
        judging = _sounds(options, facts)
        print(f"quantizing {model} ...", file=sys.stderr)
        quantized = quantize(network, calibration=calibration)
        int8 = replace(
            read_network(quantized.tflite), input_gain=network.input_gain, input_offset=network.input_offset
        )
        for sounds in judging:
            print(f"judging {model} on {sounds.name} ...", file=sys.stderr)
            figures = judge(network, int8, sounds, options.output / "fidelity")
            target = TARGETS_DB[sounds.name] if calibration else TARGET_GENERATED_DB
            missed |= figures[0].sqnr_db < target
            title = f"{model}, {quantized.calibration} calibrate, judged on {sounds.name}"
            if not options.json:
                print(f"{title} (target {target:.0f} dB)\n{_table(figures)}\n")
            facts_of_run = {"model": model, "calibration": quantized.calibration, "sounds": sounds.name}
            rows = [asdict(figure) for figure in figures]
            results.append({**facts_of_run, "target_db": target, "figures": rows})
    if options.json:
        print(json.dumps({"results": results}, indent=2))
    return int(missed)


def judge(network: FloatNetwork, int8: Network, sounds: Sounds, folder: Path) -> tuple[Figure, ...]:
    """All windows, what rounding of input and output alone costs on them, then each kind of sound."""
    key = sha256(fingerprint(network).encode() + sounds.spectrograms.tobytes())[:16]
    exact = _kept(folder / f"{key}-float.npy", lambda: forward(network, sounds.spectrograms))
    given = int8_embeddings(int8, sounds.spectrograms)
    ends = (exact, _rounded_ends(network, int8, sounds, folder / f"{key}-input.npy"))
    figures = [figure(sounds.name, exact, given), figure(FLOOR, *ends)]
    for kind in sorted(set(sounds.kinds) - {""}):
        chosen = np.array([one == kind for one in sounds.kinds])
        figures.append(figure(f"  {kind}", exact[chosen], given[chosen]))
    return tuple(figures)


def figure(name: str, exact: FloatArray, given: FloatArray) -> Figure:
    """Compare embeddings, float32 (n, embedding) each, n of at least one."""
    whole, alike = measure(exact, given), cosines(exact, given)
    signal = np.maximum((exact.astype(np.float64) ** 2).sum(axis=1), 1e-12)
    noise = np.maximum(((exact - given).astype(np.float64) ** 2).sum(axis=1), 1e-12 * signal)
    return Figure(
        name,
        len(exact),
        whole.sqnr_db,
        float(np.median(10 * np.log10(signal / noise))),
        float((alike < GOOD).mean()),
        float((alike < POOR).mean()),
        whole.cosine_min,
    )


def _rounded_ends(network: FloatNetwork, int8: Network, sounds: Sounds, path: Path) -> FloatArray:
    """Embeddings of the float network whose input and output are rounded as those of `int8` are."""

    def compute() -> FloatArray:
        real = dequantize(int8.input, quantize_input(int8, sounds.spectrograms))[..., 0]
        return forward(replace(network, input_gain=1.0, input_offset=0.0), real)

    scale, lowest = int8.output.scale, int8.output.zero_point
    steps = np.clip(np.rint(_kept(path, compute) / scale) + lowest, -128, 127)
    return dequantize(int8.output, steps.astype(np.int8))


def _kept(path: Path, compute: Callable[[], FloatArray]) -> FloatArray:
    """What is in the file, else what `compute` gives, which is put there."""
    from threadpoolctl import threadpool_limits

    if path.is_file():
        kept: FloatArray = np.load(path, allow_pickle=False)
        return kept
    with threadpool_limits(1):  # the products are small: more threads only wait for each other
        computed = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, computed)
    return computed


def _sounds(options: argparse.Namespace, facts: FrontEnd) -> list[Sounds]:
    found = []
    if options.esc10:
        dataset = read_dataset(options.esc10, "esc50")
        dataset = dataset.only(options.folds.split(",")) if options.folds else dataset
        clips = [(load_clip(clip.path, facts), dataset.labels[clip.labels[0]]) for clip in dataset.clips]
        found.append(_cut(LABELLED, clips, facts, LABELLED_HOP))
    if options.others:
        calibrating = find_clips([options.calibration]) if options.calibration else ()
        known = {load_clip(path, facts).samples.tobytes() for path in calibrating}
        paths = [p for p in find_clips([options.others]) if p.name not in options.leave_out.split(",")]
        loaded = [clip for path in paths if (clip := _readable(path, facts)) is not None]
        judging = [(clip, "") for clip in loaded if clip.samples.tobytes() not in known]
        found.append(_cut(OTHERS, judging, facts, OTHERS_HOP))
    return found


def _readable(path: Path, facts: FrontEnd) -> Clip | None:
    """The clip; None for one without samples, as OpenSFX has."""
    try:
        return load_clip(path, facts)
    except BadInputError:
        return None


def _cut(name: str, clips: Sequence[tuple[Clip, str]], facts: FrontEnd, hop: float) -> Sounds:
    if not clips:
        raise BadInputError(f"no recordings judge as {name}", "Give others than those that calibrate.")
    spectrograms, kinds = [], []
    for clip, kind in clips:
        for samples in windows(clip, facts, hop)[0]:
            spectrograms.append(log_mel(samples, facts))
            kinds.append(kind)
    return Sounds(name, np.stack(spectrograms), tuple(kinds))


def _table(figures: Sequence[Figure]) -> str:
    return aligned([HEADER, *(figure.row() for figure in figures)])


if __name__ == "__main__":
    sys.exit(main())
