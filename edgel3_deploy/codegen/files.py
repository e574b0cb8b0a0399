"""What is common to the C projects of application and loader: names, compiled files, the build id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from edgel3_deploy.codegen.render import render

MAKEFILE = "Makefile"
BUILD_ID = "build_id.c"
BUILD_ID_TEXT = "build_id.txt"
"""The build id in hexadecimal, for the tool that writes image headers."""


def build_id(files: Mapping[str, bytes]) -> str:
    """SHA-256, in hexadecimal, over names and contents of a project's files except those that carry it."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if name not in (BUILD_ID, BUILD_ID_TEXT):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def build_id_source(files: Mapping[str, bytes]) -> bytes:
    """The C file that gives the image of `files` its build id."""
    return render("build_id.c.j2", build_id=bytes.fromhex(build_id(files)))


def sources(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files that are compiled, in the order in which they are linked."""
    return tuple(sorted(name for name in files if Path(name).suffix in (".c", ".cc", ".S")))
