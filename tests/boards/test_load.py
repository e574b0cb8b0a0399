"""Board files: the built-in ones, and everything that can be wrong with a user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError, UsageError
from edgel3_deploy.resources import boards_dir

KB = 1024


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def edited(folder: Path, old: str, new: str) -> Path:
    """stm32f7.toml with one text replaced."""
    text = (boards_dir() / "stm32f7.toml").read_text()
    assert old in text
    return write(folder, text.replace(old, new))


def refused(path: Path) -> tuple[str, str]:
    with pytest.raises(BadInputError) as caught:
        load_board(path)
    assert str(path) in caught.value.message
    return caught.value.message, caught.value.hint


def test_the_four_boards_are_there() -> None:
    assert board_names() == ("mps2-an500", "nucleo-f767zi", "stm32f7", "stm32h7")
    for name in board_names():
        assert load_board(name).name == name


def test_stm32f7_is_the_discovery_board() -> None:
    board = load_board("stm32f7")
    assert board.title == "STM32F769I-DISCO"
    assert board.clock.cpu_hz == 216_000_000
    assert [region.name for region in board.regions] == ["flash", "itcm", "dtcm", "sram1", "sram2"]
    assert board.flash.size == 2048 * KB
    assert sum(region.size for region in board.ram) == 512 * KB
    assert board.sectors[4].size == 128 * KB
    assert board.sectors[-1].number == 11
    assert board.uart.tx == "PA9"
    assert board.loader is not None
    assert board.loader.size == board.sectors[0].size
    assert board.led is not None
    assert board.led.pin == "PJ5"
    assert board.debug is not None
    assert board.debug.drive == "DIS_F769NI"


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_no_board_reaches_its_rom_over_the_virtual_com_port(name: str) -> None:
    rom = load_board(name).bootloader
    assert rom is not None
    assert not rom.over_vcp
    assert rom.boot0
    assert bool(rom.adapter) != bool(rom.deaf)


@pytest.mark.parametrize(("name", "baudrate"), [("stm32f7", 38_400), ("stm32h7", 115_200)])
def test_the_rom_s_speed_is_one_that_it_measures_reliably(name: str, baudrate: int) -> None:
    rom = load_board(name).bootloader
    assert rom is not None
    assert rom.baudrate == baudrate


def test_nucleo_f767zi_differs_from_stm32f7_where_the_board_does() -> None:
    nucleo, disco = load_board("nucleo-f767zi"), load_board("stm32f7")
    assert nucleo.dma_ram == disco.dma_ram == "sram2"
    assert (nucleo.region("sram2").size, disco.region("sram2").size) == (32 * 1024, 16 * 1024)
    for first, last in (("flash", "flash"), ("itcm", "itcm"), ("dtcm", "dtcm"), ("sram1", "sram2")):
        assert nucleo.region(first).origin == disco.region(first).origin
        assert nucleo.region(last).end == disco.region(last).end
    assert nucleo.region("sram1").end == nucleo.region("sram2").origin
    assert nucleo.sectors == disco.sectors
    assert nucleo.uart.instance == "USART3"
    assert nucleo.uart.alternate_function == disco.uart.alternate_function
    assert nucleo.clock.hse_bypass
    assert nucleo.bootloader is not None
    assert disco.bootloader is not None
    assert nucleo.bootloader.id_address == disco.bootloader.id_address
    assert disco.bootloader.deaf
    assert not nucleo.bootloader.deaf
    assert nucleo.loader == disco.loader


def test_mps2_an500_carries_the_stm32f7_s_budgets() -> None:
    qemu, disco = load_board("mps2-an500"), load_board("stm32f7")
    assert qemu.flash.size == disco.flash.size
    assert sum(region.size for region in qemu.ram) == sum(region.size for region in disco.ram)
    assert qemu.bootloader is None
    assert qemu.loader is None
    assert qemu.led is None
    assert qemu.sectors == ()


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        load_board("smt32f7")
    assert "smt32f7" in caught.value.message
    assert "Did you mean 'stm32f7'?" in caught.value.hint


def test_a_user_s_board_inherits_and_merges_deeply(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'based_on = "stm32f7"\ntitle = "Mine"\n[uart]\nbaudrate = 460800\n', "my-board.toml"
    )
    board = load_board(path)
    assert (board.name, board.title) == ("my-board", "Mine")
    assert board.uart.baudrate == 460800
    assert board.uart.tx == "PA9"
    assert board.regions == load_board("stm32f7").regions


def test_a_base_may_be_a_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, 'based_on = "stm32h7"\nstack_size = "16K"\n', "base.toml")
    assert load_board(write(tmp_path, 'based_on = "./base.toml"\n')).stack_size == 16 * KB


def test_bases_that_go_round_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 'based_on = "./mine.toml"\n', "other.toml")
    path = write(tmp_path, 'based_on = "./other.toml"\n')
    with pytest.raises(BadInputError, match="circle"):
        load_board(path)


def test_an_unknown_base_suggests_the_nearest(tmp_path: Path) -> None:
    message, hint = refused(write(tmp_path, 'based_on = "stm32h77"\n'))
    assert "stm32h77" in message
    assert "stm32h7" in hint


@pytest.mark.parametrize(
    ("old", "new", "key", "hint"),
    [
        ("family =", "famly =", "famly", "family"),
        ("baudrate = 115_200", "baud_rate = 115_200", "uart.baud_rate", "baudrate"),
        ('family = "stm32f7"', 'family = "stm32f4"', "family", "stm32f7"),
        ('main_ram = "dtcm"', 'main_ram = "dctm"', "main_ram", "dtcm"),
        ('dma_ram = "sram2"', 'dma_ram = "sram"', "dma_ram", "sram2"),
        ('instance = "USART1"', 'instance = "UART1"', "uart.instance", "USART1"),
        ('size = "368K"', 'size = "368 kilo"', "regions.sram1.size", "128K"),
        ('kind = "unicorn"', 'kind = "qemu"\nmachine = "virt"', "emulator.kind", "unicorn"),
        ("[loader]", "[loder]", "loder", "loader"),
        ("active_high", "activ_high", "led.activ_high", "active_high"),
        ("startup_ms", "start_ms", "bootloader.start_ms", "startup_ms"),
        ("drive =", "driv =", "debug.driv", "drive"),
    ],
)
def test_a_wrong_word_is_named_and_the_right_one_suggested(
    tmp_path: Path, old: str, new: str, key: str, hint: str
) -> None:
    message, suggestion = refused(edited(tmp_path, old, new))
    assert f"'{key}'" in message
    assert hint in suggestion


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('title = "STM32F769I-DISCO"\n', "title"),
        ("hse_hz = 25_000_000\n", "clock.hse_hz"),
        ('tx = "PA9"\n', "uart.tx"),
        ("program_unit = 4\n", "bootloader.program_unit"),
        ('size = "32K"\n', "loader.size"),
        ('pin = "PJ5"\n', "led.pin"),
        ("active_high = true\n", "led.active_high"),
        ('dma_ram = "sram2"\n', "dma_ram"),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, line: str, key: str) -> None:
    message, hint = refused(edited(tmp_path, line, ""))
    assert f"missing key '{key}'" in message
    assert hint


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("hse_bypass = false", "hse_bypass = 0", "clock.hse_bypass"),
        ("alternate_function = 7", "alternate_function = 16", "uart.alternate_function"),
        ("alternate_function = 7", "alternate_function = true", "uart.alternate_function"),
        ('tx = "PA9"', 'tx = "PA16"', "uart.tx"),
        ('tx = "PA9"', 'tx = "PA\N{ARABIC-INDIC DIGIT NINE}"', "uart.tx"),
        ('pin = "PJ5"', 'pin = "J5"', "led.pin"),
        ("active_high = true", "active_high = 1", "led.active_high"),
        ('size = "32K"', 'size = "\N{ARABIC-INDIC DIGIT THREE}2K"', "loader.size"),
        ('size = "32K"', "size = 0", "loader.size"),
        ("startup_ms = 100", "startup_ms = -1", "bootloader.startup_ms"),
        ("startup_ms = 100", "startup_ms = 60_000", "bootloader.startup_ms"),
        ("id_address = 0x1FF0_EDBE", 'id_address = "ROM"', "bootloader.id_address"),
        ('boot0 = "R19, not fitted, under the display"', 'boot0 = "R19\\u001b[2J"', "bootloader.boot0"),
        ('drive = "DIS_F769NI"', 'drive = "../DIS_F769NI"', "debug.drive"),
        ('drive = "DIS_F769NI"', 'drive = "DISCO_F769NI"', "debug.drive"),
        ('title = "STM32F769I-DISCO"', 'title = "two\\nlines"', "title"),
        ('title = "STM32F769I-DISCO"', f'title = "{61 * "x"}"', "title"),
        ('"7 x 256K"', '"7 x lots"', "sectors"),
        ("[uart]", "[[uart]]", "uart"),
        ("[regions.sram2]", '[regions."sram 2"]', "regions.sram 2"),
        ("[regions.sram2]", "[regions.o]", "regions.o"),
        ("[regions.sram2]", "[regions.h]", "regions.h"),
        ("[regions.sram2]", "[regions.alignment]", "regions.alignment"),
        ("[regions.sram2]", "[regions.dtcm_size]", "regions.dtcm_size"),
        ("[regions.sram2]", "[regions.len]", "regions.len"),
        ("[regions.sram2]", "[regions.origin]", "regions.origin"),
        ('openocd_config = "board/stm32f769i-disco.cfg"', 'openocd_config = "a; rm"', "debug.openocd_config"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert f"'{key}'" in refused(edited(tmp_path, old, new))[0]


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "TOML" in refused(write(tmp_path, "[[["))[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.toml")[0]


def test_a_file_name_must_do_as_a_board_name(tmp_path: Path) -> None:
    path = write(tmp_path, 'based_on = "stm32f7"\n', "my board!.toml")
    assert "board name" in refused(path)[0]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_no_bytes_get_past_the_errors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(b'based_on = "stm32f7"\n' + data)
    try:
        load_board(path)
    except EdgeL3DeployError as error:
        assert error.message
        assert error.hint


_VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**70), 2**70), st.sampled_from(['"x"', '"2M"', '"PA9"', "1.5", "[]"])
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.sampled_from((boards_dir() / "stm32f7.toml").read_text().splitlines()), value=_VALUES)
def test_no_value_of_a_known_key_gets_past_the_errors(tmp_path: Path, line: str, value: object) -> None:
    text = str(value).replace("'", "").replace("True", "true").replace("False", "false")
    key = line.split(" = ", maxsplit=1)[0]
    path = edited(tmp_path, line, f"{key} = {text}" if " = " in line else line)
    try:
        load_board(path)
    except EdgeL3DeployError as error:
        assert str(path) in error.message
        assert error.hint


@pytest.mark.parametrize("config", ["/tmp/evil.cfg", "../evil.cfg", "board/../../evil.cfg"])
def test_openocd_is_not_sent_to_a_script_of_elsewhere(tmp_path: Path, config: str) -> None:
    """Its configurations are programs."""
    path = tmp_path / "mine.toml"
    path.write_text(
        f'based_on = "stm32f7"\n[debug]\nopenocd_config = "{config}"\npyocd_target = "stm32f769"\n'
    )
    with pytest.raises(BadInputError, match="openocd_config"):
        load_board(str(path))
