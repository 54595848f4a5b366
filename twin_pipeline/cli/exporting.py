"""The command export."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from twin_pipeline.config import Flags, Setting, load_config
from twin_pipeline.exporting import export as write_exports


@dataclass(frozen=True, slots=True)
class Given:
    """Flags that stand for configuration keys; None where not given."""

    crs: str | None
    profile: str | None
    dsn: str | None
    job: str | None

    def settings(self) -> Flags:
        """Return them as settings of the configuration."""
        places = {
            ("export", "crs"): ("--crs", self.crs),
            ("export", "profile"): ("--profile", self.profile),
            ("export", "dsn"): ("--dsn", self.dsn),
            ("job", "file"): ("--job", self.job),
        }
        return {place: Setting(value, flag) for place, (flag, value) in places.items() if value}


def export(
    out: Path,
    names: Sequence[str],
    config_file: Path | None,
    given: Given,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write further formats and print where they are."""
    config = load_config(config_file, flags=given.settings())

    def warn(message: str) -> None:
        if not quiet:
            typer.echo(f"warning: {message}", err=True)

    if given.profile is not None and "profile" not in names:
        names = [*names, "profile"]
    for place in write_exports(out, names, config, warn, overwrite=overwrite):
        typer.echo(place)
