"""Python processes of our own, which import nothing that lies in the current folder."""

from __future__ import annotations

import sys
from pathlib import Path

import edgel3_deploy

# Neither the current folder nor the environment say where modules are (-I), but the arguments: first the
# folder of this package, which may be the current one and is therefore left again, then the others.
_PROGRAM = """
import sys
cut = sys.argv.index("--")
sys.path[:], sys.argv[:] = sys.argv[2:cut], [sys.argv[1], *sys.argv[cut + 1 :]]
import edgel3_deploy
del sys.path[0]
from importlib import import_module
sys.exit(import_module(sys.argv[0]).main(sys.argv[1:]))
"""


def python_command(module: str) -> tuple[str, ...]:
    """A command that runs `main(arguments)` of `module` in a new interpreter; arguments may be appended.

    Modules are found where this process finds them, but for the current folder.
    """
    return (sys.executable, "-I", "-c", _PROGRAM, module, *_search_path(), "--")


def _search_path() -> list[str]:
    here = Path.cwd()
    root = str(Path(edgel3_deploy.__file__).resolve().parent.parent)
    entries = [entry for entry in sys.path if Path(entry).is_absolute() and Path(entry) != here]
    return [root, *entries]
