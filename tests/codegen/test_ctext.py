"""Text from files cannot leave its comment or its string, and numbers arrive as they were."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.codegen import ctext
from edgel3_deploy.errors import BadInputError


@pytest.mark.parametrize("name", ["conv1", "pool_2", "a"])
def test_identifiers_pass(name: str) -> None:
    assert ctext.identifier(name) == name


@pytest.mark.parametrize("name", ["", "1a", "A", "a b", "a;", "while", "new", "ä", "a\n", "x" * 49])
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        ctext.identifier(name)


@given(st.text())
def test_a_string_literal_says_the_same_bytes(text: str) -> None:
    literal = ctext.string(text)
    assert re.fullmatch(r'"(?:[ -~])*"', literal)
    # C's octal escapes mean the same in a Python bytes literal.
    assert ast.literal_eval("b" + literal) == text.encode("utf-8", "replace")
    assert "??" not in literal


@given(st.text())
def test_a_comment_stays_one_printable_line(text: str) -> None:
    line = ctext.comment(text)
    assert re.fullmatch(r"[ -~]{0,100}", line)
    assert "*/" not in line
    assert "/*" not in line
    assert not line.endswith("\\")


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=60))
def test_rows_hold_all_numbers_in_order(values: list[int]) -> None:
    text = ctext.rows(np.array(values, np.int32))
    assert [int(number) for number in re.findall(r"-?\d+", text)] == values
    assert all(len(line) <= ctext.WIDTH for line in text.splitlines())


def test_int8_rows_line_up_whatever_the_values() -> None:
    narrow = ctext.rows(np.array([1, 2], np.int8))
    wide = ctext.rows(np.array([-128, 127], np.int8))
    assert len(narrow) == len(wide)


@given(st.binary(min_size=1, max_size=40))
def test_hex_rows_hold_all_bytes(data: bytes) -> None:
    assert bytes(int(byte, 16) for byte in re.findall(r"0x(..)", ctext.hex_rows(data))) == data


def test_columns_line_up() -> None:
    assert ctext.columns((("layer", "bytes"), ("conv10", "1"))) == ("layer   bytes", "conv10  1")


def test_a_comment_holds_no_trigraph() -> None:
    assert ctext.comment("conv??/") == "conv? ?/"
    assert "??" not in ctext.comment("????/??>")
