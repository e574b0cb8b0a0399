"""A seeded campaign over everything that comes from outside: the same seed gives the same inputs."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.fuzz import builds, files, frames
from tests.fuzz.watch import Watch

SHARES = {
    **{"audio": 200, "h5": 5, "network": 110, "head": 110, "tflite": 215, "board": 150, "settings": 30},
    **{"build": 90, "cache": 40, "client": 45, "parser": 5},
}
"""Inputs by kind of every thousand; an input of the parser is a stream of frames."""


def campaign(count: int, seed: int, harness: Path | None, heard: Callable[[str], None] = print) -> Watch:
    """Try about `count` inputs; `harness` is the firmware's link under sanitizers, None to leave it out."""
    with tempfile.TemporaryDirectory(prefix="edgel3-fuzz-") as name:
        folder = Path(name).resolve()
        before = {key: os.environ.get(key) for key in ("EDGEL3_DEPLOY_CACHE", "TMPDIR")}
        os.environ.update(EDGEL3_DEPLOY_CACHE=str(folder / "cache"), TMPDIR=name)
        try:
            return _campaign(count, seed, folder, harness, heard)
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key)
                else:
                    os.environ[key] = value


def _campaign(
    count: int, seed: int, folder: Path, harness: Path | None, heard: Callable[[str], None]
) -> Watch:
    makers: Mapping[str, files.Case] = {
        **files.cases(folder),
        **builds.cases(folder),
        "client": frames.client_case,
        **({} if harness is None else {"parser": partial(frames.parser_case, harness)}),
    }
    watch = Watch((folder,), (sys.executable, str(harness)))
    for kind, make in makers.items():
        for number in range(max(1, count * SHARES[kind] // 1_000)):
            rng = random.Random(f"{seed} {kind} {number}")
            watch.run(kind, f"{seed} {kind} {number}", make(rng))
        heard(f"{kind}: {watch.inputs[kind]:,} inputs, {len(watch.tracebacks)} tracebacks so far")
    return watch
