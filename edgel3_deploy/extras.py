"""Optional parts of the package: what each installs, and the one line that says which is missing."""

from __future__ import annotations

import importlib.util

from edgel3_deploy.errors import MissingDependencyError

EXTRAS: dict[str, dict[str, str]] = {
    "dask": {"distributed": "distributed", "pyarrow": "pyarrow"},
    "emulator": {"unicorn": "unicorn"},
    "head": {"matplotlib": "matplotlib", "scikit-learn": "sklearn"},
    "plot": {"matplotlib": "matplotlib"},
    "train": {"matplotlib": "matplotlib", "tensorflow": "tensorflow"},
}
"""Extra -> its distributions -> the module by which each is recognised."""

LITERT_HINT = (
    "pip install ai-edge-litert, or where that has no wheel (macOS on Intel) TensorFlow: "
    'pip install "edgel3-deploy[train]"'
)
"""What to do where .tflite files cannot be read or run."""


def install_command(extra: str) -> str:
    """What to type to get an extra, quoted for every shell."""
    return f'pip install "edgel3-deploy[{extra}]"'


def lacking(extra: str) -> tuple[str, ...]:
    """The distributions of an extra that are not installed; nothing is imported."""
    return tuple(name for name, module in EXTRAS[extra].items() if importlib.util.find_spec(module) is None)


def require_extra(extra: str, purpose: str) -> None:
    """Raise MissingDependencyError, which names the extra, if a part of it is not installed.

    `purpose` is who needs it, such as "training".
    """
    if missing := lacking(extra):
        raise MissingDependencyError(
            f"{purpose} needs {' and '.join(missing)}, of the extra [{extra}]", install_command(extra)
        )
