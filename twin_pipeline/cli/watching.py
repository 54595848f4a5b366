"""The command watch."""

import datetime as dt
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import typer

from twin_pipeline.cli.compilation import compile_all
from twin_pipeline.cli.failures import GATE_FAILED
from twin_pipeline.cli.options import Telling
from twin_pipeline.cli.terminal import TerminalProgress
from twin_pipeline.config import Config, Flags, load_config
from twin_pipeline.errors import InputError
from twin_pipeline.intake.opening import watch as open_watch
from twin_pipeline.job import load_job_file
from twin_pipeline.materials import catalogue_for


class _Stopped(BaseException):
    """The one who runs the watch wants it to end."""


def watch(
    folder: Path,
    out: Path,
    config_file: Path | None,
    flags: Flags,
    telling: Telling,
    *,
    once: bool,
) -> None:
    """Answer what is dropped into a folder until interrupted; a line for each on stdout."""
    config = load_config(config_file, flags=flags)
    _require_side_files(config)

    def told(answer: Mapping[str, Any]) -> None:
        typer.echo(json.dumps(answer, ensure_ascii=False) if telling.json else _line(answer))

    def note(text: str) -> None:
        if not telling.quiet:
            at = dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
            typer.echo(f"{at} {text}", err=True)

    with open_watch(folder, out, config, told, note) as watching:
        try:
            with _stoppable():
                with TerminalProgress(quiet=telling.quiet) as progress:
                    compile_all(progress)
                if once:
                    watching.once()
                else:
                    note(f"watching {folder}, every {config.watch.interval_s:g} s, into {out}")
                    watching.forever()
        except _Stopped:
            note("stopped; what was under way will be done at the next start")
            return
    if watching.not_accepted:
        raise typer.Exit(GATE_FAILED)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl+C and SIGTERM end the block in order, also where a shell ignores interrupts."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, _stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):  # once is enough
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _require_side_files(config: Config) -> None:
    """Refuse now what would otherwise look like the fault of every drop."""
    catalogue_for(config)
    files = {
        "boundary.file": config.boundary.file,
        "design.file": config.design.file,
        "registration.gcp": config.registration.gcp,
    }
    for key, name in files.items():
        if name is not None and not Path(name).is_file():
            raise InputError(f"{name}: does not exist; {key} names it")
    if config.job.file is not None:
        load_job_file(config.job.file)


def _line(answer: Mapping[str, Any]) -> str:
    text = f"{answer['file']}: {answer['verdict'].replace('_', ' ')}"
    pipes = answer.get("pipes")
    if pipes is not None:
        text += f", {len(pipes)} pipe{'s' if len(pipes) != 1 else ''}"
    for place in answer.get("rescan", ()):
        text += f"; {place['en']}"
    if answer["verdict"] == "refused":
        text += f": {answer['reason']['en']}"
    return text
