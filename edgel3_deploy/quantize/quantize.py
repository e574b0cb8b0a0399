"""Weights to a full-int8 .tflite: calibrate, quantize, measure, and remember the result by content."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgel3_deploy.audio.finding import search
from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.extras import require_extra
from edgel3_deploy.fileio import read_file, sha256
from edgel3_deploy.graph.flatbuffer import parse_model
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import cache
from edgel3_deploy.quantize.calibration import calibration_set, spread
from edgel3_deploy.quantize.embed import int8_embeddings
from edgel3_deploy.quantize.fidelity import Fidelity, measure
from edgel3_deploy.quantize.flatbuffer import write_model
from edgel3_deploy.quantize.isolate import convert_isolated
from edgel3_deploy.quantize.judge import Judgement, judge, refuse_calibrating
from edgel3_deploy.quantize.metadata import METADATA_NAME, add_metadata
from edgel3_deploy.quantize.post_training import quantize_layers

Method = Literal["gptq", "mse", "minmax", "converter"]
"""How weights are rounded and ranges chosen: see `post_training`; "converter" is TensorFlow's."""

RECIPE = 10  # part of every cache key: raise it whenever the same inputs would give another model
MOST_WINDOWS, FEWEST_WINDOWS = 150, 40
_MAC_BUDGET = 60_000_000_000
_MAX_CLIP_BYTES = 1 << 31


@dataclass(frozen=True)
class QuantizedModel:
    """A full-int8 .tflite and its SHA-256.

    `fidelity` compares it with the float network on the calibration windows; `calibration` says in words what
    those are; `layer_sqnr_db` the signal-to-noise ratio behind each convolution there (empty from the
    converter); `warnings` holds what the user should know. `judgement` is the same on other recordings, if
    there were such. `recordings` has the SHA-256 of each that calibrated.
    """

    tflite: bytes
    sha256: str
    fidelity: Fidelity | None
    calibration: str
    warnings: tuple[str, ...] = ()
    layer_sqnr_db: tuple[tuple[str, float], ...] = ()
    judgement: Judgement | None = None
    recordings: tuple[str, ...] = ()


def quantize(
    network: FloatNetwork,
    *,
    calibration: Sequence[Path] = (),
    judging: Sequence[Path] = (),
    method: Method = "gptq",
    qat_windows: int = 0,
    progress: Progress = silent,
    use_cache: bool = True,
) -> QuantizedModel:
    """Quantize to int8: batch 1, per-channel weights, no BatchNorm left in the graph.

    `calibration` names recordings and folders; without any, generated sounds are used and a warning says what
    that costs. The model's real input is x = input_gain * dB + input_offset; both numbers, the front end, the
    name and a hash of the weights are in its metadata entry "edgel3_deploy". Unless `use_cache` is off, equal
    inputs give a remembered result.

    `qat_windows` above zero adds quantization-aware fine-tuning on so many windows, which needs TensorFlow;
    `layer_sqnr_db` is then that before the fine-tuning. If that lowers the SQNR on the calibration windows,
    the model from before is kept and a warning says so.

    `judging` names recordings and folders that take no part in calibration: what int8 costs is measured on
    them as well, behind every layer.

    Raises BadInputError for unusable audio; UsageError for a recording that is to calibrate and to judge;
    MissingDependencyError without TensorFlow where it is needed; with the method "converter", ToolchainError
    if that fails.
    """
    if method == "converter" or qat_windows:
        require_extra("train", "--qat" if qat_windows else "--method converter")
    limit = _window_limit(network)
    found, found_judges = search(calibration), search(judging)
    clips = tuple(found.paths[index] for index in spread(len(found.paths), limit))
    judges = found_judges.paths
    refuse_calibrating(judges, clips)
    hashes = [sha256(read_file(clip, "a recording", _MAX_CLIP_BYTES)) for clip in clips]
    identity = {
        "recipe": RECIPE,
        "method": method,
        "qat_windows": qat_windows,
        "tensorflow": _tensorflow_version() if method == "converter" else "",
        "network": fingerprint(network),
        "clips": [(clip.name, digest) for clip, digest in zip(clips, hashes, strict=True)],
    }
    key = cache.cache_key(identity)
    remembered = cache.load(key) if use_cache else None
    if remembered is not None and _is_of(network, *remembered):
        model, facts = remembered
    else:
        model, facts = _quantize(network, clips, limit, (method, qat_windows), progress)
        complaint = cache.store(key, model, facts) if use_cache else ""
        if complaint:
            facts["warnings"].append(f"the quantized model could not be kept for next time: {complaint}")
    judgement = judge(network, model, facts["factors"], judges, limit, progress) if judges else None
    quantized = _from_facts(model, facts)
    warnings = [*network.warnings, *found.warnings, *found_judges.warnings, *quantized.warnings]
    if len(clips) < len(found.paths):
        warnings.append(f"{len(clips)} of {len(found.paths):,} recordings calibrate, evenly spread")
    return replace(quantized, warnings=tuple(warnings), judgement=judgement, recordings=tuple(hashes))


