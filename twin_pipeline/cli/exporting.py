"""The command export."""

from collections.abc import Sequence
from pathlib import Path

import typer

from twin_pipeline.config import Flags, load_config
from twin_pipeline.exporting import export as write_exports


def export(
    out: Path,
    names: Sequence[str],
    config_file: Path | None,
    flags: Flags,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write further formats and print where they are."""
    config = load_config(config_file, flags=flags)

    def warn(message: str) -> None:
        if not quiet:
            typer.echo(f"warning: {message}", err=True)

    if ("export", "profile") in flags and "profile" not in names:
        names = [*names, "profile"]
    for place in write_exports(out, names, config, warn, overwrite=overwrite):
        typer.echo(place)
