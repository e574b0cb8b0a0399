"""Embeddings as files: the edgel3 package's .npz, which also says from what it was made."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.embedding.compute import Embedding, embed_clip
from edgel3_deploy.embedding.model import EmbeddingModel
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import write_atomically
from edgel3_deploy.npz import read_arrays
from edgel3_deploy.progress import Progress, silent


@dataclass(frozen=True)
class Settings:
    """How recordings are cut into windows."""

    hop_size: float = 0.1
    center: bool = True


def output_name(stem: str, suffix: str | None = None) -> str:
    """STEM.npz, or STEM_SUFFIX.npz, as the edgel3 package calls what it writes.

    Raises UsageError for a suffix that would lead into another folder.
    """
    if suffix and set(suffix) & set("/\\\0"):
        raise UsageError(f"suffix {suffix!r}: is no part of a file's name", "Leave out the / and \\.")
    return f"{stem}_{suffix}.npz" if suffix else f"{stem}.npz"


def embed_file(
    recording: Path, output: Path, model: EmbeddingModel, settings: Settings, progress: Progress = silent
) -> Embedding:
    """Embed `recording` and write `output` whole or not at all.

    Raises what `load_clip` and `windows` raise, and UsageError if the place cannot be written.
    """
    origin = _origin(recording, model, settings)
    clip = load_clip(recording, model.front_end)
    embedding = embed_clip(clip, model, settings.hop_size, settings.center, progress)
    write_atomically(output, npz_bytes(embedding, origin))
    return embedding


def is_current(recording: Path, output: Path, model: EmbeddingModel, settings: Settings) -> bool:
    """Whether `output` is whole and was made from this very recording, with this model and settings."""
    try:
        with zipfile.ZipFile(output) as archive:
            made_from = json.loads(archive.comment)
            return made_from == _origin(recording, model, settings) and archive.testzip() is None
    except (
        OSError,
        ValueError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
        zipfile.BadZipFile,
        BadInputError,
    ):
        return False


def read_embedding(path: Path) -> Embedding:
    """What `embed_file` wrote. Raises BadInputError if `path` is absent, damaged or something else."""
    try:
        archive = read_arrays(path.read_bytes())
        return Embedding(archive["embedding"], archive["timestamps"])
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{path}: no embeddings ({error})", "Embed the recording again.") from error


def _origin(recording: Path, model: EmbeddingModel, settings: Settings) -> dict[str, Any]:
    """What an embedding is made from, as JSON gives it back."""
    try:
        status = recording.stat()
    except OSError as error:
        raise BadInputError(f"{recording}: cannot be read: {error.strerror}", "Check the path.") from error
    return {
        "model": model.name,
        "arithmetic": model.arithmetic,
        "identity": model.identity,
        "hop_size": settings.hop_size,
        "center": settings.center,
        "bytes": status.st_size,
        "modified_ns": status.st_mtime_ns,
    }


def npz_bytes(embedding: Embedding, origin: dict[str, Any]) -> bytes:
    """The arrays alone, as numpy and the edgel3 package know them; `origin` is the archive's comment."""
    stream = io.BytesIO()
    np.savez(stream, embedding=embedding.embedding, timestamps=embedding.timestamps)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = json.dumps(origin).encode()
    return stream.getvalue()


def shown(path: Path) -> str:
    """A path as it can be printed, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
