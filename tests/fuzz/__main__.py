"""`python -m tests.fuzz --inputs 20000 --seed 1`: a long campaign, its figures on stdout."""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from shutil import which

from tests.firmware.link.conftest import compile_harness
from tests.fuzz.campaign import campaign

SANITIZERS = ("-DHARNESS_MAIN", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def main() -> int:
    """Run the campaign that the arguments ask for; 1 if there was any finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    gcc = which("gcc")
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(__file__).resolve().parents[2]
        harness = compile_harness(Path(gcc), repository, Path(folder) / "link", *SANITIZERS) if gcc else None
        watch = campaign(asked.inputs, asked.seed, harness, partial(print, file=sys.stderr, flush=True))
    print(f"seed {asked.seed}\n{watch.table()}")
    for finding in (*watch.tracebacks[:20], *watch.executed[:20], *watch.written[:20]):
        print(finding)
    return int(bool(watch.tracebacks or watch.executed or watch.written))


if __name__ == "__main__":
    sys.exit(main())
