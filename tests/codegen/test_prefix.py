"""Names and includes of a library follow its prefix, and nothing else changes."""

from __future__ import annotations

import pytest

from edgel3_deploy.codegen.prefix import LICENSE, checked_prefix, file_name, named, prefixed, refuse_meeting
from edgel3_deploy.errors import UsageError

SOURCE = b"""/**
 * @file head.c
 * @brief As edgel3_deploy/head/arithmetic.py and docs/front-end.md say; edgel3-deploy made it.
 */
#include "head/head.h"

#include <stdint.h>
#include "edgel3_config.h"
#include "simd.h"

int32_t head_exp(edgel3_map_t *head) { return HEAD_MOST + EDGEL3_NONE + head->ahead_of; }
static const int hop = FRONT_END_HOP;
"""
PLACES = {"head.h": "src/head/ears_head.h", "simd.h": "src/kernels/ears_simd.h"}


def test_words_of_the_sources_get_the_prefix_and_headers_their_place() -> None:
    code = prefixed("src/head/ears_head.c", SOURCE, PLACES, "ears").decode()
    assert code.startswith(LICENSE)
    assert code.removeprefix(LICENSE) == (
        """/**
 * @file ears_head.c
 * @brief As edgel3_deploy/head/arithmetic.py and docs/front-end.md say; edgel3-deploy made it.
 */
#include "ears_head.h"

#include <stdint.h>
#include "ears_config.h"
#include "../kernels/ears_simd.h"

int32_t ears_head_exp(ears_map_t *head) { return EARS_HEAD_MOST + EARS_NONE + head->ahead_of; }
static const int hop = EARS_FRONT_END_HOP;
"""
    )


def test_a_prefix_may_be_made_of_words_that_are_replaced() -> None:
    assert named("edgel3_run(front_end_t, HEAD_T)", "edgel3_head") == (
        "edgel3_head_run(edgel3_head_front_end_t, EDGEL3_HEAD_HEAD_T)"
    )
    assert file_name("edgel3_sparse.h", "head_net") == "head_net_sparse.h"
    assert file_name("gemm_m7.S", "edgel3") == "edgel3_gemm_m7.S"


@pytest.mark.parametrize("prefix", ["edgel3", "ears", "net_2"])
def test_names_may_begin_with_any_name(prefix: str) -> None:
    assert checked_prefix(prefix) == prefix


@pytest.mark.parametrize("prefix", ["", "2nd", "my-net", "My", "int", "net lib", "x" * 49])
def test_a_prefix_that_no_name_can_begin_with_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="cannot begin the names"):
        checked_prefix(prefix)


@pytest.mark.parametrize("prefix", ["stdint", "string", "main", "arduino"])
def test_a_library_does_not_hide_a_header_that_others_include(prefix: str) -> None:
    with pytest.raises(UsageError, match=rf"{prefix}\.h is a header that"):
        checked_prefix(prefix)


@pytest.mark.parametrize("prefix", ["int8", "size", "atomic"])
def test_a_context_is_not_called_like_a_type_of_others(prefix: str) -> None:
    with pytest.raises(UsageError, match=rf"{prefix}_t is a type that"):
        checked_prefix(prefix)


def test_a_name_that_the_library_has_already_is_not_made() -> None:
    sources = [b"void edgel3_row(int *output_row);", b"#define LAST_STEP 1\nint EDGEL3_STEP;"]
    refuse_meeting(sources, "ears")
    refuse_meeting(sources, "edgel3")
    with pytest.raises(UsageError, match="another output_row beside that which --prefix output makes"):
        refuse_meeting(sources, "output")
    with pytest.raises(UsageError, match="another LAST_STEP"):
        refuse_meeting(sources, "last")
