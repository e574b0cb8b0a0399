"""Embeddings as the edgel3 package's .npz, which cannot grow: until it is written, a journal beside it does.

The journal is a line of JSON, then rows of one timestamp (float64) and one embedding (float32),
little-endian.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.embedding.compute import Embedding
from edgel3_deploy.embedding.files import npz_bytes, read_embedding
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import not_writable, write_atomically
from edgel3_deploy.listen.heard import Event, Heard, Sensor

JOURNAL = ".part"
"""Appended to the name of the .npz."""
_LONGEST_HEADER = 4096


class NpzRecording:
    """Appends to the journal of `path`, and makes the .npz of it in the end.

    Goes on with an .npz that is there, or with the journal of a session that was killed. Raises UsageError
    for embeddings of another size, BadInputError for files that are something else.
    """

    def __init__(self, path: Path, sensor: Sensor) -> None:
        self._path = path
        self._journal = journal_path(path)
        size = sensor.output.size
        is_new = not self._journal.exists()
        if not is_new:
            there, _ = _read(self._journal)
        else:
            there = read_embedding(path) if path.exists() else _nothing(size)
        if there.embedding.shape[1:] != (size,):
            raise UsageError(
                f"{path}: holds embeddings of {there.embedding.shape[-1]} elements, not {size}",
                "Choose another --output, or move that file.",
            )
        if is_new:
            write_atomically(self._journal, _header(size, _origin(sensor)) + _rows(there))
        try:
            self._file = os.open(self._journal, os.O_WRONLY | os.O_APPEND)
            # A row that was torn is taken off.
            os.ftruncate(self._file, _whole_size(self._journal, size, len(there.timestamps)))
        except OSError as error:
            raise not_writable(self._journal, error) from error

    def add(self, event: Event) -> None:
        """Append a window's embedding."""
        if not isinstance(event, Heard):
            return
        one = Embedding(event.embedding[np.newaxis], np.array([event.timestamp]))
        data = _rows(one)
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise not_writable(self._journal, error) from error

    def close(self) -> None:
        """Write the .npz; the journal goes."""
        os.close(self._file)
        recover(self._path)


def journal_path(path: Path) -> Path:
    """Where the journal of an .npz is."""
    return path.with_name(path.name + JOURNAL)


def recover(path: Path) -> int:
    """Make `path` of its journal, which goes; how many windows it holds.

    Raises BadInputError if there is no journal or it is something else, UsageError if `path` cannot be
    written.
    """
    journal = journal_path(path)
    embedding, origin = _read(journal)
    write_atomically(path, npz_bytes(embedding, origin))
    journal.unlink(missing_ok=True)
    return len(embedding.timestamps)


def _origin(sensor: Sensor) -> dict[str, Any]:
    return {
        "model": sensor.model,
        "arithmetic": "board",
        "board": sensor.board,
        "build_id": sensor.build_id,
        "hop_size": sensor.hop_seconds,
        "center": True,
    }


def _nothing(size: int) -> Embedding:
    return Embedding(np.zeros((0, size), np.float32), np.zeros(0))


def _header(size: int, origin: dict[str, Any]) -> bytes:
    return json.dumps({"embedding_size": size, "origin": origin}).encode() + b"\n"


def _row_type(size: int) -> np.dtype[Any]:
    return np.dtype([("timestamp", "<f8"), ("embedding", "<f4", (size,))])


def _rows(embedding: Embedding) -> bytes:
    rows = np.zeros(len(embedding.timestamps), _row_type(embedding.embedding.shape[1]))
    rows["timestamp"], rows["embedding"] = embedding.timestamps, embedding.embedding
    return rows.tobytes()


def _read(journal: Path) -> tuple[Embedding, dict[str, Any]]:
    """The whole rows of a journal, and what its header says of their origin."""
    try:
        with journal.open("rb") as stream:
            header = json.loads(stream.readline(_LONGEST_HEADER))
            row = _row_type(int(header["embedding_size"]))
            content = stream.read()
        rows = np.frombuffer(content[: len(content) - len(content) % row.itemsize], row)
        return Embedding(rows["embedding"].astype(np.float32), rows["timestamp"].astype(np.float64)), dict(
            header["origin"]
        )
    except OSError as error:
        raise BadInputError(f"{journal}: cannot be read: {error.strerror}", "Check the path.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"{journal}: not the journal of a recording", "Move it away, or choose another --output."
        ) from error


def _whole_size(journal: Path, size: int, rows: int) -> int:
    """Bytes of a journal with that many whole rows."""
    with journal.open("rb") as stream:
        return len(stream.readline(_LONGEST_HEADER)) + rows * _row_type(size).itemsize
