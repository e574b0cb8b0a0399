"""The stack that a library states is what it needs, and not much more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.codegen.programs import Case, dense_case, hearing_case, program, sparse_case
from tests.codegen.stock import run_stock
from tests.codegen.test_native_lanes import l3_like, mixed

STACK = """
static unsigned used_stack(void (*call)(void))
{
    volatile unsigned char *const top = (volatile unsigned char *)__builtin_frame_address(0) - 128;
    unsigned used = 4096;
    for (unsigned i = 0; i < 4096; i++) {
        top[-(int)i] = 0xC5;
    }
    call();
    while (used > 0 && top[-(int)used + 1] == 0xC5) {
        used--;
    }
    return used + 128;
}
"""


@pytest.mark.parametrize("optimize", ["-Os", "-O3"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: dense_case("ears"),
        lambda: hearing_case("ears"),
        lambda: sparse_case(l3_like(), mixed, "ears"),
    ],
)
def test_the_stack_that_it_needs_is_stated(
    arm_gcc: Path, qemu: Path, tmp_path: Path, make: Callable[[], Case], optimize: str
) -> None:
    case = make()
    text = program([case], before=STACK).replace(
        "    run_ears();", '    printf("%u\\n", used_stack(run_ears));'
    )
    printed, _ = run_stock(arm_gcc, qemu, tmp_path, [case], text, optimize)
    used = int(printed[0])
    assert case.library.stack_size is not None
    assert used <= case.library.stack_size <= 3 * used
