"""The command export."""

from collections.abc import Sequence
from pathlib import Path

import typer

from twin_pipeline.config import Flags, Setting, load_config
from twin_pipeline.exporting import export as write_exports


def export(
    out: Path,
    names: Sequence[str],
    config_file: Path | None,
    crs: str | None,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write further formats and print where they are."""
    given = {("export", "crs"): ("--crs", crs)}
    flags: Flags = {place: Setting(v, flag) for place, (flag, v) in given.items() if v is not None}
    options = load_config(config_file, flags=flags).export

    def warn(message: str) -> None:
        if not quiet:
            typer.echo(f"warning: {message}", err=True)

    for folder in write_exports(out, names or options.formats, options, warn, overwrite=overwrite):
        typer.echo(folder)
