"""What Python says that the sensor will give is what the board gives for the same sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy import get_embedding
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.flash.virtual import port_to_run
from edgel3_deploy.link.probe import session
from edgel3_deploy.pipeline.prepared import load_build

pytestmark = pytest.mark.slow

_SECONDS = 2
_RATE = 8_000
_HOP = 4_000


def test_embeddings_in_board_arithmetic_are_those_of_the_board(built: Path) -> None:
    assert run(["flash", "-b", "stm32f7", "--build-dir", str(built), "--port", "virtual"]) == ExitCode.OK
    steps = np.arange(_SECONDS * _RATE) / _RATE
    sound = (0.3 * np.sin(2 * np.pi * (300 + 900 * steps) * steps)).astype(np.float32)
    sound += np.random.default_rng(4).normal(0, 0.02, len(sound)).astype(np.float32)

    promised, times = get_embedding(
        sound, _RATE, built / "model.tflite", hop_size=_HOP / _RATE, center=False, arithmetic="board"
    )

    build = load_build(built)
    output = build.network.output
    pcm = to_pcm(sound)
    heard = []
    with port_to_run(build.board, built, build.elf) as path, session(build.board, path) as found:
        for start in (times * _RATE).astype(int):
            found.client.load_audio(pcm[start : start + _RATE].astype("<i2").tobytes(), 0)
            found.client.run(checksums=False)
            heard.append(np.frombuffer(found.client.read_output(output.size), np.int8))
    values = (np.stack(heard).astype(np.float32) - output.zero_point) * np.float32(output.scale)
    assert len(heard) == 3
    assert len(np.unique(np.stack(heard), axis=0)) == 3
    np.testing.assert_array_equal(promised, values)
