"""The commands together; what a command does is imported only when it is called."""

import atexit
import gc
import io
import os
import sys
from typing import Annotated

import typer

from twin_pipeline import __version__
from twin_pipeline.cli import result_commands, scan_commands
from twin_pipeline.cli.layer_commands import layers
from twin_pipeline.cli.once import OnceGroup

app = typer.Typer(
    name="twin-pipeline",
    cls=OnceGroup,
    help="From the scan of an open trench to measured water pipes, attribute files and 3D Tiles.",
    epilog="Every command has --help with an example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.add_typer(scan_commands.commands)
app.add_typer(result_commands.commands)
app.add_typer(layers, name="layers")


@app.callback(invoke_without_command=True)
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"twin-pipeline {__version__}")
        raise typer.Exit


def _speak_utf8() -> None:
    """Begin anew in UTF-8 where the locale has another encoding, in which names may not exist."""
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        command = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 - this program


def main() -> None:
    """Run the command line; does not return."""
    _speak_utf8()
    os.umask(os.umask(0o077) | 0o002)  # nothing that everybody may write
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal can't show is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Modules live until the end; to search them for garbage takes half a second of a run.
    gc.set_threshold(300_000)
    atexit.register(gc.freeze)
    app()
