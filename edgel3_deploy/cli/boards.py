"""`edgel3-deploy boards`: what can be built for."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from edgel3_deploy.boards import Board, board_names, load_board
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_json, emit_table


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


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the boards, or show one."""
    if ctx.invoked_subcommand is not None:
        return
    boards = [load_board(name) for name in board_names()]
    if as_json:
        emit_json([_summary(board) for board in boards])
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
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Everything known about one board (NAME, or the path of a board file)."""
    board = load_board(name)
    if as_json:
        emit_json(dataclasses.asdict(board))
        return
    click.secho(f"{board.name}: {board.title} ({board.part})", bold=True)
    source = "clock input" if board.clock.hse_bypass else "crystal"
    click.echo(
        f"  clock       {board.clock.cpu_hz / 1e6:g} MHz from a {board.clock.hse_hz / 1e6:g} MHz {source}"
    )
    uart = board.uart
    click.echo(f"  link        {uart.instance}, TX {uart.tx}, RX {uart.rx}, {uart.baudrate} baud")
    if board.bootloader is not None:
        where = "on the link's pins" if board.bootloader.over_vcp else "on other pins than the link's"
        click.echo(f"  bootloader  ROM, device id 0x{board.bootloader.device_id:03X}, {where}")
    if board.debug is not None:
        click.echo(
            f"  debugger    OpenOCD {board.debug.openocd_config}, pyOCD target {board.debug.pyocd_target}"
        )
    if board.emulator is not None:
        click.echo(f"  virtual     {board.emulator.kind} {board.emulator.machine}".rstrip())
    click.echo(f"  stack       {board.stack_size:,} bytes at the bottom of {board.main_ram}")
    emit_table(
        ("memory", "kind", "address", "bytes"),
        [(r.name, r.kind, f"0x{r.origin:08X}", f"{r.size:,}") for r in board.regions],
        indent="  ",
    )
    if board.sectors:
        click.echo(
            f"  {len(board.sectors)} flash sectors of {_kib(min(s.size for s in board.sectors))} and more"
        )
