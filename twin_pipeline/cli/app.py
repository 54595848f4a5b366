"""The commands together; what a command does is imported only when it is called."""

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
