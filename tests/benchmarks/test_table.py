"""Rows of text line up, and a ratio says how many times fewer."""

from __future__ import annotations

from benchmarks.table import aligned, ratio_text


def test_a_table_is_markdown_with_columns_in_line() -> None:
    assert aligned([("engine", "count"), ("a", "1,234,567")]) == (
        "| engine |     count |\n|--------|----------:|\n| a      | 1,234,567 |"
    )


def test_a_ratio_is_above_one_where_the_row_takes_less() -> None:
    assert ratio_text(200, 40) == "5.00x"
    assert ratio_text(200, 400) == "0.50x"
