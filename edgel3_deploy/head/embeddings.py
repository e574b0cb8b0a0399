"""Embeddings of labelled clips in the board's arithmetic, kept by content so that they are computed once."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import FloatArray, FrontEnd, front_end, log_mel
from edgel3_deploy.audio.pcm import PcmArray, from_pcm, to_pcm
from edgel3_deploy.embedding.board import ARITHMETIC, board_inputs
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import read_file, sha256, write_atomically
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.head.dataset import LabelledClip
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.locate import cache_dir
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.embed import int8_outputs

HOP_SECONDS = 0.5
_RECIPE = 2  # part of every cache key: raise it whenever the same clip would give other embeddings
_MOST_CLIP_BYTES = 1 << 31


@dataclass(frozen=True)
class Embedder:
    """The network whose embeddings are taken: int8 as the board computes it, or its float original.

    `identity` is the SHA-256 of the .tflite, or of the float weights.
    """

    network: Network | FloatNetwork
    front_end: FrontEnd
    identity: str

    @property
    def dtype(self) -> type[np.int8] | type[np.float32]:
        """What an embedding's elements are."""
        return np.int8 if isinstance(self.network, Network) else np.float32

    def embed(self, windows: Sequence[PcmArray]) -> NDArray[np.int8] | FloatArray:
        """Embeddings (n, embedding) of windows of PCM, int16 (sample_rate,) each."""
        if isinstance(self.network, FloatNetwork):
            spectrograms = [log_mel(from_pcm(window), self.front_end) for window in windows]
            return forward(self.network, np.stack(spectrograms))
        return int8_outputs(self.network, board_inputs(self.network, self.front_end, np.stack(windows)))


def int8_embedder(network: Network, model: bytes) -> Embedder:
    """Of the network in the .tflite file `model`."""
    return Embedder(network, front_end(network.front_end), sha256(model))


def float_embedder(network: FloatNetwork) -> Embedder:
    """Of the float network."""
    return Embedder(network, front_end(network.front_end), fingerprint(network))


@dataclass(frozen=True)
class ClipEmbeddings:
    """One clip's windows: embeddings (windows, embedding), int8 or float32, and the file's SHA-256."""

    embeddings: NDArray[np.int8] | FloatArray
    sha256: str


def embed_clips(
    clips: Sequence[LabelledClip], embedder: Embedder, progress: Progress = silent
) -> tuple[ClipEmbeddings, ...]:
    """The embeddings of each clip: windows of one second every HOP_SECONDS, as PCM of 16 bits.

    Windows of digital silence, which no microphone gives, are left out unless there are no others. Raises
    BadInputError, naming the row, for a clip that is not readable as audio.
    """
    from threadpoolctl import threadpool_limits

    results = []
    with threadpool_limits(1):  # the products are small: more threads only wait for each other
        for index, clip in enumerate(clips):
            progress("computing embeddings", index, len(clips))
            results.append(_clip(clip, embedder))
    progress("computing embeddings", len(clips), len(clips))
    return tuple(results)


def _clip(clip: LabelledClip, embedder: Embedder) -> ClipEmbeddings:
    content = read_file(clip.path, "a recording", _MOST_CLIP_BYTES)
    digest = sha256(content)
    recipe = (_RECIPE, ARITHMETIC, HOP_SECONDS, embedder.front_end.name, embedder.identity, digest)
    key = sha256(" ".join(map(str, recipe)).encode())
    path = cache_dir() / "embeddings" / embedder.identity[:16] / f"{key}.npy"
    embeddings = _load(path, embedder)
    if embeddings is None:
        embeddings = embedder.embed(_windows(clip, embedder.front_end))
        stream = io.BytesIO()
        np.save(stream, embeddings)
        with contextlib.suppress(UsageError):  # without a cache the next run takes longer, that is all
            write_atomically(path, stream.getvalue())
    return ClipEmbeddings(embeddings, digest)


def _load(path: Path, embedder: Embedder) -> NDArray[np.int8] | FloatArray | None:
    """What is kept; None if there is nothing, or it is damaged."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        kept = np.load(path, allow_pickle=False)
        if isinstance(kept, np.ndarray) and kept.ndim == 2 and kept.dtype == embedder.dtype and len(kept):
            return kept
    return None


def _windows(clip: LabelledClip, facts: FrontEnd) -> list[PcmArray]:
    """The clip's windows as PCM, without those of digital silence if there are others."""
    try:
        loaded = load_clip(clip.path, facts)
    except BadInputError as error:
        named = clip.row == str(clip.path)
        raise BadInputError(error.message if named else f"{clip.row}: {error.message}", error.hint) from error
    pcm = to_pcm(loaded.samples)
    cut, _ = windows(replace(loaded, samples=pcm.astype(np.float32)), facts, HOP_SECONDS, center=False)
    heard = [window for window in cut if window.any()] or [cut[0]]
    return [window.astype(np.int16) for window in heard]
