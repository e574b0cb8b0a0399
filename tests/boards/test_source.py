"""Board files that mean harm, or only look so: each is refused at once, in one line that says why."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.source import read_merged
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError
from edgel3_deploy.resources import boards_dir

DEEP = ".".join(["clock", "x", *("a" * 3000)])


def refused(path: Path) -> EdgeL3DeployError:
    """The error for `path`, which comes within a second, on one line."""
    before = time.process_time()
    with pytest.raises(BadInputError) as caught:
        load_board(path)
    assert time.process_time() - before < 1
    text = caught.value.message + caught.value.hint
    assert text.isprintable()
    assert len(text) < 1000
    return caught.value


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def with_regions(folder: Path, count: int) -> Path:
    regions = "\n".join(
        f'regions.r{i} = {{kind = "ram", origin = {0x3000_0000 + 32 * i}, size = 32}}' for i in range(count)
    )
    return write(folder, f'based_on = "stm32f7"\n{regions}\n')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('based_on = "a\\u0000/b"', "based_on"),
        ('based_on = "~nouser/x.toml"', "home folder"),
        ("based_on = 3", "based_on"),
        (f'based_on = "stm32f7"\n[clock]\ncpu_hz = 0x{200 * "F"}', "64 bits"),
        (f'based_on = "stm32f7"\n[clock]\ncpu_hz = {250 * "9"}', "64 bits"),
        (f'based_on = "stm32f7"\n[clock]\ncpu_hz = 0x{5000 * "F"}', "line 3"),
        (f'based_on = "stm32f7"\n{DEEP} = 1', "line 2"),
        (f'based_on = "stm32f7"\ntitle = {140 * "["}{140 * "]"}', "title"),
        ('based_on = "stm32f7"\nsectors = ["999 x 1"]', "sectors"),
        ("based_on = 'stm32f7'\nsectors = [\n" + '"999 x 1",\n' * 1000 + "]", "sectors"),
        ('based_on = "stm32f7"\n"\\u001b[2J" = 1', "unknown key"),
        (f'based_on = "stm32f7"\ntitle = """\n{"x" * 200}\n"""', "title"),
        ("x = 1\n" * 10_000, "larger"),
        ("\n".join(250 * "[" for _ in range(50)), "TOML"),
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    error = refused(write(tmp_path, text))
    assert says in error.message


def test_too_many_regions_are_refused(tmp_path: Path) -> None:
    assert "regions" in refused(with_regions(tmp_path, 100)).message
    assert "larger" in refused(with_regions(tmp_path, 15_000)).message


def test_a_long_chain_of_bases_is_refused(tmp_path: Path) -> None:
    for number in range(1200):
        write(tmp_path, f'based_on = "./b{number + 1}.toml"\n', f"b{number}.toml")
    assert "based on each other" in refused(tmp_path / "b0.toml").message


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to(tmp_path / "b.toml")
    (tmp_path / "b.toml").symlink_to(tmp_path / "a.toml")
    refused(tmp_path / "a.toml")
    refused(write(tmp_path, 'based_on = "./a.toml"\n'))


def test_a_home_folder_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadInputError, match="~nouser"):
        load_board("~nouser/x.toml")


def test_unknown_keys_get_no_far_fetched_suggestion(tmp_path: Path) -> None:
    hint = refused(write(tmp_path, 'name = "mine"\n' + (boards_dir() / "stm32f7.toml").read_text())).hint
    assert "Did you mean" not in hint
    assert "title" in hint


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_text('based_on = "stm32f7"\n', encoding="utf-8-sig")
    assert read_merged(path)["family"] == "stm32f7"
