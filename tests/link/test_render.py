"""The C header and the documentation page say what the declaration says."""

from __future__ import annotations

import re
from pathlib import Path

from edgel3_deploy.link import messages, protocol
from edgel3_deploy.link.render import render_header, render_page
from edgel3_deploy.link.render_record import render_record_layout
from edgel3_deploy.link.render_settings import render_table
from edgel3_deploy.link.render_summary import render_decoder, render_layout


def test_the_header_in_the_tree_is_the_rendered_one(repository: Path) -> None:
    assert (repository / "firmware" / "link" / "protocol.h").read_text() == render_header()


def test_the_table_of_settings_in_the_tree_is_the_rendered_one(repository: Path) -> None:
    assert (repository / "firmware" / "settings" / "table.h").read_text() == render_table()


def test_the_layout_of_a_record_in_the_tree_is_the_rendered_one(repository: Path) -> None:
    assert (repository / "firmware" / "link" / "record_layout.h").read_text() == render_record_layout()


def test_what_follows_from_the_summary_in_the_tree_is_rendered(repository: Path) -> None:
    assert (repository / "firmware" / "link" / "summary_layout.h").read_text() == render_layout()
    assert (repository / "docs" / "summary-decoder.js").read_text() == render_decoder()


def test_the_page_in_the_tree_is_the_rendered_one(repository: Path) -> None:
    assert (repository / "docs" / "protocol.md").read_text() == render_page()


def test_the_header_holds_every_message_and_code() -> None:
    values = dict(re.findall(r"(LINK_\w+) = (\w+),", render_header()))
    declared = {f"LINK_REQUEST_{message.name.upper()}": message.id for message in messages.REQUESTS}
    declared |= {f"LINK_REPLY_{message.name.upper()}": message.id for message in messages.REPLIES}
    declared |= {f"LINK_ERROR_{code.name}": code.value for code in protocol.ErrorCode}
    enums = {
        "COUNTER": protocol.CounterUnit,
        "ROLE": protocol.Role,
        "RESET": protocol.ResetCause,
        "STAY": protocol.StayReason,
        "SLOT": protocol.SlotState,
        "SENSOR": protocol.SensorState,
        "SOURCE": protocol.SensorSource,
    }
    for prefix, kind in enums.items():
        declared |= {f"LINK_{prefix}_{item.name}": item.value for item in kind}
    assert {name: int(value, 0) for name, value in values.items()} == declared


def test_the_page_explains_every_field() -> None:
    page = render_page()
    for message in (*messages.REQUESTS, *messages.REPLIES):
        assert message.doc in page
        for field in message.fields:
            assert f"| `{field.name}` | {field.type} | {field.doc} |" in page


def test_no_line_of_the_header_is_too_long() -> None:
    assert max(map(len, render_header().splitlines())) <= 110
