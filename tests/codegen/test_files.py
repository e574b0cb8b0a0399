"""The build id covers all files but those that carry it; what is compiled is known by its suffix."""

from __future__ import annotations

from edgel3_deploy.codegen.files import BUILD_ID, BUILD_ID_TEXT, build_id, build_id_source, sources

FILES = {"main.c": b"int main;", "loader/main.c": b"int loader;", "board.h": b"#define A"}


def test_the_build_id_follows_names_and_contents_of_application_and_loader() -> None:
    before = build_id(FILES)
    assert build_id(dict(reversed(FILES.items()))) == before
    for name, content in FILES.items():
        assert build_id({**FILES, name: content + b"\n"}) != before
    assert build_id({**FILES, "extra.h": b""}) != before


def test_the_build_id_leaves_out_the_files_that_carry_it() -> None:
    assert build_id({**FILES, BUILD_ID: b"x", BUILD_ID_TEXT: b"y"}) == build_id(FILES)


def test_the_source_has_the_build_id_in_bytes() -> None:
    text = build_id_source(FILES).decode()
    assert f"0x{build_id(FILES)[:2]}" in text.lower()


def test_headers_and_text_are_not_compiled() -> None:
    names = {"b.c": b"", "a.S": b"", "c.cc": b"", "d.h": b"", "e.txt": b"", "f.ld": b""}
    assert sources(names) == ("a.S", "b.c", "c.cc")
