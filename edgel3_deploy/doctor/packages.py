"""Python and its packages: which are installed, without importing them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from edgel3_deploy import __version__
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.extras import install_command

SECTION = "python"
_LEAST = (3, 10)


LIBRARIES = (
    "click",
    "cobs",
    "flatbuffers",
    "h5py",
    "jinja2",
    "numpy",
    "platformdirs",
    "portalocker",
    "pyelftools",
    "pyserial",
    "rich",
    "scipy",
    "soundfile",
    "soxr",
    "threadpoolctl",
)
"""Distributions that nearly every command needs."""


@dataclass(frozen=True)
class Package:
    """A distribution that some commands need; `needed` if virtual boards do, `extra` if one brings it."""

    name: str
    purpose: str
    needed: bool
    extra: str = ""


PACKAGES = (
    Package("ai-edge-litert", "reading .tflite models and the reference outputs", needed=True),
    Package("unicorn", "virtual boards", needed=True, extra="emulator"),
    Package("tensorflow", "training, and quantize --method converter", needed=False, extra="train"),
    Package("scikit-learn", "heads", needed=False, extra="head"),
    Package("matplotlib", "plots of explore, specialize, prune and heads", needed=False, extra="plot"),
    Package("distributed", "embed --dask", needed=False, extra="dask"),
    Package("pyarrow", "embed --parquet", needed=False, extra="dask"),
    Package("tflite-micro", "comparing the reference with TFLite Micro itself", needed=False),
)


def examine_python(dispensable: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Python, this package, the libraries, and each of PACKAGES; those in `dispensable` are not needed."""
    version = platform.python_version()
    old = sys.version_info < _LEAST
    yield Finding(
        SECTION,
        "Python",
        "missing" if old else "ok",
        f"{version} on {platform.platform(terse=True)}",
        f"Install Python {'.'.join(map(str, _LEAST))} or newer." if old else "",
        True,
        {"version": version, "path": sys.executable},
    )
    yield Finding(SECTION, "edgel3-deploy", "ok", __version__, facts={"version": __version__})
    yield _libraries()
    for package in PACKAGES:
        yield _examine(package, package.needed and package.name not in dispensable)


def _libraries() -> Finding:
    versions = {name: _version(name) for name in LIBRARIES}
    absent = [name for name, version in versions.items() if version is None]
    facts = {"versions": versions}
    if absent:
        remedy = f"`pip install {' '.join(absent)}`"
        return Finding(SECTION, "libraries", "missing", ", ".join(absent), remedy, True, facts)
    return Finding(SECTION, "libraries", "ok", f"all {len(versions)} installed", "", True, facts)


def _examine(package: Package, needed: bool) -> Finding:
    version = _version(package.name)
    purpose = f"for {package.purpose}"
    facts = {"version": version, "purpose": package.purpose}
    if version is None:
        install = install_command(package.extra) if package.extra else f"pip install {package.name}"
        return Finding(SECTION, package.name, "missing", purpose, f"`{install}`", needed, facts)
    return Finding(SECTION, package.name, "ok", f"{version}, {purpose}", "", needed, facts)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