def _quantize(
    network: FloatNetwork,
    clips: Sequence[Path],
    limit: int,
    how: tuple[Method, int],
    progress: Progress,
) -> tuple[bytes, dict[str, Any]]:
    """The model, and what is kept beside it: fidelity, calibration, layers, warnings."""
    sounds = calibration_set(clips, front_end(network.front_end), limit, progress)
    inputs = np.float32(network.input_gain) * sounds.spectrograms + np.float32(network.input_offset)
    method, qat_windows = how
    layers: list[tuple[str, float]] = []
    factors: list[list[float]] = []
    warnings = list(sounds.warnings)

    progress("running the float network")
    exact = forward(network, sounds.spectrograms)

    def fidelity_of(model: bytes) -> Fidelity:
        progress("comparing with the float network")
        int8 = replace(read_network(model), input_gain=network.input_gain, input_offset=network.input_offset)
        return measure(exact, int8_embeddings(int8, sounds.spectrograms))

    if method == "converter":
        model = convert_isolated(network, inputs, progress)
        fidelity = fidelity_of(model)
    else:
        quantized = quantize_layers(network, sounds, method, progress)
        layers = [(conv.name, conv.sqnr_db) for conv in quantized.convs]
        factors = [conv.factors.tolist() for conv in quantized.convs]
        model = write_model(network, quantized)
        fidelity = fidelity_of(model)
        if qat_windows:
            from edgel3_deploy.quantize.qat import fine_tune

            tuned = write_model(network, fine_tune(network, quantized, clips, qat_windows, progress))
            tuned_fidelity = fidelity_of(tuned)
            if tuned_fidelity.sqnr_db > fidelity.sqnr_db:
                model, fidelity = tuned, tuned_fidelity
            else:
                warnings.append(
                    f"on the calibration windows {method} alone has {fidelity.sqnr_db:.1f} dB SQNR, with "
                    f"fine-tuning {tuned_fidelity.sqnr_db:.1f} dB, so the model without fine-tuning was kept"
                )
    model = add_metadata(
        model,
        {
            "name": network.name,
            "front_end": network.front_end,
            "input_gain": network.input_gain,
            "input_offset": network.input_offset,
            "weights_sha256": fingerprint(network),
        },
    )
    return model, {
        "calibration": sounds.description,
        "fidelity": fidelity.to_json(),
        "layers": layers,
        "factors": factors,
        "warnings": warnings,
    }


def _is_of(network: FloatNetwork, model: bytes, facts: dict[str, Any]) -> bool:
    """Whether a remembered model says that it was made from these weights, and its facts can be read."""
    try:
        _from_facts(model, facts)
        made_from = json.loads(parse_model(model).metadata[METADATA_NAME])["weights_sha256"]
    except (BadInputError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return bool(made_from == fingerprint(network))


def _from_facts(model: bytes, facts: dict[str, Any]) -> QuantizedModel:
    return QuantizedModel(
        model,
        sha256(model),
        Fidelity(**facts["fidelity"]),
        facts["calibration"],
        tuple(facts["warnings"]),
        tuple((str(name), float(sqnr_db)) for name, sqnr_db in facts["layers"]),
    )


def _window_limit(network: FloatNetwork) -> int:
    """Calibration windows: fewer for large networks, so that the time stays bounded."""
    macs, height, width = 0, network.n_mels, network.frames
    for index, conv in enumerate(network.convs):
        macs += height * width * int(conv.weights.size)
        if index % 2 == 1:
            height, width = height // 2, width // 2
    return min(max(_MAC_BUDGET // macs, FEWEST_WINDOWS), MOST_WINDOWS)


def _tensorflow_version() -> str:
    """The installed version, without importing it; "" if there is none."""
    try:
        return importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return ""
