"""Arm's CMSIS-NN as a source tree: where it is, which release, which of its files a network needs.

Releases 4 to 7 are supported; the functions called here have the same prototypes in all of them. A source
file is needed if a function it defines is reached from the functions called, whatever conditional compilation
says; the linker drops what the Cortex-M7 does not use.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import ToolchainError

ROOT_VARIABLE = "CMSIS_NN_ROOT"
_HEADER = Path("Include/arm_nnfunctions.h")
_RELEASES = {"11.2.0": "4.0.0", "16.0.0": "6.0.0", "18.0.0": "7.0.0"}
"""Revision of arm_nnfunctions.h -> release of the library."""
_CORE_PLACES = ("../cmsis_core/Include", "../Core/Include", "../CMSIS/Core/Include", "CMSIS/Core/Include")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_DEFINITION = re.compile(r"^(?!static\b)[A-Za-z_][\w \t*]*?\b(arm_\w+)\s*\([^;{]*\)\s*\{", re.M)
_NAME = re.compile(r"\barm_\w+")
_HINT = (
    f"Name a checkout with --cmsis-nn-root or {ROOT_VARIABLE}, "
    "or install the sources: pip install bakenn==1.0.0"
)


@dataclass(frozen=True)
class CmsisNn:
    """A source tree: `core` is the folder of cmsis_compiler.h where the release includes that header."""

    root: Path
    version: str
    core: Path | None


def find_cmsis_nn(root: Path | None = None) -> CmsisNn:
    """The tree at `root`, else where CMSIS_NN_ROOT says, else in an installed Python package.

    Raises ToolchainError if there is none, or it is older than release 4.
    """
    if root is None:
        named = os.environ.get(ROOT_VARIABLE, "")
        root = Path(named) if named else _installed()
    if root is None:
        raise ToolchainError("the runtime cmsis-nn needs the sources of CMSIS-NN", _HINT)
    header = root / _HEADER
    try:
        text = header.read_text(errors="replace")
        math_types = (header.parent / "arm_nn_math_types.h").read_text(errors="replace")
    except OSError as error:
        raise ToolchainError(f"{root} is no CMSIS-NN tree: {error.filename} is missing", _HINT) from error
    if "arm_cmsis_nn_status" not in text:
        raise ToolchainError(f"{root}: this CMSIS-NN is older than release 4", _HINT)
    found = re.search(r"\$Revision:\s*V\.([\d.]+)", text)
    revision = found[1] if found else "unknown"
    return CmsisNn(
        root=root,
        version=_RELEASES.get(revision, f"header {revision}"),
        core=_core(root) if '"cmsis_compiler.h"' in math_types else None,
    )


def _installed() -> Path | None:
    for distribution in importlib.metadata.distributions():
        if _HEADER.name not in (distribution.read_text("RECORD") or ""):
            continue
        for file in distribution.files or ():
            if file.name == _HEADER.name:
                return Path(str(file.locate())).parent.parent
    return None


def _core(root: Path) -> Path:
    for place in _CORE_PLACES:
        if (root / place / "cmsis_compiler.h").is_file():
            return root / place
    raise ToolchainError(
        f"{root}: this release includes cmsis_compiler.h of CMSIS-Core, which is not beside it",
        f"Put CMSIS-Core at {root.parent / 'cmsis_core'}, or take CMSIS-NN 6 or later.",
    )


def project_files(tree: CmsisNn, functions: Collection[str]) -> dict[str, bytes]:
    """The files that a project calling `functions` takes along, by path: sources, all headers, the licence.

    Raises ToolchainError if a function is not in the tree, or the tree cannot be read.
    """
    try:
        return _project_files(tree, functions)
    except OSError as error:
        raise ToolchainError(f"{error.filename} cannot be read: {error.strerror}", _HINT) from error


def _project_files(tree: CmsisNn, functions: Collection[str]) -> dict[str, bytes]:
    files = {path: path.relative_to(tree.root) for path in _needed(tree, functions)}
    files |= {path: path.relative_to(tree.root) for path in tree.root.glob("Include/**/*.h")}
    files |= {path: Path(path.name) for path in tree.root.glob("LICENSE*")}
    if tree.core is not None:
        files |= {path: Path("Core") / path.name for path in tree.core.glob("*.h")}
    return {name.as_posix(): path.read_bytes() for path, name in sorted(files.items())}


def _needed(tree: CmsisNn, functions: Collection[str]) -> set[Path]:
    texts = {
        path: _COMMENT.sub(" ", path.read_text(errors="replace"))
        for path in sorted(tree.root.glob("Source/*/*.c"))
    }
    definers = {name: path for path, text in texts.items() for name in _DEFINITION.findall(text)}
    missing = sorted(set(functions) - definers.keys())
    if missing:
        raise ToolchainError(f"{tree.root}: CMSIS-NN {tree.version} has no {missing[0]}", _HINT)
    needed: set[Path] = set()
    waiting = [definers[name] for name in functions]
    while waiting:
        path = waiting.pop()
        if path not in needed:
            needed.add(path)
            waiting += [definers[name] for name in set(_NAME.findall(texts[path])) & definers.keys()]
    return needed
