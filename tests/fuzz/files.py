"""Damaged files of every kind that commands read: recordings, weights, models, heads, boards, settings."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.graph.reference import run
from edgel3_deploy.head.file import load_head
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.link.settings import parse_changes
from edgel3_deploy.models.archive import load_network, network_bytes
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.reference import truth
from edgel3_deploy.reference.accept import read_network_file
from edgel3_deploy.resources import boards_dir
from tests.fuzz.mutate import damaged, text_damaged
from tests.graph.models import random_input, small_model
from tests.head.heads import random_head, small_head
from tests.models.synthetic_weights import random_weights
from tests.validate.prepared import small_float_network

Case = Callable[[random.Random], Callable[[], object]]
"""Makes an input from a seed, and gives what is to be run on it."""

_SOUNDS = (
    *(("wav", "WAV", kind) for kind in ("PCM_16", "PCM_24", "FLOAT", "ALAW", "GSM610", "IMA_ADPCM")),
    *(("flac", "FLAC", "PCM_16"), ("ogg", "OGG", "VORBIS"), ("aiff", "AIFF", "PCM_16"), ("au", "AU", "ULAW")),
    *(
        ("w64", "W64", "PCM_16"),
        ("caf", "CAF", "PCM_16"),
        ("voc", "VOC", "PCM_16"),
        ("mp3", "MP3", "MPEG_LAYER_III"),
    ),
)


def cases(folder: Path) -> Mapping[str, Case]:
    """One maker for each kind of file; inputs are written into `folder`."""
    sounds = _sounds()
    weights = random_weights(folder / "good.h5", (1, 1, 1, 1)).read_bytes()
    archive, head, model = (
        network_bytes(small_float_network()),
        small_head(random_head((8, 3), "softmax")).to_bytes(),
        small_model(),
    )
    boards = [path.read_text() for path in sorted(boards_dir().glob("*.toml"))]

    def written(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    def audio(rng: random.Random) -> Callable[[], object]:
        suffix, content = rng.choice(sounds)
        path = written(f"a.{suffix}", damaged(rng, content))
        return lambda: load_clip(path, SEA)

    def hdf5(rng: random.Random) -> Callable[[], object]:
        path = written("a.h5", damaged(rng, weights))
        return lambda: read_weights(path)

    def float_network(rng: random.Random) -> Callable[[], object]:
        path = written("network.npz", damaged(rng, archive))
        return lambda: load_network(path)

    def heads(rng: random.Random) -> Callable[[], object]:
        path = written("head.npz", damaged(rng, head))
        return lambda: load_head(path)

    def tflite(rng: random.Random) -> Callable[[], object]:
        path = written("a.tflite", damaged(rng, model))
        return lambda: _judged(path)

    def board(rng: random.Random) -> Callable[[], object]:
        text = text_damaged(rng, rng.choice(boards))
        path = written("a.toml", text.encode("utf-8", "replace"))
        return lambda: flash_layout(load_board(str(path)))

    def settings(rng: random.Random) -> Callable[[], object]:
        texts = text_damaged(rng, "hop=500\nthreshold_on.3=128\nsmoothing=6\nnode_id=7").splitlines()
        return lambda: parse_changes(texts)

    return {
        "audio": audio,
        "h5": hdf5,
        "network": float_network,
        "head": heads,
        "tflite": tflite,
        "board": board,
        "settings": settings,
    }


def _judged(path: Path) -> None:
    """Read a model; one that is accepted computes what the reference computes."""
    network, content = read_network_file(path)
    values = random_input(network.input.shape)
    (expected,), engine = truth(content, values[np.newaxis])
    assert np.array_equal(run(network, values).reshape(-1), expected), f"another result than {engine}'s"


def _sounds() -> list[tuple[str, bytes]]:
    """Half a second of two tones in every format that this machine writes."""
    time = np.arange(8_000) / 8_000
    tones = np.stack([np.sin(2_000 * time), np.sin(3_000 * time)], axis=1) * 0.3
    made = []
    for suffix, container, kind in _SOUNDS:
        if not soundfile.check_format(container, kind):
            continue
        stream = io.BytesIO()
        channels = tones[:, :1] if kind == "GSM610" else tones
        soundfile.write(stream, channels, 8_000, format=container, subtype=kind)
        made.append((suffix, stream.getvalue()))
    return made
