"""`edgel3-deploy listen`: what a sensor hears, live and recorded."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgel3_deploy.cli.duration import Duration
from edgel3_deploy.cli.interrupts import uninterrupted
from edgel3_deploy.cli.options import build_dir_option, json_option, optional_board_option, port_option
from edgel3_deploy.cli.output import emit_json, emit_warnings
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import ExitCode, UsageError
from edgel3_deploy.wording import counted

if TYPE_CHECKING:
    from edgel3_deploy.link.record import Record
    from edgel3_deploy.listen.check import Verdict
    from edgel3_deploy.listen.session import Listening

_PAGE_PORT = 8323


@click.command()
@optional_board_option("Board name, or path of a board file.  [default: that of the only build in build/]")
@port_option
@click.option(
    "--audio",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Play this recording to the sensor, which begins anew, and end with it: by the microphone of a "
    "virtual board, else over the link.",
)
@click.option(
    "--paced/--fast", default=False, help="Play in real time, or as fast as the board computes (default)."
)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="End after so much sound.")
@click.option("--windows", type=click.IntRange(min=1), help="End after so many windows.")
@click.option("--hop", type=Duration(), metavar="TIME", help="Set the hop first, such as 500ms; it is kept.")
@click.option(
    "--every", type=Duration(1_000), metavar="TIME", help="Set the duty cycle first, such as 10s; 0s ends it."
)
@click.option(
    "--calibrate",
    type=click.FloatRange(70, 130),
    metavar="DB",
    help="Hear an acoustic calibrator of that level (1 kHz) and set the offset of the levels.",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Record in FILE.jsonl, FILE.csv or FILE.npz; several times for several. A file that exists goes on.",
)
@click.option(
    "--web",
    "page_port",
    is_flag=False,
    flag_value=str(_PAGE_PORT),
    type=click.IntRange(0, 65_535),
    metavar="[PORT]",
    help=f"Show the same on a page for this machine alone.  [PORT: {_PAGE_PORT}]",
)
@click.option(
    "--check", is_flag=True, help="With --audio: compare each record with what the twin in Python makes."
)
@click.option(
    "--recover",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.npz",
    help="Write FILE.npz of what a session that was killed has left, and end.",
)
@build_dir_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    board_name: str | None,
    port: str | None,
    audio: Path | None,
    paced: bool,
    seconds: float | None,
    windows: int | None,
    hop: int | None,
    every: int | None,
    calibrate: float | None,
    outputs: tuple[Path, ...],
    page_port: int | None,
    check: bool,
    recover: Path | None,
    build_dir: Path | None,
    as_json: bool,
) -> None:
    """Listen to a sensor: labels, levels and spectrum, window by window, until Ctrl-C.

    Without --audio a sensor that runs is joined, which goes on afterwards.
    """
    from edgel3_deploy.link.settings import parse_changes
    from edgel3_deploy.listen.api import find_build
    from edgel3_deploy.listen.recording import require_recordings
    from edgel3_deploy.listen.session import listening

    if recover is not None:
        _recover(recover, as_json)
        return
    if not port:
        raise UsageError("listening needs a port", "Add --port /dev/ttyACM0, or --port virtual with --audio.")
    if check and audio is None:
        raise UsageError("--check needs to know the sound", "Add --audio FILE.")
    if calibrate is not None and (outputs or page_port is not None or check):
        raise UsageError("--calibrate records nothing", "Leave out --output, --web and --check.")
    require_recordings(outputs, [audio] if audio else [])
    wanted = {"hop": hop, "duty_cycle": every}
    changes = parse_changes([f"{name}={value}" for name, value in wanted.items() if value is not None])
    build = find_build(board_name, build_dir)
    with ExitStack() as stack:
        with ConsoleProgress() as progress:
            heard = stack.enter_context(
                listening(
                    build,
                    port,
                    audio=audio,
                    paced=paced,
                    changes=changes,
                    all_settings=check,
                    progress=progress,
                )
            )
        for name, before in heard.former.items():
            click.echo(f"{name}: {before.value} -> {heard.settings[name].value}", err=True)
        emit_warnings(heard.played.warnings if heard.played else ())
        if check and heard.played and not heard.played.by_link and heard.settings["duty_cycle"].value:
            raise UsageError(
                "--check cannot follow a sensor that sleeps: how long it does is told by its own clock",
                "Add --every 0s, which ends the duty cycle.",
            )
        if calibrate is not None:
            _calibrate(heard, calibrate, as_json)
            return
        result = _listen(heard, seconds, windows, outputs, page_port, check=check, as_json=as_json)
    if as_json:
        emit_json("listen", result)
    if result["interrupted"]:
        raise KeyboardInterrupt
    if result["first_difference"] is not None:
        ctx.exit(int(ExitCode.VALIDATION_FAILED))


def _recover(path: Path, as_json: bool) -> None:
    from edgel3_deploy.listen.journal import recover

    windows = recover(path)
    if as_json:
        emit_json("recovered", {"output": str(path), "windows": windows})
    else:
        click.echo(f"{path}: {counted(windows, 'window')} recovered")


def _listen(
    heard: Listening,
    seconds: float | None,
    windows: int | None,
    outputs: tuple[Path, ...],
    page_port: int | None,
    *,
    check: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Show and record until the end; the result as JSON has it. Whatever ends it, the counts are shown."""
    from edgel3_deploy.cli.live import LiveView
    from edgel3_deploy.errors import EdgeL3DeployError
    from edgel3_deploy.listen.heard import Heard
    from edgel3_deploy.listen.lines import total_lines
    from edgel3_deploy.listen.page import Page
    from edgel3_deploy.listen.recording import recordings, sensor_values
    from edgel3_deploy.listen.tally import Tally

    sensor, tally = heard.sensor, Tally(heard.sensor)
    records: list[Record] = []
    failure: BaseException | None = None
    try:
        with ExitStack() as stack:
            files = stack.enter_context(recordings(outputs, sensor))
            if page_port is not None:
                page = stack.enter_context(Page(sensor, tally, page_port))
                click.echo(f"page: {page.url}", err=True)
            view = stack.enter_context(LiveView(sensor, tally, on_stderr=as_json))
            for event in heard.events(seconds, windows):
                with uninterrupted():
                    for file in files:
                        file.add(event)
                    tally.add(event)
                    if check and isinstance(event, Heard):
                        records.append(event.record)
                    if page_port is not None:
                        page.show(event)
                    view.show(event)
    except (KeyboardInterrupt, EdgeL3DeployError) as error:
        failure = error
    totals = tally.totals()
    for line in total_lines(sensor, totals):
        click.echo(line, err=as_json)
    for output in outputs:
        click.echo(f"recorded {output}", err=as_json)
    if isinstance(failure, EdgeL3DeployError):
        raise failure
    verdict = _check(heard, records) if check else None
    if verdict is not None:
        click.echo(f"check    {verdict}", err=as_json)
    return {
        **{name: value for name, value in sensor_values(sensor).items() if name != "type"},
        **asdict(totals),
        "outputs": [str(output) for output in outputs],
        "checked": verdict.checked if verdict else 0,
        "first_difference": verdict.first_difference if verdict else None,
        "interrupted": failure is not None,
    }


def _check(heard: Listening, records: list[Record]) -> Verdict:
    from edgel3_deploy.listen.check import compare, expected_records

    with ConsoleProgress() as progress:
        progress("computing the twin")
        return compare(records, expected_records(heard))


def _calibrate(heard: Listening, level: float, as_json: bool) -> None:
    """Hear a calibrator, set the offset, and say what changed."""
    from edgel3_deploy.audio.frontend import front_end
    from edgel3_deploy.link.settings import setting_names
    from edgel3_deploy.listen.calibrate import SETTING, calibrate

    key = setting_names()[SETTING][0]
    before = heard.client.read_setting(key).value
    found = calibrate(heard.events(), level, before, front_end(heard.build.manifest.front_end))
    state = heard.client.write_setting(key, found.after)
    if as_json:
        emit_json("calibration", {**asdict(found), "level": level, "is_kept": state.is_kept})
        return
    click.echo(f"heard    {found.heard:.2f} dB before, steady within {found.spread:.2f} dB")
    click.echo(f"{SETTING}: {found.before} -> {state.value} 1/100 dB: the calibrator is {level:g} dB now")
    if not state.is_kept:
        click.echo("This image keeps settings in RAM: a reset brings the defaults back.")
