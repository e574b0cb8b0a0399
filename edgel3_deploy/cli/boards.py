"""`edgel3-deploy boards`: what can be built for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import click

from edgel3_deploy.boards import Board, board_names, load_board
from edgel3_deploy.boards.board import Bootloader, Clock, Microphone, PdmMicrophone
from edgel3_deploy.boards.sample_rate import sample_rate
from edgel3_deploy.cli.completion import complete_board
from edgel3_deploy.cli.groups import Group
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_json, emit_table
from edgel3_deploy.image.layout import flash_layout


def _kib(number: int) -> str:
    return f"{number // 1024} KB"


def _summary(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "title": board.title,
        "part": board.part,
        "cpu_hz": board.clock.cpu_hz,
        "flash": board.flash.size,
        "ram": sum(region.size for region in board.ram),
        "emulator": board.emulator.kind if board.emulator else None,
    }


def _clock(clock: Clock) -> str:
    """The CPU's clock, and where it comes from."""
    if clock.pll is None:
        return f"{clock.cpu_hz / 1e6:g} MHz"
    source = "clock input" if clock.hse_bypass else "crystal"
    return f"{clock.cpu_hz / 1e6:g} MHz from a {source} of {clock.hse_hz / 1e6:g} MHz"


def _rom(rom: Bootloader) -> Iterator[tuple[str, str]]:
    """Lines on the ROM bootloader: where it listens, or why not, and what a person does to reach it."""
    where = "on the link's pins" if rom.over_vcp else "on other pins than the link's"
    yield (
        "bootloader",
        f"ROM, device id 0x{rom.device_id:03X}, {f'silent: {rom.deaf}' if rom.deaf else where}",
    )
    if rom.boot0:
        yield "BOOT0", rom.boot0
    if rom.adapter:
        yield "adapter", f"{rom.adapter}, {rom.baudrate} baud 8E1"


def _microphone(microphone: Microphone) -> str:
    """What it is connected to, over which pins."""
    if isinstance(microphone, PdmMicrophone):
        to = f"PDM on DFSDM1 channel {microphone.channel}"
    else:
        to = f"I2S on SAI1, {microphone.side}"
    return ", ".join((to, *(f"{name} {pin}" for name, pin in microphone.pins.items())))


def _rate(board: Board) -> str:
    """The microphone's rate, and how far from it the dividers are."""
    assert board.microphone is not None
    rate = board.microphone.rate
    parts_per_million = round(1e6 * (sample_rate(board) / rate - 1))
    return f"{rate} Hz" + (f" {parts_per_million:+} ppm" if parts_per_million else "")


@click.group(cls=Group, invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the boards, or show one."""
    if ctx.invoked_subcommand is not None:
        return
    boards = [load_board(name) for name in board_names()]
    if as_json:
        emit_json("boards", {"boards": [_summary(board) for board in boards]})
        return
    emit_table(
        ("name", "board", "part", "clock", "flash", "RAM", "virtual board"),
        [
            (
                board.name,
                board.title,
                board.part,
                f"{board.clock.cpu_hz / 1e6:g} MHz",
                _kib(board.flash.size),
                _kib(sum(region.size for region in board.ram)),
                board.emulator.kind if board.emulator else "-",
            )
            for board in boards
        ],
    )


@command.command()
@click.argument("name", shell_complete=complete_board)
@json_option
def show(name: str, as_json: bool) -> None:
    """Everything known about one board (NAME, or the path of a board file)."""
    board = load_board(name)
    if as_json:
        emit_json("board", dataclasses.asdict(board))
        return
    click.secho(f"{board.name}: {board.title} ({board.part})", bold=True)
    click.echo(f"  clock       {_clock(board.clock)}")
    uart = board.uart
    pins = f"TX {uart.tx}, RX {uart.rx}, " if uart.tx else ""
    click.echo(f"  link        {uart.instance}, {pins}{uart.baudrate} baud")
    if board.loader is not None:
        click.echo(f"  loader      first {_kib(board.loader.size)} of the flash")
        if settings := flash_layout(board).settings:
            click.echo(f"  settings    {_kib(settings.size)} of the flash at 0x{settings.origin:08X}")
    if board.bootloader is not None:
        for label, text in _rom(board.bootloader):
            click.echo(f"  {label:10}  {text}")
    if board.led is not None:
        click.echo(f"  LED         {board.led.pin}, on when {'high' if board.led.active_high else 'low'}")
    if board.microphone is not None:
        click.echo(f"  microphone  {_microphone(board.microphone)}, {_rate(board)}")
    if board.debug is not None:
        probe = board.debug
        drive = f", USB drive {probe.drive}" if probe.drive else ""
        click.echo(f"  debugger    OpenOCD {probe.openocd_config}, pyOCD target {probe.pyocd_target}{drive}")
    if board.emulator is not None:
        click.echo(f"  virtual     {board.emulator.kind} {board.emulator.machine}".rstrip())
    click.echo(f"  stack       {board.stack_size:,} bytes at the bottom of {board.main_ram}")
    if board.dma_ram:
        click.echo(f"  DMA         writes to {board.dma_ram}, which no cache holds")
    emit_table(
        ("memory", "kind", "address", "bytes"),
        [(r.name, r.kind, f"0x{r.origin:08X}", f"{r.size:,}") for r in board.regions],
        indent="  ",
    )
    if board.sectors:
        click.echo(
            f"  {len(board.sectors)} flash sectors of {_kib(min(s.size for s in board.sectors))} and more"
        )
