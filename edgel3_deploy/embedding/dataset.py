"""All embeddings of a run as one Parquet data set."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.embedding.batch import Task
from edgel3_deploy.embedding.files import Settings, read_embedding, shown
from edgel3_deploy.embedding.model import EmbeddingModel
from edgel3_deploy.errors import MissingDependencyError, UsageError
from edgel3_deploy.extras import install_command
from edgel3_deploy.progress import Progress, silent

NAME = "embeddings.parquet"
ROWS_PER_FILE = 1 << 20


def require_parquet() -> None:
    """Raises MissingDependencyError if Parquet cannot be written here."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "--parquet needs pyarrow, of the extra [dask]", install_command("dask")
        ) from error


def write_dataset(
    folder: Path,
    tasks: Sequence[Task],
    model: EmbeddingModel,
    settings: Settings,
    progress: Progress = silent,
) -> Path:
    """Write `folder`/embeddings.parquet from the .npz files of `tasks`: a row a window, in their order.

    Columns: recording (string), timestamp (float64, seconds), embedding (float32, a list of fixed length);
    model and settings are in the schema's metadata. The data set is a folder of files of a million rows and
    more; it is replaced whole. Raises MissingDependencyError without pyarrow, BadInputError for a damaged
    .npz, UsageError if the place cannot be written.
    """
    require_parquet()
    target = folder / NAME
    stage, old = folder / f".{NAME}.new", folder / f".{NAME}.old"
    try:
        _recover(target, old)
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        _write_parts(stage, tasks, model, settings, progress)
        if target.exists():
            target.rename(old)
        stage.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"{error.filename or target}: cannot be written: {error.strerror}",
            "Make room and go on.",
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return target


def _recover(target: Path, old: Path) -> None:
    """Put back what an interruption left aside."""
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _write_parts(
    stage: Path, tasks: Sequence[Task], model: EmbeddingModel, settings: Settings, progress: Progress
) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    origin = {
        "model": model.name,
        "arithmetic": model.arithmetic,
        "identity": model.identity,
        "hop_size": settings.hop_size,
        "center": settings.center,
    }
    schema = pyarrow.schema(
        [
            ("recording", pyarrow.string()),
            ("timestamp", pyarrow.float64()),
            ("embedding", pyarrow.list_(pyarrow.float32(), model.embedding_size)),
        ],
        metadata={"edgel3_deploy": json.dumps(origin)},
    )
    with contextlib.ExitStack() as stack:
        rows, writer = ROWS_PER_FILE, None
        for table in _tables(schema, tasks, progress):
            if writer is None or rows >= ROWS_PER_FILE:
                stack.close()
                path = stage / f"part-{len(list(stage.iterdir())):05}.parquet"
                writer = stack.enter_context(ParquetWriter(path, schema, compression="zstd"))
                rows = 0
            writer.write_table(table)
            rows += table.num_rows
        if writer is None:
            stack.enter_context(ParquetWriter(stage / "part-00000.parquet", schema))


def _tables(schema: Any, tasks: Sequence[Task], progress: Progress) -> Iterator[Any]:
    """A table for each recording."""
    import pyarrow

    for index, task in enumerate(tasks):
        progress("writing the data set", index, len(tasks))
        read = read_embedding(task.output)
        flat = pyarrow.array(np.ascontiguousarray(read.embedding).reshape(-1))
        columns = [
            pyarrow.array([shown(task.recording)] * len(read.timestamps), pyarrow.string()),
            pyarrow.array(read.timestamps),
            pyarrow.FixedSizeListArray.from_arrays(flat, read.embedding.shape[1]),
        ]
        yield pyarrow.Table.from_arrays(columns, schema=schema)
